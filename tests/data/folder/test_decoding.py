import io
import struct
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from cnnrepro.data.folder import decoding
from cnnrepro.data.folder.decoding import LARGEST_PIXELS, MOST_SCANS, OUT_OF_MEMORY, BadPicture, decode, is_plain_jpeg

RNG = np.random.default_rng(3)
PIXELS = RNG.integers(0, 256, (12, 20, 3), np.uint8)
LOSSLESS = {"PNG": {}, "BMP": {}, "WebP": {"lossless": True}, "TIFF": {"compression": "tiff_lzw"}}


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(bits: int, colour: int, rows: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG written without Pillow; ``rows`` (H, W[, C]) with big-endian values."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", rows.shape[1], rows.shape[0], bits, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\x00" + row.tobytes() for row in rows))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_kinds_give_back_the_pixels(kind):
    pixels = decode(encoded(Image.fromarray(PIXELS), kind, **LOSSLESS[kind]))
    assert pixels.dtype == np.uint8
    assert pixels.flags.writeable and pixels.flags.c_contiguous
    np.testing.assert_array_equal(pixels, PIXELS)


def test_jpeg_is_near_the_pixels():
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    assert np.abs(decode(encoded(Image.fromarray(flat), "JPEG", quality=95)).astype(int) - flat).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_greyscale_becomes_three_equal_channels(kind):
    grey = PIXELS[..., 0]
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(grey), kind)), np.stack([grey] * 3, -1))


def test_one_bit():
    bits = PIXELS[..., 0] > 127
    expected = np.stack([bits * np.uint8(255)] * 3, -1)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(bits), "PNG")), expected)


def test_all_16_bit_values_are_scaled():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    exact = [(2 * value * 255 + 65535) // (2 * 65535) for value in range(65536)]  # rounded, in whole numbers
    expected = np.repeat(np.array(exact, np.uint8).reshape(256, 256, 1), 3, -1)
    np.testing.assert_array_equal(decode(png(16, 0, values.astype(">u2"))), expected)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(values), "TIFF")), expected)
    for dtype in (np.int32, np.float32):
        np.testing.assert_array_equal(decode(encoded(Image.fromarray(values.astype(dtype)), "TIFF")), expected)


def test_16_bit_colour_keeps_the_high_8_bits():
    values = RNG.integers(0, 65536, (6, 5, 3)).astype(">u2")
    np.testing.assert_array_equal(decode(png(16, 2, values)), (values >> 8).astype(np.uint8))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.array([[0, 70000]], np.int32), "holds values from 0 to 70000; only 0"),
        (np.array([[-1, 7]], np.int32), "holds values from -1 to 7"),
        (np.array([[0, np.nan]], np.float32), "holds values from nan"),
        (np.array([[0, 1]], np.float32), "floating-point values up to 1, of which it does not say what is white"),
    ],
)
def test_values_without_a_white_are_refused(values, reason):
    with pytest.raises(BadPicture, match=reason):
        decode(encoded(Image.fromarray(values), "TIFF"))


def over_white(colour, alpha):
    return np.rint(colour * (alpha / 255) + 255 * (1 - alpha / 255))


@pytest.mark.parametrize("kind", ["PNG", "WebP", "TIFF"])
def test_alpha_is_laid_over_white(kind):
    alpha = RNG.integers(0, 256, (12, 20, 1), np.uint8)
    alpha[0], alpha[1] = 0, 255
    options = {"lossless": True, "exact": True} if kind == "WebP" else {}
    rgba = np.concatenate([PIXELS, alpha], -1)
    pixels = decode(encoded(Image.fromarray(rgba), kind, **options))
    np.testing.assert_array_equal(pixels, over_white(PIXELS.astype(float), alpha))
    assert (pixels[0] == 255).all() and (pixels[1] == PIXELS[1]).all()


def test_grey_with_alpha():
    data = encoded(Image.fromarray(PIXELS[..., :2]), "PNG")
    assert Image.open(io.BytesIO(data)).mode == "LA"
    grey = over_white(PIXELS[..., 0].astype(float), PIXELS[..., 1])
    np.testing.assert_array_equal(decode(data), np.stack([grey] * 3, -1))


