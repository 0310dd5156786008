"""Standing instructions ("from now on …", "always …") and their withdrawal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import vocabulary as voc
from .findings import Finding
from .spans import Span
from .text import BLANK, Sentence, Text
from .types import ClaimKind

_V = voc.INSTRUCTION_VERBS
_STANDING = (
    r"from now on(?:wards?)?|from here on(?: out| in)?|from this point (?:on|forward|onwards?)|"
    r"going forward|moving forward|from today(?: on)?|henceforth|in (?:the )"
    r"?future(?: answers| replies| responses| messages)?|"
    r"for (?:all |any )?(?:future|further|the rest of)[\w ]{0,30}|(?:for|in) (?:all|"
    r"any|every|each)(?: of)?(?: your| the| my| our)?(?: future)? (?:"
    + voc.ANSWER_NOUNS
    + r"|chats?|conversations?|questions?)|every time|each time|at "
    r"all times|by default|as a (?:general )?rule|"
    r"whenever (?:i|you|we)\b|any ?time (?:i|you)\b|when(?:ever)? (?:answering|"
    r"replying|responding|writing to me|talking to me|you (?:answer|reply|respond|"
    r"write|talk|give|explain|quote|list|use|show|send))|"
    r"until (?:i say otherwise|further notice)|always|never|ever|ever "
    r"again|permanently|every single time|without exception"
)
_MARK = re.compile(rf"(?<!\w)(?:{_STANDING})(?!\w)", re.I)
_MARK_AFTER = re.compile(rf"[\s,]*(?:please |pls |and )?(?:{_STANDING})(?!\w)", re.I)
_PLURAL_TARGET = re.compile(
    rf"\b(?:your|all|every|each|my|the)\s+(?:\w+ )?(?:{voc.ANSWER_NOUNS})\b|"
    rf"\b(?:answers|replies|responses|explanations|outputs)\b|"
    r"\bwith me\b|\bto me\b|\bfor me\b|\bme as\b|\bcall(?:ing)? "
    r"me\b|\banymore\b|\bany more\b|\bagain\b|"
    r"\bemojis?\b|\bexclamation marks?\b|\bbullet points?\b|\bin every\b",
    re.I,
)
_LEAD = re.compile(
    r"(?:(?:ok|okay|so|and|also|but|then|btw|hi|hello|hey|oh|now|right|well|one more "
    r"thing|please note|note|last thing|important|ps|reminder|yes|no(?=[,.!])|thanks|cool|"
    r"great|one rule|rule|anyway|quick thing|fyi|first|by the way)\b[\s,:!-]*)*",
    re.I,
)
_POLITE = re.compile(
    r"(?:(?:please|pls|plz|kindly|just|do|can you|could you|would you|will you|can u|"
    r"i(?:'d| would)? (?:want|need|like|prefer|love|rather|expect) (?:for )?you (?:to)?|"
    r"you (?:should|must|need to|have to|can|shall|will|may)|"
    r"i(?:'d| would) (?:appreciate it|be grateful|prefer it|like it|love it) if you(?: "
    r"could| would)?|i(?:'d| would) (?:prefer|like|love|rather) (?:it )?(?:if )?you(?: "
    r"could| would)?|make sure (?:to|you|that you)|be sure to|remember to|try to|"
    r"remember,?|keep in mind to|let's|i'd ask you to|i ask you to|it'd be great if you|"
    r"(?:for|in) (?:all|any|every) (?:future )?\w+,?)\s+)*",
    re.I,
)
_IMPERATIVE = re.compile(
    rf"(?P<verb>{_V}|no(?= \w+)|max(?:imum)?|at most|only|metric|"
    rf"short|brief|plain|english|just)(?![\w'-])",
    re.I,
)
_NOT_IMPERATIVE = re.compile(
    r"(?:never ?mind|never again|never(?: \w+){0,2} (?:before|seen|heard|had|been|knew|"
    r"got|works?|worked)|always (?:wonder|works?|the|a|been|has|have|had|so|love|hate|is|"
    r"was|get|seems?)\b|do (?:you|they|i|we|people|cats|it|the|those)|"
    r"(?:always )?be (?:it|that|there)|let me|tell me (?:what|how|why|about|if|a|"
    r"the|more|which)|give me (?:a|an|the|some|three|five|\d|one|two|ideas)\b(?! "
    r"heads)|no (?:one|idea|problem|worries|thanks|thank|clue|need|longer|wonder|"
    r"way|matter|luck|rush|response|answer)\b|"
    r"only (?:the|a|if|when|thing|problem|one)\b|just (?:a|the|got|"
    r"wondering|curious|need|want)\b|short (?:of|answer)\b)",
    re.I,
)
_WISH = re.compile(
    r"(?:i(?:'d| would) (?:like|prefer|love|rather have|want)|i (?:want|prefer|expect|"
    r"like|need)|what i want(?: in future| from now on)? is|what i'd like(?: in "
    r"future)? is)\s+(?=(?:all |every |any |only |my |the |your |long |short|brief|"
    r"concise|plain|detailed|no |answers|replies)[^.?!]*)",
    re.I,
)
_BARE_WISH = re.compile(
    r"(?P<what>i (?:don't|do not|never) want (?:any |to see )"
    r"?[^,.;!?]{3,60}(?:answers|replies|responses|messages)(?: again)?|"
    r"(?!i\b|same\b)\w+(?: \w+)? (?:in|with|without) (?:\w+ ){0,2}\w+(?=,? "
    r"(?:always|from now on|every time|going forward|in (?:all|every)\b))|"
    r"(?:all |only |short |brief |concise )*(?:answers|replies|"
    r"responses) (?:only )?(?:in|as|with|without|under|below) "
    r"(?:\w+ ){0,4}?\w+)(?:,? (?:please|pls|from now on|ever|"
    r"always|every time|going forward))*\s*$",
    re.I,
)
_ANSWERS = re.compile(
    r"\b(?:answers?|repl(?:y|ies)|responses?|explanations?|outputs?|messages|examples)\b", re.I
)
_CALL_ME = re.compile(
    r"(?:please |just |and |you can )*(?:call|address) me (?!crazy|by\b|old|"
    r"stupid|back|when|if|at|on|tomorrow|later|asap|a |an |in|by phone|"
    r"paranoid|picky|silly|naive|biased|ishmael|lazy|after)",
    re.I,
)
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
_STORY = re.compile(r"\b(?:said the|he |she |they |the king|no one shall)\b", re.I)
_QUESTION_LEAD = re.compile(
    r"\s*(?:why|how|what|when|where|who|is|are|do|does|did|will|"
    r"should|was|were|has|have)\b(?! i want)",
    re.I,
)
_OUTER_TRIM = re.compile(
    r"^(?:(?:and|but|also|so|please|pls|ok|then|,)\s+)+|(?:[\s,]+(?:please|pls|"
    r"plz|thanks|thank you|ok|okay|thx|though|lol|from (?:now|here) on(?: out)?|"
    r"going forward|in future|in the future|ever|ok\?))+$",
    re.I,
)


def find(
    text: Text, sentence: Sentence, *, is_system: bool = False, standing: Sequence[str] = ()
) -> list[Finding]:
    """The standing instructions of a sentence, or what it withdraws of those given before."""
    revoked = _revoked(text, sentence, standing) or _stopped(text, sentence, standing)
    if revoked:
        return [revoked]
    for start, end in _clauses(text.plain, sentence):
        finding = _wished(text, start, end) or _ordered(text, sentence, start, end, is_system)
        if finding:
            return [finding]
    return []


def _clauses(plain: str, sentence: Sentence) -> list[tuple[int, int]]:
    """Where an order may begin: the sentence, and what follows a comma, "and" or "but"."""
    spans = [(sentence.start, sentence.end)]
    for mark in re.finditer(
        r"[,:]\s+|\s-\s|\s(?:and|but|so|also)\s", plain[sentence.start : sentence.end]
    ):
        spans.append((sentence.start + mark.end(), sentence.end))
    return spans


def _wished(text: Text, start: int, end: int) -> Finding | None:
    """As in "I'd like all answers in French from now on"."""
    lead = _LEAD.match(text.plain, start, end)
    pos = lead.end() if lead else start
    wish = _WISH.match(text.plain, pos, end)
    if wish is None:
        bare = _BARE_WISH.match(text.plain, pos, end)
        return _instruction(text, bare.start("what"), bare.end("what"), pos) if bare else None
    rest = text.plain[wish.start() : end]
    is_standing = _MARK.search(rest) or re.search(r"\b(?:all|every)\b.*", rest, re.I)
    if not is_standing or not _ANSWERS.search(rest):
        return None
    return _instruction(text, wish.end(), end, pos)


_EACH_TIME = re.compile(
    r"(?:please |so |and |also |ok )*(?:each|every|any) ?time "
    r"(?:i|we|you)\b|whenever (?:i|we|you)\b",
    re.I,
)


def _ordered(
    text: Text, sentence: Sentence, start: int, end: int, is_system: bool
) -> Finding | None:
    """An imperative that is to hold beyond this answer."""
    plain = text.plain
    pos = _skip(_LEAD, plain, start, end)
    if _EACH_TIME.match(plain, pos, end):
        return None  # the order comes after the comma
    marked = re.compile(rf"(?:{_STANDING}),?\s+", re.I).match(plain, pos, end)
    each_time = start > sentence.start and _EACH_TIME.match(plain, sentence.start, start)
    order = _skip(_LEAD, plain, marked.end() if marked else pos, end)
    order = _skip(_POLITE, plain, order, end)
    verb = _IMPERATIVE.match(plain, order, end)
    clause_end = _end_of_order(plain, order, end)
    rest = plain[order:clause_end]
    first = plain[pos:order]
    if (
        verb is None
        or _NOT_IMPERATIVE.match(plain, order, end)
        or _NOT_IMPERATIVE.match(plain, pos, end)
    ):
        return None
    if (
        start > sentence.start
        and plain[start - 1] == " "
        and not _may_start(plain, start, sentence)
    ):
        return None
    if not is_system and not each_time and not _is_standing(plain, marked, verb, rest, order, end):
        return None
    if _STORY.search(rest) or (_QUESTION_LEAD.match(first) and not marked):
        return None
    keep = (
        marked.start()
        if marked and marked.group().strip(", ").lower() in ("always", "never")
        else order
    )
    return _instruction(text, keep, clause_end, pos)


def _is_standing(
    plain: str,
    marked: re.Match[str] | None,
    verb: re.Match[str],
    rest: str,
    order: int,
    end: int,
) -> bool:
    """Whether words say that the order is to hold, and is about how to answer."""
    word = verb.group().lower()
    if marked or word in ("always", "never"):
        if word in ("always", "never"):
            after = re.compile(rf"\s*(?:{_V})(?![\w'])", re.I).match(plain, verb.end(), end)
            return after is not None
        return True
    after = _MARK_AFTER.match(plain, order + len(rest), end)
    if after or _MARK.search(rest):
        return word not in (
            "think",
            "let",
            "consider",
            "leave",
            "close",
            "open",
            "drop",
            "cut",
            "do",
            "suggest",
            "recommend",
            "send",
            "print",
        ) or bool(_PLURAL_TARGET.search(rest))
    target = _PLURAL_TARGET.search(rest)
    if _CALL_ME.match(plain, order, end):
        return True
    if word in ("don't", "dont", "do not", "stop", "quit", "avoid", "no") and target:
        return True
    about_answers = re.search(r"\b(?:answers|replies|responses|explanations)\b", rest, re.I)
    return about_answers is not None and word in (
        "keep", "make", "write", "give", "limit", "use", "format", "put", "start", "end", "begin",
    )  # fmt: skip


def _may_start(plain: str, start: int, sentence: Sentence) -> bool:
    return bool(
        re.search(
            r"(?:[,:]\s+|\s-\s|\s(?:and|but|so|also)\s)$", plain[sentence.start : start], re.I
        )
    )


def _end_of_order(plain: str, start: int, end: int) -> int:
    """Where the order ends: a comma before something else, "because", "so that" stay outside."""
    stop = re.compile(
        r",\s+(?=(?:i|i'm|im|my|the|it|it's|what|how|why|can|ok|ever|is|"
        r"thanks|that|this|we|you|and what|now|even|since|because|as|please)"
        r"\b)|\s(?:because|since|cause)\s|\s-\s|\s\(",
        re.I,
    ).search(plain, start, end)
    return stop.start() if stop else end


def _skip(pattern: re.Pattern[str], plain: str, pos: int, end: int) -> int:
    match = pattern.match(plain, pos, end)
    return match.end() if match else pos


def _instruction(text: Text, start: int, end: int, first: int) -> Finding | None:
    """The order without courtesies around it."""
    words = text.plain[start:end]
    for trim in _OUTER_TRIM.finditer(words):
        if trim.start() == 0:
            start += trim.end()
        else:
            end = start + (trim.start() - (len(words) - (end - start)))
    value = Span(start, end)
    if len(text.plain[start:end].strip(BLANK + " ").split()) < 2:
        return None
    return Finding("instruction", value, min(first, start), end)


def _stopped(text: Text, sentence: Sentence, standing: Sequence[str]) -> Finding | None:
    """As in "Stop answering in French": withdraws it if it was asked for, else it is an order."""
    match = _STOP.search(text.plain, sentence.start, sentence.end)
    if match is None or not any(_stems(match.group("what")) & _stems(s) for s in standing):
        return None
    span = Span(*match.span("what"))
    return Finding("instruction", span, match.start(), span.end, ClaimKind.REVOKE)


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
