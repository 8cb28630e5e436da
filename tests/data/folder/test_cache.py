"""The cached form: the same pixels however they are kept, made once, and made again when something changed."""

import errno
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cnnrepro.data.folder import cache as store
from cnnrepro.data.folder import survey
from cnnrepro.data.folder.cache import load_canvases
from cnnrepro.data.folder.decoding import OUT_OF_MEMORY
from cnnrepro.data.folder.find_pictures import find_pictures
from cnnrepro.errors import UsageError, WorkFailed

SIDE = 16


@pytest.fixture
def folder(tmp_path):
    """Two classes of five pictures of several sizes and kinds."""
    random = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for number in range(5):
            pixels = random.integers(0, 256, (20 + 5 * number, 40 - 3 * number, 3), np.uint8)
            suffix = "jpg" if number % 2 else "png"
            Image.fromarray(pixels).save(tmp_path / "pictures" / label / f"{number}.{suffix}")
    return tmp_path / "pictures"


def looked(monkeypatch):
    """How often each picture is decoded from here on."""
    seen = []
    real = survey._looker

    def spying(source, side):
        look = real(source, side)
        return lambda position: (seen.append(position), look(position))[1]

    monkeypatch.setattr(survey, "_looker", spying)
    return seen


def test_on_disk_in_memory_and_decoded_anew_are_the_same_pixels(folder, tmp_path):
    source = find_pictures(folder)
    made = {cache: load_canvases(source, SIDE, tmp_path / cache, cache)[1] for cache in ("disk", "memory", "none")}
    assert isinstance(made["memory"], np.ndarray)
    for pictures in made.values():
        assert pictures.shape == (10, SIDE, SIDE, 3)
        assert pictures.dtype == np.uint8
        np.testing.assert_array_equal(pictures[:], made["memory"])
        np.testing.assert_array_equal(pictures[np.array([7, 2, 2])], made["memory"][[7, 2, 2]])
        np.testing.assert_array_equal(pictures[3], made["memory"][3])
    order = np.array([4, 9, 0])
    streamed = [canvas.numpy() for canvas in made["none"].dataset(order)]
    np.testing.assert_array_equal(streamed, made["memory"][order])
    np.testing.assert_array_equal(made["disk"].at(order).at(np.array([2, 1]))[:], made["memory"][[0, 9]])


def test_it_is_made_once(folder, tmp_path, monkeypatch):
    seen = looked(monkeypatch)
    first = load_canvases(find_pictures(folder), SIDE, tmp_path / "kept")
    assert sorted(seen) == list(range(10))
    seen.clear()
    second = load_canvases(find_pictures(folder), SIDE, tmp_path / "kept")
    assert seen == []
    assert second[0] == first[0]
    np.testing.assert_array_equal(second[1][:], first[1][:])


def test_what_was_only_looked_at_is_kept_when_that_is_asked(folder, tmp_path, monkeypatch):
    load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "none")
    assert not list((tmp_path / "kept").rglob("*.npy"))
    seen = looked(monkeypatch)
    load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "none")
    assert seen == []
    load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "disk")
    assert len(seen) == 10
    assert len(list((tmp_path / "kept").rglob("*.npy"))) == 1


def change_a_pixel(folder, home):
    path = folder / "cat" / "0.png"
    pixels = np.array(Image.open(path))
    pixels[10, 10] ^= 255
    state = path.stat()
    Image.fromarray(pixels).save(path)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))


def remove_a_picture(folder, home):
    (folder / "dog" / "4.png").unlink()


def cut_the_pixels(folder, home):
    path = home / store.PIXELS
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(folder, home):
    path = home / store.PIXELS
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)


def spoil_the_manifest(folder, home):
    (home / store.MANIFEST).write_text("{")


def older_version(folder, home):
    told = json.loads((home / store.MANIFEST).read_text())
    (home / store.MANIFEST).write_text(json.dumps(told | {"version": 0}))


@pytest.mark.parametrize(
    "change", [change_a_pixel, remove_a_picture, cut_the_pixels, flip_a_bit, spoil_the_manifest, older_version]
)
def test_whatever_changed_it_is_made_again(folder, tmp_path, monkeypatch, change):
    _, _, home = load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "disk")
    change(folder, home)
    seen = looked(monkeypatch)
    source = find_pictures(folder)
    found, pictures, _ = load_canvases(source, SIDE, tmp_path / "kept", "disk")
    assert len(seen) == len(source)
    np.testing.assert_array_equal(pictures[:], load_canvases(source, SIDE, tmp_path / "other", "memory")[1])
    assert not found.bad


