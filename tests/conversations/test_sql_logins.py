"""Who may use the SQL interface, where, and within which scope."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.sql_logins import allow_sql_login
from conversations.models import Conversation
from tests.factories import Space
from tests.sql import LOGIN, add, contents, create, fork, login, refused, rows, use, value


def test_a_login_that_was_not_let_in_finds_no_project(allowed: Space, other_space: Space):
    with refused("There is no project"):
        use(other_space)
    with refused("There is no project"), login():
        rows("SELECT memsync.use_project('nowhere', 'app')")


def test_settings_made_by_hand_open_nothing(allowed: Space, other_space: Space):
    theirs = other_space.api().session("user=u_bob")["id"]
    for project, scope in (
        (other_space.project.pk, '{"user": "u_bob"}'),
        (allowed.project.pk, '{"Bad Key": "x"}'),
        (allowed.project.pk, '{"user": 7, "x": ["y"]}'),
        ("", ""),
    ):
        with refused("Say where you work|a tag is"), login():
            rows("SELECT set_config('memsync.sql_project', %s, false)", str(project))
            rows("SELECT set_config('memsync.sql_scope', %s, false)", scope)
            rows("SELECT set_config('memsync.tenant_id', %s, false)", str(other_space.tenant.pk))
            rows("SELECT memsync.get_session_messages(%s)", theirs)


def test_rows_of_other_tenants_projects_and_people_are_not_found(
    allowed: Space, other_space: Space
):
    strangers = [
        other_space.api().session("user=u_bob")["id"],
        allowed.api().session("user=u_eve")["id"],
    ]
    for session in strangers:
        for function in ("get_session_messages", "session_tree", "get_conversation_text"):
            with refused("Session not found"), login():
                rows(f"SELECT memsync.{function}(%s)", session)
        with refused("Session not found"):
            add(session, "user", "x")
        with refused("Session not found"):
            fork(session)


def test_a_login_reads_beyond_its_scope_what_contradicts_none_of_its_tags_but_writes_within(
    allowed: Space,
):
    shared = allowed.api().session("org=acme")["id"]

    assert contents(shared) == []
    with refused("may not write here"):
        add(shared, "user", "x")


def test_nothing_is_written_for_everybody(allowed: Space):
    use(allowed, "ARRAY[]::text[]")
    with refused("name a scope in use_project"):
        create()


def test_a_floor_bounds_the_login(allowed: Space):
    allow_sql_login(project=allowed.project, role_name=LOGIN, floor={"org": "acme"})
    with refused("Say where you work"):
        create()
    with refused("contradicts the floor"):
        use(allowed, "ARRAY['org=other']")
    use(allowed)

    assert Conversation.unscoped.get(uid=create()).scope == {"org": "acme", "user": "u_bob"}


@pytest.mark.parametrize(
    ("scope", "match"),
    [
        ("ARRAY['nonsense']", "a tag is key=value"),
        ("ARRAY['User=x']", "a tag is key=value"),
        ("ARRAY['user=']", "a tag is key=value"),
        ("ARRAY[NULL]", "a tag is key=value"),
        ("ARRAY['user=a','user=b']", "two values"),
        ("ARRAY['a=1','b=1','c=1','d=1','e=1','f=1','g=1','h=1','i=1']", "at most 8"),
    ],
)
def test_malformed_tags_are_refused(allowed: Space, scope: str, match: str):
    with refused(match):
        use(allowed, scope)


def test_the_value_of_a_tag_may_hold_an_equals_sign(allowed: Space):
    use(allowed, "ARRAY['user=a=b']")

    assert Conversation.unscoped.get(uid=create()).user.external_id == "a=b"


def test_the_first_write_makes_the_person_it_names_once(allowed: Space):
    assert not User.objects.filter(external_id="u_bob").exists()
    create()
    create()

    assert User.objects.filter(external_id="u_bob").count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM conversations_turn",
        "SELECT * FROM conversations_conversation",
        "SELECT * FROM accounts_sqllogin",
        "INSERT INTO accounts_sqllogin DEFAULT VALUES",
        "SELECT memsync.append(1, 'user', '', 'x', NULL, '{}', NULL)",
        "SELECT memsync.caller()",
        "SELECT memsync.enter()",
        "SELECT memsync.named_user(gen_random_uuid(), '{}')",
        "SELECT memsync_find_key('x')",
        "CREATE FUNCTION memsync.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET ROLE memsync_runtime",
    ],
)
def test_a_login_may_call_the_functions_and_nothing_else(allowed: Space, statement: str):
    with refused("permission denied"), login():
        rows(statement)


def test_the_tenant_is_not_left_set(allowed: Space):
    create()
    with login():
        assert value("SELECT current_setting('memsync.tenant_id', true)") in (None, "")


def test_is_local_ends_with_the_transaction(allowed: Space):
    with login():
        rows("SELECT memsync.use_project(%s, 'app', ARRAY['user=x'], true)", allowed.tenant.slug)
        setting = value("SELECT current_setting('memsync.sql_scope')")

    assert json.loads(setting) == {"user": "x"}


def test_the_owner_may_work_anywhere(space: Space):
    rows("SELECT memsync.use_project(%s, %s)", space.tenant.slug, str(space.project.pk))
    made = value("SELECT memsync.create_session('For everybody')")

    assert space.api().get(f"/sessions/{made}")["scope"] == []


# The command


def allow(*arguments: str) -> dict:
    out = StringIO()
    call_command("allow_sql_login", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_lets_a_login_in_and_out(space: Space):
    rows(f"CREATE ROLE {LOGIN} LOGIN")
    where = ("--tenant", space.tenant.slug, "--project", "app")

    assert allow(LOGIN, *where, "--floor", "user=u_bob") == {"role": LOGIN, "floor": ["user=u_bob"]}
    use(space)
    create()
    assert allow(LOGIN, *where, "--revoke") == {"role": LOGIN, "revoked": True}
    with refused("Say where you work"):
        create()


def test_the_command_names_a_role_that_does_not_exist(space: Space):
    with pytest.raises(CommandError, match="no role nobody"):
        allow("nobody", "--tenant", space.tenant.slug, "--project", "app")


def test_a_person_is_found_by_their_own_rows(allowed: Space):
    session = create()
    bob = allowed.api_of(allowed.make_user("u_bob"))

    assert bob.get(f"/sessions/{session}").status == 200
