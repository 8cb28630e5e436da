"""``python -m cnnrepro.experiments.smoke``: a line an experiment, its name and what makes it small, as JSON."""

import json

from cnnrepro.experiments.catalogue import EXPERIMENTS

if __name__ == "__main__":
    for experiment in EXPERIMENTS.values():
        print(experiment.name, json.dumps(experiment.smoke))
