"""The pictures of a page, their canvas, and what the mean takes away.

Source of the stages: Krizhevsky, Sutskever and Hinton 2012, sections 2 and 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from cnnrepro import data, paths
from cnnrepro.errors import UsageError, brief
from cnnrepro.experiments.train_on_your_images import pieces
from cnnrepro.lessons.photographs import Map, stretched, thumbnails

CANVAS = 256  # section 2
MARK = (214, 94, 0)  # the orange of the project's figures
DETAIL = 48  # pixels of the canvas, shown large
MOST = 64  # pictures to choose one from
BROAD = 420  # pixels of the whole picture's longer side on the page
GAIN = 4  # of the difference between two ways of shrinking, so that it can be seen


@dataclass(frozen=True, eq=False)
class Material:
    """What a page looks at."""

    splits: data.Splits  # a data set of colour pictures, for what is computed from many
    picture: np.ndarray  # (H, W, 3) uint8, one photograph as it came
    credit: str  # whom to name below it


def material(dataset: str, photograph: str, canvas: int, on_error: str = "stop") -> Material:
    """The pictures of a page: those of "folder:PATH", or the pieces of scikit-learn's photographs and one of the two.

    Raises:
        UsageError: a data set of another kind.
    """
    if dataset and not dataset.startswith(data.FOLDER):
        raise UsageError(f"dataset must be empty or folder:PATH, since pictures are shown. Received: {brief(dataset)}")
    if dataset:
        from cnnrepro.data.folder.decoding import decode
        from cnnrepro.data.folder.find_pictures import find_pictures

        splits = data.load(dataset, canvas=canvas, on_error=on_error)
        source, skipped = find_pictures(dataset.removeprefix(data.FOLDER)), {name for name, _ in splits.skipped}
        picture = decode(source.read(next(i for i, name in enumerate(source.names) if name not in skipped)))
        return Material(splits, picture, f"The first picture of {splits.info.title}")
    folder = pieces(paths.runs_dir() / "examples" / "two_photographs")
    shown = data.photograph(photograph)
    splits = data.load(f"{data.FOLDER}{folder}", canvas=canvas)
    return Material(splits, shown, data.PHOTOGRAPHS[photograph].credit)


def canvas_of(picture: np.ndarray, side: int = CANVAS) -> np.ndarray:
    """A picture on its canvas, (side, side, 3) uint8."""
    from cnnrepro.data.folder.canvas import to_canvas

    return to_canvas(picture, side).numpy()


def middle_square(picture: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the square in the middle of a picture, where halves of pixels count."""
    height, width = picture.shape[:2]
    short = min(height, width)
    return ((width - short) / 2, (height - short) / 2, (width + short) / 2, (height + short) / 2)


def skipping(picture: np.ndarray, side: int = CANVAS) -> np.ndarray:
    """The same square by plain bilinear interpolation, which looks at four pixels and skips the others."""
    left, top, right, _ = middle_square(picture)
    scale = (right - left) / side
    how = (scale, 0, left, 0, scale, top)
    small = Image.fromarray(picture).transform((side, side), Image.Transform.AFFINE, how, Image.Resampling.BILINEAR)
    return np.asarray(small)


def canvas_maps(picture: np.ndarray) -> list[list[Map]]:
    """The picture with its square, and its canvas; a detail of it with and without antialiasing, and the difference."""
    smooth, rough = canvas_of(picture), skipping(picture)
    gaps = np.abs(smooth.astype(int) - rough)
    detail = _busiest(gaps.sum(axis=-1))
    height, width = picture.shape[:2]
    return [
        [
            Map(f"as it came, {width}×{height}", _with_square(picture), "colour"),
            Map(f"canvas, {CANVAS}×{CANVAS}", smooth / 255, "colour"),
        ],
        [
            Map("a detail, antialiased", smooth[detail] / 255, "colour"),
            Map("the same, pixels skipped", rough[detail] / 255, "colour"),
            Map(f"their difference, {GAIN} times", np.clip(GAIN * gaps[detail] / 255, 0, 1), "colour"),
        ],
    ]


def _with_square(picture: np.ndarray) -> np.ndarray:
    """The picture from 0 to 1, made smaller if it is large, with the square in its middle drawn in."""
    image, short = Image.fromarray(picture), min(picture.shape[:2])
    left, top = (int(corner) for corner in middle_square(picture)[:2])
    square = (left, top, left + short - 1, top + short - 1)
    ImageDraw.Draw(image).rectangle(square, outline=MARK, width=max(2, short // 100))
    image.thumbnail((BROAD, BROAD), Image.Resampling.BOX)  # never enlarges
    return np.asarray(image) / 255


def _busiest(gaps: np.ndarray) -> tuple[slice, slice]:
    """The window of the detail's side that differs most, in steps of half that side."""
    step = DETAIL // 2
    sums = np.lib.stride_tricks.sliding_window_view(gaps, (DETAIL, DETAIL))[::step, ::step].sum(axis=(2, 3))
    top, left = (step * int(place) for place in np.unravel_index(sums.argmax(), sums.shape))
    return slice(top, top + DETAIL), slice(left, left + DETAIL)


def mean_maps(*sets: data.Splits) -> list[list[Map]]:
    """For each set the mean image, the mean colour, a picture, and the picture less the mean image (on grey)."""
    rows = []
    for splits in sets:
        mean = data.statistics_of(splits).mean_image
        some = np.asarray(splits.examples["train"].images[:MOST])
        picture = some[np.argmax(some.reshape(len(some), -1).std(axis=1))]  # one with something on it
        flat = np.broadcast_to(mean.mean(axis=(0, 1)), mean.shape)
        rows.append(
            [
                _map("mean image", mean / 255),
                _map("mean colour", flat / 255),
                _map("a picture", picture / 255),
                _map("less the mean image", np.clip(0.5 + (picture - mean) / 510, 0, 1)),
            ]
        )
    return rows


def _map(title: str, values: np.ndarray) -> Map:
    """A picture of one channel in grey, of three in colour."""
    return Map(title, values[..., 0], "grey") if values.shape[-1] == 1 else Map(title, values, "colour")


def unevenness(splits: data.Splits) -> float:
    """How far the mean image is from the mean colour: root mean square over places and channels, grey levels."""
    mean = data.statistics_of(splits).mean_image
    return float(np.sqrt(((mean - mean.mean(axis=(0, 1))) ** 2).mean()))


def batch(splits: data.Splits, seed: int, count: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """The first pictures of an epoch as the network gets them, stretched to 0 … 255 for showing, and their labels."""
    feed = data.Feed(splits, data.PIPELINES["alexnet-2012"])
    images, labels = next(iter(feed.batches("train", min(count, splits.sizes["train"]), seed=seed)))
    return thumbnails(stretched(np.asarray(images))), np.asarray(labels)
