from django.db import migrations

# The audit trail knows who was given which file; from here on a row of its own does.
COPY = """
INSERT INTO registry_download (version_id, model_id, user_id, files, last_at)
SELECT version.id, version.model_id, person.id, count(*), max(event.at)
FROM registry_auditevent event
JOIN registry_modelversion version ON version.commit = event.details->>'commit'
JOIN registry_model model ON model.id = version.model_id
LEFT JOIN registry_user person ON person.username = event.actor
WHERE event.action = 'hub.file'
  AND starts_with(event.subject, model.repo_id || '@')
  AND (event.details->>'range' = '' OR starts_with(event.details->>'range', 'bytes=0-'))
GROUP BY version.id, version.model_id, person.id
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0019_downloads_and_notices")]
    operations = [migrations.RunSQL(COPY, migrations.RunSQL.noop)]
