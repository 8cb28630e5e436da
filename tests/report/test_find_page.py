"""Which page a name means, and that nothing is opened where nobody would see it."""

import json

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.report import find_page as finding
from cnnrepro.report.find_page import find_page
from tests.calling import call


@pytest.fixture
def reports(tmp_path):
    """Two pages of an experiment, the second by name the older one, one of a notebook, and a damaged report."""
    for name, created in (("depth/a", "2025-02-01"), ("depth/b", "2025-01-01"), ("mine/default", "2024-01-01")):
        folder = tmp_path / "reports" / name
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(name)
        about = {"created": created, "verdicts": [], "title": name, "facts": {}, "experiment": name}
        (folder / "report.json").write_text(json.dumps(about))
    damaged = tmp_path / "reports" / "depth" / "damaged"
    damaged.mkdir()
    (damaged / "report.json").write_text("{")
    return tmp_path / "reports"


def test_the_newest_page_the_named_one_or_the_index(reports, tmp_path):
    assert find_page(reports, "depth") == reports / "depth" / "a" / "index.html"
    assert find_page(reports, "depth/b") == reports / "depth" / "b" / "index.html"
    assert find_page(reports, "mine/") == reports / "mine" / "default" / "index.html"
    for path in (reports / "depth" / "b", reports / "depth" / "b" / "index.html"):
        assert find_page(tmp_path, str(path)) == reports / "depth" / "b" / "index.html"
    assert find_page(reports) == reports / "index.html"
    assert "mine" in (reports / "index.html").read_text(encoding="utf-8")


def test_what_is_not_there_is_one_sentence(reports, tmp_path):
    for wanted, sentence in (
        ("dropout", "There is no page of dropout in .* make it: cnnrepro run dropout"),
        ("depht", "Unknown page or experiment 'depht'; .* Did you mean 'depth'"),
    ):
        with pytest.raises(UsageError, match=sentence):
            find_page(reports, wanted)
    with pytest.raises(UsageError, match="There are no reports in .* make one: cnnrepro run"):
        find_page(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_it_is_opened_where_there_is_a_display_and_its_path_is_printed(capsys, reports, monkeypatch):
    opened = []
    monkeypatch.setattr(finding.webbrowser, "open", lambda address: opened.append(address) or True)
    monkeypatch.setattr(finding.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    page = reports / "depth" / "a" / "index.html"
    status, out, err = call(capsys, "open", "depth")
    assert (status, out, opened) == (0, f"{page}\n", [])
    assert err == "cnnrepro: there is no display here, so the page was not opened.\n"
    monkeypatch.setenv("DISPLAY", ":0")
    assert call(capsys, "open", "depth") == (0, f"{page}\n", "")
    assert opened == [page.as_uri()]
    monkeypatch.setattr(finding.webbrowser, "open", lambda address: False)
    assert "there is no browser here" in call(capsys, "open", "depth")[2]
