"""What a page opens with."""

import base64
import io

import pytest
from PIL import Image

from cnnrepro.claims import LEDGER, NoVerdict, Verdict
from cnnrepro.claims.verdict import FROM_RECORDS, Effect, Part
from cnnrepro.report import opening
from tests.report.test_embedded_pictures import picture

TEXT = "−0.31 points (95 % interval −0.55 to −0.07, 10 seeds)"
EFFECT = Effect("average minus max", -0.31, -0.55, -0.07, "points", 10, "rule", "holds", "on digits", TEXT)


def test_a_statement_has_its_words_the_word_and_one_number_with_its_interval():
    other = Effect("another", 1.0, None, None, "points", 10, "rule", "holds", text="+1.00 points (10 seeds)")
    (row,) = opening.rows(
        [Verdict(34, "holds", "Long.", basis="mnist", made=FROM_RECORDS, effects=(EFFECT, other))], []
    )
    assert (row["text"], row["word"], row["mark"], row["link"]) == (LEDGER[34].text, "holds", "✓", "#statement-34")
    assert (row["value"], row["interval"]) == ("−0.31 points", "(95 % interval −0.55 to −0.07, 10 seeds)")
    assert row["what"] == "On digits: average minus max"
    assert (row["found"], row["basis"], row["earlier"]) == ("", "mnist", FROM_RECORDS)


def test_without_runs_it_has_what_was_found():
    parts = (Part("holds", "A."), Part("undecided", "B."))
    rows = opening.rows(
        [Verdict(10, "undecided", "Long.", parts=parts), Verdict(9, "holds", "So.")], [NoVerdict(30, "No.")]
    )
    assert [(row["number"], row["value"], row["found"]) for row in rows] == [
        *((9, "", "So."), (10, "", "1 × holds, 1 × undecided, of 2 parts."), (30, "", "No."))
    ]


@pytest.mark.parametrize(
    "basis, data", [("mnist_5k (3,500 training images), 5 epochs", "mnist_5k"), ("mnist, 5 epochs", "")]
)
def test_data_that_the_statement_does_not_speak_of_are_named_beside_the_word(basis, data):
    (row,) = opening.rows([Verdict(30, "holds", "So.", basis=basis)], [])
    assert row["other_data"] == data


def test_a_statement_that_is_not_in_the_ledger_has_its_number_alone():
    assert opening.rows([Verdict(999, "holds", "So.")], [])[0]["text"] == ""


@pytest.mark.parametrize("rows, room", [(0, True), (6, True), (7, False), (16, False), (17, True)])
def test_a_chart_is_shown_where_a_table_leaves_room(rows, room):
    assert opening.has_room([{}] * rows) is room


@pytest.mark.parametrize(
    "size, shown, look",
    [
        ((1, 1), (1, 1), ""),
        ((2400, 600), (1200, 300), ""),
        ((100, 60), (100, 60), " tall"),
        ((100, 200), (100, 90), " tall taller"),
    ],
)
def test_a_chart_is_sharp_and_not_higher_than_a_screen_has_room(size, shown, look):
    pixels = io.BytesIO()
    Image.open(io.BytesIO(picture())).resize(size).save(pixels, format="png")
    made = opening.chart(pixels.getvalue())
    head, _, data = made["source"].partition(",")
    assert head == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == shown
    assert made["look"] == look


def test_a_chart_ends_between_two_panels():
    panels = Image.new("RGB", (100, 200), "white")
    for top, bottom in ((0, 58), (62, 66), (80, 200)):
        panels.paste((0, 0, 0), (0, top, 100, bottom))
    pixels = io.BytesIO()
    panels.save(pixels, format="png")
    data = opening.chart(pixels.getvalue())["source"].partition(",")[2]
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (100, 73)  # of 90, amid 66 to 80


def test_a_colour_of_few_pixels_stays():
    image = Image.linear_gradient("L").convert("RGB").resize((600, 200))
    image.paste((213, 94, 0), (0, 0, 6, 6))
    pixels = io.BytesIO()
    image.save(pixels, format="png")
    source = opening.chart(pixels.getvalue())["source"]
    red, green, blue = (
        Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).convert("RGB").getpixel((2, 2))
    )
    assert abs(red - 213) + abs(green - 94) + blue < 40


def test_beside_a_part_stands_what_its_word_comes_from():
    effects = [
        Effect("a minus b", 1.0, 0.5, 1.5, "points", 5, "", "holds", "", "+1.00 points (5 seeds)", part=1),
        Effect("c minus d", 0.0, -1.0, 1.0, "points", 5, "", "undecided", "", "+0.00 points (5 seeds)", part=1),
    ]
    verdict = Verdict(
        40, "undecided", "So.", parts=(Part("holds", "a"), Part("undecided", "b")), effects=tuple(effects)
    )
    first, second = opening.rows([verdict], [])[0]["parts"]
    assert (first["found"], second["found"]) == ("", "C minus d +0.00 points (5 seeds)")


@pytest.mark.parametrize("word, shown", [("undecided", "in 4 of 6 seeds"), ("holds if …", "in 6 of 6 seeds")])
def test_the_number_shown_is_the_first_that_gave_the_word(word, shown):
    shares = (("holds", "in 6 of 6 seeds (54% to 100%)"), ("undecided", "in 4 of 6 seeds (22% to 96%)"))
    effects = [Effect("ahead", 0.5, 0.2, 1.0, "share of seeds", 6, "r", own, "", text) for own, text in shares]
    (row,) = opening.rows([Verdict(30, word, "So.", effects=tuple(effects))], [])
    assert row["value"] == shown
