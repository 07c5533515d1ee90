"""Fill a catalog with made-up models whose values are spread as those of real hubs are."""

from __future__ import annotations

import re

from django.db import connection, transaction
from django.db.models import Model as Row
from django.utils import timezone

from catalog.services.facets import rebuild_facets
from registry.fit.listed import BEYOND, LIMITS
from registry.models import Content, Model, ModelFile, ModelVersion
from registry.services.judging import RULES

_PICK = "(ARRAY[{values}])[1 + floor(power(random(), {skew}) * {n})::int]"


TYPES: tuple[str, ...] = ("llm", "embedding", "image", "classifier", "audio")
TYPES += ("vision-language", "reranker", "video", "ocr", "layout", "other")
FAMILIES: tuple[str, ...] = ("Llama", "Qwen", "Mistral", "BERT", "Phi", "Gemma", "Whisper")
FAMILIES += ("StableDiffusion", "T5", "Falcon", "Yi", "OLMo")


def _pick(*values: str, skew: float = 2.0) -> str:
    """Choose one of the values, the first ones more often."""
    quoted = ", ".join(f"'{value}'" for value in values)
    return _PICK.format(values=quoted, skew=skew, n=len(values))


_CLASS = " ".join(
    [
        "CASE WHEN needed IS NULL THEN ''",
        *(f"WHEN needed <= {limit} THEN '{name}'" for name, limit in LIMITS.items()),
        f"ELSE '{BEYOND}' END",
    ]
)
_MODELS = f"""
INSERT INTO registry_model (id, slug, source, repo_id, name, author, description,
  description_by_curator, model_type, tier, tier_by_curator, head_id,
  head_number, head_commit, head_filename, admission, scan_verdict,
  license_spdx, license_class, family, num_params, context_length, size_bytes, formats,
  quantization, languages, parameters, created_at, updated_at,
  memory_8k, memory_32k, memory_128k, memory_class, runtimes, categories,
  judged_by)
SELECT n, org || '--' || lower(name), source, org || '/' || name, name, org,
  'A ' || family || ' model for the measurement, number ' || n, false,
  {_pick(*TYPES)},
  {_pick("standard", "lite", "professional", skew=1.2)}, false, n,
  1, md5(n::text) || substr(md5(org || '--' || lower(name)), 1, 8), 'model.safetensors',
  {_pick("admitted", "admitted", "held", "pending", "withdrawn", skew=1.5)},
  {_pick("clean", "clean", "", "incomplete", "suspicious")},
  spdx, CASE spdx WHEN 'llama3' THEN 'restricted' WHEN 'GPL-3.0-only' THEN 'copyleft'
    WHEN 'CC-BY-NC-4.0' THEN 'non-commercial' WHEN '' THEN 'unknown' ELSE 'permissive' END,
  family, CASE WHEN random() < 0.7 THEN (billions * 1e9)::bigint END,
  CASE WHEN random() < 0.6 THEN 2048 * power(2, floor(random() * 8))::int END,
  (billions * 2e9 * (0.5 + random()))::bigint,
  ARRAY[{_pick("safetensors", "gguf", "bin", "onnx")}], quantization,
  ARRAY[{_pick("en", "zh", "de", "fr", "multilingual")}], '{{}}',
  now() - n * interval '1 second', now() - random() * interval '700 days',
  needed, (needed * 1.3)::bigint, (needed * 2.5)::bigint, {_CLASS},
  ({_pick("{vllm,tgi,transformers}", "{llama_cpp,ollama}", "{diffusers,comfyui}", "{}")})::text[],
  ({_pick("{tools}", "{}", "{tools,thinking}", "{embedding}", "{vision,tools}")})::text[],
  {RULES}
FROM (
  SELECT n, org, source, family, spdx, billions, quantization,
    CASE WHEN random() < 0.8 THEN (billions * 2.2e9 * (0.5 + random()))::bigint END AS needed,
    family || '-' || billions || 'B-' || use || '-' || n AS name
  FROM (SELECT n, 'org' || floor(power(random(), 2) * 20000)::int AS org,
      {_pick("huggingface", "huggingface", "ollama", "civitai", "github_models", skew=3)} AS source,
      {_pick(*FAMILIES)} AS family,
      {_pick("Apache-2.0", "MIT", "llama3", "", "CC-BY-NC-4.0", "GPL-3.0-only")} AS spdx,
      {_pick("Instruct", "Chat", "Base", "Code", "Vision", "Medical", "Turbo")} AS use,
      (ARRAY[0.1, 0.5, 1, 3, 7, 8, 13, 34, 70, 405])[1 + floor(random() * 10)::int] AS billions,
      {_pick("", "q4_k_m", "q8_0", "fp16", "int8")} AS quantization
    FROM generate_series(1, %s) AS n) AS raw
) AS made
"""
_VERSIONS = """
INSERT INTO registry_modelversion (id, model_id, commit, number, pinned_at, file_count, size_bytes,
  model_type, config, facts, extraction_status, changes, admission, scan_verdict, license_spdx,
  license_class, lowest_tier, decision, decided_at, created_at)
SELECT id, id, md5(id::text) || substr(md5(slug), 1, 8), 1, created_at, 1, size_bytes, model_type,
  '{}', '{}', 'completed', '', admission, scan_verdict, license_spdx, license_class, tier, '{}',
  created_at, created_at
FROM registry_model
"""
# What is admitted has its bytes in the store, as far as the database knows.
_SHA256 = "md5(commit) || md5(reverse(commit))"
_CONTENTS = f"""
INSERT INTO registry_content (sha256, size, storage_key, stored_at, used_at)
SELECT {_SHA256}, size_bytes, 'sha256/' || commit, created_at, created_at
FROM registry_modelversion WHERE admission = 'admitted'
"""
_FILES = f"""
INSERT INTO registry_modelfile (version_id, path, size, git_oid, is_lfs, sha256, content_id)
SELECT id, 'model.safetensors', size_bytes, '', true,
  CASE admission WHEN 'admitted' THEN {_SHA256} ELSE '' END,
  CASE admission WHEN 'admitted' THEN {_SHA256} END
FROM registry_modelversion
"""
_INSERTS = (
    (Model, _MODELS),
    (ModelVersion, _VERSIONS),
    (Content, _CONTENTS),
    (ModelFile, _FILES),
)
_TABLES = ("registry_model", "registry_modelversion", "registry_modelfile", "registry_content")
_NUMBERED = _TABLES[:3]


