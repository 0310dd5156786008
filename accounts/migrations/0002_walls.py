"""The runtime role, row-level security, same-tenant references, and the principal's lookups."""

from django.db import migrations

from memsync.common import walls

FIND = """
CREATE FUNCTION memsync_find_key(wanted_prefix text) RETURNS TABLE (
    id uuid, name text, role text, floor jsonb, secret_hash text, hash_key_id smallint,
    is_stale boolean, tenant_id uuid, tenant_slug text, project_id uuid, project_slug text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.id, k.name, k.role, k.floor, k.secret_hash, k.hash_key_id,
           coalesce(k.last_used_at < clock_timestamp() - interval '1 minute', true),
           k.tenant_id, t.slug, k.project_id, p.slug
      FROM accounts_apikey k
      JOIN accounts_project p ON p.id = k.project_id
      JOIN accounts_tenant t ON t.id = k.tenant_id
     WHERE k.prefix = wanted_prefix AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())
$$;
-- Parallel requests of one key: one of them writes, none of them waits.
CREATE FUNCTION memsync_touch_key(wanted uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE accounts_apikey SET last_used_at = clock_timestamp()
     WHERE id IN (SELECT id FROM accounts_apikey WHERE id = wanted FOR NO KEY UPDATE SKIP LOCKED)
       AND coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
$$;
CREATE FUNCTION memsync_find_user(wanted uuid) RETURNS SETOF accounts_user
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM accounts_user WHERE id = wanted
$$;
CREATE FUNCTION memsync_find_user_by_email(wanted text) RETURNS SETOF accounts_user
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM accounts_user WHERE lower(email) = lower(wanted)
$$;
"""
UNFIND = """
DROP FUNCTION memsync_find_key(text);
DROP FUNCTION memsync_touch_key(uuid);
DROP FUNCTION memsync_find_user(uuid);
DROP FUNCTION memsync_find_user_by_email(text);
"""

NO_WAY_BACK = """
CREATE FUNCTION memsync_stays_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: what was revoked or used stays so', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER accounts_apikey_stays_revoked BEFORE UPDATE OF revoked_at ON accounts_apikey
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)
    EXECUTE FUNCTION memsync_stays_revoked();
"""
A_WAY_BACK = """
DROP TRIGGER accounts_apikey_stays_revoked ON accounts_apikey;
DROP FUNCTION memsync_stays_revoked();
"""

TENANT = {"tenant_id": ("accounts_tenant", ["id"])}
PROJECT = {"project_id": ("accounts_project", ["tenant_id", "id"])}


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_tables")]

    operations = [
        walls.runtime_role(),
        walls.guard_functions(),
        walls.referable("accounts_project", ["tenant_id", "id"]),
        walls.referable("accounts_user", ["tenant_id", "id"]),
        walls.same_scope_keys("accounts_project", TENANT),
        walls.same_scope_keys("accounts_user", TENANT),
        walls.same_scope_keys("accounts_apikey", PROJECT),
        walls.same_scope_keys("accounts_sqllogin", PROJECT),
        walls.same_scope_keys("accounts_projectcounter", PROJECT),
        walls.same_scope_keys("accounts_idempotencykey", PROJECT),
        walls.immutable("accounts_project", ["id", "tenant_id"]),
        walls.immutable("accounts_user", ["id", "tenant_id", "external_id"]),
        walls.immutable("accounts_apikey", ["id", "tenant_id", "project_id", "role", "floor"]),
        migrations.RunSQL(NO_WAY_BACK, A_WAY_BACK),
        walls.row_security("accounts_tenant", column="id"),
        walls.row_security("accounts_project"),
        walls.row_security("accounts_projectcounter"),
        walls.row_security("accounts_user"),
        walls.row_security("accounts_apikey"),
        walls.row_security("accounts_sqllogin"),
        walls.row_security("accounts_idempotencykey"),
        walls.row_security("accounts_auditevent"),
        walls.append_only("accounts_auditevent"),
        migrations.RunSQL(FIND, UNFIND),
        walls.runtime_only(
            "memsync_find_key(text)",
            "memsync_touch_key(uuid)",
            "memsync_find_user(uuid)",
            "memsync_find_user_by_email(text)",
        ),
    ]
