"""Files of a version that are held back while the rest is served; counts are of what is served."""

from django.db import migrations, models

_COUNTS = """
CREATE OR REPLACE FUNCTION yard_guard_counts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE files bigint; bytes bigint;
BEGIN
  SELECT count(*), COALESCE(sum(size), 0) INTO files, bytes
    FROM registry_modelfile WHERE version_id = NEW.id AND left_out = ''{more};
  IF NEW.file_count <> files OR NEW.size_bytes <> bytes THEN
    RAISE EXCEPTION 'a pinned version counts the files that are {what}'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
"""
GUARD = _COUNTS.format(more=" AND held_back = ''", what="served")
UNDO = _COUNTS.format(more="", what="taken")


class Migration(migrations.Migration):
    dependencies = [("registry", "0017_collected_lists")]

    operations = [
        migrations.AddField(
            model_name='modelfile',
            name='held_back',
            field=models.CharField(blank=True, db_default='', default='', help_text='Why the file is not served while the rest may be; empty when it is.', max_length=400),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='held_whole',
            field=models.CharField(blank=True, db_default='', default='', help_text='Why a curator holds all of it while a file of it is held back.', max_length=400),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='file_count',
            field=models.PositiveIntegerField(default=0, help_text='Of the files that are served.'),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='size_bytes',
            field=models.BigIntegerField(default=0, help_text='Of the files that are served.'),
        ),
        migrations.AlterField(
            model_name='policy',
            name='limits',
            field=models.JSONField(blank=True, default=dict, help_text='license_classes: list, max_bytes: number of the version, max_file_bytes: number of one file, formats_refused: list, extensions_refused: list of endings such as .exe, held_back_refused: true where a version with a file that is held back is refused'),
        ),
        migrations.AddIndex(
            model_name='modelfile',
            index=models.Index(condition=models.Q(('held_back', ''), _negated=True), fields=['version'], name='file_held_back'),
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
