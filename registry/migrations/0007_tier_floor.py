"""A tier below which policy never gives a model: what a listing promised before any import."""

from django.db import migrations, models

TIERS = ["lite", "standard", "professional"]


class Migration(migrations.Migration):
    dependencies = [("registry", "0006_failures_and_privacy")]
    operations = [
        migrations.AddField(
            model_name="model",
            name="tier_floor",
            field=models.CharField(
                choices=[
                    ("lite", "Lite"),
                    ("standard", "Standard"),
                    ("professional", "Professional"),
                ],
                db_default="lite",
                default="lite",
                editable=False,
                help_text="Policy never gives the model to a tier below this; a curator may.",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="model",
            constraint=models.CheckConstraint(
                condition=models.Q(("tier_floor__in", TIERS)), name="model_tier_floor_known"
            ),
        ),
    ]
