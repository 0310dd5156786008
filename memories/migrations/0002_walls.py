"""Row-level security, same-project references, and provenance that the database checks."""

from django.db import migrations

from memsync.common import walls

PROJECT_KEYS = ["tenant_id", "project_id", "pk"]
MEMORY_SESSION_KEYS = ["tenant_id", "project_id", "agent_session_id", "memory_session_id"]
PROJECT = {"project_id": ("accounts_project", ["tenant_id", "id"])}
SCOPE = PROJECT | {"user_id": ("accounts_user", ["tenant_id", "id"])}
SCOPE_COLUMNS = ["id", "tenant_id", "project_id", "user_id", "scope", "scope_key"]


def refers(**columns: str) -> dict[str, tuple[str, list[str]]]:
    """Columns that refer to a table of the same project."""
    return {f"{column}_id": (table, PROJECT_KEYS) for column, table in columns.items()}


TURN, MEMORY = "conversations_turn", "memories_memory"

PROVENANCE = """
CREATE FUNCTION memsync_check_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE said text; cited memories_source;
BEGIN
    SELECT * INTO cited FROM memories_source WHERE pk = NEW.pk;
    IF NOT FOUND OR cited.kind <> 'turn' OR cited.erased_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    SELECT substr(content, cited.span_start + 1, cited.span_end - cited.span_start) INTO said
      FROM conversations_turn WHERE pk = cited.turn_id;
    IF said IS DISTINCT FROM cited.quote OR cited.quote = '' THEN
        RAISE EXCEPTION 'source %: the quote is not what the turn says at its span', cited.pk
            USING ERRCODE = 'check_violation', CONSTRAINT = 'source_quote_at_span';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER source_quote_at_span
    AFTER INSERT OR UPDATE OF turn_id, span_start, span_end, quote, kind, erased_at
    ON memories_source DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION memsync_check_source();

CREATE FUNCTION memsync_check_turn_sources() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM memories_source WHERE turn_id = NEW.pk AND erased_at IS NULL) THEN
        RAISE EXCEPTION 'turn % is still cited', NEW.pk
            USING ERRCODE = 'check_violation', CONSTRAINT = 'redacted_turn_is_not_cited';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER redacted_turn_is_not_cited
    AFTER UPDATE OF content ON conversations_turn DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.content IS DISTINCT FROM NEW.content)
    EXECUTE FUNCTION memsync_check_turn_sources();

CREATE FUNCTION memsync_check_memory_sourced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM memories_memory WHERE pk = NEW.pk)
       AND NOT EXISTS (SELECT FROM memories_source WHERE memory_id = NEW.pk) THEN
        RAISE EXCEPTION 'memory % has no source', NEW.pk
            USING ERRCODE = 'check_violation', CONSTRAINT = 'memory_has_a_source';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER memory_has_a_source AFTER INSERT ON memories_memory
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION memsync_check_memory_sourced();

CREATE FUNCTION memsync_check_memory_keeps_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM memories_memory WHERE pk = OLD.memory_id)
       AND NOT EXISTS (SELECT FROM memories_source WHERE memory_id = OLD.memory_id) THEN
        RAISE EXCEPTION 'memory % lost its last source', OLD.memory_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'memory_has_a_source';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER memory_keeps_a_source AFTER DELETE OR UPDATE OF memory_id
    ON memories_source DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION memsync_check_memory_keeps_source();
"""
NO_PROVENANCE = """
DROP TRIGGER memory_keeps_a_source ON memories_source;
DROP TRIGGER memory_has_a_source ON memories_memory;
DROP TRIGGER redacted_turn_is_not_cited ON conversations_turn;
DROP TRIGGER source_quote_at_span ON memories_source;
DROP FUNCTION memsync_check_memory_keeps_source();
DROP FUNCTION memsync_check_memory_sourced();
DROP FUNCTION memsync_check_turn_sources();
DROP FUNCTION memsync_check_source();
"""

OBSERVATION_STAYS = """
CREATE TRIGGER memories_source_keeps_its_observation BEFORE UPDATE OF observation_id
    ON memories_source FOR EACH ROW WHEN (NEW.observation_id IS NOT NULL)
    EXECUTE FUNCTION memsync_refuse_change('observation_id');
"""
OBSERVATION_MAY_CHANGE = "DROP TRIGGER memories_source_keeps_its_observation ON memories_source;"

