"""`manage.py import_conversations`: every format, twice, and what it makes of branches."""

from __future__ import annotations

import json
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations.models import Conversation, Turn
from memories.importing import BadFile, read_conversations
from memories.models import Memory
from tests.factories import Space

CHAT = "6f9b2f7a-5a53-4d1c-9f0e-2f2f4c1f0001"


@pytest.fixture
def load(space: Space, tmp_path: Path):
    """Writes a document to a file and imports it."""

    def run(document: Any, *options: str) -> dict:
        path, out = tmp_path / "conversations.json", StringIO()
        path.write_text(json.dumps(document))
        where = ["--tenant", space.tenant.slug, "--project", "app", "--scope", "user=u_bob"]
        call_command(
            "import_conversations", str(path), *where, *options, "--json", stdout=out, stderr=out
        )
        return json.loads(out.getvalue().splitlines()[-1])

    return run


def turns(space: Space, session_id: str) -> list[dict]:
    return space.api().get(f"/sessions/{session_id}/turns")["data"]


def said(space: Space, session_id: str) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in turns(space, session_id)]


# ChatGPT


def node(name: str, parent: str | None, role: str = "user", *parts: Any, **fields: Any) -> dict:
    content = fields.pop("content", None) or {"content_type": "text", "parts": list(parts)}
    message = {
        "id": name,
        "author": {"role": role, "name": fields.pop("author", None), "metadata": {}},
        "create_time": fields.pop("at", 1_700_000_000.5),
        "content": content,
        "metadata": fields.pop("metadata", {}),
        "recipient": fields.pop("recipient", "all"),
    }
    return {"id": name, "parent": parent, "children": [], "message": message}


def chat(*nodes: dict, current: str | None = None, **fields: Any) -> dict:
    root = {"id": "root", "parent": None, "children": [], "message": None}
    mapping = {one["id"]: one for one in (root, *nodes)}
    return {
        "title": "Trip to Porto",
        "conversation_id": CHAT,
        "mapping": mapping,
        "current_node": current,
        "create_time": 1_700_000_000.0,
        **fields,
    }


