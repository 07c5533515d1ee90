"""Whole cards and all that is known from them; `python -m tests.catalog.cards.test_goldens` writes
the expectations anew, to be read before they are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.cards import FIELDS
from catalog.inspectors.base import Problems
from catalog.inspectors.card import parse_card
from tests.catalog.cards.reading import PLACE, analysed

FOLDER = Path(__file__).parent / "goldens"
CARDS = sorted(FOLDER.glob("*.md"))
CORPUS = Path(__file__).resolve().parents[3].parent / "shared" / "corpus" / "metadata" / "card"


def told(text):
    """Give each field with the section it is from and the words of the card that say it."""
    card = analysed(text)
    found = {name: getattr(card, name) for name in FIELDS}
    return {
        "missing": list(card.missing),
        **{
            name: [_one(item, text) for item in (value if isinstance(value, tuple) else [value])]
            for name, value in found.items()
            if value
        },
    }


def _one(item, text):
    said = item.model_dump(exclude_defaults=True, exclude={"evidence"})
    place = item.evidence
    quoted = " ".join(text[place.start : place.end].lstrip("\ufeff").split())
    return {**said, "section": place.section, "quoted": quoted[:80]}


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_whole_card_is_known_as_expected(path):
    assert told(path.read_text()) == json.loads(path.with_suffix(".json").read_text())


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_line_ends_change_nothing_that_is_known(path):
    text = path.read_text()
    for other in (text.replace("\n", "\r\n"), "\ufeff" + text):
        assert told(other) == told(text)


def cards_of_the_corpus():
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}")
    return {path.name: path.read_text(errors="replace") for path in sorted(CORPUS.glob("*.md"))}


def test_every_word_that_is_known_of_a_real_card_stands_in_it():
    for text in cards_of_the_corpus().values():
        card = parse_card(text, Problems(), PLACE).analysis
        for items in (card.use_cases, card.strengths, card.limitations):
            for item in items:
                place = item.evidence
                words = item.text.rstrip("… ").split()
                assert set(words) <= set(text[place.start : place.end].split())


def test_templates_of_the_hub_hold_no_facts():
    for name, text in cards_of_the_corpus().items():
        if "template" in name:
            card = parse_card(text, Problems(), PLACE).analysis
            assert len(card.missing) == len(FIELDS), name


def test_the_first_paragraph_of_real_cards_describes_them():
    found = {}
    for name, text in cards_of_the_corpus().items():
        description = parse_card(text, Problems(), PLACE).analysis.description
        found[name] = description.text if description else ""
    tuned = next(text for name, text in found.items() if name.startswith("tuning_results"))
    assert tuned.startswith("This model is a fine-tuned version of Qwen/Qwen2-VL-2B-Instruct")
    assert found["qwen3.8-dflash2-exl3__README.md"].startswith("EXL3 quantization of the DFlash2")
    assert sum(map(bool, found.values())) == 7


if __name__ == "__main__":
    for path in CARDS:
        known = json.dumps(told(path.read_text()), indent=1, ensure_ascii=False)
        path.with_suffix(".json").write_text(known + "\n")
