"""Each number of a verdict leads to the records beside its page, else nothing is published."""

import json
import re
import shutil

import pytest

from cnnrepro.errors import WorkFailed
from cnnrepro.report import site
from cnnrepro.report.origins import require_origins
from tests.calling import call
from tests.committed_page import DRAWN, FLAGSHIP, REPORTS

DEPTH = REPORTS / "depth" / "full-true"  # the smallest page of a study
CSV = "figures/depth.csv"
KEY = re.compile(r"\*([0-9a-f]{16})")


@pytest.fixture
def page(tmp_path):
    """A page that may be changed: report and numbers of a study, and the records that these name."""
    folder = tmp_path / "reports" / "depth" / "full-true"
    (folder / "figures").mkdir(parents=True)
    for name in ("report.json", CSV, "index.html"):
        shutil.copyfile(DEPTH / name, folder / name)
    for key in set(KEY.findall((folder / CSV).read_text(encoding="utf-8"))):
        (folder / "records" / key).mkdir(parents=True)
        shutil.copyfile(DEPTH / "records" / key / "record.json", folder / "records" / key / "record.json")
    return folder


def first_key(page):
    return KEY.search((page / CSV).read_text(encoding="utf-8"))[1]


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def in_report(change):
    """Change the verdict of a report.json."""

    def changed(page):
        about = json.loads((page / "report.json").read_text(encoding="utf-8"))
        change(about["verdicts"][0])
        (page / "report.json").write_text(json.dumps(about), encoding="utf-8")

    return changed


# What is done to a page -> what the refusal says.
SPOILT = {
    "the value of a verdict": (
        in_report(lambda verdict: verdict["effects"][0].update(value=1.17)),
        "the verdict on statement 47: plain-56 minus plain-20, training loss, statistics re-estimated: "
        "value is 1.17, and the runs give 1.16",
    ),
    "an end of its interval": (
        in_report(lambda verdict: verdict["effects"][0].update(low=0.7)),
        "low is 0.7, and the runs give 0.67",
    ),
    "its seeds": (in_report(lambda verdict: verdict["effects"][0].update(n=6)), "n is 6, and there are 5 seeds"),
    "its name": (
        in_report(lambda verdict: verdict["effects"][0].update(name="plain-56 minus plain-8: test error")),
        "plain-56 minus plain-8, test error: 1.16",
    ),
    "its text": (
        in_report(lambda verdict: verdict["effects"][0].update(text="+1.262 nats (5 seeds)")),
        "says '+1.262 nats (5 seeds)', which its runs do not give",
    ),
    "the sentence of a verdict": (
        in_report(lambda verdict: verdict.update(sentence=verdict["sentence"].replace("+1.162", "+1.612"))),
        "says '+1.612 nats (97.5 % interval +0.677 to +1.648, 5 seeds)', which its runs do not give",
    ),
    "what is looked at beside": (
        in_report(lambda verdict: verdict.update(evidence=[verdict["evidence"][0].replace("+0.778", "+0.878")])),
        "says '+1.163 nats (95 % interval +0.878 to +1.548, 5 seeds)', which its runs do not give",
    ),
    "a verdict without numbers": (
        in_report(lambda verdict: verdict.update(effects=[])),
        "the verdict on statement 47 says '56' and names no number that was judged",
    ),
    "a number of a figure": (
        lambda page: edit(page / CSV, "0.52482939", "0.52482949"),
        f"{CSV}, line 2: 0.52482949 is not what its runs give, 0.52482939",
    ),
    "the field of a number": (
        lambda page: edit(page / CSV, "test.loss_training_reestimated ", ""),
        "line 2: 0.52482939 cannot be read off test.loss_training as 'training loss, statistics re-estimated'",
    ),
    "what was measured": (
        lambda page: edit(page / CSV, "statistics re-estimated", "smoothed"),
        "as 'training loss, smoothed'",
    ),
    "the runs of a number": (lambda page: edit(page / CSV, f"+1*{first_key(page)}", ""), "0.52482939 leads to no run"),
    "a record removed": (
        lambda page: (page / "records" / first_key(page) / "record.json").unlink(),
        "line 2: 0.52482939 leads to run 81a149c2cfccf2b7, whose record beside the page cannot be read",
    ),
    "a record changed": (
        lambda page: edit(page / "records" / first_key(page) / "record.json", '"accuracy": 0.', '"accuracy": 0.1'),
        "leads to run 81a149c2cfccf2b7, whose record beside the page cannot be read: its checksum does not fit",
    ),
    "the record of another run": (
        lambda page: shutil.copyfile(
            next(path for path in page.glob("records/*/record.json") if path.parent.name != first_key(page)),
            page / "records" / first_key(page) / "record.json",
        ),
        "leads to run 81a149c2cfccf2b7, and the record of that name is of another",
    ),
    "a table of contrasts": (
        lambda page: edit(page / "index.html", '<td class="number">+1.162<', '<td class="number">+1.612<'),
        "the table of contrasts says 'plain-56 minus plain-20, training loss, statistics re-estimated, +1.612, ",
    ),
    "no numbers at all": (lambda page: (page / CSV).unlink(), "leads to no run"),
}


