from __future__ import annotations

import random
from collections import Counter
from itertools import chain

import pytest
from django.db import connection, transaction
from django.http import QueryDict

from catalog.models import FacetCombination, FacetCount, FacetDelta, FacetFold
from catalog.selectors.devices import with_device
from catalog.selectors.facets import FACETS, Count, facets_for, pairs, sums
from catalog.selectors.facets.named import COLUMN_OF, NARROW, SETS, WIDE
from catalog.selectors.filters import ModelFilter
from catalog.services.facets import fold_facets, rebuild_facets
from registry.callers import NOBODY, Caller
from registry.enums import Admission, LicenseClass, ModelType, ScanVerdict, Tier
from registry.fit.listed import class_of
from registry.models import Device, Model
from tests.catalog.conftest import EPOCH
from tests.factories.registry import ModelFactory

QUERIES = [
    "",
    "status=held",
    "status=held,admitted",
    "scan=none",
    "tier=lite",
    "tier=lite&model_type=llm",
    "model_type=llm&license_type=unknown",
    "tier=lite&status=held&scan=clean,none",
    "q=acme",
    "q=acme&status=held",
    "min_params=5&model_type=llm,image",
    "status=withdrawn&scan=unsafe&model_type=ocr&license_type=copyleft&source=ollama",
    "runtime=vllm",
    "runtime=vllm,mlx",
    "runtime=vllm&status=held",
    "tier=lite&runtime=mlx",
    "fits=a-card",
    "fits=a-card&fits_context=32k&runtime=mlx",
    "fits=a-card&model_type=llm",
    "category=tools",
    "category=tools,vision",
    "family=Llama",
    "family=Llama,Qwen",
    "params=1b-4b",
    "params=unknown,under-1b",
    "context=8k-32k&tier=lite",
    "quantization=gptq",
    "format=gguf",
    "language=de&category=tools",
    "tier=lite&language=de,en",
    "status=held&family=Qwen",
]


def chosen(text=""):
    return with_device(ModelFilter.parse(QueryDict(text)))


def people(tier):
    return Caller(user_id=1, tier=tier)


@pytest.fixture
def many(db):
    dice = random.Random(3)  # noqa: S311 the same rows every time
    Device.objects.create(slug="a-card", name="A card", kind="consumer", memory_bytes=1 << 34)
    Model.objects.bulk_create(
        Model(
            slug=f"acme--m{n}",
            source=dice.choice(["huggingface", "ollama"]),
            repo_id=f"acme/m{n}",
            name=f"m{n}",
            tier=dice.choice(Tier.values),
            admission=dice.choice(Admission.values),
            scan_verdict=dice.choice(["", *ScanVerdict.values]),
            model_type=dice.choice(ModelType.values[:4]),
            license_class=dice.choice(LicenseClass.values),
            num_params=dice.choice([None, 1, 9, 10**9, 4 * 10**9 - 1, 7 * 10**9, 10**12]),
            context_length=dice.choice([None, 512, 8192, 32768, 131072, 1 << 20]),
            family=dice.choice(["", "Llama", "Qwen"]),
            quantization=dice.choice(["", "gptq", "awq"]),
            categories=dice.choice([[], ["tools"], ["vision", "tools"], ["embedding"]]),
            formats=dice.choice([[], ["gguf"], ["safetensors", "onnx"]]),
            languages=dice.choice([[], ["de"], ["de", "en"], ["en", "fr", "zh"]]),
            memory_class=class_of(needed := dice.choice([None, 1, 10**10, 10**11])),
            memory_8k=needed,
            memory_32k=needed and needed * 2,
            runtimes=dice.choice([[], ["vllm"], ["mlx", "vllm"], ["mlx", "tgi", "vllm"]]),
            updated_at=EPOCH,
        )
        for n in range(300)
    )
    fold_facets()


def counted(caller, filter_):
    """The same counts, one facet after the other, in Python over all rows."""
    values = {}
    for name in FACETS:
        kept = filter_.without(name)
        rows = Model.objects.filter(tier__in=kept.tiers(caller)).filter(kept.conditions())
        told = rows.values_list(COLUMN_OF[name], flat=True)
        found = Counter(chain.from_iterable(told) if name in SETS else told)
        values[name] = {
            ("none" if name == "scan" and not v else v): Count(n) for v, n in found.items()
        }
    return values


@pytest.mark.parametrize("tier", Tier)
def test_counts_are_those_of_the_rows_that_the_caller_sees(many, tier):
    caller = people(tier)
    for query in QUERIES:
        found, filter_ = facets_for(caller, chosen(query)), chosen(query)
        assert found.values == counted(caller, filter_), query
        rows = Model.objects.filter(tier__in=filter_.tiers(caller)).filter(filter_.conditions())
        assert found.total == Count(rows.count()), query


def test_counts_take_one_query_and_one_more_for_what_is_not_kept(many, django_assert_num_queries):
    """Kept are all facets beside at most one of few values; beside others, those of few values.

    What is read from the pairs is read once for each fold, and asked whether that is still it.
    """
    for query in QUERIES:
        facets_for(people(Tier.STANDARD), chosen(query))
        filter_ = chosen(query)
        used = [name for name in filter_.used if name != "tier"]
        one_wide = len(used) == 1 and used[0] in set(WIDE) - {"fits"}
        one_wide = one_wide and (used[0] not in SETS or len(getattr(filter_, used[0])) == 1)
        some_narrow = len(used) > 1 and set(used) <= set(NARROW)
        with django_assert_num_queries(2 if one_wide or some_narrow else 1, info=query):
            facets_for(people(Tier.STANDARD), filter_)


