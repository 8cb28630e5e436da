"""Which pages a call asks for, and in which folders they go."""

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.errors import UsageError
from cnnrepro.experiments.papermill_form import declared_by
from cnnrepro.experiments.parameters import identity, parse_cell
from cnnrepro.runner.batch_options import parse_memory
from cnnrepro.runner.request import page_requests, slug

DECLARED = parse_cell('a: str = "0"\nb: str = "0"\nseeds: list = [0, 1]\nn: int = 5', "here")
DEFAULTS = {name: parameter.default for name, parameter in DECLARED.items()}


@pytest.mark.parametrize(
    "changes, name",
    [
        ({}, "default"),
        ({"n": 3}, "n-3"),
        ({"a": "mnist_5k", "seeds": [0, 1, 2]}, "a-mnist_5k_seeds-0..2"),
    ],
)
def test_a_folder_is_named_by_what_differs(changes, name):
    assert slug(DECLARED, DEFAULTS | changes) == name


@given(st.lists(st.tuples(st.text(max_size=120), st.text(max_size=120)), min_size=2, max_size=2, unique=True))
def test_two_sets_of_parameters_never_share_a_folder(pairs):
    slugs = {slug(DECLARED, DEFAULTS | {"a": a, "b": b}) for a, b in pairs}
    assert len(slugs) == 2
    assert all(len(text) < 110 and "/" not in text and not text.startswith(".") for text in slugs)


def test_a_text_that_looks_like_another_parameter():
    assert slug(DECLARED, DEFAULTS | {"a": "1_b-2"}) != slug(DECLARED, DEFAULTS | {"a": "1", "b": "2"})


def test_the_way_to_a_folder_is_in_no_name():
    names = [slug(DECLARED, DEFAULTS | {"a": f"folder:/home/{person}/pets"}) for person in ("her", "him")]
    assert all(
        name.startswith("a-folder-pets-") and not {"home", "her", "him"} & set(name.split("-")) for name in names
    )
    assert len(set(names)) == 2
    assert slug(DECLARED, DEFAULTS | {"a": "/srv/x.csv"}).startswith("a-x.csv-")


NESTED = parse_cell("sizes: list = [[28, 28]]\nnames: list = ['a']\nrate: float = 0.5", "here") | declared_by(
    "seed = None\noptions = {}"
)


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(alphabet="aN1.,[\"' -", max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="a1", max_size=2), inner, max_size=2)
            ),
            max_leaves=5,
        ),
        min_size=2,
        max_size=4,
        unique_by=identity,
    )
)
def test_values_that_differ_in_type_nesting_or_commas_never_share_a_folder(values):
    defaults = {name: parameter.default for name, parameter in NESTED.items()}
    assert len({slug(NESTED, defaults | {"seed": value}) for value in values}) == len(values)


def test_the_pages_of_values_that_look_alike(tmp_path):
    cell = "names: list = ['a', 'b']\nsizes: list = [[1, 1]]\nseed = None\nrate = 0.1"
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, metadata={"tags": ["parameters"]})]),
        tmp_path / "mine.ipynb",
    )
    (tmp_path / "batch.yaml").write_text(
        "experiments:\n"
        "  - {run: mine.ipynb, parameters: {names: [['a,b'], [a, b, '']]}}\n"
        "  - {run: mine.ipynb, parameters: {sizes: [[[28, 28], [64, 64]], [[28], [28, 64, 64]]]}}\n"
        "  - {run: mine.ipynb, parameters: {seed: 1}}\n  - {run: mine.ipynb, parameters: {seed: 1.0}}\n"
        "  - {run: mine.ipynb, parameters: {seed: '1'}}\n  - {run: mine.ipynb, parameters: {seed: true}}\n"
        "  - {run: mine.ipynb, parameters: {rate: .nan}}\n  - {run: mine.ipynb, parameters: {rate: .nan}}\n"
    )
    requests = page_requests([str(tmp_path / "batch.yaml")], {})
    assert len(requests) == len({request.slug for request in requests}) == 9
    assert [request.slug for request in requests][4:6] == ["seed-1", "seed-1.0"]
    assert [dict(request.injected) for request in requests][:3] == [
        {"names": ["a,b"]},
        {"names": ["a", "b", ""]},
        {"sizes": [[28, 28], [64, 64]]},
    ]
    sizes = page_requests([str(tmp_path / "mine.ipynb")], {"sizes": "[[28,28],[64,64]]"})
    assert [request.parameters["sizes"] for request in sizes] == [[[28, 28], [64, 64]]]


