"""ChatGPT's data export (`conversations.json`): each conversation is a tree of messages.

`mapping` holds the nodes with `parent` and `children`; `current_node` ends the line that ChatGPT
shows. That line becomes the conversation. Every other leaf (an edited question, a regenerated
answer) ends a branch, which becomes a fork after the last message it shares. Left out is what
ChatGPT itself does not show: hidden and empty messages, thoughts, custom instructions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from memories.importing.types import BadFile, Branch, Imported, one_line

ROLES = frozenset({"user", "assistant", "system", "tool"})
NOT_SHOWN = frozenset(
    {"thoughts", "reasoning_recap", "user_editable_context", "model_editable_context"}
)


def reads(item: Any) -> bool:
    """Whether an object is a conversation in this format."""
    return isinstance(item, dict) and isinstance(item.get("mapping"), dict)


def read(conversation: dict[str, Any], index: int) -> Imported:
    """One conversation with its branches. Raises BadFile."""
    tree = Tree(conversation["mapping"], index)
    leaves = tree.leaves()
    if tree.nodes and not leaves:
        raise BadFile(f"conversation {index}: its messages go round in a circle")
    current = conversation.get("current_node")
    main = current if current in tree.nodes else (leaves[-1] if leaves else None)
    own_id = conversation.get("conversation_id") or conversation.get("id")
    title = one_line(conversation.get("title"))
    messages = tree.take(tree.line_to(main), branch="") if main else []
    branches = [_branch(tree, leaf, title) for leaf in leaves if leaf != main]
    return Imported(
        key=str(own_id or title or index),
        id=str(own_id) if own_id else None,
        title=title,
        messages=messages,
        metadata={"source": "chatgpt"} | _model(conversation.get("default_model_slug")),
        branches=[branch for branch in branches if branch.messages],
    )


def _branch(tree: Tree, leaf: str, title: str) -> Branch:
    """What a leaf's line adds to the lines taken before it."""
    line = tree.line_to(leaf)
    shared = [node for node in line if node in tree.owner]
    said = [node for node in shared if tree.messages[node] is not None]
    messages = tree.take([node for node in line if node not in tree.owner], branch=leaf)
    return Branch(
        key=leaf,
        parent=tree.owner[said[-1]] if said else "",
        after=said[-1] if said else None,
        messages=messages,
        title=f"{title} (branch)" if title else "",
    )


@dataclass
class Tree:
    """The nodes of a conversation, and which line has taken each."""

    nodes: dict[str, Any]
    index: int
    owner: dict[str, str] = field(default_factory=dict)
    messages: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def leaves(self) -> list[str]:
        """Nodes without children, in the order of the file."""
        parents = {node.get("parent") for node in self.nodes.values() if isinstance(node, dict)}
        return [name for name in self.nodes if name not in parents]

    def line_to(self, leaf: str) -> list[str]:
        """The nodes from the root to a leaf. Raises BadFile for a parent that is no node."""
        line: list[str] = []
        seen: set[str] = set()
        name: str | None = leaf
        while name is not None:
            node = self.nodes.get(name)
            if name in seen or not isinstance(node, dict):
                raise BadFile(f"conversation {self.index}: the parents of {leaf} lead nowhere")
            seen.add(name)
            line.append(name)
            name = node.get("parent")
        return line[::-1]

    def take(self, line: list[str], *, branch: str) -> list[dict[str, Any]]:
        """The messages of nodes that no line has taken yet."""
        for name in line:
            self.owner[name] = branch
            self.messages[name] = _message(name, self.nodes[name].get("message"))
        return [said for name in line if (said := self.messages[name]) is not None]


def _message(name: str, message: Any) -> dict[str, Any] | None:
    """The message of a node; None for one that ChatGPT does not show."""
    if not isinstance(message, dict):
        return None
    metadata, content = message.get("metadata") or {}, message.get("content") or {}
    kind = content.get("content_type")
    said = None if kind in NOT_SHOWN else _content(content)
    if not said or metadata.get("is_visually_hidden_from_conversation"):
        return None
    author = message.get("author") or {}
    role = str(author.get("role"))
    return {
        "role": role if role in ROLES else "assistant",
        "sender": one_line(author.get("name"), 200),
        "content": said,
        "client_id": name[:200],
        "metadata": _model(metadata.get("model_slug")) | _recipient(message),
        "occurred_at": _time(message.get("create_time")),
    }


def _content(content: dict[str, Any]) -> Any:
    """A text, or parts when it holds more than text; falsy when there is nothing in it."""
    kind, parts = content.get("content_type"), content.get("parts")
    if kind in {"code", "execution_output"} and isinstance(content.get("text"), str):
        return content["text"]
    if not isinstance(parts, list):
        rest = {key: value for key, value in content.items() if key != "content_type"}
        return [{"type": kind, **rest}] if any(rest.values()) else None
    if all(isinstance(part, str) for part in parts):
        return "\n".join(parts)
    return [_part(part) for part in parts if part]


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, dict):
        rest = {key: value for key, value in part.items() if key != "content_type"}
        return {"type": part.get("content_type", "part"), **rest}
    return {"type": "text", "text": str(part)}


def _model(slug: Any) -> dict[str, Any]:
    return {"model": str(slug)} if slug else {}


def _recipient(message: dict[str, Any]) -> dict[str, Any]:
    """To whom an assistant spoke, when that was a tool."""
    recipient = message.get("recipient")
    return {"recipient": str(recipient)} if recipient not in {None, "all"} else {}


def _time(seconds: Any) -> datetime | None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or seconds <= 0:
        return None
    return datetime.fromtimestamp(seconds, UTC)
