"""What a study is: the arms that are trained, and of each statement what was decided beforehand. Plain data.

A statement is judged by contrasts. A contrast is one number a seed, a weighted sum of what the arms score with that
seed, and what is claimed of it: that it lies above its target, below it, or within a margin of it.
``claims.contrasts`` judges it. So "3x3 pools are better than 2x2" is one contrast, "does a shortcut undo what depth
does" (a difference of differences) another, and a trend over windows is one too.

What the first runs leave undecided may have a second round: the same arms and contrasts with new seeds alone, decided
in a commit of its own before those runs. It takes the place of the first round's, which stays on the page.

To add a study: a file like ``experiments/dropout.py``, its notebook, and the rows of its statements in ``claims``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cnnrepro.data.pipelines.probes import TRAINING
from cnnrepro.errors import UsageError, brief
from cnnrepro.experiments.results import Arm
from cnnrepro.experiments.run_scores import ERROR, run_score
from cnnrepro.runs.spec import RunSpec

# The search for the learning rates, the same for every arm. A family of arms that differ little takes the rate that is
# best for all of them together: one arm's own best is a guess, as an accuracy on 2,000 images has a standard error of
# 1.1 points, and a rate that was taken for luck is a bias that no interval over seeds shows.
RATES = (3e-4, 1e-3, 3e-3, 1e-2)
DEPARTS = 0.02  # of validation accuracy: by so much an arm's own best must be better for it to take that
FIRST_PILOT = 100  # seeds from here on are of the search, and count in no comparison
SEARCH = "search"  # begins the label of an arm of the search
FEW_SEEDS = 2  # of the notebook's default
NEW_SEEDS = "new seeds"  # ends the name of what is of the second round
PRECISION = "mixed_bfloat16"  # of the runs that were decided beforehand, on whatever machine

MORE, LESS, SAME = "more", "less", "the same"
CLAIMS = (MORE, LESS, SAME)


@dataclass(frozen=True)
class Setting:
    """Data and length of training.

    Args:
        dataset: a name of ``cnnrepro.data.DATASETS``.
        epochs: passes over the training images.
        train_images: only so many training images; None for all.
        pilot_epochs: of the search for the learning rate.
    """

    dataset: str
    epochs: int
    train_images: int | None = None
    pilot_epochs: int = 5


@dataclass(frozen=True)
class ArmDesign:
    """One side of the comparisons of a study.

    Args:
        label: for legends and tables.
        model: as ``RunSpec.model``.
        options: of the model.
        seeds: how many runs count; the notebook's default takes fewer.
        rate: the learning rate.
        searched: whether the search found it; otherwise it is a part of what is tried.
        family: of the arms that share a search; "" for that of the setting.
        setting: key of the study's settings.
        fields: further fields of ``RunSpec``.
        first_seed: 0; of a second round the first that none of the arms had before.
    """

    label: str
    model: str
    options: Mapping[str, object] = field(default_factory=dict)
    seeds: int = 10
    rate: float = 1e-3
    searched: bool = True
    family: str = ""
    setting: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    first_seed: int = 0

    def again(self, first_seed: int, seeds: int) -> ArmDesign:
        """This arm in a second round, at the rate that it has."""
        return replace(self, label=_of_new_seeds(self.label), seeds=seeds, first_seed=first_seed, searched=False)

    @property
    def own_seeds(self) -> range:
        """The seeds of the runs that count."""
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def relatives(self) -> str:
        """The family of its search."""
        return self.family or self.setting

    def specs(self, setting: Setting, seeds: Sequence[int], **shared: object) -> tuple[RunSpec, ...]:
        """Its runs; each has the training images read again at the end, beside what else its fields ask for."""
        own = {"epochs": setting.epochs, "train_images": setting.train_images, "learning_rate": self.rate}
        named = {"model": self.model, "dataset": setting.dataset, "options": self.options, "probes": (TRAINING,)}
        first = RunSpec(**{**named, **own, **self.fields, **shared}, seed=seeds[0])
        return tuple(first.with_seed(seed) for seed in seeds)


@dataclass(frozen=True)
class Contrast:
    """One number a seed, and what is claimed of it.

    Args:
        name: what is compared, in a few words.
        weights: of the arms' scores; together they make the number.
        claim: ``MORE``: the interval of the number lies above the target, the mean above it by ``margin`` or more;
            ``LESS``: below likewise; ``SAME``: the interval lies within ``margin`` of the target.
        margin: the smallest difference that matters, or how far from the target is still the same; in the score's unit.
        score: name of what is read off a run.
        target: what the number is held against.
        condition: under which the statement is tried again; "" for the statement as it stands.
        decides: whether the verdict rests on it; others are looked at.
        part: of a statement with several, which one it belongs to, from 0.
        second: whether it is of the second round.
    """

    name: str
    weights: Mapping[str, float]
    claim: str
    margin: float
    score: str = ERROR
    target: float = 0.0
    condition: str = ""
    decides: bool = True
    part: int = 0
    second: bool = False

    def __post_init__(self) -> None:
        run_score(self.score)
        if self.claim not in CLAIMS or not self.margin > 0:
            raise ValueError(f"A contrast claims {', '.join(CLAIMS)}, by a margin above 0. Received: {brief(self)}")

    def again(self) -> Contrast:
        """This contrast, its claim and its margin, of the arms' new seeds."""
        weights = {_of_new_seeds(label): weight for label, weight in self.weights.items()}
        return replace(self, name=_of_new_seeds(self.name), weights=weights, second=True)

    @property
    def is_difference(self) -> bool:
        """Whether it is one, of scores or of differences, and no score itself."""
        return abs(sum(self.weights.values())) < 1e-9


