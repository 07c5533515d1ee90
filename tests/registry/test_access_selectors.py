"""The one access selector: what is visible in lists, and what a person may know of by name."""

from __future__ import annotations

import pytest

from core.errors import NotFoundError
from registry.callers import NOBODY, Caller
from registry.enums import Scope, Tier
from registry.models import User
from registry.selectors.access import knowable_models, knowable_versions, model_for, visible_models
from registry.services.curation import request_access
from tests.factories.registry import ModelFactory, VersionFactory

pytestmark = pytest.mark.django_db
READ = frozenset({Scope.READ})


@pytest.fixture
def models():
    made = {tier: ModelFactory(repo_id=f"acme/{tier}", tier=tier) for tier in Tier}
    for model in made.values():
        VersionFactory(model=model)
    return made


def names(rows) -> set[str]:
    return {row.repo_id.partition("/")[2] for row in rows}


@pytest.mark.parametrize("tier", Tier)
def test_a_caller_sees_their_tier_and_those_below(models, tier):
    caller = Caller(user_id=1, tier=tier, scopes=READ)
    assert names(visible_models(caller)) == set(Tier.up_to(tier))
    assert names(knowable_models(caller)) == set(Tier.up_to(tier))


def test_the_order_of_tiers_is_the_promised_one():
    assert Tier.values == ["lite", "standard", "professional"]
    assert Tier.lowest("professional", "lite", "standard") == Tier.LITE
    assert Tier.up_to("standard") == [Tier.LITE, Tier.STANDARD]


def test_who_has_no_tier_sees_nothing(models):
    assert not visible_models(NOBODY).exists()
    assert not knowable_models(NOBODY).exists()
    assert not knowable_versions(NOBODY).exists()


def test_who_asked_for_a_model_may_know_of_it_and_nobody_else(models, caller):
    asker, other = caller("lite"), caller("lite")
    hidden = models[Tier.PROFESSIONAL]
    request_access(caller=asker, model=hidden)
    assert names(knowable_models(asker)) == {"lite", "professional"}
    assert names(knowable_models(other)) == {"lite"}
    assert names(visible_models(asker)) == {"lite"}, "lists and counts stay those of the tier"
    assert {version.model for version in knowable_versions(asker)} == {
        models[Tier.LITE],
        hidden,
    }
    assert model_for(asker, hidden.slug) == hidden
    with pytest.raises(NotFoundError):
        model_for(other, hidden.slug)


def test_an_anonymous_caller_knows_of_no_model_because_somebody_asked(models, caller):
    request_access(caller=caller("lite"), model=models[Tier.STANDARD])
    anonymous = Caller(tier=Tier.LITE, scopes=READ)
    assert names(knowable_models(anonymous)) == {"lite"}


def test_a_model_asked_for_by_two_is_listed_once(models, caller):
    first, second = caller("standard"), caller("standard")
    for asker in (first, second, first):
        request_access(caller=asker, model=models[Tier.STANDARD])
    assert knowable_models(first).count() == 2


def test_hidden_and_missing_are_the_same_error(models, caller):
    asker = caller("lite")
    with pytest.raises(NotFoundError) as hidden:
        model_for(asker, models[Tier.STANDARD].slug)
    with pytest.raises(NotFoundError) as missing:
        model_for(asker, "acme--standart")
    assert hidden.value.message.replace("standard", "standart") == missing.value.message
    assert set(hidden.value.details) == set(missing.value.details)


def test_a_change_of_tier_counts_at_once(models, caller):
    asker = caller("lite")
    user = User.objects.get(pk=asker.user_id)
    assert names(visible_models(asker)) == {"lite"}
    models[Tier.STANDARD].tier = Tier.LITE
    models[Tier.STANDARD].save()
    assert names(visible_models(asker)) == {"lite", "standard"}
    assert user.tier == Tier.LITE
