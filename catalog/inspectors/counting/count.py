"""Numbers of parameters by the rules of the format, from a configuration alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from catalog.inspectors.counting.backbones import named
from catalog.inspectors.counting.classes import check_class
from catalog.inspectors.counting.codec import encodec
from catalog.inspectors.counting.compose import Rule, composite, unknown_whole
from catalog.inspectors.counting.decoder import decoder
from catalog.inspectors.counting.diffusion import controlnet, unet, vae
from catalog.inspectors.counting.encoder import encoder
from catalog.inspectors.counting.fields import Fields, NoRuleError, architecture, fields_of
from catalog.inspectors.counting.heads import is_tied, language_head
from catalog.inspectors.counting.hgnet import hgnet
from catalog.inspectors.counting.how import describe
from catalog.inspectors.counting.mobile import efficientnet, mobilenet, mobilenet_second
from catalog.inspectors.counting.names import HIDDEN
from catalog.inspectors.counting.products import of_class
from catalog.inspectors.counting.seq2seq import bart, t5
from catalog.inspectors.counting.sizes import LARGEST, Size, used
from catalog.inspectors.counting.speech import listed, wav2vec2
from catalog.inspectors.counting.stages import convnext, regnet, resnet, swin
from catalog.inspectors.counting.statespace import rwkv, xlstm, zamba
from catalog.inspectors.counting.understood import check_fields, nested
from catalog.inspectors.counting.varied import is_varied, varied
from catalog.inspectors.counting.vision import vit


@dataclass(frozen=True, slots=True)
class Counted:
    """Parameters in all; those used for one token where experts are chosen; and by which rule."""

    total: int
    active: int | None
    how: str


def _language(fields: Fields, name: str) -> Size:
    if fields.family.fact("headed"):  # its class with a head is named as if it had none
        name = ""
    hidden = fields.need(*HIDDEN)
    head = language_head(fields, hidden, name, tied=is_tied(fields)) + of_class(fields, name)
    return decoder(fields) + used(head)


def _rule_of(fields: Fields) -> Rule:
    if is_varied(fields):
        return varied
    check_fields(fields)
    if not fields.family.known and nested(fields):
        return partial(unknown_whole, rule_of=_rule_of)
    rule = _RULES.get(fields.family.rule)
    if rule is None:
        raise NoRuleError(f"no rule for {fields.kind}")
    return rule


_RULES: Final[Mapping[str, Rule]] = {
    "decoder": _language,
    "encoder": encoder,
    "bart": bart,
    "t5": t5,
    "vit": vit,
    "wav2vec2": wav2vec2,
    "sum": listed,
    "vae": vae,
    "unet": unet,
    "controlnet": controlnet,
    "rwkv": rwkv,
    "xlstm": xlstm,
    "zamba": zamba,
    "swin": swin,
    "convnext": convnext,
    "resnet": resnet,
    "regnet": regnet,
    "hgnet": hgnet,
    "encodec": encodec,
    "mobilenet": mobilenet,
    "mobilenet_second": mobilenet_second,
    "efficientnet": efficientnet,
    "named": named,
    "composite": partial(composite, rule_of=_rule_of),
    "": _language,
}


def parameters(config: Mapping[str, object]) -> Counted | None:
    """Count the parameters that a model of this configuration has, unpacked, shared ones once."""
    try:
        fields = fields_of(config)
        name = architecture(fields)
        check_class(fields, name)
        size = _rule_of(fields)(fields, name)
    except NoRuleError:
        return None
    if not 0 < size.total <= LARGEST:
        return None
    active = size.active if size.active != size.total else None
    return Counted(size.total, active, describe(fields))
