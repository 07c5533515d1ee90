"""Which classes a rule counts: others, of whose heads nothing is known, are left alone."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError

_BODIES: Final = ("Model", "Encoder", "Decoder", "Backbone", "Transformer", "PretrainedModel")
_SPEAKS: Final = (
    "ForCausalLM", "LMHeadModel", "ForConditionalGeneration", "LMHead", "ForMaskedLM",
    "ForPreTraining", "ForSeq2SeqLM", "ForVision2Seq", "MTModel",
)  # fmt: skip
_JUDGES: Final = (
    "ForSequenceClassification", "ForTokenClassification", "ForRewardModel", "ForMultipleChoice",
    "ForQuestionAnswering", "ForNextSentencePrediction", "ForImageClassification", "ForCTC",
    "ForAudioClassification", "ForAudioFrameClassification", "ForQuestionAnsweringSimple",
    "ForRetrieval",
)  # fmt: skip


def check_class(fields: Fields, name: str) -> None:
    """Raise NoRuleError where nothing is known of the head that a class of this name has."""
    prefix = name.partition("For")[0].removesuffix("Model").lower()
    kind = "".join(c for c in fields.kind.lower() if c.isalnum())
    if kind and prefix != kind and prefix.endswith(kind):
        raise NoRuleError(f"{name[:50]} is a relative of {fields.kind}, not of that type")
    if name.endswith("ForXVector") and "tdnn_dim" in fields.family.usual:
        return
    unruled = fields.family.fact("unruled")
    if isinstance(unruled, list) and name.endswith(tuple(unruled)):
        raise NoRuleError(f"no rule for {name}")
    heads = fields.family.fact("heads")
    if isinstance(heads, dict) and name.endswith(tuple(heads)):
        return
    ruled = (*_BODIES, *_SPEAKS, *_JUDGES) if fields.family.known else ("Model", *_SPEAKS, *_JUDGES)
    if name and not name.endswith(ruled):
        raise NoRuleError(f"no rule for {name}")
