"""Every change of a model's facets appends what it takes away and what it adds; beat folds it in."""

import django.db.models
from django.db import migrations, models

FACETS = """jsonb_build_object('source', {row}.source, 'model_type', {row}.model_type,
  'license_class', {row}.license_class, 'admission', {row}.admission,
  'scan_verdict', {row}.scan_verdict)"""

APPEND = f"""
CREATE FUNCTION yard_facet_delta() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO catalog_facetdelta (tier, "values", n)
      VALUES (OLD.tier, {FACETS.format(row="OLD")}, -1);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO catalog_facetdelta (tier, "values", n)
      VALUES (NEW.tier, {FACETS.format(row="NEW")}, 1);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER facets_of_new_models
  AFTER INSERT OR DELETE ON registry_model
  FOR EACH ROW EXECUTE FUNCTION yard_facet_delta();
CREATE TRIGGER facets_of_changed_models
  AFTER UPDATE ON registry_model FOR EACH ROW
  WHEN ((OLD.tier, OLD.source, OLD.model_type, OLD.license_class, OLD.admission, OLD.scan_verdict)
    IS DISTINCT FROM
    (NEW.tier, NEW.source, NEW.model_type, NEW.license_class, NEW.admission, NEW.scan_verdict))
  EXECUTE FUNCTION yard_facet_delta();

-- What is here already counts as new.
INSERT INTO catalog_facetdelta (tier, "values", n)
  SELECT m.tier, {FACETS.format(row="m")}, 1 FROM registry_model m;
"""
UNDO = """
DROP TRIGGER facets_of_changed_models ON registry_model;
DROP TRIGGER facets_of_new_models ON registry_model;
DROP FUNCTION yard_facet_delta();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_initial"), ("registry", "0003_list_indexes")]
    operations = [
        migrations.CreateModel(
            name="FacetFold",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("folded_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.Q(("id", 1)), name="one_facet_fold"
                    )
                ],
            },
        ),
        migrations.RunSQL(APPEND, UNDO),
    ]
