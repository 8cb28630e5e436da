import pytest

from cnnrepro.models import MODELS
from cnnrepro.runs import RunSpec
from tests import tiny as network


@pytest.fixture(scope="package")
def tiny():
    """Makes the spec of a run of seconds; see ``tests.tiny``."""
    network.register()
    yield lambda **changes: RunSpec(**(network.TINY | changes))
    del MODELS[network.NAME]
