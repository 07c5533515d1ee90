"""People in a browser: import and pull, be refused and ask, approve by keyboard; axe everywhere."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import (
    HAS_CHROMIUM,
    context_of,
    import_by_uri,
    running_browser,
    watch_to_the_end,
    would_be,
)
from tests.e2e.models import COMMUNITY, TINY, digests
from tests.e2e.shots import FIXED, ROOT, TABS, Look, views
from tests.e2e.yard import files_of
from tests.standins.repos import EICAR, NON_COMMERCIAL, TWIN

pytestmark = pytest.mark.skipif(not HAS_CHROMIUM, reason="Chromium is not installed here")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
STEPS = ("Resolve", "Inspect", "License", "Early decision", "Fetch", "Verify", "Scan", "Decide")
REASON = "For the help desk; its terms are fine with our lawyers."


@pytest.fixture(scope="module")
def browser():
    with running_browser() as running:
        yield running


@pytest.fixture
def sign_in(browser, yard):
    """Give a page of a person who has just signed in; a script error fails the test."""
    contexts, faults = [], []

    def give(person, **options):
        contexts.append(context_of(browser, yard, person, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{yard.base}/")
        return page

    yield give
    for context in contexts:
        context.close()
    assert not faults


def import_button(page, words):
    return page.get_by_role("button", name=re.compile(f"^Import {words},"))


def test_a_wrong_password_is_said_and_opens_nothing(browser, yard, lena):
    page = browser.new_page()
    page.goto(f"{yard.base}/models/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Username").fill(lena.name)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("That did not match.")
    page.close()


def test_import_watch_open_make_a_key_and_pull(sign_in, yard, upstream, lena, tmp_path):
    page = sign_in(lena)
    import_by_uri(page, yard, f"https://huggingface.co/{TINY}")
    expect(page.locator("#preview")).to_contain_text("Apache-2.0")
    assert "likely admitted" in would_be(page, "lite")
    import_button(page, "3 files").click()
    watch_to_the_end(page)
    for step in STEPS:
        row = page.get_by_role("table", name="Steps").get_by_role("row", name=step)
        expect(row).to_contain_text("done")
    page.get_by_label("What it made").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("tiny-chat")
    expect(page.get_by_label("Admission")).to_contain_text("Admitted")
    expect(page.get_by_role("heading", name="Use this model")).to_be_visible()

    page.goto(f"{yard.base}/keys/")
    making = page.get_by_role("region", name="Make a key")
    making.get_by_label("Name", exact=True).fill("laptop")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("heading", name="Copy “laptop” now")).to_be_visible()
    key = page.get_by_role("region", name="the new key").inner_text().strip()
    pulled = yard.pull(replace(lena, key=key), tmp_path, TINY)
    assert digests(pulled) == digests(files_of(upstream.folder(TINY)))
    page.reload()
    expect(page.get_by_role("table", name="Your keys")).to_contain_text("laptop")
    assert key not in page.content()


@pytest.fixture(scope="module")
def refused(yard, lena):
    """A model for professionals that lena has asked for as well, so that the queue holds two."""
    slug = yard.slug_of(lena, NON_COMMERCIAL)
    with yard.api(lena) as client:
        given = {"tier": "lite", "reason": "To compare with."}
        asked = client.post(f"/api/v1/models/{slug}/request", json=given)
    assert asked.status_code == 201, asked.text
    return slug


def test_find_be_refused_be_told_why_ask_and_have_it_approved_by_keyboard(
    sign_in, yard, upstream, lena, cora, tmp_path, refused
):
    page = sign_in(lena)
    nothing_is_found(page)
    ask_on_import(page, yard)
    slug = COMMUNITY.replace("/", "--")
    told_why(page, slug)
    done = yard.client(lena, tmp_path, "snapshot", COMMUNITY)
    assert done.returncode == 3
    assert "GatedRepoError" in done.stdout
    assert "tier standard" in done.stdout
    ask_a_curator(page)

    approve_by_keyboard(sign_in(cora), yard)

    page.goto(f"{yard.base}/models/{slug}/")
    expect(page.get_by_role("heading", name="Use this model")).to_be_visible()
    pulled = yard.pull(lena, tmp_path, COMMUNITY)
    assert digests(pulled) == digests(files_of(upstream.folder(COMMUNITY)))
    other = yard.client(lena, tmp_path, "snapshot", NON_COMMERCIAL)
    assert other.returncode == 3


def nothing_is_found(page):
    search = page.get_by_role("search").get_by_role("searchbox")
    search.fill(COMMUNITY)
    search.press("Enter")
    expect(page.get_by_role("heading", name="No model matches")).to_be_visible()


def ask_on_import(page, yard):
    page.get_by_role("link", name="Ask for a model").click()
    expect(page.get_by_role("heading", name="Likely decision")).to_be_visible()
    line = would_be(page, "lite")
    assert "would be held" in line
    assert "rule" in line
    assert "likely admitted" in would_be(page, "standard")
    import_button(page, "2 files").click()  # the weights are stored: another model shares them
    watch_to_the_end(page)


def told_why(page, slug):
    page.goto(re.sub(r"/jobs/.*", f"/models/{slug}/", page.url))
    expect(page.get_by_role("heading", name="Why you may not have it")).to_be_visible()
    why = page.get_by_label("Why you may not have it")
    expect(why).to_contain_text("Your tier")
    expect(why).to_contain_text("Said by policy lite v1")
    expect(why).to_contain_text("restricted")


def ask_a_curator(page):
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("heading", name="Why you may not have it")).to_be_visible()
    page.get_by_label("Why", exact=True).fill(REASON)
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_label("Ask for it")).to_contain_text("a curator decides")


def approve_by_keyboard(page, yard):
    """From the first page to the answer without a mouse: g a, j and k, a, Enter."""
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url(f"{yard.base}/approvals/")
    case = page.get_by_label("Request", exact=True)
    expect(case).to_contain_text("non-commercial")
    page.keyboard.press("j")
    expect(case).to_contain_text(REASON)
    page.keyboard.press("k")
    expect(case).to_contain_text("To compare with.")
    page.keyboard.press("j")
    page.keyboard.press("k")  # before the first answer is there: the last key counts
    expect(page.get_by_label("Open requests").locator("[aria-current]")).to_contain_text(
        "non-commercial"
    )
    expect(case).to_contain_text("To compare with.")
    page.keyboard.press("j")
    expect(case).to_contain_text(REASON)
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text(f"Approved {COMMUNITY} for lena.")
    expect(page.get_by_label("Open requests")).not_to_contain_text("community-chat")


@pytest.mark.parametrize(
    ("repo_id", "words"), [(TWIN, "os.system"), (EICAR, "Eicar-Test-Signature")]
)
def test_the_page_of_a_harmful_model_says_why(sign_in, yard, cora, repo_id, words):
    if repo_id == EICAR and not yard.has_clamd:
        pytest.skip("clamd is not installed here, and nothing else knows EICAR")
    page = sign_in(cora)
    page.goto(f"{yard.base}/models/{yard.slug_of(cora, repo_id)}/")
    strip = page.get_by_label("Admission")
    expect(strip).to_contain_text("Held")
    expect(strip).to_contain_text(words)
    expect(page.get_by_role("heading", name="Use this model")).to_have_count(0)
    page.get_by_role("navigation", name="Model").get_by_role("link", name="Scan").click()
    expect(page.get_by_label("Findings")).to_contain_text(words)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed here: npm install")
@pytest.mark.parametrize("view", list(views("")), ids=lambda view: f"{view[0]}-{view[1]}")
def test_every_page_passes_axe_and_fits(sign_in, yard, lena, cora, refused, view, tmp_path):
    theme, width, height = view
    size = {"color_scheme": theme, "viewport": {"width": width, "height": height}}
    look = Look(yard.base, tmp_path, AXE.read_text())
    page = sign_in(cora, **size)
    page.on("console", lambda said: "Content Security" in said.text and look.fault(said.text))
    for name, path in pages_of(yard, cora).items():
        page.goto(yard.base + path, wait_until="load")
        look.check(page, name)
    page = sign_in(lena, **size)
    for name, path in {"refused": f"/models/{refused}/", "jobs-lite": "/jobs/"}.items():
        page.goto(yard.base + path, wait_until="load")
        look.check(page, name)
    page.context.clear_cookies()
    page.goto(f"{yard.base}/sign-in/")
    look.check(page, "sign-in")
    assert not look.faults


def pages_of(yard, person):
    slug = yard.slug_of(person, TWIN)
    job = yard.rows("select id from core_run order by created_at limit 1")[0][0]
    found = {**FIXED, "job": f"/jobs/{job}/", "dry-run": f"/import/?uri={TINY}"}
    return found | {tab: f"/models/{slug}/{tab}/" for tab in TABS} | {"model": f"/models/{slug}/"}
