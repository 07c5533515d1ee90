"""params.json, as Mistral and Meta publish weights: told in the words of config.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_number, as_object

PATH: Final = "params.json"
_WORDS: Final[Mapping[str, str]] = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "hidden_dim": "intermediate_size",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "vocab_size": "vocab_size",
    "norm_eps": "rms_norm_eps",
    "rope_theta": "rope_theta",
    "max_position_embeddings": "max_position_embeddings",
    "max_seq_len": "max_position_embeddings",
    "sliding_window": "sliding_window",
    "tied_embeddings": "tie_word_embeddings",
    "causal": "is_causal",
    "quantization": "quantization",
    **{
        name: name
        for name in (
            "q_lora_rank",
            "kv_lora_rank",
            "qk_rope_head_dim",
            "qk_nope_head_dim",
            "v_head_dim",
        )
    },
}
_EXPERTS: Final[Mapping[str, str]] = {
    "num_experts": "num_local_experts",
    "num_experts_per_tok": "num_experts_per_tok",
    "expert_hidden_dim": "moe_intermediate_size",
    "num_shared_experts": "n_shared_experts",
    "first_k_dense_replace": "first_k_dense_replace",
}


def as_config(params: JsonObject) -> JsonObject:
    """Return the same facts under the names of config.json; empty where it describes no model."""
    if as_count(params.get("dim")) is None or as_count(params.get("n_layers")) is None:
        return {}
    config = _renamed(params, _WORDS)
    config |= _renamed(as_object(params.get("moe")), _EXPERTS)
    is_meta = "multiple_of" in params
    config |= {"model_type": "llama" if is_meta else "mistral", "hidden_act": "silu"}
    if is_meta and "intermediate_size" not in config:
        config["intermediate_size"] = _feed_forward(params)
    config.setdefault("num_key_value_heads", config.get("num_attention_heads"))
    if vision := as_object(params.get("vision_encoder")):
        config["vision_config"] = {"model_type": "pixtral", **vision}
    if audio := as_object(as_object(params.get("multimodal")).get("whisper_model_args")):
        config["audio_config"] = _renamed(as_object(audio.get("encoder_args")), _AUDIO)
    return config


_AUDIO: Final[Mapping[str, str]] = {
    "dim": "d_model",
    "n_layers": "encoder_layers",
    "n_heads": "encoder_attention_heads",
    "hidden_dim": "encoder_ffn_dim",
    "vocab_size": "vocab_size",
    "max_source_positions": "max_source_positions",
}


def _renamed(told: JsonObject, words: Mapping[str, str]) -> JsonObject:
    return {new: told[old] for old, new in words.items() if told.get(old) is not None}


def _feed_forward(params: JsonObject) -> int | None:
    """Return the inner width as Meta's reference code makes it: two thirds of four, rounded up."""
    width, step = as_count(params.get("dim")), as_count(params.get("multiple_of"))
    if width is None or step is None:
        return None
    inner = int(2 * (4 * width) / 3)
    factor = as_number(params.get("ffn_dim_multiplier"), 0.01, 100)
    inner = int(factor * inner) if factor else inner
    return step * -(-inner // step)
