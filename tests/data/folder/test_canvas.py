"""The canvas against Pillow and against TensorFlow's own antialiased resize."""

from io import BytesIO

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnrepro import data
from cnnrepro.data.folder.canvas import decode_to_canvas, to_canvas
from cnnrepro.data.folder.decoding import decode, is_plain_jpeg


def by_pillow(picture, side):
    height, width = picture.shape[:2]
    short = min(height, width)
    box = ((width - short) / 2, (height - short) / 2, (width + short) / 2, (height + short) / 2)
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR, box=box))


def picture(height, width, seed=0):
    """Smooth and rough parts, as photographs have."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (max(1, height // 9), max(1, width // 9), 3), np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    rough = random.integers(0, 60, (height, width, 3))
    return np.clip(smooth.astype(int) + rough - 30, 0, 255).astype(np.uint8)


def pixels_apart(picture, side, found):
    """Pillow cuts its box before it filters; we filter the whole picture, so the outermost pixels see beyond."""
    height, width = picture.shape[:2]
    theirs = by_pillow(picture, side).astype(int)
    gap = np.abs(found.astype(int) - theirs)
    return gap if height == width else gap[1:-1, 1:-1] if side > 2 else gap[:0]


@settings(max_examples=8)
@given(
    height=st.integers(1, 500),
    width=st.integers(1, 500),
    side=st.sampled_from([8, 32, 64, 256]),
    seed=st.integers(0, 9),
)
@example(height=375, width=500, side=256, seed=0)
@example(height=100, width=80, side=256, seed=0)  # smaller than the canvas: enlarged
@example(height=1, width=1, side=256, seed=0)
@example(height=500, width=3, side=64, seed=0)
def test_it_is_pillows_box_to_a_grey_level(height, width, side, seed):
    shown = picture(height, width, seed)
    found = to_canvas(shown, side).numpy()
    assert (found.shape, found.dtype) == ((side, side, 3), np.uint8)
    assert pixels_apart(shown, side, found).max(initial=0) <= 1


@settings(max_examples=4)
@given(side=st.sampled_from([32, 64]), factor=st.integers(1, 6), seed=st.integers(0, 9))
def test_squares_are_as_tensorflow_resizes_them(side, factor, seed):
    tf = data.load_tensorflow()
    shown = picture(side * factor, side * factor, seed)
    theirs = tf.image.resize(shown, (side, side), antialias=True).numpy()
    assert np.abs(to_canvas(shown, side).numpy() - theirs).max() <= 0.5001


def test_it_does_not_skip_pixels():
    """One bright line in four: the canvas must show its share of light, wherever the lines lie."""
    lines = np.zeros((256, 256, 3), np.uint8)
    lines[:, ::4] = 200
    assert np.abs(to_canvas(lines, 64).numpy()[:, 2:-2].astype(float) - 50).max() < 25
    assert abs(to_canvas(lines, 64).numpy().mean() - 50) < 2


def encoded(form, **how):
    held = BytesIO()
    Image.fromarray(picture(90, 120)).convert(how.pop("mode", "RGB")).save(held, form, **how)
    return held.getvalue()


ROTATED = Image.Exif()
ROTATED[0x0112] = 6

KINDS = {
    "plain JPEG": encoded("JPEG", quality=90),
    "grey JPEG": encoded("JPEG", mode="L"),
    "CMYK JPEG": encoded("JPEG", mode="CMYK"),
    "PNG": encoded("PNG"),
    "palette PNG": encoded("PNG", mode="P"),
    "rotated JPEG": encoded("JPEG", exif=ROTATED),
}


def test_in_tf_data_it_is_the_same_for_every_kind():
    tf = data.load_tensorflow()
    files = tf.data.Dataset.from_tensor_slices((list(KINDS.values()), [is_plain_jpeg(file) for file in KINDS.values()]))
    canvases = files.map(lambda file, plain: decode_to_canvas(file, 32, plain))
    for canvas, contents in zip(canvases, KINDS.values(), strict=True):
        np.testing.assert_array_equal(canvas, to_canvas(decode(contents), 32))


def test_real_photographs(photographs):
    worst = max(
        int(pixels_apart(shown, 256, to_canvas(shown, 256).numpy()).max())
        for shown in (decode(path.read_bytes()) for path in photographs[:40])
    )
    assert worst <= 1
