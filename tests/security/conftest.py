from tests.report.conftest import frame, verdict  # noqa: F401 - fixtures
