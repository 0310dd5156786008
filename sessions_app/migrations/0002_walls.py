"""Row-level security, same-person references, and what sign-in needs before a tenant is known."""

from django.db import migrations

from memsync.common import walls

FIND = """
CREATE FUNCTION memsync_find_signed_in(wanted_user uuid, wanted_family uuid) RETURNS TABLE (
    user_id uuid, email text, external_id text, tags jsonb, is_staff boolean,
    tenant_id uuid, tenant_slug text, last_used_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, u.email, u.external_id, u.tags, u.is_staff, u.tenant_id, t.slug, f.last_used_at
      FROM sessions_app_sessionfamily f
      JOIN sessions_app_device d ON d.id = f.device_id
      JOIN accounts_user u ON u.id = f.user_id
      LEFT JOIN accounts_tenant t ON t.id = u.tenant_id
     WHERE f.id = wanted_family AND u.id = wanted_user AND u.is_active
       AND f.revoked_at IS NULL AND f.expires_at > clock_timestamp() AND d.revoked_at IS NULL
       AND (u.sessions_valid_after IS NULL OR f.created_at >= u.sessions_valid_after)
$$;
CREATE FUNCTION memsync_record_security_event(event jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO sessions_app_securityevent
        (tenant_id, user_id, family_id, session_id, device_id, actor_id, kind, severity, at, ip,
         user_agent, request_id, detail)
    SELECT tenant_id, user_id, family_id, session_id, device_id, actor_id, kind,
           coalesce(severity, 'info'), clock_timestamp(), ip, coalesce(user_agent, ''),
           coalesce(request_id, ''), coalesce(detail, '{}')
      FROM jsonb_populate_record(NULL::sessions_app_securityevent, event)
$$;
CREATE FUNCTION memsync_count_attempt(wanted_key text, window_from timestamptz, step integer)
RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO sessions_app_throttlebucket AS b (key, window_start, count)
    VALUES (wanted_key, window_from, greatest(step, 0))
    ON CONFLICT (key, window_start) DO UPDATE SET count = greatest(b.count + step, 0)
    RETURNING count
$$;
"""
UNFIND = """
DROP FUNCTION memsync_find_signed_in(uuid, uuid);
DROP FUNCTION memsync_record_security_event(jsonb);
DROP FUNCTION memsync_count_attempt(text, timestamptz, integer);
"""

USER = {"user_id": ("accounts_user", ["tenant_id", "id"])}
DEVICE = {"device_id": ("sessions_app_device", ["user_id", "id"])}
FAMILY = {"family_id": ("sessions_app_sessionfamily", ["user_id", "id"])}

FAMILY_STAYS_REVOKED = """
CREATE FUNCTION memsync_family_stays_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a revoked family stays revoked'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER sessions_app_sessionfamily_stays_revoked
    BEFORE UPDATE OF revoked_at ON sessions_app_sessionfamily
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)
    EXECUTE FUNCTION memsync_family_stays_revoked();
"""
FAMILY_MAY_REVIVE = """
DROP TRIGGER sessions_app_sessionfamily_stays_revoked ON sessions_app_sessionfamily;
DROP FUNCTION memsync_family_stays_revoked();
"""

USER_DEACTIVATED = """
CREATE FUNCTION memsync_end_sessions_of_inactive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sessions_valid_after := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_user_deactivated BEFORE UPDATE OF is_active ON accounts_user
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
    EXECUTE FUNCTION memsync_end_sessions_of_inactive();
"""
USER_NOT_DEACTIVATED = """
DROP TRIGGER accounts_user_deactivated ON accounts_user;
DROP FUNCTION memsync_end_sessions_of_inactive();
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_tables"), ("accounts", "0002_walls")]

    operations = [
        walls.referable("sessions_app_device", ["user_id", "id"]),
        walls.referable("sessions_app_sessionfamily", ["user_id", "id"]),
        walls.same_scope_keys("sessions_app_device", USER),
        walls.same_scope_keys("sessions_app_sessionfamily", USER | DEVICE),
        walls.same_scope_keys("sessions_app_session", USER | DEVICE | FAMILY),
        walls.immutable("sessions_app_device", ["id", "tenant_id", "user_id", "fingerprint"]),
        walls.immutable(
            "sessions_app_sessionfamily",
            ["id", "tenant_id", "user_id", "device_id", "session_type", "created_at", "expires_at"],
        ),
        walls.immutable(
            "sessions_app_session",
            [
                "id",
                "tenant_id",
                "user_id",
                "device_id",
                "family_id",
                "parent_id",
                "generation",
                "refresh_token_hash",
                "hash_key_id",
                "created_at",
                "expires_at",
            ],
        ),
        migrations.RunSQL(FAMILY_STAYS_REVOKED, FAMILY_MAY_REVIVE),
        migrations.RunSQL(USER_DEACTIVATED, USER_NOT_DEACTIVATED),
        walls.row_security("sessions_app_device"),
        walls.row_security("sessions_app_sessionfamily"),
        walls.row_security("sessions_app_session"),
        walls.row_security("sessions_app_securityevent"),
        walls.append_only("sessions_app_securityevent"),
        migrations.RunSQL(FIND, UNFIND),
        walls.runtime_only(
            "memsync_find_signed_in(uuid, uuid)",
            "memsync_record_security_event(jsonb)",
            "memsync_count_attempt(text, timestamptz, integer)",
        ),
    ]
