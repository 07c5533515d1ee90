from __future__ import annotations

from dataclasses import replace

import pytest
from django.db.models import Q
from django.http import QueryDict

from catalog.selectors.filters import MAX_NUMBER, ModelFilter
from core.errors import InvalidInputError, TierNotPermittedError
from registry.callers import Caller
from registry.enums import Tier
from registry.models import Model


def parse(text):
    return ModelFilter.parse(QueryDict(text))


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("", "ordering", "-updated_at"),
        ("ordering=", "ordering", "-updated_at"),
        ("ordering=-num_params", "ordering", "-num_params"),
        ("q=%20Llama%20%203%20", "q", "Llama 3"),
        ("q=", "q", ""),
        ("status=held", "status", ("held",)),
        ("status=held,admitted", "status", ("held", "admitted")),
        ("status=held&status=admitted&status=held", "status", ("held", "admitted")),
        ("status=", "status", ()),
        ("scan=none", "scan", ("none",)),
        ("license_type=non-commercial", "license_type", ("non-commercial",)),
        ("license=Apache-2.0", "license", ("Apache-2.0",)),
        ("format=gguf,safetensors", "format", ("gguf", "safetensors")),
        ("min_params=0", "min_params", 0),
        ("min_params=7000000000", "min_params", 7_000_000_000),
        ("min_params=7B", "min_params", 7_000_000_000),
        ("max_params=1.5b", "max_params", 1_500_000_000),
        ("max_params=350M", "max_params", 350_000_000),
        ("min_size=80GB", "min_size", 80_000_000_000),
        ("max_size=1.25%20TB", "max_size", 1_250_000_000_000),
        ("max_size=12b", "max_size", 12),
        ("min_context=128k", "min_context", 128_000),
        (f"max_size={MAX_NUMBER}", "max_size", MAX_NUMBER),
        ("max_params=", "max_params", None),
        ("runtime=vllm,llama_cpp", "runtime", ("vllm", "llama_cpp")),
        ("quantization=q4_k_m,gptq,mxfp4", "quantization", ("Q4_K_M", "gptq", "mxfp4")),
        ("fits=rtx-4090", "fits", "rtx-4090"),
        ("fits=", "fits", ""),
        ("fits=t4", "fits_context", 8192),
        ("fits=t4&fits_context=32768", "fits_context", 32768),
        ("fits=t4&fits_context=128K", "fits_context", 131072),
        ("fits_context=128k", "fits_context", 8192),
    ],
)
def test_a_parameter_is_read(query, name, value):
    assert getattr(parse(query), name) == value


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("colour=red", "colour", "model_type"),
        ("Status=held", "Status", "status"),
        ("status=heldd", "status", "admitted"),
        ("scan=dirty", "scan", "none"),
        ("tier=gold", "tier", "professional"),
        ("model_type=chair", "model_type", "llm"),
        ("license_type=free", "license_type", "permissive"),
        ("ordering=color", "ordering", "-size_bytes"),
        ("ordering=--name", "ordering", "name"),
        ("min_params=-1", "min_params", "7B"),
        ("min_params=seven", "min_params", "7B"),
        ("min_params=1e9", "min_params", "7B"),
        ("min_params=\u0667", "min_params", "7B"),
        (f"max_size={MAX_NUMBER + 1}", "max_size", str(MAX_NUMBER)),
        ("max_size=9999999999999999999TB", "max_size", str(MAX_NUMBER)),
        ("q=ab", "q", "3 characters"),
        ("q=a%20b%20c", "q", "3 characters"),
        ("q=one%20two%20three%20four%20five%20six%20seven%20eight%20nine", "q", "8 words"),
        ("q=" + "x" * 201, "q", "200"),
        ("q=abc%00", "q", "character"),
        ("family=a%00b", "family", "character"),
        ("runtime=vllm2", "runtime", "sentence_transformers"),
        ("fits=An%20RTX", "fits", "rtx-4090"),
        ("fits=x%00", "fits", "slug"),
        ("fits=t4&fits_context=4096", "fits_context", "32768"),
        ("fits_bytes=7", "fits_bytes", "fits_context"),
        ("family=" + ",".join(map(str, range(51))), "family", "50"),
    ],
)
def test_a_bad_parameter_is_named_with_what_is_allowed(query, field, words):
    with pytest.raises(InvalidInputError) as caught:
        parse(query)
    assert caught.value.details["field"] == field
    assert words in caught.value.message


def test_a_short_word_is_taken_beside_a_long_one():
    assert parse("q=phi%204").q == "phi 4"


def test_a_tier_narrows_and_never_widens():
    standard = Caller(user_id=1, tier=Tier.STANDARD)
    assert parse("").tiers(standard) == ["lite", "standard"]
    assert parse("tier=lite").tiers(standard) == ["lite"]
    for query in ("tier=professional", "tier=lite,professional"):
        with pytest.raises(TierNotPermittedError, match="professional"):
            parse(query).tiers(standard)


def test_used_names_what_narrows_and_without_takes_it_away():
    chosen = parse("status=held&min_params=0&ordering=name")
    assert chosen.used == {"status": ("held",), "min_params": 0}
    assert chosen.without("status").used == {"min_params": 0}
    assert chosen.without("status").ordering == "name"


def test_a_device_narrows_by_the_column_with_the_index_and_that_of_its_context():
    short, long = (parse(f"fits=t4&fits_context={name}") for name in ("8k", "32k"))
    asked = [replace(one, fits_bytes=7).conditions() for one in (short, long)]
    assert asked[0] == Q(memory_8k__lte=7)
    assert asked[1] == Q(memory_8k__lte=7) & Q(memory_32k__lte=7)
    assert long.without("fits").used == {}


def test_a_device_that_was_not_looked_up_never_widens_a_list():
    with pytest.raises(ValueError, match="None"):
        Model.objects.filter(parse("fits=t4").conditions())
