"""MLflow: one MLflow run for each run, in <runs>/mlflow/mlflow.db, or where MLFLOW_TRACKING_URI says.

MLflow opens its old folders of files no more unless it is told to, so the local store is a single SQLite file, which
needs no server. A run that goes on is found by its key, which is a tag. Nothing goes over the network unless
MLFLOW_TRACKING_URI names a server.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from cnnrepro.runs.record import DONE, RunRecord
from cnnrepro.training.trackers import points

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "cnnrepro"  # where MLFLOW_EXPERIMENT_NAME names no other
SUPERSEDED, INTERRUPTED = "superseded", "interrupted"  # of the tag "status", beside those of a record

# What MLflow reads when it is imported or used; what a person has set stays. By default it reports its use to its
# makers, logs its set-up on standard error, and tries for minutes to reach a server that is gone.
_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


class MlflowTracker:
    """One run in MLflow.

    Args:
        runs: the folder of the run store.
    """

    def __init__(self, runs: Path):
        self._folder = runs.resolve() / "mlflow"
        self._run_id = ""
        self._written: dict[int, float] = {}
        self._tested = self._ended = False

    def begin(self, record: RunRecord) -> None:
        """Find the run or make it, and write the epochs that it lacks."""
        self._client, self._experiment = self._connect()
        self._ended = False
        self._find(record)
        if not self._run_id:
            self._make(record)
        self._client.update_run(self._run_id, status="RUNNING")
        self._describe(record)
        self.epoch(record)

    def epoch(self, record: RunRecord) -> None:
        """Write the epochs that are not there. A run of the key with other numbers is left, marked, for a new one."""
        if points.first_difference(record, self._written) is not None:
            self._client.set_tag(self._run_id, "status", SUPERSEDED)
            self._client.set_terminated(self._run_id, "KILLED")
            self._make(record)
            self._describe(record)
        for epoch in points.missing(record, self._written):
            values = points.epoch_points(record, epoch)
            self._log(values, epoch)
            self._written[epoch] = values[points.MARK]

    def end(self, record: RunRecord) -> None:
        """Write the test scores and how the run ended."""
        self.epoch(record)
        if record.test and not self._tested:
            self._log(points.test_points(record), record.epochs_done)
            self._tested = True
        if record.failure:
            self._client.set_tag(self._run_id, "failure", str(record.failure["reason"]))
        self._client.set_tag(self._run_id, "status", record.status)
        self._client.set_terminated(self._run_id, "FINISHED" if record.status == DONE else "FAILED")
        self._ended = True

    def close(self) -> None:
        """Say that the run was interrupted, where it began and did not end."""
        if self._run_id and not self._ended:
            self._client.set_tag(self._run_id, "status", INTERRUPTED)
            self._client.set_terminated(self._run_id, "KILLED")

    def _connect(self) -> tuple[MlflowClient, str]:
        """A client of the store and the number of the experiment in it; both are made where they are missing."""
        for name, value in _DEFAULTS.items():
            os.environ.setdefault(name, value)
        uri = os.environ.get("MLFLOW_TRACKING_URI")
        if uri:
            return _opened(uri, None)
        self._folder.mkdir(parents=True, exist_ok=True)
        artifacts = (self._folder / "artifacts").as_uri()  # MLflow's default is ./mlruns
        # Runs begin side by side, and MLflow lets two processes make the tables of one file at once.
        with FileLock(self._folder / "lock"):
            return _opened(f"sqlite:///{self._folder / 'mlflow.db'}", artifacts)

    def _find(self, record: RunRecord) -> None:
        """The run of the key, and what it holds."""
        runs = self._client.search_runs(
            [self._experiment], filter_string=f"tags.key = '{record.key}'", order_by=["attributes.start_time DESC"]
        )
        current = [run.info.run_id for run in runs if run.data.tags.get("status") != SUPERSEDED]
        self._run_id, self._written, self._tested = current[0] if current else "", {}, False
        if current:
            history = self._client.get_metric_history(self._run_id, points.MARK)
            self._written = {point.step: point.value for point in history}
            self._tested = bool(self._client.get_metric_history(self._run_id, points.TEST_MARK))

    def _make(self, record: RunRecord) -> None:
        """A new run, found by its key from its first moment on."""
        tags = {"key": record.key, "status": record.status}
        run = self._client.create_run(self._experiment, run_name=record.spec.title(), tags=tags)
        self._run_id, self._written, self._tested = run.info.run_id, {}, False

    def _describe(self, record: RunRecord) -> None:
        """Parameters and tags; the same key has the same, so that writing them again changes nothing but the status."""
        from mlflow.entities import Param, RunTag

        tags = points.marks(record) | {"status": record.status}
        self._client.log_batch(
            self._run_id,
            params=[Param(name, str(value)) for name, value in points.fields(record).items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )

    def _log(self, values: dict[str, float], epoch: int) -> None:
        """The points of an epoch, in one request, so that all of them are there or none."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)  # milliseconds
        self._client.log_batch(
            self._run_id, metrics=[Metric(name, value, now, epoch) for name, value in values.items()]
        )


def _opened(uri: str, artifacts: str | None) -> tuple[MlflowClient, str]:
    """A client of a store, and the number of the experiment there."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    client, name = MlflowClient(tracking_uri=uri), os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client, client.create_experiment(name, artifact_location=artifacts)
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another client of the server was quicker
            if found is None:
                raise
    return client, found.experiment_id
