"""The Models page: devices and runtimes among its filters."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from catalog.services.facets import fold_facets
from registry.default_devices import seed_devices
from registry.fit.listed import class_of
from registry.models import Model
from registry.seeds import seed
from tests.factories.registry import ModelFactory, UserFactory

pytestmark = pytest.mark.django_db
GIB = 1 << 30


@pytest.fixture
def client():
    seed()
    seed_devices()
    client = Client()
    user = UserFactory(tier="professional")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def fill(count, needed=16 * GIB):
    for number in range(count):
        ModelFactory(
            repo_id=f"acme/of-{needed}-{number}",
            memory_8k=needed,
            memory_32k=needed * 2,
            memory_class=class_of(needed),
            runtimes=["mlx", "vllm"],
        )
    fold_facets()


def words(answer):
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"[\s\u00a0\u202f]+", " ", unescape(text))


def options(answer):
    """What the list of devices says for each, by its slug."""
    pairs = re.findall(
        r'<option value="([a-z0-9-]+)"[^>]*>([^<]+)</option>', answer.content.decode()
    )
    return {slug: text.strip() for slug, text in pairs}


def test_each_device_says_how_many_models_it_holds_for_sure(client):
    fill(3)
    fill(2, needed=2 * GIB)
    said = options(client.get("/models/"))
    assert said["rtx-4090"] == "RTX 4090, 24 GB: 5+"
    assert said["rtx-3060"] == "RTX 3060, 12 GB: 2+"
    assert said["ram-1024"].startswith("RAM, 1024 GB: 5")
    assert "Data-centre GPU" in client.get("/models/").content.decode()


@pytest.mark.parametrize(
    ("query", "shown"),
    [("fits=rtx-4090", 3), ("fits=rtx-4090&fits_context=32768", 0), ("fits=h200&runtime=mlx", 3)],
)
def test_a_device_narrows_the_list_and_stands_among_the_chips(client, query, shown):
    fill(3)
    answer = client.get(f"/models/?{query}")
    assert f"{shown} of 3 models" in words(answer) or f"{shown} models" in words(answer)
    chip = "RTX 4090, 24 GB" if "4090" in query else "H200, 141 GB"
    assert f"Fits {chip}" in words(answer)
    assert " selected>" in answer.content.decode()


def test_a_device_that_is_not_there_is_an_error_that_names_those_that_are(client):
    answer = client.get("/models/?fits=abacus")
    assert answer.status_code == 400
    assert "rtx-4090" in words(answer)


def test_runtimes_are_counted_by_name(client):
    fill(2)
    assert "MLX 2 vLLM 2" in words(client.get("/models/"))
    assert "Runtime vLLM" in words(client.get("/models/?runtime=vllm"))


def test_with_several_filters_every_facet_has_its_counts(client):
    fill(2)
    Model.objects.update(model_type="llm", languages=["de", "qxx"], num_params=7 * 10**9)
    fold_facets()
    for query in ("", "?status=pending&model_type=llm", "?q=acme", "?family=Llama&runtime=vllm"):
        Model.objects.update(family="Llama")
        fold_facets()
        answer = client.get(f"/models/{query}")
        assert "MLX 2 vLLM 2" in words(answer)
        assert "4 to 10 billion 2" in words(answer)
        assert "German (de) 2 qxx 2" in words(answer)
        assert options(answer)["rtx-4090"] == "RTX 4090, 24 GB: 2+"


def test_of_many_families_the_most_frequent_stand_first_and_the_rest_behind_a_fold(client):
    for number in range(45):
        ModelFactory(repo_id=f"acme/{number}", family=f"f{number:02}")
    ModelFactory(repo_id="acme/twin", family="f30")
    fold_facets()
    said = words(client.get("/models/"))
    assert "Family f30 2 f00 1 f01 1" in said
    assert "32 more f07 1" in said
    assert "The rest is rarer" in said
    assert "f44 1" not in said
    chosen = words(client.get("/models/?family=f44"))
    assert "Family f44 1 f30 2" in chosen
    assert "Family f44" in chosen.split("Results")[0]


def test_numbers_are_drawn_and_can_be_bounded(client):
    ModelFactory(repo_id="acme/small", num_params=5, context_length=4096)
    ModelFactory(repo_id="acme/large", num_params=7 * 10**10, context_length=131072)
    fold_facets()
    text = client.get("/models/").content.decode()
    assert "Models by parameters: under 1 billion 1, 40 to 100 billion 1" in text
    assert "Models by context: under 8k tokens 1, 128k to 1 million 1" in text
    answer = client.get("/models/?min_context=32k&params=40b-100b")
    assert "1 of 2 models" in words(answer)
    assert 'name="min_context"' in answer.content.decode()
    assert "Parameters 40 to 100 billion" in words(answer)


@pytest.mark.parametrize("query", ["", "fits=rtx-4090", "fits=t4&fits_context=32k&runtime=vllm"])
def test_as_many_queries_for_ten_models_as_for_one(client, django_assert_max_num_queries, query):
    fill(1)
    client.get(f"/models/?{query}")
    with django_assert_max_num_queries(100) as one:
        client.get(f"/models/?{query}")
    most = len(one)
    fill(10, needed=3 * GIB)
    client.get(f"/models/?{query}")  # reads the counts of the new fold
    with django_assert_max_num_queries(most):
        client.get(f"/models/?{query}")
