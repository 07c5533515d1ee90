from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.files import Files
from catalog.inspectors.quantization import METHODS, quantization, quantization_facts
from registry.configs.base import Quantization
from tests.catalog.inspectors.memory import MemoryReader


def group(bits, kind="int", **more):
    return {"weights": {"num_bits": bits, "type": kind, "strategy": "group"}, **more}


def packed(*groups, **more):
    named = {f"group_{n}": one for n, one in enumerate(groups)}
    return {"quant_method": "compressed-tensors", "config_groups": named, **more}


HQQ = {"weight_quant_params": {"nbits": 4, "group_size": 64}}
TORCHAO = {"default": {"_type": "Int8DynamicActivationInt4WeightConfig", "_data": {}}}


@pytest.mark.parametrize(
    ("told", "method", "bits", "scheme"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq", 4, "int4"),
        ({"quant_method": "gptq", "bits": 4, "dynamic": {"+:x": {"bits": 8}}}, "gptq", None, ""),
        ({"quant_method": "gptq", "bits": 4, "dynamic": {"-:x": {}}}, "gptq", 4, "int4"),
        ({"quant_method": "gptq", "bits": 400}, "gptq", None, ""),
        ({"bits": 4, "group_size": 128, "desc_act": True}, "gptq", 4, "int4"),
        ({"quant_method": "awq", "w_bit": 4}, "awq", 4, "int4"),
        ({"quant_method": "awq", "bits": 4, "version": "gemm"}, "awq", 4, "int4"),
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "bitsandbytes", 4, "nf4"),
        ({"load_in_4bit": True}, "bitsandbytes", 4, "fp4"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "bitsandbytes", 8, "int8"),
        ({"quant_method": "bitsandbytes_8bit"}, "bitsandbytes", 8, "int8"),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8", 8, "fp8"),
        ({"quant_method": "fbgemm_fp8"}, "fbgemm_fp8", 8, "fp8"),
        ({"qformat_weight": "fp8_e4m3"}, "fp8", 8, "fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4", 4, "mxfp4"),
        ({"quant_method": "nvfp4"}, "nvfp4", 4, "nvfp4"),
        (packed(group(4), format="pack-quantized"), "compressed-tensors", 4, "int4"),
        (packed(group(8, "float"), format="float-quantized"), "compressed-tensors", 8, "fp8"),
        (packed(group(4, "float"), format="nvfp4-pack-quantized"),
         "compressed-tensors", 4, "nvfp4"),
        (packed(group(4, "float"), format="mxfp4-pack-quantized"),
         "compressed-tensors", 4, "mxfp4"),
        (packed(group(4), group(8)), "compressed-tensors", None, ""),
        (packed(group(8), {"input_activations": {"num_bits": 8}}),
         "compressed-tensors", 8, "int8"),
        ({"config_groups": {"a": group(8, "float")}}, "compressed-tensors", 8, "fp8"),
        ({"quant_algo": "FP8", "producer": {"name": "modelopt"}}, "modelopt", 8, "fp8"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "modelopt", 4, "nvfp4"),
        ({"quant_algo": "W4A16_AWQ"}, "modelopt", 4, "int4"),
        ({"quant_algo": "INT8_SQ"}, "modelopt", 8, "int8"),
        ({"quant_algo": "MIXED_PRECISION"}, "modelopt", None, ""),
        ({"quant_method": "hqq", "quant_config": HQQ}, "hqq", 4, "int4"),
        ({"quant_method": "hqq", "quant_config": {"a": {"nbits": 4}, "b": {"nbits": 2}}},
         "hqq", None, ""),
        ({"quant_method": "aqlm", "num_codebooks": 1, "nbits_per_codebook": 16,
          "in_group_size": 8}, "aqlm", 2, ""),
        ({"quant_method": "quanto", "weights": "int4"}, "quanto", 4, "int4"),
        ({"quant_method": "quanto", "weights": "float8"}, "quanto", 8, "fp8"),
        ({"quant_method": "eetq", "weights": "int8"}, "eetq", 8, "int8"),
        ({"quant_method": "torchao", "quant_type": "int4_weight_only"}, "torchao", 4, "int4"),
        ({"quant_method": "torchao", "quant_type": TORCHAO}, "torchao", 4, "int4"),
        ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8WeightOnly"}}},
         "torchao", 8, "fp8"),
        ({"bits": 4, "group_size": 64}, "mlx", 4, "int4"),
        ({"bits": 4, "group_size": 32, "mode": "mxfp4"}, "mlx", 4, "mxfp4"),
        ({"bits": 4, "group_size": 64, "lm_head": {"bits": 6}}, "mlx", None, ""),
        ({"bits": 4, "group_size": 64, "lm_head": False}, "mlx", 4, "int4"),
        ({"quant_method": "intel/auto-round", "bits": 4}, "auto-round", 4, "int4"),
        ({"quant_method": "auto-round", "bits": 4, "extra_config": {"h": {"bits": 16}}},
         "auto-round", 4, "int4"),
        ({"quant_method": "exl2", "bits": 4.25, "head_bits": 6}, "exl2", 4.25, ""),
        ({"quant_method": "exl3", "bits": 5.0}, "exl3", 5, ""),
        ({"quant_method": "bitnet"}, "bitnet", 1.58, ""),
        ({"quant_method": "fp_quant", "forward_dtype": "mxfp4"}, "fp_quant", 4, "mxfp4"),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}}},
         "quark", 8, "fp8"),
        ({"quant_method": "higgs", "bits": 4}, "higgs", 4, "int4"),
        ({"quant_method": "vptq", "config_for_layers": {}}, "vptq", None, ""),
        ({"quant_method": "sorcery", "bits": 3}, "other", None, ""),
    ],
)  # fmt: skip
def test_every_dialect_is_understood(told, method, bits, scheme):
    found = quantization({"quantization_config": told})
    assert found == {"method": method, "bits": bits, "scheme": scheme}
    assert method in METHODS
    assert Quantization(**found).bits == bits


