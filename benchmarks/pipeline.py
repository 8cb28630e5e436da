"""What our input pipeline gives beside torch's DataLoader, albumentations and Keras's layers: images per second.

    python benchmarks/pipeline.py [--pictures DIR] [--repeats 7] [--images 1024] [--only WORD] [--json FILE]

The work is AlexNet's, per picture: decode the JPEG, short side to 256 pixels antialiased, the 256 x 256 in the middle,
a random window of 224 x 224, mirrored or not, less the mean image there, colour noise, float32, in batches of 128.
Every side is an epoch, from asking for its batches to the last one. Torch, torchvision, simplejpeg and albumentations
run in a DataLoader with 2 workers that persist, each on one thread; the Keras layers in tf.data with AUTOTUNE, as ours.
All give (N, H, W, C). torchvision decodes and resizes, simplejpeg decodes for Pillow to resize.

The JPEGs of DIR (by default the sample of ImageNet among the test data, else pieces of scikit-learn's photographs) are
linked from a temporary folder, again and again up to ``--images``. Before a side is timed its pixels are compared with
ours; if they differ by more than its row in ``TOLERANCES`` allows, the script says so and exits with 1. A ratio above 1
means ours is ahead. A peer that is not installed (`pip install -e .[bench]`) is named and left out.
"""

from __future__ import annotations

import importlib.metadata
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from side_by_side import JsonFile, Pair, Repeats, report

if TYPE_CHECKING:
    from PIL import Image

    from cnnrepro import data

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it would ask the network for a newer version of itself

BATCH, CANVAS, SIZE, WORKERS = 128, 256, 224, 2
VIEWED, ALONE = 64, 4  # pictures

# Grey levels between a peer's centre windows and ours: (mean, greatest); windows at another place differ by 20 or more
# on average. Pillow filters as we do and rounds between its two passes. Keras and albumentations cut at whole pixels:
# where a picture's sides differ by an odd number they lie half a pixel beside the middle, so edges differ. Keras's
# users decode with TensorFlow's quick transform. OpenCV's INTER_AREA averages boxes where we weigh by a triangle.
# torchvision brings the whole picture to whole pixels before it cuts the middle out.
TOLERANCES = {
    "Pillow": (0.5, 1.001),
    "simplejpeg": (0.5, 1.001),
    "torchvision": (4.0, 255.0),
    "OpenCV": (6.0, 255.0),
    "Keras": (4.0, 255.0),
    "memmap": (0.0, 0.001),
}


@dataclass(frozen=True)
class Constants:
    """What the work needs of the training split: mean image (256, 256, 3), principal colours times variances (3, 3)."""

    mean: np.ndarray
    colours: np.ndarray

    @classmethod
    def of(cls, feed: data.Feed) -> Constants:
        told = feed.constants
        return cls(
            told["mean_image"], 255 * (told["directions"] * told["variances"]).T
        )  # α (3,) @ colours: grey levels

    def finish(self, canvas: np.ndarray, top: int, left: int, mirrored: bool, alphas: np.ndarray) -> np.ndarray:
        """The window, mirrored or not, less the mean image there, with its colours moved: (224, 224, 3) float32."""
        window, mean = (image[top : top + SIZE, left : left + SIZE] for image in (canvas, self.mean))
        if mirrored:
            window, mean = window[:, ::-1], mean[:, ::-1]
        pixels = np.empty((SIZE, SIZE, 3), np.float32)
        np.subtract(window, mean, out=pixels)
        pixels += (alphas @ self.colours).astype(np.float32)
        return pixels


def pillow_canvas(path: str) -> np.ndarray:
    """Decoded, and the square in the middle brought to 256 pixels in one call, by Pillow: (256, 256, 3) uint8."""
    from PIL import Image

    with Image.open(path) as picture:
        return to_canvas(picture.convert("RGB"))


def to_canvas(picture: Image.Image) -> np.ndarray:
    """The square in the middle of a picture, brought to 256 pixels in one call, by Pillow: (256, 256, 3) uint8."""
    from PIL import Image

    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(picture.resize((CANVAS, CANVAS), Image.Resampling.BILINEAR, box=box))


