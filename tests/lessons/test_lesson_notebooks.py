"""What every lesson's notebook has: source to read, something to try, and questions whose answers are folded."""

import json
import re

import pytest

from cnnrepro.experiments import experiment
from cnnrepro.experiments.experiment import calls
from cnnrepro.report.safe_html import markdown_html

LESSONS = (
    "alexnet_pipeline",
    "architectures",
    "convolution_by_hand",
    "dense_to_convolution",
    "geometry_and_receptive_fields",
    "pooling",
    "what_the_filters_see",
)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_shows_source_invites_to_try_and_asks_three_questions(name):
    notebook = experiment(name).notebook
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    assert calls(notebook, "report.show_source")
    (tried,) = [number for number, cell in enumerate(cells) if "try-this" in cell["metadata"].get("tags", ())]
    assert sources[tried - 1].startswith("## Try this\n")
    assert re.search(r"\breport\.show(_table)?\(", sources[tried])
    asked = markdown_html(sources[tried + 1])
    assert asked.startswith('<h2 id="Three-questions">')
    assert len(re.findall(r"<p><strong>[123]\.</strong> [^<]", asked)) == 3
    answers = re.findall(r"<details><summary>Answer</summary>\s*<p>(.*?)</p>\s*</details>", asked, re.DOTALL)
    assert len(answers) == asked.count("<details>") == 3 and all(len(answer) > 20 for answer in answers)
    assert "$" not in re.sub(r'alttext="[^"]*"', "", asked), "a formula that could not be set"
