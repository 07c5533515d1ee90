"""Configurations of an older yard are read by this one."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from registry.configs import load_config
from registry.models import ModelVersion
from tests.factories.registry import VersionFactory

pytestmark = pytest.mark.django_db
OLD = {"kv_layers": 4, "kv_latent_dim": None, "kv_irregular": False}
SIZES = {"num_key_value_heads": 2, "head_dim": 8}


@pytest.mark.parametrize(
    ("old", "per_token"),
    [
        (OLD | SIZES, 4 * 2 * 2 * 8 * 2),
        (OLD | SIZES | {"kv_latent_dim": 9}, 4 * 9 * 2),
        (OLD | SIZES | {"kv_irregular": True}, None),
        (OLD | SIZES | {"kv_layers": None}, None),
        (OLD, None),
    ],
)
def test_an_old_cache_is_told_in_groups(old, per_token):
    version = VersionFactory()
    ModelVersion.objects.filter(pk=version.pk).update(model_type="llm", config=old)
    groups = import_module("registry.migrations.0013_typed_caches").GROUPS
    with connection.cursor() as cursor:
        cursor.execute(groups)
    version.refresh_from_db()
    assert load_config("llm", version.config).kv_cache_bytes_per_token == per_token
