"""What the model page shows of the analysis of a card, with the word of who found it."""

from __future__ import annotations

from typing import Any, Final

from catalog.cards import CardAnalysis, read_analysis
from catalog.cards.analysis import Address, Item, Paper
from core.wording import listed
from registry.models import ModelVersion

_PARTS: Final = (
    ("use_cases", "What it is for"),
    ("strengths", "What it is good at"),
    ("limitations", "Limitations"),
)
_ADDRESSES: Final = (("github_url", "GitHub"), ("website_url", "Website"), ("logo_url", "Logo"))


def card_context(version: ModelVersion | None) -> dict[str, Any]:
    """Give what is known from the card; empty where no card was read."""
    card = read_analysis(version.facts if version else {})
    if not card.rules:
        return {}
    return {
        "described_by": _by(card, card.description) if card.description else "",
        "parts": [
            {"name": name, "title": title, "entries": [_item(card, one) for one in found]}
            for name, title in _PARTS
            if (found := getattr(card, name))
        ],
        "links": [*(_paper(card, one) for one in card.papers), *_addresses(card)],
        "missing": listed([name.removesuffix("_url").replace("_", " ") for name in card.missing]),
        "absent": listed([name.replace("_", " ") for name in card.absent]),
    }


def _by(card: CardAnalysis, one: Item | Paper | Address) -> str:
    """Say who found it: rules, a service, or which language model by a quotation."""
    if one.by != "llm":
        return "from the card" if one.by == "card" else "told by the service that runs it"
    model = card.reading.model if card.reading else "a language model"
    return f"quoted from the card by {model}"


def _item(card: CardAnalysis, one: Item) -> dict[str, str]:
    section = one.evidence.section if one.evidence else ""
    return {"text": one.text, "section": section, "by": "" if one.by == "card" else _by(card, one)}


def _paper(card: CardAnalysis, one: Paper) -> dict[str, str]:
    name = f"arXiv:{one.arxiv}" if one.arxiv else one.doi or one.url
    return {"label": "Paper", "text": one.title or name, "url": one.url, "by": _by(card, one)}


def _addresses(card: CardAnalysis) -> list[dict[str, str]]:
    return [
        {"label": label, "text": one.url, "url": one.url, "by": _by(card, one)}
        for name, label in _ADDRESSES
        if (one := getattr(card, name)) is not None
    ]
