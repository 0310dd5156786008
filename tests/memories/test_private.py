"""What stands in `<private>` reaches no table, log, job, trace or model, by no way in."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import connection

from accounts.principals import of_command
from memories import services
from memories.extraction import RuleExtractor
from memories.extraction.types import Claim, ClaimKind
from memories.models import Memory, Trace
from memsync.common.logs import WordlessFormatter
from tests.factories import Api, Space, make_space
from tests.fakes.llm import fake_llm
from tests.memories.test_learning import LATER, run_jobs

HIDDEN = "I live in <private>Xanadu</private>Leeds. <PRIVATE>Xanadu <private>x</private> Xanadu"
SCOPE = ["user=u_alice"]
KEY = {"Idempotency_Key": "k"}


def everything() -> str:
    """The text of every row of every table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        tables = [row[0] for row in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [f"{table}: {row[0]}" for row in cursor.fetchall()]
    return "\n".join(rows)


def post_all_ways(api: Api, **headers: str) -> list[Any]:
    session = api.session("user=u_alice", title=HIDDEN, metadata={HIDDEN: [HIDDEN]})["id"]
    message = {
        "role": "user",
        "content": HIDDEN,
        "sender": HIDDEN,
        "client_id": HIDDEN,
        "metadata": {"note": HIDDEN},
        "parts": {"deep": [{HIDDEN: HIDDEN}]},
    }
    blocks = {"role": "user", "content": [{"type": "text", "text": HIDDEN}]}
    calls = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": {"arguments": HIDDEN}}],
    }
    every = [message, blocks, calls]
    return [
        api.post(f"/sessions/{session}/turns", {"messages": every}, **named("turns", headers)),
        api.post("/facts", {"text": HIDDEN, "scope": SCOPE}, **named("fact", headers)),
        api.post("/facts/batch", {"messages": every, "scope": SCOPE}, **named("b", headers)),
    ]


def named(key: str, headers: dict[str, str]) -> dict[str, str]:
    return headers | {"Idempotency_Key": key}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    formatter = WordlessFormatter()
    return lambda: "\n".join(formatter.format(record) for record in caplog.records)


@pytest.mark.parametrize("headers", [{}, LATER])
def test_it_reaches_no_row_and_no_log(api: Api, headers: dict, logged: Any):
    answers = post_all_ways(api, **headers)
    queued = everything()
    run_jobs()

    assert {answer.status for answer in answers} <= {200, 201, 202}
    assert "xanadu" not in queued.lower()
    assert "xanadu" not in everything().lower()
    assert "xanadu" not in str([answer.body for answer in answers]).lower()
    assert "xanadu" not in logged().lower()
    assert Memory.unscoped.filter(value="Leeds").exists()


def test_it_reaches_no_model(transactional_db: None, settings: Any):
    with fake_llm() as llm:
        settings.EXTRACTOR, settings.OPENAI_BASE_URL = "openai", llm.url
        post_all_ways(make_space().api())

        assert len(llm.bodies) >= 3
        assert "xanadu" not in str(llm.bodies).lower()
        assert "xanadu" not in everything().lower()


def test_not_even_its_digest_is_kept(api: Api):
    session = api.session()["id"]
    answers = [
        api.post(
            f"/sessions/{session}/turns",
            {"messages": [{"role": "user", "content": f"hi <private>{secret}</private>"}]},
            **KEY,
        )
        for secret in ("one", "two")
    ]

    assert answers[1].body == answers[0].body
    assert answers[1].headers["Idempotency-Replayed"] == "true"


def test_a_private_block_across_the_parts_of_a_long_fact_is_cut_out_whole(space: Space):
    """By the service itself, for callers that are no route."""
    text = "x " * 1900 + "<private>" + "Xanadu " * 900 + "</private> I live in Leeds."
    principal = of_command(space.project, "test")
    services.record_fact(principal=principal, text=text, scope={"user": "u_alice"})

    assert "xanadu" not in everything().lower()
    assert Memory.unscoped.get().value == "Leeds"


def test_a_private_block_may_open_in_one_part_and_close_in_another(api: Api):
    told = ["I live in <private>Xana", "du, in Xanadu", "or Xanadu</private>Leeds.", "Bye."]
    parts = [{"type": "text", "text": text} for text in told]
    parts.insert(1, {"type": "image_url", "image_url": {"url": "data:,"}})
    session = api.session("user=u_alice")["id"]
    message = {"role": "user", "content": parts}
    [turn] = api.post(f"/sessions/{session}/turns", {"messages": [message]})["turns"]

    assert "xana" not in everything().lower()
    assert [part.get("text") for part in turn["parts"]["content"] if "text" in part] == [
        "I live in ",
        "",
        "Leeds.",
        "Bye.",
    ]


def test_a_refused_row_reaches_no_log(api: Api, logged: Any, monkeypatch: pytest.MonkeyPatch):
    """PostgreSQL's message of a broken constraint holds the whole row."""

    def too_sure(self: Any, messages: Any, new_from: int = 0) -> list[Claim]:
        return [
            Claim(0, ClaimKind.STATE, "identity", "user", "home", "Xanadu", 0, 16, confidence=7.0)
        ]

    monkeypatch.setattr(RuleExtractor, "extract", too_sure)
    answer = api.say(api.session()["id"], "I live in Xanadu.")

    assert answer["diff"]["error"] == "extraction_failed"
    assert "IntegrityError" in logged()
    assert "xanadu" not in logged().lower()
    assert "Xanadu" not in str(Trace.unscoped.values())


def test_a_log_still_says_where_it_happened_and_what_the_machine_said(logged: Any):
    try:
        try:
            int("Xanadu")
        except ValueError as error:
            raise ConnectionError("port 5432 is closed") from error
    except ConnectionError:
        logging.getLogger("memsync.test").exception("it failed")

    text = logged()
    assert "builtins.ValueError\n" in text
    assert "builtins.ConnectionError: port 5432 is closed" in text
    assert "test_private.py" in text
    assert text.index("ValueError") < text.index("ConnectionError")
