"""Tools and thinking are told from chat templates as they are written."""

from __future__ import annotations

import pytest

from registry.configs.abilities import abilities


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("", []),
        ("{% for message in messages %}{{ message.content }}{% endfor %}", []),
        ("{%- if tools is not none %}x{% endif %}", ["tools"]),
        ("{{ tools | tojson }}", ["tools"]),
        ("You may use tools. {{ message.content }}", []),
        ("{{ 'You may use tools.' }}", []),
        ('{{ "tools" }}', []),
        ("{{ my_tools_of }}", []),
        ("{% if enable_thinking %}{% endif %}", ["thinking"]),
        ("{{ message['reasoning_content'] }}", ["thinking"]),
        ("{{ '<think>' }}", ["thinking"]),
        ("{{ role }}<think>\n", ["thinking"]),
        ("I am reasoning. {{ role }}", []),
        ("{% if tools %}{% endif %}{{ thinking }}", ["tools", "thinking"]),
        ("{% if tools", ["tools"]),
        ("%} tools {%", []),
    ],
)
def test_a_template_tells_what_it_has_a_place_for(template, told):
    assert abilities(template) == told


@pytest.mark.parametrize("piece", ["{%", "{{ '", '"', "%}{%", "'tools"])
def test_a_hostile_template_takes_one_pass(piece):
    assert abilities(piece * 30_000) in ([], ["tools"])


def test_a_host_tells_what_it_offers():
    told = abilities("", ["supports_function_calling", "supports_tool_choice", "of-no-category"])
    assert told == ["tools"]
