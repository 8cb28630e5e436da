"""What the notebook ``compare`` computes: a comparison of any networks over seeds, and what its page says of it.

comparison   the runs, look by look, and what is decided
words        the question and its answer in sentences and tables
by_image     classes and test images that only one side gets right
"""

# ruff: noqa: F401 (gathered for the notebook)
from cnnrepro.lessons.compare.by_image import errors_by_class, told_apart
from cnnrepro.lessons.compare.comparison import Comparison, Pair, compare
from cnnrepro.lessons.compare.words import (
    COST_COLUMNS,
    PAIR_COLUMNS,
    PILOT_COLUMNS,
    SCORE_COLUMNS,
    answer,
    beforehand,
    cost_rows,
    digits,
    metric_name,
    pair_rows,
    percent,
    pilot_rows,
    question,
    score_rows,
    seed_columns,
    seed_rows,
    verdict,
    word,
)
