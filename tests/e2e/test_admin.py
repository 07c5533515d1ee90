"""The admin in a browser: its pages and scripts work under the strict content policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import HAS_CHROMIUM, context_of, running_browser
from tests.e2e.yard import Person

pytestmark = pytest.mark.skipif(not HAS_CHROMIUM, reason="Chromium is not installed here")
PASSWORD = "a long password of boss"
MAKE_BOSS = f"""
from django.contrib.auth.models import Group
from registry.models import Model, Tag, User
from django.utils import timezone
boss = User.objects.create_superuser("boss", password={PASSWORD!r}, tier="professional")
boss.groups.set(Group.objects.filter(name__in=["admin", "curator"]))
Tag.objects.get_or_create(name="browsed")
Model.objects.create(source="disk", repo_id="boss/model", name="model", slug="boss--model",
    tier="lite", updated_at=timezone.now())
"""
PAGES = (
    "",
    "registry/model/",
    "registry/model/?tier__exact=lite",
    "registry/user/",
    "registry/user/add/",
    "registry/auditevent/",
    "registry/apikey/",
    "auth/group/",
    "django_celery_beat/periodictask/",
    "axes/accessattempt/",
    "password_change/",
)


@pytest.fixture(scope="module")
def boss(yard):
    yard.manage("shell", "--command", MAKE_BOSS)
    return Person("boss", PASSWORD, "professional", "")


def test_the_admin_works_under_the_strict_content_policy(yard, boss, tmp_path):
    faults: list[str] = []
    with running_browser() as browser:
        context = context_of(browser, yard, boss)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("console", lambda said: said.type == "error" and faults.append(said.text))
        for path in PAGES:
            answer = page.goto(f"{yard.base}/admin/{path}")
            assert answer.status == 200, path
            page.screenshot(path=tmp_path / f"{path.replace('/', '-') or 'index'}.png")

        page.goto(f"{yard.base}/admin/registry/model/?q=boss")
        page.get_by_role("link", name="boss/model").click()
        page.get_by_label("Description:").fill("Looked at in the admin.")
        # The boxes for choosing are Django's script: without it there is one plain list.
        page.locator("#id_tags_from").select_option(label="browsed")
        page.locator("#id_tags_add").click()
        expect(page.locator("#id_tags_to option")).to_have_text(["browsed"])
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("was changed successfully")).to_be_visible()
        context.close()
    assert not faults
    rows = yard.rows("SELECT description FROM registry_model WHERE slug = 'boss--model'")
    assert rows == [("Looked at in the admin.",)]
