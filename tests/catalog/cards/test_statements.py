"""Uses, strengths, limitations and the description: from sections, in bounds, each once."""

from __future__ import annotations

import pytest

from tests.catalog.cards.reading import analysed, texts

PROSE = "Prose that says enough."


def test_lists_become_items_and_prose_becomes_sentences():
    card = analysed(
        "## Direct Use\n\nIt answers questions of customers. It also writes letters, e.g. short"
        " ones.\n\n"
        "## Key features\n\n- 🚀 **Fast**: 40 tokens a second\n- Small\n\n"
        "## Out-of-Scope Use\n\n1. Medical advice\n2. Anything about people\n"
    )
    assert texts(card.use_cases) == [
        "It answers questions of customers.",
        "It also writes letters, e.g. short ones.",
    ]
    assert texts(card.strengths) == ["Fast: 40 tokens a second", "Small"]
    assert texts(card.limitations) == ["Medical advice", "Anything about people"]


def test_labels_within_a_section_are_about_what_they_say():
    card = analysed(
        "## Intended Use\n\n**Intended Use Cases** Tiny is for research in two languages.\n\n"
        "**Out-of-scope** Use that breaks the law.\n\n- **Limitations:** short context\n"
    )
    assert texts(card.use_cases) == ["Tiny is for research in two languages."]
    assert texts(card.limitations) == ["Use that breaks the law.", "short context"]


def test_a_section_of_uses_and_limitations_is_cut_by_its_sentences():
    card = analysed(
        "## Intended uses & limitations\n\nYou can use it for search. It cannot read scans.\n"
        "It may produce biased rankings. It is meant for English text.\n"
    )
    assert texts(card.use_cases) == ["You can use it for search.", "It is meant for English text."]
    assert texts(card.limitations) == ["It cannot read scans.", "It may produce biased rankings."]


def test_labels_of_tables_and_paragraphs_are_headings_with_their_text_on_the_same_line():
    card = analysed(
        "# Tiny\n\n**Intended use:** It is for shops.\n\n*Capabilities*\n* Sorting\n* Adding up\n\n"
        "**Generation:** This is how to run it.\n\n"
        "**Ethical considerations and limitations:** It was trained on English text alone.\n\n"
        "| | |\n|---|---|\n| **Out-of-Scope Use Cases** | Anything on paper. |\n"
        "| **Description** | Tiny reads what shops print. |\n"
    )
    assert texts(card.use_cases) == ["It is for shops."]
    assert texts(card.strengths) == ["Sorting", "Adding up"]
    assert texts(card.limitations) == [
        "It was trained on English text alone.",
        "Anything on paper.",
    ]
    assert card.description.text == "Tiny reads what shops print."


def test_a_part_on_performance_and_limitations_is_cut_by_its_sentences():
    card = analysed(
        "## Performance and limitations\n\nIt hears accents well. It may mishear noise.\n"
    )
    assert texts(card.strengths) == ["It hears accents well."]
    assert texts(card.limitations) == ["It may mishear noise."]


def test_a_part_below_is_about_the_same_unless_it_says_otherwise():
    card = analysed(
        "## Uses\n\nIt is for chat.\n\n### Examples of good prompts\n\nAsk one thing at a time.\n\n"
        "### How to use\n\nInstall the library first.\n\n## Risks\n\n### In hospitals\n\n"
        "Do not use.\n"
    )
    assert texts(card.use_cases) == ["It is for chat."]
    assert texts(card.limitations) == ["Do not use."]


def test_inner_items_stand_with_the_item_they_explain():
    card = analysed("## Uses\n\n- Writing:\n  - letters\n  - poems\n- Search\n  - in English\n")
    assert texts(card.use_cases) == ["Writing: letters; poems", "Search: in English"]


def test_rows_of_words_are_items_and_rows_of_figures_are_not():
    card = analysed(
        "## Limitations\n\n| Area | What is wrong |\n|---|---|\n| Dates | Often a day off |\n"
        "\n| a | b | c | d |\n|---|---|---|---|\n| 1 | 2 | 3 | 4 |\n"
    )
    assert texts(card.limitations) == ["Dates: Often a day off"]


@pytest.mark.parametrize(
    "nothing",
    [
        "[More Information Needed]", "More information needed", "*More information needed*", "TBD",
        "{{ direct_use | default('[More Information Needed]', true) }}", "TODO", "Coming soon!",
        "See the paper for all of them.", "For more details, please refer to our blog.",
        "The following are supported:", "```\nno prose in code at all\n```", "![a](b.png)",
        "<!-- Address questions around how the model is intended to be used. -->",
        "- [Demo](https://x.org) [Colab](https://y.org)", "---", "Ok.", "待补充",
        "Users should be made aware of the risks, biases and limitations of the model.",
    ],
)  # fmt: skip
def test_what_says_nothing_is_no_fact(nothing):
    card = analysed(f"## Limitations\n\n{nothing}\n\n## Direct Use\n\n{nothing}\n")
    assert (card.limitations, card.use_cases, card.absent) == ((), (), {})
    assert {"use_cases", "limitations"} <= set(card.missing)