def test_palette_with_and_without_transparency():
    palette = RNG.integers(0, 256, (256, 3), np.uint8)
    indices = np.arange(240, dtype=np.uint8).reshape(12, 20)
    plte = (b"PLTE", palette.tobytes())
    np.testing.assert_array_equal(decode(png(8, 3, indices, plte)), palette[indices])
    alphas = RNG.integers(0, 256, 256, np.uint8)
    with_alpha = over_white(palette[indices].astype(float), alphas[indices][..., None])
    np.testing.assert_array_equal(decode(png(8, 3, indices, plte, (b"tRNS", alphas.tobytes()))), with_alpha)


def test_colour_keys():
    key = PIXELS[4, 5]
    expected = PIXELS.copy()
    expected[(key == PIXELS).all(-1)] = 255
    keyed = (b"tRNS", key.astype(">u2").tobytes())
    np.testing.assert_array_equal(decode(png(8, 2, PIXELS, keyed)), expected)
    values = np.array([[0, 257, 514]], ">u2")
    np.testing.assert_array_equal(decode(png(16, 0, values, (b"tRNS", b"\x01\x01")))[0, :, 0], [0, 255, 2])


@pytest.mark.parametrize(
    ("kind", "orientation"), [("PNG", value) for value in range(1, 9)] + [("TIFF", 6), ("WebP", 6)]
)
def test_exif_orientation_is_applied(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(PIXELS)
    data = encoded(image, kind, exif=exif, **({"lossless": True} if kind == "WebP" else {}))
    image.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(decode(data), np.asarray(ImageOps.exif_transpose(image)))


def test_jpeg_from_a_camera_held_upright():
    left_dark = np.full((16, 32, 3), 255, np.uint8)
    left_dark[:, :16] = 0
    exif = Image.Exif()
    exif[0x0112] = 6  # row 0 is shown at the right: turned clockwise, left goes up
    pixels = decode(encoded(Image.fromarray(left_dark), "JPEG", exif=exif))
    assert pixels.shape == (32, 16, 3)
    assert pixels[:16].max() < 10 and pixels[16:].min() > 245


def test_broken_exif_is_passed_over(capfd):
    data = encoded(Image.fromarray(PIXELS), "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f nonsense")
    np.testing.assert_array_equal(decode(data), PIXELS)
    data = encoded(Image.fromarray(PIXELS), "JPEG", exif=b"Exif\x00\x00no tiff at all")
    assert decode(data).shape == PIXELS.shape
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("adobe", [False, True])
def test_cmyk(adobe):
    """Ink 0 is white, ink 255 is black; files hold the inverse, with Adobe's marker or without."""
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, 16:, 3] = 255
    data = encoded(Image.fromarray(inks, "CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data  # Pillow writes them inverted, with the marker
    if not adobe:
        place = data.index(b"\xff\xee")
        data = data[:place] + data[place + 16 :]
    pixels = decode(data)
    assert pixels[:, :12].min() > 247
    assert pixels[:, 20:].max() < 8


@pytest.mark.parametrize("kind", ["GIF", "WebP", "PNG", "TIFF"])
def test_first_of_several_frames(kind):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    first, *others = [Image.new("RGB", (6, 5), colour) for colour in colours]
    lossless = {"lossless": True} if kind == "WebP" else {}
    data = encoded(first, kind, save_all=True, append_images=others, **lossless)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    np.testing.assert_array_equal(decode(data), np.full((5, 6, 3), colours[0]))


def test_one_pixel():
    np.testing.assert_array_equal(decode(png(8, 2, np.array([[[1, 2, 3]]], np.uint8))), [[[1, 2, 3]]])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"<!DOCTYPE html><p>404", r"is no picture of a kind that is read \(JPEG, PNG, .*'<!DOCTYPE html>"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00", "is no picture of a kind that is read.*ftypheic"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "or damaged from its beginning on"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture of a kind that is read"),
    ],
)
def test_what_is_no_picture(data, reason):
    with pytest.raises(BadPicture, match=reason):
        decode(data)


