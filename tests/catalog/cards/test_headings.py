from __future__ import annotations

import pytest

from catalog.cards.headings import STOP, field_of_label, fields_of_heading, plain_words

HEADINGS = {
    "use_cases": [
        "Uses", "Direct Use", "Downstream Use [optional]", "Intended Use", "Intended uses",
        "Primary intended uses", "Use Cases", "Applications", "The model's intended use cases",
        "使用场景", "Anwendungsfälle", "Cas d'usage", "Casos de uso",
    ],
    "limitations": [
        "Limitations", "Out-of-Scope Use", "Bias, Risks, and Limitations", "Limitations and bias",
        "Known limitations & caveats", "Ethical Considerations and Limitations", "Risks",
        "局限性", "Einschränkungen", "Limites", "Limitaciones", "Limitações",
    ],
    "strengths": [
        "Key Features", "Features", "Qwen Highlights", "✨ Highlights", "Strengths",
        "Key Advantages",         "主要特性", "Stärken", "Points forts", "Ventajas",
    ],
    "description": [
        "Model description", "Model Overview", "Introduction", "1. Introduction", "About the model",
        "Summary", "模型介绍", "Beschreibung", "Description du modèle", "Descripción",
    ],
    "languages": ["Languages", "Supported Languages", "Language(s) (NLP)", "支持的语言"],
    "papers": ["Citation", "BibTeX entry and citation info", "How to cite", "Paper"],
    STOP: [
        "How to use", "Usage", "Training Data", "Evaluation results", "License", "Quickstart",
        "Training hyperparameters", "How to Get Started with the Model", "Features of training",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "field"), [(text, name) for name, texts in HEADINGS.items() for text in texts]
)
def test_a_heading_is_understood_by_its_words(heading, field):
    assert fields_of_heading(heading) == {field}


@pytest.mark.parametrize("heading", ["Intended uses & limitations", "Uses, use cases, limitations"])
def test_a_heading_may_be_about_two_fields(heading):
    assert fields_of_heading(heading) == {"use_cases", "limitations"}


@pytest.mark.parametrize(
    "heading",
    [
        "",
        "Tiny Chat 1B",
        "Architecture",
        "🤖",
        "A",
        "The many ways in which we thought of limitations here",
    ],
)
def test_other_headings_say_nothing(heading):
    assert fields_of_heading(heading) == frozenset()


def test_a_title_names_the_model_and_no_part():
    assert fields_of_heading("Model card of data limitations", is_title=True) == frozenset()
    assert fields_of_heading("Limitations", is_title=True) == {"limitations"}


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("Repository", "github"), ("Paper [optional]", "papers"), ("Website", "website"),
        ("Language(s) (NLP)", "languages"), ("Out-of-scope", "limitations"), ("Developed by", ""),
        ("Model limitations in practice", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_label_is_known_as_a_whole(label, field):
    assert field_of_label(label) == field


def test_words_are_written_in_one_way():
    assert plain_words(" 2.1) *Éthique* & Biais(s) [optional] ") == "ethique biaiss"
