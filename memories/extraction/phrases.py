"""Set phrases that state a fact without an "I" before it: "it's due on …", "… suits me better".

A `Lead` stands before its value, a `Trail` behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .findings import Finding
from .guards import is_guarded
from .readers import READERS
from .spans import Span, is_boundary, tokens
from .text import Sentence, Text
from .vocabulary import CLAUSE_VERBS, PREPOSITIONS

_DUE = (
    r"(?:submit(?:ted)?|finish(?:ed)?|hand(?:ed)? (?:it |them )?in|out|move[d]? out|"
    r"deliver(?:ed)?|complete[d]?|"
    r"turn(?:ed)? (?:it )?in|sen[dt](?: (?:it|off|out))?|ready|done|filed?|published|launch(?:ed)?|"
    r"ship(?:ped)?|signed|uploaded?|in|live|paid|final(?:ised|ized)?|over)"
)
_IDLE = (
    r"(?:in my (?:spare|free|down) ?time|(?:on|at) (?:the |my )"
    r"?weekends?|most (?:weekends|evenings|"
    r"sundays|saturdays)|for fun|to relax|to unwind|outside (?:of )?work|after work|on (?:sundays|"
    r"saturdays)|every (?:weekend|sunday|saturday)|when i'm not working|as a hobby)"
)


@dataclass(frozen=True, slots=True)
class Lead:
    """Words that introduce a value."""

    words: tuple[str, ...]
    """One of them must occur: a cheap look before the pattern is tried."""
    key: str
    pattern: re.Pattern[str]
    reader: str
    tail: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """Words that follow a value."""

    words: tuple[str, ...]
    key: str
    pattern: re.Pattern[str]
    reader: str


def _lead(words: str, key: str, pattern: str, reader: str, tail: str = "") -> Lead:
    return Lead(
        tuple(words.split()),
        key,
        re.compile(pattern, re.I),
        reader,
        re.compile(tail, re.I) if tail else None,
    )


def _trail(words: str, key: str, pattern: str, reader: str) -> Trail:
    return Trail(tuple(words.split()), key, re.compile(pattern, re.I), reader)


LEADS: tuple[Lead, ...] = (
    _lead("due", "deadline",
          r"(?:(?<!\w)(?:is|are|it's|its|was|be) |'s )due (?:back |in |again )?(?:on |by |at )?",
          "loose_date"),
    _lead("must ha need should got supposed", "deadline",
          rf"(?<!\w)(?:must|has to|have to|needs? to|should|got to|gotta|supposed to) (?:\w+ )"
          rf"{{0,2}}?(?:be )?(?:all )?{_DUE}(?: [\w' ]{{0,25}}?)? (?:by|before|no later than|"
          rf"until|not later than|on or before|on) ", "loose_date"),
    _lead("until till", "deadline",
          r"(?<!\w)(?:i|we)(?:'ve| have)? (?:only )?(?:got |have |until )(?:only |just )?"
          r"(?:time )?(?:until|till) ", "loose_date"),
    _lead("close end due", "deadline",
          r"(?<!\w)(?:applications?|submissions?|registration|enrolment|entries|the call|the "
          r"window) (?:closes?|ends?|are due|is due) (?:on |at )?", "loose_date"),
    _lead("by", "deadline",
          r"(?<!\w)(?:(?:i|we) (?:\w+ )?|(?:boss|manager|client|customer|supervisor|professor|"
          r"prof|teacher|she|he|they) )(?:needs?|wants?) (?:this|it|that|them|(?:the|my|this) "
          r"[\w ]{2,25}?)(?: (?:\w+))? by ", "loose_date"),
    _lead("must ha need got", "deadline",
          r"(?<!\w)(?:must|has to|have to|needs? to|got to|gotta) [\w' ]{2,40}? (?:by|before) "
          r"(?:noon on |midnight on |the end of the day on |close of business on )?",
          "loose_date"),
    _lead("later", "deadline", r"(?<!\w)(?:no later than|not later than) ", "loose_date"),
    _lead("latest", "deadline", r"(?<!\w)by (?=[^.?!]{2,20} at the latest)", "loose_date"),
    _lead("until till", "plan",
          r"(?<!\w)(?:i'm|im|i am|we're|i'll be) (?=(?:on|off) (?:\w+ )?(?:leave|holiday|vacation|"
          r"sabbatical|work|sick)\b (?:until|till|til|through) )", "timeless"),
    _lead("due deadline", "deadline", r"(?<!\w)(?:due|deadline)(?:: | is | on | by | date: )",
          "loose_date"),
    _lead("due", "deadline",
          r"\b(?:essay|report|paper|assignment|homework|project|thesis|application|form|proposal|"
          r"rent|draft|manuscript|presentation|coursework|dissertation) due (?:on |by |in )?",
          "loose_date"),
    _lead("pushed moved postponed extended forward delayed", "deadline",
          r"(?<!\w)(?:pushed|moved|postponed|extended|brought forward|delayed)"
          r"(?: it| that| (?:the|my|our) (?:\w+ )?(?:deadline|due date|submission|date))? "
          r"(?:back |forward )?(?:to|until|till) ", "loose_date"),
    _lead("allergic", "allergic_to",
          r"(?<!\w)(?:nothing (?:with|containing)|no|without|avoid|skip|leave out|hold) "
          r"(?=[^.?!]{3,60}\b(?:i'm|im|i am) (?:\w+ )?allergic(?! to))", "short_things"),
    _lead("time week evening sunday saturday fun relax unwind work hobby", "hobby",
          rf"(?<!\w){_IDLE},? (?:i|we)(?:'m| am)? (?:usually |mostly |often |like to |love to |"
          rf"tend to |also |sometimes |always |mainly |enjoy |like |love |do a lot of |do |into )"
          rf"?(?!work\b|have\b|am\b|can\b|need\b|want\b|would\b|could\b|don't\b|will\b)",
          "activity"),
    _lead("allergy intolerance", "allergic_to",
          r"(?<!\w)(?:with|for|because of|due to|given|despite|about|of|has|have|and|but|it's|is|"
          r"handle|that's|,|^) my (?!\w+'s?\b)(?:severe |bad |mild |serious |awful |nasty |"
          r"lifelong )?"
          r"(?=(?:[\w-]+ ){1,3}?(?:allergy|intolerance)\b(?! ?(?:test|pills?|medic|clinic|card|"
          r"season|"
          r"tablets|shots?|diagnos)))", "allergen"),
    _lead("allergy intolerance", "allergic_to",
          r"(?<!\w)(?:i|i'm|i've|me|my)\b[^.!?:]{0,60}\b(?:because of|due to|thanks to|owing to|"
          r"down to) "
          r"an? (?:severe |bad |mild |serious |"
          r"awful |nasty |lifelong )?(?=(?:[\w-]+ ){1,3}?(?:allergy|intolerance)\s*(?:$|[,.;!?)]|"
          r"so\b|"
          r"and\b|but\b))", "allergen"),
    _lead("in", "home",
          r"(?<!\w)(?:my|our) (?:new |current |own )?(?:home|place|house|flat|apartment|family "
          r"home) (?:is|are)(?: now)? in ", "place"),
    _lead("home", "home",
          r"(?<!\w)home (?:for (?:me|us) |base )?(?:is|has been|'s) (?:now |currently )?(?:in )?",
          "place"),
    _lead("home", "home",
          r"(?<!\w)home (?:for (?:me|us) )?(?:is|'s) (?:now )?an? (?:[\w-]+ ){1,3}?(?:in|near|"
          r"outside) ",
          "place"),
    _lead("family couple household", "home",
          r"(?<!\w)(?:a )?(?:family|couple|household)(?: of \w+)? (?:living |based )?in ", "place",
          r"(?=\s*(?:$|[,.;!?]|and\b|so\b|with\b|but\b))"),
    _lead("coach teach run own manage", "home",
          r"(?<!\w)(?:i|we) (?:coach|teach|(?:run|own|manage|have) an? (?:[\w-]+ ){0,3}?(?:bakery|"
          r"shop|caf[eé]|restaurant|hotel|farm|studio|salon|bar|pub|gym|school|clinic|practice|"
          r"b&b|hostel|"
          r"vineyard|nursery|store|company|business|guesthouse|bookshop|team|workshop))"
          r"(?: [^,.;:!?]{2,40}?)? in ", "place",
          r"(?=\s*(?:$|[,.;!?]|and\b|so\b|but\b|where\b))"),
    _lead("speak writ ask say", "occupation",
          r"(?<!\w)(?:i(?:'m| am)?|we) (?:speak|say (?:this|that|it)|ask(?: this)?|speaking|"
          r"asking|saying "
          r"(?:this|that|it)|write|writing)(?: here| only)? as (?=an?\s)", "occupation"),
    _lead("now", "occupation", r"(?:^|(?<=[,;] )|(?<=but )|(?<=and ))now (?:working as )?an? ",
          "occupation"),
    _lead("call", "home", r"(?<!\w)(?:i|we)(?:'ve| have)?(?: now)? call(?:ed)? (?=[\w ]{2,25} "
                          r"home\b)", "place", r" home\b"),
    _lead("sincerely signed yours", "name", r"(?<!\w)(?:sincerely|signed|yours),\s+", "name"),
    _lead("year", "education",
          r"(?:^|(?<=[,.!?] )|(?<=\bi'm )|(?<=\bim ))(?:in )?(?:my |a )?(?:first|second|third|"
          r"fourth|final|"
          r"last|1st|2nd|3rd|4th)[- ]year (?:(?!student)\w+ ){0,2}?(?:student )?(?:at|in|of) ",
          "study"),
    _lead("someone", "hometown",
          r"(?<!\w)(?:as|being|for) someone (?:originally |born )?(?:from|in|who "
          r"(?:grew up|was (?:born|raised)) in|who comes from) ", "place"),
    _lead("someone", "home", r"(?<!\w)(?:as|being) someone (?:who lives|living|based) in ",
          "place"),
    _lead("mostly mainly primarily", "uses",
          r"(?<!\w)(?:i|we) (?:now )?work (?:mostly|mainly|primarily) (?:in|with) (?=(?-i:[A-Z]))",
          "tools"),
    _lead("moved migrated switched", "uses",
          r"(?<!\w)(?:moved|migrated|switched) (?:the \w+ \w+|everyone|everything|us all|it all|"
          r"the team|"
          r"the company) (?:over )?to (?=(?-i:[A-Z]))", "tools"),
    _lead("year semester term", "education",
          r"(?<!\w)(?:in my|during my) (?:first|second|third|fourth|final|last) (?:year|semester|"
          r"term) (?:of (?:studying )?|at )(?!high school|a\b|the\b)", "study"),
)  # fmt: skip

TRAILS: tuple[Trail, ...] = (
    _trail("like", "nationality", r",? (?:like me|like myself)\b", "nationality"),
    _trail("like", "occupation", r",? (?:like me|like myself)\b", "occupation"),
    _trail("me", "allergic_to",
           r" (?:gives?|causes?) me (?:an? )?(?:\w+ )?(?:allergic reaction|hives|anaphyla\w+)",
           "short_things"),
    _trail("mine", "allergic_to",
           r" (?:is|are) (?:another |an? |one )?(?:\w+ )?allerg(?:y|ies) of mine", "short_things"),
    _trail("suit work fit", "prefers",
           r" (?:suits?|works? (?:much |way )?better for|fits?) (?:me )?(?:much |way |far )"
           r"?(?:better )?(?=than )", "short_things"),
    _trail("i've we've own bought had drive got", "owns",
           r" (?:that )?(?:i've (?:had|owned)|i (?:own|bought|have had|have owned|drive|got)|"
           r"we've (?:had|owned)|we (?:own|bought))"
           r"(?= (?:since|for|in|last|from(?! you)|this|new|second)\b|[,.?!]|$)", "owned"),
    _trail("can know", "skill",
           r" i (?:can (?:do|use|handle)|know) (?:(?:very |really |pretty |quite )?well|too|also|"
           r"as well|"
           r"inside[- ]out|inside and out|back to front|by heart|backwards|like the back of)\b",
           "skills"),
    _trail("speak", "languages",
           r",? (?:which )?i (?:also |still )?speak(?: (?:that|it|this)(?: one)?)?(?: too| as "
           r"well| also| "
           r"fluently| well| badly| every day| daily| at \w+| with \w+)+", "languages"),
    _trail("tongue language", "languages",
           r" (?:is |as )?(?:my |our )?(?:mother tongue|native tongue|native language|first "
           r"language)"
           r"(?=\s*(?:$|[,.;:!?)]|and\b|but\b|here\b))", "languages"),
    _trail("allergic", "allergic_to",
           r"(?:,? (?:those|that|which|this|and)| (?:is|are) (?:something|what|one thing|the one "
           r"thing|the "
           r"only thing)) i(?:'m| am) (?:\w+ly |also |really )?allergic to(?=\s*(?:$|[,.;!?)]))",
           "short_things"),
    _trail("what how", "age", r" is (?:what|how old) i am\b", "age"),
    _trail("what", "occupation", r" is what i (?:am|do for a living)\b", "occupation"),
    _trail("by here", "nationality",
           r" (?:by (?:nationality|birth|passport|blood)|citizen here|passport holder here)",
           "nationality"),
    _trail("home", "home",
           r" (?:is|has become|became|'s) (?:now |my |our )*home(?: now| these days| for (?:me|us|"
           r"now))*"
           r"(?=\s*(?:$|[,.;!)]|but\b|and\b))", "place"),
    _trail("born", "hometown", r" born (?:and|&) (?:bred|raised)", "place"),
    _trail("what languag", "languages",
           r" (?:is|are) (?:what we speak at home|my (?:first|native|second|third|main) "
           r"languages?)", "languages"),
    _trail("what how", "hobby", r" (?:is|are) (?:what i do (?:for fun|to relax|in my (?:free|"
                                r"spare) time|at weekends|on "
           r"weekends)|(?:how|where) (?:i|we) (?:relax|unwind|switch off|wind down|spend (?:my|"
           r"our|most|"
           r"all) ?(?:\w+ )?(?:weekends?|evenings?|sundays?|saturdays?|free time|spare time|nights|"
           r"holidays|summers|winters)))",
           "short_things"),
    _trail("over", "prefers",
           r" over [\w ]{2,25}?,? (?:any ?(?:day|time)|every time|always|for me)\b",
           "short_things"),
    _trail("my", "likes",
           r" (?:is|are) (?:my thing|my jam|my cup of tea|right up my street|right up my alley|"
           r"my guilty pleasure)", "short_things"),
    _trail("my me", "dislikes",
           r" (?:is|are)(?:n't| not) (?:really )?(?:my thing|for me|my jam|my cup of tea)",
           "short_things"),
    _trail("where", "home",
           r",? (?:which is |that's |is |this is |because that's )?where (?:i|we)(?:'m| am|'re| "
           r"are)? (?:live|based|living|currently live)\b", "place"),
    _trail("where", "hometown",
           r",? (?:which is |that's |is |this is |because that's )?where (?:i|we)(?:'m| am|'re| "
           r"are)? (?:grew up|was born|were born|come from|from)\b", "place"),
    _trail("where", "employer", r" (?:is|are) where i work", "organisation"),
    _trail("/", "pronouns",
           r"(?:,? (?:please|pls|here|btw|pronouns|for me|if you (?:don't )?mind|thanks|not )|"
           r"\)|$)",
           "pronouns"),
    _trail("me", "employer", r" (?:employs|hired|has hired|just hired) me\b", "organisation"),
)  # fmt: skip
_BREAK = re.compile(
    r"[,;:.!?()]\s*|\s(?:so|and|but|because|since|please|from|like|"
    r"of|that|which|for|with|the|on|in|is|not|or)\s"
)


def find(text: Text, sentence: Sentence) -> list[Finding]:
    """What the set phrases of a sentence state."""
    found: list[Finding] = []
    low = text.plain[sentence.start : sentence.end].lower()
    for lead in LEADS:
        if _occurs(lead.words, low):
            for match in lead.pattern.finditer(text.plain, sentence.start, sentence.end):
                found.extend(_after(text, sentence, lead, match))
    for trail in TRAILS:
        if _occurs(trail.words, low):
            for match in trail.pattern.finditer(text.plain, sentence.start, sentence.end):
                found.extend(_before(text, sentence, trail, match))
    return found


def _occurs(words: tuple[str, ...], low: str) -> bool:
    """Whether one of the words is in a sentence; a loop, for it runs for every phrase."""
    for word in words:  # noqa: SIM110
        if word in low:
            return True
    return False


def _after(text: Text, sentence: Sentence, lead: Lead, match: re.Match[str]) -> list[Finding]:
    left = text.plain[max(sentence.start, match.start() - 60) : match.start()]
    if is_guarded(left):
        return []
    spans = READERS[lead.reader](text.plain, match.end(), sentence.end)
    if lead.tail and spans and not lead.tail.match(text.plain, spans[-1].end):
        return []
    return [Finding(lead.key, s, match.start(), s.end) for s in spans]


def _before(text: Text, sentence: Sentence, trail: Trail, match: re.Match[str]) -> list[Finding]:
    for spans in backward(text.plain, trail.reader, sentence.start, match.start()):
        left = text.plain[max(sentence.start, spans[0].start - 60) : spans[0].start]
        if not is_guarded(left):
            return [Finding(trail.key, s, s.start, match.end()) for s in spans]
    return []


def backward(plain: str, reader: str, start: int, stop: int) -> Iterator[list[Span]]:
    """Values that end at `stop`, the longest first."""
    begin = max(start, stop - 60)
    if begin > start:
        space = plain.find(" ", begin, stop)
        begin = space + 1 if space >= 0 else stop
    positions = [begin, *(begin + m.end() for m in re.finditer(r"[\s(\"]+", plain[begin:stop]))]
    marks = [begin + m.end() for m in _BREAK.finditer(plain[begin:stop])]
    cut = max((m for m in marks if m < stop - 1), default=begin)
    allowed = (
        positions
        if reader in ("languages", "short_things", "skills", "things")
        else [p for p in positions if p >= cut]
    )
    for pos in allowed:
        spans = READERS[reader](plain, pos, stop) if pos < stop else []
        word = next(tokens(plain, pos, stop, 1), None)
        if not spans or spans[-1].end < stop or word is None:
            continue
        if not is_boundary(word.low) and word.low not in CLAUSE_VERBS | PREPOSITIONS:
            yield spans
