"""What is said where a batch gets no cluster."""

import socket

import pytest

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.runner import cluster
from cnnrepro.runner.batch_options import BatchOptions


def test_a_scheduler_that_wants_certificates_says_where_they_are_named(tmp_path):
    options = BatchOptions(scheduler="tls://127.0.0.1:9")
    with (
        pytest.raises(UsageError, match="wants certificates, .*DASK_DISTRIBUTED__COMM__TLS__CA_FILE"),
        cluster.connected(options, "batch", 1, tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    "error", [OSError(30, "Read-only file system"), RuntimeError("Cluster failed to start: Cannot assign address")]
)
def test_a_machine_that_lets_no_worker_start_says_what_they_need(error, tmp_path, monkeypatch):
    def refuse(**options):
        raise error

    monkeypatch.setattr(cluster, "LocalCluster", refuse)
    with (
        pytest.raises(WorkFailed, match=r"could not be started on this machine .*(Read-only|Cannot).*/dev/shm"),
        cluster.connected(BatchOptions(jobs=2), "batch", 2, tmp_path),
    ):
        pass


def test_a_port_that_takes_calls_and_is_silent_is_told(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with (
            pytest.raises(UsageError, match=rf"Nothing was said at '{address}' for 0\.2 seconds, so no Dask scheduler"),
            cluster._running(address),
        ):
            pass
