"""What the notebook alexnet_pipeline shows: the stages of AlexNet's data pipeline, on pictures.

The stage of the colours is in ``pipeline_colours``, what is promised of all of them in ``pipeline_checks``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnrepro import data, paths
from cnnrepro.data import draws as drawing
from cnnrepro.data.pipelines import PIPELINES
from cnnrepro.errors import UsageError
from cnnrepro.experiments.photograph_maps import Map
from cnnrepro.experiments.your_images import displayed, pieces

CANVAS, SIZE = 256, 224  # Krizhevsky et al. 2012, section 2 and 4.1
DRAWS = 10_000  # for the laws: of 32 · 32 = 1,024 places each is drawn some ten times
MARK = np.array([0.84, 0.37, 0.0])  # the orange of the project's figures
DETAIL = 48  # pixels of the canvas, shown large
SHOWN = 128  # pixels of a picture in a row of five; the page stays small
MOST = 64  # pictures to choose one from


@dataclass(frozen=True, eq=False)
class Material:
    """What a page looks at.

    Args:
        splits: a data set of colour pictures, for what is computed from many.
        picture: (H, W, 3) uint8, one photograph as it came.
        credit: whom to name below it.
    """

    splits: data.Splits
    picture: np.ndarray
    credit: str


def material(dataset: str, photograph: str, canvas: int) -> Material:
    """The pictures of a page: a folder's, or the pieces of scikit-learn's photographs and one of the two.

    Args:
        dataset: "folder:PATH"; empty for the pieces.
        photograph: a key of ``data.PHOTOGRAPHS``, where there is no folder.
        canvas: side that the pictures of the folder are brought to.

    Raises:
        UsageError: a data set of another kind.
    """
    if dataset and not dataset.startswith(data.FOLDER):
        raise UsageError(f"dataset must be empty or folder:PATH, since pictures are shown. Received: {dataset!r}")
    if dataset:
        from cnnrepro.data.pictures.reading import decode
        from cnnrepro.data.pictures.source import of_folder

        splits = data.load(dataset, canvas=canvas)
        picture = decode(of_folder(dataset.removeprefix(data.FOLDER)).read(0))
        return Material(splits, picture, f"The first picture of {splits.info.title}")
    folder = pieces(paths.runs_dir() / "examples" / "two_photographs")
    shown = data.photograph(photograph)
    splits = data.load(f"{data.FOLDER}{folder}", canvas=canvas)
    return Material(splits, shown, data.PHOTOGRAPHS[photograph].credit)


def canvas_of(picture: np.ndarray, side: int = CANVAS) -> np.ndarray:
    """A picture on its canvas, (side, side, 3) uint8."""
    from cnnrepro.data.pictures.canvas import canvas

    return canvas(picture, side).numpy()


def skipping(picture: np.ndarray, side: int = CANVAS) -> np.ndarray:
    """The same square by plain bilinear interpolation, which looks at four pixels and skips the others."""
    from PIL import Image

    height, width = picture.shape[:2]
    short = min(height, width)
    box = ((width - short) / 2, (height - short) / 2, (width + short) / 2, (height + short) / 2)
    scale = short / side
    how = (scale, 0, box[0], 0, scale, box[1])
    small = Image.fromarray(picture).transform((side, side), Image.Transform.AFFINE, how, Image.Resampling.BILINEAR)
    return np.asarray(small)


def with_square(picture: np.ndarray) -> np.ndarray:
    """The picture from 0 to 1 with the square in its middle drawn in."""
    shown = picture / 255
    height, width = picture.shape[:2]
    short, thick = min(height, width), max(2, min(height, width) // 100)
    top, left = (height - short) // 2, (width - short) // 2
    for rows, columns in (
        (slice(top, top + thick), slice(left, left + short)),
        (slice(top + short - thick, top + short), slice(left, left + short)),
        (slice(top, top + short), slice(left, left + thick)),
        (slice(top, top + short), slice(left + short - thick, left + short)),
    ):
        shown[rows, columns] = MARK
    return shown


def canvas_maps(picture: np.ndarray) -> list[list[Map]]:
    """The picture with its square, and its canvas; a detail of it with and without antialiasing, and the difference."""
    smooth, rough = canvas_of(picture), skipping(picture)
    gaps = np.abs(smooth.astype(int) - rough)
    top, left = _busiest(gaps.sum(axis=-1))
    at = (slice(top, top + DETAIL), slice(left, left + DETAIL))
    height, width = picture.shape[:2]
    return [
        [
            Map(f"as it came, {width}×{height}", with_square(picture), "colour"),
            Map(f"canvas, {CANVAS}×{CANVAS}", smooth / 255, "colour"),
        ],
        [
            Map("a detail, antialiased", smooth[at] / 255, "colour"),
            Map("the same, pixels skipped", rough[at] / 255, "colour"),
            Map(f"their difference, {GAIN} times", np.clip(GAIN * gaps[at] / 255, 0, 1), "colour"),
        ],
    ]


def _busiest(gaps: np.ndarray) -> tuple[int, int]:
    """Where a window of the detail's side differs most, in steps of half that side."""
    step = DETAIL // 2
    places = [
        (gaps[top : top + DETAIL, left : left + DETAIL].sum(), top, left)
        for top in range(0, gaps.shape[0] - DETAIL + 1, step)
        for left in range(0, gaps.shape[1] - DETAIL + 1, step)
    ]
    _, top, left = max(places)
    return top, left


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


