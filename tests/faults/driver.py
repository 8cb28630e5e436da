"""A batch as a process of its own: what `cnnrepro run --jobs` does for the runs of an experiment, on tiny runs.

    python driver.py '{"runs": "…", "specs": [{…}, …], "options": {"jobs": 2}}'

Prints the outcomes as JSON; its exit status is the command line's. CNNREPRO_TEST_FAULT is a fault as dying.py takes it,
met by the workers.
"""

import json
import os
import sys
from pathlib import Path

from dying import arrange

FAULT = json.loads(os.environ.get("CNNREPRO_TEST_FAULT", "null"))
if FAULT and __name__ != "__main__":
    arrange(**FAULT)

from cnnrepro.cli import status_of  # noqa: E402
from cnnrepro.runner.batch_options import FAILED, BatchOptions  # noqa: E402
from cnnrepro.runner.fan_out import fan_out  # noqa: E402
from cnnrepro.runs import RunSpec  # noqa: E402
from cnnrepro.training.stop import request_on_signals  # noqa: E402


def main(runs, specs, options):
    weights_kept = {RunSpec(**spec): False for spec in specs}
    with request_on_signals() as stop:
        outcomes = fan_out(weights_kept, BatchOptions(**options), runs=Path(runs), stop=stop).values()
    print(json.dumps([{"status": outcome.status, "message": outcome.message} for outcome in outcomes]), flush=True)
    return int(any(outcome.status == FAILED for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(status_of(lambda: main(**json.loads(sys.argv[1]))))
