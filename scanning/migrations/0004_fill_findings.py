"""Make the findings of the reports that are there already, as `scanning.services.inbox` does."""

from django.db import migrations

FILL = """
WITH newest AS (
  SELECT DISTINCT ON (sha256, scanner, variant)
    sha256, scanner, verdict, findings, detail, scanned_at
  FROM scanning_scan ORDER BY sha256, scanner, variant, scanned_at DESC, id DESC),
verdicts AS (
  SELECT sha256, (ARRAY['unsafe', 'suspicious', 'incomplete', 'clean'])[min(array_position(
    ARRAY['unsafe', 'suspicious', 'incomplete', 'clean'], verdict::text))] AS verdict
  FROM newest GROUP BY sha256),
said AS (
  SELECT sha256, scanner, scanned_at, left(one->>'rule', 200) AS rule,
    array_position(ARRAY['info', 'low', 'medium', 'high', 'critical'], one->>'severity') - 1
      AS weight,
    left(one->>'message', 400) AS message
  FROM newest, jsonb_array_elements(findings) AS one
  UNION ALL
  SELECT sha256, scanner, scanned_at, 'not_covered', 2, left(detail, 400)
  FROM newest WHERE verdict = 'incomplete')
INSERT INTO scanning_contentfinding
  (sha256, rule, weight, engines, message, verdict, found_at)
SELECT sha256, rule, max(weight), array_agg(DISTINCT scanner),
  (array_agg(message ORDER BY weight DESC, scanner))[1],
  CASE WHEN rule = 'not_covered' THEN 'incomplete' ELSE verdicts.verdict END, min(scanned_at)
FROM said JOIN verdicts USING (sha256)
GROUP BY sha256, rule, verdicts.verdict
"""


class Migration(migrations.Migration):
    dependencies = [("scanning", "0003_findings_and_engines")]
    operations = [migrations.RunSQL(FILL, "DELETE FROM scanning_contentfinding")]
