"""Real files of published models; the figures are what was measured on them."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from catalog.inspectors.base import Problems, parse_json
from catalog.inspectors.files import Files
from catalog.inspectors.inspect import inspect_version
from catalog.inspectors.quantization import quantization_facts
from catalog.inspectors.tokenizer import tokenizer_facts
from tests.catalog.inspectors.memory import MemoryReader, listing_of

CORPUS = Path(__file__).resolve().parents[3].parent / "shared" / "corpus" / "metadata"
KINDS = {
    "text": "llm",
    "vision-language": "vision-language",
    "text-encoder": "embedding",
    "audio": "audio",
    "document": "layout",
    "vision": "other",  # finds objects: no kind of its own
}
# What the configuration itself shows, where that is another kind than the index names.
JUDGED = {
    "Chroma__text_encoder": "llm",  # a whole T5, without the class of its encoder
    "bge-reranker-v2-m3": "reranker",
    "internlm2_reward": "classifier",
    "skywork_reward_llama": "classifier",
    "safety_checker": "classifier",
    "Kimi-K3": "vision-language",  # has a vision_config
    "Step-3.7-Flash": "llm",  # nothing in it sees
}


def rows(*kinds):
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}")
    lines = (CORPUS / "index.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] in kinds]


def inspected(files, name="model"):
    files = {"README.md": "", **files}
    name = re.sub(r"[^\w.-]", "-", name)[:80]
    return inspect_version(MemoryReader(files), listing_of(files, repo_id=f"acme/{name}"))


def configurations():
    for row in rows("config"):
        content = (CORPUS / row["path"]).read_bytes()
        yield row, inspected({"config.json": content}, Path(row["path"]).stem)


def test_every_configuration_is_of_the_kind_that_it_shows():
    found = list(configurations())
    assert len(found) == 115
    for row, one in found:
        judged = next((kind for part, kind in JUDGED.items() if part in row["path"]), None)
        assert one.model_type == (judged or KINDS[row["modality"]]), row["path"]
        assert all(problem.startswith("Not known") for problem in one.problems), row["path"]


def test_every_quantization_is_named_as_its_file_names_it():
    agreed = Counter()
    for row, one in configurations():
        told = row["expected"].get("quant_method")
        found = one.config.quantization
        agreed[told is None or found.method == told] += 1
        assert found is None or found.method != "other"
        assert found is None or found.bits or "Qwen3.6-27B-NVFP4" in row["path"]
    assert agreed == {True: 115}


def test_every_quantization_file_of_modelopt_is_read():
    widths = {"NVFP4": (4, "nvfp4"), "MIXED_PRECISION": (None, "")}
    found = [row for row in rows("aux") if row["family"] == "hf_quant_config"]
    assert len(found) == 14
    for row in found:
        files = {"hf_quant_config.json": (CORPUS / row["path"]).read_bytes()}
        problems = Problems()
        one = quantization_facts(Files(MemoryReader(files), problems), {}, problems)
        assert one["method"] == "modelopt"
        assert (one["bits"], one["scheme"]) == widths[row["expected"]["quant_algo"]]


# image side, patch, layers, width, tokens of every picture
SEEN = {
    "gemma3.json": (896, 14, 27, 1152, 256),
    "llava_1.5_7b_hf.json": (336, 14, 24, 1024, 576),
    "llava_v1.5_7b.json": (336, 14, None, 1024, 576),
    "llama4.json": (336, 14, 34, 1408, None),
    "llama3_2_11b_vision.json": (560, 14, 32, 1280, None),
    "qwen2.5_vl_7b.json": (None, 14, 32, 1280, None),
    "qwen2_vl_7b.json": (None, 14, 32, 1280, None),
    "Qwen2-VL-2B-Instruct_finetuned_3d__angle__config.json": (None, 14, None, None, None),
    "Qwen--Qwen3-VL-8B-Instruct_config.json": (None, 16, 27, 1152, None),
    "moonshotai--Kimi-K2.5_config.json": (None, 14, 27, 1152, None),
    "phi3_v.json": (336, 14, None, 1024, None),
}


@pytest.mark.parametrize("name", SEEN)
def test_what_sees_is_told(name):
    rows("config")
    found = inspected({"config.json": (CORPUS / "config" / name).read_bytes()}).config.vision
    read = (found.image_size, found.patch_size, found.num_layers, found.hidden_size)
    assert (*read, found.tokens_per_image) == SEEN[name]


def pipelines():
    """The files of each repository, under the paths they have there."""
    found = defaultdict(dict)
    part = r"(?:unet|vae|transformer|(?:low_res_)?scheduler)__"
    form = re.compile(
        rf"diffusers/(.+?)__((?:{part})?(?:config|model_index|scheduler_config)\.json)$"
    )
    for row in rows("diffusers"):
        name, path = form.match(row["path"]).groups()
        found[name][path.replace("__", "/")] = (CORPUS / row["path"]).read_bytes()
    return found


# family, what it is, side in pixels
MADE = {
    "Chroma": ("Chroma", "checkpoint", 1024),
    "Tencent-Hunyuan__HunyuanDiT-Diffusers": ("HunyuanDiT", "checkpoint", 1024),
    "diffusers__stable-diffusion-xl-1.0-inpainting-0.1": ("SDXL", "checkpoint", 1024),
    "lllyasviel__control_v11p_sd15_canny": ("SD 1.5", "controlnet", None),
    "playgroundai__playground-v2.5-1024px-aesthetic": ("SDXL", "checkpoint", 1024),
    # Its UNet lies at the top; the pipeline's own is not in the corpus.
    "runwayml__stable-diffusion-inpainting": ("", "checkpoint", None),
    "runwayml__stable-diffusion-v1-5": ("SD 1.5", "checkpoint", 512),
    "stabilityai__stable-diffusion-2-1": ("SD 2.1", "checkpoint", 768),
    "stabilityai__stable-diffusion-2-inpainting": ("SD 2.1", "checkpoint", 512),
    "stabilityai__stable-diffusion-x4-upscaler": ("", "upscaler", 512),
    # Its autoencoder is not in the corpus.
    "stabilityai__stable-diffusion-xl-refiner-1.0": ("SDXL Refiner", "checkpoint", None),
}


@pytest.mark.parametrize("name", MADE)
def test_a_published_pipeline_is_known(name):
    found = inspected(pipelines()[name])
    assert found.model_type == "image"
    config = found.config
    assert (config.base_model, config.checkpoint_type, config.width) == MADE[name]
    assert found.problems == ()


def test_every_part_of_a_pipeline_is_read_alone():
    kinds = Counter()
    for files in pipelines().values():
        for path, content in files.items():
            name = "model_index.json" if path == "model_index.json" else "config.json"
            found = inspected({name: content})
            kinds[found.model_type] += 1
            assert found.problems == ()
            assert found.model_type == "other" or not path.endswith("scheduler_config.json")
    assert kinds == {"image": 30, "other": 10}


def test_every_adapter_names_its_base_rank_and_places():
    for row in rows("lora"):
        found = inspected({"adapter_config.json": (CORPUS / row["path"]).read_bytes()})
        told, config = row["expected"], found.config
        assert found.model_type == "llm"
        assert config.adapter.method == told["peft_type"].lower()
        assert (config.adapter.rank, config.adapter.alpha) == (told["r"], told["lora_alpha"])
        assert config.adapter.target_modules
        bases = [(ref.repo_id, ref.relation) for ref in config.base_models]
        assert bases == [(told["base_model_name_or_path"], "adapter")]


def test_every_tokenizer_names_its_tokens():
    found = [row for row in rows("aux") if "tokenizer_config" in row["path"]]
    ends = Counter()
    for row in found:
        problems = Problems()
        files = {"tokenizer_config.json": (CORPUS / row["path"]).read_bytes()}
        one = tokenizer_facts(Files(MemoryReader(files), problems), {}, problems)
        ends[one["eos_token"]] += 1
        assert one["kind"].endswith(("Tokenizer", "TokenizerFast")), row["path"]
        assert problems.found == []
    assert ends == {"<|endoftext|>": 7, "</s>": 2, "": 2}


BASES = {
    "manaca-1b-instruct": [("menezesbruno/manaca-1b-base", "")],
    "quanfire-embed": [("intfloat/multilingual-e5-small", "")],
    "qwen3.8-dflash2": [("incoai/Qwen3.8-27B-DFlash2", ""), ("Qwen/Qwen3.8-27B", "")],
    "pylate-mmarco": [],
}


def test_every_card_gives_its_kind_and_bases():
    kinds = {"manaca": "llm", "quanfire": "embedding", "qwen3.8": "llm", "pylate": "embedding"}
    for row in rows("card"):
        found = inspected({"README.md": (CORPUS / row["path"]).read_bytes()})
        for part, bases in BASES.items():
            if part in row["path"]:
                assert [(r.repo_id, r.relation) for r in found.config.base_models] == bases
        for part, kind in kinds.items():
            if part in row["path"]:
                assert found.model_type == kind


def test_nothing_in_the_corpus_ends_an_inspection_whatever_it_is_taken_for():
    names = ("config.json", "model_index.json", "adapter_config.json", "tokenizer_config.json")
    names += ("generation_config.json", "params.json", "modules.json", "preprocessor_config.json")
    read = Counter()
    for row in rows("aux", "civitai", "ollama", "github_models", "gguf_keys", "gguf_estimate"):
        content = (CORPUS / row["path"]).read_bytes()
        assert parse_json(content)
        for name in names:
            read[row["kind"]] += bool(inspected({name: content}).model_type)
    assert read.total() == 45 * len(names)
