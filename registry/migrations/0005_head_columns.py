"""Lists read a model's head from the model's own row."""

from django.db import migrations, models

FILL = """
UPDATE registry_model SET head_number = head.number, head_commit = head.commit,
  head_filename = COALESCE((SELECT path FROM registry_modelfile files
    WHERE files.version_id = head.id ORDER BY size DESC, path LIMIT 1), '')
FROM registry_modelversion head WHERE head.id = registry_model.head_id
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_description_by_curator")]
    operations = [
        migrations.AddField(
            model_name="model",
            name="head_commit",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="model",
            name="head_filename",
            field=models.CharField(
                blank=True, editable=False, help_text="Its largest file.", max_length=1000
            ),
        ),
        migrations.AddField(
            model_name="model",
            name="head_number",
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
