"""Questions of other yards: how far they may have come, and what they are told to wait."""

from __future__ import annotations

import pytest

from catalog.models import Intake
from core import this_yard
from core.yards import HOPS
from tests.hub.test_demand import make_key, path_of, policy
from tests.standins.fixture import start_upstream, upstream
from tests.standins.repos import MOVING
from tests.standins.yard import make_yard, yard

__all__ = ["make_key", "make_yard", "policy", "start_upstream", "upstream", "yard"]
pytestmark = pytest.mark.django_db
A, B = "a" * 32, "b" * 32


@pytest.mark.parametrize("way", ["4", "99", f"4; via={A},{B}", "many", "1; via=me"])
def test_a_question_that_came_too_far_is_refused(ask, key, version, way):
    path = f"/api/models/{version.model.repo_id}"
    assert ask(path, key=key).status_code == 200
    for method in ("GET", "HEAD"):
        response = ask(path, key=key, method=method, **{HOPS: way})
        assert (response.status_code, response["X-Error-Code"]) == (403, "GatedRepo")
        assert "3 are allowed" in response["X-Error-Message"]


@pytest.mark.parametrize("way", ["1", "3", f"1; via={A}", f"3; via={A},{B},{A}"])
def test_a_shorter_way_is_answered_as_ever(ask, key, version, way):
    path = f"/api/models/{version.model.repo_id}"
    response = ask(path, key=key, **{HOPS: way})
    assert (response.status_code, response.json()) == (200, ask(path, key=key).json())


def test_a_question_that_left_here_is_not_answered_here(ask, key, version):
    way = f"2; via={this_yard.instance()},{A}"
    response = ask(f"/api/models/{version.model.repo_id}", key=key, **{HOPS: way})
    assert (response.status_code, response["X-Error-Code"]) == (403, "GatedRepo")
    assert "left this yard before" in response["X-Error-Message"]


def test_what_is_brought_for_another_yard_knows_its_way(ask, policy, make_key, yard):
    policy("start")
    asking, way = make_key(), f"1; via={A}"
    response = ask(path_of(MOVING), key=asking, **{HOPS: way})
    assert (response.status_code, response["X-Error-Code"]) == (403, "GatedRepo")
    minutes = response["X-Error-Message"].partition("again in ")[2].split()[0]
    assert int(response["Retry-After"]) == 60 * int(minutes.replace("a", "1"))
    assert Intake.objects.get().through == way


def test_nothing_is_brought_for_a_question_that_came_too_far(ask, policy, make_key, yard):
    policy("start")
    assert ask(path_of(MOVING), key=make_key(), **{HOPS: "4"}).status_code == 403
    assert not Intake.objects.exists()
