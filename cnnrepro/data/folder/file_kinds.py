"""What a file is, by its bytes: the kind of picture, and whether every JPEG decoder gives the same pixels for it.

Nothing is decoded here; only headers are looked at. Markers and segments: ITU-T T.81 (JPEG), annex B; the orientation:
Exif 2.32, section 4.6; its place in XMP: the TIFF properties of XMP (tiff:Orientation).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

LARGEST_PIXELS = 89_478_485
"""The most pixels a picture may have: 2**30 // 4 // 3, a quarter of a GiB at three bytes each (Pillow's limit)."""

ORIENTATION = 0x0112
"""The tag of the orientation in an Exif block."""

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),  # BigTIFF
    (b"MM\x00+", "TIFF"),
)

_SOF_HUFFMAN = (0xC0, 0xC1, 0xC2)  # baseline, extended sequential, progressive
_DHT, _EOI, _SOS, _DQT, _APP1, _APP14 = 0xC4, 0xD9, 0xDA, 0xDB, 0xE1, 0xEE
_NOT_PLAIN = frozenset(range(0xC3, 0xD0)) - {_DHT} | {0xD8, 0xDC, 0xDE, 0xDF}
"""Lossless, hierarchical and arithmetic-coded frames, DAC, a second SOI, DNL, DHP, EXP."""

_NO_MARKER = frozenset({0x00, *range(0xD0, 0xD8)})  # after FF: a data byte FF, a restart between data
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?!\s*=\s*[\"']1[\"']|\s*>1<)")


def kind_of(data: bytes) -> str:
    """The kind of picture by the first bytes: "JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF"; "" if it is none of them."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "")


def is_plain_jpeg(data: bytes) -> bool:
    """Do all decoders agree on this JPEG's pixels?

    For a plain one, TensorFlow's ``decode_jpeg(dct_method="INTEGER_ACCURATE")`` gives exactly Pillow's pixels. Plain is
    a whole file with nothing but zeros after it, at most ``LARGEST_PIXELS`` large, 8 bits, Huffman-coded (baseline,
    extended or progressive, each coefficient sent in full), one component or three as YCbCr, to be shown as it is
    stored. Everything else is left to Pillow. A True says nothing about damage within the coded data.

    Args:
        data: the whole file, whatever it holds; never raises.
    """
    try:
        return _walk(data)
    except (IndexError, struct.error):  # a segment reaches beyond the end
        return False


@dataclass
class _Frame:
    """What the segments have said so far."""

    ids: tuple[int, ...] = ()
    tables: set[int] = field(default_factory=set)
    lowest: dict[tuple[int, int], int] = field(default_factory=dict)
    """(component, coefficient) to the number of low bits not sent yet."""

    @property
    def complete(self) -> bool:
        """All 64 coefficients of each component have been sent to the last bit."""
        return bool(self.ids) and len(self.lowest) == 64 * len(self.ids) and not any(self.lowest.values())


def _walk(data: bytes) -> bool:
    if data[:2] != b"\xff\xd8":
        return False
    frame, position = _Frame(), 2
    while True:
        if data[position] != 0xFF:
            return False
        while data[position] == 0xFF:  # a marker may be preceded by any number of FF
            position += 1
        marker, position = data[position], position + 1
        if marker == _EOI:
            return frame.complete and not data[position:].strip(b"\x00")
        if marker < 0xC0 or marker in _NOT_PLAIN:
            return False
        (length,) = struct.unpack_from(">H", data, position)
        end = position + length
        if length < 2 or end > len(data) or not _agreed(marker, data[position + 2 : end], frame):
            return False
        position = _after_scan(data, end) if marker == _SOS else end


def _after_scan(data: bytes, position: int) -> int:
    """Where the first marker after coded data begins; the end of ``data`` if there is none."""
    while (position := data.find(b"\xff", position)) >= 0:
        following = data[position + 1]
        if following not in _NO_MARKER and following != 0xFF:
            return position
        position += 1 if following == 0xFF else 2
    return len(data)


def _agreed(marker: int, segment: bytes, frame: _Frame) -> bool:
    """Is this segment one on which decoders agree? Notes in ``frame`` what it says."""
    if marker in _SOF_HUFFMAN:
        return not frame.ids and _sizes_agreed(segment, frame)
    if marker == _SOS:
        return {_DHT, _DQT} <= frame.tables and _scan_noted(segment, frame)
    if marker in (_DHT, _DQT):
        frame.tables.add(marker)
    elif marker == _APP1:
        return _shown_as_stored(segment)
    elif marker == _APP14 and segment.startswith(b"Adobe"):
        return len(segment) >= 12 and segment[11] == 1  # 0: the three components are RGB; 2: there are four
    return True


def _sizes_agreed(segment: bytes, frame: _Frame) -> bool:
    bits, height, width, components = struct.unpack_from(">BHHB", segment)
    if len(segment) != 6 + 3 * components or components not in (1, 3):
        return False
    frame.ids = tuple(segment[6::3])
    sampling = tuple(segment[7::3])
    return (
        bits == 8
        and 0 < height * width <= LARGEST_PIXELS
        and len(set(frame.ids)) == components
        and bytes(frame.ids) != b"RGB"  # without a JFIF header these say that the components are RGB
        and (components == 1 or (sampling[0] in (0x11, 0x12, 0x21, 0x22) and sampling[1:] == (0x11, 0x11)))
    )


def _scan_noted(segment: bytes, frame: _Frame) -> bool:
    count = segment[0]
    if len(segment) != 4 + 2 * count:
        return False
    first, last, bits = segment[-3:]
    chosen = segment[1 : 1 + 2 * count : 2]
    if not set(chosen) <= set(frame.ids) or not first <= last <= 63:
        return False
    for coefficient in range(first, last + 1):
        for component in chosen:
            frame.lowest[component, coefficient] = bits & 0x0F
    return True


def _shown_as_stored(segment: bytes) -> bool:
    """Does an APP1 segment leave the picture as it is? One that cannot be read does not count as leaving it."""
    if segment.startswith(b"Exif\x00"):
        return _orientation(segment[6:]) == 1
    return _XMP_ORIENTATION.search(segment) is None


def _orientation(tiff: bytes) -> int:
    """The orientation in an Exif block; 1 if it names none, 0 if the block cannot be read."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 0
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, start)
    for place in range(start + 2, start + 2 + 12 * entries, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", tiff, place)
        if tag == ORIENTATION:
            is_one_short = kind == 3 and count == 1
            return struct.unpack_from(order + "H", tiff, place + 8)[0] if is_one_short else 0
    return 1
