"""The experiments: the catalogue, the runs of each, and the parameters of their notebooks."""

from cnnrepro.experiments.catalogue import EXPERIMENTS, Experiment, experiment

__all__ = ["EXPERIMENTS", "Experiment", "arms", "collect", "experiment"]


def arms(name: str, **parameters: object) -> tuple:
    """The arms of an experiment, for its notebook: checks the parameters as the command line would.

    Args:
        name: the experiment.
        **parameters: all parameters of its notebook.

    Raises:
        UsageError: a parameter that the notebook does not declare, also one that papermill injected; a bad value.
    """
    from cnnrepro.experiments.parameters import complete, injected_names, read_parameters

    chosen = experiment(name)
    declared = read_parameters(chosen.notebook)
    injected = dict.fromkeys(sorted(injected_names() - set(parameters)))
    return chosen.arms(complete(declared, {**parameters, **injected}, where=name))


def collect(arms: tuple, runs: str | None = None) -> object:
    """The records of all arms, trained where they are missing; see ``cnnrepro.experiments.results.collect``.

    In a notebook they are trained in a thread, to which an interrupt of the kernel is handed on.
    """
    from cnnrepro import engine
    from cnnrepro.experiments.own_stack import on_own_stack
    from cnnrepro.experiments.results import collect as collect_runs
    from cnnrepro.training.progress import in_jupyter

    if not in_jupyter():
        return collect_runs(arms, runs)
    with engine.policy_kept():
        return on_own_stack(lambda: collect_runs(arms, runs))
