import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from cnnrepro.files import folder_beside, json_text, read_regular, remove_leftovers, write_text, write_whole


def test_a_file_appears_whole(tmp_path):
    write_text(tmp_path / "a.txt", "é")
    assert (tmp_path / "a.txt").read_bytes() == "é".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "old")

    def fail(file):
        file.write(b"ne")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "a.txt", fail)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_is_on_the_disk_before_it_is_moved_and_its_name_after(tmp_path, monkeypatch):
    told, fsync, replace = [], os.fsync, Path.replace

    def note_fsync(opened):
        told.append(str(Path(f"/proc/self/fd/{opened}").readlink()))
        fsync(opened)

    def note_replace(path, target):
        told.append("moved")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    write_text(tmp_path / "a.txt", "new")
    temporary, *later = told
    assert temporary.startswith(str(tmp_path / ".a.txt.")), temporary
    assert later == ["moved", str(tmp_path), str(tmp_path.parent)]


def test_a_regular_file_is_read_and_nothing_else(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "file", 3) == read_regular(tmp_path / "link", 3) == b"abc"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name, reason in (("pipe", "no regular file"), ("endless", "no regular file"), (".", "no regular file")):
        with pytest.raises(OSError, match=reason):
            read_regular(tmp_path / name, 3)
    with pytest.raises(OSError, match="it has 3 bytes; at most 2 are read"):
        read_regular(tmp_path / "file", 2)


def test_numbers_that_json_has_no_word_for_are_texts():
    @dataclass
    class Point:
        x: float

    value = {"a": [math.nan, math.inf, -math.inf, 1.5], "b": Point(math.nan), "c": "NaN"}
    text = json_text(value, default=asdict)
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": ["NaN", "Infinity", "-Infinity", 1.5],
        "b": {"x": "NaN"},
        "c": "NaN",
    }
    assert json_text({"a": 0.1, "é": [1]}, indent=1) == json.dumps({"a": 0.1, "é": [1]}, indent=1)


def test_many_make_temporary_folders_beside_each_other_at_once(tmp_path):
    """Each looks for what killed ones left, while the others remove theirs."""

    def make(number):
        for _ in range(50):
            with folder_beside(tmp_path, ".made-") as folder:
                (folder / "file").touch()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make, range(8)))
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_writer_are_removed(tmp_path):
    (tmp_path / ".record.json.1234abcd.tmp").write_text("half")
    (tmp_path / "record.json").write_text("whole")
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]
