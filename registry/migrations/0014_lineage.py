"""What models were made from: links by name, which lead to the base when it is here."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    dependencies = [("registry", "0013_typed_caches")]

    operations = [
        migrations.CreateModel(
            name="BaseLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(help_text="Where the name means the base.", max_length=32),
                ),
                ("repo_id", models.CharField(max_length=200)),
                (
                    "relation",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("finetune", "Fine-tuned"),
                            ("adapter", "Adapter"),
                            ("quantized", "Quantized"),
                            ("merge", "Merged"),
                        ],
                        max_length=16,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bases",
                        to="registry.model",
                    ),
                ),
            ],
            options={"ordering": ["model", "position"]},
        ),
        migrations.AddIndex(
            model_name="model",
            index=models.Index(
                Upper("repo_id"), models.F("source"), name="model_by_upper_repo"
            ),
        ),
        migrations.AddIndex(
            model_name="baselink",
            index=models.Index(
                Upper("repo_id"), models.F("source"), models.F("model"), name="base_by_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="baselink",
            constraint=models.UniqueConstraint(
                models.F("model"), models.F("source"), Upper("repo_id"), name="one_link_per_base"
            ),
        ),
        migrations.AddConstraint(
            model_name="baselink",
            constraint=models.CheckConstraint(
                condition=models.Q(relation="")
                | models.Q(relation__in=["finetune", "adapter", "quantized", "merge"]),
                name="base_relation_known",
            ),
        ),
    ]