def fill(rows: int) -> float:
    """Write that many models with a version and a file each, unless they are there; in seconds."""
    began = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_model")
        (there,) = cursor.fetchone() or (0,)
        if there == rows:
            return 0.0
        with transaction.atomic():
            _write(cursor, rows)
        cursor.execute("VACUUM ANALYZE")
    rebuild_facets()
    return (timezone.now() - began).total_seconds()


def _write(cursor: object, rows: int) -> None:
    run = cursor.execute  # type: ignore[attr-defined]
    run(f"TRUNCATE {', '.join(_TABLES)}, catalog_facetdelta, catalog_facetcount CASCADE")
    for table in _TABLES:
        run(f"ALTER TABLE {table} DISABLE TRIGGER USER")  # each row would append its own delta
    run("SELECT setseed(0.5)")
    for table, insert in _INSERTS:
        run(_completed(table, insert), [rows] if table is Model else [])
    run("SET CONSTRAINTS ALL IMMEDIATE")
    for table in _TABLES:
        run(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for table in _NUMBERED:
        run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def _completed(table: type[Row], insert: str) -> str:
    """Add the columns that the statement does not name, each with the default of its field."""
    head, values = insert.split("\nSELECT ", 1)
    into, named = head.removesuffix(")").split("(", 1)
    known = {"id", *re.findall(r"\w+", named)}
    fields = [
        field
        for field in table._meta.concrete_fields  # noqa: SLF001 public in all but name
        if not (field.null or field.generated)
    ]
    rest = {field.column: field.get_default() for field in fields if field.column not in known}
    columns = "".join(f"{name}, " for name in rest)
    defaults = "".join(f"{_literal(value)}, " for value in rest.values())
    return f"{into}({columns}{named})\nSELECT {defaults}{values}"


def _literal(value: object) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    return "'{}'" if isinstance(value, list | dict) else f"'{value}'"
