"""README says of the flagship what its committed records say."""

from tests import drawn_in_readme
from tests.flagship_in_readme import MODULE, block


def test_readme_says_what_the_committed_records_say():
    assert drawn_in_readme.written(MODULE) == block(), f"python -m {MODULE} writes it anew"
