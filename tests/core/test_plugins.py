"""The registry of plugins is loud: an engine that silently vanishes is a gate that opens."""

from __future__ import annotations

import sys

import pytest

from core.errors import UnknownPluginError
from core.plugins import PluginRegistry, check_all

GOOD = """
from core.plugins import PluginRegistry
class {name}:
    slug = "{slug}"
    title = "A plugin"
import {package} as home
home.things.register({name})
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a registry, to which a test adds modules."""
    folder = tmp_path / "plugins_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from core.plugins import PluginRegistry\n"
        "things = PluginRegistry('thing', package='plugins_of_a_test')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def things():
    from plugins_of_a_test import things  # noqa: PLC0415 made by the fixture

    things.load()
    return things


@pytest.mark.parametrize("ask", [list, lambda things: things.get("first")])
def test_a_family_is_loaded_when_it_is_first_asked(package, ask):
    from plugins_of_a_test import things  # noqa: PLC0415 made by the fixture

    add(package, "first", slug="first")
    assert f"{package.name}.first" not in sys.modules
    assert ask(things)
    assert f"{package.name}.first" in sys.modules


def test_the_start_finds_a_damaged_plugin_that_nobody_asked_for(package):
    (package / "broken.py").write_text("import no_library_of_this_name")
    from plugins_of_a_test import things  # noqa: PLC0415 made by the fixture

    with pytest.raises(ModuleNotFoundError, match="no_library_of_this_name"):
        check_all()
    assert things.family == "thing"


def test_a_family_that_did_not_load_is_tried_again(package):
    (package / "broken.py").write_text("import no_library_of_this_name")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_library_of_this_name"):
            things()


def add(package, module, *, slug):
    text = GOOD.format(name=module.title(), slug=slug, package=package.name)
    (package / f"{module}.py").write_text(text)


def test_a_new_file_is_found_by_its_slug(package):
    add(package, "second", slug="second")
    add(package, "first", slug="first")
    assert [cls.slug for cls in things()] == ["first", "second"]
    assert things().get("first").__name__ == "First"


def test_parts_and_the_base_are_not_plugins(package):
    for name in ("_part", "base"):
        (package / f"{name}.py").write_text("raise AssertionError('imported')")
    assert list(things()) == []


def test_a_damaged_plugin_stops_the_start(package):
    (package / "broken.py").write_text("import no_library_of_this_name")
    with pytest.raises(ModuleNotFoundError, match="no_library_of_this_name"):
        things()


def test_two_plugins_of_one_slug_stop_the_start(package):
    add(package, "first", slug="same")
    add(package, "second", slug="same")
    with pytest.raises(ValueError, match="'same' is registered twice"):
        things()


def test_loading_twice_changes_nothing(package):
    add(package, "first", slug="first")
    assert [cls.slug for cls in things()] == [cls.slug for cls in things()]


def test_an_unknown_slug_names_those_that_exist():
    with pytest.raises(UnknownPluginError, match="No thing called 'x'; known: none"):
        PluginRegistry("thing", package="core").get("x")