def exchange(first, second):
    """Exchange the contents of two files, whose sizes and times of change stay."""
    contents, states = [path.read_bytes() for path in (first, second)], [path.stat() for path in (first, second)]
    assert len(contents[0]) == len(contents[1]) and contents[0] != contents[1]
    for path, content, state in zip((first, second), reversed(contents), states, strict=True):
        path.write_bytes(content)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("cache", ["disk", "none"])
def test_contents_exchanged_at_equal_size_and_time_are_seen(tmp_path, cache):
    for label, value in (("cat", 0), ("dog", 200)):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (20, 20), (value + number, 50, 50)).save(tmp_path / "pictures" / label / f"{number}.bmp")
    source = find_pictures(tmp_path / "pictures")
    first = load_canvases(source, SIDE, tmp_path / "kept", cache)[0].sha256
    exchange(tmp_path / "pictures" / "cat" / "0.bmp", tmp_path / "pictures" / "dog" / "0.bmp")
    after = find_pictures(tmp_path / "pictures")
    assert after.digest == source.digest
    found, pictures, _ = load_canvases(after, SIDE, tmp_path / "kept", cache)
    assert found.sha256 == (first[2], first[1], first[0], first[3])
    assert [int(pictures[position][0, 0, 0]) for position in range(4)] == [200, 1, 0, 201]


def test_a_copy_of_the_files_is_compared_once_and_not_decoded(folder, tmp_path, monkeypatch):
    made = load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "disk")[0]
    shutil.copytree(folder, tmp_path / "copy")  # copies times, too
    seen, compared = looked(monkeypatch), []
    real = store._has_same_bytes
    monkeypatch.setattr(store, "_has_same_bytes", lambda *given: (compared.append(1), real(*given))[1])
    for _ in range(2):
        assert load_canvases(find_pictures(tmp_path / "copy"), SIDE, tmp_path / "kept", "disk")[0] == made
    assert (seen, compared) == ([], [1])


def append(path):
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize(
    "change, told", [(append, "has other bytes now"), (Path.unlink, "cannot be read any more .No such file")]
)
def test_a_picture_that_is_decoded_anew_is_the_one_that_was_looked_at(folder, tmp_path, change, told):
    pictures = load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "none")[1]
    change(folder / "cat" / "1.jpg")
    pictures[0]
    with pytest.raises(WorkFailed, match=f"The picture cat/1.jpg of .*pictures {told}.*as they are now"):
        pictures[1]
    with pytest.raises(Exception, match="The picture cat/1.jpg of"):
        list(pictures.dataset(np.arange(10)))
    assert {type(one) for one in pictures.failures} == {WorkFailed}


def cut(path):
    with path.open("r+b") as file:
        file.truncate(2000)


def change_a_row(path):
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


@pytest.mark.parametrize(
    "change, told", [(cut, "was cut short"), (change_a_row, "was changed"), (Path.unlink, "cannot be read any more")]
)
def test_pixels_that_change_while_they_are_in_use_are_told(folder, tmp_path, change, told):
    _, pictures, home = load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "disk")
    before = pictures[:]
    os.utime(home / store.PIXELS)  # which changes nothing
    np.testing.assert_array_equal(pictures[:], before)
    change(home / store.PIXELS)
    with pytest.raises(WorkFailed, match=f"pictures.npy' {told}.*makes it anew"):
        pictures[:]
    again = load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "disk")[1]
    np.testing.assert_array_equal(again[:], before)


