"""What goes wrong: typed exceptions, and retries where they are safe."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from memsync_client import (
    APIError,
    AsyncMemsync,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidValue,
    Memsync,
    MemsyncError,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    Unauthenticated,
    ValidationError,
)
from memsync_client.models import Session
from memsync_client.requests import (
    LONGEST_PAUSE,
    LineReader,
    Request,
    get,
    nothing,
    page,
    pause_before_retry,
    result_of,
)
from memsync_client.transport import Settings
from tests.fakes.http import Asked, Given, serving

PROBLEM = {"code": "some_code", "detail": "Some detail.", "request_id": "r-1", "trace_id": "t-1"}
SESSION = {"id": "s-1", "title": "", "scope": []}


@contextmanager
def scripted(*given: Given) -> Iterator[tuple[Memsync, list[Asked]]]:
    """A client of a server that gives these answers, the last one again and again."""
    script = list(given)

    def answer(asked: Asked) -> Given:
        return script.pop(0) if len(script) > 1 else script[0]

    with serving(answer) as server, Memsync(server.url, "ms_key") as memsync:
        yield memsync, server.asked


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memsync_client.transport.time.sleep", lambda seconds: None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ValidationError),
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (413, ValidationError),
        (415, ValidationError),
        (418, APIError),
        (422, ValidationError),
        (429, RateLimited),
        (500, ServerError),
        (503, ServerError),
    ],
)
def test_each_status_has_its_exception(status, kind):
    wrong = {"field": "title", "code": "too_long", "detail": "Over 300."}
    given = Given({**PROBLEM, "errors": [wrong]}, status)
    with scripted(given) as (memsync, _), pytest.raises(kind) as raised:
        memsync.sessions.create(scope={"user": "alice"})

    error = raised.value
    assert type(error) is kind
    assert (error.status, error.code, error.detail) == (status, "some_code", "Some detail.")
    assert (error.request_id, error.trace_id) == ("r-1", "t-1")
    assert error.errors[0].field == "title"
    assert isinstance(error, MemsyncError)


def test_an_exception_passes_from_one_process_to_another():
    wrong = {"field": "title", "code": "too_long", "detail": "Over 300."}
    given = Given({**PROBLEM, "errors": [wrong]}, 400)
    with scripted(given) as (memsync, _), pytest.raises(ValidationError) as raised:
        memsync.sessions.list()
    passed = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - our own

    assert (type(passed), str(passed)) == (ValidationError, str(raised.value))
    assert vars(passed) == vars(raised.value)


def test_rate_limits_say_when_to_come_back_and_are_not_repeated():
    limited = Given(PROBLEM, 429, {"Retry-After": "7"})
    with scripted(limited) as (memsync, asked), pytest.raises(RateLimited) as raised:
        memsync.sessions.list()

    assert raised.value.retry_after == 7
    assert len(asked) == 1


@pytest.mark.parametrize("body", [None, "<html>", ["x"], {"unexpected": 1}, 7])
def test_another_server_at_the_url_is_said_to_be_none_of_memsync(body):
    says = "no answer of a MemSync server"
    for status in (200, 404):
        with (
            scripted(Given(body, status)) as (memsync, _),
            pytest.raises(APIError, match=says) as raised,
        ):
            memsync.sessions.list()
        assert raised.value.code == "unexpected_answer"


@pytest.mark.parametrize("body", [None, "<html>", ["x"], 7])
def test_what_is_no_object_is_no_answer_of_memsync(body):
    with scripted(Given(body)) as (memsync, _), pytest.raises(APIError) as raised:
        memsync.sessions.show("s-1")

    assert raised.value.code == "unexpected_answer"


def test_rows_that_are_no_objects_are_no_answer_of_memsync():
    with scripted(Given({"data": [1]})) as (memsync, _), pytest.raises(APIError) as raised:
        memsync.sessions.list()

    assert raised.value.code == "unexpected_answer"


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_nested_too_deep_to_read_is_none_of_memsync(status):
    answer = httpx.Response(status, content=b"[" * 100_000)

    with pytest.raises(APIError) as raised:
        result_of(get("/sessions", page(Session)), answer)

    assert raised.value.code == "unexpected_answer"


def test_a_problem_whose_errors_are_no_list_is_still_told():
    problem = {**PROBLEM, "errors": 7}
    with scripted(Given(problem, 400)) as (memsync, _), pytest.raises(ValidationError) as raised:
        memsync.sessions.list()

    assert (raised.value.code, raised.value.errors) == ("some_code", ())


def test_reads_are_repeated_when_the_server_fails():
    page = Given({"data": [SESSION], "next_cursor": None, "has_more": False})
    with scripted(Given(PROBLEM, 500), Given(PROBLEM, 503, {"Retry-After": "1"}), page) as (
        memsync,
        asked,
    ):
        assert memsync.sessions.list().data[0].id == "s-1"

    assert len(asked) == 3


def test_a_write_is_repeated_under_its_one_random_key():
    with scripted(Given(PROBLEM, 500), Given(SESSION, 201)) as (memsync, asked):
        memsync.sessions.create(title="one")
        memsync.sessions.create(title="two")

    keys = [each.headers["idempotency-key"] for each in asked]
    assert keys[0] == keys[1] != keys[2]


def test_a_write_that_is_still_running_is_asked_for_again():
    in_flight = Given({**PROBLEM, "code": "idempotency_in_flight"}, 409, {"Retry-After": "1"})
    with scripted(in_flight, Given(SESSION, 201)) as (memsync, asked):
        memsync.sessions.create(title="one")

    assert len(asked) == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda memsync: memsync.sessions.update("s-1", title="x"),
        lambda memsync: memsync.sessions.delete("s-1"),
        lambda memsync: memsync.keys.create(name="x", role="agent"),
        lambda memsync: memsync.auth.login(email="a@example.org", password="x"),
    ],
)
def test_writes_without_a_key_are_sent_once(call):
    with scripted(Given(PROBLEM, 503)) as (memsync, asked), pytest.raises(ServerError):
        call(memsync)

    assert len(asked) == 1


def test_refusals_are_not_repeated():
    with scripted(Given(PROBLEM, 404)) as (memsync, asked), pytest.raises(NotFound):
        memsync.sessions.show("s-1")

    assert len(asked) == 1


def test_a_long_retry_after_is_not_waited_for():
    read = Request("GET", "/", nothing, is_read=True)
    busy = httpx.Response(503, headers={"Retry-After": str(LONGEST_PAUSE + 1)})

    assert pause_before_retry(read, busy, 0) is None


def test_pauses_grow_and_are_bounded():
    read = Request("GET", "/", nothing, is_read=True)
    pauses = [pause_before_retry(read, httpx.ConnectError("x"), n) or 0 for n in (0, 3, 30)]

    assert 0 < pauses[0] <= 0.25 < pauses[1] <= 2
    assert pauses[2] <= LONGEST_PAUSE


def test_a_server_that_is_away():
    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:9"):
        Memsync("http://127.0.0.1:9", "ms_key").sessions.list()


def test_a_cut_connection():
    listener = socket.create_server(("127.0.0.1", 0))

    def cut() -> None:
        for _ in range(3):
            listener.accept()[0].close()

    threading.Thread(target=cut, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(ConnectionFailed), Memsync(url, "ms_key") as memsync:
        memsync.sessions.list()
    listener.close()


def test_a_server_that_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(Timeout), Memsync(url, "ms_key", timeout=0.1) as memsync:
            memsync.sessions.list()


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "ftp://x", "http://", "/x", "http:///x", "http://[", "http://h:99999"],
)
def test_a_url_that_is_none_is_refused_at_once(url):
    with pytest.raises(InvalidValue):
        Memsync(url)


@pytest.mark.parametrize(
    "key", ["clé", "ms_x\n", "ms_x\r\nX: y", "ms_x ", " ms_x", "ms x", "ms_x\t", " "]
)
def test_a_key_that_cannot_be_a_header_is_refused_at_once(key):
    with pytest.raises(InvalidValue) as refused:
        Memsync("http://127.0.0.1:9", key)
    with pytest.raises(InvalidValue):
        Memsync("http://127.0.0.1:9", "ms_key").set_api_key(key)

    assert key not in str(refused.value) or not key.strip()


@pytest.mark.parametrize("key", [None, ""])
def test_a_client_is_not_left_without_a_key(key):
    with pytest.raises(InvalidValue):
        Memsync("http://127.0.0.1:9", "ms_key").set_api_key(key)


def test_settings_are_shown_without_their_key():
    assert "SECRET" not in repr(Settings("http://127.0.0.1:9", "ms_SECRET"))


@pytest.mark.parametrize("kind", [httpx.LocalProtocolError, httpx.UnsupportedProtocol])
def test_what_cannot_be_sent_is_not_tried_again_and_not_repeated_in_words(kind):
    error = kind("Illegal header value b'Bearer ms_SECRET '")

    assert pause_before_retry(get("/x", nothing), error, 0) is None
    with pytest.raises(InvalidValue) as refused:
        result_of(get("/x", nothing), error)
    assert "SECRET" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_export_that_is_no_text_is_no_answer_of_memsync():
    answer = httpx.Response(200, headers={"Content-Type": "application/x-ndjson"})
    reader = LineReader(answer)
    assert reader.feed(b'{"type":"memsync"}\n') == ['{"type":"memsync"}']

    with pytest.raises(APIError, match="MemSync"):
        reader.feed(b"\xff\n")
    with pytest.raises(APIError, match="MemSync"):
        LineReader(answer).end()


def test_a_failed_connection_is_told_by_its_kind_and_host_alone():
    error = httpx.ReadError("ms_SECRET", request=httpx.Request("GET", "http://user:pw@h:1/x"))

    with pytest.raises(ConnectionFailed) as failed:
        result_of(get("/x", nothing), error)
    assert str(failed.value) == "No connection to h:1: ReadError"


@pytest.mark.parametrize(
    "call",
    [
        lambda memsync: memsync.facts.add("\ud800"),
        lambda memsync: memsync.sessions.list(q="\ud800"),
        lambda memsync: memsync.sessions.list(q="a" * 70_000),
        lambda memsync: memsync.sessions.create(metadata={"x": float("nan")}),
        lambda memsync: memsync.sessions.create(metadata={"x": object()}),
    ],
)
def test_what_cannot_be_sent_is_refused_before_any_request(call):
    with scripted(Given(SESSION)) as (memsync, asked), pytest.raises(InvalidValue):
        call(memsync)

    assert asked == []


async def _created(memsync: AsyncMemsync) -> None:
    async with memsync:
        await memsync.sessions.create(metadata={"x": float("nan")})


def test_what_cannot_be_sent_is_refused_when_awaited_too():
    with pytest.raises(InvalidValue):
        asyncio.run(_created(AsyncMemsync("http://127.0.0.1:9")))


@pytest.mark.parametrize("bad", ["", ".", ".."])
def test_ids_that_would_change_the_path_are_refused(bad):
    with pytest.raises(InvalidValue):
        Memsync("http://127.0.0.1:9").sessions.show(bad)


def test_ids_stay_one_segment_of_the_path():
    with scripted(Given(PROBLEM, 404)) as (memsync, asked), pytest.raises(NotFound):
        memsync.agent_sessions.show("a/../b?c")

    assert asked[0].path == "/api/v1/-/agent-sessions/a%2F..%2Fb%3Fc"


def test_wrong_keys_on_the_live_server(live_server: Any):
    with pytest.raises(Unauthenticated) as raised, Memsync(live_server.url, "ms_x_y") as memsync:
        memsync.sessions.list()

    assert raised.value.request_id
