"""What a class adds to its layers: the class is named by `architectures`."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.counting.fields import Fields
from catalog.inspectors.counting.names import VOCABULARY
from catalog.inspectors.counting.sizes import linear

GENERATES: Final = (
    "ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "LMHead", "ForPreTraining",
    "ForMaskedLM", "ForSeq2SeqLM", "ForVision2Seq",
)  # fmt: skip
_LABELS: Final = ("ForSequenceClassification", "ForRewardModel", "ForTokenClassification")


def labels(fields: Fields) -> int:
    """Return how many labels a classifier tells apart: two unless it says otherwise."""
    names = fields.raw("id2label")
    if isinstance(names, dict) and names:
        return len(names)
    return fields.count("num_labels", "_num_labels") or 2


def language_head(fields: Fields, hidden: int, name: str, *, tied: bool) -> int:
    """Return what turns the last state into words or labels in the class of this name."""
    if not name or name.endswith(GENERATES):
        vocabulary = fields.need(*VOCABULARY)
        bias = vocabulary if fields.family.fact("head_bias") else 0
        return bias + (0 if tied else linear(hidden, vocabulary))
    if name.endswith(_LABELS):
        return linear(hidden, labels(fields))
    if name.endswith("ForQuestionAnswering"):
        return linear(hidden, 2, bias=True)
    return 0


def is_tied(fields: Fields) -> bool:
    """Tell whether the table of tokens is also the head; files leave it out where it is."""
    if fields.family.fact("never_tied"):
        return False
    return fields.flag("tie_word_embeddings", "share_embeddings") is not False
