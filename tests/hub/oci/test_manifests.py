"""What a manifest names, and that the same rows always give the same one."""

from __future__ import annotations

import hashlib
import json

import pytest

from registry.models import Model
from tests.hub.oci.conftest import FILES, config, make_gguf

KINDS = "application/vnd.ollama.image."


@pytest.fixture
def layers(ask_v2, key):
    """Give the layers of a manifest by their kind, each with its bytes."""

    def read(version, tag="latest"):
        repo = version.model.repo_id
        manifest = ask_v2(f"/{repo}/manifests/{tag}", key=key)
        assert manifest.status_code == 200, manifest.content
        found = {}
        told = manifest.json()
        for layer in [told["config"], *told["layers"]]:
            kind = layer["mediaType"].removeprefix(KINDS)
            blob = ask_v2(f"/{repo}/blobs/{layer['digest']}", key=key, Host="bytes.example.org")
            body = blob.getvalue()
            assert f"sha256:{hashlib.sha256(body).hexdigest()}" == layer["digest"]
            assert len(body) == layer["size"]
            found[kind] = body
        return found

    return read


def test_the_answer_is_a_manifest_with_its_digest(ask_v2, key, tiny):
    answer = ask_v2(f"/{tiny.model.repo_id}/manifests/latest", key=key)
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    assert answer["Content-Type"] == answer.json()["mediaType"]
    assert answer["Docker-Content-Digest"] == digest
    assert answer["X-Repo-Commit"] == tiny.commit
    assert answer.json()["schemaVersion"] == 2
    assert answer.json()["ggufFile"] == {"rfilename": "tiny-Q4_K_M.gguf"}
    again = ask_v2(f"/{tiny.model.repo_id}/manifests/{digest}", key=key)
    assert again.content == answer.content
    head = ask_v2(f"/{tiny.model.repo_id}/manifests/latest", key=key, method="HEAD")
    assert head["Content-Length"] == str(len(answer.content))
    assert head["Docker-Content-Digest"] == digest
    assert head.content == b""


def test_the_layers_are_weights_template_parameters_and_license(layers, tiny):
    found = layers(tiny)
    assert found["model"] == FILES["tiny-Q4_K_M.gguf"]
    assert found["license"] == FILES["LICENSE"]
    assert found["template"].startswith(b"{{ if .System }}<|im_start|>system\n{{ .System }}")
    assert json.loads(found["params"]) == {"stop": ["<|im_start|>", "<|im_end|>"]}
    told = json.loads(found["application/vnd.docker.container.image.v1+json"])
    assert told["model_format"] == "gguf"
    assert (told["model_family"], told["model_families"]) == ("llama", ["llama"])
    assert (told["model_type"], told["file_type"]) == ("134.5M", "Q4_K_M")
    assert len(told["rootfs"]["diff_ids"]) == 4


def test_another_quantization_is_another_file(layers, tiny):
    assert layers(tiny, "q8_0")["model"] == FILES["tiny-Q8_0.gguf"]
    assert layers(tiny, "tiny-Q8_0.gguf")["model"] == FILES["tiny-Q8_0.gguf"]


def test_what_the_author_advises_and_a_curator_sets_are_parameters(layers, store, db):
    told = config(sampling={"temperature": 0.6, "top_k": 20, "repetition_penalty": 1.1})
    version = make_gguf(store, told=told)
    version.model.parameters = {"context_length": 4096, "top_k": 40, "note": "x", "seed": True}
    version.model.save()
    assert json.loads(layers(version)["params"]) == {
        "stop": ["<|im_start|>", "<|im_end|>"],
        "num_ctx": 4096,
        "repeat_penalty": 1.1,
        "temperature": 0.6,
        "top_k": 40,
    }


def test_a_curator_may_write_template_and_stops(layers, tiny):
    own = {"template": "{{ .Prompt }}!", "stop": ["!"], "temperature": 0}
    Model.objects.filter(pk=tiny.model_id).update(parameters={"ollama": own})
    found = layers(tiny)
    assert found["template"] == b"{{ .Prompt }}!"
    assert json.loads(found["params"]) == {"stop": ["!"], "temperature": 0}


