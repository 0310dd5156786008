"""What is wrong with a request is said clearly, and nothing is stored."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from conversations.models import Conversation, Turn
from memories.models import Memory, Trace
from tests.factories import Api, anonymous

BATCH = "/facts/batch"
HELLO = {"role": "user", "content": "hello"}


def stored() -> tuple[int, ...]:
    return tuple(m.unscoped.count() for m in (Conversation, Turn, Memory, Trace))


def refused(answer, status: int, code: str | None = None) -> None:
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(answer.body)
    assert answer["status"] == status
    if code:
        assert answer["code"] == code
    assert stored() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"messages": NaN}',
        b'{"messages": 1e999}',
        b'{"messages": [], "messages": []}',
        b'{"messages": "\xff"}',
        b'{"n": ' + b"9" * 400 + b"}",
        b"[" * 100_000,
        "\ufeff{}".encode(),
    ],
    ids=["cut", "nan", "infinite", "duplicate", "latin", "huge number", "deep", "bom"],
)
def test_malformed_json_is_a_400(api: Api, body: bytes):
    refused(api.call("POST", "/api/v1/app/facts/batch", body), 400, "malformed_json")


@pytest.mark.parametrize(
    ("text", "code"), [('"\\u0000"', "unstorable_text"), ('"\\ud800"', "unstorable_text")]
)
def test_text_that_cannot_be_stored_is_a_400(api: Api, text: str, code: str):
    body = f'{{"messages": [{{"role": "user", "content": {text}}}], "scope": ["user=x"]}}'
    refused(api.call("POST", "/api/v1/app/facts/batch", body.encode()), 400, code)


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([], "messages"),
        ("hello", "messages"),
        ([{"role": "robot", "content": "x"}], "messages.0.role"),
        ([{"role": "user"}], "messages.0.content"),
        ([{"content": "x"}], "messages.0.role"),
        ([{"role": "user", "content": 7}], "messages.0.content"),
        ([{"role": "user", "content": [1]}], "messages.0.content"),
        ([{"role": "user", "content": "x", "tenant_id": "t"}], "messages.0.tenant_id"),
        ([{"role": "user", "content": "x", "metadata": []}], "messages.0.metadata"),
        ([{"role": "user", "content": "x", "parent_id": "1"}], "messages.0.parent_id"),
        ([{"role": "user", "content": "x" * 1_000_001}], "messages.0.content"),
        ([HELLO] * 1001, "messages"),
    ],
)
def test_bad_messages_are_a_400_that_names_the_field(api: Api, messages, field: str):
    answer = api.post(BATCH, {"messages": messages, "scope": ["user=x"]})

    refused(answer, 400)
    assert field in [error["field"] for error in answer["errors"]]


@pytest.mark.parametrize("extra", [{"tenant_id": "x"}, {"user": "x"}, {"Scope": []}])
def test_unknown_fields_are_a_400(api: Api, extra):
    answer = api.post(BATCH, {"messages": [HELLO], "scope": ["user=x"], **extra})

    refused(answer, 400)
    assert answer["errors"][0]["code"] == "unknown_field"


@pytest.mark.parametrize(
    "scope",
    [
        ["user"],
        ["=x"],
        ["User=x"],
        ["user="],
        ["user=x", "user=y"],
        ["user=a\nb"],
        [f"k{n}=v" for n in range(9)],
        ["user=" + "x" * 129],
        [1],
        "user=x",
    ],
)
def test_bad_scopes_are_a_400(api: Api, scope):
    refused(api.post(BATCH, {"messages": [HELLO], "scope": scope}), 400)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_another_content_type_is_a_415(api: Api, content_type: str):
    from django.test import Client

    response = Client().generic(
        "POST",
        "/api/v1/app/facts/batch",
        data=json.dumps({"messages": [HELLO]}),
        content_type=content_type,
        headers=api.credential,
    )
    assert response.status_code == 415
    assert stored() == (0, 0, 0, 0)


def test_a_charset_other_than_utf8_is_a_415(api: Api):
    from django.test import Client

    response = Client().generic(
        "POST",
        "/api/v1/app/facts/batch",
        data="{}",
        content_type="application/json; charset=utf-16",
        headers=api.credential,
    )
    assert response.status_code == 415


def test_a_body_over_8_mib_is_a_413(api: Api):
    refused(api.call("POST", "/api/v1/app/facts/batch", b" " * (8 * 1024 * 1024 + 1)), 413)


def test_deep_metadata_is_a_400(api: Api):
    deep: dict = {}
    for _ in range(33):
        deep = {"a": deep}
    refused(api.post("/sessions", {"scope": ["user=x"], "metadata": deep}), 400)


def test_two_credentials_are_a_400_before_anything_else(api: Api):
    both = Api({**api.credential, "Authorization": "Bearer x"}, "nowhere")
    refused(both.post(BATCH, {"messages": [HELLO]}), 400, "two_credentials")


@pytest.mark.parametrize(
    "credential",
    [
        {"API-KEY": "ms_000000000000_" + "x" * 43},
        {"API-KEY": "nonsense"},
        {"API-KEY": ""},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic dTpw"},
        {},
    ],
)
def test_bad_credentials_are_a_401_before_the_body_is_judged(db, credential):
    answer = Api(credential, "app").post(BATCH, {"messages": "not even a list"})

    refused(answer, 401)
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_malformed_json_comes_before_missing_credentials(db):
    refused(anonymous().call("POST", "/api/v1/app/facts/batch", b"{"), 400, "malformed_json")


def test_an_unknown_context_is_a_404_before_the_body_is_judged(api: Api):
    refused(Api(api.credential, "nowhere").post(BATCH, {"messages": 1}), 404, "not_found")


@pytest.mark.parametrize("path", ["/nowhere", "/sessions/1", "/sessions/%00", "/sessions/x/turns"])
def test_unknown_paths_and_odd_ids_are_a_404(api: Api, path: str):
    refused(api.get(path), 404)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=-1", "limit=١", "cursor=x", "order=up", "q%00=1",
     "scope=x", "unknown=1", "limit=99999999999999999999"],
)  # fmt: skip
def test_odd_list_parameters_are_a_400(api: Api, query: str):
    refused(api.get(f"/sessions?{query}"), 400)


def test_a_cursor_of_another_list_is_a_400(api: Api):
    for n in range(2):
        api.session("user=x", title=str(n))
    cursor = api.get("/sessions?limit=1")["next_cursor"]

    assert api.get(f"/sessions?limit=1&cursor={cursor}").status == 200
    assert api.get(f"/memories?limit=1&cursor={cursor}").status == 400
    assert api.get(f"/sessions?limit=1&order=asc&cursor={cursor}").status == 400
    assert api.get(f"/sessions?limit=1&scope=user%3Dx&cursor={cursor}").status == 400


def test_a_method_that_a_route_lacks_is_a_405(api: Api):
    refused(api.call("DELETE", "/api/v1/app/facts/batch"), 405)


@pytest.mark.parametrize(
    "query", ["!&|():*<->", "'", '"unbalanced', "the of and", "\\", "a" * 90_000]
)
def test_operators_in_a_question_are_words_like_any_other(api: Api, query: str):
    api.post(BATCH, {"messages": [HELLO], "scope": ["user=x"]})
    answer = api.call("POST", "/memory/query", {"query": query, "scope": ["user=x"]})

    assert answer.status == 200


def test_a_question_without_words_is_a_400(api: Api):
    answer = api.call("POST", "/memory/query", {"query": ""})

    refused(answer, 400)


def test_a_message_longer_than_the_index_takes_is_stored_whole(api: Api):
    text = " ".join(f"word{n}" for n in range(90_000))
    answer = api.post(BATCH, {"messages": [{"role": "user", "content": text}], "scope": ["user=x"]})

    assert answer.status == 200
    turns = api.get(f"/sessions/{answer['session_id']}/turns")
    assert turns["data"][0]["content"] == text


def test_the_test_database_is_real_postgresql(db):
    assert connection.vendor == "postgresql"
