"""The walls between tenants, each tried alone: what code forgets, the database refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from conversations.models import Conversation, Turn
from memories.models import Memory, Source
from memsync.common.tenancy import current_tenant, tenant_scope
from tests.factories import Space, make_space

ROOT = Path(__file__).parents[2]
OURS = ("accounts", "sessions_app", "conversations", "memories")
TENANT_TABLES = sorted(
    model._meta.db_table
    for app in OURS
    for model in apps.get_app_config(app).get_models()
    if any(field.name == "tenant" for field in model._meta.fields)
)


def told(space: Space, text: str = "I work at Acme Corp.") -> dict:
    body = {"messages": [{"role": "user", "content": text}], "scope": ["user=u_alice"]}
    return space.api().post("/facts/batch", body).body


def rows(sql: str, *parameters: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.fixture
def two(db: None) -> tuple[Space, Space]:
    spaces = make_space(), make_space()
    for space in spaces:
        told(space)
    return spaces


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_every_tenant_table_has_row_level_security(db, table: str):
    [(enabled,)] = rows("SELECT relrowsecurity FROM pg_class WHERE relname = %s", table)
    policies = rows("SELECT roles, qual, with_check FROM pg_policies WHERE tablename = %s", table)

    assert enabled
    assert len(policies) == 1
    assert all("memsync.tenant_id" in text for text in policies[0][1:])


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_the_runtime_role_sees_one_tenants_rows_and_without_one_none(two, table: str):
    own, other = two
    with tenant_scope(own.tenant.pk):
        tenants = {row[0] for row in rows(f"SELECT tenant_id FROM {table}")}
    with transaction.atomic():
        rows("SELECT set_config('role', 'memsync_runtime', true)")
        nothing = rows(f"SELECT 1 FROM {table} LIMIT 1")
        rows("SELECT set_config('role', 'none', true)")

    assert other.tenant.pk not in tenants
    assert nothing == []


def test_the_runtime_role_is_no_superuser_and_owns_nothing(db):
    [role] = rows(
        "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'memsync_runtime'"
    )
    owned = rows("SELECT 1 FROM pg_tables WHERE tableowner = 'memsync_runtime'")

    assert role == (False, False, False)
    assert owned == []


READ, ALL = {"SELECT"}, {"SELECT", "INSERT", "UPDATE", "DELETE"}
RIGHTS_WITHOUT_TENANT = {
    "accounts_user_groups": {"SELECT", "INSERT", "DELETE"},
    "accounts_user_user_permissions": READ,
    "auth_group": READ,
    "auth_group_permissions": READ,
    "auth_permission": READ,
    "django_admin_log": {"SELECT", "INSERT"},
    "django_content_type": READ,
    "django_migrations": READ,
    "django_session": ALL,
    "memories_embeddingmodel": READ,
    "procrastinate_events": {"INSERT"},
    "procrastinate_jobs": {"INSERT"},
    "procrastinate_periodic_defers": set(),
    "procrastinate_workers": set(),
    "sessions_app_throttlebucket": set(),
}
"""What the runtime role may do in tables without a tenant; of jobs it reads the ids it made."""


def test_the_runtime_role_has_exactly_these_rights_where_there_is_no_tenant(db):
    found = rows(
        """
        SELECT c.relname, array_remove(array_agg(right_.privilege_type::text), NULL)
          FROM pg_class c
          LEFT JOIN aclexplode(c.relacl) AS right_
                 ON right_.grantee = 'memsync_runtime'::regrole
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
           AND c.relname <> ALL (%s)
         GROUP BY c.relname
        """,
        [*TENANT_TABLES, "accounts_tenant"],
    )
    columns = rows(
        """
        SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges
         WHERE grantee = 'memsync_runtime' AND table_name ~ '^procrastinate_'
           AND privilege_type <> 'INSERT'
        """
    )

    assert {table: set(rights) for table, rights in found} == RIGHTS_WITHOUT_TENANT
    assert columns == [("procrastinate_jobs", "id", "SELECT")]


@pytest.mark.parametrize("table", ["django_admin_log", "accounts_user_groups"])
def test_rows_about_people_are_as_hidden_as_the_people(two, table: str):
    own = two[0]
    for space in two:
        boss = space.make_user("u_boss", is_staff=True)
        LogEntry.objects.log_actions(boss.pk, [boss], CHANGE, single_object=True)
    with tenant_scope(own.tenant.pk):
        seen = rows(
            f"SELECT u.tenant_id FROM {table} r LEFT JOIN accounts_user u ON u.id = user_id"
        )

    assert seen == [(own.tenant.pk,)]


def test_nobody_joins_a_person_of_another_tenant_to_a_group(two):
    own, other = two
    theirs = other.make_user("u_boss", is_staff=True)
    [(staff,)] = rows("SELECT memsync_staff_group()")
    with pytest.raises(ProgrammingError, match="row-level security"), tenant_scope(own.tenant.pk):
        rows(
            "INSERT INTO accounts_user_groups (user_id, group_id) VALUES (%s, %s) RETURNING 1",
            theirs.pk,
            staff,
        )


def test_a_write_into_another_tenant_is_refused_by_row_level_security(two):
    own, other = two
    with pytest.raises(ProgrammingError, match="row-level security"), tenant_scope(own.tenant.pk):
        Conversation.unscoped.create(tenant=other.tenant, project=other.project)


def test_the_scope_leaves_no_trace_on_the_connection(two):
    own, _ = two
    with tenant_scope(own.tenant.pk):
        assert current_tenant() == own.tenant.pk
    with pytest.raises(RuntimeError, match="cut"), tenant_scope(own.tenant.pk):
        raise RuntimeError("cut")

    assert current_tenant() is None
    assert rows("SELECT current_setting('memsync.tenant_id', true)") in ([("",)], [(None,)])
    assert rows("SELECT current_user = session_user") == [(True,)]


def test_every_reference_between_rows_of_a_project_includes_tenant_and_project(db):
    """A foreign key on a single column could point across tenants."""
    singles = rows(
        """
        SELECT c.conrelid::regclass::text, c.conname FROM pg_constraint c
         WHERE c.contype = 'f' AND cardinality(c.conkey) = 1
           AND c.conrelid::regclass::text ~ '^(conversations|memories)_'
        """
    )
    composite = rows(
        """
        SELECT count(*) FROM pg_constraint
         WHERE contype = 'f' AND conname LIKE '%%_same_scope' AND cardinality(conkey) >= 2
        """
    )

    assert singles == []
    assert composite[0][0] > 30


def test_a_reference_across_tenants_is_refused_even_to_the_owner(two):
    own, other = two
    theirs = Conversation.unscoped.filter(tenant=other.tenant).first()
    with pytest.raises(IntegrityError, match="same_scope"), transaction.atomic():
        Turn.unscoped.create(
            tenant=own.tenant, project=own.project, conversation=theirs, seq=99, role="user"
        )


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("conversations_conversation", "scope", "'{}'"),
        ("conversations_conversation", "scope_key", "'x'"),
        ("conversations_turn", "seq", "77"),
        ("conversations_turn", "role", "'system'"),
        ("conversations_turn", "content", "'something else'"),
        ("memories_memory", "scope_key", "'x'"),
        ("memories_memory", "category", "'context'"),
        ("memories_trace", "kind", "'recall'"),
        ("memories_source", "turn_id", "NULL"),
        ("memories_memorychange", "op", "'erased'"),
        ("accounts_apikey", "role", "'agent'"),
        ("accounts_auditevent", "action", "'nothing'"),
    ],
)
def test_what_never_changes_cannot_be_changed(two, table: str, column: str, value: str):
    with pytest.raises(IntegrityError), transaction.atomic():
        rows(f"UPDATE {table} SET {column} = {value} RETURNING 1")


def test_the_audit_record_cannot_be_deleted_from(two):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rows("DELETE FROM accounts_auditevent RETURNING 1")


def at_once() -> None:
    """Check the deferred constraints now rather than at the commit."""
    rows("SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_quote_that_its_turn_does_not_say_is_refused(two):
    with pytest.raises(IntegrityError, match="quote is not what"), transaction.atomic():
        Source.objects.update(quote="I never said this")
        at_once()


def test_a_memory_without_a_source_is_refused(two):
    own, _ = two
    with pytest.raises(IntegrityError, match="has no source"), transaction.atomic():
        Memory.unscoped.create(
            tenant=own.tenant, project=own.project, category="identity", key="name", value="X"
        )
        at_once()


def test_a_memory_keeps_its_last_source(two):
    with pytest.raises(IntegrityError, match="lost its last source"), transaction.atomic():
        Source.objects.all().delete()
        at_once()


def test_an_erased_memory_stays_erased(two):
    memory = Memory.unscoped.filter(key="employer").first()
    row = Memory.unscoped.filter(pk=memory.pk)
    row.update(status="erased", value="", normalized_value="", text="")
    row.update(status="erased")
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        row.update(status="retracted")


def test_one_single_valued_key_has_one_live_value(two):
    memory = Memory.unscoped.filter(key="employer").first()
    memory.pk, memory.uid, memory._state.adding = None, None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        memory.save(force_insert=True)


def test_memory_has_no_thread_or_session_column_and_there_is_no_thread_model(db):
    columns = rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'memories_memory'"
    )
    tables = rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ 'thread'")

    assert not [name for (name,) in columns if re.search("thread|session|conversation", name)]
    assert tables == []


UNSCOPED_ALLOWED = {
    "conversations/querysets.py": "the first words of conversations that a scoped read selects",
    "memories/admin/conversations.py": "of the tenant of a transcript that the staff may see",
    "memories/admin/traces.py": "of the project of a trace that the staff may see",
    "memories/api/state.py": "the history of a conversation that was found in reach",
    "memories/citations.py": "what cites turns of memories that were found in reach",
    "memories/corrections.py": "of the project and scope of a memory that was found in reach",
    "memories/entities.py": "rows of entities that were found in reach",
    "memories/expiry.py": "the worker, for all tenants; then each in its tenant's transaction",
    "memories/forgetting.py": "checks that the rows just erased hold no words",
    "memories/persist.py": "inside the tenant's transaction, by project and scope key",
    "memories/state.py": "memories that the changes of a scoped read name",
    "memories/transcripts.py": "the history of a conversation that was found in reach",
    "accounts/rows.py": "declares it",
    "accounts/querysets.py": "explains it",
    "conversations/models.py": "declares it",
    "memories/models/memory.py": "declares it",
    "conversations/checkpoint_rows.py": "declares it",
    "conversations/checkpoints.py": "inserts, which read nothing",
    "conversations/services.py": "by the key of a conversation that was found in reach",
    "conversations/agent_sessions.py": "by the key of a run that was found in reach",
    "memories/observations.py": "of a run that was found in reach",
    "memories/importing/loading.py": "the history of a conversation of the command's project",
    "conversations/forks.py": "by the key of a conversation that was found in reach",
    "conversations/redaction.py": "by keys that the erasing service found and locked",
    "conversations/hiding.py": "by keys that the service found and locked",
    "conversations/item_reads.py": "the history of a conversation that was found in reach",
    "conversations/relations.py": "around a conversation that was found in reach",
    "conversations/api/views.py": "the history of a conversation that was found in reach",
    "memories/erasure.py": "what cites turns of a conversation that was found in reach",
    "memories/scope_erasure.py": "turns and receipts of what was found in reach",
    "memories/portability/writing.py": "turns of the sessions that were selected in reach",
    "memories/ingest.py": "inside the tenant's transaction, by project and scope key",
    "memories/learning.py": "traces by key: of the caller's project, or the worker's, all tenants",
    "memories/diffs.py": "rows that the changes of a trace found in reach name",
    "memories/echoes.py": "recalls of the trace's principal, in scopes its conversation sees",
    "memories/promotion.py": "the lock on an observation that was found in reach",
    "memories/recall/receipts.py": "receipts past their days, of all tenants, by the worker",
    "memories/management/commands/seed_demo.py": "a command",
}


def test_every_unscoped_read_is_known():
    using = {
        str(path.relative_to(ROOT))
        for app in OURS
        for path in (ROOT / app).rglob("*.py")
        if ".unscoped" in path.read_text() and "migrations" not in path.parts
    }

    assert using <= set(UNSCOPED_ALLOWED), sorted(using - set(UNSCOPED_ALLOWED))


def test_the_scoped_manager_has_no_unscoped_read(db):
    with pytest.raises(RuntimeError, match="say for whom"):
        Conversation.objects.all()


def test_a_scope_inside_another_tenants_gives_back_role_and_tenant(two):
    own, other = two
    look = "SELECT current_user::text, current_setting('memsync.tenant_id')"
    with tenant_scope(own.tenant.pk):
        before = rows(look)
        with tenant_scope(other.tenant.pk):
            inside = rows(look)
        after = rows(look)

    assert before == after == [("memsync_runtime", str(own.tenant.pk))]
    assert inside == [("memsync_runtime", str(other.tenant.pk))]
