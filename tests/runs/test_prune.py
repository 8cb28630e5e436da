"""``cnnrepro runs prune``."""

import json
import os
import subprocess
import sys
import time

from cnnrepro.files import folder_beside
from cnnrepro.runs import checkpoint
from cnnrepro.runs.store import DAMAGED, RECORD
from tests.calling import call
from tests.runs.conftest import save_checkpoint
from tests.runs.test_verify import newer


def test_prune_removes_what_nobody_needs_and_nothing_else(capsys, put, store):
    done, left = put().key, put(seed=1, status="running").key
    gone = [save_checkpoint(store, done), save_checkpoint(store, done, checkpoint.PREVIOUS)]
    gone += [store.path(left) / checkpoint.DAMAGED, store.path(left) / DAMAGED, store.path(left) / ".x.json.1234.tmp"]
    for path in gone[2:]:
        path.write_text("left")
    for name in (f".again-{done}-abcdef-12345678", f"{left}/.weights-abcdef-12345678"):
        (store.folder / name).mkdir()
        (store.folder / name / "weights.keras").write_bytes(b"12345")
        gone.append(store.folder / name)
    kept = [save_checkpoint(store, left), store.path(done) / RECORD, store.path(done) / "predictions.parquet"]
    size = sum(file.stat().st_size for path in gone for file in (path.rglob("*") if path.is_dir() else [path]))
    before = sorted(store.folder.rglob("*"))
    told = json.loads(call(capsys, "runs", "prune", "--dry-run", "--json")[1])
    assert sorted(store.folder.rglob("*")) == before
    assert {one["path"] for one in told["found"]} == set(map(str, gone)) and told["bytes"] == size
    assert f"Would remove 7 files or folders, {size:,} bytes." in call(capsys, "runs", "prune", "--dry-run")[1]
    status, out, err = call(capsys, "runs", "prune")
    assert (status, err) == (0, "") and f"Removed 7 files or folders, {size:,} bytes." in out
    assert not any(path.exists() for path in gone) and all(path.exists() for path in kept)
    assert "Removed 0 files" in call(capsys, "runs", "prune")[1]
    assert json.loads(call(capsys, "runs", "verify", "--json")[1])[0]["state"] in ("ok", "unfinished")


def test_checkpoints_that_are_needed_go_only_where_asked(capsys, put, store):
    paths = [
        save_checkpoint(store, put(status="running").key),
        save_checkpoint(store, put(seed=1, status="failed", failure={"kind": "error", "reason": "x"}).key),
        save_checkpoint(store, put(seed=2).key),
        save_checkpoint(store, put(seed=3).key),
    ]
    (paths[2].parent / RECORD).write_text("{")  # will be trained again from its checkpoint
    newer(store, paths[3].parent.name)  # belongs to another version
    call(capsys, "runs", "prune")
    assert all(path.exists() for path in paths)
    call(capsys, "runs", "prune", "--unfinished")
    assert [path.exists() for path in paths] == [False, False, False, True]


def test_weights_go_where_asked_and_the_record_stays_whole(capsys, put, store):
    key = put().key
    (store.path(key) / "weights.keras").write_bytes(b"weights")
    store.put(store.get(key))
    assert "weights.keras" in store.get(key).files
    call(capsys, "runs", "prune")
    assert (store.path(key) / "weights.keras").exists()
    call(capsys, "runs", "prune", "--weights")
    assert not (store.path(key) / "weights.keras").exists()
    assert json.loads(call(capsys, "runs", "verify", "--json")[1])[0]["state"] == "ok"
    assert len(store.predictions(key)) == 2


def test_only_what_is_old_goes(capsys, put, store):
    old, new = (save_checkpoint(store, put(seed=seed).key) for seed in range(2))
    long_ago = time.time() - 3 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    call(capsys, "runs", "prune", "--older-than", "2", "--dry-run")
    call(capsys, "runs", "prune", "--older-than", "2")
    assert (old.exists(), new.exists()) == (False, True)
    status, _, err = call(capsys, "runs", "prune", "--older-than", "-1")
    assert status == 2 and "--older-than" in err


HOLDING = """
import sys, time
from pathlib import Path
from cnnrepro.files import folder_beside
from cnnrepro.runs import RunStore
store = RunStore(Path(sys.argv[1]))
with store.claim(sys.argv[2]), folder_beside(store.folder, f".again-{sys.argv[2]}-") as folder:
    (folder / "weights.keras").write_bytes(b"in the making")
    print(folder, flush=True)
    time.sleep(600)
"""


def test_nothing_of_a_living_process_is_touched_and_all_of_a_killed_one_goes(capsys, put, store):
    key = put().key
    saved = save_checkpoint(store, key)
    arguments = [sys.executable, "-c", HOLDING, str(store.folder), key]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as holder:
        try:
            made = store.folder / holder.stdout.readline().strip()
            for option in ("--dry-run", "--unfinished"):
                out = call(capsys, "runs", "prune", option)[1]
                assert f"Left alone, as a living process trains it: {key}." in out and "remove" in out.lower()
            assert saved.exists() and (made / "weights.keras").exists()
        finally:
            holder.kill()
    call(capsys, "runs", "prune")
    assert not saved.exists() and not made.exists()
    assert not list(store.folder.glob(".again-*"))


def test_a_link_is_not_followed(capsys, put, store, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("x")
    key = put().key
    (store.folder / f".again-{key}-abcdef-12345678").symlink_to(tmp_path / "mine")
    (store.path(key) / ".weights-abcdef-1").symlink_to(tmp_path / "mine")
    call(capsys, "runs", "prune", "--unfinished", "--weights")
    assert (tmp_path / "mine" / "precious.txt").exists()


def test_a_temporary_folder_whose_maker_lives_is_kept_without_a_claim(capsys, put, store):
    key = put().key
    with folder_beside(store.folder, f".again-{key}-") as made:
        assert "Would remove 0 files" in call(capsys, "runs", "prune", "--dry-run")[1]
        assert "Removed 0 files" in call(capsys, "runs", "prune")[1]
        assert made.is_dir()
