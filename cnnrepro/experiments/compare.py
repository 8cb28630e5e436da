"""Any networks against one another: the arms of a comparison, from what is said of each.

All arms share data, seeds, order of the images and number of steps. What is said of one arm alone goes before its
letter: ``B:dropout=0`` is an option of the second network, ``B:recipe=sgd`` a field of its runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from cnnrepro import data, models
from cnnrepro.errors import UsageError, brief, unknown
from cnnrepro.experiments.experiment import Experiment
from cnnrepro.experiments.results import Arm
from cnnrepro.runs.spec import RunSpec

NAME = "compare"
METRICS = {"accuracy": "percentage points", "error": "percentage points", "loss": "nats"}
MOST_ARMS = 10
FEWEST = 5  # seeds for an interval, see claims.paired_statistics
# Points of accuracy that matter to whoever says nothing else: rule 7 of the studies' rules. The 1,000 test images of
# mnist_5k have a standard error of 0.7 points at 5 % error, the 10,000 of the others a third of it.
MARGINS = {"mnist_5k": 1.0, "mnist": 0.2, "fashion_mnist": 0.5, "cifar10": 0.5}
MARGIN, LOSS_MARGIN = 1.0, 0.05  # of other data; of losses
RATES = (3e-4, 1e-3, 3e-3)  # of the search
LONGEST_NAME = 30  # characters of a pattern that stands for itself on a page
PILOT_SEEDS = (100, 101)  # of the search; they are none of the comparison's
FIELDS = {
    **{"recipe": str, "epochs": int, "batch_size": int, "learning_rate": float, "precision": str},
    **{"train_images": int, "pipeline": str, "canvas": int, "evaluate": str},
}  # of a run, that may differ between arms


def margin_of(dataset: str, metric: str) -> float:
    """The smallest difference that matters where nobody says another: in points, or nats for losses."""
    return LOSS_MARGIN if metric == "loss" else MARGINS.get(dataset, MARGIN)


def arms(
    networks: Sequence[str], dataset: str, seeds: Sequence[int], options: str, **others: object
) -> tuple[Arm, ...]:
    """The arms that are trained first: with the seeds of the first look, or those of the search for learning rates.

    Args:
        networks: as ``RunSpec.model``, in the order of their letters.
        dataset: a name of ``cnnrepro.data.DATASETS``, or "folder:PATH".
        seeds: all seeds that may be needed.
        options: "A:name=value", with blanks between.
        **others: further parameters of the notebook.

    Raises:
        UsageError: fewer than two arms, arms that are the same run, a value that is not allowed.
    """
    check(dataset=dataset, seeds=seeds, **others)
    if others.get("tune"):
        return search(networks, dataset, options, **others)
    first = planned(others["looks"], seeds)[0]
    return tuple(
        Arm(label, specs[:first]) for label, specs in all_specs(networks, dataset, seeds, options, **others).items()
    )


def search(networks: Sequence[str], dataset: str, options: str, **others: object) -> tuple[Arm, ...]:
    """The arms of the search for the learning rates: rate by rate, every network with the pilot seeds."""
    return tuple(
        Arm(label, specs)
        for rate in RATES
        for label, specs in all_specs(
            networks, dataset, PILOT_SEEDS, options, **others | {"rates": [rate] * len(networks)}
        ).items()
    )


def check(
    *, dataset: str, seeds: Sequence[int], looks: Sequence[int], metric: str, margin: float, **others: object
) -> None:
    """Raise UsageError for what the statistics cannot take."""
    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    if len(set(seeds)) != len(seeds) or not seeds:
        raise UsageError(f"seeds must be given and differ from one another. Received: {brief(list(seeds))}")
    if others.get("tune") and set(seeds) & set(PILOT_SEEDS):
        raise UsageError(f"The search for the learning rate takes the seeds {PILOT_SEEDS}; name others.")
    if margin < 0:
        raise UsageError(f"margin must be above 0: the smallest difference that matters. Received: {brief(margin)}")
    if list(looks) != [0]:
        if list(looks) != sorted(set(looks)) or looks[0] < 1:
            raise UsageError(
                f"looks must be numbers of seeds that rise, such as 5,10,20. Received: {brief(list(looks))}"
            )
        if len(looks) > 1 and looks[0] < FEWEST:
            raise UsageError(
                f"The first of several looks is after {FEWEST} seeds or more. Received: {brief(list(looks))}"
            )
        if looks[-1] > len(seeds):
            raise UsageError(f"The last look is after {looks[-1]} seeds, and there are {len(seeds)}.")
    data.info(dataset)


def planned(looks: Sequence[int], seeds: Sequence[int]) -> tuple[int, ...]:
    """The numbers of seeds after which one looks."""
    return tuple(looks) if list(looks) != [0] else (len(seeds),)


def all_specs(
    networks: Sequence[str],
    dataset: str,
    seeds: Sequence[int],
    options: str,
    rates: Sequence[float | None] = (),
    **others: object,
) -> dict[str, tuple[RunSpec, ...]]:
    """The runs of each arm by its label, one a seed.

    Args:
        networks, dataset, seeds, options: as for ``arms``.
        rates: a learning rate an arm, in place of what else is said; none by default.
        **others: fields of all runs, where 0 and "" stand for the recipe's.
    """
    if not 2 <= len(networks) <= MOST_ARMS:
        raise UsageError(f"A comparison has 2 to {MOST_ARMS} networks. Received: {len(networks)}")
    shared = {name: others[name] for name in FIELDS if others.get(name)}
    own = per_arm(networks, options)
    chosen = []
    for place, model in enumerate(networks):
        fields = {**shared, **{name: value for name, value in own[place].items() if name in FIELDS}}
        if rates:
            fields["learning_rate"] = rates[place]
        asked = {name: value for name, value in own[place].items() if name not in FIELDS}
        one = RunSpec(model=model, dataset=dataset, seed=seeds[0], options=asked, **fields)
        chosen.append(tuple(one.with_seed(seed) for seed in seeds))
    for place, specs in enumerate(chosen):
        same = next((other for other in range(place) if chosen[other][0] == specs[0]), None)
        if same is not None:
            letters = f"{ascii_uppercase[same]} and {ascii_uppercase[place]}"
            raise UsageError(
                f"{letters} are the same run, {specs[0].title()}; say in what they differ: -o B:name=value."
            )
    return dict(zip(labels([specs[0] for specs in chosen], own), chosen, strict=True))


def per_arm(names: Sequence[str], options: str) -> list[dict[str, object]]:
    """What is said of each arm alone, in its type; an option without a letter belongs to all arms that have it."""
    texts: list[dict[str, str]] = [{} for _ in names]
    for text in options.split():
        assigned, found, value = text.partition("=")
        letter, colon, name = assigned.rpartition(":")
        if not found or not name:
            raise UsageError(
                f"An option is NAME=VALUE, or A:NAME=VALUE for the first network alone. Received: {brief(text)}"
            )
        places = _places(letter, names, text) if colon else _that_have(name, names)
        for place in places:
            texts[place][name] = value
    return [_typed(name, given) for name, given in zip(names, texts, strict=True)]


def _places(letter: str, names: Sequence[str], text: str) -> list[int]:
    known = ascii_uppercase[: len(names)]
    if letter in names:
        return [place for place, name in enumerate(names) if name == letter]
    if len(letter) != 1 or letter.upper() not in known:
        raise UsageError(f"The networks are {', '.join(known)}. Received: {brief(text)}")
    return [known.index(letter.upper())]


def _that_have(name: str, names: Sequence[str]) -> list[int]:
    """The arms that an option without a letter belongs to; raises UsageError where no network has it."""
    if name in FIELDS:
        return list(range(len(names)))
    having = [place for place, one in enumerate(names) if models.is_own(one) or name in models.entry(one).options]
    if not having:
        known = {option for one in names for option in models.entry(one).options}
        raise unknown("option of these networks", name, known | set(FIELDS))
    return having


def _typed(model: str, texts: Mapping[str, str]) -> dict[str, object]:
    fields = {}
    for name in FIELDS.keys() & texts.keys():
        try:
            fields[name] = FIELDS[name](texts[name])
        except ValueError as error:
            raise UsageError(f"{name} must be a {FIELDS[name].__name__}. Received: {brief(texts[name])}") from error
    own = {name: text for name, text in texts.items() if name not in FIELDS}
    return fields | models.parse_options(model, own)


def labels(specs: Sequence[RunSpec], own: Sequence[Mapping[str, object]]) -> list[str]:
    """What to call each arm: its network, and what else is said of it where a name would be that of two."""
    names = [_name(spec, letter) for spec, letter in zip(specs, ascii_uppercase, strict=False)]
    said = [", ".join(f"{name} {_spelled(value)}" for name, value in given.items()) for given in own]
    asked = [spec.model for spec in specs]
    found = [
        f"{name}, {more}" if more and asked.count(model) > 1 else name
        for name, model, more in zip(names, asked, said, strict=True)
    ]
    return [f"{ascii_uppercase[place]}: {name}" if found.count(name) > 1 else name for place, name in enumerate(found)]


def _name(spec: RunSpec, letter: str) -> str:
    """What a network is called; a long pattern by its letter."""
    if spec.model in models.MODELS:
        return models.entry(spec.model).title
    name = spec.model_name()
    return f"pattern {letter}" if "->" in name and len(name) > LONGEST_NAME else name


def is_letter_of_pattern(label: str) -> bool:
    """Whether an arm goes by the letter of its pattern."""
    return label.startswith("pattern ")


def as_text(value: object) -> str:
    """A value as an option spells it: a list with commas between."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _spelled(value: object) -> str:
    return (
        ", ".join(map(str, value))
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


EXPERIMENT = Experiment(
    name=NAME,
    title="A comparison",
    question="Which of these networks is better, by how much, and is it sure?",
    expected="with the defaults ResNet-20 is ahead of LeNet-5 on the embedded digits",
    minutes=3.0,
    arms=arms,
    smoke={"seeds": [0, 1], "epochs": 1, "train_images": 200},
    heading="{networks}: {data}, {epochs}",
)
