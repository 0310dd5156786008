"""Scores the rule extractor on a gold set: `python benchmarks/eval_extraction.py FILE.jsonl`.

Each line is a case (`turns`, `expect`, and `live` when there are several turns). An item counts
when turn, category, subject, key and value agree and the spans overlap; each expected item counts
once. Turns are fed one by one, the earlier ones as context, as the pipeline does. `--errors` lists
the misses.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from memories.extraction import Claim, ClaimKind, Message, RuleExtractor
from memories.extraction.vocabulary import is_single_valued

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


def reconcile(claims: list[Claim]) -> dict[str, list[str]]:
    """A minimal reconciler: the live values of the user's keys."""
    live: dict[str, list[str]] = {}
    for claim in claims:
        if claim.subject != "user":
            continue
        values = live.setdefault(claim.key, [])
        if claim.kind in (ClaimKind.CLOSE, ClaimKind.REVOKE, ClaimKind.RESOLVE):
            live[claim.key] = closed(values, claim)
        elif is_single_valued(claim.key):
            live[claim.key] = [claim.value]
        elif claim.kind is ClaimKind.CORRECT and values:
            live[claim.key] = [*values[:-1], claim.value]
        elif not any(same(v, claim.value) for v in values):
            values.append(claim.value)
    return live


def closed(values: list[str], claim: Claim) -> list[str]:
    """What stays after a closing: an empty value ends the latest instruction, else everything."""
    if not claim.value:
        return values[:-1] if claim.kind in (ClaimKind.REVOKE, ClaimKind.RESOLVE) else []
    return [v for v in values if not related(v, claim)]


def related(value: str, claim: Claim) -> bool:
    """Same value; for instructions, uncertainties and the like a shared content word is enough."""
    if same(value, claim.value):
        return True
    if claim.key not in ("instruction", "about", "goal", "plan", "working_on", "owns", "hobby"):
        return False
    mine, theirs = stems(value), stems(claim.value)
    return bool(mine & theirs)


def stems(value: str) -> set[str]:
    """Word beginnings, short words left out."""
    words = [w for w in normal(value) if len(w) > 3 or w.isdigit()]
    return {w[:5].removesuffix("s") for w in words}


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
    judge_live(case, claims, score)


def judge_live(case: dict[str, Any], claims: list[Claim], score: Score) -> None:
    """Compare the final live state of a case of several turns."""
    if "live" not in case:
        return
    live = reconcile(claims)
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
    if score.live_cases:
        share = score.live_right / score.live_cases
        print(f"live state right: {score.live_right}/{score.live_cases} = {share:.3f}")
    print(f"{messages} messages in {seconds:.3f} s: {messages / seconds:.0f} per second")


def line(category: str, key: str, tp: int, fp: int, fn: int) -> None:
    """One row."""
    precision = tp / (tp + fp) if tp + fp else 1.0
    recall = tp / (tp + fn) if tp + fn else 1.0
    print(f"{category:12} {key:18} {tp:4} {fp:4} {fn:4} {precision:6.3f} {recall:6.3f}")


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--errors", action="store_true", help="list what was missed or made up")
    options = parser.parse_args()
    cases = [json.loads(row) for row in options.path.read_text().splitlines() if row.strip()]
    score, seconds = run(cases)
    report(score, seconds, sum(len(c["turns"]) for c in cases))
    if options.errors:
        print(*score.errors, sep="\n")


if __name__ == "__main__":
    main()
