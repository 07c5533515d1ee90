"""Classifiers: the labels, and what they are given to."""

from __future__ import annotations

import re
from typing import Final, get_args

from catalog.inspectors.base import JsonObject, as_object, as_text
from catalog.inspectors.kinds._encoder import encoder_facts, longest_text
from catalog.inspectors.kinds._labels import MOST_LABELS, Labels, labels_of
from catalog.inspectors.kinds._processors import (
    picture_side,
    read_processor,
    sample_rate,
    side_of,
)
from catalog.inspectors.signs import architecture_of, shape_of
from catalog.inspectors.subject import Facts, Subject
from registry.configs.classifier import ProblemType

_PROBLEMS: Final = frozenset(get_args(ProblemType)) - {""}
# By the class first, then by the task; the first that fits.
_READS: Final = (
    (re.compile(r"ForVideo|(^|\s)video-", re.IGNORECASE), "video"),
    (re.compile(r"ForImage|SafetyChecker|image-|(^|\s)timm(\s|$)", re.IGNORECASE), "image"),
    (re.compile(r"ForAudio|ForXVector|(^|\s)audio-|voice-", re.IGNORECASE), "audio"),
    (re.compile(r"tabular-|table-", re.IGNORECASE), "table"),
    (re.compile(r"For(Token|QuestionA|MultipleC|Next)|text-|token-|question-|zero-shot-c"), "text"),
)
_SENSES: Final = {"audio": "audio", "image": "image", "encoder": "text", "decoder": "text"}


def facts(subject: Subject) -> Facts:
    """Read config.json, and the processor or tokenizer of what is classified."""
    config = subject.config
    labels, number = _labels(config)
    reads = reads_of(subject)
    found: Facts = {
        **encoder_facts(subject),
        "reads": reads,
        "labels": labels,
        "num_labels": number,
        "problem_type": _problem(config),
    }
    if reads in {"image", "video"}:
        found["image_size"] = _image_size(subject)
    elif reads == "audio":
        found["sample_rate"] = sample_rate(config) or sample_rate(read_processor(subject.files))
    elif reads == "text":
        found["max_seq_length"] = longest_text(subject.files, found)
    return found


def reads_of(subject: Subject) -> str:
    """Return what is put in: text, image, audio, video, table; '' where nothing says."""
    name = architecture_of(subject)
    shape = _SENSES.get(shape_of(subject.config, name), "")
    said = f"{subject.pipeline_tag} {subject.library}"
    told = (sense for text in (name, said) for form, sense in _READS if form.search(text))
    return next(told, "") or shape or ("text" if "ForSequence" in name else "")


def _labels(config: JsonObject) -> tuple[Labels, int | None]:
    """timm keeps names beside the settings of its pretraining."""
    labels, number = labels_of(config)
    names = as_object(config.get("pretrained_cfg")).get("label_names") or config.get("label_names")
    if not labels and isinstance(names, list):
        return tuple(as_text(name) for name in names[:MOST_LABELS]), len(names)
    return labels, number or labels_of({"num_labels": config.get("num_classes")})[1]


def _problem(config: JsonObject) -> str:
    told = as_text(config.get("problem_type"))
    return told if told in _PROBLEMS else ""


def _image_size(subject: Subject) -> int | None:
    config = subject.config
    vision = as_object(config.get("vision_config"))
    sizes = as_object(config.get("pretrained_cfg")).get("input_size")  # channels, height, width
    told = side_of(config.get("image_size")) or side_of(vision.get("image_size"))
    told = told or (side_of(sizes[1:]) if isinstance(sizes, list) else None)
    return told or picture_side(read_processor(subject.files))
