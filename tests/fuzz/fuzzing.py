"""The loop of a fuzzer: inputs from a corpus, changed, kept where they reach lines that no other reached.

The inputs run in a process of their own, within bounds of processor time and memory. Whatever ends it, and whatever a
target raises, is a finding: its input is kept in a folder, with what was seen beside it.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import hashlib
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from cnnrepro.console import printable
from cnnrepro.errors import CnnreproError
from tests.fuzz.mutation import Change, mutated

ROOT = Path(__file__).parent.parent.parent
CORPUS = Path(__file__).parent / "corpus"
TARGETS = ("pictures", "plain_jpegs", "keras_files", "records", "reports", "batch_files", "notebooks")
MOST_LINES, MOST_CHARACTERS = 3, 2500  # of a sentence; the longest lists the names that are known
MOST_DEATHS = 20  # of a fuzzer's processes, after which it gives up
CURRENT, TOLD, TRACE = "current", "told.json", "trace.txt"  # in the folder of a process that runs inputs


class Finding(Exception):
    """What a target must not do."""


@dataclasses.dataclass(frozen=True)
class Target:
    """What is fuzzed.

    Args:
        run: reads an input in a folder that it may write to; whatever it raises but ``allowed`` is a finding.
        changes: how inputs are changed.
        allowed: the errors with a sentence for a person.
        prepare: what is done once in a process, before time and memory count.
        traced: parts of the paths of the files whose lines count as reached.
        seconds: of the processor, an input.
        megabytes: that an input may take.
    """

    run: Callable[[bytes, Path], object]
    changes: Sequence[Change]
    allowed: tuple[type[Exception], ...] = (CnnreproError,)
    prepare: Callable[[], object] = lambda: None
    traced: tuple[str, ...] = ("/cnnrepro/",)
    seconds: int = 5
    megabytes: int = 512


def target_of(name: str) -> Target:
    """The target of a name."""
    return importlib.import_module(f"tests.fuzz.{name}").TARGET


def corpus(name: str) -> list[Path]:
    """The inputs that are kept of a target."""
    return sorted((CORPUS / name).iterdir())


def read(target: Target, data: bytes, folder: Path) -> None:
    """Read one input; raises where something is seen that must not be."""
    try:
        target.run(data, folder)
    except target.allowed as error:
        require_sentence(str(error).replace(str(folder), "FOLDER"))


def require_sentence(text: str) -> None:
    """Raise ``Finding`` for a text that is no sentence for a person."""
    shown = printable(text)
    if not text.strip():
        raise Finding("an error without a word")
    if shown.count("\n") > MOST_LINES or len(shown) > MOST_CHARACTERS:
        raise Finding(f"a sentence of {len(shown):,} characters in {shown.count(chr(10)) + 1} lines: {shown[:200]!r}")
    if not all(one.isprintable() or one in "\n\t" for one in shown):
        raise Finding(f"a sentence that cannot be shown: {shown[:200]!a}")


@dataclasses.dataclass
class Tally:
    """What a fuzzer did: executions, seconds of the processor, lines reached, inputs kept, and its findings."""

    executions: int = 0
    processor_seconds: float = 0.0
    reached: int = 0
    kept: int = 0
    findings: list[Path] = dataclasses.field(default_factory=list)

    def sentence(self) -> str:
        """All of it in a line."""
        return (
            f"{self.executions:,} executions in {self.processor_seconds:,.0f} s of the processor, {self.reached:,} "
            f"steps between lines reached by {self.kept} inputs, {len(self.findings)} findings"
        )


def fuzz(name: str, seconds: float, findings: Path, seed: int | None = None) -> Tally:
    """Fuzz a target for so many seconds of the clock.

    Args:
        name: of the target.
        seconds: in all.
        findings: the folder for what is found: an input and a text each.
        seed: of the changes; by default another each time.
    """
    tally, end = Tally(), time.monotonic() + seconds
    random = Random(seed)
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    processor = _of_children()
    deaths = 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as kept:
        while (left := end - time.monotonic()) > 0 and deaths < MOST_DEATHS:
            with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
                words = (name, work, kept, str(findings), str(left), str(random.getrandbits(32)))
                ended = subprocess.run([sys.executable, "-m", "tests.fuzz.fuzzing", *words], cwd=ROOT, check=False)
                if (Path(work) / TOLD).is_file():
                    told = json.loads((Path(work) / TOLD).read_text())
                    tally.executions += told["executions"]
                    tally.reached = max(tally.reached, told["reached"])
                if ended.returncode:
                    deaths += 1
                    _keep_death(Path(work), findings, ended.returncode)
        tally.kept = len(list(Path(kept).iterdir()))
    tally.processor_seconds = _of_children() - processor
    tally.findings = sorted(path for path in set(findings.iterdir()) - before if path.suffix != ".txt")
    return tally


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _keep_death(work: Path, findings: Path, status: int) -> None:
    """Keep the input at which a process ended."""
    if not (work / CURRENT).is_file():
        raise RuntimeError(f"The process of a fuzzer ended with status {status} before its first input.")
    trace = (work / TRACE).read_text(errors="replace") if (work / TRACE).is_file() else ""
    why = f"too much time or memory ({signal.Signals(-status).name})" if status < 0 else f"ended with status {status}"
    keep_finding(findings, (work / CURRENT).read_bytes(), f"{why}\n{trace}", _place(trace))


def _place(trace: str) -> str:
    """The last line of a traceback that is the package's, to tell findings apart."""
    own = [line for line in trace.splitlines() if "/cnnrepro/" in line]
    return own[-1].strip() if own else trace[-200:]


