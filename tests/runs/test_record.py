"""What a record's file may hold: a field of another type makes it unreadable by one error, and harms nothing else."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.cli.runs import _row
from cnnrepro.runs import RunSpec
from cnnrepro.runs.diff import diff
from cnnrepro.runs.export import curves_table, runs_table
from cnnrepro.runs.record import DEEPEST, FIELDS, RunRecord, UnreadableRecord, file_text, read_record
from cnnrepro.runs.store import RECORD, RunStore
from cnnrepro.runs.verify import verify
from tests.calling import call

HUGE = 10**400
DEEP = json.loads("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))

# The way to a field, what it is given, and what is said of it.
ODD = [
    (("test",), None, "fields are missing: test"),
    (("test", "images"), 2.5, "test.images must be a whole number"),
    (("test", "accuracy"), "0.5", "test must be numbers"),
    (("spec", "dataset"), [], "spec.dataset must be a text"),
    (("spec", "learning_rate"), HUGE, "a number is too large"),
    (("spec", "learning_rate"), float("nan"), "spec.learning_rate must be a number"),
    (("spec", "momenta"), "0.9", "spec.momenta must be a list of numbers"),
    (("spec", "options"), {"a": {}}, "spec.options must be"),
    (("spec", "model"), "a\0.py:f", "needs the network's digest"),
    (("history", "loss"), HUGE, "a number is too large"),
    (("history", "loss"), ["1.0", 0.5], "history must be"),
    (("history", "loss"), [1.0], "all of one length"),
    (("files",), [], "files must be an object of texts"),
    (("started",), 5, "started must be a text"),
    (("wall_seconds",), None, "wall_seconds must be a number"),
    (("data", "sizes"), {"train": "3500"}, "data.sizes must be"),
    (("machine", "cores"), DEEP, f"more than {DEEPEST} levels"),
    (("machine", "\ud800"), 1, "a name that is no text"),
    (("format",), True, "Received: format True"),
    (("unverified",), False, "'unverified' is none that is written"),
]  # fmt: skip


def rewritten(values):
    """A record's file as a stranger may write it, with a checksum that fits."""
    return file_text({name: value for name, value in values.items() if name != "checksum"})


def changed(values, way, value):
    values = copy.deepcopy(values)
    inner = values
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = value
    return values


@pytest.mark.parametrize("way, value, reason", ODD, ids=[f"{'.'.join(way)!a}-{reason}" for way, _, reason in ODD])
def test_one_odd_record_is_named_and_the_rest_of_the_store_works(way, value, reason, capsys, put, store):
    whole, key = put(seed=1).key, put().key
    path = store.path(key) / RECORD
    path.write_bytes(rewritten(changed(json.loads(path.read_text()), way, value)))
    for words in (("--json",), ("list",)):
        status, out, err = call(capsys, "runs", *words)
        assert status == 0 and whole in out and key not in out
        assert key in err and reason in err and len(err) < 1000 and err.count("\n") == 1
    status, out, err = call(capsys, "runs", "verify", "--json")
    rows = {row["key"]: row for row in json.loads(out)}
    assert (status, rows[whole]["state"], rows[key]["state"]) == (1, "ok", "damaged")
    assert reason in rows[key]["found"][0]
    assert call(capsys, "runs", "prune")[0] == 0
    assert path.exists()


def test_the_table_knows_every_field(put, store):
    written = json.loads((store.path(put().key) / RECORD).read_text())
    outer = {name for name in RunRecord.__dataclass_fields__ if name != "unverified"}
    assert {way for way in FIELDS if "." not in way} == outer
    spec = {way.partition(".")[2] for way in FIELDS if way.startswith("spec.")}
    assert spec == set(RunSpec.__dataclass_fields__)
    assert written.keys() <= {*outer, "format", "checksum"}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([HUGE, -HUGE, 2**63, float("nan"), "NaN", "nets.py:own", "a.keras", "folder:x", "[CONV]*N -> FC"])
    | st.floats()
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


def ways(values, before=()):
    """The way to every field of a record, and to one that it has not."""
    yield (*before, "other")
    for name, value in values.items():
        yield (*before, name)
        if isinstance(value, dict):
            yield from ways(value, (*before, name))


@pytest.fixture(scope="module")
def real(request):
    """A record that is kept beside a page, as it lies on the disk, made one of the older format."""
    root = request.config.rootpath
    return json.loads(sorted(root.glob("reports/alexnet_vs_resnet/*/records/*/record.json"))[0].read_text())


@settings(max_examples=400)
@given(data=st.data())
def test_a_record_with_any_value_in_any_field_is_read_or_refused_by_the_one_error(data, real, tmp_path_factory):
    way = data.draw(st.sampled_from(sorted(ways(real))))
    value = data.draw(VALUES)
    store = RunStore(tmp_path_factory.getbasetemp() / "mutated")
    folder = store.path(real["key"])
    folder.mkdir(parents=True, exist_ok=True)
    missing = data.draw(st.booleans()) and way[-1] != "other"
    values = changed(real, way, value)
    if missing:
        inner = values
        for name in way[:-1]:
            inner = inner[name]
        del inner[way[-1]]
    (folder / RECORD).write_bytes(rewritten(values))
    try:
        record = read_record(folder / RECORD)
    except UnreadableRecord as error:
        assert str(error)
        return
    _row(record, active=False)
    diff(record, record)
    runs_table([record], store)
    curves_table([record])
    assert RunRecord.from_dict(json.loads(json.dumps(record.to_dict()))).key == record.key
    (row,) = verify(store)
    assert row.key == real["key"]
