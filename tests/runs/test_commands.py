"""``cnnrepro runs``: the list, ``show``, ``rm`` and the help."""

import json

from cnnrepro.runs.store import RECORD
from tests.calling import call
from tests.runs.conftest import make_old


def test_several_runs_are_removed_once_all_are_known(capsys, put, store):
    keys = [put(seed=seed).key for seed in range(3)]
    status, out, err = call(capsys, "runs", "rm", keys[0], "ffff", keys[1])
    assert (status, out) == (2, "") and "ffff" in err
    assert len(store.keys()) == 3
    with store.claim(keys[1]):
        status, out, err = call(capsys, "runs", "rm", keys[0], keys[1])
        assert (status, out) == (2, "") and "is being trained now" in err
        assert len(store.keys()) == 3
    assert call(capsys, "runs", "rm", keys[0], keys[1][:8], keys[1])[1].count("Removed") == 2
    assert store.keys() == [keys[2]]


def test_the_listing_names_what_cannot_be_read_and_lists_the_rest(capsys, put, store):
    whole, torn = put(), put(seed=1)
    (store.path(torn.key) / RECORD).write_bytes(b"\x00")
    status, out, err = call(capsys, "runs")
    assert status == 0 and whole.key in out and torn.key not in out
    assert str(store.path(torn.key)) in err
    status, out, err = call(capsys, "runs", "show", torn.key)
    assert (status, out) == (1, "") and "cannot be read" in err


def test_the_listing_tells_what_no_checksum_vouches_for(capsys, put, store):
    old, new = put(), put(seed=1)
    make_old(store, old.key)
    lines = call(capsys, "runs")[1].splitlines()
    assert "done, unverified" in next(line for line in lines if old.key in line)
    assert "unverified" not in next(line for line in lines if new.key in line)
    told = {row["key"]: row.get("unverified") for row in json.loads(call(capsys, "runs", "--json")[1])}
    assert told == {old.key: True, new.key: None}


def test_the_help_names_all_that_can_be_done(capsys):
    out = call(capsys, "runs", "--help")[1]
    assert all(f"\n  {name} " in out for name in ("show", "diff", "export", "verify", "prune", "rm"))
    out = " ".join(call(capsys, "runs", "export", "--help")[1].split())
    assert "precision_asked" in out and "data_fingerprint" in out and "apostrophe" in out
