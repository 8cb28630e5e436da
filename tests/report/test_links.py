"""Links on a page, and between the pages of a site."""

import time

import pytest

from cnnrepro.claims import LEDGER
from cnnrepro.report import links
from tests.elements import Elements

WAYS = [{"text": "Front page", "link": "../../index.html"}]
PLACES = '<nav class="near"></nav><p id="statement-40"></p>{}<nav class="related"></nav>'


def entry(experiment, *claims, title="", folder="default"):
    link = f"{experiment}/{folder}/index.html"
    return {"link": link, "title": title or experiment, "experiment": experiment, "claims": claims, "folder": folder}


@pytest.fixture
def pages():
    """Those of a site, as they come: newest first."""
    every = [
        entry("mine"),
        entry("claims", *LEDGER),
        entry("pooling_in_training", 32, 33, title="Pooling in training: mnist_5k, 3 epochs"),
        entry("pooling", 9, 10),
        entry("dropout", 40, title="Dropout: a", folder="a"),
        entry("dropout", 40, title="Dropout: a", folder="b"),
    ]
    return links.neighbours(every)


def test_each_heading_has_an_id_of_its_own_and_a_link_to_it():
    made, contents = links.with_anchors(
        '<h2 id="A-b">A <em>b</em></h2><h2 id="A-b">A b</h2><h2>x <math alttext="y&lt;z"><mi>y</mi></math></h2>'
        '<h3 id="é">small</h3>'
    )
    assert [address["id"] for tag, address in Elements(made).found if tag in ("h2", "h3")] == [
        *("A-b", "A-b-2", "x-y-z", "é")
    ]
    assert [link["href"] for link in Elements(made).of("a")] == ["#A-b", "#A-b-2", "#x-y-z", "#%C3%A9"]
    assert contents == [("#A-b", "A b"), ("#A-b-2", "A b"), ("#x-y-z", "x y<z")]


def test_contents_are_there_where_there_is_a_choice():
    assert links.contents_html([("#a", "A")]) == ""
    assert 'href="#b">B &lt;' in links.contents_html([("#a", "A"), ("#b", "B <")])


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Statement 40: so", [40]),
        ("judge statements 31, 32 and 40.", [31, 32, 40]),
        ("Of the statements 1 is recorded earlier", []),
        ("statement 40.5, statement 999", []),
        ('<code>statement 40</code> <a href="#x">statement 40</a> <h2>Statement 40</h2>', []),
        ('<img alt="a > b, statement 40"> after it statement 31', [31]),
        ("the overstatement 40", []),
    ],
)
def test_statements_are_links_where_they_are_named_in_sentences(text, expected):
    made = links.with_mentions(text, LEDGER)
    marked = made.split('class="of-ledger">')[1:]
    assert [int("".join(filter(str.isdigit, part.partition("<")[0]))) for part in marked] == expected
    assert "".join(Elements(made).words) == "".join(Elements(text).words)


def test_alone_a_page_links_to_its_own_card_or_not_at_all():
    made = links.with_mentions('<div id="statement-40"></div>statement 40, statement 31', LEDGER)
    assert [link["href"] for link in Elements(made).of("a")] == ["#statement-40"]
    assert links.with_mentions("statement 40", [31]) == "statement 40"


def test_pages_stand_in_the_order_of_the_catalogue_and_are_told_apart(pages):
    assert [page.title for page in pages] == [
        *("pooling", "claims", "Pooling in training"),
        *("Dropout: a (a)", "Dropout: a (b)", "mine"),
    ]


def test_pages_about_the_same_subject(pages):
    pooling, ledger, in_training, dropout, other_dropout, mine = pages
    assert links.related(pooling, pages) == [in_training]  # the notes have both in one section
    assert links.related(dropout, pages) == [other_dropout]
    assert links.related(ledger, pages) == links.related(mine, pages) == []


