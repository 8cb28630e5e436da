"""``python -m cnnrepro.experiments.smoke_parameters``: for each experiment a line with its name and, as JSON,
its parameters for a smoke run.
"""

import json

from cnnrepro.experiments.catalogue import EXPERIMENTS

if __name__ == "__main__":
    for experiment in reversed(EXPERIMENTS.values()):  # the longest, which is the last, starts first
        print(experiment.name, json.dumps(experiment.smoke))