@dataclass
class PillowPictures:
    """A map-style data set for torch: Pillow and NumPy."""

    paths: list[str]
    constants: Constants

    def __len__(self) -> int:
        return len(self.paths)

    def canvas(self, index: int) -> np.ndarray:
        return pillow_canvas(self.paths[index])

    def __getitem__(self, index: int):
        import torch

        top, left = torch.randint(CANVAS - SIZE, (2,)).tolist()
        mirrored, alphas = bool(torch.rand(()) < 0.5), 0.1 * torch.randn(3).numpy()
        return torch.from_numpy(self.constants.finish(self.canvas(index), top, left, mirrored, alphas)), index % 2


@dataclass
class SimpleJpegPictures(PillowPictures):
    """The same, decoded by simplejpeg: libjpeg-turbo without a picture object around it."""

    def canvas(self, index: int) -> np.ndarray:
        import simplejpeg
        from PIL import Image

        return to_canvas(Image.fromarray(simplejpeg.decode_jpeg(Path(self.paths[index]).read_bytes())))


@dataclass
class TorchvisionPictures(PillowPictures):
    """The same, decoded and resized by torchvision."""

    def canvas(self, index: int) -> np.ndarray:
        from torchvision.io import ImageReadMode, decode_jpeg, read_file
        from torchvision.transforms.v2.functional import center_crop, resize

        decoded = decode_jpeg(read_file(self.paths[index]), ImageReadMode.RGB)  # (3, H, W) uint8
        return center_crop(resize(decoded, [CANVAS], antialias=True), [CANVAS]).permute(1, 2, 0).numpy()


@dataclass
class MappedPictures(PillowPictures):
    """The same out of the cached form, whose rows are pixels."""

    file: str = ""

    def canvas(self, index: int) -> np.ndarray:
        if not hasattr(self, "_rows"):  # opened in the worker
            self._rows = np.load(self.file, mmap_mode="r")
        return self._rows[index]


@dataclass
class OpenCvPictures(PillowPictures):
    """A map-style data set for torch: OpenCV through albumentations; the mean image goes along as a mask."""

    centre: bool = False

    def _composed(self):
        import albumentations as A
        import cv2

        cv2.setNumThreads(0)
        # INTER_AREA where a picture shrinks: OpenCV's only antialiased filter.
        shrunk = A.SmallestMaxSize(CANVAS, interpolation=cv2.INTER_LINEAR, area_for_downscale="image")
        window = A.CenterCrop(SIZE, SIZE) if self.centre else A.RandomCrop(SIZE, SIZE)
        self._canvas = A.Compose([shrunk, A.CenterCrop(CANVAS, CANVAS)])
        self._window = A.Compose([window, A.HorizontalFlip(p=0.0 if self.centre else 0.5)])

    def __getitem__(self, index: int):
        import cv2
        import torch

        if not hasattr(self, "_window"):  # made in the worker
            self._composed()
        canvas = self._canvas(image=cv2.imread(self.paths[index], cv2.IMREAD_COLOR_RGB))["image"]
        both = self._window(image=canvas, mask=self.constants.mean)
        pixels = np.subtract(both["image"], both["mask"], dtype=np.float32)
        if not self.centre:
            pixels += (0.1 * torch.randn(3).numpy() @ self.constants.colours).astype(np.float32)
        return torch.from_numpy(pixels), index % 2


def loader(pictures: PillowPictures):
    """A torch DataLoader that goes on with its workers from epoch to epoch."""
    from torch.utils.data import DataLoader

    # Not forked: TensorFlow's threads run in this process.
    how = {"num_workers": WORKERS, "persistent_workers": True, "multiprocessing_context": "spawn"}
    return DataLoader(pictures, batch_size=BATCH, shuffle=True, **how)