def test_counts_that_were_read_serve_until_they_are_folded_again(many, django_assert_num_queries):
    for query, queries in (("", 2), ("", 1), ("status=held", 2), ("status=held", 1)):
        with django_assert_num_queries(queries):
            facets_for(people(Tier.LITE), chosen(query))
    with django_assert_num_queries(2):  # of somebody who sees more
        facets_for(people(Tier.STANDARD), chosen(""))
    before = facets_for(people(Tier.LITE), chosen(""))
    ModelFactory(tier="lite")
    assert facets_for(people(Tier.LITE), chosen("")) is before
    fold_facets()
    assert facets_for(people(Tier.LITE), chosen("")).total.n == before.total.n + 1


@pytest.mark.parametrize("query", ["", "status=held", "status=held&model_type=llm"])
def test_counts_that_are_kept_say_of_when_they_are(many, query):
    folded_at = FacetFold.objects.get().folded_at
    assert facets_for(people(Tier.LITE), chosen(query)).as_of == folded_at
    assert facets_for(people(Tier.LITE), chosen("q=acme")).as_of is None


def test_nobody_counts_nothing(many):
    found = facets_for(NOBODY, chosen())
    assert found.total == Count(0)
    assert not any(found.values.values())


def test_a_change_a_removal_and_a_new_row_are_folded_in(many):
    Model.objects.filter(admission="held").update(admission="withdrawn", tier="lite")
    Model.objects.filter(model_type="llm").delete()
    Model.objects.create(slug="new", source="disk", repo_id="new", name="new", updated_at=EPOCH)
    everyone = people(Tier.PROFESSIONAL)
    before = facets_for(everyone, chosen()).values["status"]
    assert before["held"].n > 0  # not folded yet: the old counts stand, with their date
    assert fold_facets() > 0
    for query in ("", "status=withdrawn", "model_type=image", "runtime=mlx", "family=Qwen"):
        assert facets_for(everyone, chosen(query)).values == counted(everyone, chosen(query))
    assert not FacetDelta.objects.exists()
    assert not FacetCount.objects.filter(n__lte=0).exists()
    assert not FacetCombination.objects.filter(n__lte=0).exists()


def test_a_change_of_other_columns_leaves_no_delta(many):
    Model.objects.update(description="new", updated_at=EPOCH)
    assert not FacetDelta.objects.exists()


def test_folding_again_changes_nothing_but_the_date(many):
    first = facets_for(people(Tier.LITE), chosen())
    assert fold_facets() == 0
    second = facets_for(people(Tier.LITE), chosen())
    assert second.values == first.values
    assert second.as_of > first.as_of


def test_rebuilding_mends_wrong_counts_and_takes_the_open_changes_in(many):
    FacetCount.objects.update(n=10_000)
    FacetCombination.objects.update(n=10_000)
    FacetCount.objects.create(
        tier="lite", facet="source", value="ghost", other_facet="", other_value="", n=5
    )
    Model.objects.filter(admission="held").delete()
    rebuild_facets()
    assert not FacetDelta.objects.exists()
    everyone = people(Tier.PROFESSIONAL)
    for query in ("", "status=admitted", "runtime=mlx"):
        assert facets_for(everyone, chosen(query)).values == counted(everyone, chosen(query))
    both = chosen("status=admitted&scan=clean,none")
    assert facets_for(everyone, both).values == counted(everyone, both)


@pytest.mark.django_db(transaction=True)
def test_two_do_not_fold_at_the_same_time(django_db_blocker):
    Model.objects.create(slug="new", source="disk", repo_id="new", name="new", updated_at=EPOCH)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [0x66616365])
        assert fold_facets() == 0
        cursor.execute("ROLLBACK")
    other.close()
    assert fold_facets() == 1


def test_a_rolled_back_change_leaves_no_delta(many):
    with transaction.atomic():
        Model.objects.update(tier="lite")
        assert FacetDelta.objects.exists()
        transaction.set_rollback(True)
    assert not FacetDelta.objects.exists()


def test_above_the_cap_counts_are_at_least(many, monkeypatch):
    monkeypatch.setattr(sums, "CAP", 20)
    found = facets_for(people(Tier.PROFESSIONAL), chosen("q=acme"))
    assert found.total == Count(20, more=True)
    assert sum(count.n for count in found.values["status"].values()) == 21
    assert all(count.more for count in found.values["status"].values())
    exact = facets_for(
        people(Tier.PROFESSIONAL), chosen("q=acme&status=held&scan=clean&model_type=llm")
    )
    assert not exact.total.more


def test_of_endless_values_the_most_frequent_are_told_and_what_is_chosen(many, monkeypatch):
    monkeypatch.setattr(pairs, "MOST", 1)
    everyone = people(Tier.PROFESSIONAL)
    told = counted(everyone, chosen())["family"]
    most = max(told, key=lambda family: (told[family].n, family))
    assert facets_for(everyone, chosen()).values["family"] == {most: told[most]}
    rare = min(told, key=lambda family: told[family].n)
    found = facets_for(everyone, chosen(f"family={rare or 'Qwen'}")).values["family"]
    assert found[rare or "Qwen"] == told[rare or "Qwen"]


def test_the_table_of_pairs_holds_no_pair_of_two_facets_of_many_values(many):
    narrow = {"source", "model_type", "license_class", "admission", "scan_verdict", ""}
    folded = set(FacetCount.objects.values_list("facet", "other_facet").distinct())
    assert all(narrow & set(pair) for pair in folded)
    rows = set(FacetCount.objects.values_list("tier", "facet", "value", "other_value", "n"))
    rebuild_facets()
    assert set(FacetCount.objects.values_list("tier", "facet", "value", "other_value", "n")) == rows
