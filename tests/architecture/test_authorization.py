"""Every route, asked by every kind of caller: who is let through, and who is told what instead.

`expected.py` has a rule for each request of `routes.py`; one without fails here. About what a
caller may not know of, the answer is that about what is not there. The callers that
`test_no_leaks.py` asks everything for are held to the same rules there, by the same answers.
"""

from __future__ import annotations

import pytest

from registry.enums import Role, Tier
from tests.architecture.callers import ALL, CALLERS, OUT, WORKERS, client_of, send
from tests.architecture.expected import EXPECTED, SPECIAL, expected_of, told
from tests.architecture.routes import ROUTES, admin_paths
from tests.architecture.test_no_leaks import filled, filled_body, nowhere
from tests.architecture.world import ABSENT, world
from tests.standins.fixture import start_upstream

__all__ = ["nowhere", "start_upstream", "world"]

ABOUT = (Tier.LITE, Tier.PROFESSIONAL)


def test_every_request_has_an_expectation():
    asked = {name: len(requests) for name, requests in ROUTES.items()}
    told = {name: len(rules) for name, rules in EXPECTED.items()}
    assert asked == told | dict.fromkeys(SPECIAL, 1)


def test_every_caller_is_asked_for():
    assert {*CALLERS, *WORKERS, *OUT} == set(ALL)


@pytest.mark.parametrize("kind", [*WORKERS, *OUT])
def test_each_caller_is_let_through_where_they_may_and_nowhere_else(world, nowhere, kind):
    client, headers, _ = client_of(kind)
    faults = []
    for name, requests in ROUTES.items():
        for number, (method, template, body) in enumerate(requests):
            names = "{" in template + str(body).replace("{'", "")
            for tier in ABOUT if names else [None]:
                args = world.args[tier or ABSENT]
                path, sent = filled(template, args), filled_body(body, args)
                answer = told(*send(client, headers, method, path, sent))
                wanted = expected_of(name, number, kind, tier)
                if answer != wanted:
                    faults.append(f"{method} {path} {sent or ''}: {answer}, not {wanted}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "kind",
    [
        "anonymous",
        *[f"{role} session" for role in Role.values],
        "admin key",
        "session of somebody who is out",
    ],
)
def test_the_admin_lets_nobody_in_who_is_no_staff(world, kind):
    client, headers, _ = client_of(kind)
    for path in admin_paths():
        if path in {"/admin/login/", "/admin/logout/"}:
            continue
        status, text = send(client, headers, "GET", filled(path, world.args[Tier.LITE]), None)
        assert (status, "\nLocation: /admin/login/?next=/admin/" in f"\n{text}") == (302, True), (
            path
        )
