"""What the tools take. The descriptions are written for models, who read nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import GenerateJsonSchema

from conversations.models import MAX_CONTENT, Conversation
from memories.mcp.forgetting import MOST
from memories.models import Category

_NULL = {"type": "null"}
MAX_TAGS = 64
"""As in bodies; how many a scope may have is said by the scope's own rules."""


class _Untitled(GenerateJsonSchema):
    """Schemas without a title that repeats each field's name: a model would read it every time."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False


class Arguments(BaseModel):
    """What a tool takes; an unknown argument is an error, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @classmethod
    def as_schema(cls) -> dict[str, Any]:
        """The JSON schema, in one piece: some clients follow no references."""
        schema = cls.model_json_schema(schema_generator=_Untitled)
        named = {name: _nameless(inner) for name, inner in schema.pop("$defs", {}).items()}
        whole: dict[str, Any] = _whole(_nameless(schema), named)
        return whole


def _nameless(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the class's name and docstring, which are for us."""
    return {name: each for name, each in schema.items() if name not in {"title", "description"}}


def _whole(value: Any, named: dict[str, Any]) -> Any:
    """The schema with what it refers to in place of the references."""
    if isinstance(value, list):
        return [_whole(inner, named) for inner in value]
    if not isinstance(value, dict):
        return value
    if _NULL in value.get("anyOf", ()):  # null is as good as absent, and not worth a word
        [given] = [one for one in value["anyOf"] if one != _NULL]
        value = given | {name: value[name] for name in value.keys() & {"description"}}
    if "$ref" in value:
        beside = {name: each for name, each in value.items() if name != "$ref"}
        value = named[value["$ref"].rpartition("/")[2]] | beside
    return {name: _whole(inner, named) for name, inner in value.items()}


Scope = Annotated[
    list[str] | None,
    Field(
        max_length=MAX_TAGS,
        description='For whom: tags key=value, such as ["user=u_alice", "org=acme"]. Leave it out '
        "to use what this connection is bound to.",
    ),
]
SessionId = Annotated[UUID, Field(description="The id of a session, from list_sessions.")]
Query = Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"\S")]


class Remember(Arguments):
    """`remember`."""

    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_CONTENT,
            description="What is to be remembered, in the words in which it was said, best in the "
            'first person: "I moved to Leeds in May", "My sister Ana is a nurse", "Always '
            'answer in French". Several sentences are fine. What stands between <private> and '
            "</private> is not kept.",
        ),
    ]
    scope: Scope = None
    session_id: Annotated[
        UUID | None, Field(description="Add it to this session; without one a new one is made.")
    ] = None
    role: Annotated[
        Literal["user", "assistant"],
        Field(description='Who said it. Your own conclusions are "assistant": trusted less.'),
    ] = "user"


class Recall(Arguments):
    """`recall`."""

    query: Annotated[Query, Field(description="A question or words, as a person would ask.")]
    top_k: Annotated[int, Field(ge=1, le=50, description="How many results.")] = 10
    scope: Scope = None
    include: Annotated[
        list[Literal["memories", "turns"]],
        Field(
            min_length=1,
            max_length=2,
            description="memories: what was learnt; turns: what was said, word for word.",
        ),
    ] = ["memories", "turns"]
    categories: Annotated[
        list[Category] | None, Field(min_length=1, description="Only memories of these.")
    ] = None
    since: Annotated[AwareDatetime | None, Field(description="Said at or after.")] = None
    until: Annotated[AwareDatetime | None, Field(description="Said before.")] = None
    session_id: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=128,
            description='Any text that names this line of questions: a follow-up ("and where does '
            'she live?") is then read with the questions before it.',
        ),
    ] = None


class Context(Arguments):
    """`context`."""

    session_id: SessionId
    query: Annotated[
        Query | None, Field(description="What it is for; else what the user said last.")
    ] = None
    max_tokens: Annotated[int, Field(ge=1, le=100_000, description="The budget.")] = 4000


class ListSessions(Arguments):
    """`list_sessions`."""

    scope: Scope = None
    q: Annotated[
        str | None, Field(min_length=1, max_length=300, description="Words in the title.")
    ] = None
    status: Annotated[
        list[Conversation.Status] | None,
        Field(min_length=1, description="Without it all but archived ones."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str | None, Field(description="next_cursor of the page before.")] = None


class ReadSession(Arguments):
    """`read_session`."""

    session_id: SessionId
    since_seq: Annotated[
        int, Field(ge=0, lt=10**9, description="Only turns after this position.")
    ] = 0
    limit: Annotated[int, Field(ge=1, le=200, description="How many turns at most.")] = 50


class ForgetFilter(BaseModel):
    """Which memories: all that is given must hold."""

    model_config = ConfigDict(extra="forbid", strict=True)

    category: Category | None = None
    key: Annotated[str | None, Field(max_length=64, description="Such as employer.")] = None
    subject: Annotated[str | None, Field(max_length=300, description="user, or a name.")] = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None

    @model_validator(mode="after")
    def _says_something(self) -> ForgetFilter:
        if not self.model_dump(exclude_none=True):
            raise ValueError("give at least one condition")
        return self


class Forget(Arguments):
    """`forget`."""

    ids: Annotated[
        list[UUID] | None,
        Field(min_length=1, max_length=MOST, description="Ids of memories, from recall."),
    ] = None
    filter: Annotated[
        ForgetFilter | None, Field(description="Memories for which all of this holds.")
    ] = None
    query: Annotated[Query | None, Field(description="Memories with these words.")] = None
    scope: Scope = None
    mode: Annotated[
        Literal["retract", "erase"],
        Field(
            description="retract: no longer known, kept in the history. erase: the words go from "
            "everywhere, the turns that said them included, for good."
        ),
    ] = "retract"
    confirmation: Annotated[
        str | None,
        Field(
            max_length=300,
            description="From the call before, with the same arguments otherwise. Without it "
            "nothing is forgotten.",
        ),
    ] = None

    @model_validator(mode="after")
    def _one_way_of_choosing(self) -> Forget:
        if sum(way is not None for way in (self.ids, self.filter, self.query)) != 1:
            raise ValueError("give exactly one of ids, filter and query")
        return self
