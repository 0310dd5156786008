"""The grammar as data: what may follow a subject and its auxiliaries, and which fact it states.

A `Predicate` is matched where the main word of a clause begins (see `frames`). Its pattern is followed
by a value which `reader` reads. Order counts: the first predicate that finds a value wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import vocabulary as voc
from .types import ClaimKind


@dataclass(frozen=True, slots=True)
class Predicate:
    """One way of stating a fact."""

    frames: frozenset[str]
    pattern: re.Pattern[str]
    reader: str
    key: str
    kind: ClaimKind = ClaimKind.STATE
    confidence: float = 0.9
    elide: str = ""
    """Where the subject may be missing: `start` of a sentence too, `mid` only after a comma or "and"."""
    polarity: str = "plain"
    """`plain` (a negation closes), `negative` (it must be negated), `both`."""
    tail: re.Pattern[str] | None = None
    """What must follow the value."""
    needs: re.Pattern[str] | None = None
    """What must occur in the rest of the sentence."""
    is_circle: bool = False
    """Whether it may be said of a relative."""


def _p(
    frames: str,
    pattern: str,
    reader: str,
    key: str,
    *,
    kind: ClaimKind = ClaimKind.STATE,
    conf: float = 0.9,
    elide: str = "",
    polarity: str = "plain",
    tail: str = "",
    needs: str = "",
    circle: bool = False,
) -> Predicate:
    return Predicate(
        frozenset(frames.split()),
        re.compile(pattern, re.I),
        reader,
        key,
        kind,
        conf,
        elide,
        polarity,
        re.compile(tail, re.I) if tail else None,
        re.compile(needs, re.I) if needs else None,
        circle,
    )


_ABOUT = r"(?:here |over |over here |up |down |out |back |on my own |alone |together )*"
_TIME = (
    r"(?:full[- ]time |part[- ]time |remotely |freelance |nights? |shifts |here |there |from home |"
    r"hard |mostly |days? )*"
)
_WHEN = (
    r"\b(?:next|tomorrow|tonight|this (?:week|weekend|summer|winter|spring|autumn|fall|month|year|"
    r"friday|saturday|sunday|monday|tuesday|wednesday|thursday|afternoon|evening)|"
    r"in (?:\d+ |two |three |a few |a )?(?:january|february|march|april|may|june|july|august|"
    r"september|october|november|december|days|weeks?|months?|spring|summer|autumn|fall|winter)|"
    r"on (?:the |my |monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d)|soon|"
    r"(?:january|february|march|april|june|july|august|september|october|november|december)|"
    r"at the end of|from (?:monday|september|january)|later this|for christmas|at christmas)"
)
_SINCE = r"\s*,?\s*(?:for|since|all my|my whole|ever since|going on|almost|over|these|now|about)\b"
_END = r"\s*(?:$|[,.;:!?()\-]|(?:and|but|so|or|who|which|here|living|by|btw|now|if|too|not|that|as|with|because|since|from|actually|though|in|lol|what|how|where|can|do|working|citizen|national|myself|originally|tbh|haha|looking|trying)\b)"
_DEGREE = (
    r"(?:[\w-]+ ){0,2}?(?:master'?s?|bachelor'?s?|ph\.?d|doctorate|mba|msc|bsc|m\.?a|b\.?a|degree|"
    r"diploma|postgrad\w*|undergrad\w*|major|minor|residency|llm|llb|m\.?sc|b\.?sc|meng|beng)\b"
)
_SELF_IMPROVING = (
    r"(?:become|learn (?!more|about|how|what|if|why)|get better|get fit|get in shape|get into|improve my|lose|"
    r"run (?:a|my|the|an|two|\d)|be able|save|pay off|reach|retire|pass|qualify|master|read \w+ "
    r"books|read more|quit|climb|start my own|open (?:my|a)|publish|break into|switch (?:careers?|"
    r"into)|move up|get promoted|build up|cut (?:down|back)|eat (?:less|healthier|more|better)|drink "
    r"(?:less|more)|stop (?:smoking|drinking|biting|procrastinating|vaping|eating)|give up|wake up "
    r"earlier|sleep (?:better|more)|gain|swim|finish my|write (?:a (?:novel|book)|my (?:first|own))|"
    r"work as|own (?:a|my)|be fluent|be(?:come)? debt)"
)
_MAKING = (
    r"working (?:full[- ]time |hard )?on|building|writing|developing|preparing|drafting|designing|"
    r"creating|recording|composing|coding|restoring|renovating|organi[sz]ing|programming|"
    r"putting together|finishing(?: up)?|setting up|translating|editing|directing|producing|"
    r"researching|prototyping|shooting|illustrating|curating|rewriting|refactoring|porting"
)
_PROJECT_START = r"\s+(?=(?:an?|my|our|another|some|two|three)\s)"
_GO = r"(?:flying|travell?ing|relocating|emigrating|driving|sailing|cycling|heading|headed|off|returning|going back|moving|flying back|interrailing|backpacking)"

PREDICATES: tuple[Predicate, ...] = (
    # who one is
    _p("be", r"(?:called|named)\s", "loose_name", "name"),
    _p("do any", r"(?:goe?s?|go) by (?=\w+/\w)", "pronouns", "pronouns", elide="mid"),
    _p("do any", r"(?:uses?|prefers?)\s(?=\w+/\w)", "pronouns", "pronouns", elide="mid"),
    _p("do", r"goe?s? by (?:the name (?:of )?)?", "loose_name", "name"),
    _p("be", r"(?:aged? |age )?", "age", "age", elide="mid", circle=True),
    _p("do have any", r"(?:turned|reached)\s", "age", "age", elide="start", circle=True),
    _p("was be any", r"born (?:on (?:the )?|in (?=[a-z]+ \d))?", "date", "birthday", elide="start", circle=True),
    _p("was be any", r"(?:born(?: and (?:raised|bred|brought up))?|raised|brought up) (?:here |over )?(?:in|near|outside)\s",
       "loose_place", "hometown", elide="start", circle=True),
    _p("do have any", r"(?:grew|grown) up (?:\w+ )?(?:in|near|outside)\s", "loose_place", "hometown", elide="start", circle=True),
    _p("do any", r"(?:hails?|comes?) (?:originally )?from\s", "place", "hometown", elide="mid", circle=True),
    _p("be any", r"(?:originally )?from\s", "place", "hometown", conf=0.85, elide="mid", circle=True),
    _p("be", r"an? native of\s", "place", "hometown", circle=True),
    _p("be any", r"(?:an? )?(?=[^\W\d_])", "nationality", "nationality", elide="mid", circle=True,
       tail=rf"{_END}|\s(?:citizen|national|passport holder)\b"),
    _p("do have any", r"(?:holds?|got|have|acquired|received|obtained|became|an?|took|carry|travel on)? ?(?:dual |my |an? )*(?=[^\W\d_]+(?: \w+)? (?:nationality|citizenship|passport|citizen)\b)",
       "nationality", "nationality", elide="mid", circle=True),
    _p("be do", r"(?:on|in|over in|live in|operat\w+ on)\s", "timezone", "timezone", circle=True),
    # relations by predicate
    _p("be have do any", r"(?:happily )?(?:got )?married (?:to )\s*", "name", "spouse", elide="mid"),
    _p("do have", r"married\s", "name", "spouse"),
    _p("be have", r"(?:engaged to|dating|seeing|going out with|in a relationship with|together with|with my partner|living with my partner)\s",
       "name", "partner"),
    _p("do", r"reports? (?:directly )?(?:in)?to\s", "name", "manager"),
    _p("do be", r"works? (?:closely )?(?:for|under) (?=(?:dr|mr|mrs|ms|prof)\b)", "name", "manager"),
    # where one lives and stays
    _p("be any", rf"(?:(?:living|based|settled|residing|located|domiciled) {_ABOUT}(?:in|at|near|outside|just outside)|(?:an? )?(?:long[- ]?time |proud )?resident (?:of|in))\s",
       "loose_place", "home", elide="start", circle=True),
    _p("do any", rf"(?:lives?|resides?|dwells?) {_ABOUT}(?:in|near|outside|just outside)\s", "loose_place", "home", elide="start", circle=True),
    _p("have", rf"(?:lived|resided) {_ABOUT}(?:in|near)\s", "loose_place", "home", tail=_SINCE, circle=True),
    _p("do have any", rf"(?:moved|relocated|emigrated|immigrated) {_ABOUT}(?:from [\w .-]{{2,30}}? )?to\s", "loose_place", "home",
       kind=ClaimKind.CORRECT, elide="start", circle=True),
    _p("do have", r"settled (?:down )?in\s", "loose_place", "home", circle=True),
    _p("do", r"rents? (?:an? |my )?(?:\w+ )?(?:flat|house|apartment|place|room|studio|condo) in\s", "place", "home", circle=True),
    _p("be any", r"(?:away |stuck |out |over |back |here |down |up |holed up |currently |on (?:holiday|vacation|a business trip|a trip|a work trip) |in hospital |for work |at the airport )*in\s",
       "place", "current_location", conf=0.85, elide="start", circle=True),
    _p("be any", r"(?:visiting|passing through|staying in|staying at|on a (?:business )?trip to|travell?ing (?:in|through|around|across)|holidaying in|vacationing in|backpacking (?:in|through|around))\s",
       "loose_place", "current_location", elide="start", circle=True),
    _p("do have any", r"(?:landed|arrived|touched down|got|made it) (?:safely )?(?:in|at|to)\s", "place", "current_location", elide="start",
       kind=ClaimKind.CORRECT),
    _p("be", r"(?:writing|calling|texting|messaging|asking|typing|messaging you|reporting) (?:this )?(?:to you )?from\s", "place", "current_location"),
    # work and school
    _p("do any", rf"works? {_TIME}(?:as )(?=\w)", "any_occupation", "occupation", elide="start", circle=True),
    _p("be any", rf"(?:working|employed) {_TIME}as\s", "any_occupation", "occupation", elide="start", circle=True),
    _p("have", r"worked as\s", "any_occupation", "occupation", tail=_SINCE, circle=True),
    _p("do any", rf"works? {_TIME}(?:at|for|with)\s", "loose_organisation", "employer", elide="start", circle=True),
    _p("be any", rf"(?:working|employed|an? employee|interning|contracting|freelancing|temping|on contract) {_TIME}(?:at|for|by|with|of)\s",
       "loose_organisation", "employer", elide="start", circle=True),
    _p("have", r"worked (?:at|for|with)\s", "loose_organisation", "employer", tail=_SINCE, circle=True),
    _p("do any", r"works? in\s(?=(?:the )?(?:" + "|".join(sorted(voc.WORK_FIELDS)) + r")\b)", "short_thing", "occupation", conf=0.75, circle=True),
    _p("do any", rf"works? {_TIME}in\s(?=(?:an? |the )?(?:\w+ )?(?:hospital|school|bank|warehouse|bakery|restaurant|library|factory|kitchen|nursery|museum|pharmacy|call cent(?:er|re)|hotel|lab|clinic|shop|store|supermarket)\b)",
       "loose_organisation", "employer", conf=0.75, circle=True),
    _p("do have any", r"(?:started|joined|begun|began|signed|signed on|accepted (?:a job|an offer)|got hired|got a job|landed a job|been hired|taken a job|took a job|got a new job|start)(?: (?:work|working|a new job|a job|my new job|a new position|a new role))? (?:at|with|for|from|by)\s",
       "organisation", "employer", kind=ClaimKind.CORRECT, elide="start", circle=True),
    _p("do have", r"joined\s", "organisation", "employer", kind=ClaimKind.CORRECT, conf=0.8, circle=True),
    _p("have do any", r"(?:got )?(?:an? |my )?(?:new )?(?:job|position|role|internship|apprenticeship) (?:at|with)\s", "organisation", "employer", elide="mid", circle=True),
    _p("be", r"(?:at|with|over at|back at)\s", "organisation", "employer", tail=_SINCE, circle=True),
    _p("do", r"(?:earns?|makes?|earn) (?:my|his|her|our|their|a) living (?:as|by|from)\s", "any_occupation", "occupation", circle=True),
    _p("do have", r"(?:became|become|qualified as|retrained as|got promoted to|been promoted to)\s", "occupation", "occupation", kind=ClaimKind.CORRECT, circle=True),
    _p("be any", r"(?:enrolled|enroled|registered|studying|matriculated|an? (?:[\w-]+ ){0,3}student|doing my \w+) (?:as a student )?at\s", "organisation", "education",
       elide="mid", circle=True, tail=r"(?!\s+(?:studying|doing))"),
    _p("do", r"(?:stud(?:y|ies)) at\s", "organisation", "education", circle=True),
    _p("do have any", r"graduated (?:\w+ )?(?:from|with|in) (?:an? )?(?!\d)", "study", "education", elide="start", circle=True),
    _p("do be have any", r"(?:stud(?:y|ies|ied|ying)|majored in|majoring in|majors? in|reading) (?:for )?(?=an? |my |[^\W\d_])", "study", "education",
       elide="start", circle=True),
    _p("do be have any", rf"(?:did|done|do|doing|finished|finishing|completed|completing|pursuing|started|starting|have|has|got|hold|holds|earned|getting|taking|working towards?)? ?(?:an?|my|his|her|two) (?={_DEGREE})",
       "study", "education", elide="mid", circle=True),
    _p("do", r"(?:goe?s?|go|attend|attends) (?:to )?(?=[^,.?!]*(?:university|college|school|academy|institute|uni)\b)", "organisation", "education", circle=True),
    _p("be any", r"", "occupation", "occupation", elide="mid", circle=True),
    # languages, food, health
    _p("do can any", r"speaks?\s", "languages", "languages", elide="start", circle=True),
    _p("be any", r"(?:fluent|bilingual|trilingual|conversational|proficient|native|a native speaker|a native speaker of|native speaker of|literate) ?(?:in|with|of)?\s", "languages", "languages",
       elide="start", circle=True),
    _p("be", r"an? (?:native )?(?=\w+ (?:native )?speaker)", "language", "languages", circle=True),
    _p("do", r"grew up (?:speaking|with)\s", "languages", "languages", circle=True),
    _p("do have any", r"(?:took up|taken up|picked up)\s(?!the phone|a (?:parcel|package|cold))", "short_things", "hobby", elide="mid", circle=True),
    _p("be any", r"", "diet", "diet", elide="start", circle=True),
    _p("do have be any", r"(?:eats?|follow(?:s|ing)?|keep(?:s|ing)?|stick(?:s|ing)? to|do|doing|does|gone|went|turned|became|become|on|eating|switched to|cook|started|going)\s(?=.{0,18}?\b" + voc.DIETS + ")",
       "diet", "diet", elide="mid", circle=True),
    _p("do", r"(?=eats? (?:any )?(?:meat|pork|beef|fish|dairy|gluten|wheat|red meat|animal|eggs|sugar|carbs|seafood|lamb|poultry|chicken)\b)", "clause", "diet",
       polarity="negative", conf=0.8, circle=True),
    _p("be any", r"allergic (?:reaction )?to\s", "short_things", "allergic_to", elide="start", circle=True),
    _p("have do", r"(?:got )?(?:an? )?(?:\w+ )?allerg(?:y|ies) to\s", "short_things", "allergic_to", circle=True),
    _p("have do", r"(?:got )?an? (?:severe |bad |mild |serious |nasty |terrible |strong )?(?=(?:tree |bee |wasp |cat |dog |dust |egg |\w+ )?\w+ allergy)", "allergen", "allergic_to", circle=True),
    _p("be", r"(?=\w+[ -]intolerant\b)", "word", "allergic_to", conf=0.8, circle=True),
    _p("can do", r"(?:have|eat|touch|take|be around|go near|do)\s", "short_things", "allergic_to", polarity="negative",
       tail=r"[^.?!]{0,30}\ballerg", circle=True),
    # possessions and tools
    _p("do any", r"owns?\s", "things", "owns", elide="mid", circle=True),
    _p("have do any", r"(?:got )?(?=(?:an?|my|two|three|our|\d+)\s)", "owned", "owns", elide="mid"),
    _p("do any", r"drives?\s(?=an? |my )", "owned", "owns", elide="mid", circle=True),
    _p("be", r"driving\s(?=an? |my )", "owned", "owns", tail=rf"{_END}"),
    _p("do have any", r"(?:bought|purchased|got myself|treated myself to|picked up|inherited|just got|got)\s(?=(?:an?|my|our|the|two|it)\s|(?-i:[A-Z]))", "owned", "owns", elide="mid"),
    _p("do have any", r"(?:switched|migrated|moved|changed|gone|converted|upgraded)(?: over| back| everything| all of it)?(?: from [\w ]{2,20}?)? to\s", "tools", "uses", conf=0.85, elide="mid"),
    _p("do any", r"(?:runs?|relies|rely) on\s", "tools", "uses", elide="mid"),
    _p("do be any", r"(?:use|using|uses)\s", "tools", "uses", elide="start"),
    _p("do", r"(?:write|code|do|draw|edit|build|plan|track|manage|keep|draft|record|store) (?:everything|most things|all my \w+|all of my \w+|most of my \w+|it all|my \w+) (?:in|with|on|using)\s", "tools", "uses"),
    # tastes
    _p("do", r"(?:likes?|loves?|enjoys?|eats?(?= (?:coriander|cilantro|olives|mushrooms))|care for|get on with)\s(?!to\b|it\b|this|that|you\b|how|when|your|what|the (?:way|idea|look|sound)|being|having)", "things", "dislikes", polarity="negative", circle=True),
    _p("can", r"(?:stand|bear|stomach|abide|tolerate|handle)\s(?!it|this|that|how|when|the (?:way|idea))", "things", "dislikes", polarity="negative", circle=True),
    _p("do any", r"(?:hates?|dislikes?|detests?|loathes?|despises?)\s(?!to\b|it|this|that|how|when|your|you\b|being|having|the (?:way|idea|fact))", "things", "dislikes", elide="mid", circle=True),
    _p("be", r"(?:an? (?:big |huge |great )?fan of|keen on|into|fond of|crazy about)\s(?!it|this|that|the (?:way|idea))", "things", "dislikes", polarity="negative", circle=True),
    _p("do", r"prefers?\s(?!not\b|if\b|that\b|you\b|to (?:know|ask|avoid)\b|(?:the |your )?(?:answers?|replies|responses)\b)", "preferred", "prefers", elide="mid", circle=True),
    _p("would", r"rather\s(?!not\b|you\b|that\b|be\b|die\b)", "preferred", "prefers", needs=r"\bthan\b"),
    _p("would", r"(?:much |always )?rather\s(?=have|get|use|take|work|read|eat|drink|travel)", "preferred", "prefers", needs=r"\bthan\b"),
    _p("be any", r"(?:an? )?(?:(?:big|huge|massive|great|real|lifelong|die-hard|long-time|longtime|avid|true|devoted) )*(?:fan of|lover of|sucker for|addict of)\s", "things", "likes", elide="start", circle=True),
    _p("be", r"(?:an? )(?:(?:big|huge|massive|lifelong|die-hard|longtime|avid|devoted) )+(?=[\w ]{2,25}? (?:fan|lover|enthusiast|nerd|buff|addict|reader|gamer|cyclist|runner|hiker|climber|gardener|birdwatcher|collector)\b)",
       "fandom", "likes", circle=True),
    _p("be any", r"(?:fond of|keen on|obsessed with|crazy about|mad about|nuts about|passionate about|hooked on|addicted to|in love with|big on|a sucker for|partial to|(?:really |very |heavily |big )?into)\s(?!it\b|you\b|the idea)", "things", "likes", elide="mid", circle=True),
    _p("do", r"(?:loves?|likes?|adores?|enjoys?|dig|fancy)\s(?=to\s)to (?=" + r"(?:cook|bake|read|paint|draw|dance|hike|run|swim|cycle|sing|travel|knit|garden|ski|climb|fish|sail|surf|write|sew|camp|play|watch|collect|go|make|work out|do|build|ride|drive|take photos|photograph)\b)",
       "activity", "likes", circle=True),
    _p("do any", r"(?:loves?|likes?|adores?|enjoys?)\s(?!to\b|it|this|that|you|how|when|your|what|the (?:way|idea|look|sound|new|answer|fact)|seeing|having|hearing)", "things", "likes", elide="mid", circle=True),
    # free time and skills
    _p("do any", rf"plays?\s(?=(?:{voc.GAMES_AND_SPORTS})\b)", "game", "hobby", elide="mid", circle=True),
    _p("do any", rf"(?:goe?s?|go|went) (?={voc.SPORTS_GERUND}\b)(?!shopping)", "short_things", "hobby", elide="mid", circle=True),
    _p("do any", r"(?:(?:do|does|practi[sc]es?) )?(?=(?:\w+ )?(?:yoga|pilates|karate|judo|taekwondo|aikido|meditation|ceramics|pottery|crossfit|tai chi|calligraphy|jiu[- ]jitsu|kung fu|martial arts|gymnastics|archery|ballet|parkour|improv|origami|photography|crosswords|sudoku)\b)", "short_things", "hobby", elide="mid", circle=True),
    _p("do any", r"(?=collects?\s(?!the|my|it|your|a |data|info))", "activity", "hobby", elide="mid", circle=True),
    _p("do", r"(?=\w+(?:\s+[\w-]+){0,5}?\s+(?:for fun|as a hobby|to relax|to unwind|in my (?:spare|free) time|on (?:the )?weekends|at (?:the )?weekends?|every weekend|most weekends)\b)(?!work\b|have\b|am\b)", "activity", "hobby", circle=True),
    _p("have", r"done\s", "short_things", "hobby", tail=r"\s+as a hobby"),
    _p("can do", r"(?:code|program|write code|write|develop|script|build things|work) (?:things )?(?:in|with)\s", "skills", "skill", circle=True),
    _p("do", r"(?:codes?|programs?) in\s", "skills", "skill", circle=True),
    _p("be any", r"(?:(?:good|great|decent|excellent|skilled|proficient|experienced|well[- ]versed|competent|brilliant|handy|fluent|strong|adept|trained|certified|comfortable) (?:at|in|with)|an? (?:expert|pro|whiz|wizard|ace|specialist|black belt) (?:at|in|with)|an? (?:excel|python|sql|photoshop) (?=expert))\s(?!it|this|that)", "short_things", "skill", elide="mid", circle=True),
    _p("do any", r"knows?\s(?!that|how|what)", "skills", "skill", elide="mid", circle=True),
    _p("can", r"(?:play|do|cook|sew|knit|weld|juggle|touch[- ]type|use|read|write|draw|drive|sail|ride|fly|make|bake)\s(?!it|this|that|the same|anything)(?=[^.?!]{3,40}?(?:pretty well|quite well|really well|very well|fluently|well)\b)", "short_things", "skill"),
)  # fmt: skip

INTENTIONS: tuple[Predicate, ...] = (
    # wavering
    _p("might", r"(?!add\b|say\b|be wrong|be (?:able|asking|missing|crazy|stupid|dumb|mistaken|overthinking)|ask\b|have (?:to|been|missed|done|made|made)|need\b|want\b|sound\b|as well\b|seem\b)", "clause", "about", conf=0.85),
    _p("be have any", r"(?:been )?(?:thinking (?:about|of)|considering|contemplating|mulling over|weighing(?: up)?|debating(?: whether(?: or not)? to| about| on)?|toying with(?: the idea of)?|tempted to|tempted by|flirting with the idea of|playing with the idea of|leaning towards?|entertaining the idea of|pondering)\s(?:whether (?:or not )?(?:to |i should |we should ))?", "clause", "about", conf=0.85, elide="start"),
    _p("be any", r"(?:on the fence|undecided|torn|in two minds|of two minds|unsure|ambivalent|hesitant|hesitating|wavering|conflicted|uncertain|agonising|agonizing) (?:about|on|over|whether(?: or not)? to|if i should|whether (?:i|we) should|between|as to whether to)\s", "clause", "about", elide="start"),
    _p("be any", r"(?:sure|certain|100% sure|convinced|decided|too sure) (?:yet |about |on |whether (?:or not )?(?:to |i should |we should |i want to |i'll |we'll |i will )|if (?:i should |we should |i want to |we want to |i'll |we'll |i will ))+", "clause", "about", polarity="negative", elide="start"),
    _p("can do have", r"(?:decide|decided|know|made up my mind|make up my mind|made up our minds)(?: yet)? (?:about |on |between |whether (?:or not )?(?:to |i should |we should |i want to )|if (?:i should |we should |i want to )|when to )", "clause", "about", polarity="negative"),
    _p("be", r"wondering (?:whether|if) (?:to |i should |we should |it's worth )", "clause", "about"),
    _p("do", r"keeps? (?:thinking about|thinking of|going back and forth (?:on|about|over)|wondering (?:about|whether to)|changing my mind (?:about|on)|considering)\s", "clause", "about"),
    _p("be have do", r"(?:been )?(?:going|go|gone) back and forth (?:on|about|over|between)\s(?:whether to )?", "clause", "about"),
    # settled plans
    _p("be any", r"(?:planning|plan|intending) (?:to|on)\s", "timeless", "plan", elide="start"),
    _p("do have", r"(?:plan|intend|planned|am set|agreed|promised) (?:to|on)\s(?!ask|know)", "timeless", "plan"),
    _p("be", rf"(?={_GO} (?:back |over |home |up |down |out )?(?:to|for|in|through|around)\s(?!the (?:next|conclusion)|do\b|an? (?:close|conclusion)))", "timeless", "plan"),
    _p("be", r"(?=(?:going|travel+ing|off) (?:back |over |up |down )?to (?:the )?(?-i:[^\W\d_a-zß-ÿ])\w+)", "timeless", "plan"),
    _p("be", r"(?:going to|gonna|about to)\s(?!ask|need|be (?:honest|sound)|assume|guess|have to)", "timeless", "plan", conf=0.8, needs=_WHEN),
    _p("be", r"(?=(?:getting|having|expecting) (?:married|divorced|a baby|surgery|an operation|engaged|my \w+ (?:removed|done)))", "timeless", "plan"),
    _p("be", r"(?=(?:starting|attending|running|hosting|visiting|quitting|retiring|meeting|taking|joining|leaving|throwing|giving|presenting|seeing|speaking|defending|opening|launching|hiking|walking|competing|racing|performing|spending|renting|buying|selling|doing|having|celebrating|going)\s)", "timeless", "plan", conf=0.8, needs=_WHEN),
    _p("do any", r"(?=(?:fly|leave|depart|travel|set off|head|move|sail|drive) (?:out |off |back |home |over )?(?:to|for)\s)", "timeless", "plan", needs=_WHEN),
    _p("do any", r"(?=(?:start|begin|retire|graduate|defend|get married|give birth|take|sit|have (?:surgery|an operation))\b(?! from\b))", "timeless", "plan", conf=0.8, needs=r"\b(?:next|tomorrow|this (?:summer|autumn|fall|winter|spring)|in (?:january|february|march|april|june|july|august|september|october|november|december))\b"),
    _p("have do any", r"(?:already )?(?:booked|reserved|signed up for|registered for|enrolled (?:in|on)|got tickets (?:for|to)|bought tickets (?:for|to))\s(?!it|that|this)", "timeless", "plan", elide="start"),
    _p("have", r"(?:got )?(?:an? )(?=(?:trip|flight|holiday|vacation) (?:to|booked|planned))", "timeless", "plan"),
    _p("will", r"(?=(?:be (?:in|at|on|\w+ing)|fly|travel|move|visit|go to|start|run|join|leave|take|host|spend)\b)", "timeless", "plan", conf=0.8, needs=_WHEN),
    # goals
    _p("do", rf"(?:want|hope|aspire|aim|wish)(?:s|ing)? to (?={_SELF_IMPROVING})", "clause", "goal"),
    _p("do", r"(?:want|hope)s? to\s(?=[^.?!]{3,60}\b(?:one day|someday|eventually|by the end of|this year|before i'm|before i turn|by (?:next|summer|christmas|20\d\d))\b)", "clause", "goal"),
    _p("would", rf"(?:like|love) to (?={_SELF_IMPROVING})", "clause", "goal", conf=0.8),
    _p("would", r"(?:like|love) to\s(?=[^.?!]{3,60}\b(?:one day|someday|eventually)\b)", "clause", "goal"),
    _p("do", r"(?:aim|aspire|dream) (?:to|of|for)\s", "clause", "goal"),
    _p("be", r"(?:aiming|hoping|striving|determined|dreaming|on a mission) (?:to|of|for)\s(?!find|get (?:some|a quick|help)|you|know|understand|hear|avoid)", "clause", "goal"),
    _p("be any", rf"(?:trying|working hard|working) to (?={_SELF_IMPROVING})", "clause", "goal", elide="start"),
    _p("be any", r"(?=(?:saving(?: up)? for|training for|saving(?: up)? to|studying for|working towards|preparing for|training to)\s)", "clause", "goal", elide="mid"),
    _p("have do", r"(?:set|given) (?:myself|ourselves) (?:the|a) (?:target|goal|challenge|aim) (?:of|to)\s", "clause", "goal"),
    # work in hand
    _p("be any", rf"(?:busy )?(?:{_MAKING}){_PROJECT_START}", "project", "working_on", elide="start"),
    _p("be any", r"(?:busy )?working (?:full[- ]time |hard )?on\s(?!it\b|that\b|this\b|myself|weekends|nights)", "project", "working_on", elide="start"),
    _p("be any", r"making\s(?=(?:an?|my|our) (?:[\w-]+ ){0,3}(?:app|game|website|film|movie|documentary|video|podcast|album|comic|board game|short|robot|site|plugin|bot|quilt|zine|database|model)\b)", "project", "working_on", elide="start"),
)  # fmt: skip

ENDINGS: tuple[Predicate, ...] = (
    _p("do have", r"(?:quit|left|resigned from|walked out of|stopped working (?:at|for)|retired from|parted ways with|got (?:fired|laid off|let go|sacked) (?:by|from))\s", "organisation", "employer", kind=ClaimKind.CLOSE),
    _p("was be have do", r"(?:got |been )?(?:laid off|fired|let go|made redundant|sacked) (?:by|from|at)\s", "organisation", "employer", kind=ClaimKind.CLOSE),
    _p("do have be was", r"(?=(?:quit|lost|left|handed in|resigned|got fired|fired|laid off|made redundant|sacked|unemployed)\b(?: (?:my job|work|my notice))?)(?=(?:quit|lost|left) my job|resigned|got fired|fired|laid off|made redundant|sacked|unemployed)", "nothing", "employer", kind=ClaimKind.CLOSE),
    _p("do have", r"(?:broke|broken|split|separated|parted)(?: up)?(?: (?:with|from))?\s", "name", "partner", kind=ClaimKind.CLOSE),
    _p("do have be was", r"(?=broke up|broken up|split up|no longer together)", "nothing", "partner", kind=ClaimKind.CLOSE),
    _p("do have be", r"(?=(?:got )?divorced\b|separated from my (?:wife|husband))", "nothing", "spouse", kind=ClaimKind.CLOSE),
    _p("do have", r"(?:sold|scrapped|gave away|given away|got rid of|gotten rid of|donated|traded in|crashed|totaled|totalled|lost)\s(?:my |the |our |that )", "things", "owns", kind=ClaimKind.CLOSE),
    _p("do have", r"(?:stopped|quit|given up|gave up|ditched|dropped|stopped using|quit using|cancelled my subscription to|abandoned|deleted|uninstalled)(?: (?:on|using))?\s(?:the |my )?", "things", "uses", kind=ClaimKind.CLOSE),
    _p("do have", r"(?:stopped|quit|given up|gave up|dropped|packed in)(?: (?:on|going|doing|playing))?\s(?:the |my )?", "things", "hobby", kind=ClaimKind.CLOSE),
    _p("do have", r"(?:stopped|quit|given up on|gave up on|abandoned|dropped|reached|achieved|met|hit)\s(?:my goal of |the goal of |trying to |my |the )?", "clause", "goal", kind=ClaimKind.CLOSE),
    _p("do have", r"(?:cancel+ed|called off|scrapped|postponed|shelved)\s(?:my |the |our )?", "timeless", "plan", kind=ClaimKind.CLOSE),
    _p("be", r"(?:going|flying|travel+ing|moving)\s", "timeless", "plan", kind=ClaimKind.CLOSE, polarity="negative"),
    _p("do have", r"(?:finished|wrapped up|completed|shipped|submitted|handed in|delivered|done with)\s(?:my |the |our )?", "timeless", "working_on", kind=ClaimKind.CLOSE),
    _p("have", r"(?:any )?(?=kids|children)", "nothing", "child", kind=ClaimKind.CLOSE, polarity="negative"),
    _p("have", r"(?:any )?(?=kids|children)", "nothing", "son", kind=ClaimKind.CLOSE, polarity="negative"),
    _p("have", r"(?:any )?(?=kids|children)", "nothing", "daughter", kind=ClaimKind.CLOSE, polarity="negative"),
    _p("have", r"(?:any |a )?(?=pets?\b)", "nothing", "pet", kind=ClaimKind.CLOSE, polarity="negative"),
    _p("have", r"(?:an? |the |my |our )", "things", "owns", kind=ClaimKind.CLOSE, polarity="negative"),
    _p("do have", r"(?:decided against|ruled out|dropped the idea of|given up on the idea of|abandoned the idea of)\s", "clause", "about", kind=ClaimKind.RESOLVE),
    _p("do have", r"(?:decided (?:to|on|that)|settled on|opted (?:for|to)|gone for|chosen to|gone with|went with|going with)\s", "clause", "about", kind=ClaimKind.RESOLVE),
    _p("do have be", r"(?=(?:made up my mind|made our minds up|made up our minds|signed yesterday|decided\b|took the (?:job|plunge|offer)|taken the (?:job|offer)|accepted the|turned (?:it|the \w+) down))", "nothing", "about", kind=ClaimKind.RESOLVE),
)  # fmt: skip
