"""Printed text as a terminal shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.runner.terminal_text import ROWS, WIDTH, TerminalText


def shown(*pieces):
    terminal = TerminalText()
    return "".join([*map(terminal.write, pieces), terminal.rest()])


@pytest.mark.parametrize(
    "printed, on_the_terminal",
    [
        ("plain\ntext\n", "plain\ntext\n"),
        ("1/3\r2/3\r3/3\ndone", "3/3\ndone"),
        ("longer text\rshort\n", "shortr text\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("10/10\b\b\b\b\b11/11\n", "11/11\n"),
        ("\b\bx\n", "x\n"),
        ("bar 50%\r\x1b[Kend\n", "end\n"),
        ("bar 50%\x1b[2K\rend\n", "end\n"),
        ("abc\x1b[2D\x1b[1Kd\n", " dc\n"),
        ("\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        ("\x1b[31mred\x1b[0m\rnew\n", "new\n"),
        ("\x1b[31mab\x1b[0mcd\r\x1b[2Cx\n", "\x1b[31mab\x1b[0mxd\n"),
        ("a\nb\nc\n\x1b[3A\x1b[JA\nB\n", "A\nB\n"),
        ("one\ntwo\x1b[F1\x1b[E2", "1ne\n2wo"),
        ("a\x1b]0;title\x07b\x1b(Bc", "abc"),
        ("one\ntwo\n\x1b[2A1\x1b[B\r2\n\x1b[Bend", "1ne\n2wo\nend"),
        ("\nouter 1\x1b[A\rinner 1\n\router 2\x1b[A\rinner 2\n\n", "inner 2\nouter 2\n"),
        ("\x1b[5A\x1b[3Cx\x1b[Gy", "y  x"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x07 \x1b[?25lhidden\x1b[?25h", "link hidden"),
        ("not\x1bknown", "not\x1bknown"),
    ],
)
def test_what_is_written_over_is_gone(printed, on_the_terminal):
    assert shown(printed) == on_the_terminal


@given(
    st.lists(
        st.sampled_from(
            ["ab", "\n", "\r", "\b", "\x1b[A", "\x1b[K", "\x1b[1;31m", "\x1b[0m", "é", "\x1b[2J", "\x1b]0;t\x07"]
        ),
        max_size=30,
    )
)
def test_it_does_not_matter_in_which_pieces_a_text_comes(parts):
    text = "".join(parts)
    assert shown(*text) == shown(text) == shown(text[: len(text) // 2], text[len(text) // 2 :])


@given(st.text(st.characters(exclude_characters="\r\b\x1b"), max_size=200))
def test_plain_text_stays_as_it_is(text):
    assert shown(text) == text


def test_only_the_last_rows_are_kept_at_hand():
    terminal = TerminalText()
    finished = "".join(terminal.write(f"line {number}\n") for number in range(2 * ROWS))
    assert finished == "".join(f"line {number}\n" for number in range(ROWS + 1))
    many = "".join(f"row {number}\n" for number in range(5 * ROWS))
    assert shown(many, many, "end") == many + many + "end"
    assert shown("x" * 3 * WIDTH, "y\nz") == "x" * 3 * WIDTH + "y\nz"


def test_an_endless_bar_takes_no_room():
    terminal = TerminalText()
    assert all(terminal.write(f"\r{number}") == "" for number in range(10_000)) and terminal.rest() == "9999"
