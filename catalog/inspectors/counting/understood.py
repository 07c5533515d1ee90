"""Fields that no rule reads, and what it means when a configuration has one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError

_SMALL = 16  # a number up to this is a switch, a ratio or a kernel, not a width
_WIDTHS: Final = (
    "size", "dim", "rank", "layers", "heads", "experts", "width", "blocks", "channels", "units",
)  # fmt: skip
_PLAIN: Final = (
    "_id", "_ids", "_index", "_idx", "_len", "_length", "_seed", "_bits", "_step", "_steps",
    "_scale", "_tokens", "_tp", "_theta", "_beta", "_version", "_base", "_period", "_distance",
)  # fmt: skip
# Those that rules read, and those known to add no weights to the ones counted.
_UNDERSTOOD: Final = frozenset(
    """
    adapter_reduction_factor alignment_intermediate_size attention_chunk_size attention_head_size
    attention_heads attention_hidden_size attention_k_eq_v attention_output_gate attention_window
    attention_window_size attn_layer_indices attn_layer_period attn_output_gate auxiliary_channels
    block_multiple_of block_size chunk_size classifier_proj_size codevector_dim context_length
    conv1d_width conv_L_cache conv_chunksize conv_dim conv_kernel conv_kernel_size coordinate_size
    cross_attention_layers d_ff d_head d_inner d_kv d_model decoder_attention_heads
    decoder_ffn_dim decoder_layers decoder_num_hidden_layers decoder_sparse_step
    decoder_vocab_size deepstack_visual_indexes dense_intermediate_size depth dff dim
    dim_bbox_projection dim_bbox_sinusoid_emb_1d dim_bbox_sinusoid_emb_2d dim_ff dim_head
    dim_model_base downsample_hidden_size emb_dim embed_dim embedding_size encoder_attention_heads
    encoder_ffn_dim encoder_layers encoder_num_hidden_layers encoder_stride entity_emb_size
    entity_vocab_size ep_size expert_capacity expert_ffn_dim expert_ffn_hidden_size
    expert_layer_period experts_per_token ff_intermediate_size ffn_dim ffn_hidden_size
    ffn_intermediate_size first_k_dense_replace floor_scale full_attention_interval full_attn_idxs
    global_attn_every_n_layers global_block_size global_head_dim global_num_attention_heads
    global_v_head_dim group_size hash_code_len head_dim hidden_dim hidden_size
    hidden_size_multiplier image_seq_length image_size img_size in_channels in_chans
    in_token_limit index_block_size index_head_dim index_n_heads index_topk index_topk_blocks
    init_pos_emb_height init_pos_emb_time init_pos_emb_width inner_dim input_embedding_size
    input_size interleave_moe_layer_step intermediate_multiple_size intermediate_size
    intermediate_size_mlp keep_window_size kv_channels kv_lora_rank kv_n_heads layers
    linear_attn_config linear_conv_kernel_dim linear_head_dim linear_key_head_dim linear_num_heads
    linear_num_key_heads linear_num_value_heads linear_value_head_dim local_attention local_radius
    lru_width mamba_chunk_size mamba_d_conv mamba_d_head mamba_d_ssm mamba_d_state mamba_dt_rank
    mamba_head_dim mamba_headdim mamba_n_groups mamba_n_heads mamba_ngroups mamba_num_heads
    mamba_rms_norm mask_feature_length mask_time_length max_2d_position_embeddings max_batch_size
    max_decoder_position_embeddings max_encoder_position_embeddings max_image_size max_length
    max_num_columns max_num_patches max_num_rows max_num_tiles max_position_embeddings
    max_rel_2d_pos max_rel_pos max_seq_len max_seq_length max_sequence_length max_source_positions
    max_target_positions max_window_layers merge_kernel_size mlp_dim mlp_only_layers
    mm_hidden_size mm_tokens_per_image model_dim model_max_length moe_every_n_layers
    moe_ffn_hidden_size moe_hidden_size moe_intermediate_size moe_k moe_latent_size
    moe_layer_end_index moe_layer_freq moe_layer_indices moe_layer_interval moe_layer_start_index
    moe_layers moe_layers_enum moe_num_expert_group moe_num_experts moe_num_shared_experts
    moe_shared_expert_intermediate_size moe_top_k moe_topk mtp_num_hidden_layers mtp_num_layers
    multi_query_group_num n_ctx n_embd n_embed n_group n_groups n_head n_head_kv n_heads n_inner
    n_inner_factor n_kv_heads n_layer n_layers n_mamba_heads n_positions n_predict
    n_routed_experts n_shared_experts n_tokens n_vocab n_window n_window_infer n_words
    no_repeat_ngram_size num_additional_image_tokens num_attention_groups num_attention_heads
    num_beams num_channels num_clusters num_codevector_groups num_codevectors_per_group
    num_conv_pos_embedding_groups num_conv_pos_embeddings num_ctc_classes num_decoder_layers
    num_dense_layers num_encoder_layers num_expert_group num_experts num_experts_per_tok
    num_experts_per_token num_global_key_value_heads num_global_layers num_hash num_hash_functions
    num_heads num_hidden_groups num_hidden_layers num_image_tokens num_key_value_groups
    num_key_value_heads num_kv_heads num_kv_shared_layers num_labels num_landmarks num_layers
    num_local_experts num_logits_to_keep num_mel_bins num_moe_experts num_mtp_layers
    num_mtp_modules num_negatives num_nextn_predict_layers num_patches num_position_embeddings
    num_q_heads num_query_groups num_query_tokens num_register_tokens num_return_sequences
    num_selected_experts num_shared_expert num_shared_experts num_sliding_attention_heads
    num_sparse_decoder_layers num_sparse_encoder_layers num_transformer_layers
    original_max_position_embeddings out_hidden_size output_dim output_embedding_size
    output_hidden_size padded_vocab_size patch_size pooler_hidden_size pooler_output_size
    pos_emb_height pos_emb_time pos_emb_width position_bias_max_distance position_bias_num_buckets
    position_id_per_seconds pretraining_tp proj_codevector_dim projection_dim
    projection_hidden_size projection_size projector_input_dim projector_output_dim prompt_length
    prompt_mid_dim prompt_types pronunciation_embed_dim pronunciation_vocab_size q_group_size
    q_lora_rank qk_head_dim qk_nope_head_dim qk_rope_head_dim query_pre_attn_scalar
    rel_2d_pos_bins rel_pos_bins relative_attention_max_distance relative_attention_num_buckets
    rope_theta rotary_dim scale_emb second_input_size segment_means_seq_len segment_types
    semantic_loss_ignore_index seq_length shape_embed_dim shape_size shape_vocab_size
    share_expert_dim shared_expert_intermediate_size shared_experts_intermediate_size
    shared_intermediate_size short_conv_kernel_size sliding_window sliding_window_size
    spatial_patch_size src_vocab_size ssm_state_size state_size swa_head_dim
    swa_num_attention_heads swa_num_key_value_heads swa_v_head_dim temporal_patch_size
    text_hidden_size tgt_vocab_size time_step_rank tokens_per_second top_k topk_group
    type_vocab_size v_head_dim value_head_dim video_seq_length vision_output_dim vocab_size
    vocab_size_multiple_of vt_hidden_size vt_intermediate_size vt_num_attention_heads
    vt_num_hidden_layers width window_attn_skip_freq window_size word_embed_proj_dim
    xvector_output_dim zero_expert_num
    """.split()
)
_PARTS: Final = frozenset(
    """
    rope_scaling rope_parameters quantization_config compression_config auto_map id2label label2id
    task_specific_params ffn_config attn_config generation_config linear_attn_config
    moe_quantization sparse_attention_config pruned_heads custom_pipelines
    """.split()
)
# Layers with a state, and encoders with a decoder: of an unknown model type nothing is known.
_STATES: Final = ("mamba", "ssm", "linear_", "rwkv", "conv", "recurrent", "lru_")
_ODD: Final = ("cycles", "stack", "zero_expert", "codebook", "altup")
_TWO_SIDED: Final = (
    "is_encoder_decoder", "num_decoder_layers", "encoder_layers", "decoder_layers", "d_kv",
)  # fmt: skip


def check_fields(fields: Fields) -> None:
    """Raise NoRuleError where a field may be a width that the rules do not know.

    Of a known model type that is one whose name says so; of others any number that is not small,
    a nested part, and what tells of more than layers of attention and MLP.
    """
    if not fields.family.known:
        _check_plain(fields)
    for name, value in fields.given.items():
        if _is_number(value) and name not in _UNDERSTOOD and _may_be_width(fields, name):
            raise NoRuleError(f"nothing is known of {name[:50]}")


def _check_plain(fields: Fields) -> None:
    if any(fields.given.get(name) for name in _TWO_SIDED):
        raise NoRuleError("nothing is known of its encoder and decoder")
    for name, value in fields.given.items():
        if name.startswith(_STATES) or any(word in name for word in _ODD):
            raise NoRuleError(f"nothing is known of {name[:50]}")
        if isinstance(value, Mapping) and value and name not in _PARTS:
            raise NoRuleError(f"nothing is known of {name[:50]}")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > _SMALL


def _may_be_width(fields: Fields, name: str) -> bool:
    if name in fields.family.usual:
        return False
    return name.endswith(_WIDTHS) if fields.family.known else not name.endswith(_PLAIN)
