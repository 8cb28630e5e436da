"""What the notebook alexnet_pipeline shows: every stage of AlexNet's data pipeline, and the checks of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnrepro import data, paths
from cnnrepro.data import draws as drawing
from cnnrepro.data.pipeline_entry import IMAGENET_DIRECTIONS, IMAGENET_VARIANCES
from cnnrepro.data.pipelines import PIPELINES
from cnnrepro.errors import UsageError
from cnnrepro.experiments.photograph_maps import Map
from cnnrepro.experiments.your_images import displayed, pieces

CANVAS, SIZE = 256, 224  # Krizhevsky et al. 2012, section 2 and 4.1
DRAWS = 10_000  # for the laws: of 32 · 32 = 1,024 places each is drawn some ten times
MARK = np.array([0.84, 0.37, 0.0])  # the orange of the project's figures
DETAIL = 48  # pixels of the canvas, shown large
SHOWN = 160  # pixels of a picture in a row of five; the page stays small
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


def canvas_maps(picture: np.ndarray) -> list[Map]:
    """The picture with its square, its canvas, and a detail of it with and without antialiasing."""
    smooth, rough = canvas_of(picture), skipping(picture)
    gaps = np.abs(smooth.astype(int) - rough).sum(axis=-1)
    top, left = _busiest(gaps)
    at = (slice(top, top + DETAIL), slice(left, left + DETAIL))
    height, width = picture.shape[:2]
    return [
        Map(f"as it came, {width}x{height}", with_square(picture), "colour"),
        Map(f"canvas, {CANVAS}x{CANVAS}", smooth / 255, "colour"),
        Map("a detail, antialiased", smooth[at] / 255, "colour"),
        Map("the same, pixels skipped", rough[at] / 255, "colour"),
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


def mean_maps(splits: data.Splits) -> list[Map]:
    """The mean image, a picture, and the picture less the mean (moved to grey)."""
    mean = data.statistics_of(splits).mean_image
    some = np.asarray(splits.examples["train"].images[:MOST])
    picture = some[np.argmax(some.reshape(len(some), -1).std(axis=1))]  # one with something on it
    return [
        Map("mean image", mean / 255, "colour"),
        Map("a picture", picture / 255, "colour"),
        Map("less the mean, on grey", np.clip(0.5 + (picture - mean) / 510, 0, 1), "colour"),
    ]


def places(pipeline: str, seed: int) -> np.ndarray:
    """How often each place of a window was drawn, (33, 33) counts."""
    drawn = drawing.draw(PIPELINES[pipeline], DRAWS, CANVAS, seed, 0).values
    counts = np.zeros((CANVAS - SIZE + 1,) * 2, int)
    np.add.at(counts, (drawn["top"], drawn["left"]), 1)
    return counts


def windows(canvas: np.ndarray, epochs: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """The windows of one canvas over some epochs, (epochs, S, S, 3) uint8, and what was drawn for each."""
    from cnnrepro.data.tensor_ops import tensor_ops
    from cnnrepro.layers.augmentation import windows as cut

    pipeline = PIPELINES["alexnet-2012"]
    side = canvas.shape[0]
    drawn = [drawing.draw(pipeline, 1, side, seed, epoch).values for epoch in range(epochs)]
    top, left, mirrored = (np.concatenate([one[name] for one in drawn]) for name in ("top", "left", "mirrored"))
    images = np.repeat(canvas[None], epochs, axis=0)
    made = cut(images, top, left, mirrored, pipeline.size(side), ops=tensor_ops()).numpy()
    words = [
        f"row {row}, column {column}{', mirrored' * bool(flag)}"
        for row, column, flag in zip(top, left, mirrored, strict=True)
    ]
    return smaller(made), words


def recoloured(canvas: np.ndarray, splits: data.Splits, count: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """One picture under draws of the colour noise, the first as it is: (count, H, W, 3) uint8, and what was added."""
    statistics = data.statistics_of(splits)
    alphas = drawing.draw(PIPELINES["alexnet-2012"], count, CANVAS, seed, 0).values["alphas"].copy()
    alphas[0] = 0
    shifts = (alphas * statistics.variances) @ statistics.directions.T  # (count, 3), pixels 0 … 1
    shown = np.clip(canvas[None] + 255 * shifts[:, None, None, :], 0, 255).round().astype(np.uint8)
    words = ["as it is", *(", ".join(f"{255 * value:+.1f}" for value in shift) for shift in shifts[1:])]
    return smaller(shown), words


def colour_rows(splits: data.Splits) -> list[tuple[str, ...]]:
    """The principal colours, computed and published: direction, variance, share."""
    statistics = data.statistics_of(splits)
    rows = []
    for whose, directions, variances in (
        ("computed", statistics.directions, statistics.variances),
        ("published for ImageNet", np.array(IMAGENET_DIRECTIONS), np.array(IMAGENET_VARIANCES)),
    ):
        for number, (direction, variance) in enumerate(zip(directions.T, variances, strict=True), start=1):
            direction = direction * np.sign(direction[np.argmax(np.abs(direction) > 1e-9)])
            spelled = ", ".join(f"{value:+.3f}" for value in direction)
            rows.append((whose, number, spelled, f"{variance:.5f}", f"{variance / variances.sum():.1%}"))
        rows.append((whose, "sum", "", f"{variances.sum():.5f}", "100%"))
    return rows


def ten_views(canvas: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The ten views of a canvas, (10, S, S, 3) uint8, and their names."""
    from cnnrepro.data.tensor_ops import tensor_ops
    from cnnrepro.layers.augmentation import ten_crop

    size = PIPELINES["alexnet-2012"].size(canvas.shape[0])
    names = ["top left", "top right", "bottom left", "bottom right", "centre"]
    seen = ten_crop(np.ascontiguousarray(canvas[None]), size, ops=tensor_ops())
    return smaller(np.asarray(seen)[0]), [*names, *(f"{name}, mirrored" for name in names)]


def smaller(images: np.ndarray, side: int = SHOWN) -> np.ndarray:
    """Square pictures (n, H, H, 3) uint8, made smaller for a page by averaging."""
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BOX)) for one in images])


def batch(splits: data.Splits, seed: int, count: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """The first pictures of an epoch as the network gets them, stretched to 0 … 255 for showing, and their labels."""
    feed = data.Feed(splits, PIPELINES["alexnet-2012"])
    images, labels = next(iter(feed.batches("train", min(count, splits.sizes["train"]), seed=seed)))
    return displayed(np.asarray(images)), np.asarray(labels)


def digits(seed: int, count: int = 10) -> tuple[np.ndarray, list[str]]:
    """Digits of 28 x 28 pixels and their windows of 24 x 24, in a frame of zeros; and what was drawn."""
    images = data.load("mnist_5k").examples["train"].images[:count]
    pipeline = PIPELINES["alexnet-2012"]
    size = pipeline.size(28)
    drawn = drawing.draw(pipeline, count, 28, seed, 0).values
    cut = np.stack(
        [
            image[top : top + size, left : left + size][:, :: -1 if flag else 1]
            for image, top, left, flag in zip(images, drawn["top"], drawn["left"], drawn["mirrored"], strict=True)
        ]
    )
    framed = np.pad(cut, ((0, 0), (2, 2), (2, 2), (0, 0)))
    three = zip(drawn["top"], drawn["left"], drawn["mirrored"], strict=True)
    words = [f"+{top}, +{left}{', m.' * bool(flag)}" for top, left, flag in three]
    return np.concatenate([images, framed]), [*(["28x28"] * count), *words]
