"""How much recall finds, through the HTTP API: `make eval`.

    python -m benchmarks.eval_recall [DATA]     DATA: ../shared/data/locomo/dev.json

LoCoMo (Maharana et al., ACL 2024; CC BY-NC 4.0, for evaluation only and never copied here):
recall@k of a question is the share of its evidence turns among the first k turns, averaged over
questions; a question whose evidence is malformed or missing counts as missed. Then the follow-ups
of `followups.json`, with the query session and without it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.running import ROOT, Server, in_process, serving

DATA = ROOT.parent / "shared" / "data" / "locomo" / "dev.json"
DEPTHS = (5, 10, 25, 50)
ADVERSARIAL = 5
BAR = {"all": (70, 78, 86, 91), "1-4": (67, 75, 83, 89)}

Ranking = list[str]
"""Ids of turns, best first."""
Ask = Callable[[str, str], Ranking]
"""(scope tag, question) → ranking."""


def main() -> None:
    """Load, wait for the vectors, ask, print; exit 1 below the bar."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    samples = json.loads(path.read_text())
    with serving() as server:
        key = server.new_key("eval")
        turns = {name: uid for s in samples for name, uid in load(server, key, s).items()}
        print(f"{len(turns)} turns embedded {server.wait_for_vectors():.1f} s after the last one")
        shown = [("MemSync, POST /memory/query", lambda tag, q: over_http(server, key, tag, q))]
        in_process(server)
        shown += [(name, alone(key, **parts)) for name, parts in ALONE.items()]
        print(f"{'':32}{'all R@5/10/25/50   MRR':28}categories 1-4")
        passed = [show(name, samples, turns, ask) for name, ask in shown]
        follow_ups(server)
    sys.exit(0 if passed[0] else 1)


def load(server: Server, key: str, sample: dict[str, Any]) -> dict[str, str]:
    """Store a sample's conversation, one session for each of its own; evidence name → turn id."""
    talk = sample["conversation"]
    ids: dict[str, str] = {}
    number = 1
    while said := talk.get(f"session_{number}"):
        when = datetime.strptime(talk[f"session_{number}_date_time"], "%I:%M %p on %d %B, %Y")
        messages = [as_message(turn, when.replace(tzinfo=UTC)) for turn in said]
        body = {"messages": messages, "scope": [f"user={sample['sample_id']}"]}
        made = server.call("POST", "/api/v1/-/facts/batch", body, key)
        for turn, uid in zip(said, made["turn_ids"], strict=True):
            ids[f"{sample['sample_id']}/{turn['dia_id']}"] = uid
        number += 1
    return ids


def as_message(turn: dict[str, Any], when: datetime) -> dict[str, Any]:
    """A turn: its text, and what a shared picture shows; of chats with a model its role too."""
    caption = turn.get("blip_caption")
    text = f"{turn['text']} [shares {caption}]" if caption else turn["text"]
    return {
        "role": turn.get("role", "user"),
        "sender": turn.get("speaker"),
        "content": text,
        "occurred_at": when.isoformat(),
    }


def over_http(server: Server, key: str, tag: str, question: str, **more: Any) -> Ranking:
    """The turns that the API returns."""
    body = {"query": question, "scope": [tag], "top_k": 50, "include": ["turns"], **more}
    return [hit["id"] for hit in server.call("POST", "/memory/query", body, key)["results"]]


ALONE = {
    "  words alone (BM25)": {"meaning": 0.0},
    "  vectors alone": {"words": False},
}


def alone(key: str, *, words: bool = True, meaning: float = 1.75) -> Ask:
    """The same statement with one leg only: no speaker, no neighbors, no memories."""
    from dataclasses import replace

    from accounts.authentication import find_key
    from accounts.keys import split_key
    from conversations.models import Turn
    from memories.recall import Asked, statement
    from memories.recall.asking import embed, look_up, rank
    from memories.recall.question import take_apart
    from memsync.common.tenancy import tenant_scope

    principal = find_key(*(split_key(key) or ("", "")))
    assert principal is not None  # noqa: S101 - just made

    def ask(tag: str, text: str) -> Ranking:
        statement.WEIGHT_MEANING = meaning
        statement.WEIGHT_SPEAKER = statement.WEIGHT_BESIDE = statement.WEIGHT_MEMORIES = 0.0
        name, _, value = tag.partition("=")
        asked = Asked(principal, text, {name: value}, top_k=50, include=("turns",))
        with tenant_scope(principal.tenant_id):
            known = look_up(asked)
            question = take_apart(text, known.participants)
            vectors = embed(question, known.models) if meaning else {}
            if not words:
                question = replace(question, words="", carried="")
            rows = [row.pk for row in rank(asked, question, vectors, known)]
            ids = dict(Turn.unscoped.filter(pk__in=rows).values_list("pk", "uid"))
        return [str(ids[pk]) for pk in rows]

    return ask


