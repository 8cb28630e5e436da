"""How fast networks are trained: ours beside plain Keras, PyTorch eager and compiled, and Keras on JAX; images/s.

    python benchmarks/training.py [--row NAME]… [--arm NAME]… [--precision NAME]… [--repeats 7] [--json FILE]

- Ours is ``cnnrepro.train``, its pipeline included (uint8 images in memory, shuffled, gathered and standardised by
  tf.data), with validation and test on 8 images, which are not timed. The others have standardised float32 arrays in
  memory: Keras ``fit`` on the same network of Keras's own layers; PyTorch channels last, with autocast and fused Adam
  (``torch_networks.py``), eager and through ``torch.compile``; Keras on JAX, compiled. All shuffle, all train with
  Adam, all compute on the processor. Rows of 28 x 28 take digits, the others random numbers as images: what is in a
  picture makes no difference to the time.
- First every arm trains a few steps in float32 without dropout, from the same weights on the same batches. A row
  whose losses or parameters differ by more than rounding is refused, and the exit status is 1.
- Each arm then has a process of its own, one after the other, again and again (``--repeats``). A process trains an
  epoch that is not timed (tracing, compilation) and two that are, of which the faster counts.
- A peer that is far behind the fastest one after its first repeats (``FAR_BEHIND``) is not timed again; what was
  measured until then is told.
- A row's peer is the one with the greatest median; its ratio is that of the two within a repeat: median and quartiles.
  Above 1 ours is ahead.
- MFU: multiply-adds of ``cnnrepro.anatomy`` · 2 · 3 (forward, and backward to inputs and to weights) · images/s over
  the FLOP/s of a product of two square matrices in the same precision, the faster of TensorFlow's and PyTorch's,
  measured before a row and after it; the faster counts.

An arm whose library is not installed (``pip install -e .[bench,jax]``), or that fails, is named and left out.
"""

from __future__ import annotations

import importlib.metadata
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from side_by_side import JsonFile, Repeats, about, compared, quartiles, write
from training_arm import ARMS, Job

STEPS = 3  # whose losses are compared
# Of the loss. The first is that of the same weights and differs by rounding alone; behind a step of Adam, which is as
# long for a gradient that is rounding as for any other, it may be further off (AlexNet in PyTorch: 0.2 % at step 3).
FIRST_LOSS, LATER_LOSSES = 1e-4, 5e-3
PRECISIONS = ("float32", "mixed_bfloat16")
LONGEST = 300  # seconds an arm may take; some quarter of a minute is usual
# Of the fastest peer's best repeat, a peer's best: after one repeat, and after two or more. Repeats of one arm differ
# by a tenth, and now and then one is lost to what else the machine does.
FAR_BEHIND = (0.6, 0.85)
PASSES = 3  # forward, backward to the inputs, backward to the weights


@dataclass(frozen=True)
class Row:
    """A network that is trained.

    Args:
        title: for people.
        model: its name.
        dataset: the data set that has images of this kind and so many classes.
        input_shape: height, width and channels.
        classes, batch: their number; images a step.
        steps: of an epoch; some two seconds on two cores.
    """

    title: str
    model: str
    dataset: str
    input_shape: tuple[int, int, int]
    classes: int
    batch: int
    steps: int


ROWS: dict[str, Row] = {
    "alexnet_small": Row("AlexNet, small", "alexnet_small", "mnist_5k", (28, 28, 1), 10, 128, 4),
    "resnet20": Row("ResNet-20", "resnet20", "mnist_5k", (28, 28, 1), 10, 128, 12),
    "lenet5": Row("LeNet-5, modern", "lenet5_modern", "mnist_5k", (28, 28, 1), 10, 128, 160),
    "alexnet": Row("AlexNet of 2012", "alexnet", "imagenet2012", (227, 227, 3), 1000, 32, 3),
    "googlenet_small": Row("GoogLeNet, small", "googlenet_small", "cifar10", (32, 32, 3), 10, 128, 3),
    "resnet18": Row("ResNet-18", "resnet18", "imagenet2012", (64, 64, 3), 1000, 64, 5),
}

Found = dict[str, list[float]]  # by arm, a value a repeat


class Refused(Exception):
    """A row that would compare unequal things."""


class ArmFailed(Exception):
    """An arm's process ended with an error; the text is its last line."""


