"""Markdown and HTML of every form become the same headings and blocks."""

from __future__ import annotations

import pytest

from tests.catalog.cards.reading import document_of

SAID = "It can be wrong about dates."


@pytest.mark.parametrize(
    "heading",
    [
        "## Limitations\n\n",
        "## Limitations ##\n",
        "Limitations\n-----------\n",
        "<h2>Limitations</h2>\n\n",
        "<h2 align='center'><b>Limitations</b></h2>\n\n",
        "**Limitations**\n\n",
        "**Limitations:**\n\n",
        "<details><summary>Limitations</summary>\n\n",
        "### 4.2. Limitations\n",
        "## ⚠️ [Limitations](#limits)\n",
        "## Limitations <!-- of all kinds -->\n",
        "**Limitations:** ",
        "**Limitations**: ",
    ],
)
def test_a_heading_is_one_in_every_form(heading):
    (block,) = document_of(f"# Tiny\n\n{heading}{SAID}\n").blocks
    assert block.fields == {"limitations"}
    assert (block.rest if block.named else block.text) == SAID


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("It is **bold** and `code` and *so on*.", "It is bold and code and so on."),
        ("See [the docs][1].\n\n[1]: https://x.org/d", "See the docs."),
        ("One[^1] line\nof two.\n\n", "One line of two."),
        ("a &amp; b &lt;c&gt; \\*d\\*", "a & b <c> *d*"),
        ("left \u202eevil\u202c and zero\u200bwidth", "left evil and zerowidth"),
        ("<p>In <b>HTML</b>,<br>on two lines</p>", "In HTML, on two lines"),
        ("line <!-- a note --> goes on", "line goes on"),
        ("~~gone~~ text <sup>2</sup>", "gone text 2"),
    ],
)
def test_text_is_what_a_reader_sees(source, text):
    assert document_of(source).blocks[0].text == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- unseen -->",
        "<!-- unseen",
        "<script>unseen</script>",
        "<style>\nunseen\n\nunseen\n</style>",
        "<div style='display: none'>unseen</div>",
        "<div hidden>\n\nunseen in *Markdown*\n\n</div>",
        "<p style='font-size:0'>unseen</p>",
        "<textarea>unseen</textarea>",
        "text <span style='visibility:hidden'>unseen</span>",
        "<div hidden><div>unseen</div>unseen</div>",
    ],
)
def test_what_readers_do_not_see_is_not_there(hidden):
    blocks = document_of(f"{hidden}\n").blocks
    assert not any("unseen" in block.text for block in blocks)


def test_what_stands_behind_something_hidden_is_seen():
    blocks = document_of("<div hidden>\n\nunseen\n\n</div>\n\nSeen again.\n").blocks
    assert [block.text for block in blocks] == ["Seen again."]


def test_lists_tables_quotes_and_code_are_told_apart():
    source = (
        "- one\n  - inner\n\n> quoted\n\n| a | b |\n|---|---|\n| **c:** | d |\n\n```\ncode\n```\n"
        "<ul><li>two</li></ul>\n\n<table><tr><td>e</td><td>f</td></tr></table>\n"
    )
    found = [(block.kind, block.text, block.depth) for block in document_of(source).blocks]
    assert found == [
        ("item", "one", 1),
        ("item", "inner", 2),
        ("quote", "quoted", 0),
        ("header", "a: b", 0),
        ("row", "c: d", 0),
        ("code", "", 0),
        ("item", "two", 1),
        ("row", "e: f", 0),
    ]


@pytest.mark.parametrize(
    ("source", "url", "text"),
    [
        ("[here](https://x.org/a)", "https://x.org/a", "here"),
        ("<https://x.org/a>", "https://x.org/a", "https://x.org/a"),
        ("at https://x.org/a_(b).", "https://x.org/a_(b)", ""),
        ("(https://x.org/a)", "https://x.org/a", ""),
        ("[x][r]\n\n[r]: https://x.org/a", "https://x.org/a", "x"),
        ("<a href='https://x.org/a'>here</a>", "https://x.org/a", "here"),
        ("[![Paper](https://y.org/b.svg)](https://x.org/a)", "https://x.org/a", "Paper"),
        ("<a href=https://x.org/a><img alt=Home src=b.png></a>", "https://x.org/a", "Home"),
    ],
)
def test_links_of_every_form_are_found(source, url, text):
    (link,) = document_of(source).blocks[0].links
    assert (link.url, link.text) == (url, text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("head", ["", "---\nlicense: mit\n---\n"])
def test_places_are_those_of_the_card_as_it_came(end, bom, head):
    lines = f"{head}# Tiny\n\nA model.\n\n* one\n* two\n  lines\n\n<h2>Uses</h2>\n\n> last"
    text = bom + lines.replace("\n", end)
    blocks = document_of(text).blocks
    found = [text[block.start : block.end].replace(end, "\n") for block in blocks]
    assert found == ["A model.", "* one", "* two\n  lines", "> last"]


@pytest.mark.parametrize(
    "mark", ["[", "<", "![", "*a", "<!--", "```\n", "](", "<a '", "- ", "> ", "|a", "&", "#\n"]
)
def test_a_hostile_text_ends(mark):
    assert document_of(mark * 8000).blocks is not None


def test_a_long_card_is_read_up_to_a_limit_and_says_so():
    document = document_of("word " * 20_000)
    assert document.is_cut
    assert len(document.blocks[0].text) < 60_000
    assert not document_of("word").is_cut
