"""prepare: from downloaded files, or from the network, through tensorflow-datasets into the data folder.

Everything happens in a folder of its own, ``<data>/.cnnrepro-<name>-…``, which is removed in every case; the prepared
data set is moved to its place when it is whole. The files are copied or downloaded there, since TFDS compares SHA-256
of the files in its ``manual_dir`` and trusts its download folder. As it extracts to "GZIP.<file name>" and takes what
already lies there, and MNIST and Fashion-MNIST share their file names, each preparation has an ``extract_dir`` of its
own. A lock sees to it that two processes prepare a data set once.
"""

from __future__ import annotations

import contextlib
import io
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cnnrepro import paths
from cnnrepro.data import embedded, tf_helpers
from cnnrepro.data.catalogue import DatasetInfo
from cnnrepro.data.catalogue import info as info_of
from cnnrepro.data.tfds import cifar10, mnist_forms
from cnnrepro.data.tfds.download import download, reason, why_unreachable
from cnnrepro.data.tfds.published_files import KnownFile, examine, known_files, locate
from cnnrepro.data.tfds.read_prepared import damaged, data_root, is_whole, prepared_folder
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.stderr import say_line
from cnnrepro.waiting import held_lock

FILE_FORMAT = "array_record"  # of photographs: it gives any of them at once; TFRecord is read from its beginning

_LOCK_LIMIT = 900.0  # seconds to wait for another process that prepares the same data set
_SWEEP_LIMIT = 10.0  # seconds in which a scratch folder must be gone
_QUIET = 0.3  # seconds without one after which no thread of TFDS is thought to begin another

log = logging.getLogger(__name__)


def prepare(
    name: str, *, source: Path | str | None = None, data_dir: Path | str | None = None, partial: bool = False
) -> Path:
    """Make a data set ready to load. Returns at once where it is.

    Args:
        name: the data set.
        source: a folder with the files as they were published; None downloads them.
        data_dir: the folder of prepared data; by default ``paths.data_dir()``.
        partial: of CIFAR-10's six original files, take those there are.

    Returns:
        The prepared folder; for an embedded data set, the file it is read from.

    Raises:
        UsageError: unknown name, ``source`` lacks files, or the data folder cannot be written.
        WorkFailed: no network (within seconds), a damaged file, a full disk. Nothing half-prepared is left.
    """
    info = info_of(name)
    if partial and (name != cifar10.NAME or source is None):
        raise UsageError(f"--partial goes with cifar10 --from DIR, a folder with some of its files. Received: {name!r}")
    if info.kind == "folder":
        raise UsageError(f"A folder of pictures needs no preparing; train on it with --dataset {name}.")
    if info.embedded:
        if source is not None:
            raise UsageError(f"Data set {name!r} is embedded and needs no files; leave --from out.")
        return embedded.digits_file()
    folder = prepared_folder(info, data_dir)
    if is_whole(info, folder):
        log.info("%s is already prepared in %s", name, folder)
        return folder
    if name == cifar10.NAME and (originals := _original_files(info, source, data_dir, partial)):
        return originals
    contents = None
    if name == mnist_forms.NAME:
        if kept := _digits_of_a_table(info, source, data_dir):
            return kept
        contents = mnist_forms.whole(Path(source).expanduser()) if source is not None and not _lies_in(source) else None
    # Not ours to remove: it may hold something else. (Asked again, as another process may just have moved it there.)
    if folder.exists() and not is_whole(info, folder):
        raise WorkFailed(damaged(info, folder, "files are missing or empty"))
    files = known_files(info.tfds_name)
    if source is not None:
        source = _located(info, Path(source).expanduser(), files) if contents is None else source
    elif why := why_unreachable(files[0]):
        raise WorkFailed(_what_to_do(info, folder, files, f"{files[0].url} cannot be reached ({why})"))
    with _alone(info, data_root(data_dir)) as root:
        if is_whole(info, folder):
            log.info("%s was prepared by another process in %s", name, folder)
            return folder
        scratch = Path(tempfile.mkdtemp(prefix=f".cnnrepro-{name}-", dir=root))
        manual = scratch / "manual"
        manual.mkdir()
        own_files: Sequence[KnownFile] = ()
        if contents is not None:
            own_files = mnist_forms.write_packed(contents, files, manual)
        elif source is not None:
            _bring(info, files, source, manual)
        elif why := _download(files, manual):
            raise WorkFailed(_what_to_do(info, folder, files, f"the download failed ({why})"))
        prepared = run_tfds(info, scratch, own_files) if own_files else run_tfds(info, scratch)
        folder.parent.mkdir(parents=True, exist_ok=True)
        prepared.rename(folder)
    log.info("%s is prepared in %s", name, folder)
    return folder


