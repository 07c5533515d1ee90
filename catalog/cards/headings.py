"""What the words of a heading promise: the field that the text below it is about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

# `stop`: what stands below is about none of the fields, whatever the heading above it says.
STOP: Final = "stop"
_LONGEST_TEXT: Final = 200  # characters of a heading that are looked at
_LONGEST_HEADING: Final = 8  # words; beyond that it is a sentence
# Phrases without accents and marks. A heading has one of them among its words.
_STRONG: Final[dict[str, str]] = {
    "use_cases": """intended use|intended uses|intended usage|intended use cases|use case|use cases
        |direct use|direct uses|evaluated use|evaluated uses|downstream use|downstream uses
        |primary use|primary uses
        |primary intended uses|intended applications|potential applications|applications
        |application scenarios|usage scenarios|recommended use|recommended uses|suitable for
        |ideal for|when to use|what can it be used for|what it can be used for
        |anwendungsfalle|einsatzzweck|einsatzgebiete|verwendungszweck|vorgesehene verwendung
        |cas d usage|cas d utilisation|utilisation prevue|utilisations prevues|usages prevus
        |casos de uso|uso previsto|usos previstos|usos pretendidos|uso pretendido
        |使用场景|应用场景|适用场景|适用范围|用途|使用情境|應用場景""",
    "strengths": """key features|main features|core features|highlights|highlight|strengths
        |key strengths|advantages|benefits|key capabilities|key improvements|key enhancements
        |what s new|merkmale|starken|vorteile|besonderheiten|points forts|atouts
        |caracteristiques|fonctionnalites|puntos fuertes|ventajas|caracteristicas|pontos fortes
        |vantagens|特点|亮点|优势|主要特性|特性|主要特点|特點|優勢""",
    "limitations": """limitation|limitations|known limitations|out of scope|out of scope use
        |out of scope uses|out of scope use cases|responsible ai|responsible ai considerations
        |misuse|malicious use|prohibited uses|prohibited use|known issues|caveats
        |ethical considerations|biases|weaknesses|shortcomings|drawbacks|not suitable for
        |not intended for|not recommended|unsuitable for|when not to use|what it is not for
        |einschrankungen|grenzen|schwachen|risiken|verzerrungen|limites|biais|risques
        |limitaciones|sesgos|riesgos|limitacoes|vieses|riscos|局限性|局限|限制|不足|已知问题|风险""",
    "languages": """supported languages|language support|languages supported|languages
        |unterstutzte sprachen|sprachen|langues|langues prises en charge|idiomas|lenguas
        |支持的语言|支持语言|语言支持""",
    "description": """model description|model overview|model summary|model introduction
        |modellbeschreibung|beschreibung|uberblick|description du modele|descripcion del modelo
        |descricao do modelo|descripcion|descricao|apercu|模型介绍|模型描述|模型简介|简介|概述
        |介绍""",
    "papers": """citation|citations|cite|how to cite|citing|bibtex|paper|papers|references
        |publication|publications|zitieren|citer|citacion|citar|citacao|引用|论文|引用方式""",
}
# These say so only as the whole heading, or beside words that say nothing else.
_WEAK: Final[dict[str, str]] = {
    "use_cases": "use|uses|what is it for|utilisation|utilisations|uso|usos|verwendung",
    "strengths": "features|capabilities|model features|what makes it different",
    "limitations": "bias|risks|risk|bias and risks|risks and bias|bias risks|fairness",
    "languages": "language|sprache|langue|idioma|语言",
    "description": "description|overview|introduction|summary|about|model details|abstract",
}
_STOP: Final = """how to use|how to get started|get started|getting started|quickstart|quick start
    |usage|usage example|usage examples|how to run|run it|running|installation|install|setup
    |requirements|example|examples|inference|deployment|code|training|training data
    |training details|training procedure|training hyperparameters|hyperparameters|fine tuning
    |finetuning|pretraining|dataset|datasets|data|evaluation|evaluations|evaluation results|results
    |benchmark|benchmarks|metrics|performance|license|licence|licensing|environmental impact
    |technical specifications|hardware|software|compute infrastructure|framework versions|contact
    |acknowledgements|acknowledgments|acknowledgement|glossary|changelog|news|release notes|updates
    |prompt format|prompt template|chat template|model card authors|model card contact|authors
    |contributors|provided files|files|download|downloads|table of contents|contents|faq
    |so wird es benutzt|utiliser|como usar|nutzung|entrainement|entrenamiento|treinamento
    |许可证|许可|快速开始|使用方法|训练|评测|评估|安装"""
# Names of single facts, as `**Repository:** https://...`.
LABELS: Final[dict[str, str]] = {
    "github": """repository|github|github repository|github repo|repo|code|source code
        |code repository|source|quellcode|code source|codigo|代码|代码仓库""",
    "website": """website|homepage|home page|web site|project page|project website|project homepage
        |official website|project|site|webseite|site web|sitio web|pagina web|官网|项目主页|主页""",
    "papers": """paper|papers|technical report|tech report|arxiv|publication|research paper|article
        |论文|技术报告""",
}


def _table(words: dict[str, str]) -> dict[str, str]:
    return {phrase.strip(): name for name, text in words.items() for phrase in text.split("|")}


STRONG: Final = _table(_STRONG)
WEAK: Final = _table(_WEAK)
STOPS: Final = {phrase.strip() for phrase in _STOP.split("|")}
_LABELS: Final = _table(LABELS)
_OPTIONAL = re.compile(r"[\[(]\s*(?:optional|nlp)\s*[\])]", re.IGNORECASE)
_GOOD = frozenset({"performance", "capabilities"})  # beside limitations: what it does well
_FILLERS = frozenset({"the", "this", "our", "its", "a", "of", "model", "models", "s", "and"})
_PLURAL = re.compile(r"\(s\)", re.IGNORECASE)
_NUMBER = re.compile(r"^[\divx]{1,4}(?:\.\d{1,3})*\s*[.):]\s+", re.IGNORECASE)


def plain_words(text: str) -> str:
    """Write a heading in one way: small letters without accents and marks, one space between."""
    text = _NUMBER.sub("", _OPTIONAL.sub(" ", _PLURAL.sub("s", text.strip())))
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else "" if unicodedata.combining(c) else " " for c in letters[:400])
    return " ".join("".join(kept).split())


def fields_of_heading(text: str, *, is_title: bool = False) -> frozenset[str]:
    """Name the fields that the text below a heading is about.

    Empty where the heading says nothing of them; STOP alone where it speaks of something else. A
    title names the model, unless the whole of it is the name of a part.
    """
    return _fields_of(text[:_LONGEST_TEXT], is_title)


@lru_cache(maxsize=1024)
def _fields_of(text: str, is_title: bool) -> frozenset[str]:
    words = plain_words(text)
    if exact := _exactly(words):
        return frozenset({exact})
    if is_title or len(words.split()) > _LONGEST_HEADING:
        return frozenset()
    if found := frozenset(STRONG[phrase] for phrase in _phrases_in(words, STRONG)):
        is_both = found == {"limitations"} and not _GOOD.isdisjoint(words.split())
        return found | {"strengths"} if is_both else found
    if any(True for _ in _phrases_in(words, STOPS)):
        return frozenset({STOP})
    return frozenset(WEAK[phrase] for phrase in _phrases_in(words, WEAK) if " " in phrase)


def _exactly(words: str) -> str:
    """Name what the whole heading stands for, with or without the words that say nothing."""
    short = " ".join(word for word in words.split() if word not in _FILLERS)
    known = (STRONG.get(one) or WEAK.get(one) for one in (words, short))
    return next(filter(None, known), STOP if words in STOPS else "")


def field_of_label(text: str) -> str:
    """Name what a label in front of a text promises; '' where it is none of the known ones."""
    return _field_of(text[:_LONGEST_TEXT])


@lru_cache(maxsize=1024)
def _field_of(text: str) -> str:
    words = plain_words(text)
    return _LABELS.get(words) or STRONG.get(words) or WEAK.get(words) or ""


def _phrases_in(words: str, phrases: dict[str, str] | set[str]) -> Iterator[str]:
    """Give the longest phrases among these words; one inside another says nothing by itself."""
    padded = f" {words} "
    inside = [p for p in phrases if (p in words if _is_dense(p) else f" {p} " in padded)]
    for phrase in inside:
        if not any(phrase != other and phrase in other for other in inside):
            yield phrase


def _is_dense(phrase: str) -> bool:
    """Tell whether the phrase is of a writing without spaces."""
    return phrase[0] > "\u2e80"
