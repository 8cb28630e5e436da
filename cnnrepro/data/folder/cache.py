"""The cached form: the canvas of every photograph in one file of pixels, ready for the next epoch and the next run.

``<pictures>/<key>-<side>/`` holds ``pictures.npy``, (N, S, S, 3) uint8 with a row for every picture of the source, and
``manifest.json``: version, checksums, and what cannot be read. The key follows from names, labels, sizes and times of
the files, so a source that changes has another; the manifest is written last, so what has none is not whole. Where a
file may have been changed all the same (``Source.state``: another inode, another time of any change), the bytes of all
are compared with their checksums (SHA-256) before the form is used. A lock sees to it that two processes make a form
once. The pixels are read once and compared with their checksums (CRC-32) before a session uses them: some 0.8 GB/s a
core, which the next epoch then finds in memory where they fit; from then on they are read from the file as they are
asked for, and never others (``pixel_file``). 256 x 256 pixels take 196,608 bytes: ImageNet's 1,331,167 pictures 262 GB.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cnnrepro import machine
from cnnrepro.data.folder.canvas import VERSION
from cnnrepro.data.folder.decoding import OUT_OF_MEMORY
from cnnrepro.data.folder.lazy_pictures import StoredPictures, StreamedPictures
from cnnrepro.data.folder.pixel_file import PixelFile, PixelWriter
from cnnrepro.data.folder.source import Source
from cnnrepro.data.folder.survey import Survey, in_threads, look_at_all
from cnnrepro.errors import WorkFailed, unknown
from cnnrepro.files import write_whole
from cnnrepro.waiting import held_lock

CACHES = ("auto", "disk", "memory", "none")

MANIFEST, PIXELS = "manifest.json", "pictures.npy"

LONGEST_WAIT = 6 * 3600.0  # seconds; a million photographs are looked at in less than an hour, on a slow disk in some
_HEADROOM = 1.05  # of the disk: room for what else is written in the meantime
_MEMORY_SHARE = 0.5  # of the machine's memory; the network wants some too


def load_canvases(
    source: Source, side: int, folder: Path, cache: str = "auto"
) -> tuple[Survey, np.ndarray | StoredPictures | StreamedPictures, Path]:
    """All pictures of a source on their canvas, and what is known of them.

    Args:
        source: the pictures.
        side: of the canvas, in pixels.
        folder: of the cached forms.
        cache: "disk", "memory", "none", or "auto": on the disk where there is room, else in memory where there is room,
            else decoded in every epoch.

    Returns:
        What a look at each gave; the canvases, a row for every picture of the source, the bad ones included; and the
        folder of this form.

    Raises:
        UsageError: an unknown ``cache``.
        WorkFailed: no room for what was asked, or the folder cannot be written.
    """
    if cache not in CACHES:
        raise unknown("cache", cache, CACHES)
    home = folder / f"{source.key}-{side}"
    survey, pixels = _read(home, source, side)
    if survey is None or (pixels is None and cache != "none"):
        survey, pixels = _make(source, side, home, cache)
        if isinstance(pixels, np.ndarray):
            return survey, pixels, home
    everything = np.arange(len(source))
    if pixels is not None and cache != "none":
        stored = StoredPictures(pixels, everything)
        return survey, stored[:] if cache == "memory" else stored, home
    return survey, StreamedPictures(source, side, np.array(survey.plain), survey.sha256, everything), home


def _make(source: Source, side: int, home: Path, cache: str) -> tuple[Survey, np.ndarray | PixelFile | None]:
    """Look at every picture and keep the canvases where there is room, which is in memory, in a file, or nowhere."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with held_lock(home / ".lock", f"looks at {source.title}", limit=LONGEST_WAIT):
            survey, pixels = _read(home, source, side)
            if survey is not None and (pixels is not None or cache == "none"):
                return survey, pixels  # another process was first
            place = _place(source, side, home, cache)
            if place == "none" and survey is not None:
                return survey, None
            return _look_and_keep(source, side, home, place)
    except OSError as error:
        raise WorkFailed(
            f"The cached form of {source.title} cannot be written to {str(home)!r}: {error.strerror or error}. Make "
            f"room, or name another folder with CNNREPRO_PICTURES, or take --cache none."
        ) from error


