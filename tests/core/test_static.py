"""The committed style sheet, sprite and scripts are what their sources say."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from core.status_language import MARKS, MODEL_TYPES, OTHER_TYPE, STATES, UNKNOWN

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMED = re.compile(
    r"""\{%\s*icon\s+"([a-z0-9-]+)"|\bicon="([a-z0-9-]+)"|nav_link\s+"[^"]*"\s+"([a-z0-9-]+)\""""
)


def icons_named() -> set[str]:
    looks = [look for states in STATES.values() for look in states.values()]
    looks += [look for _, look in [*MODEL_TYPES.values(), OTHER_TYPE]] + [UNKNOWN]
    names = {look.icon for look in looks} | {mark.icon for mark in MARKS.values()}
    for path in TEMPLATES:
        names |= {next(filter(None, found)) for found in NAMED.findall(path.read_text())}
    return names


def test_every_icon_that_is_named_is_in_the_sprite():
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    assert len(icons_named()) > 40
    assert icons_named() <= drawn


def built(tmp_path: Path, *command: str) -> None:
    if not shutil.which("node"):
        pytest.skip("Node is not installed; it is only needed to change the style sheet")
    if not (ROOT / "node_modules" / ".package-lock.json").exists():
        pytest.skip("node_modules is missing; `make css` installs it")
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)


def test_the_committed_style_sheet_is_what_its_source_compiles_to(tmp_path):
    out = tmp_path / "console.css"
    tool = "node_modules/@tailwindcss/cli/dist/index.mjs"
    built(tmp_path, "node", tool, "-i", "static/src/console.css", "-o", str(out), "--minify")
    assert out.read_text() == (STATIC / "css" / "console.css").read_text()


def test_the_committed_sprite_is_what_its_builder_makes(tmp_path):
    out = tmp_path / "icons.svg"
    built(tmp_path, "node", "static/src/icons.mjs", str(out))
    assert out.read_text() == (STATIC / "icons.svg").read_text()


def test_vendored_scripts_are_listed_with_their_hash():
    listed = dict(
        re.findall(
            r"\| `([^`]+\.js)` .*`([0-9a-f]{64})` \|", (STATIC / "vendor" / "README.md").read_text()
        )
    )
    kept = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in STATIC.glob("vendor/*.js")
    }
    assert kept
    assert kept == listed


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_template_is_short_and_holds_no_inline_script_or_style(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 100
    assert not re.search(r"""\sstyle=|<style\b|\bhx-on\b|\son[a-z]+=["']|javascript:""", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_short_comment_ends_on_its_line(path):
    for line in path.read_text().splitlines():
        assert line.count("{#") == line.count("#}"), (
            "Django prints a {# comment #} that spans lines"
        )
