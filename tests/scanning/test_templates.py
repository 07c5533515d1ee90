from __future__ import annotations

import json
from pathlib import PurePath

import pytest

from scanning.scanners import Severity, Verdict, scanners
from scanning.scanners._jinja.parse import RULES, template_findings
from scanning.scanners._tensors.safetensors_text import metadata_texts

ORDINARY = {
    "chatml": "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m.content | trim }}"
    "<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "namespace": "{% set ns = namespace(last=messages|length - 1) %}{% for m in messages[::-1] %}"
    "{% set index = (messages|length - 1) - loop.index0 %}{% set ns.last = index %}"
    "{{ messages[ns.last]['content'] }}{% endfor %}",
    "tools": "{% for key, value in tool.parameters.items() %}{{ key }}: {{ tool[key] | tojson }}"
    "{% endfor %}{{ raise_exception('no tools') }}",
    "server__tool": "{% set parts = tool.name.split('__') %}{{ parts[-1] }}",
    "macros": "{% macro kind(t) %}{{ {'string': 'str', 'null': 'None'}[t] }}{% endmacro %}"
    "{{ kind(tool.type) }}{{ kind('string') }}",
    "generation": "{% generation %}{{ m.content }}{% endgeneration %}{% do tools.append(1) %}",
    "words": "{% set system = 'use __init__ and os.system' %}{{ system }}",
    "filters": "{{ tools | map(attribute='name') | join(', ') }}"
    "{{ x|selectattr('role', 'equalto', 'u') }}",
    "formats": "{{ 'Step %d of %s' | format(1, x) }}{{ '{} and {}'.format(a, b) }}",
}  # fmt: skip
ESCAPES = {
    "attribute": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "helper": "{{ cycler.__init__.__globals__.os.popen('true') }}",
    "own reference": "{{ self._TemplateReference__context }}",
    "filter": "{{ ''|attr('__class__') }}",
    "plain internal": "{{ x | attr('mro') }}",
    "concatenated": "{{ ''|attr('__cla' ~ 'ss__') }}",
    "added and repeated": "{{ ()['_' * 2 + 'class' + '_' * 2] }}",
    "joined": "{{ ''|attr(['__', 'class', '__']|join) }}",
    "joined keys": "{% set k = dict(__cla=1, ss__=2)|join %}{{ ()|attr(k) }}",
    "unicode escapes": r"{{ ''['\x5f\x5fclass\u005f\u005f'] }}",
    "wide underscores": "{{ ''['＿＿class＿＿'] }}",  # noqa: RUF001 the trick
    "printf": "{{ ()|attr('%s%s'|format('__cl', 'ass__')) }}",
    "characters": "{{ ()|attr('%c%cclass%c%c' % (95, 95, 95, 95)) }}",
    "reversed": "{{ ()['__ssalc__'[::-1]] }}",
    "replaced": "{{ ()['__clXss__'|replace('X', 'a')] }}",
    "lowered": "{{ ()['__CLASS__'|lower] }}",
    "variables": "{% set a = '__cl' %}{% set b = a ~ 'ass__' %}{{ ()[b] }}",
    "grown in a loop": "{% set ns = namespace(x='') %}{% for c in ['__', 'class', '__'] %}"
    "{% set ns.x = ns.x ~ c %}{% endfor %}{{ ()[ns.x] }}",
    "block": "{% set x %}__class__{% endset %}{{ ()[x] }}",
    "macro": "{% macro m(k) %}{{ ()[k] }}{% endmacro %}{{ m('__class__') }}",
    "choice": "{{ ()['__class__' if tools else 'x'] }}",
    "from a table": "{% set d = {'k': '__cla'} %}{{ ()[d['k'] ~ 'ss__'] }}",
    "from a list": "{% set l = [] %}{% do l.append('__class__') %}{{ ()[l[0]] }}",
    "map": "{{ [()]|map(attribute='__class__')|list }}",
    "map of attr": "{{ [()]|map('attr', '__class__')|list }}",
    "selectattr": "{{ [()]|selectattr('__class__')|list }}",
    "format field": "{{ '{0.__class__}'.format(x) }}",
    "built format field": "{{ ('{0.__cl' ~ 'ass__}').format(x) }}",
    "placed by format": "{{ ()['{}{}'.format('__cla', 'ss__')] }}",
    "filter block": "{% filter attr('__class__') %}x{% endfilter %}",
    "function": "{{ open('/etc/hostname').read() }}",
    "flask": "{{ get_flashed_messages.x }}",
    "unfinished": "{{ ().__class__ if",
}
DOUBTFUL = {
    "attribute by data": "{{ ()|attr(messages[0].content) }}",
    "taken from a function's text": "{{ ()[(raise_exception|string)[15] * 2 ~ 'class'] }}",
    "pieces in a list": "{% set l = [] %}{% do l.append('__') %}{% do l.append('class__') %}"
    "{{ ()[l|join] }}",
    "unknown format": "{{ ('{0.' ~ messages[0].name ~ '}').format(x) }}",
    "include": "{% include 'other' %}",
    "import": "{% from 'other' import x %}",
    "extends": "{% extends 'other' %}",
    "endless": "{% for i in range(999999999) %}{% endfor %}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "power of ten": "{% for i in range(10 ** 9) %}{% endfor %}",
    "repeated": "{{ x * 999999999 }}",
    "lipsum": "{{ lipsum|string }}",
    "hidden": "{{ message._private }}",
    "no template": "{% for m in messages %}",
    "deep": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "long": "{{ x }}" + " " * 1024 * 1024,
    "deep sum": "{{ " + "-" * 5000 + "1 }}",
}


