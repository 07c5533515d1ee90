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


def test_what_is_not_counted_shows_no_number(client):
    fill(2)
    Model.objects.update(model_type="llm")
    fold_facets()
    answer = client.get("/models/?status=pending&model_type=llm")
    assert "MLX vLLM" in words(answer)
    assert options(answer)["rtx-4090"] == "RTX 4090, 24 GB"


@pytest.mark.parametrize("query", ["", "fits=rtx-4090", "fits=t4&fits_context=32k&runtime=vllm"])
def test_as_many_queries_for_ten_models_as_for_one(client, django_assert_max_num_queries, query):
    fill(1)
    client.get(f"/models/?{query}")
    with django_assert_max_num_queries(100) as one:
        client.get(f"/models/?{query}")
    fill(10, needed=3 * GIB)
    with django_assert_max_num_queries(len(one)):
        client.get(f"/models/?{query}")
