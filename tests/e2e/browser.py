"""Chromium over a running yard: people who sign in, look, press keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.shots import ARGS, CHROMIUM, signed_in
from tests.e2e.yard import Person, Yard

MINUTE = 60_000
HAS_CHROMIUM = Path(CHROMIUM).exists()


@contextmanager
def running_browser() -> Iterator[Browser]:
    expect.set_options(timeout=MINUTE)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


def context_of(browser: Browser, yard: Yard, person: Person, **options: object) -> BrowserContext:
    """Sign in at the sign-in page."""
    context = signed_in(browser, yard.base, person.name, person.password, **options)
    context.set_default_timeout(MINUTE)
    return context


def import_by_uri(page: Page, yard: Yard, uri: str) -> None:
    """Look at a model on the Import page and stay there, with the dry run shown."""
    page.goto(f"{yard.base}/import/")
    page.get_by_label("Paste anything that names a model").fill(uri)
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("heading", name="Likely decision")).to_be_visible()


def watch_to_the_end(page: Page) -> None:
    """Stay on the page of a job until it says, by itself, that the job has ended well."""
    expect(page.get_by_role("heading", name="Steps")).to_be_visible()
    expect(page.locator("#run [role=status]")).to_contain_text(": done", timeout=4 * MINUTE)


def would_be(page: Page, tier: str) -> str:
    """The line of the dry run or the model page that says what a tier gets."""
    rows = page.get_by_role("listitem").filter(has=page.get_by_text(tier, exact=True))
    return rows.last.inner_text()
