"""Standing instructions ("from now on …", "always …") and their withdrawal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import revocations
from . import vocabulary as voc
from .findings import Finding
from .imperatives import AMBIGUOUS, ORDERABLE
from .spans import Span
from .text import BLANK, Sentence, Text

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
    r"write|talk|give|explain|quote|list|use|show|send|address|call|mention|refer))|"
    r"until (?:i say otherwise|further notice)|never ever|always|never|ever|ever "
    r"again|permanently|every single time|without exception"
)
_MARK = re.compile(rf"(?<!\w)(?:{_STANDING})(?!\w)", re.I)
_MARK_AFTER = re.compile(rf"[\s,]*(?:please |pls |and )?(?:{_STANDING})(?!\w)", re.I)
_PLURAL_TARGET = re.compile(
    rf"\b(?:your|all|every|each|my|the)\s+(?:\w+ )?(?:{voc.ANSWER_NOUNS})\b|"
    rf"\b(?:answers|replies|responses|explanations|outputs)\b|"
    r"\bwith me\b|\bto me\b|\bfor me\b|\bme as\b|\bcall(?:ing)? "
    r"me\b|\banymore\b|\bany more\b|\bagain\b|"
    r"\ball the time\b|\bthe (?:words?|phrase)\b|\bconstantly\b|\bso (?:much|often)\b|"
    r"\bemojis?\b|\bmarkdown\b|\bem[- ]dashes\b|"
    r"\bexclamation marks?\b|\bbullet points?\b|\bin every\b",
    re.I,
)
_LEAD = re.compile(
    r"(?:(?:ok|okay|so|and|also|but|then|btw|hi|hello|hey|oh|now|right|well|one more "
    r"thing|please note|note|last thing|important|ps|reminder|yes|no(?=[,.!])|thanks|cool|"
    r"great|one rule|rule|anyway|quick thing|fyi|first|by the way)\b[\s,:!-]*)*",
    re.I,
)
_POLITE = re.compile(
    r"(?:(?:please|pls|plz|kindly|just|do(?! not\b)|can you|could you|would you|will you|can u|"
    r"i(?:'d| would)? (?:want|need|like|prefer|love|rather|expect) (?:for )?you (?:to)?|"
    r"you (?:should|must|need to|have to|can|shall|will|may)|"
    r"i(?:'d| would) (?:appreciate it|be grateful|prefer it|like it|love it) if you(?: "
    r"could| would)?|i(?:'d| would) (?:prefer|like|love|rather) (?:it )?(?:if )?you(?: "
    r"could| would)?|make sure (?:to|you|that you)|be sure to|remember to|try to|"
    r"remember,?|keep in mind to|let's|i'd ask you to|i ask you to|it'd be great if you|"
    r"(?:for|in) (?:all|any|every) (?:future )?\w+,?)\s+)*",
    re.I,
)
_ANY_ORDER = (
    rf"(?:{_V}|double[- ]check|back up|set up|log (?:in|out)|look (?:up|for|at)|"
    rf"{'|'.join(sorted(ORDERABLE | AMBIGUOUS, key=len, reverse=True))})(?![\w'])"
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
_RULED = (
    r"from now on(?:wards?)?|from here on|going forward|moving forward|in (?:the )?future|by "
    r"default|"
    r"as a (?:general )?rule|henceforth|(?:in|for) (?:all|every)(?: your)?(?: future)? \w+"
)
_AS_A_RULE = re.compile(
    rf"(?:{_RULED}),? (?P<what>(?!i\b|same\b|the\b|we\b|my\b|you\b)"
    rf"(?:\w+ )?(?:(?:{voc.ANSWER_NOUNS}|"
    r"prices?|temperatures?|weights?|distances?|units|dates?|times|measurements?|amounts?|sums|"
    r"quantities"
    r"|currenc(?:y|ies)|recipes?|names|titles) (?:only )?(?:in|with|without|as|under|at most) "
    r"(?:\w+ ){0,2}?\w+|"
    r"\w+ (?:in|with|without) (?:\w+ ){0,2}?\w+(?=,? (?:please|pls|plz))))"
    r"(?:,? (?:please|pls|plz|thanks))*\s*$",
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
    revoked = revocations.find(text, sentence, standing)
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
    ruled = _AS_A_RULE.match(text.plain, pos, end) if wish is None else None
    if ruled:
        return _instruction(text, ruled.start("what"), ruled.end("what"), pos)
    if wish is None:
        bare = _BARE_WISH.match(text.plain, pos, end)
        return _instruction(text, bare.start("what"), bare.end("what"), pos) if bare else None
    rest = text.plain[wish.start() : end]
    is_standing = _MARK.search(rest) or re.search(r"\b(?:all|every)\b.*", rest, re.I)
    if not is_standing or not _ANSWERS.search(rest):
        return None
    return _instruction(text, wish.end(), end, pos)


_EACH_TIME = re.compile(
    r"(?:please |so |and |also |ok )*(?:(?:each|every|any) ?time (?:i|we|you)\b|whenever "
    r"(?:i|we|you)\b|when (?:i (?:paste|send|share|ask|say|write|give|show|post|upload)|you "
    r"(?:answer|reply|respond|write|talk|give|explain|quote|list|use|show|send|generate))\b|"
    r"(?:before|after|for|on|in) (?:each|every) (?!time\b)\w+(?=[^,]{0,40},))",
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
    marked = _MARKED.match(plain, pos, end)
    each_time = start > sentence.start and _EACH_TIME.match(plain, sentence.start, start)
    order = _skip(_LEAD, plain, marked.end() if marked else pos, end)
    order = _skip(_POLITE, plain, order, end)
    verb = _IMPERATIVE.match(plain, order, end)
    if verb is None and (marked or each_time or _MARKED_AFTER.search(plain, order, end)):
        verb = _ANY_IMPERATIVE.match(plain, order, end)
    clause_end = _end_of_order(plain, order, end)
    rest = plain[order:clause_end]
    first = plain[pos:order]
    if (
        verb is None
        or (not marked and _NOT_IMPERATIVE.match(plain, order, end))
        or _NOT_IMPERATIVE.match(plain, pos, end)
    ):
        return None
    if (
        start > sentence.start
        and plain[start - 1] == " "
        and not _may_start(plain, start, sentence)
    ):
        return None
    if _GOES_ON.search(plain, sentence.start, start) and not _commands(plain, sentence):
        return None
    if not is_system and not each_time and not _is_standing(plain, marked, verb, rest, order, end):
        return None
    if sentence.is_question and not _ASKED_FOR.search(plain, sentence.start, sentence.end):
        return None
    if _STORY.search(rest) or _TELLS.match(rest) or (_QUESTION_LEAD.match(first) and not marked):
        return None
    keep = (
        marked.start()
        if marked and marked.group().strip(", ").lower() in ("always", "never", "never ever")
        else order
    )
    if each_time:  # what is to be done holds only with its condition
        keep = pos = _skip(_LEAD, plain, sentence.start, sentence.end)
    return _instruction(text, keep, clause_end, pos)


_GOES_ON = re.compile(r"[^\W\d_]\s+(?:and|also)\s+$", re.I)
"""Before what may go on with the verb of a statement ("they cheer us up and always …")."""


def _commands(plain: str, sentence: Sentence) -> bool:
    """Whether a sentence begins with a request or an order."""
    begin = _skip(_LEAD, plain, sentence.start, sentence.end)
    pos = _skip(_POLITE, plain, begin, sentence.end)
    pos = _skip(_MARKED, plain, pos, sentence.end)
    return pos > begin or bool(_ANY_IMPERATIVE.match(plain, pos, sentence.end))


_MARKED = re.compile(rf"(?:{_STANDING}),?\s+", re.I)
_TELLS = re.compile(r"(?:always )?(?:tell|know) (?:when|if|whether|apart|how)\b", re.I)
_ASKED_FOR = re.compile(
    r"\b(?:can|could|would|will) (?:you|u)\b|\b(?:please|pls|plz|ok|okay|right|alright)\b|"
    r",|\band\b",
    re.I,
)
_ANY_IMPERATIVE = re.compile(rf"(?P<verb>{_ANY_ORDER})", re.I)
_MARKED_AFTER = re.compile(
    r"(?<!\w)(?:from now on(?:wards?)?|from here on(?: out)?|going forward|in (?:the )?future|"
    r"every (?:single )?time|(?<!\bas )always|at all times|by default|as a (?:general )?rule|"
    r"until further notice|(?:whenever|every time|each time|any ?time) (?:i|we|"
    r"you)\b[^.!?]*)[\s,.!]*(?:please|pls|thanks|ok)?[\s.!]*$",
    re.I,
)
_EVER_AFTER = re.compile(
    r"[\s.,!-]*(?:please[\s,]*)?(?:not )?(?:ever(?: again)?|never|from now on|always|"
    r"without exception)[\s.!]*(?:$|\n)",
    re.I,
)


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
    if marked and marked.group().lower().startswith("never") and word in AMBIGUOUS:
        return False
    if rest[:6].lower() == "do not":
        word = "do not"
    if marked or word in ("always", "never"):
        if word in ("always", "never"):
            after = re.compile(rf"\s*(?P<verb>{_ANY_ORDER})", re.I).match(plain, verb.end(), end)
            is_story = word == "never" and after and after.group("verb").lower() in AMBIGUOUS
            return after is not None and not is_story
        return True
    if word in _DONT and _EVER_AFTER.match(plain, end):
        return True
    after = _MARK_AFTER.match(plain, order + len(rest), end)
    if after or _says_standing(rest):
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
    if _DONT_CALL.match(plain, order, end):
        return True
    if _CALL_ME.match(plain, order, end):
        return True
    if word == "no" and re.search(r" for me\b", rest, re.I):
        return False  # "no dairy for me" is a taste
    if word in (*_DONT, "stop", "quit", "avoid", "no") and target:
        return True
    about_answers = re.search(r"\b(?:answers|replies|responses|explanations)\b", rest, re.I)
    return about_answers is not None and word in (
        "keep", "make", "write", "give", "limit", "use", "format", "put", "start", "end", "begin",
    )  # fmt: skip


_DONT = ("don't", "dont", "do not")
_DONT_CALL = re.compile(r"(?:don't|dont|do not|never|stop|quit) (?:ever )?call(?:ing)? me\s", re.I)
_ALWAYS_END = re.compile(r"(?<!\w)(?:always|never|ever)(?!\w)", re.I)


_DONT_EVER = re.compile(r"(?:don't|dont|do not|stop|quit) ever\b", re.I)


def _says_standing(order: str) -> bool:
    """Whether words inside the order make it stand; "a poem about never giving up" does not."""
    if _DONT_EVER.match(order):
        return True
    marks = list(_MARK.finditer(order))
    return any(
        not _ALWAYS_END.fullmatch(mark.group()) or not order[mark.end() :].strip(" .,!")
        for mark in marks
    )


def _may_start(plain: str, start: int, sentence: Sentence) -> bool:
    return bool(
        re.search(
            r"(?:[,:]\s+|\s-\s|\s(?:and|but|so|also)\s)$", plain[sentence.start : start], re.I
        )
    )


def _end_of_order(plain: str, start: int, end: int) -> int:
    """Where the order ends: a comma before something else, "because", "so that" stay outside."""
    stop = re.compile(
        r",\s+(?=(?:i|i'm|im|my|the|it|it's|they|they're|these|those|he|she|there|there's|what|"
        r"how|why|can|ok|ever|is|"
        r"thanks|that|this|we|you|and what|now|even|since|because|as|please)"
        r"\b)|,?\s(?=(?:from now on|from here on|going forward),)|\s(?:because|since|cause)\s|"
        r"\s-\s|\s\((?!\w{1,20}\)(?:$|[\s,]+(?:please|from now|always|going|in future)))",
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
