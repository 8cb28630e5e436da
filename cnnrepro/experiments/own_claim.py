"""A claim of somebody's own: a statement, its arms and its rule, as ``CLAIM`` in one Python file.

The file is code of the user's own. It runs because the user named it: on the command line, in a call, or in a notebook.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cnnrepro import data, models, paths
from cnnrepro.data.pipelines.probes import TRAINING
from cnnrepro.errors import UsageError, brief, unknown
from cnnrepro.experiments.compare import FIELDS
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.results import Arm
from cnnrepro.experiments.run_scores import ERROR, OCTAVES, PROBES, run_score
from cnnrepro.experiments.study import LESS, MORE, SAME, ArmDesign, Contrast, Setting, Study, minus
from cnnrepro.models import own_code
from cnnrepro.runs.spec import RunSpec

NAME = "own_claim"
VARIABLE = "CLAIM"  # of the file
ENDING = ".py"
EXAMPLE = "average_pools.py"  # lies beside the notebooks
MOST_SEEDS = 1000
SHAPE = f"{VARIABLE} = OwnClaim(…), with OwnClaim of cnnrepro.claims"

Network = str | tuple[str, Mapping[str, object]]


def difference(
    first: str,
    second: str,
    score: str = ERROR,
    *,
    more_by: float | None = None,
    less_by: float | None = None,
    same_within: float | None = None,
    target: float = 0.0,
    condition: str = "",
    decides: bool = True,
) -> Contrast:
    """What is claimed of the first arm's score minus the second's, seed by seed.

    Args:
        first, second: labels of arms.
        score: a name of ``experiments.run_scores.SCORES``: "test error", "training loss" …
        more_by: the difference lies above ``target``, its mean by so much or more.
        less_by: it lies below, likewise.
        same_within: it lies within so much of ``target``. Of the three one is given, in the score's unit: points, nats,
            or for epochs doublings.
        target: what the difference is held against.
        condition: under which the statement is tried again; "" for the statement as it stands.
        decides: whether the verdict rests on it; others are looked at.

    Raises:
        UsageError: not one of the three, a margin that is not above 0, an unknown score, one arm alone.
    """
    given = {MORE: more_by, LESS: less_by, SAME: same_within}
    claimed = {claim: margin for claim, margin in given.items() if margin is not None}
    if len(claimed) != 1:
        raise UsageError(
            "A difference is claimed by one of more_by, less_by and same_within. Received: "
            f"{len(claimed) or 'none'} of them"
        )
    ((claim, margin),) = claimed.items()
    if isinstance(margin, bool) or not isinstance(margin, (int, float)) or not margin > 0:
        raise UsageError(f"The margin of a difference must be a number above 0. Received: {brief(margin)}")
    if first == second:
        raise UsageError(f"A difference is one of two arms. Received: {brief(first)} twice")
    between = "over" if run_score(score).unit == OCTAVES else "minus"
    return Contrast(
        f"{first} {between} {second}", minus(first, second), claim, margin, score, target, condition, decides
    )


@dataclass(frozen=True)
class OwnClaim:
    """A statement, its arms and the rule that decides it.

    Args:
        statement: in a sentence.
        arms: by label a network, as ``RunSpec.model``, or a network and what differs: ``(network, {"pooling": "l2"})``;
            there a name of ``experiments.compare.FIELDS``, such as "learning_rate", is a field of the run.
        dataset: a name of ``cnnrepro.data.DATASETS``, or "folder:PATH".
        holds: what is claimed, ``difference(…)`` or a list of such, all of which must hold.
        seeds: runs an arm, from seed 0 on; fewer than five decide nothing.
        epochs, train_images, recipe, batch_size, learning_rate, precision, pipeline, canvas: of all runs, as in
            ``RunSpec``.
        published: what others found, with the source.
        expected: what may turn it round.
        limits: what the verdict does not say.

    Raises:
        UsageError: says what is wrong, and what is allowed.

    Example:
        >>> OwnClaim(
        ...     "Average pools learn digits as well as max pools.",
        ...     arms={"max": "INPUT -> CONV -> POOL -> FC", "average": (…, {"pooling": "average"})},
        ...     dataset="mnist_5k",
        ...     holds=difference("average", "max", same_within=1),
        ... )
    """

    statement: str
    arms: Mapping[str, Network] = field(kw_only=True)
    dataset: str = field(kw_only=True)
    holds: Contrast | Sequence[Contrast] = field(kw_only=True)
    seeds: int = field(default=5, kw_only=True)
    epochs: int | None = field(default=None, kw_only=True)
    train_images: int | None = field(default=None, kw_only=True)
    recipe: str = field(default="adam", kw_only=True)
    batch_size: int | None = field(default=None, kw_only=True)
    learning_rate: float | None = field(default=None, kw_only=True)
    precision: str = field(default="auto", kw_only=True)
    pipeline: str | None = field(default=None, kw_only=True)
    canvas: int | None = field(default=None, kw_only=True)
    published: str = field(default="", kw_only=True)
    expected: str = field(default="", kw_only=True)
    limits: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        for name in ("published", "expected", "limits"):
            if not isinstance(getattr(self, name), str):
                raise UsageError(f"{name} must be a text. Received: {brief(getattr(self, name))}")
        if not isinstance(self.statement, str) or not self.statement.strip():
            raise UsageError(f"A claim begins with its statement, a sentence. Received: {brief(self.statement)}")
        if type(self.seeds) is not int or not 1 <= self.seeds <= MOST_SEEDS:
            raise UsageError(f"seeds must be 1 to {MOST_SEEDS:,} runs an arm. Received: {brief(self.seeds)}")
        self._check_arms()
        self._check_rule()

    def _check_arms(self) -> None:
        if not isinstance(self.arms, Mapping) or len(self.arms) < 2:
            received = len(self.arms) if isinstance(self.arms, Mapping) else brief(self.arms)
            raise UsageError(f"A claim has two arms or more, as {{label: network}}. Received: {received}")
        for label, network in self.arms.items():
            if not isinstance(label, str) or not label.strip():
                raise UsageError(f"The label of an arm must be a text. Received: {brief(label)}")
            if not isinstance(network, str) and not _is_network_with_options(network):
                raise UsageError(
                    f"Arm {label!r} must be a network, or (network, {{option: value}}). Received: {brief(network)}"
                )

    def _check_rule(self) -> None:
        holds = [self.holds] if isinstance(self.holds, Contrast) else self.holds
        if not isinstance(holds, Sequence) or not holds or not all(isinstance(one, Contrast) for one in holds):
            raise UsageError(f"holds must be difference(…), or a list of such. Received: {brief(self.holds)}")
        for one in self.contrasts:
            for label in one.weights:
                if label not in self.arms:
                    raise unknown("arm in holds", label, self.arms)
        if not any(one.decides and not one.condition for one in self.contrasts):
            raise UsageError("Of holds, one difference must decide without a condition. Received: none")

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """What is claimed, each by itself."""
        return (self.holds,) if isinstance(self.holds, Contrast) else tuple(self.holds)

    @property
    def study(self) -> Study:
        """What decides, as studies of the ledger have it; it has no number."""
        first = next(one for one in self.contrasts if one.decides)
        told = {"expected": self.expected, "limits": self.limits}
        return Study(None, self.published, self.contrasts, tuple(self.arms), score=first.score, **told)

    def specs(self) -> dict[str, tuple[RunSpec, ...]]:
        """The runs of each arm by its label, one a seed.

        Raises:
            UsageError: an arm that is no network, a value that is not allowed, two arms that are the same run.
        """
        data.info(self.dataset)
        found: dict[str, tuple[RunSpec, ...]] = {}
        for label, (model, given) in _taken_apart(self.arms).items():
            setting = Setting(self.dataset, self.epochs, self.train_images)
            options = {name: value for name, value in given.items() if name not in FIELDS}
            fields = self._fields() | {name: value for name, value in given.items() if name in FIELDS}
            try:
                found[label] = ArmDesign(label, model, options, fields=fields).specs(setting, range(self.seeds))
            except UsageError as error:
                raise UsageError(f"Arm {label!r}: {error}") from error
            same = next((other for other in found if other != label and found[other] == found[label]), None)
            if same is not None:
                raise UsageError(f"Arms {same!r} and {label!r} are the same run: {found[label][0].title()}.")
        return found

    def _fields(self) -> dict[str, object]:
        """What all runs share, of what ``ArmDesign`` does not say itself."""
        named = ("recipe", "batch_size", "learning_rate", "precision", "pipeline", "canvas")
        moved = [probe for probe in PROBES if any(one.score == f"accuracy kept ({probe})" for one in self.contrasts)]
        return {name: getattr(self, name) for name in named} | {"probes": (TRAINING, *moved)}

    def network_of(self, label: str) -> str:
        """An arm's network and what differs, in a few words."""
        model, given = _taken_apart(self.arms)[label]
        name = models.own_network.short(model) if models.is_own(model) else model
        return ", ".join([name, *(f"{option} {value}" for option, value in given.items())])


