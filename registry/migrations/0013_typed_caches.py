"""Configurations tell what the cache keeps by groups of layers; a new kind needs no migration."""

from django.db import migrations, models

import registry.enums

# What was one regular cache becomes one group; what was irregular is not known until looked at anew.
GROUPS = """
UPDATE registry_modelversion
SET config = (config - 'kv_layers' - 'kv_latent_dim' - 'kv_irregular') || jsonb_build_object(
  'cache',
  CASE
    WHEN (config->>'kv_irregular')::boolean IS TRUE OR config->>'kv_layers' IS NULL
      OR COALESCE(
        (config->>'kv_latent_dim')::bigint,
        2 * (config->>'num_key_value_heads')::bigint * (config->>'head_dim')::bigint
      ) IS NULL
    THEN 'null'::jsonb
    ELSE jsonb_build_array(jsonb_build_object(
      'layers', (config->>'kv_layers')::bigint,
      'values_per_token', COALESCE(
        (config->>'kv_latent_dim')::bigint,
        2 * (config->>'num_key_value_heads')::bigint * (config->>'head_dim')::bigint
      ),
      'window', NULL
    ))
  END
)
WHERE config ? 'kv_irregular';
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0012_models_show_changes")]

    operations = [
        migrations.AlterField(
            model_name="model",
            name="model_type",
            field=models.CharField(
                choices=registry.enums.model_types, default="other", max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="modelversion",
            name="model_type",
            field=models.CharField(
                choices=registry.enums.model_types, default="other", max_length=16
            ),
        ),
        migrations.RunSQL(GROUPS, migrations.RunSQL.noop),
    ]