def test_only_what_is_no_default_is_injected_into_a_notebook_of_one_s_own(tmp_path):
    def write(*cells):
        made = [nbformat.v4.new_code_cell(source, metadata={"tags": [tag]}) for tag, source in cells]
        nbformat.write(nbformat.v4.new_notebook(cells=made), tmp_path / "mine.ipynb")

    def asked(**values):
        request = page_requests([str(tmp_path / "mine.ipynb")], values)[0]
        return request.slug, dict(request.injected)

    write(("parameters", "a = 1\nsize = (2, 2)\nhome = os.getcwd()"))
    assert asked() == ("default", {})
    assert asked(a="1") == ("default", {})
    assert asked(size="3,3") == ("size-3,3", {"size": [3, 3]})
    assert asked(home="x") == ("home-x", {"home": "x"})
    # papermill puts what is given in place of what an earlier run of it injected
    write(("parameters", "a = 1\nb = 1"), ("injected-parameters", "# Parameters\na = 2\n"))
    assert asked() == ("a-2", {"a": 2})
    assert asked(b="3") == ("b-3", {"a": 1, "b": 3})
    with pytest.raises(UsageError, match="Unknown parameter of .*mine.ipynb 'aa'.* Did you mean 'a'"):
        asked(aa="1")


@pytest.mark.parametrize(
    "markdown, title",
    [
        ("# A *first* [heading](x) of `code`\n\n# Another", "A first heading of code"),
        ("```\n# a comment\n```\ntext\n## The second level #", "The second level"),
        ("Underlined\n=====\ntext", "Underlined"),
        ("<h1 align='center'>In <b>HTML</b></h1>", "In HTML"),
        ("# The size $x^2$", "The size x^2"),
        ("#without a space", "without a space"),
        ("text", "My notebook"),
    ],
)
def test_the_title_of_a_notebook_is_its_first_heading(tmp_path, markdown, title):
    cells = [nbformat.v4.new_code_cell("# a comment"), nbformat.v4.new_markdown_cell(markdown)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "my_notebook.ipynb")
    assert page_requests([str(tmp_path / "my_notebook.ipynb")], {})[0].title == title


def test_a_value_for_a_notebook_without_parameters_says_how_to_tag_them(tmp_path):
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a = 1")]), tmp_path / "mine.ipynb")
    assert page_requests([str(tmp_path / "mine.ipynb")], {})[0].slug == "default"
    with pytest.raises(UsageError, match="takes no parameters, so 'a' cannot be given.*Tag the cell that sets 'a'"):
        page_requests([str(tmp_path / "mine.ipynb")], {"a": "2"})


def test_a_page_is_made_once_and_two_notebooks_never_share_one(tmp_path, monkeypatch):
    cell = nbformat.v4.new_code_cell("seed: int = 0", metadata={"tags": ["parameters"]})
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / name / "mine.ipynb")
    monkeypatch.chdir(tmp_path)
    assert len(page_requests(["a/mine.ipynb", "./a/mine.ipynb", str(tmp_path / "a" / "mine.ipynb")], {})) == 1
    with pytest.raises(UsageError, match="would go to one folder, 'mine'; rename one of the notebooks"):
        page_requests(["a/mine.ipynb", "b/mine.ipynb"], {})


@pytest.mark.parametrize(
    "given, claims",
    [
        ({}, (30,)),
        ({"dataset": "mnist", "seeds": "0..4"}, (30,)),
        ({"dataset": "fashion_mnist"}, ()),
        ({"dataset": "folder:pets"}, ()),
        ({"epochs": "1"}, ()),
        ({"train_images": "256"}, ()),
    ],
)
def test_a_page_promises_a_verdict_where_its_runs_are_about_the_statement(given, claims):
    (request,) = page_requests(["alexnet_vs_resnet"], given)
    assert request.claims == claims


def test_a_page_without_runs_promises_all_its_verdicts():
    (request,) = page_requests(["pooling"], {})
    assert request.claims == request.experiment.claims != ()


@pytest.mark.parametrize(
    "text, size",
    [(None, None), ("4GiB", 4 * 2**30), ("500 MB", 500_000_000), ("1.5gb", 1_500_000_000), ("2TiB", 2**41)],
)
def test_sizes_of_memory(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["", "4", "GiB", "-1GiB", "0MB", "4 gigabytes"])
def test_what_is_no_size(text):
    with pytest.raises(UsageError, match="--memory must be a size such as 4GiB"):
        parse_memory(text)
