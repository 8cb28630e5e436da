"""The reference has every public name, as Python itself has it."""

import importlib
import inspect
import subprocess
import sys

import pytest

import cnnrepro
from cnnrepro.report.site_pages import documentation, public_names, reference
from tests.elements import Elements


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    (site / "checkout" / "docs").mkdir(parents=True)
    (site / "checkout" / "README.md").write_text("# Home\n")
    documentation.write(site, site / "checkout")
    return site / "docs" / reference.FILE


@pytest.fixture(scope="module")
def names():
    return {one.name: one for one in reference.placed(public_names.rooms())}


def there(name):
    """What a public name is in this process."""
    parts = name.split(".")
    found = cnnrepro
    for place, part in enumerate(parts[1:], 2):
        found = getattr(found, part, None) or importlib.import_module(".".join(parts[:place]))
    return found


def test_every_public_name_is_there_with_its_place(page, names):
    text = page.read_text(encoding="utf-8")
    ids = [attributes["id"] for _, attributes in Elements(text).found if "id" in attributes]
    assert len(ids) == len(set(ids))
    rooms = [name for name in cnnrepro.__all__ if inspect.ismodule(getattr(cnnrepro, name))]
    public = [f"cnnrepro.{name}" for name in cnnrepro.__all__]
    public += [
        f"cnnrepro.{room}.{name}" for room in rooms for name in getattr(there(f"cnnrepro.{room}"), "__all__", ())
    ]
    assert len(public) > 130
    assert [name for name in public if name not in ids] == []
    assert names.keys() <= set(ids)
    assert len(text.encode()) < 2 * 2**20


def test_its_links_lead_to_its_places(page):
    made = Elements(page.read_text(encoding="utf-8"))
    ids = {attributes["id"] for _, attributes in made.found if "id" in attributes}
    assert [link["href"] for link in made.of("a") if link["href"].startswith("#") and link["href"][1:] not in ids] == []


def test_what_is_said_is_said_of_what_python_has(names):
    """Docstrings, and the parameters of signatures; those that a class has of its base or of Keras are not written."""
    for name, one in names.items():
        found = inspect.getattr_static(there(name.rpartition(".")[0]), name.rpartition(".")[2], None)
        found = there(name) if found is None or one.kind != public_names.PROPERTY else found
        if one.kind != public_names.VALUE:
            assert one.doc == (inspect.getdoc(found) or ""), name
            assert one.doc, f"{name} has no docstring"
        else:
            assert one.doc, f"{name} has no text below it"
        if one.kind in (public_names.FUNCTION, public_names.CLASS) and "(" in one.signature:
            of_base = one.kind == public_names.CLASS and "__init__" not in vars(found) and "__new__" not in vars(found)
            if not of_base:
                given = [each for each in inspect.signature(found).parameters if each != "self"]
                shown = one.signature.partition("(")[2]
                assert all(parameter in shown for parameter in given), (name, given, shown)


def test_drawing_it_loads_neither_tensorflow_nor_keras():
    code = (
        "import sys; from cnnrepro.report.site_pages import reference; reference.shown()\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
