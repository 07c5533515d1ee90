"""A format is named only where its turns are found, and Go's template writes what Jinja's does."""

from __future__ import annotations

import re

import pytest
from jinja2 import Environment

from catalog.chat_formats import FORMATS, chat_format

LOOP = "{% for message in messages %}"
ASKED = "{% if add_generation_prompt %}"


def by_role(turn, begun):
    """Turns that differ by the role alone."""
    return f"{LOOP}{{{{ {turn} }}}}{{% endfor %}}{ASKED}{{{{ {begun} }}}}{{% endif %}}"


def by_three(user, system, assistant, begun):
    turns = (
        f"{{% if message['role'] == 'user' %}}{{{{ {user} }}}}"
        f"{{% elif message.role == 'system' %}}{{{{ {system} }}}}"
        f"{{% else %}}{{{{ {assistant} }}}}{{% endif %}}"
    )
    return f"{LOOP}{turns}{{% endfor %}}{ASKED}{{{{ {begun} }}}}{{% endif %}}"


def by_two(user, assistant):
    turns = (
        f"{{% if message['role'] == 'user' %}}{{{{ {user} }}}}"
        f"{{% elif message['role'] == 'assistant' %}}{{{{ {assistant} }}}}"
        "{% else %}{{ raise_exception('[INST] only user and assistant') }}{% endif %}"
    )
    return f"{LOOP}{turns}{{% endfor %}}"


COMMAND = "'<|START_OF_TURN_TOKEN|><|%s_TOKEN|>' + message['content'] + '<|END_OF_TURN_TOKEN|>'"
TEMPLATES = {
    "chatml": by_role(
        r"'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'",
        r"'<|im_start|>assistant\n'",
    ),
    "phi4": by_role(
        "'<|im_start|>' + message.role + '<|im_sep|>' + message.content + '<|im_end|>'",
        "'<|im_start|>assistant<|im_sep|>'",
    ),
    "llama3": LOOP
    + r"{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    + r" + message['content'] | trim + '<|eot_id|>' %}{{ content }}{% endfor %}"
    + ASKED
    + r"{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "gemma": LOOP
    + "{% if message['role'] == 'assistant' %}{% set role = 'model' %}"
    + "{% else %}{% set role = message['role'] %}{% endif %}"
    + r"{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    + "{% endfor %}"
    + ASKED
    + r"{{ '<start_of_turn>model\n' }}{% endif %}",
    "mistral": by_two(
        "'[INST] ' + message['content'] + ' [/INST]'", "message['content'] + eos_token"
    ),
    "mistral-v3": by_two(
        "'[INST] ' + message['content'] + '[/INST]'", "' ' + message['content'] + eos_token"
    ),
    "mistral-tekken": by_two(
        "'[INST]' + message['content'] + '[/INST]'", "message['content'] + eos_token"
    ),
    "zephyr": by_three(
        r"'<|user|>\n' + message['content'] + eos_token + '\n'",
        r"'<|system|>\n' + message['content'] + eos_token + '\n'",
        r"'<|assistant|>\n' + message['content'] + eos_token + '\n'",
        r"'<|assistant|>\n'",
    ),
    "phi3": by_three(
        r"'<|user|>\n' + message['content'] + '<|end|>\n'",
        r"'<|system|>\n' + message['content'] + '<|end|>\n'",
        r"'<|assistant|>\n' + message['content'] + '<|end|>\n'",
        r"'<|assistant|>\n'",
    ),
    "granite": by_role(
        "'<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content']"
        r" + '<|end_of_text|>\n'",
        "'<|start_of_role|>assistant<|end_of_role|>'",
    ),
    "command-r": by_three(
        COMMAND % "USER",
        COMMAND % "SYSTEM",
        COMMAND % "CHATBOT",
        "'<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>'",
    ),
}
SYSTEM = {"role": "system", "content": "Be brief."}
TURNS = [
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three?"},
]
_FIELD = re.compile(r"{{ \.(\w+) }}")
_IF = re.compile(r"{{ if \.(\w+) }}((?:(?!{{ if).)*?){{ end }}", re.DOTALL)


def written_by_go(template, messages):
    """Ollama's way with a template of single turns: one after the other, cut at the answer."""
    said, text = {}, ""
    for message in messages:
        if message["role"] == "assistant":
            text += _executed(template, {**said, "Response": message["content"]})
            said = {}
        else:
            said["System" if message["role"] == "system" else "Prompt"] = message["content"]
    return text + _executed(template.partition("{{ .Response }}")[0], said)


def _executed(template, said):
    while (found := _IF.sub(lambda m: m[2] if said.get(m[1]) else "", template)) != template:
        template = found
    return _FIELD.sub(lambda m: said.get(m[1], ""), template)


def written_by_jinja(template, messages):
    made = Environment(trim_blocks=True, lstrip_blocks=True).from_string(template)  # noqa: S701
    return made.render(messages=messages, add_generation_prompt=True, eos_token="</s>")


def test_every_format_has_a_template_to_be_tried_with():
    assert {one.slug for one in FORMATS} == set(TEMPLATES)


@pytest.mark.parametrize("slug", TEMPLATES)
def test_a_template_is_known_and_written_alike(slug):
    known = chat_format(TEMPLATES[slug])
    assert known is not None
    assert known.slug == slug
    messages = [SYSTEM, *TURNS] if known.system else TURNS
    ours = written_by_go(known.go_template, messages)
    theirs = written_by_jinja(TEMPLATES[slug], messages)
    # Before an answer that is to come, Jinja's template of this one leaves a space to the model.
    assert ours == theirs + (" " if slug == "mistral-v3" else "")


@pytest.mark.parametrize("slug", ["gemma", "mistral"])
def test_without_a_turn_of_its_own_the_system_begins_that_of_the_user(slug):
    known = chat_format(TEMPLATES[slug])
    ours = written_by_go(known.go_template, [SYSTEM, TURNS[0]])
    assert "Be brief.\n\nOne?" in ours


@pytest.mark.parametrize("slug", TEMPLATES)
def test_stops_are_what_the_format_writes(slug):
    known = next(one for one in FORMATS if one.slug == slug)
    assert known.stops
    assert all(stop in known.go_template for stop in known.stops if stop != "</s>")


UNKNOWN = [
    "",
    "{{ messages }}",
    "{% broken",
    "{{ 'a' ~ 1 % }}",
    LOOP + "{{ message.role + ': ' + message.content }}{% endfor %}",
    # The words are there, and the turns are others.
    "{# <|im_start|>user\n #}" + LOOP + "{{ message['content'] }}{% endfor %}",
    by_role(r"'<|im_start|>' + message['role'] + message['content']", "'<|im_start|>assistant'"),
    by_two("'[INST] <<SYS>>' + message['content'] + ' [/INST]'", "message['content'] + eos_token"),
    by_three(
        r"'<|user|>\n' + message['content'] + '\n'",
        r"'<|system|>\n' + message['content'] + '\n'",
        r"'<|assistant|>\n' + message['content'] + '\n' + eos_token",
        r"'<|assistant|>\n'",
    ),
    LOOP + "{% if message['content'] == '<|im_start|>user' %}x{% endif %}{% endfor %}",
]


@pytest.mark.parametrize("template", UNKNOWN)
def test_of_any_other_nothing_is_said(template):
    assert chat_format(template) is None


def test_a_template_that_attacks_is_only_read():
    attack = (
        "{{ ''.__class__.__mro__[1].__subclasses__() }}" + "{% for a in range(9**9) %}x{% endfor %}"
    )
    assert chat_format(attack + TEMPLATES["chatml"]).slug == "chatml"
