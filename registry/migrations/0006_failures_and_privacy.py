"""Why an import ended undecided, models that their source hides, and the gate that asks for it."""

from django.db import migrations, models

GATES = [
    ("source", "Source"),
    ("integrity", "Integrity"),
    ("malware", "Malware"),
    ("license", "License"),
    ("metadata", "Metadata"),
]
# A change of policy is a new number. What was decided stays as it is until it is decided again;
# then a repository that not everybody may read is not taken as one that everybody may.
ASK = """
INSERT INTO registry_policy (tier, number, is_active, gates, limits, note, created_at)
  SELECT tier, (SELECT max(number) + 1 FROM registry_policy newest WHERE newest.tier = old.tier),
    false, gates || '{"source": "enforce"}', limits,
    'Asks the source gate as well.', now()
  FROM registry_policy old WHERE is_active AND NOT gates ? 'source';
UPDATE registry_policy old SET is_active = false
  WHERE is_active AND EXISTS (SELECT FROM registry_policy newer
    WHERE newer.tier = old.tier AND newer.note = 'Asks the source gate as well.');
UPDATE registry_policy SET is_active = true WHERE note = 'Asks the source gate as well.';

INSERT INTO registry_gateresult (version_id, gate, outcome, mode, reason, evidence, answered_at)
  SELECT id, 'source',
    CASE WHEN facts->>'private' = 'true' OR COALESCE(facts->>'gated', '') NOT IN ('', 'false')
      THEN 'unknown' ELSE 'passed' END,
    'enforce', 'Imported before this gate was asked.', '{}', now()
  FROM registry_modelversion WHERE decided_at IS NOT NULL;
"""
FORGET = """
DELETE FROM registry_gateresult WHERE gate = 'source';
DELETE FROM registry_waiver WHERE gate = 'source';
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_head_columns")]
    operations = [
        migrations.AddField(
            model_name="model",
            name="is_private",
            field=models.BooleanField(
                default=False,
                help_text=(
                    "Only who asked for it and curators know of it: its source hides it from"
                    " others."
                ),
            ),
        ),
        migrations.AddField(
            model_name="modelversion",
            name="failure",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Why its last import ended without a decision: code, reason, run.",
            ),
        ),
        migrations.AlterField(
            model_name="gateresult",
            name="gate",
            field=models.CharField(choices=GATES, max_length=32),
        ),
        migrations.RemoveConstraint(model_name="waiver", name="waiver_gate_known"),
        migrations.AlterField(
            model_name="waiver", name="gate", field=models.CharField(choices=GATES, max_length=32)
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("gate__in", [gate for gate, _ in GATES])),
                name="waiver_gate_known",
            ),
        ),
        migrations.RunSQL(ASK, FORGET),
    ]
