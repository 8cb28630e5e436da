"""Docstrings as HTML."""

import inspect

import pytest

from cnnrepro.report.site_pages.docstring_html import docstring_html

TEXT = """
    One sentence.

    More, of ``a<b`` and of `x`::

        indented <as it is>

        and more

    1. first
    2. second, which
       goes on

    Args:
        first, second: what they are; see ``there``.
        **others: those of
            the next line: with a colon.

    Returns:
        One thing: this one.

    Input shape: anything.

    Example:
        >>> f(1 < 2)
        True
"""


@pytest.fixture(scope="module")
def made():
    return docstring_html(inspect.cleandoc(TEXT), lambda code: {"there": "#x"}.get(code, ""))


def test_text_is_paragraphs_lists_and_code(made):
    assert made.startswith("<p>One sentence.</p>\n<p>More, of <code>a&lt;b</code> and of <code>x</code>:</p>")
    assert '<pre tabindex="0">indented &lt;as it is&gt;\n\nand more</pre>' in made
    assert "<ol><li>first</li><li>second, which\n   goes on</li></ol>" in made


def test_sections_of_names_are_lists(made):
    assert "<dt><code>first</code>, <code>second</code></dt>" in made
    assert '<dd>what they are; see <a href="#x"><code>there</code></a>.</dd>' in made
    assert "<dt><code>**others</code></dt><dd>those of the next line: with a colon.</dd>" in made


def test_other_sections_are_text(made):
    assert '<p class="heading">Returns</p><p>One thing: this one.</p></div>\n<p>Input shape: anything.</p>' in made
    assert '<p class="heading">Example</p><pre tabindex="0">&gt;&gt;&gt; f(1 &lt; 2)\nTrue</pre>' in made


def test_no_text_is_no_html():
    assert docstring_html("") == ""