SMALL = {
    "JPEG": encoded(Image.fromarray(PIXELS), "JPEG"),
    "progressive JPEG": encoded(Image.fromarray(PIXELS), "JPEG", progressive=True),
    "GIF": encoded(Image.fromarray(PIXELS[..., 0]), "GIF"),
    **{kind: encoded(Image.fromarray(PIXELS), kind, **options) for kind, options in LOSSLESS.items()},
}


def check_truncated(kind: str, where: float):
    data = SMALL[kind]
    try:
        pixels = decode(data[: int(where * len(data))])
    except BadPicture as error:
        assert str(error).startswith(("is truncated", "is empty", "is no picture"))
    else:
        np.testing.assert_array_equal(pixels, decode(data))


@pytest.mark.parametrize("kind", SMALL)
def test_truncated_is_refused_or_gives_the_identical_picture(kind, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # a notebook may have set it
    for where in (0.1, 0.5, 0.9, 0.99):
        check_truncated(kind, where)


def check_damaged(kind: str, where: float, noise: bytes):
    data = SMALL[kind]
    start = int(where * len(data))
    try:
        pixels = decode(data[:start] + noise + data[start + len(noise) :])
    except BadPicture as error:
        assert str(error).startswith(("is ", "has ", "holds "))
    else:
        assert pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8


@pytest.mark.parametrize("kind", [kind for kind in SMALL if kind != "TIFF"])
def test_damaged_is_refused_or_gives_some_picture(kind):
    for where in (0, 0.1, 0.6):
        check_damaged(kind, where, b"\x00\xff\xd8noise")


@pytest.mark.soak
@settings(max_examples=500)
@given(kind=st.sampled_from(sorted(SMALL)), where=st.floats(0, 1, exclude_max=True), noise=st.binary())
def test_any_damage(kind, where, noise):
    check_truncated(kind, where)
    if kind != "TIFF":
        check_damaged(kind, where, noise)


@pytest.mark.parametrize("side", [9460, 60000])  # Pillow warns of the one and refuses the other
def test_bombs_are_refused_before_they_are_decoded(side, recwarn):
    assert side * side > LARGEST_PIXELS
    data = bytearray(png(8, 2, PIXELS))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with pytest.raises(BadPicture, match="is too large: "):
        decode(bytes(data))


@pytest.mark.parametrize("size", [(LARGEST_PIXELS, 1), (1, LARGEST_PIXELS), (65_536, 2)])
def test_a_picture_whose_canvas_would_take_gigabytes_is_refused(size):
    data = bytearray(png(8, 2, PIXELS))
    data[16:24] = struct.pack(">II", *size)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    with pytest.raises(BadPicture, match=f"is too long: {size[0]} × {size[1]} pixels; at most 65,535 a side"):
        decode(bytes(data))


def test_a_tile_that_is_larger_than_any_picture_is_not_made_room_for():
    entries = [(256, 16), (257, 16), (258, 8), (259, 8), (262, 1), (277, 1), (322, 40_000), (323, 40_000), (324, 200)]
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in [*entries, (325, 9)])
    data = b"II*\x00" + struct.pack("<IH", 8, len(entries) + 1) + tags
    with pytest.raises(BadPicture, match="is too large: it is stored in tiles of 1,600,000,000 pixels"):
        decode(data.ljust(200, b"\x00") + zlib.compress(b""))


def with_scans(count: int, **options) -> bytes:
    """A JPEG whose last scan comes again and again."""
    data = encoded(Image.fromarray(PIXELS), "JPEG", **options)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (count - data.count(b"\xff\xda")) + data[-2:]


