"""`manage.py inspect_path`: models on this machine, without a database."""

from __future__ import annotations

import io
import json
import struct
from contextlib import nullcontext

import pytest
from django.core.management import call_command

from tests.catalog.inspectors.headers.files import gguf

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "max_position_embeddings": 2048,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 3,
    "vocab_size": 1000,
    "torch_dtype": "float16",
    "hidden_act": "silu",
    "tie_word_embeddings": False,
}


def safetensors(**shapes):
    entries, at = {}, 0
    for name, shape in shapes.items():
        size = 2
        for count in shape:
            size *= count
        entries[name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(entries).encode()
    return struct.pack("<Q", len(head)) + head + bytes(at)


def inspected(*paths, code=0):
    out, err = io.StringIO(), io.StringIO()
    ends = pytest.raises(SystemExit, check=lambda end: end.code == code) if code else nullcontext()
    with ends:
        call_command("inspect_path", *map(str, paths), "--json", stdout=out, stderr=err)
    return [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_a_folder_a_configuration_and_weights_are_told_in_order(tmp_path):
    folder = tmp_path / "a model"
    (folder / "deep").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(LLAMA))
    size = (folder / "model.safetensors").write_bytes(safetensors(a=[10, 10], b=[5]))
    lone = tmp_path / "somebody__config.json"
    lone.write_text(json.dumps(LLAMA))
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(safetensors(a=[7]))
    (whole, config, alone), said = inspected(folder, lone, weights)
    assert said == ""
    assert (whole["path"], whole["num_params"], whole["weights_bytes"]) == (str(folder), 105, size)
    assert (config["model_type"], config["family"]) == ("llm", "llama")
    assert (config["num_layers"], config["kv_bytes_per_token_fp16"]) == (3, 3 * 2 * 2 * 16 * 2)
    assert alone["num_params"] == 7


def test_a_folder_of_vosk_is_a_model_in_either_layout(tmp_path):
    for name, model, conf in (("new", "am/", "conf/"), ("flat", "", "")):
        (tmp_path / name / model).mkdir(parents=True)
        (tmp_path / name / model / "final.mdl").write_bytes(b"x")
        (tmp_path / name / conf).mkdir(exist_ok=True)
        (tmp_path / name / conf / "mfcc.conf").write_text("--sample-frequency=8000\n")
    told, said = inspected(tmp_path / "new", tmp_path / "flat")
    assert said == ""
    assert [(one["model_type"], one["config"]["sample_rate"]) for one in told] == [
        ("audio", 8000),
        ("audio", 8000),
    ]


def test_a_quantization_is_told_by_what_people_call_it(tmp_path):
    keys = {"general.architecture": "llama", "general.file_type": 15}
    packed = tmp_path / "m.gguf"
    packed.write_bytes(gguf(keys, {"w": (12, (256, 256))}, data=bytes(36_864)))
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**LLAMA, "quantization_config": {"quant_method": "fp8"}}))
    (recipe, method), _ = inspected(packed, config)
    assert (recipe["quantization"], recipe["quantization_bits"]) == ("Q4_K_M", 4.5)
    assert (method["quantization"], method["quantization_bits"]) == ("fp8", 8)


def test_the_files_of_a_cache_are_links(tmp_path):
    (tmp_path / "blob").write_text(json.dumps(LLAMA))
    folder = tmp_path / "snapshot"
    folder.mkdir()
    (folder / "config.json").symlink_to("../blob")
    (found,), _ = inspected(folder)
    assert found["hidden_size"] == 64


NOTHING = {
    "notes.json": ('{"a": 1}', "no configuration"),
    "broken.json": ("{", "not valid JSON"),
    "deep.json": ("[" * 100_000, "not valid JSON"),
    "list.json": ("[1]", "no configuration"),
    "plan.json": ('{"_class_name": "DDIMScheduler"}', "no configuration"),
    "notes.txt": ("hello", "no configuration and no weights"),
    "empty.safetensors": ("", "too short for a header"),
    "cut.gguf": ("GGUF\x03\0\0\0", "no valid GGUF file"),
    "noise.onnx": ("noise", "does not hold what its name says"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_no_model_has_one_line_and_the_others_are_told(tmp_path, name):
    content, reason = NOTHING[name]
    nothing = tmp_path / name
    nothing.write_text(content)
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    told, said = inspected(nothing, tmp_path / "gone", tmp_path / "config.json", code=2)
    assert [one["path"] for one in told] == [str(tmp_path / "config.json")]
    first, second = said.splitlines()
    assert first.startswith(f"{nothing}: ")
    assert reason in first
    assert second == f"{tmp_path / 'gone'}: does not exist"


def test_a_name_of_several_lines_is_told_on_one(tmp_path):
    nothing = tmp_path / "a\nb.safetensors"
    nothing.write_text("")
    _, said = inspected(nothing, code=2)
    assert len(said.splitlines()) == 1
    assert "a\\nb.safetensors" in said


def test_it_is_told_to_people_too(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    call_command("inspect_path", str(tmp_path))
    told = capsys.readouterr().out.replace("\u202f", " ").replace("\u00a0", " ")
    assert told == f"{tmp_path}: llm, LlamaForCausalLM, 239 k parameters, 2 048 tokens\n"


def lone(tmp_path, data, name="any.json"):
    (tmp_path / name).write_text(json.dumps(data))
    ((found,), _) = inspected(tmp_path / name)
    return found


def test_sizes_of_distilbert_are_not_taken_for_those_of_mistral(tmp_path):
    sizes = {"dim": 768, "hidden_dim": 3072, "n_layers": 6, "n_heads": 12, "vocab_size": 30522}
    named = {"architectures": ["DistilBertForMaskedLM"], "model_type": "distilbert", **sizes}
    found = lone(tmp_path, {**named, "max_position_embeddings": 512}, "config.json")
    assert (found["model_type"], found["family"]) == ("embedding", "distilbert")
    assert found["num_params"] == 66_985_530
    assert "kv_bytes_per_token_fp16" not in found
    native = {**sizes, "head_dim": 64, "n_kv_heads": 4, "norm_eps": 1e-5}
    assert lone(tmp_path, native)["model_type"] == "llm"
    assert lone(tmp_path, {**native, "model_type": "transformer"})["num_key_value_heads"] == 4


def test_a_part_of_a_pipeline_is_not_taken_for_the_pipeline(tmp_path):
    diffusers = {"_diffusers_version": "0.30.0"}
    vae = {
        "_class_name": "AutoencoderKL",
        **diffusers,
        "block_out_channels": [128, 256, 512, 512],
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
        "layers_per_block": 2,
        "latent_channels": 4,
        "norm_num_groups": 32,
    }
    found = lone(tmp_path, vae)
    assert (found["config"]["checkpoint_type"], found["num_params"]) == ("vae", 83_653_863)
    whole = {"_class_name": "StableDiffusionPipeline", **diffusers, "safety_checker": [None, None]}
    found = lone(tmp_path, {**whole, "vae": ["diffusers", "AutoencoderKL"]})
    assert [one["name"] for one in found["config"]["components"]] == ["vae"]
