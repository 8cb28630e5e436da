"""Tables in a terminal: whole where there is room, whole columns left out where there is not, never a number cut."""

import io
import re
from functools import partial
from pathlib import Path

import pytest
from tqdm import tqdm

from cnnrepro import cli, console
from cnnrepro.stderr import say_line
from cnnrepro.training.progress import TERMINAL_BAR, BarProgress
from tests.calling import call

HOSTILE = "a\x1b[2Jb\x07\r\u202ec\x9b31m\udcff"
SHOWN = r"a\x1b[2Jb\x07\r\u202ec\x9b31m\udcff"
ROWS = [["conv1", "Conv2D", "34,944", "a note of several words that is rather long"], ["fc", "Dense", "1", ""]]
COLUMNS = ["layer", "kind", "parameters", "note"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """Print the table in a terminal of so many columns."""

    def show(width, **options):
        stream = Terminal()
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setenv("COLUMNS", str(width))
        console.print_table(COLUMNS, ROWS, **options)
        return stream.getvalue()

    return show


def test_with_room_all_is_there_and_numbers_are_set_right(shown):
    text = shown(120, fold="note", right=["parameters"])
    assert "a note of several words that is rather long" in text
    assert "         1 " in text


def test_without_room_spare_columns_go_and_it_is_said(shown):
    text = shown(28, fold="note", spare=["note", "kind"])
    assert "34,944" in text
    assert "Conv2D" not in text
    assert "Left out for want of width: note, kind" in " ".join(text.split())


def test_a_long_cell_is_folded_and_no_number_cut(shown):
    text = shown(60, fold="note")
    assert "34,944" in text
    assert "rather" in text and "rather long" in " ".join(text.split())


def test_several_columns_may_be_folded_and_whole_words_decide_how_far(shown):
    text = shown(60, fold=["note", "kind"], spare=["parameters"])
    assert "parameters" in text and "Left out" not in text
    assert "several words" in " ".join(text.split())


def test_a_heading_may_have_two_lines_and_is_named_in_one(monkeypatch):
    for width, told in ((60, False), (12, True)):
        stream = Terminal()
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setenv("COLUMNS", str(width))
        console.print_table(["key", "test\naccuracy"], [["abcdef", "0.5"]], spare=["test\naccuracy"])
        said = " ".join(stream.getvalue().split())
        assert ("Left out for want of width: test accuracy;" in said) == told
        assert ("0.5" in said) != told


def test_a_pipe_gets_the_lines_whole(capsys):
    console.print_table(COLUMNS, [["x" * 250, "k", "1", "n"]], fold="note", spare=["kind"])
    out = capsys.readouterr().out
    assert "x" * 250 in out
    assert "kind" in out


def test_cells_are_text_and_no_markup(capsys):
    console.print_table(["a"], [["[bold]x[/bold]"]])
    assert "[bold]x[/bold]" in capsys.readouterr().out


def test_columns_of_one_heading_stay_apart(capsys):
    console.print_table(["", "", "found"], [["Python", "ok", "3.12"]], fold="found")
    assert capsys.readouterr().out.splitlines()[-2].split() == ["Python", "ok", "3.12"]


def test_what_a_terminal_would_obey_or_hide_is_written_out():
    assert console.printable(HOSTILE) == SHOWN
    assert console.printable("one\ntwo\tthree") == "one\ntwo\tthree"
    assert console.printable("one\ntwo", kept="") == r"one\ntwo"
    plain = "é 漢字 0.95\u202f% \xa0 → ✓ naïve"
    assert console.printable(plain) == plain


def test_so_are_lines_tables_and_in_a_terminal_paths(monkeypatch, capsys):
    console.echo(HOSTILE)
    console.print_table(["name", "other"], [[HOSTILE, 1]], fold="name")
    say_line(HOSTILE)
    out, err = capsys.readouterr()
    assert out.count(SHOWN) == 2 and err == f"{SHOWN}\n"
    console.echo_path("a\x1bb")
    assert capsys.readouterr().out == "a\x1bb\n"  # for programs
    monkeypatch.setattr("sys.stdout", terminal := Terminal())
    console.echo_path("a\x1b\nb")
    assert terminal.getvalue() == "a\\x1b\\nb\n"


def test_progress_shows_titles_so(capsys):
    bar = BarProgress(partial(tqdm, bar_format=TERMINAL_BAR))
    bar.start(HOSTILE, epochs=1, images=2, done=0)
    bar.batch(1, 1, {})
    bar.stop()
    err = capsys.readouterr().err
    assert SHOWN in err and "\x1b[2J" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "a\x1b[2J.keras"],
        ["inspect", "a\x1b[2J"],
        ["run", "a\x1b[2J.ipynb"],
        ["a\x1b[2J"],
        ["list", "--a\x1b[2J"],
        ["runs", "show", "a\x1b[2J"],
    ],
)
def test_errors_show_what_was_given_so(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, _, err = call(capsys, *arguments)
    assert status == 2 and r"a\x1b[2J" in err and "\x1b" not in err


def test_no_command_prints_past_it():
    """Only the frame's version and help do."""
    commands = [path for path in Path(cli.__file__).parent.glob("*.py") if path.name != "app.py"]
    assert not [
        path.name for path in commands if re.search(r"typer\.echo|(?<![.\w])print\(", path.read_text(encoding="utf-8"))
    ]
