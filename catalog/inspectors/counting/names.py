"""The names that one fact goes by in configurations of different origin."""

from __future__ import annotations

from typing import Final

LAYERS: Final = (
    "num_hidden_layers", "n_layers", "n_layer", "num_layers", "decoder_layers",
    "num_decoder_layers", "depth", "layers", "num_transformer_layers", "vt_num_hidden_layers",
    "decoder_num_hidden_layers",
)  # fmt: skip
HIDDEN: Final = (
    "hidden_size", "n_embd", "d_model", "dim", "model_dim", "n_embed", "emb_dim", "embed_dim",
    "vt_hidden_size", "width",
)  # fmt: skip
INNER: Final = (
    "intermediate_size", "ffn_hidden_size", "n_inner", "d_ff", "ffn_dim", "decoder_ffn_dim",
    "inner_dim", "dff", "dim_ff", "d_inner", "ff_intermediate_size", "ffn_intermediate_size",
    "vt_intermediate_size", "hidden_dim", "mlp_dim",
)  # fmt: skip
HEADS: Final = (
    "num_attention_heads", "n_heads", "n_head", "num_heads", "decoder_attention_heads",
    "attention_heads", "vt_num_attention_heads", "num_q_heads", "num_decoder_attention_heads",
    "decoder_num_attention_heads",
)  # fmt: skip
KV_HEADS: Final = (
    "num_key_value_heads", "num_kv_heads", "n_head_kv", "n_kv_heads", "kv_n_heads",
    "num_query_groups", "multi_query_group_num", "decoder_num_key_value_heads",
)  # fmt: skip
HEAD_DIM: Final = ("head_dim", "kv_channels", "d_kv", "attention_head_size", "d_head", "dim_head")
VALUE_DIM: Final = ("v_head_dim", "value_head_dim")
VOCABULARY: Final = (
    "vocab_size", "padded_vocab_size", "n_vocab", "n_words", "n_tokens", "tgt_vocab_size",
)  # fmt: skip
CONTEXT: Final = (
    "max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length",
    "max_seq_length", "n_ctx", "model_max_length", "max_target_positions", "context_length",
    "max_context_length",
)  # fmt: skip
WINDOW: Final = (
    "sliding_window", "sliding_window_size", "attention_window_size", "window_size",
    "local_attention",
)  # fmt: skip
EXPERTS: Final = (
    "num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts", "num_moe_experts",
)  # fmt: skip
ACTIVE_EXPERTS: Final = (
    "num_experts_per_tok", "num_experts_per_token", "moe_top_k", "moe_topk", "moe_k",
    "num_selected_experts", "experts_per_token", "top_k_experts",
)  # fmt: skip
SHARED_EXPERTS: Final = (
    "n_shared_experts", "num_shared_experts", "moe_num_shared_experts", "num_shared_expert",
)  # fmt: skip
EXPERT_INNER: Final = (
    "moe_intermediate_size", "expert_ffn_hidden_size", "moe_ffn_hidden_size", "expert_ffn_dim",
)  # fmt: skip
# The language part of a model that has several, outermost first.
TEXT_PARTS: Final = (
    "text_config", "llm_config", "language_config", "language_model_config", "thinker_config",
    "text_model_config", "llm_backbone_config", "decoder",
)  # fmt: skip
# What holds a language part in models that say nothing of their own shape.
WRITING_PARTS: Final = ("vlm_config", "decoder_config")
