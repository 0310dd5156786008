"""The test of the examples can fail: it sees what is wrong, and lets nothing escape."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from yaml import YAMLError

from tests.docs.blocks import Block, Unreadable, blocks_of, documents, name_of
from tests.docs.interpreters import Failed
from tests.docs.outputs import difference
from tests.docs.reader import Reader, check_form

Read = Callable[[list[Block]], None]

ID = "01a1f8f2-ccdf-7374-b964-135953beabe2"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Block]]:
    """The blocks of a document with this text."""
    monkeypatch.setattr("tests.docs.blocks.ROOT", tmp_path)

    def write(text: str) -> list[Block]:
        (tmp_path / "page.md").write_text(text)
        return blocks_of(tmp_path / "page.md")

    return write


@pytest.mark.parametrize(
    "text",
    [
        "Do\n\n    make run\n",
        "```\nmake run\n```\n",
        "```rust\nfn main() {}\n```\n",
        "```sh silently\nmake run\n```\n",
        "<!-- not run: no time -->\n```sh\nmake run\n```\n",
        "<!-- not run -->\n```sh\nmake run\n```\n",
        "<!-- not run: installs packages -->\n\nSomething else.\n\n```sh\nmake run\n```\n",
    ],
)
def test_nothing_escapes(write, text: str):
    with pytest.raises(Unreadable, match=r"page\.md:\d"):
        write(text)


def test_a_block_knows_its_place_its_language_and_its_reason(write):
    listed = "- one\n\n  ```json output\n  1\n  ```\n"
    run, output = write(f"<!-- not run: installs packages -->\n```sh\nmake\n```\n\n{listed}")

    assert run == Block("page.md", 3, "sh", False, "make\n", "installs packages")
    assert output == Block("page.md", 9, "json", True, "1\n", "")


@pytest.mark.parametrize(
    ("language", "text", "says"),
    [
        ("sh", "echo one\nfalse\necho two\n", "one"),
        ("sh", "echo $NOT_SET_ANYWHERE\n", "NOT_SET_ANYWHERE"),
        ("python", "x = 1\nassert x == 2\n", "AssertionError"),
        ("json", '{"a": …}\n', "Expecting value"),
        ("env", "MEMSYNC_MAGIC=1\n", "MEMSYNC_MAGIC"),
        ("ts", "console.log(1);\n", "names its file"),
    ],
)
def test_an_example_that_does_not_work_fails(tmp_path: Path, language: str, text: str, says: str):
    reader = Reader(tmp_path, os.environ)

    with pytest.raises((Failed, ValueError), match=says) as caught:
        reader.read([Block("page.md", 3, language, False, text, "")])
    assert caught.value.__notes__ == ["in page.md:3"]
    assert "two" not in str(caught.value)


@pytest.mark.parametrize(
    ("language", "text", "says"),
    [
        ("sh", "curl -s $MEMSYNC_URL/api/v1/-/sessions\n", "401"),
        ("sql", "SELECT 1;\nSELECT 1 / 0;\n", "division by zero"),
        ("http", "GET /api/v1/-/sessions/nowhere\n", "404"),
    ],
)
def test_an_example_that_the_server_refuses_fails(read: Read, language: str, text: str, says: str):
    with pytest.raises(Failed, match=says):
        read([Block("page.md", 3, language, False, text, "")])


@pytest.mark.parametrize(
    ("language", "text"), [("python", "def (:\n"), ("json", "{\n"), ("yaml", "a: [\n")]
)
def test_what_is_not_run_is_parsed(language: str, text: str):
    with pytest.raises((SyntaxError, ValueError, YAMLError)):
        check_form(Block("page.md", 1, language, False, text, "installs packages"))


def test_what_one_block_sets_the_next_one_has(read: Read):
    said = [
        ("sh", False, "name=Alice"),
        ("python", False, "name = 'Bob'"),
        ("sql", False, "SELECT 'Carol' AS name \\gset"),
        ("sh", False, 'echo "$name"'),
        ("text", True, "Alice"),
        ("python", False, "import asyncio\nprint(await asyncio.sleep(0, name))"),
        ("text", True, "Bob"),
        ("sql", False, "\\echo :name"),
        ("text", True, "Carol"),
    ]
    read([Block("page.md", 1, language, shows, f"{text}\n", "") for language, shows, text in said])


def test_a_refusal_must_be_shown_to_be_meant(read: Read):
    asked = Block("page.md", 1, "http", False, "GET /api/v1/-/sessions/nowhere\n", "")
    shown = Block("page.md", 2, "json", True, '{"status": 404, "code": "not_found"}', "")

    read([asked, shown])
    with pytest.raises(Failed, match="200"):
        read([Block("page.md", 1, "http", False, "GET /api/v1/-/sessions\n", ""), shown])


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"id": "0199aa00-0000-7000-8000-000000000001"}, {"id": ID}),
        ({"at": "2026-11-02T09:14:00Z"}, {"at": "2027-01-01T00:00:00.123456Z"}),
        ({"score": 0.5, "a": ["x", "…"]}, {"score": 0.7, "a": ["x", "y", "z"]}),
        ({"text": "She lives in …"}, {"text": "She lives in Leeds"}),
        ({"a": 1, "…": "…"}, {"a": 1}),
    ],
)
def test_stable_parts_agree(shown: object, came: object):
    assert difference("json", json.dumps(shown), json.dumps(came)) == ""


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"b": 1}),
        ({"a": None}, {"a": []}),
        ({"id": ID}, {"id": "nothing"}),
        ({"a": ["x"]}, {"a": ["x", "y"]}),
        ({"a": ["x", "…"]}, {"a": []}),
        ({"trust": 0.9}, {"trust": 0.8}),
        ([{"a": 1}], {"a": 1}),
    ],
)
def test_stable_parts_that_differ_are_seen(shown: object, came: object):
    assert "$" in difference("json", json.dumps(shown), json.dumps(came))


def test_outputs_as_text_agree_but_for_widths_ids_and_ellipses():
    assert difference("text", "a | …\n---+--\n", f" a   |  {ID}\n-----+-----\n") == ""
    assert difference("text", "a\nb\n", "a\nb\n\n") == ""
    assert "came" in difference("text", "a\nb\n", "a\n")


def test_the_last_of_several_values_is_the_output():
    assert difference("json", '{"b": 2}', '{"a": 1}{"b": 2}') == ""
    assert difference("json", '{"b": 2}', 'stored\n{"b": 2}\n') == ""
    assert "no JSON" in difference("json", '{"b": 2}', "stored\n")


def test_every_document_is_read():
    read = {name_of(document) for document in documents()}

    assert {"README.md", "client/README.md", "docs/api.md", "docs/guides/chat-app.md"} <= read
