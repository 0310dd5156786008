"""What withdraws a standing instruction: "you can use emojis again", "forget the word limit"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .findings import Finding
from .spans import Span
from .text import Sentence, Text
from .types import ClaimKind

_REVOKE = re.compile(
    r"(?:(?:you (?:can|may|could|don't (?:have|need) to)|no need to|feel "
    r"free to|it's (?:ok|fine|okay)(?: now)? (?:to|if you)|there's no "
    r"need to|no longer need(?: you)? to)\s+)+"
    r"(?:(?P<stop>(?:stop|quit|drop|cease|lose)\s+(?:the |with the |doing the |your )"
    r"?(?P<what>[^,.;!?]+))|(?P<again>(?:use|write|go back to|return to|switch back "
    r"to|include|add|start using|answer in|be|keep)\s+[^,.;!?]*?\b(?:again|anymore|"
    r"any more|any longer|as before|like before)\b)|"
    r"(?P<undo>(?:keep|use|answer|reply|write|stick|limit|give|include|add|call|"
    r"translate|always|worry)\b[^,.;!?]*\b(?:any ?more|any longer|now)\b))",
    re.I,
)
_FORGET = re.compile(
    r"(?:forget|ignore|drop|disregard|scrap|cancel|undo|lift|skip|remove|scratch|never "
    r"?mind|lose|ditch|end|revoke|withdraw)\s+(?:about )?(?:what i said about |my "
    r"(?:earlier |previous |last )?|the |that |this |your |all )+(?P<what>[^,.;!?]*?)"
    r"\s?(?P<noun>rule|instruction|instructions|limit|requirement|restriction|format|"
    r"formatting|preference|request|thing|guideline|ban|constraint|policy)\b",
    re.I,
)
_FORGET_SAID = re.compile(
    r"(?:forget|ignore|disregard|scrap|never ?mind) (?:what i (?:said|asked|told you) "
    r"about|my (?:request|wish) (?:for|about|to)|about|the bit about)"
    r"\s+(?P<what>[^,.;!?]+)",
    re.I,
)
_BACK_TO = re.compile(
    r"(?:(?:you can |please |let's |ok |we can )*(?:go|switch|revert|move|change|come) "
    r"back to|back to|you can return to)\s+(?P<what>(?:normal|english|regular|usual|the "
    r"usual|default|long|short|full|\w+ (?:answers|replies|units|mode|length|style))"
    r"[^,.;!?]*)",
    re.I,
)


def find(text: Text, sentence: Sentence, standing: Sequence[str]) -> Finding | None:
    """What a sentence withdraws of what was asked before (`standing`)."""
    return _revoked(text, sentence, standing) or _stopped(text, sentence, standing)


def _stopped(text: Text, sentence: Sentence, standing: Sequence[str]) -> Finding | None:
    """As in "Stop answering in French": withdraws it if it was asked for, else it is an order."""
    match = _STOP.search(text.plain, sentence.start, sentence.end)
    undone = _UNDO.match(text.plain, sentence.start, sentence.end)
    if undone and any(_words(s) <= _words(undone.group("what")) for s in standing):
        span = Span(*undone.span("what"))
        return Finding("instruction", span, undone.start(), span.end, ClaimKind.REVOKE)
    if match is None or not any(_stems(match.group("what")) & _stems(s) for s in standing):
        return None
    span = Span(*match.span("what"))
    return Finding("instruction", span, match.start(), span.end, ClaimKind.REVOKE)


def _words(order: str) -> set[str]:
    return set(re.findall(r"\w+", order.lower())) - {"always", "please", "from", "now", "on"}


_UNDO = re.compile(
    r"(?:(?:please|pls|ok|okay|and|now|actually|just|no)[\s,]+)*(?:don't|dont|do not)\s+"
    r"(?P<what>[^,.;!?]+)",
    re.I,
)
_STOP = re.compile(
    r"(?:^|[,.;] |\b(?:please|pls|ok|and|now|actually|just) )(?:stop|quit|no "
    r"more|enough with)(?: with)?(?: the)? (?P<what>[^,.;!?]+)",
    re.I,
)


_FINE_AGAIN = re.compile(
    r"(?P<what>\w+(?: \w+)?) (?:are|is) (?:totally |perfectly |now )?(?:fine|ok|okay|"
    r"allowed|welcome|good|back|alright)(?: to use)?(?: again| now| after all)",
    re.I,
)


_ALLOWED = re.compile(
    r"\b(?:you (?:can|may|could)|it's (?:ok|fine|okay)(?: now)? (?:to|if you)|feel free to|"
    r"(?P<is>(?P<thing>\w+(?: \w+)?) (?:are|is) (?:totally |perfectly |now )?(?:fine|ok|okay|"
    r"allowed|"
    r"welcome|good|alright)\b))(?P<rest>[^,.;!?]*)",
    re.I,
)
_EXCUSED = re.compile(
    r"\b(?:you (?:don't|do not|dont|no longer) (?:have|need) to|no need to|you needn't|never ?mind|"
    r"forget(?: about)?)\s+(?P<rest>[^,.;!?]+)",
    re.I,
)
_BACK = re.compile(
    r"(?:(?:ok|okay|actually|please|pls|now|let's|you can|and|then)[\s,]+)*(?:go|switch|change) "
    r"back to (?P<rest>[\w ]{2,30})\s*(?:now|please|pls|again)?$",
    re.I,
)
_FORBIDS = re.compile(r"(?:never|don't|dont|do not|no|stop|quit|avoid|skip|without)\b", re.I)


def _released(text: Text, sentence: Sentence, standing: Sequence[str]) -> Finding | None:
    """As in "you can push to main now" after "never push to main"; and "no need to …"."""
    for pattern, forbids in ((_ALLOWED, True), (_EXCUSED, False)):
        match = pattern.search(text.plain, sentence.start, sentence.end)
        said = _stems(match.group()) if match else set()
        for order in standing:
            if match and bool(_FORBIDS.match(order)) == forbids and said & _stems(order):
                name = "is" if forbids and match.group("is") else "rest"
                span = Span(*match.span(name))
                return Finding("instruction", span, match.start(), match.end(), ClaimKind.REVOKE)
    back = _BACK.match(text.plain, sentence.start, sentence.end) if standing else None
    if back:
        span = Span(back.end(), back.end())
        return Finding("instruction", span, back.start(), back.end(), ClaimKind.REVOKE)
    return None


def _stems(words: str) -> set[str]:
    """Beginnings of the longer words and the numbers, to compare two wordings."""
    return {w[:5] for w in re.findall(r"\w+", words.lower()) if len(w) > 3 or w.isdigit()} - _EMPTY


_EMPTY = frozenset(
    (
        "answe",
        "reply",
        "respo",
        "every",
        "start",
        "using",
        "alway",
        "never",
        "pleas",
        "with",
        "your",
    )
)


def _revoked(text: Text, sentence: Sentence, standing: Sequence[str]) -> Finding | None:
    """What a sentence withdraws."""
    plain = text.plain
    fine = _FINE_AGAIN.search(plain, sentence.start, sentence.end)
    if fine:
        return Finding(
            "instruction", Span(*fine.span("what")), fine.start(), fine.end(), ClaimKind.REVOKE
        )
    released = _released(text, sentence, standing)
    if released:
        return released
    for pattern in (_FORGET, _FORGET_SAID, _BACK_TO, _REVOKE):
        match = pattern.search(plain, sentence.start, sentence.end)
        if match is None or plain[sentence.start : match.start()].rstrip().endswith(
            ("don't", "not", "never", "dont")
        ):
            continue
        groups = match.groupdict()
        name = next((g for g in ("what", "again", "undo") if groups.get(g)), None)
        span = Span(*match.span(name)) if name else Span(match.end(), match.end())
        if name == "again" or pattern is _BACK_TO:  # "English again" ends another language's rule
            is_named = any(_stems(match.group(name or 0)) & _stems(s) for s in standing)
            span = span if is_named else Span(match.end(), match.end())
        return Finding("instruction", span, match.start(), match.end(), ClaimKind.REVOKE)
    return None
