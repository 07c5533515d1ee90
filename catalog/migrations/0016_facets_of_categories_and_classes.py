"""Counts by category, family, parameters, context, quantization, format and language.

They are in the table of pairs alone, each with the facets of few values. A value by itself is paired
with nothing now. All models are counted anew: each appends what it is, and beat folds it in.
"""

import importlib

from django.db import migrations

before = importlib.import_module("catalog.migrations.0015_more_facets")
SINGLE = ("family", "params_class", "context_class", "quantization")
SETS = ("categories", "formats", "languages")
NEW = "".join(
    [
        before.NEW[:-1],
        *(f", '{name}', {{row}}.{name}" for name in SINGLE),
        *(f", '{name}', to_jsonb({{row}}.{name})" for name in SETS),
        ")",
    ]
)
MORE = "".join([before.MORE, *(f", {{row}}.{name}" for name in (*SINGLE, *SETS))])


def again(facets: str) -> str:
    return f"""
DELETE FROM catalog_facetdelta;
DELETE FROM catalog_facetcount;
DELETE FROM catalog_facetcombination;
INSERT INTO catalog_facetdelta (tier, "values", n)
  SELECT tier, {facets.format(row="model")}, 1 FROM registry_model model WHERE NOT is_private;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_more_facets"),
        ("registry", "0016_categories_and_classes"),
    ]
    operations = [
        migrations.RunSQL(
            before.function(NEW) + before.trigger(MORE) + again(NEW),
            before.function(before.NEW) + before.trigger(before.MORE) + again(before.NEW),
        ),
    ]