def keras_epoch(paths: list[str], constants: Constants, *, centre: bool = False):
    """Keras's preprocessing layers in tf.data: images (N, 224, 224, 3) float32, labels."""
    import keras
    import tensorflow as tf

    resizing = keras.layers.Resizing(CANVAS, CANVAS, crop_to_aspect_ratio=True, antialias=True, dtype="float32")
    less_mean = keras.layers.Normalization(axis=(0, 1, 2), mean=constants.mean, variance=np.ones_like(constants.mean))
    crop = (keras.layers.CenterCrop if centre else keras.layers.RandomCrop)(SIZE, SIZE)
    flip = keras.layers.RandomFlip("horizontal")
    colours = tf.constant(constants.colours, tf.float32)

    def one(path, label):  # by itself: on a batch RandomCrop would cut all pictures at one place
        pixels = less_mean(resizing(tf.io.decode_jpeg(tf.io.read_file(path), channels=3)))
        return crop(pixels, training=not centre), label

    def many(images, labels):
        if centre:
            return images, labels
        shifts = 0.1 * tf.random.normal((tf.shape(images)[0], 1, 1, 3)) @ colours
        return flip(images, training=True) + shifts, labels

    order = np.arange(len(paths)) if centre else np.random.default_rng().permutation(len(paths))
    found = tf.data.Dataset.from_tensor_slices((np.array(paths)[order], order % 2))
    found = found.map(one, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH)
    return found.map(many, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def rate(count: int, epoch: Callable[[], Iterable]) -> float:
    """Images/s of an epoch, from asking for it to its last batch."""
    began = time.perf_counter()
    seen = sum(len(labels) for _, labels in epoch())
    seconds = time.perf_counter() - began
    if seen != count:
        raise SystemExit(f"An epoch of {count} pictures gave {seen}; the rows would mean nothing.")
    return count / seconds


def ours(feed: data.Feed) -> Callable[[], float]:
    """Images/s of our epochs, each with draws of its own."""
    epochs = iter(range(10**9))
    count = feed.splits.sizes["train"]
    return lambda: rate(count, lambda: feed.batches("train", BATCH, seed=0, epoch=next(epochs)))


def require_near(name: str, theirs: np.ndarray, mine: np.ndarray) -> None:
    """Leave with a sentence where a peer's pixels are not those that are measured here."""
    far = np.abs(theirs.astype(np.float64) - mine)
    mean, most = far.mean(), far.max()
    allowed = TOLERANCES[name]
    print(
        f"{name}: centre windows differ from ours by {mean:.3f} grey levels on average, {most:.2f} at most", flush=True
    )
    if theirs.shape != mine.shape or mean > allowed[0] or most > allowed[1]:
        raise SystemExit(
            f"{name} gives other pixels than ours (allowed: mean and greatest {allowed}); nothing was timed."
        )


def jpegs(folder: Path | None, made: Path) -> list[Path]:
    """The JPEGs of a folder, of the test data, or cut from scikit-learn's photographs."""
    test_data = os.environ.get("CNNREPRO_TEST_DATA")
    root = Path(test_data) if test_data else Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = folder or root / "imagenet_sample"
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    return found or cut_jpegs(made, 64)


def cut_jpegs(folder: Path, count: int, width: int = 500, height: int = 375) -> list[Path]:
    """Pieces of scikit-learn's two photographs, ``count`` of them, as JPEGs."""
    from PIL import Image

    from cnnrepro import data

    random, paths = np.random.default_rng(0), []
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        whole = data.photograph(list(data.PHOTOGRAPHS)[number % 2])
        top, left = (random.integers(0, spare + 1) for spare in (whole.shape[0] - height, whole.shape[1] - width))
        paths.append(folder / f"{number:04}.jpg")
        Image.fromarray(whole[top : top + height, left : left + width]).save(paths[-1], quality=92)
    return paths


def linked(pictures: list[Path], images: int, folder: Path) -> str:
    """A folder of train, validation and test with two classes, all links; the name of the data set."""
    for split, count in (("train", images), ("validation", 2), ("test", 2)):
        for label in "ab":
            (folder / split / label).mkdir(parents=True)
        for number in range(count):
            target = pictures[number % len(pictures)].resolve()
            (folder / split / "ab"[number % 2] / f"{number:05}{target.suffix}").symlink_to(target)
    return f"folder:{folder}"


def first(epoch: Iterable) -> np.ndarray:
    """The images of the first batch."""
    return np.asarray(next(iter(epoch))[0])


def train_paths(splits: data.Splits) -> list[str]:
    """The files of the training split of streamed pictures, in its order."""
    streamed = splits.examples["train"].images
    folder, names = Path(streamed.source.title), streamed.source.names
    return [str((folder / names[position]).resolve()) for position in streamed.positions]


# From JPEGs: the name of the row of TOLERANCES, its pictures, what the row is called, what must be installed.
LOADED = (
    ("Pillow", PillowPictures, "Pillow", ("torch",)),
    ("torchvision", TorchvisionPictures, "torchvision", ("torch", "torchvision")),
    ("simplejpeg", SimpleJpegPictures, "simplejpeg and Pillow", ("torch", "simplejpeg")),
    ("OpenCV", OpenCvPictures, "albumentations on OpenCV", ("torch", "albumentations", "opencv-python-headless")),
)


def missing(needs: Iterable[str]) -> list[str]:
    """Which of these distributions are not installed."""
    found = []
    for name in needs:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found.append(name)
    return found


def loaded_here() -> tuple[list[tuple], dict[str, str]]:
    """The rows of ``LOADED`` that can be measured here, and why the others are left out."""
    lacking = {title: missing(needs) for _, _, title, needs in LOADED}
    left_out = {title: f"{', '.join(names)} not installed" for title, names in lacking.items() if names}
    return [row for row in LOADED if row[2] not in left_out], left_out


def check(feed: data.Feed, paths: list[str], constants: Constants, cached: Path) -> None:
    """Compare every side's centre windows of the first pictures with ours."""
    mine = first(feed.batches("train", BATCH))
    middle = {"top": 16, "left": 16, "mirrored": False, "alphas": np.zeros(3, np.float32)}
    count = len(mine)
    sides = {name: pictures(paths, constants) for name, pictures, *_ in loaded_here()[0]}
    sides["memmap"] = MappedPictures(paths, constants, file=str(cached))
    for name, pictures in sides.items():
        if name == "OpenCV":  # cuts its windows itself
            pictures.centre = True
            theirs = [pictures[index][0].numpy() for index in range(count)]
        else:
            theirs = [constants.finish(pictures.canvas(index), **middle) for index in range(count)]
        require_near(name, np.stack(theirs), mine)
    require_near("Keras", first(keras_epoch(paths, constants, centre=True)), mine)


def stream_pairs(feed: data.Feed, paths: list[str], constants: Constants) -> Iterator[Pair]:
    """From JPEGs: against each decoder in a DataLoader, and Keras."""
    peers = {
        f"torch DataLoader, {title}, 2 workers": partial(iter, loader(pictures(paths, constants)))
        for _, pictures, title, _ in loaded_here()[0]
    }
    peers["Keras layers in tf.data"] = lambda: keras_epoch(paths, constants)
    for name, epoch in peers.items():
        yield Pair("JPEG to AlexNet batch, images/s", name, ours(feed), partial(rate, len(paths), epoch))


def cached_pairs(feed: data.Feed, paths: list[str], constants: Constants, cached: Path) -> Iterator[Pair]:
    """From the cached form: against Pillow from JPEGs, and against torch from the same file."""
    if missing(("torch",)):
        return
    peers = {
        "torch DataLoader from JPEG, Pillow, 2 workers": PillowPictures(paths, constants),
        "torch DataLoader over the same memmap, 2 workers": MappedPictures(paths, constants, file=str(cached)),
    }
    for name, pictures in peers.items():
        peer = partial(rate, len(paths), partial(iter, loader(pictures)))
        yield Pair("cached form to AlexNet batch, images/s", name, ours(feed), peer)


def warm(pair: Pair) -> Pair:
    """Both sides once, uncounted: workers start, functions are traced, files come into memory."""
    pair.ours(), pair.peer()
    return pair


def crop_pairs(model: str, feed: data.Feed) -> Iterator[Pair]:
    """Ten views of 64 pictures in one model, against crops cut in NumPy that are predicted apart.

    Two peers: a call of predict for each crop of each picture (of ``ALONE`` pictures, as it takes long), which is what
    most write, and ten calls, each with one crop of all pictures.
    """
    from cnnrepro import models
    from cnnrepro.layers.augmentation import five_places

    stored = np.asarray(feed.splits.examples["train"].images[:VIEWED])
    network = models.build(model, feed.input_shape, 1000)
    viewer, mean, size = feed.viewing(network), feed.constants["mean_image"], feed.size
    batch = max(1, BATCH // feed.pipeline.views)  # pictures at once, as training.testing has it

    def in_one_pass(images: np.ndarray) -> np.ndarray:
        return viewer.predict(images, batch_size=batch, verbose=0)

    def view_by_view(images: np.ndarray) -> np.ndarray:
        found = []
        for mirrored in (False, True):
            for top, left in five_places(images.shape[1], size):
                rows, columns = slice(top, top + size), slice(left, left + size)
                seen = images[:, rows, columns].astype(np.float32) - mean[rows, columns]
                found.append(network.predict(seen[:, :, ::-1] if mirrored else seen, verbose=0))
        return np.stack(found, axis=1)

    def crop_by_crop(images: np.ndarray) -> np.ndarray:
        return np.concatenate([view_by_view(images[number : number + 1]) for number in range(len(images))])

    ours = in_one_pass(stored)
    for theirs in (view_by_view(stored), crop_by_crop(stored[:ALONE])):
        if not np.allclose(ours[: len(theirs)], theirs, rtol=1e-3, atol=1e-3):
            raise SystemExit(f"The ten views of {model} give other logits in one pass than apart; nothing was timed.")

    def timed(work: Callable[[np.ndarray], Any], images: np.ndarray) -> Callable[[], float]:
        def images_per_second() -> float:
            began = time.perf_counter()
            work(images)
            return len(images) / (time.perf_counter() - began)

        return images_per_second

    row = f"ten views of a picture, {model} at {size}, pictures/s"
    mine = timed(in_one_pass, stored)
    yield Pair(row, "a call of predict for each crop", mine, timed(crop_by_crop, stored[:ALONE]))
    yield Pair(row, f"10 calls for {VIEWED} pictures", mine, timed(view_by_view, stored))


def stages(feed: data.Feed, cached: data.Feed, paths: list[str], repeats: int) -> dict[str, float]:
    """Images/s of each of our stages alone on all cores, medians: where the time of a row goes."""
    import tensorflow as tf

    from cnnrepro.data.folder.canvas import decode_plain, to_canvas

    auto, some, few = tf.data.AUTOTUNE, 256, 64
    encoded = tf.data.Dataset.from_tensor_slices([Path(path).read_bytes() for path in paths[:some]])
    pictures = tf.ragged.stack([tf.reshape(decode_plain(data), (-1,)) for data in encoded.take(few)])
    shapes = [tf.shape(decode_plain(data)) for data in encoded.take(few)]
    decoded = tf.data.Dataset.range(some).map(lambda n: tf.reshape(pictures[n % few], tf.stack(shapes)[n % few]))
    images = tf.cast(tf.random.uniform((BATCH, CANVAS, CANVAS, 3), 0, 256, tf.int32), tf.uint8)
    numbers = tf.range(BATCH)
    drawn = {"top": numbers % 32, "left": numbers % 32, "mirrored": numbers % 2 == 0, "alphas": tf.zeros((BATCH, 3))}

    def augmented(_):
        return feed._augmented(images, (drawn, numbers))[0]

    work = {
        "decoding": (some, encoded.map(decode_plain, num_parallel_calls=auto)),
        "resizing": (some, decoded.map(lambda picture: to_canvas(picture, CANVAS), num_parallel_calls=auto)),
        "augmenting": (4 * BATCH, tf.data.Dataset.range(4).map(augmented, num_parallel_calls=auto)),
        "reading the cached form": (cached.splits.sizes["train"], cached.stored("train", BATCH)),
    }

    def once(count: int, dataset: Any) -> float:
        began = time.perf_counter()
        int(dataset.reduce(0, lambda total, pixels: total + tf.cast(tf.reshape(pixels, (-1,))[0], tf.int32)))
        return count / (time.perf_counter() - began)

    return {name: statistics.median([once(*task) for _ in range(repeats + 1)][1:]) for name, task in work.items()}


def peer_stages(paths: list[str], constants: Constants) -> dict[str, float]:
    """Images/s of the peers' stages alone, on one core; the two workers give at most twice that."""
    from PIL import Image

    paths = paths[:64]
    canvas = pillow_canvas(paths[0])
    work: dict[str, Callable[[int], Any]] = {
        "Pillow decoding": lambda n: Image.open(paths[n]).convert("RGB"),
        "Pillow decoding and resizing": lambda n: pillow_canvas(paths[n]),
        "NumPy augmenting": lambda n: constants.finish(canvas, n % 32, n % 32, n % 2 == 0, np.zeros(3, np.float32)),
    }
    if not missing(("opencv-python-headless",)):
        import cv2

        cv2.setNumThreads(0)
        decoded = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
        work["OpenCV decoding"] = lambda n: cv2.imread(paths[n], cv2.IMREAD_COLOR_RGB)
        work["OpenCV resizing"] = lambda n: cv2.resize(decoded[n], (341, 256), interpolation=cv2.INTER_AREA)
    if not missing(("simplejpeg",)):
        import simplejpeg

        work["simplejpeg decoding"] = lambda n: simplejpeg.decode_jpeg(Path(paths[n]).read_bytes())
    if not missing(("torchvision",)):
        from torchvision.io import decode_jpeg, read_file

        work["torchvision decoding"] = lambda n: decode_jpeg(read_file(paths[n]))
    found = {}
    for name, one in work.items():
        began = time.perf_counter()
        for number in range(len(paths)):
            one(number)
        found[name] = len(paths) / (time.perf_counter() - began)
    return found


def told_limits(ours_alone: dict[str, float], peers_alone: dict[str, float]) -> None:
    """Print what each stage gives alone, and its share of the work from a JPEG."""
    streamed = {name: 1 / ours_alone[name] for name in ("decoding", "resizing", "augmenting")}
    whole = sum(streamed.values())
    shares = ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in streamed.items())
    print(f"From a JPEG our stages add up to {1 / whole:.0f} images/s: {shares}")
    for title, alone in (("ours, all cores", ours_alone), ("peers', one core", peers_alone)):
        print(f"Stages alone, images/s, {title}: " + ", ".join(f"{name} {value:.0f}" for name, value in alone.items()))


def main(
    repeats: Repeats = 7,
    json_file: JsonFile = None,
    pictures: Annotated[
        Path | None, typer.Option(help="A folder of JPEGs, looked through with its sub-folders.")
    ] = None,
    images: Annotated[int, typer.Option(min=2 * BATCH, help="Images an epoch.")] = 1024,
    only: Annotated[str, typer.Option(help="Rows whose name or peer has this word.")] = "",
) -> None:
    """Measure and print."""
    if not missing(("torchvision",)):
        import torchvision  # noqa: F401 - it loads Triton, which crashes where TensorFlow was there before

    from cnnrepro import data

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        name = linked(jpegs(pictures, folder / "made"), images, folder / "linked")
        alexnet = data.pipeline("alexnet-2012")

        def feed(cache: str, canvas: int = CANVAS) -> data.Feed:
            return data.Feed(data.load(name, canvas=canvas, cache=cache, pictures=folder / "cache"), alexnet)

        streamed, cached = feed("none"), feed("disk")
        paths, constants = train_paths(streamed.splits), Constants.of(streamed)
        # Rows of the file in the order of the training split, for the peer.
        stored, mapped = cached.splits.examples["train"].images, folder / "train.npy"
        np.save(mapped, stored[:])
        left_out = loaded_here()[1]
        for peer, reason in left_out.items():
            print(f"left out: {peer}: {reason}")
        check(streamed, paths, constants, mapped)

        def pairs() -> Iterator[Pair]:
            yield from stream_pairs(streamed, paths, constants)
            yield from cached_pairs(cached, paths, constants, mapped)
            if only in "ten views of a picture":
                yield from crop_pairs("alexnet_small", feed("memory", 32))
                yield from crop_pairs("alexnet_one_tower", cached)

        wanted = (warm(pair) for pair in pairs() if only in f"{pair.row}, {pair.peer_name}")
        report(wanted, repeats, json_file, left_out={"from JPEG": left_out} if left_out else {})
        told_limits(stages(streamed, cached, paths, 3), peer_stages(paths, constants))


if __name__ == "__main__":
    typer.run(main)
