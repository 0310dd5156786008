"""The demo tenant's story: named people, the same every time. Data only.

Turns are (role, sender, content or whole message, minutes after the conversation began).
"""

from __future__ import annotations

from typing import Any

TENANT, PROJECT = "demo", "support"

PEOPLE = [
    {"external_id": "u_alice", "email": "alice@demo.example", "name": "Alice Moreau"},
    {"external_id": "u_bob", "email": "bob@demo.example", "name": "Bob Lindqvist"},
]
STAFF = {"external_id": "staff_nora", "email": "nora@demo.example", "name": "Nora Okafor"}


def _user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content}


def _assistant(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


CONVERSATIONS: list[dict[str, Any]] = [
    {
        "id": "3b1f0f62-6a53-4f5e-9d39-6f4a7c0f1a01",
        "title": "A parcel that went to Leeds",
        "scope": ["org=demo", "user=u_alice", "agent=support"],
        "metadata": {"channel": "web"},
        "began": "2026-11-02T09:14:00+00:00",
        "messages": [
            _user("Hi! My name is Alice and I work at Acme Corp. My parcel has not come."),
            _assistant("Hello Alice! Which address did you give when you ordered?"),
            _user("I live in Leeds. My sister Claire usually takes parcels in."),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {
                            "name": "track_parcel",
                            "arguments": '{"order": "A-1042"}',
                        },
                    }
                ],
            },
            {
                "role": "tool",
                "tool_call_id": "call_1",
                "content": '{"order": "A-1042", "status": "at depot", "city": "Leeds"}',
            },
            _assistant("It is at the depot in Leeds and will come tomorrow before noon."),
            _user("Great. From now on, please answer in short sentences."),
            _assistant("I will."),
        ],
    },
    {
        "id": "3b1f0f62-6a53-4f5e-9d39-6f4a7c0f1a02",
        "title": "Moving to Porto",
        "scope": ["org=demo", "user=u_alice", "agent=support"],
        "metadata": {"channel": "phone"},
        "began": "2026-11-16T15:40:00+00:00",
        "messages": [
            _user("Actually, I live in Porto now. Can you change my delivery address?"),
            _assistant("Done. Deliveries go to Porto from today."),
            _user(
                "Thanks! I'm allergic to peanuts, so no snack boxes please. "
                "I might move again in spring, maybe to Lisbon."
            ),
            _assistant("Noted: no snack boxes."),
        ],
    },
    {
        "id": "3b1f0f62-6a53-4f5e-9d39-6f4a7c0f1a03",
        "title": "Invoice in Swedish",
        "scope": ["org=demo", "user=u_bob", "agent=support"],
        "metadata": {"channel": "web"},
        "began": "2026-11-18T11:05:00+00:00",
        "messages": [
            _user("I'm Bob, I speak Swedish and English. Could the invoice be in Swedish?"),
            _assistant("Yes, from the next one on."),
            _user("Perfect. My email is bob@demo.example if you need it."),
        ],
    },
]

FORK: dict[str, Any] = {
    "id": "3b1f0f62-6a53-4f5e-9d39-6f4a7c0f1a04",
    "of": "3b1f0f62-6a53-4f5e-9d39-6f4a7c0f1a01",
    "seq": 2,
    "title": "A parcel to a pickup point",
    "reason": "What if it goes to a pickup point?",
    "scope": ["org=demo", "user=u_alice", "agent=support"],
    "metadata": {},
    "began": "2026-11-02T09:20:00+00:00",
    "messages": [
        _user("Could it go to a pickup point instead? I prefer evenings."),
        _assistant("Yes, to the one at the station; it is open until ten."),
    ],
}
