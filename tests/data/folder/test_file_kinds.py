import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnrepro.data.folder.decoding import BadPicture, decode
from cnnrepro.data.folder.file_kinds import LARGEST_PIXELS, is_plain_jpeg, kind_of


def smooth(height: int, width: int, seed: int = 0) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height))


def jpeg(image: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def with_segment(data: bytes, marker: int, content: bytes) -> bytes:
    """The JPEG with one more segment after SOI."""
    return data[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + data[2:]


def exif(order: str, orientation: int, kind: int = 3) -> bytes:
    head = b"II*\x00" if order == "<" else b"MM\x00*"
    value = struct.pack(order + "H", orientation) + b"\x00\x00"
    other = struct.pack(order + "HHII", 0x0100, 4, 1, 640)
    entries = other + struct.pack(order + "HHI", 0x0112, kind, 1) + value
    return b"Exif\x00\x00" + head + struct.pack(order + "IH", 8, 2) + entries + bytes(4)


def by_tensorflow(data: bytes) -> np.ndarray:
    import tensorflow as tf

    try:
        with tf.device("/CPU:0"):
            return tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE").numpy()
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(str(error)) from None


def pixels_or_none(decoder, data: bytes, refusal: type[Exception]):
    try:
        return decoder(data)
    except refusal:
        return None


PLAIN = jpeg(smooth(40, 56))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF"])
def test_kind_is_what_pillow_wrote(kind):
    file = io.BytesIO()
    smooth(5, 7).save(file, kind)
    assert kind_of(file.getvalue()) == kind


def test_both_byte_orders_of_tiff_and_unknown_kinds():
    assert kind_of(b"MM\x00*\x00\x00\x00\x08") == kind_of(b"II*\x00\x08\x00\x00\x00") == "TIFF"
    assert [kind_of(data) for data in (b"", b"\xff", b"RIFF1234WAVE", b"<html>", b"\x89PNG")] == [""] * 5


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 3}])
@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", [(1, 1), (17, 33), (64, 40)])
def test_plain_means_that_tensorflow_gives_pillows_pixels(size, sampling, options):
    for quality in (5, 75, 100):
        data = jpeg(smooth(*size, seed=quality), quality=quality, subsampling=sampling, **options)
        assert is_plain_jpeg(data)
        np.testing.assert_array_equal(by_tensorflow(data), decode(data))


@pytest.mark.parametrize("progressive", [False, True])
def test_greyscale_is_plain(progressive):
    data = jpeg(smooth(19, 30).convert("L"), progressive=progressive)
    assert is_plain_jpeg(data)
    np.testing.assert_array_equal(by_tensorflow(data), decode(data))


def test_chroma_halved_in_height_alone_is_plain():
    data = bytearray(jpeg(smooth(64, 64), subsampling="4:2:2"))
    sampling = data.index(b"\xff\xc0") + 11
    assert data[sampling] == 0x21
    data[sampling] = 0x12  # a square has as many blocks either way
    assert is_plain_jpeg(bytes(data))
    np.testing.assert_array_equal(by_tensorflow(bytes(data)), decode(bytes(data)))
    data[sampling] = 0x41
    assert not is_plain_jpeg(bytes(data))


def test_photographs_are_plain_and_both_decoders_agree(photographs):
    jpegs = [data for data in map(Path.read_bytes, photographs) if kind_of(data) == "JPEG"]
    plain = [data for data in jpegs if is_plain_jpeg(data)]
    assert len(plain) > 0.9 * len(jpegs)
    for data in plain[::4]:
        np.testing.assert_array_equal(by_tensorflow(data), decode(data))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(10))
def test_only_upright_exif_is_plain(order, orientation):
    data = with_segment(PLAIN, 0xE1, exif(order, orientation))
    assert Image.open(io.BytesIO(data)).getexif()[0x0112] == orientation
    assert is_plain_jpeg(data) == (orientation == 1)


