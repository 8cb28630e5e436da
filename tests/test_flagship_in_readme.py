"""README says of the flagship what its committed records say."""

from tests.flagship_in_readme import README, block, parts


def test_readme_says_what_the_committed_records_say():
    written = parts(README.read_text(encoding="utf-8"))[1]
    assert written == block(), "python -m tests.flagship_in_readme writes it anew"