def show(name: str, samples: Sequence[Any], turns: dict[str, str], ask: Ask) -> bool:
    """Ask all questions, print one line; whether it is above the bar."""
    figures: list[tuple[int, list[float], float]] = []
    for sample in samples:
        for qa in sample["qa"]:
            found = ask(f"user={sample['sample_id']}", qa["question"])
            wanted = [turns.get(f"{sample['sample_id']}/{name}") for name in qa["evidence"]]
            figures.append((qa["category"], *score(found, wanted)))
    groups = {"all": figures, "1-4": [one for one in figures if one[0] != ADVERSARIAL]}
    means = {group: mean(rows) for group, rows in groups.items()}
    print(f"{name:32}{line(means['all']):28}{line(means['1-4'])}", flush=True)
    return all(
        value >= bar for group in BAR for value, bar in zip(means[group], BAR[group], strict=False)
    )


def score(found: Ranking, wanted: Sequence[str | None]) -> tuple[list[float], float]:
    """Recall at each depth and the reciprocal rank of the first hit."""
    recall = [sum(w in found[:k] for w in wanted) / len(wanted) if wanted else 0 for k in DEPTHS]
    first = next((place for place, uid in enumerate(found, 1) if uid in wanted), None)
    return recall, 1 / first if first else 0.0


def mean(rows: Sequence[tuple[int, list[float], float]]) -> list[float]:
    """In percent: recall at each depth, then MRR."""
    columns = list(zip(*[(*recall, rank) for _, recall, rank in rows], strict=True))
    return [100 * sum(column) / len(column) for column in columns]


def line(figures: Sequence[float]) -> str:
    """Figures side by side."""
    return " ".join(f"{value:.1f}" for value in figures)


def follow_ups(server: Server) -> None:
    """The follow-ups that lean on a question, and those that turn to something else of it."""
    data = json.loads((Path(__file__).parent / "followups.json").read_text())
    key = server.new_key("followups")
    ids: dict[str, str] = {}
    for session in data["sessions"]:
        messages = [
            {"role": "user", "sender": who, "content": text} for _, who, text in session["turns"]
        ]
        body = {"messages": messages, "scope": ["user=nora"]}
        made = server.call("POST", "/api/v1/-/facts/batch", body, key)
        names = [name for name, _, _ in session["turns"]]
        ids |= dict(zip(names, made["turn_ids"], strict=True))
    server.wait_for_vectors()
    for name in ("pairs", "turned"):
        show_pairs(server, key, name, data[name], ids)


def show_pairs(
    server: Server, key: str, name: str, pairs: Sequence[Sequence[str]], ids: Mapping[str, str]
) -> None:
    """Recall@1/5 of follow-ups, each with a session of its own and without one."""
    found = {"with": [0, 0], "without": [0, 0]}
    for number, (question, follow_up, answer) in enumerate(pairs):
        session = {"session_id": f"{name}-{number}"}
        over_http(server, key, "user=nora", question, **session)
        for how, more in (("with", session), ("without", {})):
            hits = over_http(server, key, "user=nora", follow_up, **more)
            found[how][0] += ids[answer] in hits[:1]
            found[how][1] += ids[answer] in hits[:5]
    shares = [
        f"{100 * first / len(pairs):.0f}/{100 * five / len(pairs):.0f} % {how} session_id"
        for how, (first, five) in found.items()
    ]
    print(f"follow-ups ({name}), recall@1/5 of {len(pairs)}: {', '.join(shares)}")


if __name__ == "__main__":
    main()