def test_what_no_option_can_be_is_passed_over(layers, tiny):
    own = {"template": {"a": 1}, "stop": "!", "temperature": "hot", "seed": 10**30, "top_k": None}
    Model.objects.filter(pk=tiny.model_id).update(parameters={"ollama": own, "batch_size": [1]})
    found = layers(tiny)
    assert found["template"].startswith(b"{{ if .System }}<|im_start|>")
    assert json.loads(found["params"]) == {"stop": ["<|im_start|>", "<|im_end|>"]}


@pytest.mark.parametrize("template", ["", "{{ messages[0].content }}"])
def test_a_format_that_is_not_known_is_not_guessed(layers, store, db, template):
    version = make_gguf(store, told=config(tokenizer={"chat_template": template}))
    found = layers(version)
    assert "template" not in found
    assert "params" not in found


def test_without_a_license_file_the_license_is_named(layers, store, db):
    files = {"tiny-Q4_K_M.gguf": b"weights", "README.md": b"license: mit"}
    version = make_gguf(store, files=files, license_spdx="MIT")
    assert layers(version)["license"] == b"MIT\n"
    assert "license" not in layers(make_gguf(store, files=files, license_spdx=""))


def test_what_sees_with_the_model_is_a_projector(layers, store, db):
    files = {**FILES, "mmproj-tiny-F16.gguf": b"eyes"}
    found = layers(make_gguf(store, files=files))
    assert found["projector"] == b"eyes"
    told = json.loads(found["application/vnd.docker.container.image.v1+json"])
    assert told["model_families"] == ["llama", "clip"]


def test_a_version_of_which_nothing_is_known_has_its_weights_still(layers, store, db):
    version = make_gguf(store)
    type(version).objects.filter(pk=version.pk).update(config={"unknown": "field"})
    assert layers(version)["model"] == FILES["tiny-Q4_K_M.gguf"]


@pytest.mark.parametrize(
    ("tag", "words"),
    [("Q2_K", "There are: Q4_K_M, Q8_0"), ("nothing", "There are: Q4_K_M, Q8_0")],
)
def test_a_tag_that_is_nothing_says_what_there_is(ask_v2, key, tiny, tag, words):
    """Ollama shows the body of every error but 404."""
    answer = ask_v2(f"/{tiny.model.repo_id}/manifests/{tag}", key=key)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["code"] == "MANIFEST_UNKNOWN"
    assert words in error["message"]


def test_a_model_without_gguf_says_so(ask_v2, key, store, db):
    version = make_gguf(store, files={"model.safetensors": b"x"})
    answer = ask_v2(f"/{version.model.repo_id}/manifests/latest", key=key)
    assert (answer.status_code, "no GGUF" in str(answer.content)) == (400, True)


def test_an_adapter_is_no_model(ask_v2, key, store, db):
    version = make_gguf(store, told=config(adapter={"method": "lora"}))
    answer = ask_v2(f"/{version.model.repo_id}/manifests/latest", key=key)
    assert (answer.status_code, "is an adapter" in str(answer.content)) == (400, True)


def test_a_digest_that_is_no_manifest_is_none(ask_v2, key, tiny):
    answer = ask_v2(f"/{tiny.model.repo_id}/manifests/sha256:{'0' * 64}", key=key)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")


def test_llama_cpp_reads_it_below_the_address_of_the_hub(client, key, tiny):
    headers = {"Authorization": f"Bearer {key.token}", "User-Agent": "llama-cpp"}
    answer = client.get(f"/hf/v2/{tiny.model.repo_id}/manifests/Q8_0", headers=headers)
    assert answer.json()["ggufFile"] == {"rfilename": "tiny-Q8_0.gguf"}


def test_a_name_without_a_first_half_is_found_where_clients_look(ask_v2, key, store, db):
    version = make_gguf(store, model__repo_id="tiny", model__source="upload")
    assert ask_v2("/library/tiny/manifests/latest", key=key)["X-Repo-Commit"] == version.commit
