"""Parts of every model that reads or writes tokens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from registry.configs.base import Count, Part, Word

LONGEST_TEMPLATE = 64 << 10

Template = Annotated[str, Field(max_length=LONGEST_TEMPLATE)]
Probability = Annotated[float, Field(strict=True, ge=0, le=1)]


class Tokenizer(Part):
    """How text becomes tokens: the special ones by their text, and the chat template."""

    kind: Word = ""
    bos_token: Word = ""
    eos_token: Word = ""
    pad_token: Word = ""
    unk_token: Word = ""
    chat_template: Template = ""


class Sampling(Part):
    """What the author advises for choosing the next token (generation_config.json)."""

    temperature: Annotated[float, Field(strict=True, ge=0, le=100)] | None = None
    top_p: Probability | None = None
    top_k: Annotated[int, Field(strict=True, ge=0, le=1 << 31)] | None = None
    repetition_penalty: Annotated[float, Field(strict=True, gt=0, le=100)] | None = None


class Latent(Part):
    """Multi-head latent attention: keys and values are kept as one small vector for each token."""

    kv_lora_rank: Count
    qk_rope_head_dim: Count
    qk_nope_head_dim: Count | None = None
    v_head_dim: Count | None = None
    q_lora_rank: Count | None = None
