"""The experiments: the catalogue, the runs of each, and the parameters of their notebooks."""

from cnnrepro.experiments.catalogue import EXPERIMENTS, Experiment, experiment
from cnnrepro.experiments.parameters import complete, injected_names, read_parameters
from cnnrepro.experiments.results import Arm, collect

__all__ = ["EXPERIMENTS", "Experiment", "arms", "collect", "experiment"]


def arms(name: str, **parameters: object) -> tuple[Arm, ...]:
    """The arms of an experiment, for its notebook: checks the parameters as the command line would.

    Args:
        name: the experiment.
        **parameters: all parameters of its notebook.

    Raises:
        UsageError: a parameter that the notebook does not declare, also one that papermill injected; a bad value.
    """
    chosen = experiment(name)
    declared = read_parameters(chosen.notebook)
    injected = dict.fromkeys(sorted(injected_names() - set(parameters)))
    return chosen.arms(**complete(declared, {**parameters, **injected}, where=name))