def test_a_page_of_a_site_leads_to_its_neighbours_and_to_the_ledger(pages):
    alone = PLACES.format(links.with_mentions('<p id="statement-40"></p>statement 40', LEDGER))
    linked = links.link_page(alone, pages[3], pages, WAYS)
    assert [link["href"] for link in Elements(linked).of("a")] == [
        "../../pooling_in_training/default/index.html",
        "../../dropout/b/index.html",
        "../../claims/default/index.html#statement-40",
        "../../dropout/b/index.html",
    ]
    assert links.link_page(linked, pages[3], pages, WAYS) == linked
    around = links.link_page(
        '<nav class="ways"><a href="../../index.html">All reports</a></nav>', pages[3], pages, WAYS
    )
    assert around == '<nav class="ways" aria-label="Site"><a href="../../index.html">Front page</a></nav>'
    own = pages[3]
    alone_again = links.link_page(linked, own, [own], WAYS)  # the ledger and the others are gone
    assert [link["href"] for link in Elements(alone_again).of("a")] == ["#statement-40"]


def test_an_entry_of_the_ledger_leads_to_the_pages_that_judge_it(pages):
    card = '<span class="on-pages" id="pages-of-{}"></span>'
    made = links.link_page(card.format(40) + card.format(1), pages[1], pages, WAYS)
    assert [link["href"] for link in Elements(made).of("a")] == [
        "../../dropout/a/index.html#statement-40",
        "../../dropout/b/index.html#statement-40",
    ]
    assert card.format(1) in made


def test_a_page_without_places_for_links_stays_as_it_is(pages):
    text = "<main>a page of an earlier version, statement 40</main>"
    assert links.link_page(text, pages[3], pages, WAYS) == text


def test_names_of_others_are_text(pages):
    odd = links.neighbours([entry("mine", title="<b>"), entry("other")])
    made = links.link_page(PLACES.format(""), odd[1], odd, WAYS)
    assert "&lt;b&gt;" in made and "<b>" not in made


def test_the_keys_of_runs_in_tables_lead_to_their_records():
    here, other = "0123456789abcdef", "f" * 16
    made = f"<td>{here}</td><td>{other}</td><p>{here}</p>"
    linked = links.with_records(made, [here])
    assert linked == made.replace(f"<td>{here}</td>", f'<td><a href="records/{here}/record.json">{here}</a></td>')


def test_commits_lead_to_their_pages_in_the_repository():
    made = "<p>0123456789ab</p><dt>Commit</dt><dd>0123456789ab, with changes; 0952a3f4ac56</dd>"
    linked = links.with_commits(made, "https://example.org/me/it/")
    first, second = (
        f'<a href="https://example.org/me/it/commit/{one}">{one}</a>' for one in ("0123456789ab", "0952a3f4ac56")
    )
    assert linked == f"<p>0123456789ab</p><dt>Commit</dt><dd>{first}, with changes; {second}</dd>"
    assert links.with_commits(linked, "https://example.org/me/it") == linked
    assert links.with_commits(made, "") == made


def test_what_may_be_moved_sideways_can_be_reached_by_the_keyboard():
    made = '<pre>a</pre><pre class="raw">b</pre><div class="shown"><p>c</p></div><pre tabindex="0">d</pre><div>e</div>'
    assert links.focusable(made) == (
        '<pre tabindex="0">a</pre><pre tabindex="0" class="raw">b</pre><div class="shown" tabindex="0"><p>c</p></div>'
        '<pre tabindex="0">d</pre><div>e</div>'
    )


@pytest.mark.parametrize(
    "text",
    [
        f'<a class="of-ledger" href="#">{"1" * 5000}</a><span class="on-pages" id="pages-of-{"1" * 5000}"></span>',
        '<span class="of-ledger">' + "1" * 200_000,
        '<nav class="near">' * 20_000,
        '<nav class="related"' * 20_000,
        '<span class="on-pages" id="pages-of-1">' * 20_000,
    ],
    ids=lambda text: text[:22],
)
def test_a_page_of_others_takes_no_minutes_and_no_number_of_thousands_of_digits(text, pages):
    before = time.process_time()
    assert links.link_page(text, pages[3], pages, WAYS) == text
    assert time.process_time() - before < 2