def _of_new_seeds(name: str) -> str:
    return f"{name}, {NEW_SEEDS}"


def minus(first: str, second: str) -> dict[str, float]:
    """The weights of a difference of two arms."""
    return {first: 1.0, second: -1.0}


def slope(places: Mapping[str, float]) -> dict[str, float]:
    """The weights of the least-squares slope of the score over a number that each arm has.

    Args:
        places: that number, by the arms' labels.
    """
    mean = sum(places.values()) / len(places)
    spread = sum((place - mean) ** 2 for place in places.values())
    return {label: (place - mean) / spread for label, place in places.items()}


@dataclass(frozen=True)
class Study:
    """What was decided beforehand of a statement.

    Args:
        number: of the statement; None for a claim of somebody's own, which is no statement of the ledger.
        published: what others found, with the source.
        contrasts: those that decide, the statement as it stands before its conditions; then those that are looked at.
        arms: the labels of its arms, in the order of the picture; those of the second round, which contrasts name, come
            after them.
        score: what the picture of the arms shows.
        expected: what was expected to turn it round.
        limits: what the verdict does not say.
        surprises: what nobody expected of the runs that count, with its cause, or that it is unknown; written after
            they were there.
    """

    number: int | None
    published: str
    contrasts: tuple[Contrast, ...]
    arms: tuple[str, ...]
    score: str = ERROR
    expected: str = ""
    limits: str = ""
    surprises: str = ""

    def __post_init__(self) -> None:
        strangers = {label for one in self.contrasts if not one.second for label in one.weights} - set(self.arms)
        if strangers:
            raise ValueError(f"Statement {self.number} has no arm {', '.join(sorted(strangers))}.")

    @property
    def second_arms(self) -> tuple[str, ...]:
        """The labels of the arms that it has in a second round."""
        named = {label for one in self.contrasts if one.second for label in one.weights}
        return tuple(label for label in map(_of_new_seeds, self.arms) if label in named)


@dataclass(frozen=True)
class Design:
    """The arms and statements of one notebook.

    Args:
        arms: in the order in which they are trained; the first has the most seeds of the first round. Those of a second
            come last.
        settings: the data of arms by ``ArmDesign.setting``, as decided beforehand.
        small: the same for the notebook's default, which anybody can run.
        studies: the statements.
        recipe: how all arms are trained.
        batch_size: images a step.
        pilots: seeds of the search.
        departs: by how much of validation accuracy an arm's own best rate must be better than the family's for it to
            take that; infinite where all arms of a family have the same.
        decided: the commit that has arms, settings and contrasts as they are judged; "" before the runs that count.
        decided_again: the commit that has those of the second round; "" without one, and before its runs.
    """

    arms: tuple[ArmDesign, ...]
    settings: Mapping[str, Setting]
    small: Mapping[str, Setting]
    studies: tuple[Study, ...]
    recipe: str = "adam-linear"
    batch_size: int = 128
    pilots: int = 1
    departs: float = DEPARTS
    decided: str = ""
    decided_again: str = ""

    def study(self, number: int) -> Study:
        """The study of a statement; raises UsageError where this design has none."""
        for study in self.studies:
            if study.number == number:
                return study
        raise UsageError(f"These runs judge the statements {', '.join(str(one.number) for one in self.studies)}.")

    def make(
        self,
        full: bool,
        seeds: int,
        epochs: int,
        train_images: int,
        precision: str,
    ) -> tuple[Arm, ...]:
        """The arms of the runs; with the search for the learning rates where all is as decided beforehand.

        Args:
            full: as decided beforehand; otherwise the small form.
            seeds: runs an arm, from seed 0 on, in place of those that belong to it, and no second round; 0 takes those.
            epochs, train_images: in place of the settings'; 0 takes those.
            precision: as in ``RunSpec``.

        Raises:
            UsageError: a value that is out of range.
        """
        if not 0 <= seeds <= FIRST_PILOT:
            raise UsageError(f"seeds must be 1 to {FIRST_PILOT} runs an arm, or 0. Received: {seeds}")
        if full and precision == "auto":
            precision = PRECISION
        shared = self._shared(precision)
        given = {"epochs": epochs, "train_images": train_images}
        replaced = {name: value for name, value in given.items() if value}
        settings = self.settings if full else self.small
        made = []
        for design in self.arms:
            if design.first_seed and (seeds or not full):
                continue
            own = design.own_seeds if full and not seeds else range(seeds or FEW_SEEDS)
            made.append(Arm(design.label, design.specs(settings[design.setting], own, **shared | replaced)))
        if full and not replaced and not seeds:
            made += self.search(precision)
        return tuple(made)

    def _shared(self, precision: str) -> dict[str, object]:
        return {"recipe": self.recipe, "batch_size": self.batch_size, "precision": precision}

    def search(self, precision: str = PRECISION) -> list[Arm]:
        """The runs of the search for the learning rates: each arm at each of ``RATES``, with seeds of its own."""
        found, shared = [], self._shared(precision)
        for design in self.arms:
            setting = self.settings[design.setting]
            for rate in RATES if design.searched else ():
                fields = {**shared, "learning_rate": rate, "epochs": setting.pilot_epochs}
                specs = design.specs(setting, range(FIRST_PILOT, FIRST_PILOT + self.pilots), **fields)
                found.append(Arm(search_label(design.label, rate), specs))
        return found

    def arm(self, label: str) -> ArmDesign:
        """The design of an arm."""
        return next(one for one in self.arms if one.label == label)


def search_label(label: str, rate: float) -> str:
    """What an arm of the search is called."""
    return f"{SEARCH}: {label}, rate {rate:g}"