def _look_and_keep(source: Source, side: int, home: Path, place: str) -> tuple[Survey, np.ndarray | PixelFile | None]:
    shape = (len(source), side, side, 3)
    canvases = np.zeros(shape, np.uint8) if place == "memory" else None
    sums = [0] * len(source)  # of the canvases; of a picture that cannot be read it is not asked
    temporary = home / ".pictures.tmp"  # a killed process may have left one; under the lock it is nobody's
    try:
        if place == "disk":
            with temporary.open("wb") as file:
                writer = PixelWriter(file, shape)

                def keep(position: int, pixels: np.ndarray) -> None:
                    writer.put(position, pixels)
                    sums[position] = zlib.crc32(pixels)

                survey = look_at_all(source, side, keep)
                writer.finish()
            temporary.replace(home / PIXELS)
        else:
            survey = look_at_all(source, side, None if canvases is None else canvases.__setitem__)
    finally:
        temporary.unlink(missing_ok=True)
    kept = PixelFile.of(home / PIXELS, shape, sums) if place == "disk" else canvases
    if OUT_OF_MEMORY in survey.bad.values():  # another time there may be room
        return survey, kept
    manifest = {
        "version": VERSION,
        "source": source.digest,
        "state": source.state,
        "side": side,
        "names": source.names,
        "sha256": survey.sha256,
        "crc32": sums if place == "disk" else None,
        "plain": [int(is_plain) for is_plain in survey.plain],
        "bad": {str(position): why for position, why in survey.bad.items()},
        "remarks": {str(position): line for position, line in survey.remarks.items()},
        "noted": survey.noted,
    }
    _write_manifest(home, manifest)
    return survey, kept


def _write_manifest(home: Path, manifest: Mapping[str, object]) -> None:
    write_whole(home / MANIFEST, lambda file: file.write(json.dumps(manifest).encode()))


def _read(home: Path, source: Source, side: int) -> tuple[Survey | None, PixelFile | None]:
    """What a manifest says, and the pixels beside it where they are whole; None where there are none that fit."""
    try:
        manifest = json.loads((home / MANIFEST).read_bytes())
        if (manifest["version"], manifest["source"], manifest["side"]) != (VERSION, source.digest, side):
            return None, None
        bad = {int(position): why for position, why in manifest["bad"].items()}
        remarks = {int(position): line for position, line in manifest.get("remarks", {}).items()}
        plain = tuple(bool(flag) for flag in manifest["plain"])
        survey = Survey(tuple(manifest["sha256"]), plain, bad, remarks, manifest.get("noted", {}))
    except (OSError, ValueError, KeyError, TypeError):  # absent, or not ours: it is made again
        return None, None
    if manifest.get("state") != source.state:
        if not _has_same_bytes(source, survey):
            return None, None
        with contextlib.suppress(OSError):  # a folder for reading only: looked at anew the next time
            _write_manifest(home, manifest | {"state": source.state})
    sums = manifest.get("crc32")
    return survey, _whole_pixels(home / PIXELS, (len(source), side, side, 3), sums, bad) if sums else None


def _has_same_bytes(source: Source, survey: Survey) -> bool:
    """Whether all files are those that were looked at."""

    def is_same(position: int) -> bool:
        try:
            return hashlib.sha256(source.read(position)).hexdigest() == survey.sha256[position]
        except OSError:
            return not survey.sha256[position]  # it could not be opened then, either

    return all(in_threads(is_same, len(source)))


def _whole_pixels(path: Path, shape: tuple[int, ...], sums: Sequence[int], bad: Mapping[int, str]) -> PixelFile | None:
    """The pixels in a file, compared with their checksums; None where they are not what was written."""
    file = PixelFile.of(path, shape, sums)
    if file and all(in_threads(lambda position: position in bad or file.fits([position]), len(sums))):
        return file
    return None


def _place(source: Source, side: int, home: Path, cache: str) -> str:
    """Where the canvases go, after a look at the room there is."""
    needed = len(source) * side * side * 3
    disk, memory = shutil.disk_usage(home).free, machine.describe().memory_gib * 2**30 * _MEMORY_SHARE
    on_disk, in_memory = needed * _HEADROOM <= disk, needed <= memory
    if cache == "auto":
        return "disk" if on_disk else "memory" if in_memory else "none"
    places = {"disk": (on_disk, disk, "the disk"), "memory": (in_memory, memory, "half of the memory")}
    fits, free, where = places.get(cache, (True, 0, ""))
    if not fits:
        raise WorkFailed(
            f"The {len(source):,} pictures of {source.title} take {needed / 1e9:,.2f} GB on a canvas of {side} "
            f"pixels, and {where} has {free / 1e9:,.2f} GB for them. Make room, or take --cache none or a smaller "
            "--canvas."
        )
    return cache
