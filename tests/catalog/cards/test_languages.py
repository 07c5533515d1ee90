from __future__ import annotations

import pytest

from catalog.cards.languages import languages_of
from tests.catalog.cards.reading import analysed, texts


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("English, German, and Thai.", ("en", "de", "th")),
        ("Primarily Brazilian Portuguese; some English", ("pt", "en")),
        ("en, zh-Hans, pt", ("en", "zh-Hans", "pt")),
        ("Anglais et français", ("en", "fr")),
        ("支持中文和日本語", ("zh", "ja")),
        ("It handles 100+ languages.", ()),
        ("no limits", ()),
        ("", ()),
    ],
)
def test_languages_are_known_by_their_names(text, codes):
    assert languages_of(text) == codes


def test_the_head_of_the_card_goes_before_its_text():
    card = analysed("---\nlanguage: [pt, en, pt]\n---\n## Languages\n\nGerman\n")
    assert texts(card.languages) == ["pt", "en"]
    assert card.languages[0].evidence.section == "front matter"


@pytest.mark.parametrize(
    "body",
    ["## Supported languages\n\n- English\n- German\n", "**Language(s) (NLP):** English, German\n",
     "- **Languages**: English / German\n",
     "| Languages | English, German |\n|---|---|\n| a | b |\n"],
)  # fmt: skip
def test_without_a_head_a_part_or_label_names_them(body):
    assert texts(analysed(body).languages) == ["en", "de"]


def test_a_mention_elsewhere_is_no_language_of_the_model():
    assert analysed("## Training data\n\nMostly English web pages.\n").languages == ()