def worst(template: str) -> Severity | None:
    order = list(Severity)
    return max((one.severity for one in template_findings(template)), key=order.index, default=None)


@pytest.mark.parametrize("template", ORDINARY.values(), ids=ORDINARY)
def test_an_ordinary_template_has_no_finding(template):
    assert template_findings(template) == []


@pytest.mark.parametrize("template", ESCAPES.values(), ids=ESCAPES)
def test_an_escape_is_high_however_its_name_is_made(template):
    assert worst(template) is Severity.HIGH


@pytest.mark.parametrize("template", DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_cannot_be_followed_is_medium(template):
    assert worst(template) is Severity.MEDIUM


@pytest.mark.parametrize("template", [*ESCAPES.values(), *DOUBTFUL.values()])
def test_every_finding_has_a_known_rule(template):
    assert {one.rule for one in template_findings(template)} <= RULES.keys()


ESCAPE = ESCAPES["joined"]
HELD = {
    "tokenizer_config.json": {"chat_template": ESCAPE},
    "processor_config.json": {"chat_template": [{"name": "default", "template": ESCAPE}]},
    "chat_template.json": {"chat_templates": {"tool_use": ESCAPE}},
    "nested.json": {"a": [{"prompt_template": ESCAPE}]},
}


@pytest.mark.parametrize(("name", "data"), HELD.items(), ids=HELD)
def test_templates_are_found_wherever_json_holds_them(scan_bytes, name, data):
    assert scan_bytes("templates", json.dumps(data).encode(), name).verdict is Verdict.UNSAFE


@pytest.mark.parametrize(
    "content",
    [
        b'{"chat_template": "", "chat_template": %b}' % json.dumps(ESCAPE).encode(),
        b'{"chat_template": %b, "chat_template": ""}' % json.dumps(ESCAPE).encode(),
        b'{"chat_templat\\u0065": %b}' % json.dumps(ESCAPE).encode(),
        b'\xef\xbb\xbf{"chat_template": %b}' % json.dumps(ESCAPE).encode(),
        b'{"chat_template": "{{ \'\'.__class__ }}",}',
    ],
    ids=["second", "first", "escaped key", "byte order mark", "broken"],
)
def test_json_cannot_hide_a_template(scan_bytes, content):
    assert scan_bytes("templates", content, "tokenizer_config.json").verdict is Verdict.UNSAFE


def test_a_template_file_is_read_by_its_name(scan_bytes):
    report = scan_bytes("templates", ESCAPE.encode(), "additional_chat_templates/x.jinja")
    assert report.verdict is Verdict.UNSAFE
    assert report.covered_bytes == len(ESCAPE)


def test_a_vocabulary_of_such_words_is_clean(scan_bytes):
    data = {"model": {"vocab": {"__class__": 1, "template": 2, "{{": 3, "os.system": 4}}}
    assert scan_bytes("templates", json.dumps(data).encode(), "tokenizer.json").findings == ()


def test_text_in_another_encoding_is_incomplete(scan_bytes):
    report = scan_bytes("templates", b"{{ x }}" + b" " * 20_000 + b"\xff", "a.jinja")
    assert report.verdict is Verdict.INCOMPLETE


def test_the_canary_is_flagged(scan_bytes, options):
    canary = scanners.get("templates")(options).canary()
    assert scan_bytes("templates", canary.content, canary.name).verdict is Verdict.UNSAFE


def test_prose_is_left_to_others(options):
    assert not scanners.get("templates")(options).handles(PurePath("README.md"), b"# {{ x }}")


@pytest.mark.parametrize("place", ["own", "among words", "below", "escaped"])
def test_a_template_in_a_file_with_a_large_vocabulary_is_read(scan_bytes, place):
    words = {f"\u2581word {n} \U0001f600": n for n in range(250_000)}
    evil = "\u00e9{{ ''.__class__.__mro__ }}"
    data = {
        "own": {"vocab": words, "chat_template": evil},
        "among words": {"vocab": words | {"chat_template": evil}},
        "below": {"vocab": words, "chat_template": {f"n{n}": "x" for n in range(1500)}},
        "escaped": {"vocab": words, "chat_template": evil + "\u0142"},
    }[place]
    clean = json.dumps({"vocab": words}, ensure_ascii=False).encode()
    assert scan_bytes("templates", clean, "tokenizer.json").verdict is Verdict.CLEAN
    content = json.dumps(data, ensure_ascii=place == "escaped").encode()
    expected = Verdict.SUSPICIOUS if place == "below" else Verdict.UNSAFE
    assert scan_bytes("templates", content, "tokenizer.json").verdict is expected


@pytest.mark.parametrize("key", ["__metadata__", "\\u005f_metadata__"])
def test_a_template_in_the_metadata_of_safetensors_is_read(scan_bytes, key):
    table = json.dumps({"chat_template": "{{ ''.__class__.__mro__ }}"})
    raw = f'{{"{key}": {table}}}'.encode()
    content = len(raw).to_bytes(8, "little") + raw
    assert scan_bytes("templates", content, "model.safetensors").verdict is Verdict.UNSAFE
    harmless = raw.replace(b"''.__class__.__mro__", b"messages[0]['content']")
    content = len(harmless).to_bytes(8, "little") + harmless
    assert scan_bytes("templates", content, "model.safetensors").verdict is Verdict.CLEAN


def test_metadata_within_metadata_are_read_once():
    header = '"__metadata__":{' * 20_000
    assert sum(map(len, metadata_texts(header) or [])) <= len(header)
