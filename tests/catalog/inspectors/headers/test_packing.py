"""Layouts as the libraries that pack write them; each holds one layer of 256 x 512 weights."""

from __future__ import annotations

import pytest

from catalog.inspectors.headers.packing import count_parameters
from catalog.inspectors.headers.safetensors import Tensor

IN, OUT = 256, 512
LAYER = IN * OUT
COMPRESSED = {"config_groups": {"group_0": {"weights": {"num_bits": 4, "group_size": 128}}}}
MIXED = {
    "config_groups": {
        "group_0": {"weights": {"num_bits": 4, "group_size": 128}},
        "group_1": {"weights": {"num_bits": 8, "group_size": None}},
        "broken": 7,
    }
}


def count(tensors, quantization=None, **options):
    found = {name: Tensor(dtype, tuple(shape)) for name, (dtype, shape) in tensors.items()}
    return count_parameters(found, quantization, **options)


def gptq(bits):
    return {
        "l.qweight": ("I32", [IN * bits // 32, OUT]),
        "l.qzeros": ("I32", [2, OUT * bits // 32]),
        "l.scales": ("F16", [2, OUT]),
        "l.g_idx": ("I32", [IN]),
    }


AWQ = {"l.qweight": ("I32", [IN, OUT // 8]), "l.qzeros": ("I32", [2, OUT // 8]),
       "l.scales": ("F16", [2, OUT])}  # fmt: skip
AWQ_ROWS = {"l.qweight": ("I32", [OUT, IN // 8]), "l.qzeros": ("I32", [OUT, 2]),
            "l.scales": ("F16", [OUT, 16])}  # fmt: skip
BNB = {
    "l.weight": ("U8", [LAYER // 2, 1]),
    "l.weight.absmax": ("U8", [LAYER // 64]),
    "l.weight.nested_absmax": ("F32", [8]),
    "l.weight.nested_quant_map": ("F32", [256]),
    "l.weight.quant_map": ("F32", [16]),
    "l.weight.quant_state.bitsandbytes__nf4": ("U8", [180]),
}
BNB_AS_FLOATS = BNB | {"l.weight": ("BF16", [LAYER // 4, 1])}
BNB_8 = {"l.weight": ("I8", [OUT, IN]), "l.SCB": ("F32", [OUT]), "l.weight_format": ("U8", [])}
FP8 = {"l.weight": ("F8_E4M3", [OUT, IN]), "l.weight_scale_inv": ("F32", [4, 2]),
       "l.input_scale": ("F32", []), "l.k_scale": ("F32", [1])}  # fmt: skip
FP8_FUSED = {"experts.gate_up_proj": ("F8_E4M3", [4, OUT, IN]),
             "experts.gate_up_proj_scale": ("F32", [4, 1, 1])}  # fmt: skip
PACKED = {"l.weight_packed": ("I32", [OUT, IN // 8]), "l.weight_scale": ("BF16", [OUT, 2]),
          "l.weight_shape": ("I64", [2]), "l.weight_zero_point": ("I32", [64, 2])}  # fmt: skip
PACKED_8 = {"l.weight_packed": ("I32", [OUT, IN // 4]), "l.weight_scale": ("BF16", [OUT, 1]),
            "l.weight_shape": ("I64", [2])}  # fmt: skip
NVFP4 = {"l.weight_packed": ("U8", [OUT, IN // 2]), "l.weight_scale": ("F8_E4M3", [OUT, IN // 16]),
         "l.weight_global_scale": ("F32", [1]), "l.input_global_scale": ("F32", [1])}  # fmt: skip
MODELOPT = {"l.weight": ("U8", [OUT, IN // 2]), "l.weight_scale": ("F8_E4M3", [OUT, IN // 16]),
            "l.weight_scale_2": ("F32", []), "l.input_scale": ("F32", [])}  # fmt: skip
MODELOPT_AWQ = {"l.weight": ("U8", [OUT // 2, IN]), "l.weight_scale": ("F16", [OUT, 2]),
                "l.pre_quant_scale": ("BF16", [IN])}  # fmt: skip
MXFP4 = {"experts.up_blocks": ("U8", [4, OUT, IN // 32, 16]),
         "experts.up_scales": ("U8", [4, OUT, IN // 32]),
         "experts.up_bias": ("BF16", [4, OUT])}  # fmt: skip
MXFP4_ROWS = {"l.weight": ("I8", [OUT, IN // 2]), "l.scale": ("F8_E8M0", [OUT, IN // 32])}
MXFP6 = {"l.weight_packed": ("U8", [OUT, IN * 3 // 4]), "l.weight_scale": ("U8", [OUT, IN // 32])}
EXL3 = {"l.trellis": ("I16", [IN // 16, OUT // 16, 64]), "l.suh": ("F16", [IN]),
        "l.svh": ("F16", [OUT]), "l.mcg": ("I32", [])}  # fmt: skip
EXL2 = {"l.q_weight": ("I32", [130, OUT]), "l.q_invperm": ("I16", [IN]),
        "l.q_scale": ("I32", [8, OUT // 8]), "l.q_groups": ("I16", [16])}  # fmt: skip


def mlx(bits, group):
    sides = ("F16", [OUT, IN // group])
    return {"l.weight": ("U32", [OUT, IN * bits // 32]), "l.scales": sides, "l.biases": sides}


@pytest.mark.parametrize(
    ("tensors", "quantization", "expected"),
    [
        *((gptq(bits), {"bits": bits}, LAYER) for bits in (2, 3, 4, 8)),
        *((gptq(bits), None, LAYER) for bits in (2, 3, 4, 8)),
        (gptq(8), {"bits": 4, "dynamic": {"l": {"bits": 8}}}, LAYER),
        (AWQ, {"bits": 4}, LAYER),
        (AWQ_ROWS, {"w_bit": 4}, LAYER),
        (BNB, {"load_in_4bit": True}, LAYER),
        (BNB_AS_FLOATS, None, LAYER),
        (BNB_8, {"load_in_8bit": True}, LAYER),
        (FP8, {"quant_method": "fp8"}, LAYER),
        (FP8_FUSED, None, 4 * LAYER),
        (PACKED, COMPRESSED, LAYER),
        (PACKED_8, MIXED, LAYER),
        (PACKED, MIXED, LAYER),
        (NVFP4, None, LAYER),
        (MODELOPT, {"quantization": {"quant_algo": "NVFP4"}}, LAYER),
        (MODELOPT, None, LAYER),
        (MODELOPT_AWQ, {"quantization": {"quant_algo": "W4A16_AWQ"}}, LAYER),
        (MXFP4, {"quant_method": "mxfp4"}, 4 * LAYER + 4 * OUT),
        (MXFP4_ROWS, None, LAYER),
        (MXFP6, None, LAYER),
        (EXL3, None, LAYER),
        (EXL2, None, LAYER),
        *((mlx(bits, 64), {"bits": bits, "group_size": 64}, LAYER) for bits in (2, 3, 4, 5, 6, 8)),
        (mlx(8, 32), {"bits": 4, "group_size": 64, "l": {"bits": 8, "group_size": 32}}, LAYER),
        (mlx(4, 128), {"bits": 4}, LAYER),
        (mlx(8, 64), {"bits": 4, "group_size": 64}, LAYER),
    ],
)
def test_packing_is_undone(tensors, quantization, expected):
    found = count(tensors | {"norm.weight": ("BF16", [IN])}, quantization)
    assert found.params == expected + IN
    assert found.unknown == ""


@pytest.mark.parametrize(
    ("tensors", "quantization"),
    [
        ({"l.W_q": ("U8", [LAYER // 2, 1])}, {"quant_method": "hqq"}),
        ({"l.codes": ("I16", [64, 32, 2])}, {"quant_method": "aqlm"}),
        ({"l.B": ("I32", [16, 1024])}, {"checkpoint_format": "marlin"}),
        ({"l.qweight": ("I32", [64, 64])}, {"bits": 4}),
        ({"l.qweight": ("I32", [64, 64]), "l.scales": ("F16", [8])}, None),
        ({"l.weight": ("U8", [OUT, IN // 2])}, None),
        ({"l.weight": ("U8", [OUT, IN // 2]), "l.weight_scale": ("F32", [])}, None),
        ({"l.weight": ("U8", [OUT, 100]), "l.weight_scale": ("F8_E4M3", [OUT, 3])}, None),
        (PACKED, None),
        (PACKED, {"config_groups": 7}),
        (mlx(4, 64), {"bits": 99, "group_size": 0}),
        (mlx(4, 64), {"bits": float("nan")}),
        (mlx(4, 64), {}),
        ({"x_blocks": ("U8", [4, 2, 15]), "x_scales": ("U8", [4, 2])}, None),
    ],
)
def test_packing_that_is_not_known_is_no_guess(tensors, quantization):
    found = count(tensors | {"norm.weight": ("BF16", [IN])}, quantization)
    assert found.params is None
    assert found.unknown in tensors


@pytest.mark.parametrize(
    ("name", "dtype", "shape"),
    [
        ("h.0.attn.bias", "F32", [1, 1, 1024, 1024]),
        ("h.0.attn.masked_bias", "F32", []),
        ("bn.running_mean", "F32", [64]),
        ("bn.num_batches_tracked", "I64", []),
        ("layers.0.rotary_emb.inv_freq", "F32", [64]),
        ("embeddings.position_ids", "I64", [1, 512]),
        ("mask", "BOOL", [512, 512]),
        ("final_logits_bias", "F32", [1, 50265]),
        ("version", "U8", [3]),
    ],
)
def test_what_is_not_trained_is_no_parameter(name, dtype, shape):
    assert count({name: (dtype, shape), "w": ("F32", [2, 3])}).params == 6


def test_a_bias_of_attention_is_a_parameter():
    assert count({"h.0.attn.bias": ("F32", [768]), "r.scale": ("F32", [4])}).params == 772


def test_tied_tables_are_one():
    table = ("BF16", [100, 8])
    model = {"model.embed_tokens.weight": table, "lm_head.weight": table}
    assert count(model).params == 1600
    assert count(model, tied=True).params == 800
    assert count({"lm_head.weight": table}, tied=True).params == 800
    other = model | {"lm_head.weight": ("BF16", [90, 8])}
    assert count(other, tied=True).params == 1520


def test_the_copies_of_a_shared_table_are_one():
    names = ("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
    table = ("F32", [10, 2])
    assert count(dict.fromkeys((*names, "lm_head.weight"), table), tied=True).params == 20
    only = {"model.decoder.embed_tokens.weight": table}
    assert count(only, tied=True).params == 20


def test_the_parameters_of_routed_experts_are_told_apart():
    found = count(
        {
            "mlp.experts.0.up_proj.weight": ("BF16", [4, 5]),
            "mlp.experts.1.up_proj.weight": ("BF16", [4, 5]),
            "mlp.shared_experts.up_proj.weight": ("BF16", [4, 5]),
            "mlp.gate.weight": ("BF16", [2, 4]),
        }
    )
    assert (found.params, found.experts) == (68, 40)