def run_arm(arm: str, job: Job, folder: Path) -> dict:
    """What an arm finds, in a fresh process; raises ArmFailed where it fails or goes on for too long."""
    script = Path(__file__).with_name("training_arm.py")
    command = [sys.executable, str(script), arm, str(job.write(folder / "job.json"))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        raise ArmFailed(f"not done after {LONGEST} seconds") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ArmFailed(lines[-1])
    return json.loads(done.stdout.splitlines()[-1])


def require_equal(losses: Mapping[str, Sequence[float]], parameters: Mapping[str, int]) -> None:
    """Refuse a row whose arms train other networks: "ours" is what the others are held against.

    Raises:
        Refused: says which arm, and how far.
    """
    for arm, theirs in losses.items():
        if parameters[arm] != parameters["ours"]:
            raise Refused(f"{arm} has {parameters[arm]:,} parameters, ours {parameters['ours']:,}")
        for step, (loss, mine) in enumerate(zip(theirs, losses["ours"], strict=True), start=1):
            allowed = (LATER_LOSSES if step > 1 else FIRST_LOSS) * abs(mine)
            if not abs(loss - mine) <= allowed:  # also where one is no number
                raise Refused(f"the loss of step {step} is {loss:.6f} with {arm} and {mine:.6f} with ours")


def images_of(row: Row, path: Path) -> Path:
    """Write the images that every arm trains on: digits where they fit, else random numbers."""
    random, count = np.random.default_rng(0), row.batch * row.steps
    if row.dataset == "mnist_5k":
        from cnnrepro import data

        images, labels = data.arrays(data.load("mnist_5k"), "train")
        images, labels = np.resize(images, (count, *row.input_shape)), np.resize(labels, count)  # again and again
    else:
        images = random.integers(0, 256, (count, *row.input_shape), np.uint8)
        labels = random.integers(0, row.classes, count)
    share = images[:256] / 255
    np.savez(path, images=images, labels=labels, mean=share.mean((0, 1, 2)), std=share.std((0, 1, 2)))
    return path


def installed(arms: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The arms whose library is there, and why the others are left out."""
    there, left_out = [], {}
    for arm in arms:
        try:
            importlib.metadata.version(ARMS[arm].needs)
            there.append(arm)
        except importlib.metadata.PackageNotFoundError:
            left_out[arm] = f"{ARMS[arm].needs} is not installed"
    return there, left_out


def without(arm: str, reason: str, left_out: dict[str, str]) -> None:
    """Leave an arm out of a row, and say so; without ours there is no row."""
    if arm == "ours":
        raise Refused(f"ours failed: {reason}")
    left_out[arm] = reason
    print(f"  left out: {ARMS[arm].title}: {reason}", flush=True)


def matching(arms: Sequence[str], job: Job, folder: Path, left_out: dict[str, str]) -> list[str]:
    """The arms that can train a row, once their losses are seen to be equal; raises Refused where they are not."""
    losses, parameters = {}, {}
    for arm in arms:
        try:
            found = run_arm(arm, job, folder)
        except ArmFailed as error:
            without(arm, str(error), left_out)
            continue
        losses[arm], parameters[arm] = found["losses"], found["parameters"]
    require_equal(losses, parameters)
    return list(losses)


def product_rate(arms: Sequence[str], precision: str, folder: Path) -> float:
    """FLOP/s of the machine's own matrix product: the fastest of the libraries that are measured."""
    job = Job(precision=precision, product=True)
    return max(run_arm(arm, job, folder)["flops"] for arm in arms if ARMS[arm].product)


def training_flops(row: Row) -> int:
    """Of an image: every multiply-add is two, and there are three passes."""
    from cnnrepro import anatomy, models

    traced = anatomy.trace(models.outline(row.model, row.input_shape, row.classes))
    return 2 * PASSES * sum(one.multiply_adds for one in traced if isinstance(one.multiply_adds, int))


def speeds(arms: Sequence[str], job: Job, repeats: int, folder: Path, left_out: dict[str, str]) -> Found:
    """Images/s of each arm, a value a repeat: one arm after the other, then again; fewer values of those far behind."""
    found: Found = {arm: [] for arm in arms}
    for repeat in range(repeats):
        for arm in contenders(found, repeat):
            try:
                found[arm].append(max(run_arm(arm, job, folder)["images_per_second"]))
            except ArmFailed as error:
                del found[arm]
                without(arm, str(error), left_out)
    return found


def contenders(found: Found, repeats: int) -> list[str]:
    """Ours, and the peers that may be the fastest, after so many repeats."""
    if not repeats:
        return list(found)
    best = {arm: max(values) for arm, values in found.items()}
    fastest = max((value for arm, value in best.items() if arm != "ours"), default=0.0)
    least = FAR_BEHIND[min(repeats, len(FAR_BEHIND)) - 1] * fastest
    return [arm for arm, values in found.items() if arm == "ours" or (len(values) == repeats and best[arm] >= least)]


def result(row: Row, precision: str, found: Found, products: Sequence[float], flops: int) -> dict:
    """A row of the results.

    Args:
        row, precision: what was trained.
        found: images/s by arm.
        products: FLOP/s of the matrix product, before and after.
        flops: of an image.
    """
    mfu = {arm: statistics.median(values) * flops / max(products) for arm, values in found.items()}
    repeats = len(found["ours"])
    peers = {arm: values for arm, values in found.items() if arm != "ours" and len(values) == repeats}
    alone = {"ours": statistics.median(found["ours"]), "peer": None, "peer_name": None, "ratio": None, "spread": None}
    whole = compared(found["ours"], peers) if peers else alone
    best = whole["peer_name"]
    arms = {
        arm: {
            "title": ARMS[arm].title,
            "images_per_second": statistics.median(values),
            "quartiles": quartiles(values),
            "values": values,
            "mfu": mfu[arm],
        }
        for arm, values in found.items()
    }
    size = "x".join(map(str, row.input_shape))
    return {
        "row": f"{row.title}, {size}, batch {row.batch}, {precision.removeprefix('mixed_')}, training images/s",
        "title": row.title,
        "precision": precision,
        **whole,
        "peer_name": ARMS[best].title if best else None,
        "mfu": {"ours": mfu["ours"], "peer": mfu.get(best)},
        "product_flops": list(products),
        "training_flops_an_image": flops,
        "arms": arms,
    }


def lines(row: Mapping, repeats: int) -> Iterator[str]:
    """A row in words."""
    before, after = (value / 1e9 for value in row["product_flops"])
    yield f"  matrix product: {before:.0f} GFLOP/s before, {after:.0f} after"
    for arm in row["arms"].values():
        low, high = arm["quartiles"]
        spread = f"{low:,.0f} to {high:,.0f}"
        if len(arm["values"]) < repeats:
            spread = f"{len(arm['values'])} of {repeats} repeats: far behind"
        told = f"{arm['images_per_second']:9,.0f} images/s ({spread}), MFU {arm['mfu']:.2f}"
        yield f"  {arm['title']:24}{told}"
    if row["ratio"] is not None:
        low, high = row["spread"]
        yield (
            f"  ratio {row['ratio']:.2f} over {row['peer_name']}, quartiles {low:.2f} and {high:.2f} of {repeats} "
            "repeats"
        )


def chosen(names: Sequence[str] | None, known: Sequence[str], kind: str) -> list[str]:
    """The names that were given, or all."""
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"unknown {kind} {name!r}; known are {', '.join(known)}")
    return [name for name in known if not names or name in names]


def main(
    row: Annotated[list[str] | None, typer.Option(help=f"Some of {', '.join(ROWS)}; all by default.")] = None,
    arm: Annotated[list[str] | None, typer.Option(help=f"Some of {', '.join(ARMS)}; ours is always there.")] = None,
    precision: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(PRECISIONS)}; both by default.")] = None,
    repeats: Repeats = 7,
    json_file: JsonFile = None,
) -> None:
    """Measure and print."""
    rows, precisions = chosen(row, list(ROWS), "row"), chosen(precision, PRECISIONS, "precision")
    arms, not_there = installed(chosen([*arm, "ours"] if arm else None, list(ARMS), "arm"))
    facts = about(repeats, left_out={})
    print(f"{facts['machine']}; {facts['versions']}")
    for name, reason in not_there.items():
        print(f"left out of all rows: {ARMS[name].title}: {reason}")
    found, refused = [], {}
    for name in rows:
        with tempfile.TemporaryDirectory(prefix="cnnrepro-bench-") as temporary:
            folder, left_out = Path(temporary), dict(not_there)
            try:
                found += measured(ROWS[name], arms, precisions, repeats, folder, left_out)
            except (Refused, ArmFailed) as error:
                refused[name] = str(error)
                print(f"  REFUSED: {error}. Nothing is said of {ROWS[name].title}.", flush=True)
            facts["left_out"][name] = left_out
        write(json_file, found, facts | {"refused": refused})  # row by row: all of them take an hour
    if refused:
        raise SystemExit(1)


def measured(
    row: Row, arms: Sequence[str], precisions: Sequence[str], repeats: int, folder: Path, left_out: dict[str, str]
) -> list[dict]:
    """The results of a row, one for each precision, printed as they come."""
    print(f"{row.title}, batch {row.batch}: the losses of {STEPS} steps", flush=True)
    images = str(images_of(row, folder / "images.npz"))
    job = Job(row.model, row.dataset, row.classes, row.batch, "float32", images)
    first = Job(**vars(job) | {"steps": STEPS, "weights": str(folder / "weights.npz")})
    arms = matching(arms, first, folder, left_out)
    print(f"  equal to rounding: {', '.join(arms)}", flush=True)
    flops, results = training_flops(row), []
    for precision in precisions:
        before = product_rate(arms, precision, folder)
        timed = Job(**vars(job) | {"precision": precision})
        found = speeds([arm for arm in arms if arm not in left_out], timed, repeats, folder, left_out)
        after = product_rate(arms, precision, folder)
        results.append(result(row, precision, found, (before, after), flops))
        print(results[-1]["row"])
        for line in lines(results[-1], repeats):
            print(line, flush=True)
    return results


if __name__ == "__main__":
    typer.run(main)