@pytest.mark.parametrize(
    ("marker", "content", "plain"),
    [
        (0xE1, exif("<", 1, kind=4), False),  # not as the standard has it
        (0xE1, b"Exif\x00\x00", False),
        (0xE1, exif("<", 1)[:20], False),
        (0xE1, b"Exif\x00\x00" + b"II*\x00" + struct.pack("<IH", 8, 0), True),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x tiff:Orientation='6'/>", False),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x tiff:Orientation='1'/>", True),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\x00<tiff:Orientation>8</tiff:Orientation>", False),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x/>", True),
        (0xE2, b"ICC_PROFILE\x00\x01\x01" + bytes(40), True),
        (0xFE, b"a comment", True),
        (0xEE, b"Adobe" + bytes([0, 100, 0, 0, 0, 0, 0]), False),
        (0xEE, b"Adobe" + bytes([0, 100, 0, 0, 0, 0, 1]), True),
        (0xEE, b"Other", True),
        (0xCC, b"\x00\x00", False),
        (0xDC, b"\x00\x28", False),
    ],
)
def test_segments_that_change_what_is_shown(marker, content, plain):
    assert is_plain_jpeg(with_segment(PLAIN, marker, content)) == plain


def test_rgb_and_cmyk_jpegs_are_not_plain():
    assert not is_plain_jpeg(jpeg(smooth(16, 16), keep_rgb=True))
    assert not is_plain_jpeg(jpeg(smooth(16, 16).convert("CMYK")))


def test_what_follows_the_end():
    assert is_plain_jpeg(PLAIN + bytes(7))
    assert not is_plain_jpeg(PLAIN + b"\r\n")
    assert not is_plain_jpeg(PLAIN + PLAIN)  # two pictures in one file


def test_truncated_is_not_plain():
    assert not any(is_plain_jpeg(PLAIN[:cut]) for cut in range(len(PLAIN)))


def test_progressive_without_its_last_scans_is_not_plain():
    data = jpeg(smooth(40, 40), progressive=True, quality=50)
    assert is_plain_jpeg(data)
    assert not is_plain_jpeg(data[: data.rindex(b"\xff\xda")] + b"\xff\xd9")


@pytest.mark.parametrize(
    ("change", "what"),
    [({1: 0xC3}, "lossless"), ({1: 0xC9}, "arithmetic"), ({4: 12}, "12 bits"), ({5: 0, 6: 0}, "no height")],
)
def test_other_frames_are_not_plain(change, what):
    data = bytearray(PLAIN)
    frame = data.index(b"\xff\xc0")
    for offset, value in change.items():
        data[frame + offset] = value
    assert not is_plain_jpeg(bytes(data)), what


def test_too_large_is_not_plain():
    data = bytearray(PLAIN)
    frame = data.index(b"\xff\xc0")
    for side, plain in ((9459, True), (9460, False)):  # 9459² = 89,472,681
        data[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
        assert (side * side <= LARGEST_PIXELS) == plain
        assert is_plain_jpeg(bytes(data)) == plain


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(PLAIN)), st.integers(0, 40))
def test_never_raises(noise, start, removed):
    assert is_plain_jpeg(b"\xff\xd8" + noise) is False
    changed = PLAIN[:start] + noise + PLAIN[start + removed :]
    assert is_plain_jpeg(changed) in (True, False)
    assert isinstance(kind_of(noise), str)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255))
def test_a_changed_byte_that_leaves_it_plain_leaves_the_decoders_agreed(place, value):
    """Also where tables or coded data are damaged: both refuse it, or both show the same."""
    data = PLAIN[:place] + bytes([value]) + PLAIN[place + 1 :]
    if is_plain_jpeg(data) and struct.pack(">HH", 40, 56) in data:  # not one with another, huge size
        by_pillow = pixels_or_none(decode, data, BadPicture)
        np.testing.assert_equal(pixels_or_none(by_tensorflow, data, ValueError), by_pillow)