def _original_files(
    info: DatasetInfo, source: Path | str | None, data_dir: Path | str | None, partial: bool
) -> Path | None:
    """The folder of CIFAR-10's original files, prepared from ``source`` where they lie there; None without them."""
    root = data_root(data_dir)
    place = root / cifar10.FOLDER_NAME
    status = cifar10.status(root)
    if status == "prepared" or (source is None and status != "absent"):  # whoever loads takes what there is
        return place
    if source is None:
        if cifar10.held(root):
            raise WorkFailed(cifar10.damaged(root))
        return None
    originals = cifar10.lies_in(Path(source).expanduser())
    if originals is None:  # perhaps the archive that TFDS knows
        return None
    with _alone(info, root):
        if cifar10.status(root) == "prepared":  # by another process
            return place
        return cifar10.stage(originals, root, partial=partial)


def _lies_in(source: Path | str) -> bool:
    """Whether a folder, or one directly in it, has all the files that TFDS knows of MNIST, whatever is in them."""
    folder = Path(source).expanduser()
    places = [folder, *folder.iterdir()] if folder.is_dir() else []
    return any(all((place / f"{name}.gz").is_file() for name in mnist_forms.UNPACKED) for place in places)


def _digits_of_a_table(info: DatasetInfo, source: Path | str | None, data_dir: Path | str | None) -> Path | None:
    """The folder of digits that come from a table without a known checksum; None where there is a better source."""
    root = data_root(data_dir)
    if source is None:
        return root / mnist_forms.FOLDER_NAME if mnist_forms.partly(root) else None
    folder = Path(source).expanduser()
    table = mnist_forms.table_in(folder)
    if table is None or _lies_in(folder) or mnist_forms.whole(folder) is not None:
        return None
    with _alone(info, root):
        kept = mnist_forms.stage(table, root)
    say_line(f"cnnrepro: {info.name}: {mnist_forms.partly(root)}. Records and pages say so.")
    return kept


def _located(info: DatasetInfo, source: Path, files: Sequence[KnownFile]) -> Path:
    """The folder with the files that TFDS knows; of CIFAR-10 the error names the original ones, too."""
    try:
        return locate(info.name, source, files)
    except UsageError as error:
        if info.name == mnist_forms.NAME:
            raise UsageError(f"{error} Other forms do as well: {mnist_forms.FORMS}.") from error
        if info.name != cifar10.NAME:
            raise
        raise UsageError(f"{error} Its original files do as well: {', '.join(cifar10.FILES)}.") from error


def run_tfds(info: DatasetInfo, scratch: Path, own_files: Sequence[KnownFile] = ()) -> Path:
    """Let tensorflow-datasets prepare a data set inside ``scratch``, with its own comparison of checksums.

    It would download a file that does not lie in ``scratch / "manual"``, so all of them have to be there.

    Args:
        info: the data set.
        scratch: a folder with the files in ``manual``; everything is written below it.
        own_files: those that were packed here, of contents that were checked; their checksums are compared.

    Returns:
        The prepared folder, inside ``scratch``.

    Raises:
        WorkFailed: a checksum is wrong, the disk is full.
    """
    tfds = tf_helpers.tensorflow_datasets()
    failure: Exception | None = None
    with _silence(tfds):
        try:
            form = {"file_format": FILE_FORMAT} if info.kind == "pictures" else {}
            builder = tfds.builder(info.tfds_name, data_dir=scratch / "prepared", **form)
            with _known_to(tfds, type(builder), own_files):
                builder.download_and_prepare(
                    download_dir=scratch / "downloads",
                    download_config=tfds.download.DownloadConfig(
                        manual_dir=scratch / "manual",
                        extract_dir=scratch / "extracted",
                        force_checksums_validation=True,
                        try_download_gcs=False,
                    ),
                )
        except Exception as error:  # of many kinds; raised again below, where standard error is back
            failure = error
    if failure is not None:
        why = " ".join(str(failure).split()) or type(failure).__name__
        raise WorkFailed(f"tensorflow-datasets could not prepare {info.name!r}: {why}") from failure
    return prepared_folder(info, scratch / "prepared")