PORTO = chat(
    node("sys", "root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
    node("q1", "sys", "user", "I live in Leeds. Where to in May?"),
    node("a1", "q1", "assistant", "Porto.", metadata={"model_slug": "gpt-5"}),
    node("q2", "a1", "user", "How warm is it?"),
    node("a2-old", "q2", "assistant", "Very."),
    node("a2", "q2", "assistant", "About 18 °C."),
    node("q2-edited", "a1", "user", "How wet is it?"),
    node("a3", "q2-edited", "assistant", "Not very."),
    node("a3-again", "q2-edited", "assistant", "A little."),
    current="a2",
)


def test_chatgpts_current_branch_is_the_conversation(space: Space, load):
    done = load([PORTO])
    session = space.api().get(f"/sessions/{CHAT}")

    assert (done["conversations"], done["forks"]) == (1, 3)
    assert (session["title"], session["metadata"]) == ("Trip to Porto", {"source": "chatgpt"})
    assert said(space, CHAT) == [
        ("user", "I live in Leeds. Where to in May?"),
        ("assistant", "Porto."),
        ("user", "How warm is it?"),
        ("assistant", "About 18 °C."),
    ]
    assert turns(space, CHAT)[1]["metadata"] == {"model": "gpt-5"}
    assert turns(space, CHAT)[0]["occurred_at"] == "2023-11-14T22:13:20.500000Z"


def test_chatgpts_other_branches_are_forks_after_what_they_share(space: Space, load):
    load([PORTO])
    tree = space.api().get(f"/sessions/{CHAT}/tree")["nodes"]
    histories = {
        said(space, one["id"])[-1][1]: (one["level"], one["fork_seq"], len(said(space, one["id"])))
        for one in tree
    }

    assert histories == {
        "About 18 °C.": (1, None, 4),
        "Very.": (2, 3, 4),
        "Not very.": (2, 2, 4),
        "A little.": (3, 3, 4),
    }


def test_a_message_of_several_branches_is_stored_once(load):
    done = load([PORTO])

    assert done["turns"] == Turn.unscoped.count() == 8


def test_what_is_learnt_from_a_chat_cites_its_turns(space: Space, load):
    load([PORTO])
    [home] = space.api().post("/state", {"scope": ["user=u_bob"]})["identity"]

    assert (home["key"], home["value"]) == ("home", "Leeds")


def test_a_second_import_adds_what_is_new_and_nothing_else(space: Space, load):
    load([PORTO])
    again = load([PORTO])
    longer = chat(*list(PORTO["mapping"].values())[1:], node("q4", "a2", "user", "Thanks!"))
    more = load([longer | {"current_node": "q4"}])

    assert (again["turns"], again["forks"]) == (0, 0)
    assert (more["turns"], more["forks"]) == (1, 0)
    assert said(space, CHAT)[-1] == ("user", "Thanks!")


def test_an_edited_first_question_is_a_conversation_of_its_own(space: Space, load):
    document = chat(
        node("q1", "root", "user", "Hello"),
        node("q1-edited", "root", "user", "Hello there"),
        current="q1",
    )
    done = load([document])
    other = Conversation.unscoped.exclude(uid=CHAT).get()

    assert (done["conversations"], done["turns"], done["forks"]) == (1, 2, 0)
    assert other.forked_from is None
    assert other.metadata["branch_of"] == CHAT


@pytest.mark.parametrize(
    ("message", "content", "parts"),
    [
        ({"content": {"content_type": "code", "text": "1 + 1"}}, "1 + 1", None),
        ({"content": {"content_type": "execution_output", "text": "2"}}, "2", None),
        (
            {
                "content": {
                    "content_type": "multimodal_text",
                    "parts": [
                        {"content_type": "image_asset_pointer", "asset_pointer": "file-1"},
                        "What is this?",
                    ],
                }
            },
            "What is this?",
            [
                {"type": "image_asset_pointer", "asset_pointer": "file-1"},
                {"type": "text", "text": "What is this?"},
            ],
        ),
        (
            {"content": {"content_type": "tether_quote", "text": "Quoted", "url": "u"}},
            "Quoted",
            [{"type": "tether_quote", "text": "Quoted", "url": "u"}],
        ),
    ],
)
def test_chatgpts_kinds_of_content(space: Space, load, message: dict, content: str, parts):
    load([chat(node("m", "root", "tool", author="python", **message), current="m")])
    [turn] = turns(space, CHAT)

    assert (turn["role"], turn["sender"], turn["content"]) == ("tool", "python", content)
    assert turn.get("parts") == ({"content": parts} if parts else None)


@pytest.mark.parametrize(
    "hidden",
    [
        node("m", "root", "assistant", ""),
        node("m", "root", "user", "x", metadata={"is_visually_hidden_from_conversation": True}),
        node("m", "root", "assistant", content={"content_type": "thoughts", "thoughts": ["x"]}),
        node("m", "root", content={"content_type": "user_editable_context", "user_profile": "x"}),
        {"id": "m", "parent": "root", "children": [], "message": None},
    ],
)
def test_what_chatgpt_does_not_show_is_left_out(load, hidden: dict):
    assert load([chat(hidden, current="m")])["turns"] == 0


def test_a_tool_call_of_an_assistant_says_to_whom(space: Space, load):
    load([chat(node("m", "root", "assistant", "print(1)", recipient="python"), current="m")])

    assert turns(space, CHAT)[0]["metadata"] == {"recipient": "python"}


def test_a_title_becomes_one_line_and_may_be_missing(space: Space, load):
    load([chat(node("m", "root", "user", "x"), current="m", title=" a\nb\u202ec ")])

    assert space.api().get(f"/sessions/{CHAT}")["title"] == "a b c"
    assert read_conversations([chat(current=None, title=None)])[0].title == ""


@pytest.mark.parametrize(
    "nodes", [[node("a", "b"), node("b", "a"), node("c", "a")], [node("a", "nowhere")]]
)
def test_parents_that_lead_nowhere_are_said_to(nodes: list[dict]):
    with pytest.raises(BadFile, match="lead nowhere"):
        read_conversations([chat(*nodes, current=nodes[-1]["id"])])


def test_a_long_chat_is_read_in_line():
    names = [f"n{n}" for n in range(3000)]
    nodes = [node(name, parent, "user", name) for parent, name in pairwise(["root", *names])]
    [one] = read_conversations([chat(*nodes, current=names[-1])])

    assert [message["content"] for message in one.messages] == names


# OpenAI's items

ITEMS = [
    {
        "id": "msg_1",
        "type": "message",
        "role": "user",
        "status": "completed",
        "content": [{"type": "input_text", "text": "I work at Acme Corp. Weather?"}],
    },
    {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
    {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "weather",
        "arguments": "{}",
    },
    {"id": "fo_1", "type": "function_call_output", "call_id": "call_1", "output": "sunny"},
    {
        "id": "msg_2",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Sunny.", "annotations": []}],
    },
    {"id": "msg_3", "type": "message", "role": "developer", "content": "Be brief."},
]
SHAPES = [
    {"object": "list", "data": ITEMS, "first_id": "msg_1", "has_more": False},
    ITEMS,
    {"id": "conv_1", "object": "conversation", "items": ITEMS},
    [{"id": "conv_1", "object": "conversation", "items": {"object": "list", "data": ITEMS}}],
]


@pytest.mark.parametrize("document", SHAPES)
def test_openais_items_are_turns(space: Space, load, document):
    done = load(document)
    session = str(Conversation.unscoped.get().uid)

    assert (done["conversations"], done["turns"]) == (1, 6)
    assert said(space, session) == [
        ("user", "I work at Acme Corp. Weather?"),
        ("assistant", ""),
        ("assistant", ""),
        ("tool", "sunny"),
        ("assistant", "Sunny."),
        ("system", "Be brief."),
    ]
    assert load(document)["turns"] == 0


def test_openais_tool_calls_become_chat_messages(space: Space, load):
    load(ITEMS)
    session = Conversation.unscoped.get().uid
    transcript = space.api().get(f"/sessions/{session}/transcript?format=openai").body
    messages = transcript if isinstance(transcript, list) else json.loads(transcript)

    function = {"name": "weather", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    assert messages[0] == {"role": "user", "content": ITEMS[0]["content"]}
    assert messages[1] == {"role": "assistant", "content": [ITEMS[1]]}
    assert messages[2] == {"role": "assistant", "content": None, "tool_calls": [call]}
    assert messages[3] == {"role": "tool", "content": "sunny", "tool_call_id": "call_1"}


def test_openais_conversation_keeps_its_metadata_and_time(space: Space, load):
    document = {
        "id": "conv_1",
        "object": "conversation",
        "created_at": 1_700_000_000,
        "metadata": {"topic": "demo"},
        "items": ITEMS,
    }
    load(document)
    row = Conversation.unscoped.get()

    assert row.metadata == {
        "topic": "demo",
        "source": "openai",
        "openai_conversation_id": "conv_1",
    }
    assert turns(space, str(row.uid))[0]["occurred_at"] == "2023-11-14T22:13:20Z"


# All


@pytest.mark.parametrize(
    "document",
    ["text", [1], {"surprise": 1}, [{"turns": [], "surprise": 1}], {"items": [{"no": "type"}]}],
)
def test_what_is_in_no_format_is_refused(load, document):
    with pytest.raises(CommandError):
        load(document)


SAID = {"content": {"parts": ["x"]}, "author": {"role": "user"}}
TALK = {"session_1": [{"text": "x"}], "session_1_date_time": "1:56 pm on 8 May, 2023"}


@pytest.mark.parametrize(
    "document",
    [
        {"mapping": {"a": {"message": SAID | {"metadata": [1]}}}},
        {"mapping": {"a": {"message": {"content": "x"}}}},
        {"mapping": {"a": {"message": SAID | {"author": "me"}}}},
        {"mapping": {"a": {"message": SAID | {"create_time": 1e18}}}},
        {"mapping": {"a": {"message": SAID | {"recipient": ["x"]}}}},
        {"mapping": {"a": {"message": SAID}}, "current_node": ["a"]},
        {"mapping": {"a": {"parent": ["a"]}}},
        {"mapping": {"a": {"parent": "b"}, "b": {"parent": "a"}}},
        {"items": [{"type": "message", "content": "x"}], "metadata": [1]},
        {"items": [{"type": "message", "content": "x"}], "created_at": 1e18},
        {"conversation": TALK | {"session_1": ["x"]}},
        {"conversation": TALK | {"session_1": 5}},
        {"conversation": {"session_1": [{}, {}], "session_1_date_time": "31 Dec 9999 23:59"}},
        {"conversation": {"session_" + "9" * 5000: []}},
        {"turns": [], "kind": {}},
        {"turns": [], "title": {}},
        {"turns": [], "metadata": [1]},
        {"turns": [], "members": 5},
        {"turns": [], "scope": 5},
    ],
)
def test_what_only_looks_like_a_format_is_refused(load, document):
    with pytest.raises(CommandError):
        load(document)


def test_a_bad_conversation_stops_before_those_ahead_of_it_are_stored(load):
    good = {"turns": [{"role": "user", "content": "x"}]}
    with pytest.raises(CommandError):
        load([good, {"turns": [{"role": "robot", "content": "y"}]}])

    assert not Conversation.unscoped.exists()


def test_private_words_of_a_title_are_not_stored(load):
    told = {"role": "user", "content": "x"}
    hidden = "a <private>hunter2</private> b"
    load([{"turns": [told], "title": hidden, "metadata": {"note": hidden}}])

    row = Conversation.unscoped.get()
    assert "hunter2" not in f"{row.title} {row.metadata}"


def test_a_message_the_api_would_refuse_stops_before_anything_is_stored(load):
    with pytest.raises(CommandError, match="turn 1"):
        load([{"turns": [{"role": "user", "content": "x"}, {"role": "robot", "content": "y"}]}])
    assert not Conversation.unscoped.exists()


def test_private_words_of_a_file_are_not_stored(load):
    load([chat(node("m", "root", "user", "a <private>hunter2</private> b"), current="m")])

    assert Turn.unscoped.get().content == "a  b"


def test_the_count_of_memories_is_that_of_the_rows_they_made(load: Any):
    told = ["I work at Acme Corp.", "I work at Acme Corp.", "Actually, I work at Globex now."]
    places = ["root", "m0", "m1"]
    said = [node(f"m{n}", places[n], "user", text) for n, text in enumerate(told)]
    done = load([chat(*said, current="m2")], "--scope", "user=u_alice")

    assert done["memories"] == Memory.unscoped.count() == 2
