"""Whose token a run was given; and counts leave out what its source hides."""

from django.db import migrations, models

FACETS = """jsonb_build_object('source', {row}.source, 'model_type', {row}.model_type,
  'license_class', {row}.license_class, 'admission', {row}.admission,
  'scan_verdict', {row}.scan_verdict)"""


def function(old: str, new: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION yard_facet_delta() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' {old} THEN
    INSERT INTO catalog_facetdelta (tier, "values", n)
      VALUES (OLD.tier, {FACETS.format(row="OLD")}, -1);
  END IF;
  IF TG_OP <> 'DELETE' {new} THEN
    INSERT INTO catalog_facetdelta (tier, "values", n)
      VALUES (NEW.tier, {FACETS.format(row="NEW")}, 1);
  END IF;
  RETURN NULL;
END $$;
"""


def trigger(more: str) -> str:
    old, new = more.format(row="OLD"), more.format(row="NEW")
    return f"""
DROP TRIGGER facets_of_changed_models ON registry_model;
CREATE TRIGGER facets_of_changed_models
  AFTER UPDATE ON registry_model FOR EACH ROW
  WHEN ((OLD.tier, OLD.source, OLD.model_type, OLD.license_class, OLD.admission,
      OLD.scan_verdict{old})
    IS DISTINCT FROM
    (NEW.tier, NEW.source, NEW.model_type, NEW.license_class, NEW.admission,
      NEW.scan_verdict{new}))
  EXECUTE FUNCTION yard_facet_delta();
"""


# No model is private yet, so the counts there are stay right.
HIDE = function("AND NOT OLD.is_private", "AND NOT NEW.is_private") + trigger(", {row}.is_private")
SHOW = function("", "") + trigger("")


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_facet_combinations"),
        ("registry", "0006_failures_and_privacy"),
    ]
    operations = [
        migrations.AddField(
            model_name="intake",
            name="token_by",
            field=models.CharField(
                blank=True,
                help_text="Whose own token of the source this run was given.",
                max_length=150,
            ),
        ),
        migrations.RunSQL(HIDE, SHOW),
    ]
