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
MEMORY_SESSION_KEYS = ["tenant_id", "project_id", "agent_session_id", "memory_session_id"]
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

CAPTURED = """
ALTER TABLE conversations_agentsession ADD CONSTRAINT agent_session_memory_id_in_its_history
    FOREIGN KEY (tenant_id, project_id, pk, memory_session_id) REFERENCES
    conversations_memorysessionid (tenant_id, project_id, agent_session_id, memory_session_id)
    DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER conversations_agentsession_stays_captured BEFORE UPDATE OF memory_session_id
    ON conversations_agentsession FOR EACH ROW
    WHEN (OLD.memory_session_id IS NOT NULL AND NEW.memory_session_id IS NULL)
    EXECUTE FUNCTION memsync_refuse_change('memory_session_id');
"""
NOT_CAPTURED = """
DROP TRIGGER conversations_agentsession_stays_captured ON conversations_agentsession;
ALTER TABLE conversations_agentsession DROP CONSTRAINT agent_session_memory_id_in_its_history;
"""

# What was said just before a place, also where a fork has it from its parent. VOLATILE, so that
# inside the appending statement it sees what was committed while that waited for the counter.
SAID_BEFORE = """
CREATE FUNCTION memsync_said_before(conversation bigint, place integer, wanted integer)
RETURNS TABLE (seq integer, words text) LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE line AS (
        SELECT c.pk, c.forked_from_id, coalesce(c.fork_seq, 0) AS above, place - 1 AS upto
          FROM conversations_conversation c WHERE c.pk = conversation
        UNION ALL
        SELECT p.pk, p.forked_from_id, coalesce(p.fork_seq, 0), least(line.upto, line.above)
          FROM line JOIN conversations_conversation p ON p.pk = line.forked_from_id
         WHERE line.above >= place - wanted
    )
    SELECT t.seq, concat_ws(' ', t.sender, left(t.content, 20000))
      FROM line JOIN conversations_turn t ON t.conversation_id = line.pk
       AND t.seq > line.above AND t.seq <= line.upto AND t.seq >= place - wanted;
END $$;
"""
NOT_SAID_BEFORE = "DROP FUNCTION memsync_said_before(bigint, integer, integer);"


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_tables"), ("accounts", "0002_walls")]

    operations = [
        walls.referable("conversations_conversation", PROJECT_KEYS),
        walls.referable("conversations_turn", PROJECT_KEYS),
        walls.referable("conversations_agentsession", PROJECT_KEYS),
        walls.referable("conversations_memorysessionid", MEMORY_SESSION_KEYS),
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
        migrations.RunSQL(SAID_BEFORE, NOT_SAID_BEFORE),
        migrations.RunSQL(CAPTURED, NOT_CAPTURED),
        walls.row_security("conversations_conversation"),
        walls.row_security("conversations_turn"),
        walls.row_security("conversations_agentsession"),
        walls.row_security("conversations_memorysessionid"),
    ]
