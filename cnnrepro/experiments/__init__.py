"""The experiments: the catalogue, the runs of each, and the parameters of their notebooks."""

from cnnrepro.experiments.catalogue import EXPERIMENTS, Experiment, experiment
from cnnrepro.experiments.parameters import complete, injected_names, read_parameters
from cnnrepro.experiments.results import Arm, collect

__all__ = ["EXPERIMENTS", "Experiment", "arms", "checked", "collect", "experiment"]


def checked(name: str, **parameters: object) -> dict[str, object]:
    """The parameters of an experiment, for its notebook: checked as the command line would, in their types.

    Args:
        name: the experiment.
        **parameters: all parameters of its notebook.

    Raises:
        UsageError: a parameter that the notebook does not declare, also one that papermill injected; a bad value.
    """
    declared = read_parameters(experiment(name).notebook)
    injected = dict.fromkeys(sorted(injected_names() - set(parameters)))
    return complete(declared, {**parameters, **injected}, where=name)


def arms(name: str, **parameters: object) -> tuple[Arm, ...]:
    """The arms of an experiment, for its notebook; arguments and errors are those of ``checked``."""
    return experiment(name).arms(**checked(name, **parameters))
