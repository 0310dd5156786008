"""What the runtime role may do in tables of Django and of the job queue, which know no tenant.

It keeps page sessions, writes the admin's log, lets its staff in by their groups, and queues jobs.
What groups may do, the queue's rows and the record of migrations are the owner's.
"""

from django.db import migrations

RUNTIME = "memsync_runtime"
RIGHTS = {
    "accounts_user_groups": "SELECT, INSERT, DELETE",
    "accounts_user_user_permissions": "SELECT",
    "auth_group": "SELECT",
    "auth_group_permissions": "SELECT",
    "auth_permission": "SELECT",
    "django_admin_log": "SELECT, INSERT",
    "django_content_type": "SELECT",
    "django_migrations": "SELECT",
    "django_session": "SELECT, INSERT, UPDATE, DELETE",
    "procrastinate_events": "INSERT",
    "procrastinate_jobs": "INSERT, SELECT (id)",
    "procrastinate_periodic_defers": "",
    "procrastinate_workers": "",
}
# Identity columns need no right to their sequence; those of the queue are of the older kind.
SEQUENCES = {
    name: "USAGE" if name in {"procrastinate_events_id_seq", "procrastinate_jobs_id_seq"} else ""
    for name in (f"{table}_id_seq" for table in RIGHTS if table != "django_session")
}

# Whoever makes a person staff must not need the right to say what staff may do.
STAFF_GROUP = """
CREATE FUNCTION memsync_staff_group() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    staff integer;
BEGIN
    INSERT INTO auth_group (name) VALUES ('Staff') ON CONFLICT (name) DO NOTHING;
    SELECT id INTO STRICT staff FROM auth_group WHERE name = 'Staff';
    INSERT INTO auth_group_permissions (group_id, permission_id)
    SELECT staff, p.id
      FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
     WHERE t.app_label IN ('accounts', 'sessions_app', 'conversations', 'memories')
        ON CONFLICT DO NOTHING;
    RETURN staff;
END $$;
REVOKE ALL ON FUNCTION memsync_staff_group() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION memsync_staff_group() TO memsync_runtime;
"""

# A row about a person is as visible as the person.
OF_PERSON = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_only ON {table} TO memsync_runtime
    USING (EXISTS (SELECT FROM accounts_user u WHERE u.id = user_id))
    WITH CHECK (EXISTS (SELECT FROM accounts_user u WHERE u.id = user_id));
"""
OF_ALL = "DROP POLICY tenant_only ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
ABOUT_PEOPLE = ["accounts_user_groups", "accounts_user_user_permissions", "django_admin_log"]


def granted(kind: str, rights: dict[str, str]) -> str:
    """Exactly these rights on tables or sequences."""
    return "".join(
        f"REVOKE ALL ON {kind} {name} FROM {RUNTIME};"
        + (f"GRANT {right} ON {kind} {name} TO {RUNTIME};" if right else "")
        for name, right in rights.items()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_jobs_by_state"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("procrastinate", "0041_post_retry_failed_job"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(STAFF_GROUP, "DROP FUNCTION memsync_staff_group()"),
        migrations.RunSQL(
            granted("TABLE", RIGHTS) + granted("SEQUENCE", SEQUENCES),
            granted("TABLE", dict.fromkeys(RIGHTS, "SELECT, INSERT, UPDATE, DELETE"))
            + granted("SEQUENCE", dict.fromkeys(SEQUENCES, "USAGE, SELECT")),
        ),
        *(
            migrations.RunSQL(OF_PERSON.format(table=table), OF_ALL.format(table=table))
            for table in ABOUT_PEOPLE
        ),
    ]