@pytest.mark.parametrize("word", ["None.", "N/A", "Not applicable", "*None known*", "- No"])
def test_what_is_stated_to_be_absent_is_not_missing(word):
    card = analysed(f"## Known limitations\n\n{word}\n")
    assert set(card.absent) == {"limitations"}
    assert "limitations" not in card.missing


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("- **Paper:** N/A", "papers"),
        ("- **Repository:** None", "github_url"),
        ("**Website**: n/a", "website_url"),
        ("- **Language(s) (NLP):** not applicable", "languages"),
        ("## Citation\n\nNone yet.", "papers"),
    ],
)
def test_a_label_may_state_that_there_is_none(text, field):
    card = analysed(f"{text}\n")
    assert set(card.absent) == {field}
    assert field not in card.missing


def test_what_is_found_elsewhere_is_not_absent():
    card = analysed("**Paper:** N/A\n\nSee https://arxiv.org/abs/2401.01234\n")
    assert (len(card.papers), card.absent) == (1, {})


def test_the_same_words_are_kept_once_and_there_is_an_end_of_items():
    same = analysed("## Uses\n\n- For *chat*\n- for chat.\n- For chat!\n")
    assert texts(same.use_cases) == ["For chat"]
    many = analysed("## Uses\n\n" + "".join(f"- use number {n}\n" for n in range(50)))
    assert texts(many.use_cases)[-1] == "use number 11"
    long = analysed("## Uses\n\nIt " + "goes on and " * 100 + "ends.\n")
    (item,) = long.use_cases
    assert item.text.endswith(" …")
    assert len(item.text) <= 302


def test_each_item_says_where_it_stands():
    text = "# Tiny\n\n## Uses\n\nIt is for **chat**. It is for\nsearch.\n\n- one *more*\n"
    found = [
        (item.text, item.evidence.section, text[item.evidence.start : item.evidence.end])
        for item in analysed(text).use_cases
    ]
    assert found == [
        ("It is for chat.", "Uses", "It is for **chat**. It is for\nsearch."),
        ("It is for search.", "Uses", "It is for\nsearch."),
        ("one more", "Uses", "- one *more*"),
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It works, i.e. it runs. Mr. Smith et al. agree.", 2),
        ("Version 2.5 is out. It has 7.1 B parameters!", 2),
        ("Is it good? Yes it is. (It mostly is so.) And so on.", 4),
        ("它可能出错。不要用于医疗！对吗？", 3),
        ("No end here", 1),
    ],
)
def test_sentences_end_where_they_end(text, sentences):
    assert len(analysed(f"## Limitations\n\n{text}\n").limitations) == sentences


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", None),
        ("# Only a title\n", None),
        (f"# Title\n{PROSE}", PROSE),
        ("<p><img src=x onerror=alert(1)></p>\n\nIt maps *texts* to **it** &amp; so.",
         "It maps texts to it & so."),
        ("[![badge](https://x/y)](https://x)\n\nIt has [a paper](https://x/y) for `its` facts.",
         "It has a paper for its facts."),
        (f"```python\nprint('no prose here at all')\n```\n\n{PROSE}", PROSE),
        (f"<!-- hidden words that nobody sees -->\n\n{PROSE}", PROSE),
        (f"<script>alert('a long enough line')</script>\n\n{PROSE}", PROSE),
        (f"| a | b |\n|---|---|\n\n> quoted words here\n\n- listed words here\n\n{PROSE}", PROSE),
        (f"[Paper](https://x/a) | [Code](https://x/b) | [Site](https://x/c)\n\n{PROSE}", PROSE),
        (f"**Note:** this repository has moved to another place.\n\n{PROSE}", PROSE),
        (f"**Model type:** decoder\n\n## Usage\n\nInstall it first of all.\n\n## About\n\n{PROSE}",
         PROSE),
        (f"<p>A banner with words in HTML.</p>\n\n{PROSE}", PROSE),
        ("<p>A banner with words in HTML.</p>", "A banner with words in HTML."),
        (f"{PROSE} It has these results:\n\n- Loss: 0.1", PROSE),
        ("## Tiny Highlights\n\nTiny is the best model of its size.\n\n- fast",
         "Tiny is the best model of its size."),
        ("## Limitations\n\nIt is wrong about most of it.", None),
    ],
)  # fmt: skip
def test_the_description_is_the_first_paragraph_on_the_model_itself(body, text):
    found = analysed(body).description
    assert (found.text if found else None) == text


def test_a_long_description_ends_at_a_word():
    text = analysed("word " * 500).description.text
    assert len(text) <= 602
    assert text.endswith("word …")
