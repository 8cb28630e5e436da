"""``python -m cnnrepro.experiments.smoke_parameters``: for each experiment a line with its name and, as JSON,
its parameters for a smoke run.
"""

import json

from cnnrepro.experiments.catalogue import EXPERIMENTS

if __name__ == "__main__":
    for experiment in EXPERIMENTS.values():
        print(experiment.name, json.dumps(experiment.smoke))
