"""Formulas on a page: MathML made beforehand, dollars that are none, and nothing that could run."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.claims.verdict import WORDS, Verdict, count
from cnnrepro.report.figures.verdict_tally import COLOURS, HATCHES
from cnnrepro.report.safe_html import (
    css,
    formula_html,
    hold_formulas,
    markdown_html,
    safe_html,
    set_formulas,
    tally,
    verdict_look,
)


def page(markdown):
    """What the template does with a cell's Markdown."""
    from nbconvert.filters import markdown2html

    return set_formulas(safe_html(markdown2html(hold_formulas(markdown))))


def elements(text):
    """The names of the elements and attributes of a piece of HTML, as a parser reads it."""
    tags, attributes = set(), set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag, given):
            tags.add(tag)
            attributes.update(name for name, _ in given)

    Reader().feed(text)
    return tags, attributes


def test_a_formula_in_a_line_and_one_of_its_own():
    text = page("The size is $\\frac{W - F + 2P}{S} + 1$, and\n\n$$r = 1 + \\sum_l (k_l - 1) \\prod_{i<l} s_i$$\n")
    assert text.count("<math") == 2
    assert text.count('display="block"') == 1
    assert "<mfrac>" in text and "<munder" in text
    assert 'alttext="\\frac{W - F + 2P}{S} + 1"' in text
    assert "$" not in re.sub("<[^>]*>", "", text)


def test_underscores_and_asterisks_are_not_eaten_by_markdown():
    text = page("$a_i * b_i$ and $c_i * d_i$ and *stressed*")
    assert text.count("<em>") == 1
    assert text.count("<msub>") == 4


@pytest.mark.parametrize(
    "markdown, kept",
    [
        ("`$x$` is code", "<code>$x$</code>"),
        ("```\ncost = $5 and $6\n```", "$5 and $6"),
        ("it costs $5 or $10", "it costs $5 or $10"),
        ("a \\$ and another \\$", "a $ and another $"),
    ],
)
def test_dollars_that_are_no_formula_stay(markdown, kept):
    text = page(markdown)
    assert kept in text
    assert "<math" not in text


@pytest.mark.parametrize(
    "source",
    [
        "\\begin{align}\na_i &= b \\\\\n  &= *c* \\label{eq:1}\n\\end{align}",
        "\\begin{align*} a &= b \\end{align*}",
        "text \\begin{equation}E = mc^2\\tag{1}\\end{equation} text",
        "\\begin{gather} a \\\\ b \\end{gather}",
        "\\begin{eqnarray} a &=& b \\nonumber \\end{eqnarray}",
        "\\begin{alignat}{2} a &= b \\end{alignat}",
        "$$\\begin{aligned} a &= b \\end{aligned}$$",
        "\\\\[ a_i * b_i * c \\\\]",
    ],
)
def test_displayed_formulas_need_no_dollars(source):
    text = page(source)
    assert text.count('<math display="block"') == 1
    assert "<em>" not in text and "\\" not in re.sub("<[^>]*>", "", text)


def test_formulas_between_backslashes_are_those_that_jupyter_takes():
    assert page("size \\\\(a_i\\\\) here").count("<msub>") == 1
    assert "<math" not in page("not \\(this\\) one, nor `\\begin{align}a\\end{align}`")


def test_an_environment_that_is_no_formula_stays_source():
    assert page("\\begin{tabular}{c}x\\end{tabular}").count("<code>") == 1


def test_what_cannot_be_set_is_shown_as_its_source():
    text = formula_html("\\nosuchcommand{x}")
    assert text == "<code>$\\nosuchcommand{x}$</code>"
    assert "<math" not in formula_html("\\frac{", display=True)


@pytest.mark.parametrize(
    "hostile",
    [
        "$\\href{javascript:alert(1)}{x}$",
        "$<script>alert(1)</script>$",
        "<math><mtext><script>alert(1)</script></mtext></math>",
        "<math href='javascript:alert(1)'><mi>x</mi></math>",
        '$x\\text{<img src=x onerror="alert(1)">}$',
        "$\\style{background:url(http://a.b)}{x}$",
    ],
)
def test_nothing_on_the_page_can_run_or_load(hostile):
    tags, attributes = elements(page(hostile))
    assert not tags & {"script", "img", "a", "style"}
    assert not attributes & {"href", "src", "onerror", "style"}


@given(st.text(alphabet="ab_^{}\\$<>&\"' \n`*", max_size=40))
def test_any_text_gives_a_page_without_foreign_elements(source):
    text = page(source)
    assert not elements(text)[0] & {"script", "style", "iframe", "object", "img"}
    assert "\ue000" not in text


@pytest.mark.parametrize(
    "markdown, kept, gone",
    [
        ("- [x] done\n- [ ] open", ["☑ done", "☐ open"], ["left-out"]),
        ('## Head <a class="a" id="s"></a>\n\nafter', ['id="s"></a></h2>', "<p>after</p>"], ["left-out"]),
        ('<a name="top"></a> [up](#top)', ['name="top"', 'href="#top"'], []),
        ("a list:\n\n    costs = $a$", ["costs = $a$"], ["<math"]),
        ('![$\\alpha_1$](x.png "$b$")', ["“$\\alpha_1$”"], ["<math"]),
        ('<video src="a.mp4"></video> seen <!-- <script> -->', ["seen", "load nothing: a film."], ["a script"]),
        ('seen <div style="display:none">solution</div>', ["seen", "what is hidden until"], ["solution"]),
        ("`<video>` and\n\n```html\n<iframe>\n```", ["&lt;video&gt;"], ["left-out"]),
    ],
)
def test_markdown_keeps_what_it_says_or_tells_what_is_left_out(markdown, kept, gone):
    text = markdown_html(markdown)
    assert [words for words in kept if words not in text] == [], text
    assert [words for words in gone if words in text] == [], text


def test_the_tally_begins_with_the_best():
    words = ["undecided", "does not hold", "holds", "holds if …", "holds"]
    assert [row[:2] for row in tally(count(Verdict(7, word, "") for word in words))] == [
        ("holds", 2),
        ("holds if …", 1),
        ("does not hold", 1),
        ("undecided", 1),
    ]


def test_every_word_of_a_verdict_has_a_look_of_its_own():
    looks = [verdict_look(word) for word in WORDS]
    assert len(set(looks)) == len({mark for _, mark in looks}) == len(WORDS)
    assert all(f".verdict.{look} " in css() or look == "none" for look, _ in looks)
    assert set(COLOURS) == set(HATCHES) == set(WORDS)
