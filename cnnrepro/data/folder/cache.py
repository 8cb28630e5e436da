"""The cached form: the canvas of every photograph in one file of pixels, ready for the next epoch and the next run.

``<pictures>/<key>-<side>/`` holds ``pictures.npy``, (N, S, S, 3) uint8 with a row for every picture of the source, and
``manifest.json``: version, checksums, and what cannot be read. The key follows from names, labels, sizes and times of
the files, so a source that changes has another; the manifest is written last, so what has none is not whole. A lock
sees to it that two processes make a form once. The pixels are read once and compared with their checksums (CRC-32)
before a session uses them: some 0.8 GB/s a core, which the next epoch then finds in memory where they fit. 256 x 256
pixels take 196,608 bytes: ImageNet's 1,331,167 pictures 262 GB.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cnnrepro import machine
from cnnrepro.data.folder.canvas import VERSION
from cnnrepro.data.folder.decoding import OUT_OF_MEMORY
from cnnrepro.data.folder.lazy_pictures import StoredPictures, StreamedPictures
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
    survey, on_disk = _read(home, source, side)
    if survey is None or (not on_disk and cache != "none"):
        survey, canvases = _make(source, side, home, cache)
        if canvases is not None:
            return survey, canvases, home
        on_disk = (home / PIXELS).is_file()
    everything = np.arange(len(source))
    if on_disk and cache != "none":
        stored = StoredPictures(home / PIXELS, everything)
        return survey, stored[:] if cache == "memory" else stored, home
    return survey, StreamedPictures(source, side, np.array(survey.plain), everything), home


def _make(source: Source, side: int, home: Path, cache: str) -> tuple[Survey, np.ndarray | None]:
    """Look at every picture and keep the canvases where there is room; returns them where that is in memory."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with held_lock(home / ".lock", f"looks at {source.title}", limit=LONGEST_WAIT):
            survey, on_disk = _read(home, source, side)
            if survey is not None and (on_disk or cache == "none"):
                return survey, None  # another process was first
            place = _place(source, side, home, cache)
            if place == "none" and survey is not None:
                return survey, None
            return _look_and_keep(source, side, home, place)
    except OSError as error:
        raise WorkFailed(
            f"The cached form of {source.title} cannot be written to {str(home)!r}: {error.strerror or error}. Make "
            f"room, or name another folder with CNNREPRO_PICTURES, or take --cache none."
        ) from error


def _look_and_keep(source: Source, side: int, home: Path, place: str) -> tuple[Survey, np.ndarray | None]:
    shape = (len(source), side, side, 3)
    canvases: np.ndarray | None = None
    sums = [0] * len(source)  # of the canvases; of a picture that cannot be read it is not asked
    temporary = home / ".pictures.tmp"  # a killed process may have left one; under the lock it is nobody's
    if place == "memory":
        canvases = np.zeros(shape, np.uint8)
    elif place == "disk":
        canvases = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)

    def keep(position: int, pixels: np.ndarray) -> None:
        canvases[position] = pixels
        sums[position] = zlib.crc32(pixels)

    try:
        survey = look_at_all(source, side, None if canvases is None else keep)
        if place == "disk":
            canvases.flush()
            canvases = None
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(home / PIXELS)
    finally:
        temporary.unlink(missing_ok=True)
    if OUT_OF_MEMORY in survey.bad.values():  # another time there may be room
        return survey, canvases
    manifest = {
        "version": VERSION,
        "source": source.digest,
        "side": side,
        "names": source.names,
        "sha256": survey.sha256,
        "crc32": sums if place == "disk" else None,
        "plain": [int(is_plain) for is_plain in survey.plain],
        "bad": {str(position): why for position, why in survey.bad.items()},
        "remarks": {str(position): line for position, line in survey.remarks.items()},
        "noted": survey.noted,
    }
    write_whole(home / MANIFEST, lambda file: file.write(json.dumps(manifest).encode()))
    return survey, canvases


def _read(home: Path, source: Source, side: int) -> tuple[Survey | None, bool]:
    """What a manifest says, and whether the pixels lie beside it whole; None where there is none that fits."""
    try:
        manifest = json.loads((home / MANIFEST).read_bytes())
        if (manifest["version"], manifest["source"], manifest["side"]) != (VERSION, source.digest, side):
            return None, False
        bad = {int(position): why for position, why in manifest["bad"].items()}
        remarks = {int(position): line for position, line in manifest.get("remarks", {}).items()}
        plain = tuple(bool(flag) for flag in manifest["plain"])
        survey = Survey(tuple(manifest["sha256"]), plain, bad, remarks, manifest.get("noted", {}))
    except (OSError, ValueError, KeyError, TypeError):  # absent, or not ours: it is made again
        return None, False
    sums = manifest.get("crc32")
    return survey, bool(sums) and _is_whole(home / PIXELS, (len(source), side, side, 3), sums, bad)


def _is_whole(path: Path, shape: tuple[int, ...], sums: Sequence[int], bad: Mapping[int, str]) -> bool:
    try:
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):  # absent, or shorter than its header says
        return False
    if pixels.shape != shape or pixels.dtype != np.uint8 or len(sums) != len(pixels):
        return False
    fits = in_threads(lambda position: position in bad or zlib.crc32(pixels[position]) == sums[position], len(pixels))
    return all(fits)


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