@pytest.mark.parametrize(
    "told",
    [{}, None, "gptq", [], 7, {"quant_method": 7}, {"bits": True}, {"load_in_4bit": False}],
)
def test_nothing_said_is_nothing(told):
    assert quantization({"quantization_config": told}) is None


def test_it_is_found_in_the_language_part_and_under_other_names():
    told = {"quant_method": "awq", "bits": 4}
    assert quantization({"text_config": {"hidden_size": 1, "quantization_config": told}})
    assert quantization({"quantization": {"group_size": 64, "bits": 8}})["method"] == "mlx"
    assert quantization({"compression_config": packed(group(4))})["bits"] == 4


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        (
            "hf_quant_config.json",
            {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4"}},
            ("modelopt", 4),
        ),
        ("hf_quant_config.json", {"quantization": {"quant_algo": "FP8"}}, ("modelopt", 8)),
        ("quantize_config.json", {"bits": 3, "group_size": 128}, ("gptq", 3)),
        ("quantize_config.json", {"bits": 3, "desc_act": False, "sym": True}, ("gptq", 3)),
        ("quant_config.json", {"w_bit": 4, "q_group_size": 128}, ("awq", 4)),
    ],
)
def test_a_file_beside_it_is_read_when_config_json_says_nothing(path, content, expected):
    problems = Problems()
    files = Files(MemoryReader({path: content, "quantization.txt": ""}), problems)
    found = quantization_facts(files, {}, problems)
    assert (found["method"], found["bits"]) == expected
    assert problems.found == []


def test_what_config_json_says_needs_no_other_file():
    reader = MemoryReader({"hf_quant_config.json": {}})
    problems = Problems()
    told = {"quantization_config": {"quant_method": "fp8"}}
    assert quantization_facts(Files(reader, problems), told, problems)["method"] == "fp8"
    assert reader.read == []


def test_a_method_that_is_not_known_is_a_problem():
    problems = Problems()
    told = {"quantization_config": {"quant_method": "sorcery"}}
    assert quantization_facts(Files(MemoryReader({}), problems), told, problems)
    assert "not known here" in problems.found[0]
