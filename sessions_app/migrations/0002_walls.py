"""Row-level security, same-person references, and what sign-in needs before a tenant is known."""

from django.db import migrations

from memsync.common import walls

FIND = """
CREATE FUNCTION memsync_find_signed_in(wanted_user uuid, wanted_family uuid) RETURNS TABLE (
    user_id uuid, email text, external_id text, tags jsonb, is_staff boolean,
    tenant_id uuid, tenant_slug text, is_stale boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, u.email, u.external_id, u.tags, u.is_staff, u.tenant_id, t.slug,
           f.last_used_at < clock_timestamp() - interval '1 minute'
      FROM sessions_app_sessionfamily f
      JOIN sessions_app_device d ON d.id = f.device_id
      JOIN accounts_user u ON u.id = f.user_id
      LEFT JOIN accounts_tenant t ON t.id = u.tenant_id
     WHERE f.id = wanted_family AND u.id = wanted_user AND u.is_active
       AND f.revoked_at IS NULL AND f.expires_at > clock_timestamp() AND d.revoked_at IS NULL
       AND (u.sessions_valid_after IS NULL OR f.created_at >= u.sessions_valid_after)
$$;
-- Whose token this is, and whether it was the current one: read without a lock, so that what
-- changes until the family's lock is had can be told from what was so before.
CREATE FUNCTION memsync_find_refresh(wanted_family uuid, hashes text[]) RETURNS TABLE (
    tenant_id uuid, user_id uuid, family_id uuid, session_id uuid, was_current boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT f.tenant_id, f.user_id, f.id, s.id, coalesce(s.is_current, false)
      FROM sessions_app_sessionfamily f
      LEFT JOIN sessions_app_session s
             ON s.family_id = f.id AND s.refresh_token_hash = ANY(hashes)
     WHERE f.id = wanted_family
$$;
-- The use of a page session. It waits for nobody: a family that is being refreshed or revoked
-- is skipped.
CREATE FUNCTION memsync_touch_family(wanted uuid, seen_ip inet) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH family AS (
        SELECT id, device_id FROM sessions_app_sessionfamily WHERE id = wanted
           FOR NO KEY UPDATE SKIP LOCKED
    ), device AS (
        SELECT id FROM sessions_app_device WHERE id IN (SELECT device_id FROM family)
           FOR NO KEY UPDATE SKIP LOCKED
    ), seen AS (
        UPDATE sessions_app_device SET last_seen_at = clock_timestamp(), ip = coalesce(seen_ip, ip)
         WHERE id IN (SELECT id FROM device)
    )
    UPDATE sessions_app_sessionfamily SET last_used_at = clock_timestamp()
     WHERE id IN (SELECT id FROM family)
$$;
CREATE FUNCTION memsync_record_security_events(events jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO sessions_app_securityevent
        (tenant_id, user_id, family_id, session_id, device_id, actor_id, kind, severity, at, ip,
         user_agent, request_id, detail)
    SELECT tenant_id, user_id, family_id, session_id, device_id, actor_id, kind, severity,
           clock_timestamp(), ip, user_agent, request_id, detail
      FROM jsonb_populate_recordset(NULL::sessions_app_securityevent, events)
$$;
"""
UNFIND = """
DROP FUNCTION memsync_find_signed_in(uuid, uuid);
DROP FUNCTION memsync_find_refresh(uuid, text[]);
DROP FUNCTION memsync_touch_family(uuid, inet);
DROP FUNCTION memsync_record_security_events(jsonb);
"""

