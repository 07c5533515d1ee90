from __future__ import annotations

import random
from datetime import timedelta
from itertools import product

import pytest
from django.http import QueryDict

from catalog.selectors.devices import with_device
from catalog.selectors.filters import ORDERINGS, ModelFilter
from catalog.selectors.listing import API_COLUMNS, PAGE_COLUMNS
from catalog.selectors.models import page_of_models
from core.cursors import encode_cursor
from core.errors import InvalidInputError
from registry.callers import Caller
from registry.enums import Tier
from registry.models import Device, Model
from tests.catalog.conftest import EPOCH

EVERYONE = Caller(user_id=1, tier=Tier.PROFESSIONAL)
ROWS = 500


def chosen(text=""):
    return with_device(ModelFilter.parse(QueryDict(text)))


@pytest.fixture
def many(db):
    """500 models with many equal values, and a third of them without a number of parameters."""
    dice = random.Random(7)  # noqa: S311 the same rows every time
    Model.objects.bulk_create(
        Model(
            slug=f"acme--m{n}",
            source="huggingface",
            repo_id=f"acme/m{n}",
            name=f"name {dice.randrange(40)}",
            tier=dice.choice(Tier.values),
            num_params=dice.choice([None, 0, 7, 7, 70]),
            size_bytes=dice.randrange(12),
            updated_at=EPOCH + timedelta(microseconds=dice.randrange(50)),
        )
        for n in range(ROWS)
    )


def expected(ordering):
    """The full order, sorted by Python: unknown values last, ids in the order's direction."""
    column, falling = ordering.removeprefix("-"), ordering.startswith("-")
    rows = list(Model.objects.values_list("id", column))
    if column == "name":  # as the database compares texts
        return list(
            Model.objects.order_by(ordering, "-id" if falling else "id").values_list(
                "id", flat=True
            )
        )
    known = sorted(
        (row for row in rows if row[1] is not None),
        key=lambda row: (row[1], row[0]),
        reverse=falling,
    )
    unknown = sorted((row for row in rows if row[1] is None), reverse=falling)
    return [row[0] for row in [*known, *unknown]]


def walk(filter_, limit):
    """All pages forward, then back from the last one."""
    forward, cursor = [], ""
    while True:
        page = page_of_models(EVERYONE, filter_, cursor=cursor, limit=limit)
        forward.append(page)
        if not page.next:
            break
        cursor = page.next
    backward = [forward[-1]]
    while backward[-1].previous:
        backward.append(
            page_of_models(EVERYONE, filter_, cursor=backward[-1].previous, limit=limit)
        )
    return forward, backward


def ids(pages):
    return [row["id"] for page in pages for row in page.rows]


@pytest.mark.parametrize("ordering", [sign + name for name in ORDERINGS for sign in ("", "-")])
def test_walking_forward_and_back_gives_the_full_order(many, ordering):
    for limit in (100, 50, 7, 1):
        if limit == 1:
            Model.objects.filter(pk__in=expected(ordering)[40:-40]).delete()
        forward, backward = walk(chosen(f"ordering={ordering}"), limit)
        everything = expected(ordering)
        assert ids(forward) == everything, limit
        assert not forward[0].previous, limit
        assert ids(reversed(backward)) == everything, limit


def test_a_page_that_ends_exactly_with_the_list_has_no_next(many):
    page = page_of_models(EVERYONE, chosen("ordering=name"), limit=100)
    for _ in range(4):
        page = page_of_models(EVERYONE, chosen("ordering=name"), cursor=page.next, limit=100)
    assert len(page.rows) == 100
    assert not page.next


def test_rows_that_arrive_meanwhile_neither_repeat_nor_hide_others(many):
    first = page_of_models(EVERYONE, chosen(), limit=50)
    newest = Model.objects.create(
        slug="new", source="s", repo_id="new", name="new", updated_at=EPOCH + timedelta(days=1)
    )
    second = page_of_models(EVERYONE, chosen(), cursor=first.next, limit=50)
    assert not set(ids([first])) & set(ids([second]))
    assert newest.pk not in ids([second])
    back = page_of_models(EVERYONE, chosen(), cursor=second.previous, limit=50)
    assert ids([back]) == ids([first])
    assert ids([page_of_models(EVERYONE, chosen(), cursor=back.previous, limit=50)]) == [newest.pk]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "e30",
        encode_cursor(1),
        encode_cursor("name", "after", "x", 1),  # of another order
        encode_cursor("-updated_at", "beside", EPOCH, 1),
        encode_cursor("-updated_at", "after", None, 1),  # this column is never unknown
        encode_cursor("-updated_at", "after", "yesterday", 1),
        encode_cursor("-updated_at", "after", "2026-01-01T00:00:00", 1),  # no zone
        encode_cursor("-updated_at", "after", 7, 1),
        encode_cursor("-updated_at", "after", EPOCH, "1"),
        encode_cursor("-updated_at", "after", EPOCH, -1),
        encode_cursor("-updated_at", "after", EPOCH, 2**63),
        encode_cursor("-updated_at", "after", EPOCH, [1]),
    ],
)
def test_a_cursor_that_is_not_from_this_list_is_an_error(db, cursor):
    with pytest.raises(InvalidInputError, match="not from this list"):
        page_of_models(EVERYONE, chosen(), cursor=cursor)


