"""The docs name things that are there: files, links, commands, settings, addresses, test names."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from catalog.pipelines.intake import PIPELINE
from config.settings.env import Environment
from registry import enums
from tests.architecture.source import FILES

PAGES = sorted([*Path("docs").rglob("*.md"), *Path().glob("*.md")])
TEXTS = {path: path.read_text() for path in PAGES}
every_page = pytest.mark.parametrize("path", PAGES, ids=str)
# Names of the world outside that look like settings of ours.
FOREIGN = {"PIP_INDEX_URL", "PIP_CERT", "RULES_VERSION", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"}
FOREIGN |= {"CONFIG_FILE", "SETUP", "PYTHON", "DISABLE_SAFETENSORS_CONVERSION", "LD_PRELOAD"}
FOREIGN |= {"Q4_K_M", "Q5_K_M"}  # quantizations


def code_in(text: str) -> list[str]:
    """What stands in backticks within a line."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", outside)


@every_page
def test_every_link_leads_somewhere(path):
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", TEXTS[path])
    inside = [link for link in links if not link.startswith(("http:", "https:", "mailto:"))]
    assert [link for link in inside if not (path.parent / link).exists()] == []


@every_page
def test_every_file_that_is_named_is_there(path):
    shape = re.compile(r"(?:[\w.-]+/)+[\w.*<>-]*\.(?:py|md|yml|yaml|json|html|toml|in|txt)")
    named = [code for code in code_in(TEXTS[path]) if shape.fullmatch(code) and "<" not in code]
    ours = [code for code in named if (Path(code.partition("/")[0])).is_dir()]
    assert [code for code in ours if not Path(code).exists()] == []


@every_page
def test_every_make_target_that_is_named_is_there(path):
    targets = set(re.findall(r"^(\w+):", Path("Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:^|`|\s)make ([a-z]+)(?=[`\s]|$)", "\n".join(commands(TEXTS[path])))
    assert set(named) <= targets


def commands(text: str) -> list[str]:
    """Code in backticks and in shell blocks, where a word after `make` is a target."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [*code_in(text), *blocks]


@every_page
def test_every_management_command_that_is_named_is_there(path):
    named = re.findall(r"manage\.py (\w+)", TEXTS[path])
    assert set(named) <= set(get_commands())


@every_page
def test_every_setting_that_is_named_is_there(path):
    named = {
        word
        for code in commands(TEXTS[path])
        for word in re.findall(r"(?<![\w.])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w(*])", code)
    }
    assert named - set(Environment.model_fields) - FOREIGN == set()


@every_page
def test_every_address_that_is_named_answers(path):
    named = re.findall(r"localhost:9083(/[\w/.-]*)", TEXTS[path])
    named += [c for c in code_in(TEXTS[path]) if re.fullmatch(r"/(?:api|docs|health)[\w/-]*", c)]
    missing = []
    for address in named:
        try:
            resolve(address)
        except Resolver404:
            missing.append(address)
    assert [one for one in missing if one not in ("/api/v1", "/hf", "/v1", "/")] == []


@every_page
def test_every_dotted_name_of_ours_is_there(path):
    """`registry.policy.refusal` and the like: modules, and what stands in them."""
    shape = re.compile(r"(?:core|registry|catalog|downloads|licenses|scanning|hub)(?:\.\w+)+")
    named = [name for name in code_in(TEXTS[path]) if shape.fullmatch(name)]
    assert [name for name in named if not is_there(name) and f'"{name}"' not in code()] == []


@cache
def code() -> str:
    """All code as one text, for names that are values, such as actions of the audit trail."""
    return "".join(path.read_text() for path in FILES)


def is_there(name: str) -> bool:
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        base = Path(*parts[:cut])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.exists():
                rest = parts[cut:]
                # A task is named by its app: `core.advance` is in core/tasks.py.
                text = file.read_text() + _text(base / "tasks.py") + _text(base / "apps.py")
                return all(re.search(rf"\b{word}\b", text) for word in rest)
    return False


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_every_page_can_be_found_from_the_first_one():
    seen, waiting = set(), [Path("README.md")]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        links = re.findall(r"\]\(([^)\s#:]+\.md)(?:#[^)]*)?\)", TEXTS[path])
        waiting += [(path.parent / link).resolve().relative_to(Path.cwd()) for link in links]
    assert set(PAGES) - seen == set()


STATES = [enums.Tier, enums.Role, enums.Scope, enums.GateMode, enums.GateOutcome, enums.Admission]
STATES += [enums.ScanVerdict, enums.LicenseClass]


@pytest.mark.parametrize("kind", STATES, ids=lambda kind: kind.__name__)
def test_every_word_that_is_stored_is_in_the_glossary(kind):
    text = TEXTS[Path("docs/glossary.md")]
    assert [word for word in kind.values if not re.search(rf"\b{word}\b", text)] == []


def test_the_picture_of_the_console_is_small_and_whole():
    picture = Path("docs/console.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    assert picture.endswith(b"IEND\xaeB`\x82")
    assert len(picture) < 300_000
    assert "docs/console.png" in TEXTS[Path("README.md")]


def test_the_queues_and_steps_of_the_picture_are_the_real_ones():
    text = TEXTS[Path("docs/architecture.md")]
    drawn = set(re.findall(r"\b(\w+)[\[{]\1<br>", text)) | {"decide"}
    assert {step.name for step in PIPELINE.steps} == drawn
    assert [step.queue for step in PIPELINE.steps if f"`{step.queue}`" not in text] == []
