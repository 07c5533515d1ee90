"""What no code may change: audit events, policies, contents, and what was pinned."""

from django.db import migrations

FORBID = """
CREATE FUNCTION yard_forbid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% of % is not allowed: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER audit_is_append_only
  BEFORE UPDATE OR DELETE ON registry_auditevent
  FOR EACH ROW EXECUTE FUNCTION yard_forbid('audit events are append-only');
CREATE TRIGGER audit_is_not_emptied
  BEFORE TRUNCATE ON registry_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION yard_forbid('audit events are append-only');

CREATE TRIGGER policy_is_immutable
  BEFORE UPDATE ON registry_policy FOR EACH ROW
  WHEN (OLD.tier IS DISTINCT FROM NEW.tier OR OLD.number IS DISTINCT FROM NEW.number
        OR OLD.gates IS DISTINCT FROM NEW.gates OR OLD.limits IS DISTINCT FROM NEW.limits)
  EXECUTE FUNCTION yard_forbid('a change of policy is a new number');

CREATE TRIGGER content_is_immutable
  BEFORE UPDATE ON registry_content FOR EACH ROW
  WHEN (OLD.sha256 IS DISTINCT FROM NEW.sha256 OR OLD.size IS DISTINCT FROM NEW.size)
  EXECUTE FUNCTION yard_forbid('a content is its bytes');

CREATE TRIGGER pinned_version_is_immutable
  BEFORE UPDATE ON registry_modelversion FOR EACH ROW
  WHEN (OLD.pinned_at IS NOT NULL AND (
        OLD.model_id IS DISTINCT FROM NEW.model_id OR OLD.commit IS DISTINCT FROM NEW.commit
        OR OLD.number IS DISTINCT FROM NEW.number OR OLD.pinned_at IS DISTINCT FROM NEW.pinned_at
        OR OLD.file_count IS DISTINCT FROM NEW.file_count
        OR OLD.size_bytes IS DISTINCT FROM NEW.size_bytes))
  EXECUTE FUNCTION yard_forbid('a pinned version does not change');

CREATE FUNCTION yard_guard_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE pinned timestamptz;
BEGIN
  SELECT pinned_at INTO pinned FROM registry_modelversion
    WHERE id = COALESCE(NEW.version_id, OLD.version_id);
  IF TG_OP = 'INSERT' AND pinned IS NOT NULL THEN
    RAISE EXCEPTION 'a pinned version takes no more files'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND pinned IS NOT NULL AND (
      OLD.version_id IS DISTINCT FROM NEW.version_id OR OLD.path IS DISTINCT FROM NEW.path
      OR OLD.size IS DISTINCT FROM NEW.size OR OLD.git_oid IS DISTINCT FROM NEW.git_oid
      OR (OLD.sha256 <> '' AND OLD.sha256 IS DISTINCT FROM NEW.sha256)) THEN
    RAISE EXCEPTION 'a file of a pinned version does not change'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER pinned_files_are_immutable
  BEFORE INSERT OR UPDATE ON registry_modelfile
  FOR EACH ROW EXECUTE FUNCTION yard_guard_file();
"""

UNDO = """
DROP TRIGGER pinned_files_are_immutable ON registry_modelfile;
DROP FUNCTION yard_guard_file();
DROP TRIGGER pinned_version_is_immutable ON registry_modelversion;
DROP TRIGGER content_is_immutable ON registry_content;
DROP TRIGGER policy_is_immutable ON registry_policy;
DROP TRIGGER audit_is_not_emptied ON registry_auditevent;
DROP TRIGGER audit_is_append_only ON registry_auditevent;
DROP FUNCTION yard_forbid();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [migrations.RunSQL(FORBID, UNDO)]
