"""The tables and pictures of a comparison of networks, from its results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cnnrepro.anatomy.trace_rows import spell, spelled
from cnnrepro.claims.paired_statistics import mcnemar
from cnnrepro.report.display import show, show_note
from cnnrepro.report.tables import Table, mean_spread, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cnnrepro.anatomy import Trace
    from cnnrepro.data import Splits
    from cnnrepro.experiments.results import Results

# Layers that neither have weights nor change what their neighbours see; they would only make a table longer.
PASSING = frozenset({"InputLayer", "ReLU", "Activation", "Dropout"})


def data_table(splits: Splits) -> Table:
    """Images in each split, and what the pixels are standardised with."""
    sizes = splits.sizes
    mean, std = (", ".join(f"{value:.4f}" for value in values) for values in (splits.mean, splits.std))
    return table(
        ("data set", "training", "validation", "test", "classes", "pixel mean", "pixel s.d."),
        [(splits.info.title, *sizes.values(), len(splits.info.classes), mean, std)],
        caption="Images in each split; mean and standard deviation of the training pixels on a scale from 0 to 1."
        + (f" The data set is not whole: {splits.partial}." if splits.partial else "")
        + (f" Pictures that could not be read and were left out: {len(splits.skipped):,}." if splits.skipped else ""),
        numbers=("training", "validation", "test", "classes", "pixel mean", "pixel s.d."),
    )


def data_of_runs(results: Results) -> Table:
    """The data that the runs learned from, as their records have it: images in each split, and the pixels' statistics.

    So a page is drawn where the data is not; ``data_table`` is for one that shows images.
    """
    rows = []
    for _, record in results.all():
        own, spec = record.data, record.spec
        mean, std = (", ".join(f"{value:.4f}" for value in own[name]) for name in ("mean", "std"))
        rows.append((spec.data_title(), spec.pipeline, *own["sizes"].values(), mean, std))
    partial = dict.fromkeys(filter(None, (record.data.get("partial") for _, record in results.all())))
    columns = ("data set", "pipeline", "training", "validation", "test", "pixel mean", "pixel s.d.")
    return table(
        columns,
        list(dict.fromkeys(rows)),
        caption="Images in each split; mean and standard deviation of the training pixels on a scale from 0 to 1."
        + "".join(f" The data set is not whole: {one}." for one in partial),
        numbers=columns[2:],
    )


def layers_table(rows: Trace, *, title: str) -> Table:
    """A network's layers: shapes, parameters, multiply-adds, receptive fields; folded behind its totals."""
    columns = ("layer", "kind", "output", "parameters", "multiply-adds", "field", "stride")
    shown = [spelled(row) for row in rows if row.kind not in PASSING]
    totals = rows.totals
    return table(
        columns,
        [
            *([row[column] for column in columns] for row in shown),
            ("total", "", "", totals.parameters, spell(totals.multiply_adds), "", ""),
        ],
        caption=f"{title}: {totals.parameters:,} parameters, {spell(totals.multiply_adds)} multiply-adds an image, "
        "layer by layer; receptive field and stride in pixels",
        numbers=columns[2:],
        folded=True,
    )


def score_table(results: Results) -> Table:
    """One row an arm: final scores with n and spread, and what is left of the start in its moving averages."""
    scores = results.scores()
    rows = []
    for label in results.labels:
        own = scores[scores["arm"] == label]
        cells = []
        for split in ("val", "test"):
            cells.append(mean_spread(own[f"{split}_accuracy"], percent=True))
            cells.append(mean_spread(own[f"{split}_loss"], digits=3))
        rows.append((label, len(own), *cells, _left_of_the_start(results, label)))
    columns = ("arm", "n", "validation accuracy", "validation loss", "test accuracy", "test loss", "average’s start")
    return table(columns, rows, caption=f"After the last epoch; {results.basis()}.", numbers=columns[1:])


def _left_of_the_start(results: Results, label: str) -> str:
    """The weight of a batch-norm moving average's initial value after the last step: momentum ** steps."""
    record = next(record for name, record in results.all() if name == label)
    momentum = dict(record.spec.options).get("batchnorm_momentum")
    if momentum is None:
        return "no batch norm"
    steps = record.spec.epochs * math.ceil(record.data["sizes"]["train"] / record.spec.batch_size)
    share = momentum**steps
    return f"{share:.1%}" if share >= 0.001 else "< 0.1%"


def images_table(results: Results) -> Table:
    """The first arm against each other, image by image on the test split, seed by seed: McNemar's exact test.

    It compares two trained networks. What other seeds would give, and so what an architecture gives, it does not know.
    """
    reference, *others = results.labels
    rows = []
    for other, label in enumerate(others, start=1):
        for seed, record in enumerate(results.records[other]):
            test = mcnemar(results.right(0, seed), results.right(other, seed))
            p = "< 0.0001" if test.p < 0.0001 else f"{test.p:.4f}"
            rows.append((label, record.spec.seed, test.only_first, test.only_second, p))
    columns = ("against", "seed", f"only {reference} right", "only the other right", "p of these two networks")
    return table(
        columns,
        rows,
        caption="Test images that only one of two trained networks gets right, and McNemar's exact test of these two "
        "networks. It allows for the choice of images and not for that of seeds, so it says nothing of the two "
        "architectures. The p values are not corrected for their number.",
        numbers=columns[1:],
    )


def show_mistakes(results: Results, *, arm: int, alt: str, caption: str) -> None:
    """Show the test images that an arm's first run got wrong with the most confidence, or why that cannot be shown.

    Of a committed run it may not be kept how sure it was; then the data, which need not be there, is not asked for.
    """
    if "confidence" not in results.predictions(arm):
        show_note("What was kept of this run does not say how sure it was, so that its surest mistakes are not shown.")
    else:
        show(mistakes_figure(results, results.arms[arm].splits(), arm=arm), "mistakes", alt=alt, caption=caption)


def mistakes_figure(results: Results, splits: Splits, *, arm: int) -> Figure:
    """The test images that an arm's first run got wrong with the most confidence."""
    from cnnrepro.report import figures

    test, predictions = splits.examples["test"], results.predictions(arm)
    return figures.mistakes(
        test.images,
        test.labels,
        predictions["predicted"].to_numpy(),
        predictions["confidence"].to_numpy(),
        splits.info.classes,
        title=f"{results.labels[arm]}, seed {results.records[arm][0].spec.seed}",
    )