# Sliding windows, exact: an attempt is taken under all its keys or under none. The keys are locked
# in order, so that two attempts never wait for each other.
THROTTLE = """
CREATE FUNCTION memsync_take_attempt(
    keys text[], limits integer[], span interval, OUT wait interval, OUT is_first_refusal boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    bucket sessions_app_throttlebucket;
    allowed integer;
    at timestamptz;
BEGIN
    wait := interval '0';
    is_first_refusal := false;
    FOR bucket.key, allowed IN SELECT k, l FROM unnest(keys, limits) AS u(k, l) ORDER BY k LOOP
        INSERT INTO sessions_app_throttlebucket AS b (key, attempts, last_at)
        VALUES (bucket.key, '{}', clock_timestamp())
        ON CONFLICT (key) DO UPDATE SET key = excluded.key
        RETURNING b.* INTO bucket;
        at := clock_timestamp();
        bucket.attempts := ARRAY(
            SELECT a FROM unnest(bucket.attempts) AS a WHERE a > at - span ORDER BY a
        );
        IF cardinality(bucket.attempts) >= allowed THEN
            wait := greatest(
                wait, bucket.attempts[cardinality(bucket.attempts) - allowed + 1] + span - at
            );
            is_first_refusal := is_first_refusal OR bucket.refused_at IS NULL
                OR bucket.refused_at < at - span;
            IF is_first_refusal THEN
                UPDATE sessions_app_throttlebucket SET refused_at = at WHERE key = bucket.key;
            END IF;
        END IF;
        UPDATE sessions_app_throttlebucket SET attempts = bucket.attempts WHERE key = bucket.key;
    END LOOP;
    IF wait = interval '0' THEN
        UPDATE sessions_app_throttlebucket
           SET attempts = attempts || clock_timestamp(), last_at = clock_timestamp()
         WHERE key = ANY(keys);
    END IF;
END $$;
CREATE FUNCTION memsync_return_attempt(keys text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM sessions_app_throttlebucket WHERE key = ANY(keys) ORDER BY key FOR UPDATE;
    UPDATE sessions_app_throttlebucket SET attempts = trim_array(attempts, 1)
     WHERE key = ANY(keys) AND cardinality(attempts) > 0;
END $$;
REVOKE ALL ON sessions_app_throttlebucket FROM memsync_runtime;
"""
UNTHROTTLE = """
DROP FUNCTION memsync_take_attempt(text[], integer[], interval);
DROP FUNCTION memsync_return_attempt(text[]);
"""

USER = {"user_id": ("accounts_user", ["tenant_id", "id"])}
DEVICE = {"device_id": ("sessions_app_device", ["user_id", "id"])}
FAMILY = {"family_id": ("sessions_app_sessionfamily", ["user_id", "id"])}

NO_WAY_BACK = """
CREATE TRIGGER sessions_app_sessionfamily_stays_revoked
    BEFORE UPDATE OF revoked_at ON sessions_app_sessionfamily
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)
    EXECUTE FUNCTION memsync_stays_revoked();
CREATE TRIGGER sessions_app_session_stays_used
    BEFORE UPDATE OF is_active, is_current, rotated_at ON sessions_app_session
    FOR EACH ROW WHEN ((NEW.is_active AND NOT OLD.is_active)
                       OR (NEW.is_current AND NOT OLD.is_current)
                       OR (OLD.rotated_at IS NOT NULL
                           AND NEW.rotated_at IS DISTINCT FROM OLD.rotated_at))
    EXECUTE FUNCTION memsync_stays_revoked();
"""
A_WAY_BACK = """
DROP TRIGGER sessions_app_sessionfamily_stays_revoked ON sessions_app_sessionfamily;
DROP TRIGGER sessions_app_session_stays_used ON sessions_app_session;
"""

# Whoever changes a password or deactivates a person, by whatever code or statement, ends their
# sign-ins; nothing moves that point back, so that reactivation revives none. The one exception is
# storing the same password under a stronger hash.
USER_ENDS_SESSIONS = """
CREATE FUNCTION memsync_end_sessions_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sessions_valid_after := greatest(OLD.sessions_valid_after, NEW.sessions_valid_after);
    IF (OLD.is_active AND NOT NEW.is_active)
       OR (OLD.password <> NEW.password
           AND coalesce(current_setting('memsync.same_password', true), '') <> 'yes') THEN
        NEW.sessions_valid_after := clock_timestamp();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_user_ends_sessions
    BEFORE UPDATE OF is_active, password, sessions_valid_after ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION memsync_end_sessions_of_user();
"""
USER_KEEPS_SESSIONS = """
DROP TRIGGER accounts_user_ends_sessions ON accounts_user;
DROP FUNCTION memsync_end_sessions_of_user();
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
        migrations.RunSQL(NO_WAY_BACK, A_WAY_BACK),
        migrations.RunSQL(USER_ENDS_SESSIONS, USER_KEEPS_SESSIONS),
        walls.row_security("sessions_app_device"),
        walls.row_security("sessions_app_sessionfamily"),
        walls.row_security("sessions_app_session"),
        walls.row_security("sessions_app_securityevent"),
        walls.append_only("sessions_app_securityevent"),
        migrations.RunSQL(FIND, UNFIND),
        migrations.RunSQL(THROTTLE, UNTHROTTLE),
        walls.runtime_only(
            "memsync_find_signed_in(uuid, uuid)",
            "memsync_find_refresh(uuid, text[])",
            "memsync_touch_family(uuid, inet)",
            "memsync_record_security_events(jsonb)",
            "memsync_take_attempt(text[], integer[], interval)",
            "memsync_return_attempt(text[])",
        ),
    ]
