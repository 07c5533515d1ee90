"""Beside the finding: who accepted it, why and until when, or the dialog that does."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scanning.models import FindingWaiver, Scan
from scanning.scanners.pickle_ops import PickleOps
from scanning.services.reviewing import review_waivers
from tests.registry.conftest import caller, person, signed_in
from tests.scanning.reports import (
    RISKY,
    WHY,
    accept,
    finding,
    fresh,
    in_days,
    make_held,
    malware,
    scanned,
    sha_of,
)

__all__ = ["caller", "person", "signed_in"]
SHA = sha_of(RISKY)
DIALOG = f"/findings/{SHA}/odd_call/waive/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def version(make_yard):
    return scanned(make_held())


def tab(client, version):
    return client.get(f"/models/{version.model.slug}/scan/").content.decode()


def until(days=30):
    return in_days(days).date().isoformat()


def test_a_curator_waives_a_finding_from_its_row_and_takes_it_back(signed_in, version):
    client = signed_in(roles=("curator",), username="ada")
    place = f"/models/{version.model.slug}/scan/"
    assert f'hx-get="{DIALOG}?next={place.replace("/", "%2F")}"' in tab(client, version)
    dialog = client.get(f"{DIALOG}?next={place}", headers=HTMX).content.decode()
    assert "<dialog" in dialog
    assert "<html" not in dialog
    assert "<b>1 version</b> has them" in " ".join(dialog.split())
    assert f'value="{in_days(90).date()}"' in dialog
    granted = client.post(DIALOG, {"reason": WHY, "until": until(), "next": place}, headers=HTMX)
    assert granted.headers["HX-Redirect"] == place
    review_waivers()
    page = tab(client, version)
    assert "<b>Accepted by ada</b> until" in page
    assert WHY in page
    assert "Odd_call was seen" in page  # beside the finding, never instead of it
    assert "1 version with this content is decided again" in page
    assert DIALOG not in page
    pk = FindingWaiver.objects.get().pk
    back = client.post(f"/findings/waivers/{pk}/end/", {"next": place})
    assert (back.status_code, back["Location"]) == (302, place)
    assert "Accepted by" not in tab(client, version)
    review_waivers()
    assert fresh(version).admission == "held"


def test_without_a_script_the_dialog_is_a_page(signed_in, version):
    client = signed_in(roles=("curator",))
    page = client.get(DIALOG).content.decode()
    assert "<html" in page
    assert "<dialog" not in page.split("<main")[1].split("</main>")[0]
    answer = client.post(DIALOG, {"reason": WHY, "until": until()})
    assert answer["Location"] == f"/models/{version.model.slug}/scan/?version=1"
    assert FindingWaiver.objects.get().reason == WHY


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reason": ""}, "This field is required"),
        ({"reason": "ok"}, "3 or more"),
        ({"until": ""}, "This field is required"),
        ({"until": "2020-01-01"}, "must lie ahead"),
        ({"until": "2999-01-01"}, "within 90 days"),
    ],
)
def test_a_form_that_cannot_be_used_comes_back_with_what_is_wrong(signed_in, version, given, said):
    client = signed_in(roles=("curator",))
    for headers in (HTMX, {}):
        answer = client.post(DIALOG, {"reason": WHY, "until": until(), **given}, headers=headers)
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not FindingWaiver.objects.exists()


def test_the_last_day_that_is_offered_can_be_chosen(signed_in, version, settings):
    client = signed_in(roles=("curator",))
    client.post(DIALOG, {"reason": WHY, "until": until(settings.WAIVER_MAX_DAYS)})
    assert FindingWaiver.objects.get().expires_at.date().isoformat() == until(90)


def test_a_second_one_is_told_of_the_first(signed_in, caller, version):
    accept(caller(roles=("curator",), username="bob"))
    answer = signed_in(roles=("curator",)).post(DIALOG, {"reason": WHY, "until": until()})
    assert answer.status_code == 422
    assert "accepted already, by bob" in answer.content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "evil", ""])
def test_it_leads_back_to_this_yard_alone(signed_in, version, elsewhere):
    client = signed_in(roles=("curator",))
    answer = client.post(DIALOG, {"reason": WHY, "until": until(), "next": elsewhere})
    assert answer["Location"] == f"/models/{version.model.slug}/scan/?version=1"


@pytest.mark.parametrize("roles", [("viewer",), ("operator",)])
def test_others_see_waivers_and_no_buttons(signed_in, caller, version, roles):
    client = signed_in(roles=roles)
    assert "/waive/" not in tab(client, version)
    assert client.get(DIALOG).status_code == 403
    assert client.post(DIALOG, {"reason": WHY, "until": until()}).status_code == 403
    waiver = accept(caller(roles=("curator",), username="ada"))
    page = tab(client, version)
    assert "<b>Accepted by ada</b>" in page
    assert "Take back" not in page
    assert client.post(f"/findings/waivers/{waiver.pk}/end/").status_code == 403


def test_where_a_waiver_is_not_to_be_had_the_row_says_why(signed_in, version, monkeypatch):
    client = signed_in(roles=("curator",))
    Scan.objects.filter(verdict="unsafe").update(findings=[finding(severity="critical")])
    page = tab(client, version)
    assert "only an admin may waive it" in page
    assert "/waive/" not in page
    monkeypatch.setattr(PickleOps, "tells_all", False)
    assert "stops at its first finding" in tab(client, version)


def test_what_blocks_nothing_has_no_button(signed_in, make_yard):
    version = scanned(make_held(), {SHA: [finding("note", "low")]})
    assert "/waive/" not in tab(signed_in(roles=("admin",)), version)


def test_the_gate_says_on_every_tab_what_it_rests_on(signed_in, caller, version):
    accept(caller(roles=("curator",), username="ada"))
    review_waivers()
    page = signed_in().get(f"/models/{version.model.slug}/").content.decode()
    assert malware(version).reason.startswith("Clean but for odd_call in a.pkl, accepted until")
    assert "Clean but for odd_call in a.pkl, accepted until" in page


def test_more_waivers_take_no_more_queries(signed_in, caller, version):
    client = signed_in(roles=("curator",))
    ada = caller(roles=("curator",))
    accept(ada)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            tab(client, version)
        return len(captured)

    few = queries()
    more = [finding(f"rule{n}") for n in range(10)]
    Scan.objects.filter(verdict="unsafe").update(findings=[finding(), *more])
    for one in more:
        accept(ada, rule=one["rule"])
    assert queries() == few


def test_the_admin_shows_waivers_to_curators_and_changes_none(signed_in, caller, version):
    waiver = accept(caller(roles=("curator",)))
    client = signed_in(roles=("curator",), is_staff=True)
    listed = client.get("/admin/scanning/findingwaiver/")
    assert (listed.status_code, "odd_call" in listed.content.decode()) == (200, True)
    row = f"/admin/scanning/findingwaiver/{waiver.pk}"
    assert client.get(f"{row}/change/").status_code == 200
    assert client.post(f"{row}/change/", {"reason": "x"}).status_code == 403
    assert client.post(f"{row}/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/scanning/findingwaiver/add/").status_code == 403
    assert signed_in(is_staff=True).get("/admin/scanning/findingwaiver/").status_code == 403


def test_a_scan_tab_of_long_ago_shows_no_waiver_that_has_ended(signed_in, caller, version):
    waiver = accept(caller(roles=("curator",)))
    FindingWaiver.objects.filter(pk=waiver.pk).update(ended_at=timezone.now())
    assert "Accepted by" not in tab(signed_in(), version)
