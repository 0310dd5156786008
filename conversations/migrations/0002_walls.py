"""Row-level security, same-project references, and a record that is never edited."""

from django.db import migrations

from memsync.common import walls

PROJECT_KEYS = ["tenant_id", "project_id", "pk"]
SCOPE = {
    "project_id": ("accounts_project", ["tenant_id", "id"]),
    "user_id": ("accounts_user", ["tenant_id", "id"]),
}
CONVERSATION = ("conversations_conversation", PROJECT_KEYS)
TURN = ("conversations_turn", PROJECT_KEYS)
SCOPE_COLUMNS = ["id", "tenant_id", "project_id", "user_id", "scope", "scope_key"]

TURN_NEVER_EDITED = """
CREATE FUNCTION memsync_turn_never_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.redacted_at IS NULL OR NEW.content <> '' OR NEW.parts IS NOT NULL THEN
        RAISE EXCEPTION 'a turn is never edited, only redacted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER conversations_turn_never_edited BEFORE UPDATE OF content, parts, redacted_at
    ON conversations_turn FOR EACH ROW
    WHEN (OLD.content IS DISTINCT FROM NEW.content OR OLD.parts IS DISTINCT FROM NEW.parts
          OR (OLD.redacted_at IS NOT NULL AND NEW.redacted_at IS NULL))
    EXECUTE FUNCTION memsync_turn_never_edited();
"""
TURN_MAY_BE_EDITED = """
DROP TRIGGER conversations_turn_never_edited ON conversations_turn;
DROP FUNCTION memsync_turn_never_edited();
"""


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_tables"), ("accounts", "0002_walls")]

    operations = [
        walls.referable("conversations_conversation", PROJECT_KEYS),
        walls.referable("conversations_turn", PROJECT_KEYS),
        walls.referable("conversations_agentsession", PROJECT_KEYS),
        walls.same_scope_keys(
            "conversations_conversation", SCOPE | {"forked_from_id": CONVERSATION}
        ),
        walls.same_scope_keys(
            "conversations_turn",
            {
                "conversation_id": CONVERSATION,
                "parent_id": TURN,
                "user_id": SCOPE["user_id"],
            },
        ),
        walls.same_scope_keys(
            "conversations_agentsession", SCOPE | {"conversation_id": CONVERSATION}
        ),
        walls.same_scope_keys(
            "conversations_memorysessionid",
            {"agent_session_id": ("conversations_agentsession", PROJECT_KEYS)},
        ),
        walls.immutable(
            "conversations_conversation",
            [*SCOPE_COLUMNS, "forked_from_id", "fork_seq", "created_at"],
        ),
        walls.immutable(
            "conversations_turn",
            [
                "id",
                "tenant_id",
                "project_id",
                "user_id",
                "scope_key",
                "conversation_id",
                "seq",
                "role",
                "created_at",
            ],
        ),
        walls.immutable(
            "conversations_agentsession", [*SCOPE_COLUMNS, "platform", "content_session_id"]
        ),
        walls.immutable(
            "conversations_memorysessionid",
            ["tenant_id", "project_id", "agent_session_id", "memory_session_id", "captured_at"],
        ),
        migrations.RunSQL(TURN_NEVER_EDITED, TURN_MAY_BE_EDITED),
        walls.row_security("conversations_conversation"),
        walls.row_security("conversations_turn"),
        walls.row_security("conversations_agentsession"),
        walls.row_security("conversations_memorysessionid"),
    ]
