"""The typed configuration on the model page."""

from __future__ import annotations

import pytest

from catalog.pages.configuration import LONGEST, configuration_context
from registry.configs import load_config
from registry.models import ModelVersion
from tests.factories.registry import UserFactory

CONFIG = {
    "family": "llama",
    "num_layers": 2,
    "quantization": {"method": "awq", "bits": 4},
    "cache": [{"layers": 2, "values_per_token": 64}],
    "tokenizer": {"chat_template": "x" * 1000},
    "languages": ["en", "de"],
}


def test_what_is_known_is_told_by_the_names_of_the_api():
    told = configuration_context(load_config("llm", CONFIG))
    assert told["title"] == "Language model"
    rows = {row["name"]: row["text"] for row in told["rows"]}
    assert (rows["family"], rows["num_layers"], rows["languages"]) == ("llama", "2", "en, de")
    assert (rows["quantization.method"], rows["quantization.bits"]) == ("awq", "4.0")
    assert rows["cache"] == "layers 2 values_per_token 64"
    assert len(rows["tokenizer.chat_template"]) == LONGEST + 2
    assert "context_length" not in rows


@pytest.mark.django_db
def test_the_page_shows_it(make_model, client):
    model = make_model()
    ModelVersion.objects.filter(pk=model.head_id).update(model_type="llm", config=CONFIG)
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/models/{model.slug}/").content.decode()
    assert "<code>quantization.method</code>" in page
