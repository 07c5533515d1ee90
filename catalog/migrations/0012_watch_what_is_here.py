from django.db import migrations

# Models that have a version are looked after from now on, spread over the first day. What was not
# kept then (gating, license of the card) is not known, so it cannot seem to have changed.
WATCH = """
INSERT INTO catalog_watch
  (model_id, rule, next_check_at, last_result, last_error, failures, etag, last_commit, repo_id,
   reach, lost_commit)
SELECT m.id, 'notify', now() + random() * interval '1 day', '', '', 0, '', m.head_commit, m.repo_id,
       CASE WHEN m.is_private THEN 'hidden' ELSE 'open' END, ''
FROM registry_model m WHERE m.source = 'huggingface' AND m.head_commit <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_watches")]
    operations = [migrations.RunSQL(WATCH, migrations.RunSQL.noop)]
