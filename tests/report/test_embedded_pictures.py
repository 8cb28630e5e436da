"""Pictures that cells name: which files a page takes along, and what it says of the others."""

import base64
import io
import os

import pytest
from PIL import Image

from cnnrepro.report import embedded_pictures
from cnnrepro.report.embedded_pictures import NotShown, Pictures
from cnnrepro.report.safe_html import markdown_html, safe_html

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(kind="png"):
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, kind)
    return content.getvalue()


@pytest.fixture
def folder(tmp_path):
    """A notebook's folder with pictures, beside things that are nobody's business."""
    folder = tmp_path / "notebooks"
    (folder / "img").mkdir(parents=True)
    for name in ("figure.png", "img/a b.png", "img/100%.png", "é.png"):
        (folder / name).write_bytes(picture())
    (folder / "photo.jpg").write_bytes(picture("jpeg"))
    (folder / "moving.gif").write_bytes(picture("gif"))
    (folder / "drawing.svg").write_text(DRAWING)
    (folder / "key.png").write_text("-----BEGIN OPENSSH PRIVATE KEY-----")
    (tmp_path / "outside.png").write_bytes(picture())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    os.mkfifo(folder / "pipe.png")
    return folder


@pytest.mark.parametrize(
    "address, kind",
    [
        ("figure.png", "png"),
        ("./figure.png", "png"),
        ("img/../figure.png", "png"),
        ("figure.png?raw=true", "png"),
        ("img/a b.png", "png"),
        ("img/a%20b.png", "png"),
        ("img/100%25.png", "png"),
        ("%C3%A9.png", "png"),
        ("img\\a b.png", "png"),
        ("photo.jpg", "jpeg"),
        ("moving.gif", "gif"),
        ("drawing.svg", "svg+xml"),
        ("data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg'/>", "svg+xml"),
    ],
)
def test_a_picture_in_the_notebook_s_folder_comes_along(folder, address, kind):
    assert Pictures(folder).source(address).startswith(f"data:image/{kind};base64,")


@pytest.mark.parametrize(
    "address, reason",
    [
        ("none.png", "no such file"),
        ("key.png", "no picture that browsers show"),
        ("../outside.png", "outside of the notebook's folder"),
        ("..%2Foutside.png", "outside of the notebook's folder"),
        ("link.png", "outside of the notebook's folder"),
        ("pipe.png", "no such file"),
        ("/etc/passwd", "from the notebook's folder alone"),
        ("~/.ssh/id", "from the notebook's folder alone"),
        ("file:///etc/passwd", "from the notebook's folder alone"),
        ("C:\\secret.png", "from the notebook's folder alone"),
        ("https://example.org/a.png", "another server"),
        ("//example.org/a.png", "another server"),
        ("attachment:none.png", "no such attachment"),
        ("data:text/html,<b>x</b>", "no picture"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "cannot be read"),
    ],
)
def test_what_cannot_be_shown_says_why(folder, address, reason):
    with pytest.raises(NotShown, match=reason):
        Pictures(folder).source(address)


def test_large_pictures_stay_where_they_are(folder, monkeypatch):
    monkeypatch.setattr(embedded_pictures, "LARGEST_SUM", 100)
    pictures = Pictures(folder)
    pictures.source("figure.png")
    with pytest.raises(NotShown, match="too many for a page"):
        pictures.source("figure.png")


@pytest.mark.parametrize(
    "markdown",
    [
        "![shot](attachment:shot.png)",
        '![shot](attachment:my%20shot.png "a title")',
        '<img src="attachment:shot.png" width="50" alt="shot"/>',
        "![shot](figure.png)",
        "![shot](<img/a b.png> 'a title')",
        '<img src="./figure.png" width=80 alt="shot">',
        "a line <img src='figure.png' alt='shot'> with one",
    ],
)
def test_in_markdown(folder, markdown):
    attached = {name: {"image/png": base64.b64encode(picture()).decode()} for name in ("shot.png", "my shot.png")}
    text = markdown_html(markdown, Pictures(folder), attached)
    assert 'alt="shot"' in text and 'src="data:image/png;base64,' in text and "left-out" not in text


def test_a_missing_picture_leaves_a_line_in_which_nothing_runs():
    text = safe_html('<img src="<script>.png" alt="<b>" onerror=x>')
    assert text == (
        '<span class="left-out">[The picture “&lt;b&gt;” (&lt;script&gt;.png) is not shown: it is a file.]</span>'
    )
    assert "another server" in markdown_html("![web](https://example.org/a.png)")
    assert "no such attachment" in markdown_html("![x](attachment:gone.png)")
    assert safe_html('<a href="attachment:x">x</a>') == "<a>x</a>"


def test_a_drawing_in_html_becomes_a_picture():
    text = safe_html("<p>a<svg width=\"5\"><circle r='1'/></svg>b</p>")
    assert text.startswith('<p>a<img alt="A drawing" src="data:image/svg+xml;base64,') and text.endswith(">b</p>")
    assert "not well-formed" in safe_html("<svg><circle r=1></svg>")
    assert safe_html("<script>'<svg></svg>'</script>x") == "x"
