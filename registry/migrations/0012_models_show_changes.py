"""A model's row is written anew when its tags or its head's failure change.

Lists show both, and tell from the row alone whether anything they show has changed (docs/adr/0005).
"""

from django.db import migrations

TOUCH = """
CREATE FUNCTION yard_touch_tagged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE registry_model SET id = id WHERE id IN (SELECT model_id FROM changed);
  RETURN NULL;
END $$;
CREATE TRIGGER models_show_new_tags
  AFTER INSERT ON registry_model_tags REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION yard_touch_tagged();
CREATE TRIGGER models_show_lost_tags
  AFTER DELETE ON registry_model_tags REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION yard_touch_tagged();

CREATE TRIGGER tags_are_not_moved
  BEFORE UPDATE ON registry_model_tags
  FOR EACH ROW EXECUTE FUNCTION yard_forbid('a tag is put on a model or taken off, never moved');

CREATE FUNCTION yard_touch_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE registry_model SET id = id
    WHERE id IN (SELECT model_id FROM registry_model_tags WHERE tag_id = NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER models_show_renamed_tags
  AFTER UPDATE ON registry_tag FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)
  EXECUTE FUNCTION yard_touch_renamed();

CREATE FUNCTION yard_touch_failed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE registry_model SET id = id WHERE head_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER models_show_failures
  AFTER UPDATE ON registry_modelversion FOR EACH ROW
  WHEN (OLD.failure IS DISTINCT FROM NEW.failure)
  EXECUTE FUNCTION yard_touch_failed();
"""
UNDO = """
DROP TRIGGER models_show_failures ON registry_modelversion;
DROP TRIGGER models_show_renamed_tags ON registry_tag;
DROP TRIGGER tags_are_not_moved ON registry_model_tags;
DROP TRIGGER models_show_lost_tags ON registry_model_tags;
DROP TRIGGER models_show_new_tags ON registry_model_tags;
DROP FUNCTION yard_touch_failed();
DROP FUNCTION yard_touch_renamed();
DROP FUNCTION yard_touch_tagged();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0011_waiting_versions")]
    operations = [migrations.RunSQL(TOUCH, UNDO)]
