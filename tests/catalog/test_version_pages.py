from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from catalog.models import ModelEvent, VersionText, Watch
from registry.models import Model
from tests.catalog.test_api_watching import happened, waiting, watched
from tests.factories.registry import UserFactory, VersionFactory

__all__ = ["waiting", "watched"]
TAB = "/models/acme--one/versions/"


@pytest.fixture
def person(client):
    def make(role="viewer", tier="professional"):
        user = UserFactory(tier=tier)
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def body(answer):
    return answer.content.decode()


def test_the_tab_tells_the_rule_the_last_look_and_what_happened(person, watched):
    happened(watched)
    page = body(person().get(TAB))
    assert "Tell curators" in page
    assert "No. 0" in page
    assert "Set the rule" not in page
    assert "Roll main back" not in page
    page = body(person("operator").get(TAB))
    assert "Set the rule" in page
    assert "Roll main back" not in page


def test_an_operator_sets_the_rule_asks_for_a_look_and_notes_events(person, watched):
    happened(watched)
    client = person("operator")
    assert client.post(f"{TAB}rule/", {"rule": "import"}).status_code == 302
    assert Watch.objects.get().rule == "import"
    assert client.post(f"{TAB}check/").status_code == 302
    assert Watch.objects.get().next_check_at <= timezone.now()
    event = ModelEvent.objects.get()
    assert client.post(f"{TAB}events/{event.pk}/seen/").status_code == 302
    assert "noted by" in body(client.get(TAB))
    assert client.post(f"{TAB}rule/", {"rule": "x"}).status_code == 422
    assert person().post(f"{TAB}rule/", {"rule": "off"}).status_code == 403


def test_a_curator_rolls_main_back_and_releases_it(person, watched):
    VersionFactory(model=watched, files={"x": b"2"})
    client = person("curator")
    refused = client.post(f"{TAB}main/", {"version": "1", "reason": ""})
    assert (refused.status_code, "This field is required" in body(refused)) == (422, True)
    client.post(f"{TAB}main/", {"version": "1", "reason": "v2 is broken"})
    assert Model.objects.get().head_number == 1
    page = body(client.get(TAB))
    assert "main is kept at v1" in page
    assert "v2 is broken" in page
    client.post(f"{TAB}main/release/", {"release-reason": "fixed"})
    assert Model.objects.get().head_number == 2
    assert "main is kept" not in body(client.get(TAB))
    assert person("operator").post(f"{TAB}main/", {"version": "1"}).status_code == 403


def test_a_comparison_shows_files_configuration_and_lines(person, watched):
    other = VersionFactory(model=watched, files={"config.json": b"{}", "moved.bin": b"weights"})
    first = watched.versions.get(number=1)
    for version, text in ((first, "free\n<b>"), (other, "free\n<i>")):
        version.facts = {"texts": True}
        version.config = {"context_length": 1000 * version.number}
        version.save()
        VersionText.objects.create(version=version, kind="card", path="README.md", body=text)
    page = body(person().get(f"{TAB}1/diff/2/"))
    for told in ("context length", "1000", "2000", "&lt;b&gt;", "&lt;i&gt;", "was w.bin"):
        assert told in page
    assert "<b>\n" not in page
    assert body(person().get(f"{TAB}1/diff/1/")).count("Every file is the same.") == 1


def test_two_chosen_versions_lead_to_their_comparison(person, watched):
    VersionFactory(model=watched, files={"x": b"2"})
    client = person()
    answer = client.get(f"{TAB}compare/", {"before": "2", "after": "1"})
    assert answer.headers["Location"] == f"{TAB}2/diff/1/"
    assert client.get(f"{TAB}compare/", {"before": "9"}).headers["Location"] == TAB
    assert client.get(f"{TAB}1/diff/9/").status_code == 404


def test_a_waiting_version_is_in_the_list_of_needs_and_admitted_where_it_is_compared(
    person, waiting
):
    client = person("curator")
    assert "v2 of" in body(client.get("/"))
    assert "asks a curator" in body(client.get(TAB))
    page = body(client.get(f"{TAB}1/diff/2/"))
    assert "v2 waits for a curator" in page
    assert "see what is new in it" in body(client.get("/models/acme--one/?version=2"))
    assert client.post(f"{TAB}2/admit/", {"reason": ""}).status_code == 422
    assert client.post(f"{TAB}2/admit/", {"reason": "read it"}).status_code == 302
    waiting.refresh_from_db()
    assert waiting.admission == "admitted"
    assert "v2 of" not in body(client.get("/"))
    assert client.post(f"{TAB}2/admit/", {"reason": "again"}).status_code == 422
    assert "Admit v2" not in body(person().get(f"{TAB}1/diff/2/"))


def test_events_are_among_the_needs_until_somebody_notes_them(person, watched):
    happened(watched)
    assert "renamed" not in body(person().get("/"))
    client = person("curator")
    page = body(client.get("/"))
    assert "No. 0" in page
    ModelEvent.objects.update(seen_at=timezone.now())
    assert "No. 0" not in body(client.get("/"))


@pytest.mark.parametrize("count", [1, 10])
def test_pages_take_the_same_queries_whatever_they_show(
    person, watched, django_assert_max_num_queries, count
):
    happened(watched, count)
    for _ in range(count):
        VersionFactory(model=watched, files={f"{n}": b"2" for n in range(count)})
    client = person("curator")
    for path, most in ((TAB, 30), (f"{TAB}1/diff/2/", 20), ("/", 40)):
        client.get(path)
        with django_assert_max_num_queries(most):
            client.get(path)


def test_a_hidden_models_versions_are_not_there(person, make_model):
    make_model(tier="professional")
    client = person(tier="lite")
    for path in (TAB, f"{TAB}1/diff/1/", f"{TAB}compare/"):
        assert client.get(path).status_code == 404


def test_a_watch_that_is_due_says_when(person, watched):
    Watch.objects.update(
        last_checked_at=timezone.now() - timedelta(hours=2), last_result="unchanged"
    )
    assert "nothing new" in body(person().get(TAB))