@pytest.mark.parametrize("value", ["x\x00", None, 7])
def test_a_text_cursor_holds_a_text(db, value):
    with pytest.raises(InvalidInputError):
        page_of_models(
            EVERYONE, chosen("ordering=name"), cursor=encode_cursor("name", "after", value, 1)
        )


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_bounds(db, limit):
    with pytest.raises(InvalidInputError, match="100"):
        page_of_models(EVERYONE, chosen(), limit=limit)


QUERIES = (
    *("", "ordering=num_params", "q=acme"),
    *("status=held&tier=lite", "category=vision&format=gguf"),
)


@pytest.mark.parametrize("columns", [PAGE_COLUMNS, API_COLUMNS])
def test_a_page_takes_the_same_queries_for_one_row_and_for_many(
    many, django_assert_max_num_queries, columns
):
    for query, limit in product(QUERIES, (1, 10, 100)):
        most = 2 if "num_params" in query else 1
        with django_assert_max_num_queries(most, info=query):
            page_of_models(EVERYONE, chosen(query), limit=limit, columns=columns)


@pytest.fixture
def two(make_model):
    """A language model with everything that filters look at, and one with almost nothing."""
    one = make_model(
        "acme/Llama-3-8B",
        model_type="llm",
        family="llama",
        num_params=8_000_000_000,
        context_length=8192,
        size_bytes=16_000,
        formats=["safetensors", "gguf"],
        languages=["en", "de"],
        quantization="Q4_K_M",
        license_spdx="llama3",
        license_class="restricted",
        scan_verdict="",
        admission="held",
        tier="standard",
        runtimes=["mlx", "vllm"],
        categories=["vision", "tools"],
        memory_8k=14 << 30,
        memory_32k=15 << 30,
    )
    Device.objects.create(slug="t4", name="T4", kind="data-centre", memory_bytes=16 << 30)
    Device.objects.create(slug="ram", name="RAM", kind="cpu", memory_bytes=64 << 30)
    other = make_model(
        "acme/other", model_type="embedding", num_params=None, context_length=None, size_bytes=5
    )
    return one, other


def left_by(query):
    return ids([page_of_models(EVERYONE, chosen(query))])


@pytest.mark.parametrize(
    "query",
    [
        "q=llama%208b",
        "q=LLAMA",
        "tier=standard",
        "model_type=llm,image",
        "source=huggingface&family=llama",
        "license_type=restricted",
        "license=llama3",
        "status=held",
        "scan=none",
        "min_params=8B",
        "max_params=8000000000",
        "min_context=8192",
        "min_size=16000",
        "format=gguf",
        "format=gguf,onnx",
        "quantization=q4_k_m",
        "language=de",
        "category=vision,tools",
        "params=4b-10b",
        "params=4b-10b,under-1b",
        "context=8k-32k",
        "max_context=8192",
        "runtime=vllm",
        "runtime=tgi,mlx",
        "fits=t4",
        "fits=ram&fits_context=32k",
    ],
)
def test_a_filter_leaves_what_has_it(two, query):
    assert left_by(query) == [two[0].pk]


@pytest.mark.parametrize(
    "query",
    ["max_size=15999", "tier=lite", "status=admitted", "scan=clean", "model_type=embedding"],
)
def test_a_filter_leaves_out_what_has_something_else(two, query):
    assert left_by(query) == [two[1].pk]


@pytest.mark.parametrize(
    "query",
    [
        "q=llama%20gguf",
        "min_params=8000000001",
        "language=fr",
        "source=ollama",
        "category=cloud",
        "params=unknown&context=8k-32k",
        "q=100%25",
        "runtime=tgi",
        "fits=t4&fits_context=32k",
        "fits=ram&fits_context=128k",
    ],
)
def test_a_filter_that_nothing_meets_leaves_nothing(two, query):
    assert left_by(query) == []


@pytest.mark.parametrize("off", [{"slug": "t5"}, {"is_active": False}])
def test_a_device_that_is_not_there_is_an_error_with_those_that_are(two, off):
    Device.objects.filter(slug="t4").update(**off)
    with pytest.raises(InvalidInputError, match="ram"):
        chosen("fits=t4")
