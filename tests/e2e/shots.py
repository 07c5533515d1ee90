"""Look at a running yard: pictures of every page, axe, overflow. A tool for people, not a test.

    python -m tests.e2e.shots --base http://localhost:9083 --user admin --password … --out var/shots

Both themes at 1440 and 390 px are photographed and go through axe (WCAG 2.2 A and AA); every page
is then tried at widths from 320 to 2560 px, also in a wider font. The exit status is the number
of faults, at most 99. Needs Chromium and `npm install` (axe-core).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-quic"]
WIDTHS = (320, 360, 390, 480, 768, 960, 1024, 1100, 1280, 1440, 1920, 2560)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDE_FONT = '* { font-family: "DejaVu Sans", Verdana, sans-serif !important }'
OVERFLOW = "() => document.documentElement.scrollWidth - window.innerWidth"
ASK_AXE = """async (rules) => (await axe.run(document, {runOnly: rules}))
  .violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.target.join(' '))])"""
FIXED = {
    "overview": "/",
    "models": "/models/",
    "models-nothing": "/models/?q=no-such-model-anywhere",
    "import": "/import/",
    "import-local": "/import/local/",
    "import-upload": "/import/upload/",
    "jobs": "/jobs/",
    "storage": "/storage/",
    "check": "/check/",
    "scans": "/scans/",
    "scans-nothing": "/scans/?severity=info&state=waived",
    "approvals": "/approvals/",
    "keys": "/keys/",
    "demand": "/demand/",
    "notices": "/notices/",
    "usage": "/usage/",
    "missing": "/models/no--such-model/",
    "api-docs": "/api/docs/",
    "errors": "/docs/errors",
}
TABS = ("files", "scan", "license", "versions")


@dataclass
class Look:
    """One round over a yard; faults are collected, never thrown away."""

    base: str
    out: Path
    axe: str
    faults: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        self.faults.append(text)
        print(text)  # noqa: T201 a command line tool

    def check(self, page: Page, name: str) -> None:
        page.evaluate(self.axe)
        for rule, nodes in page.evaluate(ASK_AXE, RULES):
            self.fault(f"{name}: axe {rule} {json.dumps(nodes)}")
        if page.evaluate(OVERFLOW) > 0:
            self.fault(f"{name}: wider than the window")

    def photograph(self, page: Page, name: str, width: int, height: int) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        if not page.query_selector(".y-desk") or width < 500:
            full = page.evaluate("() => document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": min(max(full, height), 4000)})
        page.screenshot(path=self.out / f"{name}.png")
        page.set_viewport_size({"width": width, "height": height})


def signed_in(
    browser: Browser, base: str, user: str, password: str, **options: object
) -> BrowserContext:
    context = browser.new_context(reduced_motion="reduce", **options)
    page = context.new_page()
    page.goto(f"{base}/sign-in/")
    page.fill("[name=username]", user)
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile(r"^(?!.*sign-in)"))
    page.close()
    return context


def first_link(page: Page, pattern: str) -> str | None:
    links = page.eval_on_selector_all("main a[href]", "all => all.map(a => a.getAttribute('href'))")
    return next((link for link in links if re.fullmatch(pattern, link)), None)


def paths_of(context: BrowserContext, base: str, models: list[str]) -> dict[str, str]:
    """Every page there is to look at, with the first model, job and request that the lists show."""
    page, found = context.new_page(), dict(FIXED)
    page.goto(f"{base}/models/")
    newest = first_link(page, r"/models/[^/?]+/")
    for path in [f"/models/{slug}/" for slug in models] or ([newest] if newest else []):
        name = path.strip("/").replace("/", "-")
        found |= {name: path} | {f"{name}-{tab}": f"{path}{tab}/" for tab in TABS}
    for path in [path for name, path in found.items() if name.endswith("-versions")]:
        page.goto(f"{base}{path}")
        if diff := first_link(page, r"/models/[^/]+/versions/\d+/diff/\d+/"):
            found["version-diff"] = diff
    page.goto(f"{base}/jobs/")
    if job := first_link(page, r"/jobs/[0-9a-f-]{36}/"):
        found["job"] = job
    page.close()
    return found


def views(only: str) -> Iterator[tuple[str, int, int]]:
    for theme in ("light", "dark"):
        for width, height in ((1440, 900), (390, 844)):
            if only in ("", f"{theme}-{width}"):
                yield theme, width, height


def photograph_all(look: Look, browser: Browser, options: argparse.Namespace) -> dict[str, str]:
    paths: dict[str, str] = {}
    for theme, width, height in views(options.only):
        size = {"width": width, "height": height}
        context = signed_in(
            browser, look.base, options.user, options.password, color_scheme=theme, viewport=size
        )
        paths = paths or paths_of(context, look.base, options.model)
        page = context.new_page()
        page.on("pageerror", lambda error: look.fault(f"script error: {error}"))
        page.on("console", lambda said: "Content Security" in said.text and look.fault(said.text))
        for name, path in paths.items():
            page.goto(look.base + path, wait_until="load")
            full = f"{name}-{theme}-{width}"
            look.check(page, full)
            look.photograph(page, full, width, height)
        context.close()
    return paths


def try_widths(
    look: Look, browser: Browser, options: argparse.Namespace, paths: dict[str, str]
) -> None:
    context = signed_in(browser, look.base, options.user, options.password, bypass_csp=True)
    page = context.new_page()
    for name, path in paths.items():
        page.goto(look.base + path)
        for font in ("system", "wide"):
            if font == "wide":
                page.add_style_tag(content=WIDE_FONT)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                if (over := page.evaluate(OVERFLOW)) > 0:
                    look.fault(f"{name}: {over} px too wide at {width} px, {font} font")
    context.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="http://localhost:9083")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "shots")
    parser.add_argument(
        "--model", action="append", default=[], help="slug; the newest when left out"
    )
    parser.add_argument(
        "--only", default="", help="one of light-1440, light-390, dark-1440, dark-390"
    )
    options = parser.parse_args()
    axe = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
    look = Look(options.base.rstrip("/"), options.out, axe)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        paths = photograph_all(look, browser, options)
        if not options.only:
            try_widths(look, browser, options, paths)
        browser.close()
    print(f"{len(paths)} pages, {len(look.faults)} faults, pictures in {look.out}")  # noqa: T201
    return min(len(look.faults), 99)


if __name__ == "__main__":
    sys.exit(main())
