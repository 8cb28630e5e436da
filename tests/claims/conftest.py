"""Each network is built once for all checks: none of them changes an outline."""

import functools
import importlib
import pkgutil

import pytest

from cnnrepro import models
from cnnrepro.claims import checks


@pytest.fixture(scope="session", autouse=True)
def outlines_are_built_once():
    cached = functools.cache(models.outline)
    with pytest.MonkeyPatch.context() as patch:
        for info in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
            module = importlib.import_module(info.name)
            if hasattr(module, "outline"):
                patch.setattr(module, "outline", cached)
        yield
