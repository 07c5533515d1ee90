from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from registry.authentication import caller_of_user
from registry.seeds import seed
from tests.factories.registry import UserFactory


@pytest.fixture
def person(db):
    """A person of a tier with roles."""

    def make(tier="professional", roles=(), **values):
        seed()
        user = UserFactory(tier=tier, **values)
        user.groups.set(Group.objects.filter(name__in=roles))
        return user

    return make


@pytest.fixture
def caller(person):
    """The caller that such a person is."""

    def make(tier="professional", roles=(), **values):
        return caller_of_user(person(tier, roles, **values))

    return make


@pytest.fixture
def signed_in(client, person):
    """A browser in which a person of that tier and those roles is signed in."""

    def make(tier="professional", roles=(), **values):
        user = person(tier, roles, **values)
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        client.user = user
        return client

    return make