def keep_finding(findings: Path, data: bytes, said: str, what: str) -> None:
    """Keep an input that found something; of those that look alike the shortest."""
    name = hashlib.sha256(what.encode(errors="replace")).hexdigest()[:12]
    place = findings / name
    if place.exists() and place.stat().st_size <= len(data):
        return
    place.write_bytes(data)
    (findings / f"{name}.txt").write_text(said, errors="backslashreplace")


# In the process that runs the inputs


class Reached:
    """The steps from a line to the next that were taken in some files, by all inputs together.

    Args:
        parts: of the files' paths.
    """

    def __init__(self, parts: tuple[str, ...]):
        self.steps: set[tuple[int, int, int]] = set()
        self._parts, self._numbers = parts, {}

    def __enter__(self) -> None:
        sys.settrace(self._called)

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def _called(self, frame, event, argument):
        code = frame.f_code
        number = self._numbers.get(code)
        if number is None:
            wanted = any(part in code.co_filename for part in self._parts)
            number = self._numbers[code] = len(self._numbers) + 1 if wanted else 0
        if not number:
            return None
        before, add = 0, self.steps.add

        def line(frame, event, argument):
            nonlocal before
            add((number, before, frame.f_lineno))
            before = frame.f_lineno
            return line

        return line


def _work(name: str, work: Path, kept: Path, findings: Path, seconds: float, seed: int) -> None:
    """Run inputs until the time is over."""
    end, target, random = time.monotonic() + seconds, target_of(name), Random(seed)
    os.fsync = lambda number: None  # nothing here need outlive the machine's power, and a disk takes its time
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    trace = (work / TRACE).open("w")
    faulthandler.enable(trace)
    faulthandler.register(signal.SIGPROF, trace, all_threads=False, chain=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    target.prepare()
    seeds = [path.read_bytes() for path in corpus(name)]
    for data in seeds:  # what is loaded at the first input counts as nobody's
        _tried(target, data, work)
    inputs = seeds + [path.read_bytes() for path in sorted(kept.iterdir())]
    limits = _Limits(target)
    reached, executions = Reached(target.traced), 0
    todo = list(inputs)
    while time.monotonic() < end:
        again = bool(todo)
        data = todo.pop() if todo else mutated(random, _chosen(random, inputs), inputs, target.changes)
        (work / CURRENT).write_bytes(data)
        steps = len(reached.steps)
        with limits, reached:
            error = _tried(target, data, work)
        executions += 1
        error = error or limits.exceeded()
        if error is not None:
            said = "".join(traceback.format_exception(error))
            keep_finding(findings, data, said, type(error).__name__ + _place(said))
        elif len(reached.steps) > steps and not again:
            inputs.append(data)
            (kept / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
        if executions % 50 == 1 or time.monotonic() >= end:
            (work / TOLD).write_text(json.dumps({"executions": executions, "reached": len(reached.steps)}))
        if isinstance(error, MemoryError):
            sys.exit(3)  # nobody knows what it left behind


def _chosen(random: Random, inputs: list[bytes]) -> bytes:
    """One of the inputs, of the last ones more often."""
    return random.choice(inputs if random.random() < 0.6 else inputs[-20:])


def _tried(target: Target, data: bytes, work: Path) -> BaseException | None:
    """What is found with an input; None where nothing is."""
    try:
        read(target, data, work)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return error
    return None


class _Limits:
    """Bounds of what one input may take: the processor's time by a signal that ends the process, memory by errors."""

    def __init__(self, target: Target):
        self._seconds, self._most = target.seconds, target.megabytes * 2**20
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + 2 * self._most,) * 2)  # what is reserved is not taken
        self._before = 0

    def __enter__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew
        self._before = _resident("VmRSS")
        signal.setitimer(signal.ITIMER_PROF, self._seconds)

    def __exit__(self, *error: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def exceeded(self) -> Finding | None:
        """The finding that an input took too much memory."""
        taken = _resident("VmHWM") - self._before
        return Finding(f"took {taken // 2**20:,} MiB") if taken > self._most else None


def _resident(name: str) -> int:
    """Bytes of this process's memory, as the system names them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    given = sys.argv[1:]
    _work(given[0], *map(Path, given[1:4]), float(given[4]), int(given[5]))
