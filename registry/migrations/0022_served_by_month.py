"""What was served, in a table parted by months that takes rows and gives none back.

Django's own operations know no partitions, so the table is written out; the state is what they say.
A row is sealed and told what was sent, each once, and nothing else of it changes.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLE = """
CREATE SEQUENCE registry_served_id_seq;
CREATE TABLE registry_served (
  id bigint NOT NULL DEFAULT nextval('registry_served_id_seq'),
  at timestamptz NOT NULL,
  actor varchar(150) NOT NULL,
  user_id bigint,
  team_id bigint,
  key_prefix varchar(12) NOT NULL,
  address inet,
  source varchar(32) NOT NULL,
  repo_id varchar(200) NOT NULL,
  model_id bigint NOT NULL,
  version_id bigint NOT NULL,
  commit varchar(64) NOT NULL,
  path varchar(1000) NOT NULL,
  sha256 varchar(64) NOT NULL,
  size bigint NOT NULL,
  start bigint NOT NULL,
  length bigint NOT NULL,
  sent bigint,
  client varchar(200) NOT NULL,
  protocol varchar(16) NOT NULL,
  seal bigint,
  sent_seal bigint,
  PRIMARY KEY (id, at),
  CONSTRAINT served_part_is_in_the_file
    CHECK (start >= 0 AND length >= 0 AND size >= start + length),
  CONSTRAINT served_sent_is_promised CHECK (sent IS NULL OR (sent >= 0 AND sent <= length))
) PARTITION BY RANGE (at);
ALTER SEQUENCE registry_served_id_seq OWNED BY registry_served.id;
CREATE TABLE registry_served_default PARTITION OF registry_served DEFAULT;
CREATE INDEX served_by_repo ON registry_served (repo_id, id DESC);
CREATE INDEX served_by_actor ON registry_served (actor, id DESC);
CREATE INDEX served_unsealed ON registry_served (id) WHERE seal IS NULL;
CREATE INDEX served_sent_unsealed ON registry_served (id)
  WHERE sent IS NOT NULL AND sent_seal IS NULL;
"""
GUARDS = """
CREATE FUNCTION yard_guard_served() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.seal IS NULL OR OLD.seal IS NOT DISTINCT FROM NEW.seal)
     AND (OLD.sent IS NULL OR OLD.sent IS NOT DISTINCT FROM NEW.sent)
     AND (OLD.sent_seal IS NULL OR OLD.sent_seal IS NOT DISTINCT FROM NEW.sent_seal) THEN
    OLD.seal := NEW.seal; OLD.sent := NEW.sent; OLD.sent_seal := NEW.sent_seal;
    IF OLD IS NOT DISTINCT FROM NEW THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'UPDATE of % is not allowed: what was served stays told', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER served_is_told_once BEFORE UPDATE ON registry_served
  FOR EACH ROW EXECUTE FUNCTION yard_guard_served();
CREATE TRIGGER served_is_not_deleted BEFORE DELETE ON registry_served
  FOR EACH ROW EXECUTE FUNCTION yard_forbid('what was served stays told');
CREATE TRIGGER served_is_not_emptied BEFORE TRUNCATE ON registry_served
  FOR EACH STATEMENT EXECUTE FUNCTION yard_forbid('what was served stays told');
"""
# Called when a month draws near, and here for this one and the next.
MONTHS = """
CREATE FUNCTION yard_served_month(day date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  first date := date_trunc('month', day)::date;
  part text := 'registry_served_' || to_char(first, 'YYYYMM');
BEGIN
  EXECUTE format(
    'CREATE TABLE IF NOT EXISTS %I PARTITION OF registry_served FOR VALUES FROM (%L) TO (%L)',
    part, first || ' 00:00+00', (first + interval '1 month')::date || ' 00:00+00');
  RETURN part;
END $$;
SELECT yard_served_month((now() AT TIME ZONE 'UTC')::date);
SELECT yard_served_month(((now() AT TIME ZONE 'UTC') + interval '1 month')::date);
"""
UNDO = """
DROP TABLE registry_served;
DROP FUNCTION yard_served_month(date);
DROP FUNCTION yard_guard_served();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0021_hub_names_and_usage")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLE + GUARDS + MONTHS, UNDO)],
            state_operations=[
                migrations.CreateModel(
                    name='Served',
                    fields=[
                        ('id', models.BigAutoField(primary_key=True, serialize=False)),
                        ('at', models.DateTimeField()),
                        ('actor', models.CharField(max_length=150)),
                        ('key_prefix', models.CharField(blank=True, max_length=12)),
                        ('address', models.GenericIPAddressField(null=True)),
                        ('source', models.CharField(max_length=32)),
                        ('repo_id', models.CharField(max_length=200)),
                        ('commit', models.CharField(max_length=64)),
                        ('path', models.CharField(max_length=1000)),
                        ('sha256', models.CharField(max_length=64)),
                        ('size', models.BigIntegerField(help_text='Of the whole file.')),
                        ('start', models.BigIntegerField()),
                        ('length', models.BigIntegerField(help_text='Bytes that were promised.')),
                        ('sent', models.BigIntegerField(help_text='Bytes that left; empty where nobody could count them.', null=True)),
                        ('client', models.CharField(blank=True, max_length=200)),
                        ('protocol', models.CharField(max_length=16)),
                        ('seal', models.BigIntegerField(null=True)),
                        ('sent_seal', models.BigIntegerField(null=True)),
                        ('model', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='registry.model')),
                        ('user', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                        ('version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='registry.modelversion')),
                        ('team', models.ForeignKey(db_constraint=False, db_index=False, help_text='That of the person at the time.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='registry.team')),
                    ],
                    options={
                        'verbose_name_plural': 'served',
                        'ordering': ['-id'],
                    },
                ),
                migrations.AddIndex(
                    model_name='served',
                    index=models.Index(fields=['repo_id', '-id'], name='served_by_repo'),
                ),
                migrations.AddIndex(
                    model_name='served',
                    index=models.Index(fields=['actor', '-id'], name='served_by_actor'),
                ),
                migrations.AddIndex(
                    model_name='served',
                    index=models.Index(condition=models.Q(('seal__isnull', True)), fields=['id'], name='served_unsealed'),
                ),
                migrations.AddIndex(
                    model_name='served',
                    index=models.Index(condition=models.Q(('sent__isnull', False), ('sent_seal__isnull', True)), fields=['id'], name='served_sent_unsealed'),
                ),
                migrations.AddConstraint(
                    model_name='served',
                    constraint=models.CheckConstraint(condition=models.Q(('length__gte', 0), ('size__gte', models.F('start') + models.F('length')), ('start__gte', 0)), name='served_part_is_in_the_file'),
                ),
                migrations.AddConstraint(
                    model_name='served',
                    constraint=models.CheckConstraint(condition=models.Q(('sent__isnull', True), models.Q(('sent__gte', 0), ('sent__lte', models.F('length'))), _connector='OR'), name='served_sent_is_promised'),
                ),
            ],
        ),
    ]
