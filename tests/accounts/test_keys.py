"""API keys: found by prefix, kept as HMAC, bounded by role, floor and expiry."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.keys import split_key
from accounts.models import ApiKey, AuditEvent
from accounts.services import revoke_api_key
from tests.factories import Answer, Api, Space, signed_in_client

pytestmark = pytest.mark.django_db
ADMIN = "/admin/accounts/apikey/"


def me(key: str, scheme: str = "") -> Answer:
    credential = {"Authorization": f"{scheme} {key}"} if scheme else {"API-KEY": key}
    return Api(credential, "-").call("GET", "/auth/me")


def key_row(text: str) -> ApiKey:
    parts = split_key(text)
    assert parts
    return ApiKey.objects.get(prefix=parts[0])


class TestAuthentication:
    def test_a_key_works_by_either_header(self, space: Space) -> None:
        for scheme in ("", "Bearer", "bearer"):
            assert me(space.key, scheme)["id"] == str(key_row(space.key).pk)

    def test_only_the_hmac_of_its_secret_is_stored(self, space: Space) -> None:
        row = key_row(space.key)
        assert len(row.secret_hash) == 64
        with connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(t::text, '') FROM accounts_apikey t")
            assert space.key[16:] not in cursor.fetchone()[0]
        assert space.key[16:] not in f"{row} {row!r}"

    @pytest.mark.parametrize(
        "change",
        [lambda key: key[:-1], lambda key: key + "A", lambda key: key[:-1] + "é",
         lambda key: key.replace("ms_", "mx_"), lambda key: key[:16] + "A" * 43,
         lambda key: "ms_" + "0" * 12 + key[15:], lambda key: "", lambda key: key.upper(),
         lambda key: key[:20] + "\t" + key[21:]],
    )  # fmt: skip
    def test_anything_else_is_401(self, space: Space, change: Any) -> None:
        answer = me(change(space.key))
        assert (answer.status, answer["code"]) == (401, "not_authenticated")

    def test_it_is_found_by_one_index_lookup(self, space: Space) -> None:
        for number in range(40):
            space.make_key("agent", f"n={number}")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN SELECT * FROM accounts_apikey WHERE prefix = 'x'")
            assert "Index Scan" in cursor.fetchall()[0][0]
        with CaptureQueriesContext(connection) as queries:
            me(space.key)
        assert len([q for q in queries if "memsync_find_key" in q["sql"]]) == 1

    def test_its_use_is_written_once_a_minute(self, space: Space) -> None:
        def writes() -> int:
            with CaptureQueriesContext(connection) as queries:
                assert me(space.key).status == 200
            return len([q for q in queries if "memsync_touch_key" in q["sql"]])

        assert [writes() for _ in range(5)] == [1, 0, 0, 0, 0]
        first = key_row(space.key).last_used_at
        ApiKey.objects.update(last_used_at=datetime.now(UTC) - timedelta(seconds=61))
        assert [writes() for _ in range(3)] == [1, 0, 0]
        assert first
        assert key_row(space.key).last_used_at > first  # type: ignore[operator]

    def test_revocation_works_at_once_and_for_ever(self, space: Space) -> None:
        key = space.make_key("agent", "org=a")
        assert me(key).status == 200
        revoke_api_key(actor=None, key=key_row(key))
        assert me(key).status == 401
        with pytest.raises(IntegrityError, match="stays so"), transaction.atomic():
            ApiKey.objects.update(revoked_at=None)

    @pytest.mark.parametrize(("seconds", "status"), [(60, 200), (-1, 401)])
    def test_it_ends_by_the_database_clock(self, space: Space, seconds: int, status: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE accounts_apikey SET expires_at = clock_timestamp() + %s * interval '1 s'",
                [seconds],
            )
        assert me(space.key).status == status

    def test_role_and_floor_never_change(self, space: Space) -> None:
        for change in ({"role": "supervisor"}, {"floor": {"org": "b"}}):
            with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
                ApiKey.objects.update(**change)

    def test_a_pepper_taken_away_ends_its_keys(self, space: Space, settings: Any) -> None:
        settings.TOKEN_PEPPERS = {**settings.TOKEN_PEPPERS, 9: "p" * 48}
        assert me(space.key).status == 200
        settings.TOKEN_PEPPERS = {9: "p" * 48}
        assert me(space.key).status == 401


class TestRoutes:
    def test_a_key_is_made_and_shown_once(self, api: Api) -> None:
        body = {"name": "Bot", "role": "agent", "floor": ["user=u_1", "org=acme"]}
        made = api.post("/keys", body)
        assert made.status == 201
        assert (made["name"], made["role"]) == ("Bot", "agent")
        assert made["floor"] == ["org=acme", "user=u_1"]
        assert me(made["key"])["floor"] == ["org=acme", "user=u_1"]
        listed = api.get("/keys")
        assert made["key"] not in json.dumps(listed.body)
        assert made["key"][16:] not in json.dumps(listed.body)
        shown = {name: value for name, value in made.body.items() if name != "key"}
        assert shown in [row | {"last_used_at": None} for row in listed["data"]]
        assert "secret_hash" not in listed["data"][0]

    def test_an_idempotency_key_does_not_keep_the_text(self, api: Api) -> None:
        body = {"name": "Bot", "role": "agent", "floor": ["org=acme"]}
        keys = {api.post("/keys", body, Idempotency_Key="once")["key"] for _ in range(2)}
        assert len(keys) == 2

    def test_an_expiry_is_kept_and_lies_ahead(self, api: Api) -> None:
        body = {"name": "Bot", "role": "agent"}
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        assert api.post("/keys", body | {"expires_at": tomorrow})["expires_at"]
        for odd in ("2020-01-01T00:00:00Z", "soon", 5):
            assert api.post("/keys", body | {"expires_at": odd}).status == 400

    @pytest.mark.parametrize(
        "change",
        [{"name": ""}, {"name": "x" * 101}, {"name": 5}, {"role": "root"}, {"role": None},
         {"floor": "org=a"}, {"floor": ["org"]}, {"floor": ["a=1", "a=2"]}, {"floor": [5]},
         {"floor": [f"k{n}=v" for n in range(9)]}, {"prefix": "mine"}, {"tenant": "x"}],
        ids=str,
    )  # fmt: skip
    def test_a_malformed_key_is_a_bad_request(self, api: Api, change: dict[str, Any]) -> None:
        assert api.post("/keys", {"name": "Bot", "role": "agent"} | change).status == 400

    def test_revoking_ends_it_at_once(self, api: Api) -> None:
        made = api.post("/keys", {"name": "Bot", "role": "agent", "floor": ["org=a"]})
        for _ in range(2):
            assert api.call("DELETE", f"/api/v1/app/keys/{made['id']}").status == 204
        assert me(made["key"]).status == 401
        assert AuditEvent.objects.filter(action="key.revoked").count() == 1
        listed = {row["id"]: row["revoked_at"] for row in api.get("/keys")["data"]}
        assert listed[made["id"]]

    @pytest.mark.parametrize("role", ["agent", "supervisor", "user"])
    def test_only_management_may(self, space: Space, role: str) -> None:
        if role == "user":
            caller = space.api_of(space.make_user())
        else:
            caller = space.api(space.make_key(role, "org=a"))
        wanted = key_row(space.key).pk
        assert caller.get("/keys").status == 403
        assert caller.post("/keys", {}).status == 403
        assert caller.call("DELETE", f"/api/v1/app/keys/{wanted}").status == 403
        assert me(space.key).status == 200

    def test_a_bound_management_key_makes_no_key_beyond_its_floor(self, space: Space) -> None:
        free = key_row(space.key)
        bound = space.api(space.make_key("management", "org=acme"))
        body = {"name": "Bot", "role": "management"}
        made = bound.post("/keys", body)
        assert made["floor"] == ["org=acme"]
        assert bound.post("/keys", body | {"floor": ["org=other"]}).status == 403
        assert str(free.pk) not in [row["id"] for row in bound.get("/keys")["data"]]
        assert bound.call("DELETE", f"/api/v1/app/keys/{free.pk}").status == 404

    def test_keys_of_others_are_not_there(self, api: Api, other_space: Space) -> None:
        theirs = key_row(other_space.key).pk
        assert api.call("DELETE", f"/api/v1/app/keys/{theirs}").status == 404
        assert api.call("DELETE", "/api/v1/app/keys/odd").status == 404
        assert api.call("GET", f"/api/v1/{other_space.project.pk}/keys").status == 404
        assert len(api.get("/keys")["data"]) == 1

    def test_the_list_has_pages_of_a_bounded_number_of_queries(self, space: Space) -> None:
        for number in range(5):
            space.make_key("agent", f"n={number}")
        api, names, cursor = space.api(), [], ""
        while cursor is not None:
            page = api.get(f"/keys?limit=2&cursor={cursor}" if cursor else "/keys?limit=2")
            names += [row["floor"] for row in page["data"]]
            cursor = page["next_cursor"]
        assert names == [[f"n={n}"] for n in (4, 3, 2, 1, 0)] + [[]]
        assert api.get("/keys?role=agent").status == 400


class TestCommands:
    def test_made_and_revoked_by_command(self, space: Space) -> None:
        out = StringIO()
        call_command(
            "create_api_key", "--tenant", space.tenant.slug, "--project", "app", "--name", "cli",
            "--floor", "org=a", "--json", stdout=out,
        )  # fmt: skip
        text = json.loads(out.getvalue())["key"]
        assert me(text)["floor"] == ["org=a"]
        call_command("revoke_api_key", text.split("_")[1], stdout=StringIO())
        assert me(text).status == 401
        with pytest.raises(CommandError, match="no key"):
            call_command("revoke_api_key", "nonsense")


class TestAdmin:
    @pytest.fixture
    def desk(self, space: Space) -> Client:
        return signed_in_client(space.make_user("u_boss", is_staff=True))

    def test_a_key_is_shown_on_the_page_after_its_making_and_never_again(
        self, desk: Client, space: Space
    ) -> None:
        form = {"project": str(space.project.pk), "name": "Bot", "role": "agent", "floor": "org=a"}
        page = desk.post(f"{ADMIN}add/", form)
        assert page.status_code == 200
        assert "no-store" in page.headers["Cache-Control"]
        html = page.content.decode()
        row = ApiKey.objects.get(name="Bot")
        text = html[html.index(f"ms_{row.prefix}_") :][: len(space.key)]
        assert me(text)["floor"] == ["org=a"]
        for path in (ADMIN, f"{ADMIN}{row.pk}/change/", "/admin/"):
            shown = desk.get(path).content.decode()
            assert text not in shown
            assert row.secret_hash not in shown
        assert row.created_by.startswith("u_boss")

    def test_revoking_asks_first(self, desk: Client, space: Space) -> None:
        key = space.make_key("agent", "org=a")
        chosen = {"action": "revoke", "_selected_action": str(key_row(key).pk)}
        assert "Are you sure?" in desk.post(ADMIN, chosen).content.decode()
        assert me(key).status == 200
        desk.post(ADMIN, chosen | {"confirmed": "yes"})
        assert me(key).status == 401
        assert AuditEvent.objects.get(action="key.revoked").actor_kind == "staff"

    @pytest.mark.parametrize(
        "change",
        [{"floor": "org"}, {"name": ""}, {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}],
    )
    def test_a_malformed_key_is_not_made(
        self, desk: Client, space: Space, change: dict[str, str]
    ) -> None:
        form = {"project": str(space.project.pk), "name": "Bot", "role": "agent"} | change
        assert "errornote" in desk.post(f"{ADMIN}add/", form).content.decode()
        assert not ApiKey.objects.filter(name="Bot").exists()

    def test_staff_makes_keys_of_its_own_tenant_only(
        self, desk: Client, other_space: Space
    ) -> None:
        form = {"project": str(other_space.project.pk), "name": "Bot", "role": "agent"}
        desk.post(f"{ADMIN}add/", form)
        assert not ApiKey.objects.filter(name="Bot").exists()
        assert len(desk.get(ADMIN).context["cl"].result_list) == 1

    def test_the_list_takes_the_same_queries_for_any_number_of_keys(
        self, desk: Client, space: Space
    ) -> None:
        counts = []
        desk.get(ADMIN)
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                desk.get(ADMIN)
            counts.append(len(queries))
            for number in range(5):
                space.make_key("agent", f"n={number}")
        assert counts[0] == counts[1]

    def test_nobody_finds_a_key_by_its_secret(self, desk: Client, space: Space) -> None:
        row = key_row(space.key)
        for query in (space.key[16:], row.secret_hash, row.secret_hash[:20]):
            assert not desk.get(ADMIN, {"q": query}).context["cl"].result_list
        assert desk.get(ADMIN, {"q": row.prefix}).context["cl"].result_list
