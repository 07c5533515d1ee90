"""The Import page takes a selection, shows the plan, and asks for exactly that."""

from __future__ import annotations

import pytest
from django.urls import reverse

from catalog.models import Intake
from core.models import Run
from registry.models import User
from tests.standins.repos import HARMLESS_PAYLOAD, TINY_CONFIG, tiny_safetensors

NAME = "acme/both"
FILES = {
    "README.md": "---\nlicense: mit\npipeline_tag: text-generation\n---\n",
    "config.json": TINY_CONFIG,
    "model.safetensors": tiny_safetensors({"w": ("F32", [20, 30])}),
    "pytorch_model.bin": HARMLESS_PAYLOAD,
}


@pytest.fixture
def both(yard):
    yard.upstream.repos.repo(NAME, FILES)
    yard.upstream.reload()
    return yard


@pytest.fixture
def browser(both, client):
    """A browser in which a person is signed in."""
    user = User.objects.get(pk=both.person().user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def look(browser, **query):
    return browser.get(reverse("catalog:import"), {"uri": NAME, **query}).content.decode()


def test_the_plan_says_what_stays_behind_and_why(browser):
    page = look(browser, preset="safetensors")
    assert "Import 3 files" in " ".join(page.split())
    assert "<dt>preset safetensors</dt>" in page
    assert "Selected: preset safetensors" in page
    assert "Mixed formats" not in page
    assert "Mixed formats" in look(browser)


def test_the_form_keeps_what_was_said_and_opens_where_something_was(browser):
    page = look(browser, include="*.json\n*.safetensors", preset="")
    assert "*.json\n*.safetensors</textarea>" in page
    assert '<details class="mt-3" open>' in page
    assert '<details class="mt-3">' in browser.get(reverse("catalog:import")).content.decode()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"preset": "gguf"}, "needs gguf; the weights here are pickle, safetensors"),
        ({"preset": "wrong"}, "Only what this needs"),
        ({"variant": "fp16"}, "A variant needs a preset"),
        ({"exclude": "*"}, "takes no file at all"),
    ],
)
def test_a_selection_that_cannot_be_says_what_to_change(browser, query, words):
    page = look(browser, **query)
    assert words in page
    assert "Likely decision" not in page


def test_what_was_shown_is_what_is_asked_for(both, browser):
    answer = browser.post(
        reverse("catalog:import-start"),
        {
            "uri": NAME,
            "commit": both.upstream.commit(NAME),
            "preset": "safetensors",
            "tier": "professional",
        },
    )
    run = Run.objects.get()
    assert answer.url == reverse("catalog:job", args=[run.pk])
    assert Intake.objects.get(run=run).selection["preset"] == "safetensors"
    both.drive(run)
    page = look(browser, preset="safetensors")
    assert "nothing needs to move" in page
    page = " ".join(look(browser).split())
    assert "Import 1 more file" in page
    files = browser.get(reverse("catalog:model-files", args=["acme--both"])).content.decode()
    assert "left out: preset safetensors" in files
    assert "1 file of" in " ".join(files.split())
    tab = browser.get(reverse("catalog:model-versions", args=["acme--both"])).content.decode()
    assert 'aria-label="Downloads"' in tab
    assert "preset safetensors" in tab
