"""The reference pages say what the code does: every setting, every error code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.reference.errors import ERRORS, HUB_ERRORS
from config.reference.pages import PAGES
from config.settings.env import Environment
from core import api
from core.errors import ModelyardError
from hub.errors import HubError
from tests.architecture.source import import_all

DOCS = Path("docs")


@pytest.fixture(scope="module", autouse=True)
def _everything_imported():
    import_all()


def family(base: type) -> set[type]:
    return {base}.union(*(family(cls) for cls in base.__subclasses__()))


def own_family(base: type) -> set[type]:
    return {cls for cls in family(base) if not cls.__module__.startswith("tests.")}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_make_docs_would_write(name):
    assert (DOCS / name).read_text() == PAGES[name](), "run `make docs`"


def test_every_setting_has_its_line():
    listed = re.findall(r"^\| `(\w+)` \|", (DOCS / "settings.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(Environment.model_fields)


@pytest.mark.parametrize("name", Environment.model_fields)
def test_a_setting_says_what_it_means(name):
    assert Environment.model_fields[name].description


def test_every_error_that_can_be_raised_is_documented_as_it_is():
    documented = {(one.code, one.status) for one in ERRORS}
    raised = {(cls.code, cls.status) for cls in own_family(ModelyardError)}
    assert len(raised) > 20
    assert raised - documented == set()


def test_the_documented_title_is_that_of_the_class_that_brings_the_code():
    """A subclass may say it more exactly, as `aria2 does not answer`."""
    brings = {cls.code: cls.title for cls in own_family(ModelyardError) if "code" in vars(cls)}
    titles = {one.code: one.title for one in ERRORS}
    assert len(brings) > 20
    assert {code: titles[code] for code in brings} == brings


def test_the_codes_of_the_framework_are_documented():
    documented = {one.code: one.status for one in ERRORS}
    assert {code: documented.get(code) for code in api._CODES.values()} == {
        code: status for status, code in api._CODES.items()
    }


def test_nothing_is_documented_that_nobody_answers():
    raised = {cls.code for cls in own_family(ModelyardError)} | set(api._CODES.values())
    of_the_front = set(re.findall(r'"code":"(\w+)"', Path("config/Caddyfile").read_text()))
    assert {one.code for one in ERRORS} == raised | of_the_front | {"error"}


def test_a_code_is_documented_once():
    codes = [one.code for one in ERRORS]
    assert len(codes) == len(set(codes))


def test_the_words_of_the_hub_protocol_are_documented():
    assert {code for code, _, _ in HUB_ERRORS} == {
        cls.code for cls in own_family(HubError) if cls.code
    }


def test_the_type_of_a_problem_leads_to_its_meaning(client):
    answer = client.get("/api/v1/nothing-here").json()
    address, _, anchor = answer["type"].partition("#")
    page = client.get(address)
    assert page.status_code == 200
    assert f'id="{anchor}"' in page.content.decode()


def test_every_code_has_its_place_on_that_page(client):
    page = client.get("/docs/errors").content.decode()
    assert [one.code for one in ERRORS if f'<h2 id="{one.code}"' not in page] == []
