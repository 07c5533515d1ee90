"""Real clients against a running yard: what people do, and what they read."""

from __future__ import annotations

import pytest

from tests.clients.cases import CASES, WITHOUT
from tests.clients.environments import CLIENTS

PAIRS = [
    pytest.param(client, case, id=f"{client}: {case.name}")
    for client in CLIENTS
    for case in CASES
    if case.action not in WITHOUT.get(client, ())
]


@pytest.mark.parametrize(("client", "case"), PAIRS)
def test_a_client_gets_what_it_asks_for_or_reads_why_not(world, answers, client, case):
    case.check(world, answers(client, case.person)[case.name])


def test_every_case_has_a_name_of_its_own():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