def _is_network_with_options(network: object) -> bool:
    """Whether it is (network, {option: value})."""
    return (
        isinstance(network, (tuple, list))
        and len(network) == 2
        and isinstance(network[0], str)
        and isinstance(network[1], Mapping)
        and all(isinstance(name, str) for name in network[1])
    )


def _taken_apart(arms: Mapping[str, Network]) -> dict[str, tuple[str, Mapping[str, object]]]:
    return {label: (one, {}) if isinstance(one, str) else tuple(one) for label, one in arms.items()}


@dataclass(frozen=True)
class ClaimFile:
    """A file with a claim.

    Args:
        claim: what stands in it.
        path: where it lies.
        digests: the SHA-256 of it, and of what it imports of the user's own, by name; its own first.
    """

    claim: OwnClaim
    path: Path
    digests: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Of the file itself."""
        return next(iter(self.digests.values()))

    @property
    def study(self) -> Study:
        """What decides."""
        return self.claim.study


def path_of(file: str) -> Path:
    """Where the file lies that a parameter names; where it names none, the example beside the notebooks."""
    return paths.expand(file).resolve() if file else paths.notebooks_dir() / EXAMPLE


def read(file: str = "") -> ClaimFile:
    """The claim of a file; its code is run.

    Args:
        file: its path; empty for the example that lies beside the notebooks.

    Raises:
        UsageError: no such file, code that raises, no claim in it.
    """
    named = file or str(path_of(file))
    if not named.endswith(ENDING):
        raise UsageError(
            f"A claim of your own stands in a file of Python, such as my_claim.py. Received: {brief(named)}"
        )
    with contextlib.redirect_stdout(sys.stderr):  # standard output has the pages' paths
        values, files = own_code.defined(named)
    claim = values.get(VARIABLE)
    if not isinstance(claim, OwnClaim):
        what = f"has no {VARIABLE}" if claim is None else f"has a {VARIABLE} that is a {type(claim).__name__}"
        raise UsageError(f"{named!r} {what}; it needs {SHAPE}.")
    digests: dict[str, str] = {}
    for one in files:
        name = one.name if one.name not in digests else f"{one.name} ({len(digests) + 1})"  # such as __init__.py
        digests[name] = hashlib.sha256(one.read_bytes()).hexdigest()
    return ClaimFile(claim, files[0], digests)


def arms(file: str) -> tuple[Arm, ...]:
    """The arms of a file's claim.

    Args:
        file: as for ``read``.
    """
    return tuple(Arm(label, specs) for label, specs in read(file).claim.specs().items())


EXPERIMENT = Experiment(
    name=NAME,
    title="A claim of your own",
    question="Does a statement of your own hold, with the arms and the rule of your file?",
    expected="of the example that it carries, average against max pools on the embedded digits, what the page says",
    minutes=1.0,
    arms=arms,
)
