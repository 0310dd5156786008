"""A person with a conversation worth reading, and staff who may look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Turn
from memories.models import Memory, Trace
from tests.factories import Api, Space

HOSTILE = '<script>alert("x")</script><img src=x onerror="alert(1)"> {{ 7|add:7 }}'
STORY = [
    {"role": "user", "content": "Hi! My name is Alice and I work at Acme Corp."},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": HOSTILE, "arguments": HOSTILE}}
        ],
    },
    {"role": "tool", "content": '{"city": "Leeds"}', "tool_call_id": "c1"},
    {"role": "user", "content": f"I live in Leeds.\n\n{HOSTILE}"},
    {"role": "assistant", "content": "Noted.", "sender": HOSTILE[:60]},
]


@dataclass(frozen=True)
class Told:
    """Alice, her conversation, and her browser."""

    space: Space
    api: Api
    alice: User
    browser: Client
    conversation: str

    @property
    def url(self) -> str:
        """Her transcript."""
        return f"/conversations/{self.conversation}/"

    def page(self, url: str) -> str:
        """The text of a page of hers that must be there."""
        response = self.browser.get(url)
        assert response.status_code == 200, response.status_code
        return response.content.decode()


@pytest.fixture
def told(space: Space, api: Api, page_client: Callable[[User], Client]) -> Told:
    """Alice has told her story, hostile text included."""
    alice = space.make_user("u_alice", role="user")
    told = tell(api, "A parcel that went to Leeds")
    return Told(space, api, alice, page_client(alice), told["session_id"])


def tell(api: Api, title: str = "", user: str = "u_alice", messages: Any = None) -> Any:
    """A conversation of a user, with what is learnt from it."""
    made = api.session(f"user={user}", title=title)
    body = {"session_id": made["id"], "messages": messages or STORY}
    answer = api.post("/facts/batch", body)
    assert answer.status == 200, answer
    return answer.body


def recalled(told: Told, query: str = "Where does Alice work?") -> Trace:
    """The receipt of a recall that returned all of Alice's memories and turns."""
    mine = {"tenant": told.space.tenant, "user": told.alice}
    found = [("memory", row) for row in Memory.unscoped.filter(**mine).order_by("serial")]
    found += [("turn", row) for row in Turn.unscoped.filter(**mine).order_by("serial")]
    return Trace.unscoped.create(
        kind=Trace.Kind.RECALL,
        project=told.space.project,
        scope={"user": "u_alice"},
        query=query,
        latency_ms=1.5,
        returned=[
            {"type": kind, "id": str(row.uid), "rank": rank, "score": 1 / rank}
            for rank, (kind, row) in enumerate(found, start=1)
        ],
        **mine,
    )


@pytest.fixture
def staff(space: Space, page_client: Callable[[User], Client]) -> Client:
    """The browser of a staff member of the tenant."""
    return page_client(space.make_user("s_nora", is_staff=True))


@pytest.fixture
def root(db: None, page_client: Callable[[User], Client]) -> Client:
    """The browser of a superuser without a tenant."""
    from accounts import services
    from tests.factories import PASSWORD

    user = services.create_user(
        actor=None, tenant=None, email="root@example.org", password=PASSWORD, is_superuser=True
    )
    return page_client(user)
