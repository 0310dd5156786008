"""Transcripts in every format, long and short, of forks and with tools."""

from __future__ import annotations

import json
import threading

import pytest

from conversations.models import Conversation
from conversations.transcripts import FORMS, write_transcript
from memsync.common.tenancy import current_tenant, tenant_scope
from tests.factories import Api, Space

TOOLS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Where?"}], "name": "alice"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "find", "arguments": '{"what": "parcel"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": '{"at": "depot ```"}'},
    {"role": "assistant", "content": "At the depot."},
]


@pytest.fixture
def parcel(api: Api) -> str:
    session = api.session(title="Parcel")["id"]
    said = [dict(message) for message in TOOLS]
    body = {"messages": [*said, {"role": "user", "sender": "Ann", "content": "Ok"}]}
    assert api.post(f"/sessions/{session}/turns", body | {"extract": False}).status == 201
    return session


def written(api: Api, session: str, form: str) -> str:
    answer = api.get(f"/sessions/{session}/transcript?format={form}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == FORMS[form].content_type
    return answer.body.decode() if isinstance(answer.body, bytes) else answer.body


def test_json_has_speaker_message_fork_info_and_times(api, parcel):
    fork = api.post(f"/sessions/{parcel}/fork", {"seq": 1, "title": "Other"})["id"]
    api.say(fork, "Hello", extract=False)
    shown = written(api, fork, "json")

    assert (shown["session_id"], shown["title"]) == (fork, "Other")
    assert [(r["seq"], r["speaker"], r["message"], r["fork_info"]) for r in shown["data"]] == [
        (1, "system", "Be brief.", "(from: Parcel → Other)"),
        (2, "user", "Hello", ""),
    ]
    assert [row["session_id"] for row in shown["data"]] == [parcel, fork]
    assert all(row["created_at"] for row in shown["data"])
    assert api.get(f"/sessions/{fork}/transcript").body == shown


def test_openai_is_the_messages_as_they_were_sent(api, parcel):
    assert written(api, parcel, "openai") == [*TOOLS, {"role": "user", "content": "Ok"}]


def test_text_is_a_line_per_turn_with_tools_below(api, parcel):
    text = written(api, parcel, "text")

    assert text.startswith("system: Be brief.\nalice: Where?\nassistant: ")
    assert "[Tool call: find]" in text
    assert text.endswith("assistant: At the depot.\nAnn: Ok\n")


def test_markdown_has_a_heading_per_turn_and_fences_that_hold(api, parcel):
    text = written(api, parcel, "markdown")

    assert text.startswith("# Parcel\n\n### system · ")
    assert text.count("\n### ") == 6
    assert '"what": "parcel"' in text


def test_a_redacted_turn_says_so(api, parcel):
    turn = api.get(f"/sessions/{parcel}/turns")["data"][4]["id"]
    api.delete(f"/sessions/{parcel}/turns/{turn}")

    assert "assistant: [redacted]" in written(api, parcel, "text")
    assert written(api, parcel, "openai")[4] == {"role": "assistant", "content": ""}


@pytest.mark.parametrize("form", ["xml", "", "JSON"])
def test_an_unknown_format_is_refused(api, parcel, form):
    assert api.get(f"/sessions/{parcel}/transcript?format={form}").status == 400


def test_an_empty_session_has_an_empty_transcript(api):
    session = api.session()["id"]

    assert written(api, session, "openai") == []
    assert written(api, session, "json")["data"] == []
    assert written(api, session, "text") == ""


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_long_transcript_is_streamed_whole(space: Space, api, form):
    session = api.session(title="Long")["id"]
    for start in range(0, 1200, 100):
        texts = [f"turn {number}" for number in range(start, start + 100)]
        api.say(session, *texts, extract=False)
    whole = written(api, session, form)
    text = whole if isinstance(whole, str) else json.dumps(whole)

    assert [text.count(f'turn {n}"') or text.count(f"turn {n}\n") for n in (0, 499, 500, 1199)] == [
        1,
        1,
        1,
        1,
    ]


def test_a_reader_who_pauses_holds_no_transaction_and_no_tenant(space: Space, api, parcel):
    with tenant_scope(space.tenant.pk):
        row = Conversation.unscoped.get(uid=parcel)
    lines = write_transcript(row, FORMS["text"])
    seen = []
    for piece in lines:
        seen.append(piece)
        assert current_tenant() is None

    assert "".join(seen) == written(api, parcel, "text")
    assert threading.current_thread() is threading.main_thread()