def test_bad_pictures_are_named_with_the_reason_and_do_not_stop_the_others(folder, tmp_path):
    (folder / "cat" / "empty.jpg").touch()
    (folder / "dog" / "page.png").write_text("<!doctype html>")
    whole = (folder / "dog" / "1.jpg").read_bytes()
    (folder / "dog" / "torn.jpg").write_bytes(whole[: len(whole) // 2])
    source = find_pictures(folder)
    found, pictures, _ = load_canvases(source, SIDE, tmp_path / "kept", "disk")
    told = {source.names[position]: why for position, why in found.bad.items()}
    assert told["cat/empty.jpg"] == "is empty (0 bytes)"
    assert "is no picture of a kind that is read" in told["dog/page.png"]
    assert "truncated" in told["dog/torn.jpg"]
    assert len(told) == 3
    assert len(pictures) == 13
    assert all(pictures[position].std() > 5 for position in range(13) if position not in found.bad)


def test_a_file_that_disappears_or_cannot_be_opened_is_a_bad_picture(folder, tmp_path):
    source = find_pictures(folder)
    (folder / "dog" / "4.png").unlink()
    found, _, _ = load_canvases(source, SIDE, tmp_path / "kept", "memory")
    assert found.bad == {9: "cannot be opened (No such file or directory)"}


def test_a_file_that_became_a_pipe_holds_nobody_up(folder, tmp_path):
    source = find_pictures(folder)
    (folder / "dog" / "4.png").unlink()
    os.mkfifo(folder / "dog" / "4.png")
    found, _, _ = load_canvases(source, SIDE, tmp_path / "kept", "memory")
    assert found.bad == {9: "cannot be opened (it is no regular file)"}


def test_a_picture_without_memory_is_a_bad_one_until_there_is_some(folder, tmp_path):
    source = find_pictures(folder)

    def read(position):
        if position == 3:
            raise MemoryError
        return source.read(position)

    found, pictures, _ = load_canvases(replace(source, read=read), SIDE, tmp_path / "kept", "disk")
    assert found.bad == {3: OUT_OF_MEMORY} and len(pictures) == 10
    assert not load_canvases(source, SIDE, tmp_path / "kept", "disk")[0].bad


def test_two_at_a_time_make_it_once_and_both_have_it_whole(folder, tmp_path, monkeypatch):
    seen = looked(monkeypatch)
    with ThreadPoolExecutor(2) as threads:  # the lock is on the file, so threads meet it as processes do
        results = [
            threads.submit(load_canvases, find_pictures(folder), SIDE, tmp_path / "kept", "disk") for _ in range(2)
        ]
    first, second = (result.result()[1][:] for result in results)
    np.testing.assert_array_equal(first, second)
    assert sorted(seen) == list(range(10))
    assert len(list((tmp_path / "kept").rglob(store.PIXELS))) == 1


def test_what_a_killed_writer_left_is_swept(folder, tmp_path):
    source = find_pictures(folder)
    home = tmp_path / "kept" / f"{source.key}-{SIDE}"
    home.mkdir(parents=True)
    (home / ".pictures.tmp").write_bytes(b"half")
    load_canvases(source, SIDE, tmp_path / "kept", "disk")
    assert not list(home.glob(".*.tmp"))


@pytest.mark.parametrize("disk, memory, place", [(10**9, 8.0, "disk"), (100, 8.0, "memory"), (100, 1e-9, "none")])
def test_auto_takes_the_first_place_with_room(folder, tmp_path, monkeypatch, disk, memory, place):
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: SimpleNamespace(free=disk))
    monkeypatch.setattr(store.machine, "describe", lambda: SimpleNamespace(memory_gib=memory))
    _, pictures, home = load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "auto")
    kind = {"disk": "StoredPictures", "memory": "ndarray", "none": "StreamedPictures"}[place]
    assert type(pictures).__name__ == kind
    assert (home / store.PIXELS).exists() == (place == "disk")


@pytest.mark.parametrize("cache, where", [("disk", "the disk has 0.00 GB"), ("memory", "half of the memory has 0.00")])
def test_no_room_is_said_before_anything_is_written(folder, tmp_path, monkeypatch, cache, where):
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    monkeypatch.setattr(store.machine, "describe", lambda: SimpleNamespace(memory_gib=1e-9))
    told = f"The 10 pictures of .* take .* on a canvas of 16 pixels, and {where}.*--cache none"
    with pytest.raises(WorkFailed, match=told):
        load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", cache)
    assert not list((tmp_path / "kept").rglob("*.npy"))


def test_a_folder_that_cannot_be_written_is_one_sentence(folder, tmp_path):
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(WorkFailed, match="cannot be written to .*CNNREPRO_PICTURES"):
        load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "disk")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no text")
def test_a_file_name_need_not_be_text(folder, tmp_path):
    (folder / "cat" / "0.png").rename(folder / "cat" / os.fsdecode(b"\xff\xfe {x} \xc3\xa4.png"))
    source = find_pictures(folder)
    kept, streamed = (load_canvases(source, SIDE, tmp_path / cache, cache)[1] for cache in ("disk", "none"))
    decoded = [canvas.numpy() for canvas in streamed.dataset(np.arange(10))]
    np.testing.assert_array_equal(decoded, kept[:])


def test_a_disk_that_becomes_full_is_one_sentence(folder, tmp_path, monkeypatch):
    """A file that is mapped into memory would end the process instead, without a word."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.PixelWriter, "put", full)
    with pytest.raises(WorkFailed, match="cannot be written to .*No space left on device. Make room"):
        load_canvases(find_pictures(folder), SIDE, tmp_path / "kept", "disk")
    assert not [path for path in (tmp_path / "kept").rglob("*") if path.is_file() and path.name != ".lock"]


def test_an_unknown_cache_lists_the_known(folder, tmp_path):
    with pytest.raises(UsageError, match="Unknown cache 'ram'; known are: auto, disk, memory, none"):
        load_canvases(find_pictures(folder), SIDE, tmp_path, "ram")
