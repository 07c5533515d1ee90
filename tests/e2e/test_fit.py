"""A person moves the control on a model's page: the answer, the address and what is open follow."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import HAS_CHROMIUM, context_of, running_browser
from tests.e2e.models import TINY

pytestmark = pytest.mark.skipif(not HAS_CHROMIUM, reason="Chromium is not installed here")


def test_moving_the_context_moves_the_answer_and_the_address(yard, cora):
    slug = yard.slug_of(cora, TINY)
    with running_browser() as browser:
        page = context_of(browser, yard, cora).new_page()
        page.goto(f"{yard.base}/models/{slug}/")
        answer = page.locator("#fit-answer")
        expect(answer).to_contain_text("1 \u00d7 512 \u00d7")
        page.locator("#fit-1 > summary").click()
        page.locator("input[name=context][value='128']").check(force=True)
        expect(answer).to_contain_text("1 \u00d7 128 \u00d7")
        expect(page).to_have_url(re.compile(r"/models/[^/]+/\?context=128&batch=1&cache=f16$"))
        expect(page.get_by_role("table", name="Consumer GPU")).to_be_visible()
        page.reload()
        expect(page.locator("input[name=context][value='128']")).to_be_checked()
        expect(answer).to_contain_text("1 \u00d7 128 \u00d7")
