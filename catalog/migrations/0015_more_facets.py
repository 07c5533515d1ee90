"""Counts by memory class and by runtime, of which a model has several.

They are in the table of pairs alone: in that of combinations they would multiply its rows. No model is
judged yet, so that all there are begin without runtimes in the class ''; the trigger counts on.
"""

from django.db import migrations

OLD = """jsonb_build_object('source', {row}.source, 'model_type', {row}.model_type,
  'license_class', {row}.license_class, 'admission', {row}.admission,
  'scan_verdict', {row}.scan_verdict)"""
NEW = OLD[:-1] + ", 'memory_class', {row}.memory_class, 'runtimes', to_jsonb({row}.runtimes))"


def function(facets: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION yard_facet_delta() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND NOT OLD.is_private THEN
    INSERT INTO catalog_facetdelta (tier, "values", n)
      VALUES (OLD.tier, {facets.format(row="OLD")}, -1);
  END IF;
  IF TG_OP <> 'DELETE' AND NOT NEW.is_private THEN
    INSERT INTO catalog_facetdelta (tier, "values", n)
      VALUES (NEW.tier, {facets.format(row="NEW")}, 1);
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
      OLD.scan_verdict, OLD.is_private{old})
    IS DISTINCT FROM
    (NEW.tier, NEW.source, NEW.model_type, NEW.license_class, NEW.admission,
      NEW.scan_verdict, NEW.is_private{new}))
  EXECUTE FUNCTION yard_facet_delta();
"""


ENTRIES = """
CREATE FUNCTION yard_facet_entries(facets jsonb) RETURNS TABLE (key text, value text)
LANGUAGE sql IMMUTABLE AS $$
  SELECT facet.key, item.value FROM jsonb_each(facets) AS facet,
    jsonb_array_elements_text(CASE jsonb_typeof(facet.value)
      WHEN 'array' THEN facet.value ELSE jsonb_build_array(facet.value) END) AS item
$$;
"""
# What is not folded yet has no word on the new facets: everything is counted anew.
AGAIN = """
DELETE FROM catalog_facetdelta;
DELETE FROM catalog_facetcount;
DELETE FROM catalog_facetcombination;
WITH combined AS (
  SELECT tier, source, model_type, license_class, admission, scan_verdict, count(*) AS n
  FROM registry_model WHERE NOT is_private GROUP BY 1, 2, 3, 4, 5, 6
), kept AS (
  INSERT INTO catalog_facetcombination
    (tier, source, model_type, license_class, admission, scan_verdict, n)
  SELECT tier, source, model_type, license_class, admission, scan_verdict, n FROM combined
), spread AS (
  SELECT tier, n, jsonb_build_object('source', source, 'model_type', model_type,
    'license_class', license_class, 'admission', admission, 'scan_verdict', scan_verdict{more})
    AS facets
  FROM combined
)
INSERT INTO catalog_facetcount (tier, facet, value, other_facet, other_value, n)
SELECT tier, one.key, one.value, other.key, other.value, sum(n)
FROM spread, jsonb_each_text(facets) AS one, jsonb_each_text(facets) AS other
GROUP BY 1, 2, 3, 4, 5;
"""
MORE = ", {row}.memory_class, {row}.runtimes"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0014_card_readings"), ("registry", "0015_fits_and_runtimes")]
    operations = [
        migrations.RunSQL(
            ENTRIES + function(NEW) + trigger(MORE) + AGAIN.format(more=", 'memory_class', ''"),
            function(OLD)
            + trigger("")
            + "DROP FUNCTION yard_facet_entries(jsonb);"
            + AGAIN.format(more=""),
        ),
    ]
