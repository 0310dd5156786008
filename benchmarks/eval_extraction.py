"""How much the rules find of what people say, and what is live in the end: `make eval`.

    python -m benchmarks.eval_extraction [FILE] [--errors] [--without-server]

FILE (`../shared/data/extraction/dev.jsonl`) has a case per line: `turns`, `expect`, and `live` when
there are several turns. An item counts when turn, category, subject, key and value agree and the
spans overlap; each expected item counts once. Turns are fed to the extractor one by one, with those
before as context. The live state is what `POST …/state` of a server of our own answers after the
turns were posted one by one, each case as a user of its own. `--errors` lists what was missed.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.running import ROOT, Server, serving
from memories.extraction import Claim, ClaimKind, Message, RuleExtractor

DATA = ROOT.parent / "shared" / "data" / "extraction" / "dev.jsonl"
API = "/api/v1/-"
LISTS = ("identity", "knowledge", "context", "instructions", "uncertainties")
NEAR = {"hobby": "likes", "skill": "likes", "prefers": "likes", "uses": "owns"}
OUTER = re.compile(r"^(?:(?:a|an|the|my|our|your|his|her|their|its)\s+)+", re.I)
Fact = tuple[str, str, str]


@dataclass
class Score:
    """Counts per (category, key), and what went wrong."""

    tp: Counter[tuple[str, str]] = field(default_factory=Counter)
    fp: Counter[tuple[str, str]] = field(default_factory=Counter)
    fn: Counter[tuple[str, str]] = field(default_factory=Counter)
    live_right: int = 0
    live_cases: int = 0
    errors: list[str] = field(default_factory=list)


def normal(value: str) -> list[str]:
    """The words of a value, without case, articles, possessives and punctuation around it."""
    words = [w.strip(".,;:!?\"'()[]") for w in OUTER.sub("", value.casefold().strip()).split()]
    return [w for w in words if w]


def same(one: str, other: str) -> bool:
    """Equal, or one contains the other as whole words and the shorter has half of its words."""
    short, long = sorted((normal(one), normal(other)), key=len)
    if short == long:
        return True
    if not short or 2 * len(short) < len(long):
        return False
    return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))


def same_key(one: str, other: str) -> bool:
    """Near neighbours count as one key."""
    return NEAR.get(one, one) == NEAR.get(other, other)


def matches(claim: Claim, item: dict[str, Any], content: str) -> bool:
    """Whether a claim is the expected item."""
    start = content.find(item["quote"])
    overlap = claim.start < start + len(item["quote"]) and start < claim.end
    return (
        claim.message == item["turn"]
        and same_key(claim.key, item["key"])
        and claim.subject == item.get("subject", "user")
        and (claim.category == item["category"] or claim.key != item["key"])
        and same(claim.value, item["value"])
        and overlap
    )


def run(cases: list[dict[str, Any]]) -> tuple[Score, float]:
    """Every case through the extractor, turn by turn."""
    score, extractor = Score(), RuleExtractor()
    seconds = 0.0
    for case in cases:
        messages = [
            Message(t["role"], t["content"], datetime(2024, 5, 6, 12, tzinfo=UTC))
            for t in case["turns"]
        ]
        began = time.perf_counter()
        claims = [
            claim
            for i in range(len(messages))
            for claim in extractor.extract(messages[: i + 1], new_from=i)
        ]
        seconds += time.perf_counter() - began
        judge(case, claims, score)
    return score, seconds


def judge(case: dict[str, Any], claims: list[Claim], score: Score) -> None:
    """Count one case."""
    stated = [c for c in claims if c.kind in (ClaimKind.STATE, ClaimKind.CORRECT)]
    wanted = list(case["expect"])
    for claim in stated:
        hit = next(
            (w for w in wanted if matches(claim, w, case["turns"][w["turn"]]["content"])), None
        )
        if hit is not None:
            wanted.remove(hit)
            score.tp[hit["category"], hit["key"]] += 1
        else:
            score.fp[claim.category, claim.key] += 1
            score.errors.append(f"{case['id']} FP {claim.subject}.{claim.key} = {claim.value!r}")
    for item in wanted:
        score.fn[item["category"], item["key"]] += 1
        quote = f"{item.get('subject', 'user')}.{item['key']} = {item['value']!r} | {item['quote']}"
        score.errors.append(f"{case['id']} FN {quote}")


def live_states(cases: list[dict[str, Any]], score: Score) -> None:
    """Hold every case of several turns with a server, and compare what is live in the end."""
    with serving() as server:
        key = server.new_key("eval")
        for case in cases:
            if "live" in case:
                judge_live(case, held(server, key, case), score)


def held(server: Server, key: str, case: dict[str, Any]) -> dict[str, list[str]]:
    """Post the turns of a case one by one; the live values of its user, by key."""
    scope = [f"user={case['id']}"]
    session = server.call("POST", f"{API}/sessions", {"scope": scope}, key)["id"]
    for turn in case["turns"]:
        message = {"role": turn["role"], "content": turn["content"]}
        server.call("POST", f"{API}/sessions/{session}/turns", {"messages": [message]}, key)
    state = server.call("POST", f"{API}/state", {"scope": scope}, key)
    live: dict[str, list[str]] = {}
    for item in (item for name in LISTS for item in state[name]):
        if item["subject"] == "user":
            live.setdefault(item["key"], []).append(item["value"])
    return live


def judge_live(case: dict[str, Any], live: dict[str, list[str]], score: Score) -> None:
    """Compare the final live state of a case of several turns."""
    wrong = [
        f"{key}: {live.get(key, [])} for {values}"
        for key, values in case["live"].items()
        if not same_values(live.get(key, []), values)
    ]
    score.live_cases += 1
    score.live_right += not wrong
    score.errors.extend(f"{case['id']} LIVE {line}" for line in wrong)


def same_values(got: list[str], wanted: list[str]) -> bool:
    """Whether two lists hold the same values in any order."""
    return len(got) == len(wanted) and all(any(same(g, w) for g in got) for w in wanted)


def report(score: Score, seconds: float, messages: int) -> None:
    """Print the table."""
    print(f"{'category':12} {'key':18} {'tp':>4} {'fp':>4} {'fn':>4} {'prec':>6} {'rec':>6}")
    for category, key in sorted({*score.tp, *score.fp, *score.fn}):
        line(
            category, key, score.tp[category, key], score.fp[category, key], score.fn[category, key]
        )
    line("all", "", score.tp.total(), score.fp.total(), score.fn.total())
    print(f"{messages} messages in {seconds:.3f} s: {messages / seconds:.0f} per second")


def line(category: str, key: str, tp: int, fp: int, fn: int) -> None:
    """One row."""
    precision = tp / (tp + fp) if tp + fp else 1.0
    recall = tp / (tp + fn) if tp + fn else 1.0
    print(f"{category:12} {key:18} {tp:4} {fp:4} {fn:4} {precision:6.3f} {recall:6.3f}")


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, nargs="?", default=DATA)
    parser.add_argument("--errors", action="store_true", help="list what was missed or made up")
    parser.add_argument("--without-server", action="store_true", help="leave the live state out")
    options = parser.parse_args()
    cases = [json.loads(row) for row in options.path.read_text().splitlines() if row.strip()]
    score, seconds = run(cases)
    report(score, seconds, sum(len(c["turns"]) for c in cases))
    if not options.without_server:
        live_states(cases, score)
        print(f"live state over HTTP right: {score.live_right} of {score.live_cases}")
    if options.errors:
        print(*score.errors, sep="\n")


if __name__ == "__main__":
    main()