ERASED_STAYS = """
CREATE TRIGGER memories_memory_stays_erased BEFORE UPDATE OF status ON memories_memory
    FOR EACH ROW WHEN (OLD.status = 'erased') EXECUTE FUNCTION memsync_refuse_change('status');
"""
ERASED_MAY_CHANGE = "DROP TRIGGER memories_memory_stays_erased ON memories_memory;"

BACKLOG = """
CREATE FUNCTION memsync_embedding_backlog() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (SELECT count(*) FROM conversations_turn WHERE embedded_with IS NULL)
         + (SELECT count(*) FROM memories_memory WHERE embedded_with IS NULL)
         + (SELECT count(*) FROM memories_observation WHERE embedded_with IS NULL)
$$;
CREATE FUNCTION memsync_worker_lag() RETURNS float8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(due)), 0)::float8
      FROM (SELECT coalesce(j.scheduled_at, max(e.at)) AS due
              FROM procrastinate_jobs j LEFT JOIN procrastinate_events e ON e.job_id = j.id
             WHERE j.status = 'todo' GROUP BY j.id) AS waiting
     WHERE due <= clock_timestamp()
$$;
"""

TABLES = [
    "entity",
    "entityalias",
    "memory",
    "observation",
    "source",
    "trace",
    "traceturn",
    "memorychange",
    "vector",
    "querysession",
    "recallfeedback",
    "erasurereceipt",
]
REFERRED = ["entity", "memory", "observation", "trace"]


class Migration(migrations.Migration):
    dependencies = [
        ("memories", "0001_tables"),
        ("conversations", "0002_walls"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [
        *[walls.referable(f"memories_{table}", PROJECT_KEYS) for table in REFERRED],
        walls.same_scope_keys("memories_entity", SCOPE | refers(merged_into="memories_entity")),
        walls.same_scope_keys("memories_entityalias", refers(entity="memories_entity")),
        walls.same_scope_keys(
            "memories_memory", SCOPE | refers(object="memories_entity", superseded_by=MEMORY)
        ),
        walls.same_scope_keys(
            "memories_observation",
            SCOPE
            | refers(agent_session="conversations_agentsession")
            | {"memory_session_id": ("conversations_memorysessionid", MEMORY_SESSION_KEYS)},
        ),
        walls.same_scope_keys(
            "memories_source",
            refers(
                memory=MEMORY,
                turn=TURN,
                observation="memories_observation",
                trace="memories_trace",
            ),
        ),
        walls.same_scope_keys(
            "memories_trace", SCOPE | refers(conversation="conversations_conversation")
        ),
        walls.same_scope_keys("memories_traceturn", refers(trace="memories_trace", turn=TURN)),
        walls.same_scope_keys(
            "memories_memorychange", refers(trace="memories_trace", memory=MEMORY, turn=TURN)
        ),
        walls.same_scope_keys(
            "memories_vector",
            refers(turn=TURN, memory=MEMORY, observation="memories_observation")
            | {"user_id": SCOPE["user_id"]},
        ),
        walls.same_scope_keys("memories_recallfeedback", refers(trace="memories_trace")),
        walls.same_scope_keys("memories_querysession", PROJECT),
        walls.same_scope_keys("memories_erasurereceipt", PROJECT),
        walls.immutable("memories_memory", [*SCOPE_COLUMNS, "category", "created_at"]),
        migrations.RunSQL(ERASED_STAYS, ERASED_MAY_CHANGE),
        walls.immutable("memories_entity", SCOPE_COLUMNS),
        walls.immutable(
            "memories_observation",
            [*SCOPE_COLUMNS, "agent_session_id", "memory_session_id", "created_at"],
        ),
        walls.immutable("memories_trace", [*SCOPE_COLUMNS, "kind", "created_at"]),
        walls.immutable(
            "memories_source",
            ["id", "tenant_id", "project_id", "kind", "turn_id", "created_at"],
        ),
        migrations.RunSQL(OBSERVATION_STAYS, OBSERVATION_MAY_CHANGE),
        walls.immutable(
            "memories_memorychange",
            ["tenant_id", "project_id", "trace_id", "position", "memory_id", "turn_id", "op", "at"],
        ),
        migrations.RunSQL(PROVENANCE, NO_PROVENANCE),
        *[walls.row_security(f"memories_{table}") for table in TABLES],
        migrations.RunSQL(
            f"REVOKE INSERT, UPDATE, DELETE ON memories_embeddingmodel FROM {walls.RUNTIME};",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            BACKLOG,
            "DROP FUNCTION memsync_embedding_backlog(); DROP FUNCTION memsync_worker_lag();",
        ),
        walls.runtime_only("memsync_embedding_backlog()", "memsync_worker_lag()"),
    ]
