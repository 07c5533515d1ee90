"""Titles and references of what is found in code."""

from __future__ import annotations

from scanning.scanners.base import Rule

_CWE = "https://cwe.mitre.org/data/definitions/{}.html"


def _rule(title: str, weakness: int) -> Rule:
    return Rule(title, _CWE.format(weakness))


CODE_RULES = {
    "python_process": _rule("Starts a program", 78),
    "python_code_execution": _rule("Runs text or bytes as code", 95),
    "python_obfuscated": _rule("Runs what it decodes", 506),
    "python_installs_package": _rule("Installs packages", 829),
    "python_deserialization": _rule("Loads data that can run code", 502),
    "python_network": _rule("Talks to other machines", 918),
    "python_deletes_files": _rule("Deletes files", 73),
    "python_native_code": _rule("Loads native code", 114),
    "python_computed_import": _rule("Imports by a computed name", 470),
    "python_internals": _rule("Reaches for Python's internals", 470),
    "python_handed_on": _rule("Hands on what can run anything", 470),
    "python_fetched_code": _rule("Runs code of another repository", 494),
    "python_planted_module": _rule("Puts code in place to import it", 494),
    "python_redirects_streams": _rule("Hands its streams to somebody else", 506),
    "python_sensitive_path": _rule("Opens a reader's keys or start-up files", 538),
    "python_patches": _rule("Changes what others run", 913),
    "python_template": _rule("Makes a template of text", 1336),
    "python_code_template": _rule("Makes a template that runs code", 1336),
    "python_secret_sent": _rule("Sends a credential away", 522),
    "python_hidden_text": Rule(
        "Shows other code than it runs", "https://nvd.nist.gov/vuln/detail/CVE-2021-42574"
    ),
    "python_encoding": _rule("Code in an encoding that hides it", 838),
    "notebook_extension": _rule("Loads an extension of notebooks", 829),
    "startup_code": _rule("Runs when Python starts", 829),
    "build_code": _rule("Builds itself with code of its own", 829),
    "active_content": _rule("Holds a script for a browser", 79),
    "script": _rule("Script in a language that is not followed", 829),
    "script_danger": _rule("Script that attacks", 78),
}
