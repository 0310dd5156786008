"""MemoriesDB's SQL interface: schema `memsync` over the same tables, by the same rules.

SQL users get the role memsync_sql, which may call functions and read or write no table. The
functions run as memsync_runtime, so row-level security bounds them as it bounds the server.
"""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent
ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'memsync_sql') THEN
        CREATE ROLE memsync_sql NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
CREATE SCHEMA memsync;
GRANT USAGE ON SCHEMA memsync TO memsync_sql, memsync_runtime;
"""
FOR_SQL_USERS = [
    "use_project(text, text, text[], boolean)",
    "create_session(text, jsonb)",
    "add_message_to_session(uuid, text, text, jsonb, uuid)",
    "fork_session(uuid, text, jsonb)",
    "get_session_messages(uuid)",
    "get_formatted_conversation(uuid, boolean)",
    "get_conversation_text(uuid, boolean)",
    "session_tree(uuid)",
]
UNDER_ROW_SECURITY = [
    "create_session(text, jsonb)",
    "add_message_to_session(uuid, text, text, jsonb, uuid)",
    "fork_session(uuid, text, jsonb)",
    "get_session_messages(uuid)",
    "session_tree(uuid)",
]
RIGHTS = "\n".join(
    [
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA memsync FROM PUBLIC;",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA memsync TO memsync_runtime;",
        *[f"GRANT EXECUTE ON FUNCTION memsync.{name} TO memsync_sql;" for name in FOR_SQL_USERS],
        "GRANT CREATE ON SCHEMA memsync TO memsync_runtime;",
        *[
            f"ALTER FUNCTION memsync.{name} OWNER TO memsync_runtime;"
            for name in UNDER_ROW_SECURITY
        ],
        "REVOKE CREATE ON SCHEMA memsync FROM memsync_runtime;",
    ]
)


def read(name: str) -> str:
    """One of the SQL files beside this one."""
    return (SQL / f"0003_{name}.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_walls"), ("accounts", "0002_walls")]

    operations = [
        migrations.RunSQL(
            "\n".join([ROLE, read("who"), read("rules"), read("functions"), RIGHTS]),
            "DROP SCHEMA memsync CASCADE;",
        ),
    ]