@contextlib.contextmanager
def _known_to(tfds, builder: type, files: Sequence[KnownFile]) -> Iterator[None]:
    """Have a builder of TFDS compare files with these sizes and checksums in place of the published ones."""
    if not files:
        yield
        return
    infos = tfds.core.download.checksums
    builder.url_infos = {file.url: infos.UrlInfo(file.size, file.sha256, file.name) for file in files}
    try:
        yield
    finally:
        del builder.url_infos  # what it inherits is in its place again


def _bring(info: DatasetInfo, files: Sequence[KnownFile], source: Path, target: Path) -> None:
    for file in files:
        if info.kind == "pictures":  # up to 148 GB; TFDS reads them and leaves them alone
            (target / file.name).symlink_to((source / file.name).resolve())
        else:
            shutil.copyfile(source / file.name, target / file.name)


def _download(files: Sequence[KnownFile], target: Path) -> str | None:
    """Fetch the files and compare their checksums; returns what went wrong, as a clause."""
    try:
        for file in files:
            download(file, target)
    except OSError as error:
        return reason(error)
    missing, others = examine(target, files)
    return "; ".join(missing + others) or None


def _sweep(info: DatasetInfo, root: Path, quiet: float = 0.0) -> None:
    """Remove the scratch folders of this data set, until there has been none for some seconds.

    Under the lock they are nobody's. But after an error TFDS does not wait for its threads, which write on, or only
    begin to: what was removed may be there again. What is there still after ``_SWEEP_LIMIT`` is named.
    """
    last = begun = time.monotonic()
    while True:
        left = list(root.glob(f".cnnrepro-{info.name}-*"))
        now = time.monotonic()
        if not left and now - last >= quiet:
            return
        if now - begun > _SWEEP_LIMIT:
            for folder in left:
                say_line(f"cnnrepro: {str(folder)!r} is left over and could not be removed; remove it by hand.")
            return
        for folder in left:
            shutil.rmtree(folder, ignore_errors=True)
            last = now
        time.sleep(0.02)


@contextlib.contextmanager
def _alone(info: DatasetInfo, root: Path) -> Iterator[Path]:
    """Hold the lock of a data set in a data folder, and leave no scratch folder behind, nor what a killed process left.

    The lock file stays: removing it would let two processes hold two locks.
    """
    path = paths.require_writable(root, "The data folder") / f".cnnrepro-{info.name}.lock"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with held_lock(path, f"prepares {info.name}", limit=_LOCK_LIMIT):
            _sweep(info, root)
            try:
                yield root
            except BaseException:
                _sweep(info, root, _QUIET)
                raise
            _sweep(info, root)
    except OSError as error:
        raise WorkFailed(f"Data set {info.name!r} could not be prepared in {str(root)!r}: {error}.") from error


@contextlib.contextmanager
def _silence(tfds) -> Iterator[None]:
    """Keep progress bars and notices of TFDS off both outputs: standard output may have to be JSON alone."""
    from cnnrepro.engine import quiet_stderr

    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()), quiet_stderr():
            yield
    finally:
        tfds.enable_progress_bar()


def _what_to_do(info: DatasetInfo, folder: Path, files: Sequence[KnownFile], reason: str) -> str:
    """The error for a data set that is not there and cannot be downloaded."""
    return (
        f"Data set {info.name!r} is not prepared (there is no {str(folder)!r}), and {reason}. On a machine with a "
        f"network, download {', '.join(file.name for file in files)} ({info.download_megabytes:g} MB) from "
        f"{files[0].url.rpartition('/')[0]}/, bring them here in one folder DIR and run: "
        f"cnnrepro data prepare {info.name} --from DIR. The data set mnist_5k needs neither files nor a network."
    )
