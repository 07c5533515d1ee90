"""The lines that fetch and run a version: for whom, of what, and safe whatever the names."""

from __future__ import annotations

import ast
import re
import shlex

import pytest

from catalog.pages.fitting import typed_config
from catalog.pages.snippets import snippets_of
from tests.catalog.test_fitting import LLAMA
from tests.factories.registry import ModelFactory, VersionFactory

pytestmark = pytest.mark.django_db


def snippets(model_type, config, *paths):
    files = {path: path.encode() for path in paths or ("model.safetensors",)}
    version = VersionFactory(model_type=model_type, config=config, files=files)
    typed = typed_config(version)
    found = snippets_of(version, typed, typed.compatibilities() if typed else ())
    return {one["title"]: one["text"].replace(version.model.repo_id, "REPO") for one in found}


@pytest.mark.parametrize(
    ("model_type", "config", "titles"),
    [
        ("llm", LLAMA, "transformers vLLM Ollama"),
        ("llm", {"formats": ["gguf"]}, ""),  # with no such file here
        ("llm", {}, ""),
        (
            "embedding",
            {"architecture": "BertModel", "formats": ["safetensors"]},
            "transformers vLLM Ollama sentence-transformers",
        ),
        (
            "image",
            {"architecture": "FluxPipeline", "formats": ["safetensors"]},
            "diffusers",
        ),
    ],
)
def test_only_what_runs_it_has_lines(model_type, config, titles):
    assert list(snippets(model_type, config)) == [*titles.split(), "hf", "Python", "curl"]


def test_lines_are_addressed_to_this_yard_and_pinned(settings):
    settings.PUBLIC_URL = "https://yard.example"
    for text in snippets("llm", LLAMA).values():
        assert "https://yard.example/hf" in text
        assert re.search(r"[0-9a-f]{40}", text)


@pytest.mark.parametrize(
    ("model_type", "config", "title", "line"),
    [
        ("llm", LLAMA, "transformers", "AutoModelForCausalLM"),
        (
            "llm",
            {**LLAMA, "architecture": "T5ForConditionalGeneration"},
            "transformers",
            "Seq2SeqLM",
        ),
        (
            "audio",
            {"architecture": "WhisperForConditionalGeneration", "formats": ["safetensors"]},
            "transformers",
            "WhisperForConditionalGeneration, AutoProcessor",
        ),
        (
            "reranker",
            {"architecture": "BertForSequenceClassification", "formats": ["safetensors"]},
            "sentence-transformers",
            "CrossEncoder(repo, revision=commit)",
        ),
        (
            "llm",
            {
                "formats": ["safetensors"],
                "adapter": {"method": "LORA"},
                "base_models": [{"repo_id": "a/b"}],
            },
            "transformers",
            'base = AutoModelForCausalLM.from_pretrained("a/b")',
        ),
        (
            "image",
            {
                "base_model": "SDXL 1.0",
                "checkpoint_type": "checkpoint",
                "formats": ["safetensors"],
                "files": ["my model.safetensors"],
            },
            "diffusers",
            'hf_hub_download(repo, "my model.safetensors", revision=commit)',
        ),
    ],
)
def test_lines_fit_the_kind(model_type, config, title, line):
    assert line in snippets(model_type, config)[title]


def test_one_quantization_of_gguf_is_fetched_with_its_projector():
    paths = ("m-Q8_0.gguf", "m-Q4_K_M.gguf", "mmproj-F16.gguf")
    found = snippets("vision-language", {"formats": ["gguf"]}, *paths)
    assert "llama-server -m m-Q4_K_M.gguf --mmproj mmproj-F16.gguf" in found["llama.cpp"]
    assert "Q8_0" not in found["llama.cpp"]


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("https://yard.example", "ollama pull yard.example/REPO:Q4_K_M"),
        ("http://yard:9083", "ollama pull --insecure http://yard:9083/REPO:Q4_K_M"),
    ],
)
def test_ollama_pulls_by_the_name_of_the_yard(settings, address, line):
    settings.PUBLIC_URL = address
    found = snippets("llm", {"formats": ["gguf"]}, "m-Q8_0.gguf", "m-Q4_K_M.gguf")["Ollama"]
    assert line in found.splitlines()
    assert f"id_ed25519.pub at {address}/keys/" in found


def test_a_template_of_no_known_format_is_told():
    known = (
        "{{ '<|im_start|>user\n' + message['content'] + '<|im_end|>\n<|im_start|>assistant\n' }}"
    )
    for template, is_told in (("{{ messages }}", True), (known, False), ("", False)):
        config = {"formats": ["gguf"], "tokenizer": {"chat_template": template}}
        found = snippets("llm", config, "m-Q4_K_M.gguf")["Ollama"]
        assert ("no format that is known" in found) is is_told


@pytest.mark.parametrize("repo", ["my.org/model", "model"])
def test_a_name_that_ollama_cannot_say_is_made_from_the_file(repo):
    model = ModelFactory(repo_id=repo)
    version = VersionFactory(
        model=model, model_type="llm", config={"formats": ["gguf"]}, files={"m-Q4_0.gguf": b"x"}
    )
    typed = typed_config(version)
    found = snippets_of(version, typed, typed.compatibilities())
    text = next(one["text"] for one in found if one["title"] == "Ollama")
    assert "echo 'FROM ./m-Q4_0.gguf' > Modelfile" in text