def places(pipeline: str, seed: int) -> np.ndarray:
    """How often each place of a window was drawn, (33, 33) counts."""
    drawn = drawing.draw(PIPELINES[pipeline], DRAWS, CANVAS, seed, 0).values
    counts = np.zeros((CANVAS - SIZE + 1,) * 2, int)
    np.add.at(counts, (drawn["top"], drawn["left"]), 1)
    return counts


@dataclass(frozen=True, eq=False)
class Cut:
    """Windows of one canvas.

    Args:
        canvas: (H, H, 3) uint8.
        images: (n, S', S', 3) uint8, made smaller for the page.
        words: n captions.
        corners: first row and column of each place.
        size: side of a window on the canvas, in pixels.
    """

    canvas: np.ndarray
    images: np.ndarray
    words: tuple[str, ...]
    corners: tuple[tuple[int, int], ...]
    size: int


def windows(canvas: np.ndarray, epochs: int, seed: int) -> Cut:
    """The windows of one canvas over some epochs, as the pipeline cuts them."""
    from cnnrepro.data.tensor_ops import tensor_ops
    from cnnrepro.layers.augmentation import windows as cut

    pipeline = PIPELINES["alexnet-2012"]
    side = canvas.shape[0]
    size = pipeline.size(side)
    drawn = [drawing.draw(pipeline, 1, side, seed, epoch).values for epoch in range(epochs)]
    top, left, mirrored = (np.concatenate([one[name] for one in drawn]) for name in ("top", "left", "mirrored"))
    made = cut(np.repeat(canvas[None], epochs, axis=0), top, left, mirrored, size, ops=tensor_ops()).numpy()
    three = zip(top.tolist(), left.tolist(), mirrored, strict=True)
    words = tuple(f"{row}, {column}{' mirrored' * bool(flag)}" for row, column, flag in three)
    return Cut(canvas, smaller(made), words, tuple(zip(top.tolist(), left.tolist(), strict=True)), size)


def ten_views(canvas: np.ndarray) -> Cut:
    """The ten views of a canvas, with the five places that they come from."""
    from cnnrepro.data.tensor_ops import tensor_ops
    from cnnrepro.layers.augmentation import ten_crop

    side = canvas.shape[0]
    size = PIPELINES["alexnet-2012"].size(side)
    names = ("top left", "top right", "bottom left", "bottom right", "centre")
    seen = ten_crop(np.ascontiguousarray(canvas[None]), size, ops=tensor_ops())
    words = (*names, *(f"{name}, mirrored" for name in names))
    return Cut(canvas, smaller(np.asarray(seen)[0]), words, drawing.ten_corners(side, size), size)


def smaller(images: np.ndarray, side: int = SHOWN) -> np.ndarray:
    """Square pictures (n, H, H, 3) uint8, made smaller for a page by averaging."""
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BOX)) for one in images])


def batch(splits: data.Splits, seed: int, count: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """The first pictures of an epoch as the network gets them, stretched to 0 … 255 for showing, and their labels."""
    feed = data.Feed(splits, PIPELINES["alexnet-2012"])
    images, labels = next(iter(feed.batches("train", min(count, splits.sizes["train"]), seed=seed)))
    return displayed(np.asarray(images)), np.asarray(labels)


def digits(splits: data.Splits, seed: int, count: int = 10) -> tuple[np.ndarray, list[str]]:
    """Digits through the same stages: on their canvas, cut and mirrored, and as the network gets them.

    Args:
        splits: grey images.
        seed: of what is drawn.
        count: images.

    Returns:
        (3 · count, H, H, 1) uint8, the windows in a frame of background, and a caption for each.
    """
    from cnnrepro.data.tensor_ops import tensor_ops
    from cnnrepro.layers.augmentation import augment
    from cnnrepro.layers.augmentation import windows as cut

    pipeline, side = PIPELINES["alexnet-2012"], splits.canvas[0]
    size = pipeline.size(side)
    images = np.asarray(splits.examples["train"].images[:count])
    drawn = drawing.draw(pipeline, count, side, seed, 0).values
    constants = pipeline.constants(splits, lambda: data.statistics_of(splits))
    place = (drawn["top"], drawn["left"], drawn["mirrored"], size)
    windowed = np.asarray(cut(images, *place, ops=tensor_ops()))
    final = displayed(np.asarray(augment(images, drawn, constants, pipeline, size, ops=tensor_ops())))
    border = (side - size) // 2
    around = ((0, 0), (border, side - size - border), (border, side - size - border), (0, 0))
    framed = [np.pad(one, around) for one in (windowed, final)]
    three = zip(drawn["top"], drawn["left"], drawn["mirrored"], strict=True)
    words = [f"{top}, {left}{' mirrored' * bool(flag)}" for top, left, flag in three]
    return np.concatenate([images, *framed]), [*([f"{side}×{side}"] * count), *words, *(["less the mean"] * count)]