@pytest.mark.parametrize("options", [{"progressive": True}, {}])
def test_a_jpeg_that_goes_through_its_picture_without_an_end_is_refused(options):
    with pytest.raises(BadPicture, match="has more than 100 scans"):
        decode(with_scans(MOST_SCANS + 1, **options))
    assert not is_plain_jpeg(with_scans(MOST_SCANS + 1, **options))
    if options:
        assert decode(with_scans(MOST_SCANS, **options)).shape == PIXELS.shape


def test_scans_of_a_jpeg_within_its_metadata_do_not_count():
    data = encoded(Image.fromarray(PIXELS), "JPEG", comment=b"\xff\xda\x00\x02" * 200)
    assert is_plain_jpeg(data)
    assert decode(data).shape == PIXELS.shape


def test_strip_by_strip_they_have_the_same_pixels(monkeypatch):
    alpha = RNG.integers(0, 256, (12, 20, 1), np.uint8)
    indices = np.arange(240, dtype=np.uint8).reshape(12, 20)
    palette = [(b"PLTE", RNG.integers(0, 256, 768, np.uint8).tobytes()), (b"tRNS", alpha.tobytes())]
    deep = RNG.integers(0, 65536, (12, 20)).astype(">u2")
    files = [
        *SMALL.values(),
        encoded(Image.fromarray(np.concatenate([PIXELS, alpha], -1)), "PNG"),
        encoded(Image.fromarray(PIXELS[..., :2]), "PNG"),
        encoded(Image.fromarray(PIXELS[..., 0] > 127), "PNG"),
        png(8, 3, indices, *palette),
        png(16, 0, deep, (b"tRNS", deep[5, 5].tobytes())),
        encoded(Image.fromarray(deep.astype(np.float32)), "TIFF"),
        encoded(Image.fromarray(np.concatenate([PIXELS, alpha], -1), "CMYK"), "JPEG"),
    ]
    whole = list(map(decode, files))
    monkeypatch.setattr(decoding, "_STRIP", 50)  # two rows, and one that is left over
    for data, pixels in zip(files, whole, strict=True):
        np.testing.assert_array_equal(decode(data), pixels)
    with pytest.raises(BadPicture, match="holds values from nan"):
        decode(encoded(Image.fromarray(np.where(deep == deep[3, 3], np.nan, deep).astype(np.float32)), "TIFF"))


def test_transparency_takes_little_more_memory_than_the_pixels(monkeypatch):
    monkeypatch.setattr(decoding, "_STRIP", 2**12)
    side = 512
    data = encoded(Image.new("RGBA", (side, side), (9, 9, 9, 9)), "PNG")
    tracemalloc.start()
    try:
        decode(data)
        assert tracemalloc.get_traced_memory()[1] < 2 * side * side * 3
    finally:
        tracemalloc.stop()


def test_what_finds_no_memory_is_a_bad_picture(monkeypatch):
    def load(image):
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(BadPicture, match=OUT_OF_MEMORY):
        decode(SMALL["PNG"])


@pytest.mark.soak
def test_the_largest_picture_that_is_read_takes_less_than_a_gibibyte():
    """In a process of its own, whose greatest size the system tells."""
    code = (
        "import io, resource; from PIL import Image; from cnnrepro.data.folder.decoding import decode\n"
        "def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "file = io.BytesIO(); Image.new('RGBA', (9459, 9459), (9, 9, 9, 9)).save(file, 'PNG'); before = most()\n"
        "decode(file.getvalue()); print(most() - before, before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[0]) < 2**20  # KiB


def test_pillows_remarks_stay_silent():
    code = (
        "import io; from PIL import Image; from cnnrepro.data.folder.decoding import decode, BadPicture\n"
        "file = io.BytesIO(); Image.new('RGB', (9, 9)).save(file, 'TIFF', tiffinfo={33432: 'someone'})\n"
        "data = file.getvalue(); decode(data)\n"
        "try: decode(data[: len(data) // 2])\n"
        "except BadPicture: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_photographs(photographs):
    for file in photographs:
        with Image.open(file) as image:
            width, height = ImageOps.exif_transpose(image).size
        assert decode(file.read_bytes()).shape == (height, width, 3)
