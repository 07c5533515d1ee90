"""Waivers of findings, and what no code may do to them: delete them or change what was granted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORBID = """
CREATE TRIGGER finding_waiver_is_kept
  BEFORE DELETE ON scanning_findingwaiver
  FOR EACH ROW EXECUTE FUNCTION yard_forbid('a waiver is taken back, never deleted');
CREATE TRIGGER finding_waiver_is_what_was_granted
  BEFORE UPDATE ON scanning_findingwaiver FOR EACH ROW
  WHEN (OLD.sha256 IS DISTINCT FROM NEW.sha256 OR OLD.rule IS DISTINCT FROM NEW.rule
        OR OLD.severity IS DISTINCT FROM NEW.severity OR OLD.reason IS DISTINCT FROM NEW.reason
        OR OLD.granted_by_id IS DISTINCT FROM NEW.granted_by_id
        OR OLD.granted_at IS DISTINCT FROM NEW.granted_at
        OR OLD.expires_at IS DISTINCT FROM NEW.expires_at
        OR (OLD.ended_at IS NOT NULL AND OLD.ended_at IS DISTINCT FROM NEW.ended_at)
        OR (OLD.ended_at IS NOT NULL AND OLD.ended_by_id IS DISTINCT FROM NEW.ended_by_id))
  EXECUTE FUNCTION yard_forbid('a waiver stays what was granted; another is a new one');
"""
UNDO = """
DROP TRIGGER finding_waiver_is_what_was_granted ON scanning_findingwaiver;
DROP TRIGGER finding_waiver_is_kept ON scanning_findingwaiver;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0002_guards'),
        ('scanning', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FindingWaiver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('rule', models.CharField(max_length=200)),
                ('severity', models.CharField(choices=[('medium', 'medium'), ('high', 'high'), ('critical', 'critical')], help_text='The worst that was accepted; what the rule finds beyond that blocks.', max_length=8)),
                ('reason', models.TextField()),
                ('granted_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('settled_at', models.DateTimeField(blank=True, help_text='When all that holds the content was decided again; empty while that is to do.', null=True)),
                ('ended_by', models.ForeignKey(blank=True, help_text='Who took it back; nobody where it expired.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('granted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='finding_waivers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-granted_at', '-id'],
                'indexes': [models.Index(fields=['sha256'], name='finding_waiver_by_content'), models.Index(fields=['-granted_at', '-id'], name='finding_waiver_newest'), models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['id'], name='finding_waiver_unsettled'), models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['expires_at'], name='finding_waiver_expiring')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('sha256', 'rule'), name='one_waiver_per_content_and_rule'), models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='finding_waiver_sha256_form'), models.CheckConstraint(condition=models.Q(('severity__in', ['medium', 'high', 'critical'])), name='finding_waiver_severity_known'), models.CheckConstraint(condition=models.Q(models.Q(('rule', ''), _negated=True), models.Q(('reason', ''), _negated=True)), name='finding_waiver_says_what_and_why'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('granted_at'))), name='finding_waiver_ends_after_grant'), models.CheckConstraint(condition=models.Q(('ended_at__isnull', False), ('ended_by__isnull', True), _connector='OR'), name='finding_waiver_ended_by_has_time')],
            },
        ),
        migrations.RunSQL(FORBID, UNDO),
    ]
