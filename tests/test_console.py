"""Tables in a terminal: whole where there is room, whole columns left out where there is not, never a number cut."""

import io

import pytest

from cnnrepro import console

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
