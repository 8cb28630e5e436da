"""Plain JPEGs: those of which TensorFlow's decoder gives Pillow's pixels."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnrepro.data.folder.decoding import LARGEST_PIXELS, BadPicture, decode, is_plain_jpeg


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


def changed(data: bytes, place: int, *values: int) -> bytes:
    return data[:place] + bytes(values) + data[place + len(values) :]


def by_tensorflow(data: bytes) -> np.ndarray | None:
    """TensorFlow's pixels; None where it refuses."""
    import tensorflow as tf

    try:
        with tf.device("/CPU:0"):
            return tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE").numpy()
    except tf.errors.InvalidArgumentError:
        return None


PLAIN = jpeg(smooth(40, 56))
FRAME = PLAIN.index(b"\xff\xc0")


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"restart_marker_blocks": 3}])
@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_plain_means_that_tensorflow_gives_pillows_pixels(sampling, options):
    for size, quality in (((1, 1), 75), ((17, 33), 5), ((64, 40), 100)):
        data = jpeg(smooth(*size), quality=quality, subsampling=sampling, **options)
        assert is_plain_jpeg(data)
        np.testing.assert_array_equal(by_tensorflow(data), decode(data))


def test_grey_is_plain_and_so_is_chroma_halved_in_height_alone():
    upright = changed(jpeg(smooth(64, 64), subsampling="4:2:2"), FRAME + 11, 0x12)  # a square has as many blocks
    for data in (jpeg(smooth(19, 30).convert("L")), upright, PLAIN + bytes(7)):
        assert is_plain_jpeg(data)
        np.testing.assert_array_equal(by_tensorflow(data), decode(data))


def test_photographs_are_plain_and_both_decoders_agree(photographs):
    jpegs = [path.read_bytes() for path in photographs]
    plain = [data for data in jpegs if is_plain_jpeg(data)]
    assert len(plain) > 0.9 * len(jpegs)
    for data in plain[::8]:
        np.testing.assert_array_equal(by_tensorflow(data), decode(data))


@pytest.mark.parametrize("orientation", range(10))
def test_only_upright_exif_is_plain(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert is_plain_jpeg(jpeg(smooth(40, 56), exif=exif)) == (orientation == 1)


NOT_PLAIN = {
    "rotated by XMP": with_segment(PLAIN, 0xE1, b'http://ns.adobe.com/xap/1.0/\x00<x tiff:Orientation="6"/>'),
    "Adobe's RGB": with_segment(PLAIN, 0xEE, b"Adobe" + bytes([0, 100, 0, 0, 0, 0, 0])),
    "RGB": jpeg(smooth(16, 16), keep_rgb=True),
    "CMYK": jpeg(smooth(16, 16).convert("CMYK")),
    "progressive": jpeg(smooth(40, 40), progressive=True),
    "unusual sampling": changed(PLAIN, FRAME + 11, 0x41),
    "12 bits": changed(PLAIN, FRAME + 4, 12),
    "no height": changed(PLAIN, FRAME + 5, 0, 0),
    "too large": changed(PLAIN, FRAME + 5, *struct.pack(">HH", 9460, 9460)),
    "something after it": PLAIN + b"\r\n",
    "a PNG": b"\x89PNG\r\n\x1a\n\xff\xd9",
    "noise": b"\xff\xd8\xff\xc0\x00\xff\xd9",
    "empty": b"",
}


@pytest.mark.parametrize("what", NOT_PLAIN)
def test_what_is_left_to_pillow(what):
    assert not is_plain_jpeg(NOT_PLAIN[what])


def test_two_pictures_in_one_file_are_left_to_pillow():
    file = io.BytesIO()
    smooth(16, 16).save(file, "MPO", save_all=True, append_images=[smooth(16, 16, 1)])
    assert not is_plain_jpeg(file.getvalue())


def test_segments_that_change_nothing():
    assert is_plain_jpeg(with_segment(PLAIN, 0xEE, b"Adobe" + bytes([0, 100, 0, 0, 0, 0, 1])))
    assert is_plain_jpeg(with_segment(PLAIN, 0xFE, b"a comment"))
    assert is_plain_jpeg(changed(PLAIN, FRAME + 5, *struct.pack(">HH", 9459, 9459)))
    assert 9459**2 <= LARGEST_PIXELS < 9460**2


def test_truncated_is_not_plain():
    assert not any(is_plain_jpeg(PLAIN[:cut]) for cut in range(0, len(PLAIN), 7))


def check_changed_byte(place: int, value: int):
    data = changed(PLAIN, place, value)
    if is_plain_jpeg(data) and struct.pack(">HH", 40, 56) in data:  # not one with another, huge size
        pixels = by_tensorflow(data)
        try:
            assert pixels is None or np.array_equal(pixels, decode(data))
        except BadPicture:
            pytest.fail("TensorFlow shows what Pillow refuses")


_anywhere = given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255))
test_a_changed_byte_leaves_the_decoders_agreed = settings(max_examples=30)(_anywhere(check_changed_byte))


@pytest.mark.soak
@settings(max_examples=3_000)
@_anywhere
def test_many_changed_bytes_leave_the_decoders_agreed(place, value):
    """Also where tables or coded data are damaged: TensorFlow refuses it, or both show the same."""
    check_changed_byte(place, value)
