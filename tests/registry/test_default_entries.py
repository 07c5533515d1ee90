"""What a new yard lists: each entry once, below nobody's feet, and never again when it is gone."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from core.errors import ConflictError, NotPermittedError
from registry import audit
from registry.default_entries import ENTRIES, seed_entries
from registry.models import AuditEvent, Model
from registry.seeds import seed
from registry.services.curation import approve, change_tier, request_access, withdraw_listing
from registry.services.models import change_model
from registry.services.versions import ensure_model
from tests.factories.registry import ModelFactory
from tests.registry.decided import decided, person

pytestmark = pytest.mark.django_db


def rows():
    return list(Model.objects.order_by("slug").values())


def listed(slug="layoutlmv3"):
    return Model.objects.get(slug=slug)


@pytest.fixture
def curator():
    seed()
    return person(role="curator")


def test_the_seed_command_lists_the_three_models_of_the_contract(capsys, settings, tmp_path):
    settings.STORE_DIR = tmp_path / "store"
    call_command("seed")
    assert "seeded default entries" in capsys.readouterr().out
    columns = ("slug", "repo_id", "model_type", "tier", "size_bytes", "head_filename", "parameters")
    assert list(Model.objects.order_by("slug").values_list(*columns)) == [
        ("layoutlmv3", "microsoft/layoutlmv3-base", "layout", "lite", 500_000_000, "", {}),
        (
            "llama-3-8b",
            "TheBloke/Llama-3-8B-GGUF",
            "llm",
            "professional",
            4_000_000_000,
            "llama-3-8b.Q4_K_M.gguf",
            {"context_length": 4096, "batch_size": 512},
        ),
        (
            "phi-4-multimodal",
            "microsoft/Phi-4-Multimodal-GGUF",
            "llm",
            "standard",
            2_000_000_000,
            "",
            {},
        ),
    ]


def test_nothing_is_vouched_for_or_pinned():
    seed_entries()
    for model in Model.objects.all():
        assert (model.admission, model.head, model.head_number) == ("pending", None, None)
        assert (model.scan_verdict, model.license_class) == ("", "unknown")
        assert model.versions.count() == 0
        assert model.description.startswith("Listed, not imported yet")
    assert AuditEvent.objects.filter(action="model.list").count() == len(ENTRIES)
    assert list(audit.broken_links()) == []


def test_seeding_again_changes_nothing(curator):
    seed_entries()
    change_model(caller=curator, model=listed(), description="Ours", parameters={"dpi": 300})
    change_tier(caller=curator, model=listed("llama-3-8b"), tier="lite")
    before = rows(), AuditEvent.objects.count()
    seed_entries()
    assert (rows(), AuditEvent.objects.count()) == before


def test_what_was_deleted_does_not_come_back():
    seed_entries()
    listed().delete()
    seed_entries()
    assert not Model.objects.filter(slug="layoutlmv3").exists()
    assert Model.objects.count() == len(ENTRIES) - 1


def test_what_was_withdrawn_stays_withdrawn(curator):
    seed_entries()
    withdraw_listing(caller=curator, model=listed(), reason="Not for us")
    seed_entries()
    assert listed().admission == "withdrawn"
    assert AuditEvent.objects.filter(action="model.withdraw", reason="Not for us").exists()


def test_only_a_curator_takes_an_entry_off_and_only_before_an_import(curator):
    seed_entries()
    with pytest.raises(NotPermittedError):
        withdraw_listing(caller=person(), model=listed(), reason="no")
    imported = decided(model=listed()).model
    with pytest.raises(ConflictError):
        withdraw_listing(caller=curator, model=imported, reason="no")


def test_what_was_there_first_is_left_alone():
    by_name = ModelFactory(repo_id="microsoft/layoutlmv3-base", source="huggingface", slug="mine")
    by_slug = ModelFactory(repo_id="acme/other", slug="llama-3-8b")
    seed_entries()
    assert set(Model.objects.values_list("slug", flat=True)) == {
        by_name.slug,
        by_slug.slug,
        "phi-4-multimodal",
    }


def test_a_yard_may_start_without_them(settings):
    settings.DEFAULT_ENTRIES = False
    seed_entries()
    assert not Model.objects.exists()


def test_an_import_finds_the_entry_by_its_repository_and_keeps_its_slug():
    seed_entries()
    model = ensure_model(source="huggingface", repo_id="TheBloke/Llama-3-8B-GGUF")
    assert model.slug == "llama-3-8b"


@pytest.mark.parametrize(
    ("slug", "license_class", "tier"),
    [
        ("layoutlmv3", "permissive", "lite"),
        ("layoutlmv3", "copyleft", "standard"),  # policy asks for more than the entry promised
        ("layoutlmv3", "non-commercial", "professional"),
        ("phi-4-multimodal", "permissive", "standard"),  # and the entry for more than policy
        ("llama-3-8b", "permissive", "professional"),
        ("llama-3-8b", "unknown", "professional"),  # held
    ],
)
def test_an_import_gives_the_higher_of_the_tiers_of_entry_and_policy(slug, license_class, tier):
    seed()
    seed_entries()
    model = decided(license_class, model=listed(slug)).model
    model.refresh_from_db()
    assert (model.slug, model.tier, model.tier_by_curator) == (slug, tier, False)


def test_an_import_overwrites_what_the_entry_told():
    seed()
    seed_entries()
    version = decided(model=listed("llama-3-8b"))
    model = listed("llama-3-8b")
    assert (model.head, model.head_filename) == (version, "a.txt")
    assert (model.size_bytes, model.description) == (version.size_bytes, "")
    assert model.parameters == {"context_length": 4096, "batch_size": 512}


def test_a_curator_may_give_what_the_entry_kept_up(curator):
    seed_entries()
    version = decided(model=listed("llama-3-8b"))
    asked = request_access(
        caller=person(tier="lite"), model=version.model, needs_curator=True, reason="For a course"
    )
    approve(caller=curator, request=asked, note="For the course")
    assert (listed("llama-3-8b").tier, listed("llama-3-8b").tier_by_curator) == ("lite", True)
