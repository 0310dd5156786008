"""Security events get ids of their own: the number of one counts those of all tenants.

The table is append-only, for its owner too. Old rows get their ids as the column changes its type,
which rewrites the table and fires no trigger: UUIDv7 of the time that the event has.
"""

from django.db import migrations, models

from memsync.common.ids import uuid7

UUID_OF_EVENT = """
encode(
    set_byte(
        set_byte(
            overlay(
                uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6
            ),
            6,
            112 | (get_byte(uuid_send(gen_random_uuid()), 6) & 15)
        ),
        8,
        128 | (get_byte(uuid_send(gen_random_uuid()), 8) & 63)
    ),
    'hex'
)::uuid
"""

FILL = f"""
ALTER TABLE sessions_app_securityevent
    ALTER COLUMN uid TYPE uuid USING {UUID_OF_EVENT};
"""

# A server of the release before, while it still runs, names no uid.
RECORD = f"""
CREATE OR REPLACE FUNCTION memsync_record_security_events(events jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO sessions_app_securityevent
        (uid, tenant_id, user_id, family_id, session_id, device_id, actor_id, kind, severity, at,
         ip, user_agent, request_id, detail)
    SELECT coalesce(uid, {UUID_OF_EVENT}), tenant_id, user_id, family_id, session_id, device_id,
           actor_id, kind, severity, at, ip, user_agent, request_id, detail
      FROM (
        SELECT uid, tenant_id, user_id, family_id, session_id, device_id, actor_id, kind, severity,
               clock_timestamp() AS at, ip, user_agent, request_id, detail
          FROM jsonb_populate_recordset(NULL::sessions_app_securityevent, events)
      ) AS event
$$;
"""
RECORD_WITHOUT = """
CREATE OR REPLACE FUNCTION memsync_record_security_events(events jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO sessions_app_securityevent
        (tenant_id, user_id, family_id, session_id, device_id, actor_id, kind, severity, at, ip,
         user_agent, request_id, detail)
    SELECT tenant_id, user_id, family_id, session_id, device_id, actor_id, kind, severity,
           clock_timestamp(), ip, user_agent, request_id, detail
      FROM jsonb_populate_recordset(NULL::sessions_app_securityevent, events)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0003_routine_ends")]

    operations = [
        migrations.AddField(
            model_name="securityevent",
            name="uid",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="securityevent",
            name="uid",
            field=models.UUIDField(default=uuid7, editable=False, unique=True),
        ),
        migrations.RunSQL(RECORD, RECORD_WITHOUT),
    ]
