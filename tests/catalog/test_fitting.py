"""The fit control and the runtimes on a model's page: plain, as a fragment, and for whom."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from registry.default_devices import seed_devices
from registry.enums import CollectedName
from registry.models import Device, Model
from registry.seeds import seed
from registry.services.collected import record_collected
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory
from tests.registry.fit.test_memory import SHAPE

pytestmark = pytest.mark.django_db
LLAMA = {**SHAPE, "architecture": "LlamaForCausalLM", "formats": ["safetensors"]}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def llama():
    seed()
    seed_devices()
    model = ModelFactory(repo_id="acme/llama", tier="standard")
    VersionFactory(model=model, model_type="llm", config=LLAMA, files={"model.safetensors": b"x"})
    return model


def reader(tier="professional"):
    client = Client()
    user = UserFactory(tier=tier)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(answer):
    text = answer.content.decode()
    main = text[text.index('id="main"') :] if 'id="main"' in text else text
    return re.sub(r"[\s\u00a0\u202f]+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


def test_the_page_says_what_it_takes_and_where_it_fits(llama):
    text = words(reader().get("/models/acme--llama/"))
    assert "16.7 GiB on one device" in text
    assert "KV cache 1 GiB 1 \u00d7 8 192 \u00d7 128 KiB" in text
    assert "Consumer GPU from RTX 4090, 24 GB" in text
    assert "Apple silicon from Apple M series, 32 GB" in text
    assert text.count("90 % of a GPU's memory are used") == 1
    assert "75 % of a Mac's memory go to the GPU" in text
    assert "Each device keeps 0.5 GiB for the runtime itself" in text


def test_the_form_without_script_is_the_page_with_its_state_in_the_address(llama):
    answer = reader().get("/models/acme--llama/?context=32768&batch=2&cache=q8_0")
    assert "KV cache 4.25 GiB 2 \u00d7 32 768" in words(answer)
    html = re.sub(r"\s+", " ", answer.content.decode())
    assert 'value="32768" checked' in html
    assert '<option value="q8_0" selected>' in html
    assert 'action="/models/acme--llama/#fit"' in html
    assert 'hx-get="/models/acme--llama/fit/"' in html


def test_htmx_gets_the_answer_alone_and_the_address_of_the_page(llama):
    answer = reader().get("/models/acme--llama/fit/?context=131072&batch=1&cache=f16", headers=HTMX)
    assert answer.status_code == 200
    assert "31.7 GiB" in words(answer)
    assert "<form" not in answer.content.decode()
    assert answer["HX-Replace-Url"] == "/models/acme--llama/?context=131072&batch=1&cache=f16"
    assert "HX-Request" in answer["Vary"]


def test_the_address_of_the_fragment_leads_a_person_to_the_page(llama):
    answer = reader().get("/models/acme--llama/fit/?context=4096")
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/models/acme--llama/?context=4096#fit",
    )


@pytest.mark.parametrize(
    "query", ["context=0", "context=many", "batch=-1", "batch=2000", "cache=q2", "context=1e9"]
)
def test_a_value_that_cannot_be_used_is_said_and_the_usual_is_taken(llama, query):
    answer = reader().get(f"/models/acme--llama/fit/?{query}", headers=HTMX)
    text = words(answer)
    assert "The usual is taken." in text
    assert "16.7 GiB on one device" in text


def test_what_is_missing_is_said_and_nothing_fits(llama):
    VersionFactory(
        model=llama, model_type="llm", config={**LLAMA, "cache": None}, files={"a": b"a"}
    )
    text = words(reader().get("/models/acme--llama/"))
    assert "At least 15.7 GiB Not known: what its layers keep of each token." in text
    assert "from RTX" not in text
    old = words(reader().get("/models/acme--llama/fit/?version=1", headers=HTMX))
    assert "16.7 GiB on one device" in old


MIB = 1 << 20
SEVERAL = {**LLAMA, "formats": ["gguf"], "weights_bytes": None, "dtype": ""}


@pytest.fixture
def quantized(llama):
    files = {"m.Q8_0.gguf": b"8" * 2 * MIB, "m.Q4_K_M.gguf": b"4" * MIB, "m.F16.gguf": b"1"}
    VersionFactory(model=llama, model_type="llm", config=SEVERAL, files=files)
    return llama


def test_of_several_quantizations_the_usual_one_is_taken_until_another_is_chosen(quantized):
    client = reader()
    page = client.get("/models/acme--llama/")
    assert "Quantization Q4_K_M, 1 MiB Q8_0, 2 MiB F16" in words(page)
    assert '<option value="Q4_K_M" selected>' in page.content.decode()
    assert "Weights 1 MiB" in words(page)
    assert "on one device" in words(page)
    other = client.get("/models/acme--llama/fit/?weights=Q8_0", headers=HTMX)
    assert "Weights 2 MiB" in words(other)
    assert other["HX-Replace-Url"] == "/models/acme--llama/?weights=Q8_0"
    wrong = words(client.get("/models/acme--llama/fit/?weights=Q9", headers=HTMX))
    assert "The usual is taken." in wrong
    assert "Weights 1 MiB" in wrong


def test_lists_say_nothing_of_a_repository_with_several_quantizations(quantized):
    quantized.refresh_from_db()
    assert (quantized.memory_8k, quantized.memory_class) == (None, "")


@pytest.mark.parametrize("kind", ["video", "other"])
def test_where_little_is_known_devices_that_are_surely_too_small_are_named(llama, kind):
    config = {"weights_bytes": 24 << 30, "formats": ["safetensors"]}
    VersionFactory(model=llama, model_type=kind, config=config, files={"a": b"a"})
    text = words(reader().get("/models/acme--llama/"))
    assert "At least 24.5 GiB Not known: what it works on while it answers." in text
    assert "Consumer GPU more than RTX 3090, 24 GB has; of the others it is not known" in text
    assert "at least 24.5 GiB" in text
    assert "from RTX" not in text


@pytest.mark.parametrize("config", [{}, {"no": "such field"}])
def test_what_was_not_looked_at_has_no_control(llama, config):
    VersionFactory(model=llama, model_type="llm", config=config, files={"a": b"b"})
    client = reader()
    assert "Will it fit?" not in words(client.get("/models/acme--llama/"))
    answer = client.get("/models/acme--llama/fit/", headers=HTMX)
    assert answer.status_code == 302


def test_a_device_that_a_curator_turns_off_is_not_named(llama):
    Device.objects.filter(kind="consumer").update(is_active=False)
    assert "Consumer GPU" not in words(reader().get("/models/acme--llama/"))


@pytest.mark.parametrize("hidden", [{"tier": "professional"}, {"is_private": True}])
def test_a_hidden_model_has_no_fit(llama, hidden):
    Model.objects.filter(pk=llama.pk).update(**hidden)
    client = reader("standard")
    for slug in ("acme--llama", "no-such"):
        answer = client.get(f"/models/{slug}/fit/", headers=HTMX)
        assert answer.status_code == 404
        assert "GiB" not in words(answer)
    assert Client().get("/models/acme--llama/fit/").status_code == 302


def test_runtimes_come_with_their_reasons(llama):
    text = words(reader().get("/models/acme--llama/"))
    assert "vLLM LlamaForCausalLM is on the list of architectures built into this yard" in text
    assert "7 others do not, and why" in text
    assert "this version has safetensors only: convert it or take a GGUF build." in text


def test_vllm_runs_what_the_collected_list_has(llama):
    record_collected(
        name=CollectedName.VLLM_ARCHITECTURES,
        items=["QuuxForCausalLM"],
        source="docs.vllm.ai",
        collected_at=datetime(2026, 6, 3, tzinfo=UTC),
        caller="collector",
    )
    response = reader().get("/models/acme--llama/")
    assert "collected on 3 June 2026 from docs.vllm.ai, does not have LlamaFor" in words(response)
    assert "vLLM" not in {one["title"] for one in response.context["snippets"]}


def test_the_page_asks_for_as_much_with_one_device_as_with_all(
    llama, django_assert_max_num_queries
):
    client = reader()
    client.get("/models/acme--llama/")
    with django_assert_max_num_queries(100) as all_of_them:
        client.get("/models/acme--llama/")
    many = len(all_of_them)  # the next request empties the list
    Device.objects.exclude(slug="t4").update(is_active=False)
    client.get("/models/acme--llama/")  # which reads those that are left
    with django_assert_max_num_queries(many):
        client.get("/models/acme--llama/")