def test_a_version_that_is_not_main_is_made_from_the_file():
    config = {"formats": ["gguf"]}
    first = VersionFactory(model_type="llm", config=config, files={"m-Q4_0.gguf": b"x"})
    VersionFactory(model=first.model, model_type="llm", config=config, files={"m-Q4_0.gguf": b"y"})
    first.model.refresh_from_db()
    typed = typed_config(first)
    found = snippets_of(first, typed, typed.compatibilities())
    text = next(one["text"] for one in found if one["title"] == "Ollama")
    assert "ollama create" in text
    assert first.commit in text


SDXL = {"base_model": "SDXL 1.0", "formats": ["safetensors"], "files": ["x y.safetensors"]}


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        (
            {"checkpoint_type": "lora", "base_models": [{"repo_id": "acme/base"}]},
            ('from_pretrained("acme/base")', "load_lora_weights(", 'weight_name="x y.safetensors"'),
        ),
        ({"checkpoint_type": "lora"}, ("# org/base: a pipeline of SDXL", "load_lora_weights(")),
        (
            {"checkpoint_type": "embedding", "trigger_words": ["my words"]},
            ('words["clip_g"], token="my words"', 'words["clip_l"]', "text_encoder_2"),
        ),
        (
            {"checkpoint_type": "embedding", "base_model": "SD 1.5"},
            ("load_textual_inversion(", 'weight_name="x y.safetensors"', 'token="x y"'),
        ),
        ({"checkpoint_type": "vae"}, ("AutoencoderKL.from_single_file(", "hf_hub_download(")),
        ({"checkpoint_type": "controlnet"}, ("ControlNetModel.from_single_file(",)),
        ({"checkpoint_type": "checkpoint"}, ("StableDiffusionXLPipeline.from_single_file(",)),
    ],
)
def test_what_is_added_to_a_pipeline_is_loaded_by_its_own_call(config, lines):
    text = snippets("image", {**SDXL, **config}, "x y.safetensors")["diffusers"]
    for line in lines:
        assert line in text
    ast.parse(text)


def test_an_embedding_that_no_call_loads_has_no_lines():
    config = {**SDXL, "base_model": "SD 3", "checkpoint_type": "embedding"}
    assert "diffusers" not in snippets("image", config, "x y.safetensors")


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        (("config.json", "model.safetensors"), "config.json"),
        (("model_index.json", "unet/config.json"), "model_index.json"),
        (("README.md", "m.gguf"), "README.md"),
        (("a.gguf", "longer name.gguf"), "longer name.gguf"),
    ],
)
def test_curl_fetches_a_file_that_is_there(paths, name):
    words = shlex.split(snippets("llm", {}, *paths)["curl"].replace("\\\n", " "))
    assert words[words.index("-o") + 1] == name
    assert words[-1].endswith("/" + name.replace(" ", "%20"))


HOSTILE = ("-rf $(id) `id` 'x' \"y\" {a,b} 🙂#?%2F.gguf", "--help.gguf")


@pytest.mark.parametrize("path", HOSTILE)
@pytest.mark.parametrize("kind", ["llm", "image"])
def test_a_name_is_a_name_and_nothing_more(kind, path):
    gguf = {"formats": ["gguf"], "files": [path]}
    lora = {"formats": ["safetensors"], "files": [path], "base_model": "SDXL 1.0"}
    config = gguf if kind == "llm" else {**lora, "checkpoint_type": "lora"}
    found = snippets(kind, config, path)
    for title, text in found.items():
        if text.startswith("# with"):
            strings = [n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant)]
            assert title != "diffusers" or path in strings
            continue
        words = shlex.split(text.replace("\\\n", " "))
        assert not {"id", "$(id)", "`id`"} & set(words)
        if title == "llama.cpp":
            assert f"./{path}" == words[words.index("-m") + 1]
            assert words[words.index("--") + 1 :][1] == path


@pytest.mark.parametrize(
    ("family", "path", "name"),
    [
        ("llama", "m-Q4_K_M.gguf", "AutoModelForCausalLM"),
        ("t5", "m-Q8_0.gguf", "AutoModelForSeq2SeqLM"),
    ],
)
def test_a_gguf_alone_is_named_to_transformers_and_vllm(family, path, name):
    found = snippets("llm", {"formats": ["gguf"], "family": family, "files": [path]}, path)
    assert f"{name}.from_pretrained(repo, revision=commit, gguf_file=" in found["transformers"]
    assert f'gguf_file="{path}")' in found["transformers"]
    assert found["vLLM"].endswith(f"REPO {path}\nvllm serve ./{path}")


@pytest.mark.parametrize(
    ("formats", "told"), [(["pickle"], True), (["pickle", "safetensors"], False), ([], False)]
)
def test_pickled_weights_are_not_converted_elsewhere(formats, told):
    """transformers would name the model to a service on the Internet; 4.57 heeds `true` alone."""
    for kind, title in (("llm", "transformers"), ("embedding", "sentence-transformers")):
        config = {"architecture": "BertModel", "formats": formats}
        text = snippets(kind, config).get(title, "")
        assert ("DISABLE_SAFETENSORS_CONVERSION=true" in text) == told


def test_what_was_fetched_is_verified_at_the_same_commit():
    text = snippets("llm", LLAMA)["hf"]
    (commit,) = set(re.findall(r"[0-9a-f]{40}", text))
    assert f"hf cache verify --revision {commit} REPO" in text