@pytest.mark.parametrize(("spoil", "said"), SPOILT.values(), ids=SPOILT)
def test_a_number_that_leads_to_no_record_is_refused_and_nothing_is_written(spoil, said, page):
    reports = page.parent.parent
    spoil(page)
    with pytest.raises(WorkFailed) as refused:
        site.publish(reports, reports.parent / "site")
    text = str(refused.value)
    assert text.startswith("depth/full-true/index.html is not published: ") and said in text
    assert [path.name for path in reports.parent.iterdir()] == ["reports"]
    with pytest.raises(WorkFailed):
        site.publish_index(reports)
    assert [path.name for path in reports.iterdir()] == ["depth"]


def test_the_command_ends_with_status_1_and_one_sentence(page, capsys):
    (page / CSV).unlink()
    for to in ([], ["--to", page.parent.parent.parent / "site"]):
        status, out, err = call(capsys, "publish", "--reports", page.parent.parent, *to)
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert "depth/full-true/index.html is not published" in err


def test_a_page_as_it_was_drawn_is_published(page):
    reports = page.parent.parent
    assert site.publish(reports, reports.parent / "site").is_file()


@pytest.mark.parametrize("folder", DRAWN, ids=lambda folder: folder.parent.name)
def test_the_committed_pages_are_published(folder):
    require_origins([folder], REPORTS)


def test_a_share_of_seeds_is_counted_again(tmp_path):
    folder = tmp_path / "alexnet_vs_resnet" / "one"
    (folder / "figures").mkdir(parents=True)
    (folder / "records").symlink_to(FLAGSHIP / "records")
    for name in ("report.json", "figures/shares.csv"):
        shutil.copyfile(FLAGSHIP / name, folder / name)
    require_origins([folder], tmp_path)
    edit(folder / "figures/shares.csv", ",1,+1*", ",0,+1*")
    with pytest.raises(WorkFailed, match=r"shares\.csv, line 2: 0 is not what its runs give, 1"):
        require_origins([folder], tmp_path)


def test_the_ledgers_page_leads_to_the_page_of_the_runs(page):
    """It has no runs of its own, and says of such verdicts that they were judged again."""
    reports = page.parent.parent
    ledger = reports / "claims" / "default"
    ledger.mkdir(parents=True)
    shutil.copyfile(page / "report.json", ledger / "report.json")
    in_report(lambda verdict: verdict.update(made="judged now, from runs recorded earlier"))(ledger)
    require_origins([ledger], reports)
    shutil.rmtree(page)
    with pytest.raises(WorkFailed, match=r"claims/default/index\.html is not published: the verdict on statement 47"):
        require_origins([ledger], reports)
