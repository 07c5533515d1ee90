"""The dialog that waives a finding, in a browser: it opens, says what is wrong, grants, axe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as django_settings
from django.db import connections
from playwright.sync_api import expect

from scanning.models import FindingWaiver
from scanning.services.reviewing import review_waivers
from tests.e2e.browser import HAS_CHROMIUM, running_browser
from tests.e2e.shots import ROOT, Look, views
from tests.registry.conftest import person, signed_in
from tests.scanning.reports import GOOD, RISKY, finding, make_held, scanned, sha_of
from tests.standins.yard import make_yard

__all__ = ["make_yard", "person", "signed_in"]
pytestmark = pytest.mark.skipif(not HAS_CHROMIUM, reason="Chromium is not installed here")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def tab(transactional_db, live_server, make_yard, signed_in):
    """The address of a Scan tab with findings, and the cookie of a curator."""
    said = [
        finding("dangerous_global", message="reaches os.system", evidence="GLOBAL 'os system'"),
        finding("unknown_global", "medium", message="reaches acme.build"),
        finding("worst_call", "critical", message="reaches builtins.exec"),
        finding("note", "low"),
    ]
    version = scanned(make_held({"model.pkl": RISKY, "good.pkl": GOOD}), {sha_of(RISKY): said})
    scanned(make_held({"copy/model.pkl": RISKY}), {sha_of(RISKY): said})
    client = signed_in(roles=("curator",), username="ada")
    name = django_settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    return f"{live_server.url}/models/{version.model.slug}/scan/", cookie


@pytest.fixture
def browser():
    with running_browser() as running:
        yield running


def aside(work):
    """Ask the database in a thread: in this one Playwright has its loop."""

    def and_close():
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(and_close).result()


def opened(browser, tab, **options):
    url, cookie = tab
    context = browser.new_context(reduced_motion="reduce", **options)
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(url)
    return page


def open_dialog(page, title="Dangerous global"):
    row = page.get_by_role("group").filter(has_text=title)
    if not row.get_by_role("link", name="Waive").is_visible():
        row.locator("summary").click()
    row.get_by_role("link", name="Waive").click()
    return page.get_by_role("dialog", name="Waive this finding")


def test_a_finding_is_waived_in_a_dialog_and_taken_back(tab, browser):
    page = opened(browser, tab)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: "Content Security" in said.text and faults.append(said.text))
    dialog = open_dialog(page)
    expect(dialog.get_by_label("Why")).to_be_focused()
    expect(dialog).to_contain_text("2 versions have them")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    dialog = open_dialog(page)
    dialog.get_by_label("Why").fill("ok")
    dialog.get_by_role("button", name="Waive this finding").click()
    expect(dialog).to_contain_text("Say why in a few words")
    dialog.get_by_label("Why").fill("Read by hand, harmless")
    dialog.get_by_role("button", name="Waive this finding").click()
    row = page.locator("summary").filter(has_text="Dangerous global")
    expect(row).to_contain_text("waived")
    row.click()
    expect(page.get_by_text("Accepted by ada")).to_be_visible()
    assert aside(FindingWaiver.objects.get).rule == "dangerous_global"
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(row).not_to_contain_text("waived")
    assert aside(FindingWaiver.objects.get).ended_by_id is not None
    assert not faults


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (npm install)")
def test_tab_and_dialog_are_good_in_both_themes_and_widths(tab, browser, tmp_path_factory):
    look = Look("", tmp_path_factory.mktemp("shots"), AXE.read_text())
    page = opened(browser, tab)
    dialog = open_dialog(page)
    dialog.get_by_label("Why").fill("Read by hand, harmless")
    dialog.get_by_role("button", name="Waive this finding").click()
    expect(page.locator("summary").filter(has_text="waived")).to_be_visible()
    aside(review_waivers)
    for theme, width, height in views(""):
        page = opened(browser, tab, color_scheme=theme, viewport={"width": width, "height": height})
        page.locator("summary").filter(has_text="Unknown global").click()
        page.locator("summary").filter(has_text="Worst call").click()
        page.locator("summary").filter(has_text="Dangerous global").click()
        look.check(page, f"tab-{theme}-{width}")
        look.photograph(page, f"tab-{theme}-{width}", width, height)
        open_dialog(page, "Unknown global")
        look.check(page, f"dialog-{theme}-{width}")
        page.screenshot(path=look.out / f"dialog-{theme}-{width}.png")
        href = page.get_by_role("link", name="Waive", include_hidden=True).get_attribute("href")
        page.goto(tab[0].split("/models/")[0] + href)
        look.check(page, f"page-{theme}-{width}")
        look.photograph(page, f"page-{theme}-{width}", width, height)
    assert not look.faults
