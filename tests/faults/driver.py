"""A batch as a process of its own: what `cnnrepro run --jobs` does for the runs of an experiment, on tiny runs.

    python driver.py '{"runs": "…", "jobs": 2, "seeds": [0, 1], …}'

Prints the outcomes as JSON; its exit status is the command line's. CNNREPRO_TEST_FAULT is a fault as dying.py takes it;
of files it is met by the workers, of the clock by all.
"""

import json
import os
import sys
from pathlib import Path

from dying import arrange

FAULT = json.loads(os.environ.get("CNNREPRO_TEST_FAULT", "null"))
if FAULT and (__name__ != "__main__" or FAULT["how"] == "later"):  # before anything keeps a clock of its own
    arrange(**FAULT)

from cnnrepro.cli import status_of  # noqa: E402
from cnnrepro.runner.fan_out import fan_out  # noqa: E402
from cnnrepro.runner.tasks import FAILED, Plan, Task  # noqa: E402
from cnnrepro.runner.views import make_view  # noqa: E402
from cnnrepro.runs import RunSpec  # noqa: E402
from cnnrepro.training.stop import request_on_signals  # noqa: E402


def spec(seed, **changes):
    usual = {"model": "lenet5_modern", "epochs": 3, "train_images": 1600, "batch_size": 16, "precision": "float32"}
    return RunSpec(dataset="mnist_5k", seed=seed, **(usual | changes))


def main(options):
    changes = options.get("spec", {})
    special = {int(seed): more for seed, more in options.get("special", {}).items()}
    tasks = [
        Task(number, spec(seed, **changes, **special.get(seed, {}))) for number, seed in enumerate(options["seeds"])
    ]
    names = ("jobs", "scheduler", "retry", "fail_fast", "memory")
    plan = Plan(**{name: options[name] for name in names if name in options})
    view = make_view(tasks)
    try:
        with request_on_signals() as stop:
            outcomes = fan_out(tasks, plan, runs=Path(options["runs"]), view=view, stop=stop)
    finally:
        view.close()
    print(json.dumps([{"status": one.status, "told": one.told} for one in outcomes]), flush=True)
    return int(any(one.status == FAILED for one in outcomes))


if __name__ == "__main__":
    sys.exit(status_of(lambda: main(json.loads(sys.argv[1]))))
