"""The management commands, as an operator and as a script use them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands

from accounts.models import ApiKey, Tenant, User
from conversations.models import Conversation, Turn
from memories.models import Memory, Source
from tests.factories import PASSWORD, Api, Space

OURS = ("memsync", "accounts", "sessions_app", "conversations", "memories")


def run(*args: object) -> dict[str, Any]:
    """The last line of a command with --json."""
    out = StringIO()
    call_command(*map(str, args), "--json", stdout=out, stderr=StringIO())
    parsed: dict[str, Any] = json.loads(out.getvalue().strip().splitlines()[-1])
    return parsed


def test_a_tenant_comes_with_its_first_project(db):
    made = run("create_tenant", "acme", "--project", "app")

    assert made["slug"] == "acme"
    assert made["project"]["slug"] == "app"


@pytest.mark.parametrize("slug", ["", "Acme", "a b", "-", "x" * 65])
def test_a_bad_slug_makes_nothing(db, slug: str):
    with pytest.raises(CommandError):
        run("create_tenant", slug, "--project", "app")
    assert not Tenant.objects.exists()


def test_a_taken_tenant_is_one_clear_line(db):
    run("create_tenant", "acme")
    with pytest.raises(CommandError, match="acme exists"):
        run("create_tenant", "acme")


def test_a_bad_project_undoes_its_tenant(db):
    with pytest.raises(CommandError):
        run("create_tenant", "acme", "--project", "No Slug")
    assert not Tenant.objects.exists()


def test_a_key_works_at_once_and_its_secret_is_not_stored(space: Space):
    made = run(
        *("create_api_key", "--tenant", space.tenant.slug, "--project", "app", "--name", "bot"),
        *("--role", "agent", "--floor", "org=acme", "agent=support"),
    )
    me = Api({"API-KEY": made["key"]}, "app").call("GET", "/auth/me")
    row = ApiKey.objects.get(pk=made["id"])

    assert me["role"] == "agent"
    assert me["floor"] == ["agent=support", "org=acme"]
    secret = made["key"].removeprefix(f"ms_{row.prefix}_")
    assert len(secret) >= 40
    assert secret not in str(vars(row))


@pytest.mark.parametrize("floor", ["org", "Org=x", "org="])
def test_a_bad_floor_is_refused(space: Space, floor: str):
    with pytest.raises(CommandError):
        run(
            *("create_api_key", "--tenant", space.tenant.slug, "--project", "app"),
            *("--name", "bot", "--floor", floor),
        )


def test_a_user_claims_the_shadow_that_a_write_named(space: Space, api: Api):
    session = api.session("user=u_alice")
    made = run(
        *("create_user", "--tenant", space.tenant.slug, "--email", "Alice@Example.org"),
        *("--password", PASSWORD, "--external-id", "u_alice"),
    )
    user = User.objects.get(pk=made["id"])

    assert made["email"] == "alice@example.org"
    assert Conversation.unscoped.get(uid=session["id"]).user_id == user.pk
    assert space.api_of(user).get(f"/sessions/{session['id']}").status == 200


def test_a_claimed_external_id_and_a_taken_email_are_refused(space: Space):
    user = space.make_user("u_alice")
    for email, external_id in (("new@example.org", "u_alice"), (user.email, "u_other")):
        with pytest.raises(CommandError):
            run(
                *("create_user", "--tenant", space.tenant.slug, "--email", email),
                *("--password", PASSWORD, "--external-id", external_id),
            )


@pytest.mark.parametrize(
    ("email", "password"), [("nonsense", PASSWORD), ("a@example.org", "short")]
)
def test_a_bad_email_or_password_is_refused(space: Space, email: str, password: str):
    with pytest.raises(CommandError):
        run(
            *("create_user", "--tenant", space.tenant.slug, "--email", email),
            *("--password", password),
        )


def test_only_staff_may_have_no_tenant(db):
    with pytest.raises(CommandError):
        run("create_user", "--email", "a@example.org", "--password", PASSWORD)
    made = run("create_user", "--email", "a@example.org", "--password", PASSWORD, "--superuser")

    assert User.objects.get(pk=made["id"]).is_staff


def test_the_demo_is_made_once_and_shows_its_logins_again(db, settings, tmp_path: Path):
    settings.DATA_DIR = tmp_path
    first = run("seed_demo")
    turns = Turn.unscoped.count()
    second = run("seed_demo")

    assert first == second
    assert Turn.unscoped.count() == turns
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
    assert Memory.unscoped.filter(status="superseded", key="home").exists()


def test_lost_demo_logins_are_drawn_anew(db, settings, tmp_path: Path):
    settings.DATA_DIR = tmp_path
    first = run("seed_demo")
    (tmp_path / "demo.json").unlink()
    second = run("seed_demo")

    assert second["user_password"] != first["user_password"]
    assert Api({"API-KEY": second["api_key"]}, "-").get("/sessions").status == 200


def test_provenance_and_references_are_whole_after_the_main_job(space: Space, api: Api):
    api.post(
        "/facts/batch",
        {
            "messages": [{"role": "user", "content": "I work at Acme Corp."}],
            "scope": ["user=u_alice"],
        },
    )
    counts = run("verify_provenance")

    assert counts["sources"] >= 1
    assert counts["wrong_quotes"] == counts["memories_without_source"] == 0
    assert run("check_orphans") == {"orphans": 0}


@pytest.mark.django_db(transaction=True)
def test_a_quote_changed_behind_the_databases_back_is_found(space: Space, api: Api):
    from django.db import connection

    api.post(
        "/facts/batch",
        {
            "messages": [{"role": "user", "content": "I work at Acme Corp."}],
            "scope": ["user=u_alice"],
        },
    )
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Source.objects.update(quote="I never said this")
        cursor.execute("SET session_replication_role = origin")
    with pytest.raises(CommandError, match="provenance is broken"):
        run("verify_provenance")


def test_the_worker_prunes_old_idempotency_keys(space: Space, api: Api):
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import IdempotencyKey
    from accounts.tasks import prune_idempotency_keys

    for key in ("old", "new"):
        api.post("/sessions", {"scope": ["user=x"]}, Idempotency_Key=key)
    past = timezone.now() - timedelta(hours=25)
    IdempotencyKey.objects.filter(key="old").update(created_at=past)

    assert prune_idempotency_keys(0) == 1
    assert [row.key for row in IdempotencyKey.objects.all()] == ["new"]


def test_every_command_of_ours_is_tested():
    ours = {name for name, app in get_commands().items() if str(app) in OURS}
    tests = "\n".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    untested = {name for name in ours if f'"{name}"' not in tests and f" {name}" not in tests}

    assert untested == set()
