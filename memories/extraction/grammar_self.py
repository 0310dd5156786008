"""Predicates about who one is, where one lives, and what one does."""

from __future__ import annotations

from . import vocabulary as voc
from .grammar import Predicate
from .grammar import predicate as _p
from .types import ClaimKind

_ABOUT = (
    r"(?:(?:here|over|over here|up|down|out|back|on my own|"
    r"alone|together|with (?:my|our) \w+),? |,? ?(?:in the end|after all|eventually|at last),? |"
    r"(?:last|this) \w+,? |(?<=[ed]), )*"
)
_TIME = (
    r"(?:full[- ]time |part[- ]time |remotely |freelance |nights? |shifts |here |there |from home |"
    r"hard |mostly |days? |the (?:counter|desk|till|door|floor|line|bar|kitchen|night "
    r"shift|front desk) |(?:\w+ (?:days|hours|shifts) (?:a|per) week )|in shifts )*"
)
_SINCE = r"\s*,?\s*(?:for|since|all my|my whole|ever since|going on|almost|over|these|now|about)\b"
_END = (
    r"\s*(?:$|[,.;:!?()\-]|(?:and|but|so|or|who|which|here|living|by|btw|now|if|too|not|"
    r"that|as|with|because|since|from|actually|though|in|lol|what|how|where|can|do|"
    r"working|citizen|national|myself|originally|i|we|my|tbh|haha|looking|trying)\b)"
)
_DEGREE = (
    r"(?:[\w-]+ ){0,2}?(?:master'?s?|bachelor'?s?|ph\.?d|doctorate|mba|msc|bsc|m\.?a|b\.?a|degree|"
    r"diploma|postgrad\w*|undergrad\w*|major|minor|residency|llm|llb|m\.?sc|b\.?sc|meng|"
    r"beng)\b(?! (?:student|candidate|thesis|dissertation|holder|project|level|in front))"
)
_AGE_END = (
    r"(?:[mf]\b|\s*/\s*[mf]\b)?(?:[- ]?(?:years?(?: old| of age)?|"
    r"yrs?(?: old)?|yo|y/o)\b)?(?=\s*(?:$|[,.;:!?()]|-\s|"
    r"(?:and|but|now|today|male|female|man|woman|with|so|not|this|"
    r"last|living|who|from|btw|already|tomorrow|next|"
    r"on|going|single|married|retired|turning|or|if|tbh|lol|because|"
    r"since|as|which|still|too|though|here|yesterday|"
    r"in (?:a|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|two|three|\d)|"
    r"and|haha|these|by|where|what|how|working|at heart|actually|"
    r"feeling|trying|looking|when|while|until)\b))"
)
_TRADES = (
    r"(?:driv|teach|nurs|cod|programm|freelanc|consult|cook|deliver|weld|manag|design|tutor|lectur|"
    r"practi[cs]|research|engineer|edit|photograph|bartend|waitress|clean|sell|paint|danc)(?:ing)|"
    r"drives? (?:trucks?|lorr(?:y|ies)|buses|a bus|a truck|a lorry|a taxi|taxis|trains|vans?|"
    r"forklifts?)"
    r"|writes? (?:code|software|copy)|drives?|teach(?:es)?|consults?|freelances?|cleans? "
    r"(?:rooms|offices)"
)
CAMPUS = (
    r"(?:the )?(?:universit\w+|college|[^,.;:?!]{0,40}\b(?:universit\w+|college|polytechnic|"
    r"academy|institute of|school of|(?-i:[A-Z]\w+ School))\b|(?-i:Oxford|Cambridge|Harvard|Yale|"
    r"Princeton|Stanford|MIT|Caltech|"
    r"Columbia|Cornell|Berkeley|UCLA|NYU|Sorbonne|ETH|EPFL|LSE|UCL|KU Leuven|TU [A-Z]\w+|"
    r"Heidelberg|Bologna|Durham|Imperial|Trinity)\b)"
)

SELF: tuple[Predicate, ...] = (
    # who one is
    _p("be", r"(?:called|named)\s", "loose_name", "name"),
    _p("do any", r"(?:goe?s?|go) by (?=\w+/\w)", "pronouns", "pronouns", elide="mid"),
    _p("do any", r"(?:uses?|prefers?)\s(?=\w+/\w)", "pronouns", "pronouns", elide="mid"),
    _p("do", r"goe?s? by (?!(?:the )?(?:bus|train|car|bike|foot|plane|tram|taxi|ferry|boat|"
       r"metro|feel|ear|gut|what|how)\b)(?:the name (?:of )?)?", "loose_name", "name"),
    _p("be", r"an? ", "age", "age", circle=True,
       tail=r"[- ]?(?:years?[- ]olds?|yrs?[- ]old|yo\b|y/o)"),
    _p("be", r"(?:aged? |age )?", "age", "age", elide="mid", circle=True, tail=_AGE_END),
    _p("do have any", r"(?:turned|reached)\s", "age", "age", elide="start", circle=True),
    _p("was be any", r"born (?:on (?:the )?|in (?=[a-z]+ \d))?", "date", "birthday",
       elide="start", circle=True),
    _p("was be any", r"born (?:in )?(?=(?:19|20)\d\d\b)", "year", "birthday", elide="start",
       circle=True, tail=r"(?! in\b)"),
    _p("was be any",
       r"(?:born(?: and (?:raised|bred|brought up))?|raised|brought up) (?:here |over )?(?:in|"
       r"near|outside)\s", "loose_place", "hometown", elide="start", circle=True),
    _p("do have any", r"(?:grew|grown) up on an? (?:[\w-]+ )?(?:farm|village|town|suburb|ranch|"
       r"island|commune) (?:in|near|outside|off|close to)\s", "place", "hometown", elide="start",
       circle=True),
    _p("do have any",
       r"(?:grew|grown) up (?:(?!(?!living)\w+ing )\w+ )?(?:in|near|outside)\s", "loose_place",
       "hometown", elide="start", circle=True),
    _p("do any", r"(?:hails?|comes?) (?:originally )?from\s", "place", "hometown", elide="mid",
       circle=True),
    _p("be any", r"from\s", "place", "hometown", conf=0.85, elide="mid", circle=True),
    _p("be any", r"(?:(?<=originally )from|hailing from)\s", "place", "hometown", elide="start"),
    _p("be", r"an? native of\s", "place", "hometown", circle=True),
    _p("be any", r"(?:an? )?(?:dual )?(?=[^\W\d_])", "nationality", "nationality", elide="mid",
       circle=True, tail=rf"{_END}|\s(?:citizen|national|passport holder)\b"),
    _p("do have any",
       r"(?:holds?|got|have|acquired|received|obtained|became|an?|took|carry|travel on)? "
       r"?(?:dual |my |an? )*(?=[^\W\d_]+(?: \w+)? (?:nationality|citizenship|passport|citizen)"
       r"\b)", "nationality", "nationality", elide="mid", circle=True),
    _p("any", r"", "nationality", "nationality", elide="start",
       tail=r"\s+(?:passport|citizen|national)(?: holder)?(?: here)?\s*(?:$|[,.;])"),
    _p("be do", r"(?:on|in|over in|live in|(?:operat\w*|runs?|works?) (?:on|in))\s", "timezone",
       "timezone", circle=True),
    _p("be", r"(?=(?:utc|gmt) ?[+-])", "timezone", "timezone"),
    _p("any", r"(?:aged? )?", "age", "age", elide="mid", circle=True,
       tail=r" ?(?:years? old|yo\b|y/o|years of age)"),
    _p("any", r"", "age", "age", elide="start", tail=r" years? young\b"),
    _p("any", r"aged? ", "age", "age", elide="mid", circle=True),
    _p("any", r"(?=\d\d\b)", "age", "age", elide="mid", tail=r"\s*(?:$|[,.;)])",
       after="occupation employer name nationality home hometown"),
    # relations by predicate
    _p("be have do any", r"(?:happily )?(?:got )?married (?:to )(?:an? \w+ (?:called|named) )?",
       "name", "spouse", elide="start"),
    _p("do have", r"married\s", "name", "spouse"),
    _p("be have",
       r"(?:engaged to|dating|seeing|going out with|in a relationship with|together with|with my "
       r"partner|living with my partner)\s(?:an? \w+ (?:called|named) )?", "name", "partner"),
    _p("do be any", r"report(?:s|ing)? (?:directly )?(?:in)?to (?:a new \w+, |a \w+ called )?",
       "name", "manager"),
    _p("do be", r"works? (?:closely )?(?:for|under) (?=(?:dr|mr|mrs|ms|prof)\b)", "name",
       "manager"),
    # where one lives and stays
    _p("be any",
       rf"(?:(?:living|based|settled|residing|located|domiciled) {_ABOUT}(?:in|at|near|outside|"
       rf"just outside|out of)|(?:an? )?(?:long[- ]?time |proud )?resident (?:of|in))\s",
       "loose_place", "home", elide="start", circle=True),
    _p("do any", rf"(?:lives?|resides?|dwells?) {_ABOUT}(?:in|near|outside|just outside)\s",
       "loose_place", "home", elide="start", circle=True),
    _p("have", rf"(?:lived|resided) {_ABOUT}(?:in|near)\s", "loose_place", "home", tail=_SINCE,
       circle=True),
    _p("do have any",
       rf"(?:moved|relocated|emigrated|immigrated) {_ABOUT}(?:from [\w .-]{{2,30}}? )?to\s",
       "loose_place", "home", kind=ClaimKind.CORRECT, elide="start", circle=True),
    _p("do", r"stays? in\s", "place", "home", conf=0.75, circle=True,
       tail=r"\s+(?:with (?:my|his|her|our|family|parents)|since)\b"),
    _p("do have any",
       r"moved (?:in)?to (?:an?|our|my) (?:\w+ ){0,2}?(?:flat|house|apartment|place|room|studio) "
       r"in\s", "place", "home", kind=ClaimKind.CORRECT, elide="start"),
    _p("do", r"lives? at [\w ,]{3,40}? in\s", "place", "home", circle=True),
    _p("do have", r"settled (?:down )?in\s", "loose_place", "home", circle=True),
    _p("do any", r"lives? with [^,.;:?!()]{3,40}? in\s", "place", "home", circle=True,
       elide="start"),
    _p("have", r"(?:always )?lived (?:all my life|my (?:whole|entire) life|for [\w ]{2,20}) in\s",
       "place", "home", circle=True),
    _p("do",
       r"rents? (?:an? |my )?(?:\w+ )?(?:flat|house|apartment|place|room|studio|condo) in\s",
       "place", "home", circle=True),
    _p("be", r"(?:here )?in\s", "place", "home",
       tail=r"\s*,?\s*(?:\d+ (?:years|yrs)\b|for (?:\d+|many|several|"
            r"the (?:last|past) \w+|over \w+|almost \w+|about "
            r"\w+|\w+) (?:years|decades)|since (?:19|20)\d\d|my whole life|all my life)",
       circle=True, elide="mid"),
    _p("any", r"(?:(?<=currently )|(?<=now )|(?<=still )|(?<=stuck )|(?<=presently ))in\s",
       "place", "current_location", conf=0.85, elide="start"),
    _p("be any",
       r"(?:away |stuck |out |over |back |here |down |up |holed up |currently |on (?:holiday|"
       r"vacation|a business trip|a trip|a work trip) |in hospital |for work |at the airport )"
       r"*in\s", "place", "current_location", conf=0.85, elide="", circle=True),
    _p("any",
       r"(?:away|stuck|holed up|on (?:holiday|vacation|a business trip|a trip|a work trip)|back) "
       r"in\s", "place", "current_location", conf=0.85, elide="start"),
    _p("be", r"spending (?:the|a|this|some|my|our|\w+) (?:\w+ )?(?:day|week|weekend|month|"
       r"summer|winter|holidays?|year|time)s? (?:here )?in\s", "place", "current_location",
       conf=0.85),
    _p("be any", r"(?:stuck|waiting|stranded|sitting|sat|delayed|marooned) (?:here )?(?:at|in)\s",
       "place", "current_location", conf=0.85, elide="start"),
    _p("be", r"(?:at|staying (?:at|with)) (?:my|our|an? \w+'s?) (?:[\w']+ ){0,2}?[\w']+ in\s",
             "place",
       "current_location", conf=0.85),
    _p("be any",
       r"visiting (?:my|our|some|an? old|his|her) (?:\w+ ){1,3}?(?:over |up |down )?in\s", "place",
       "current_location", conf=0.85, elide="start"),
    _p("any be", r"in\s", "place", "current_location", conf=0.8, elide="start",
       tail=r"\s+(?:till|until|this week|right now|at the moment|for (?:\w+ (?:days?|weeks?|"
            r"nights?)|work|a conference|the week|business))\b"),
    _p("be any",
       r"(?:visiting|passing through|staying in|staying at|on a (?:business )?trip to|"
       r"travell?ing (?:in|through|around|across)|holidaying in|vacationing in|backpacking (?:in|"
       r"through|around))\s", "loose_place", "current_location", elide="start", circle=True),
    _p("be", r"in\s", "place", "current_location", elide="start",
       tail=r"\s+(?:since (?:\w+day|yesterday|this)|for (?:\w+ )?(?:days?|a week|weeks?|hours))\b"),
    _p("do have any", r"(?:landed|arrived|touched down|got|made it) (?:safely )?(?:in|at|to)\s",
       "place", "current_location", elide="start", kind=ClaimKind.CORRECT),
    _p("be any",
       r"(?:writing|calling|texting|messaging|asking|typing|messaging you|reporting) (?:this )"
       r"?(?:to you )?from (?:an? (?:[\w-]+ ){1,3}?(?:in|near) )?",
       "place", "current_location", elide="start"),
    # work and school
    _p("do any", rf"works? {_TIME}(?:as )(?=\w)", "any_occupation", "occupation", elide="start",
       circle=True),
    _p("be any", rf"(?:working|employed) {_TIME}as\s", "any_occupation", "occupation",
       elide="start", circle=True),
    _p("do be have any",
       r"(?:do|doing|did|started|starting|finishing|in)(?: an?| my)? (?:apprenticeship|internship|"
       r"traineeship|placement|residency) as (?=an?\s)", "any_occupation", "occupation",
       elide="start", circle=True),
    _p("do be have any", r"(?:started|starting|begun) (?:out |work )?as (?=an?\s)",
       "any_occupation", "occupation", kind=ClaimKind.CORRECT, circle=True, elide="start"),
    _p("be any", r"starting (?:work |a new job )?(?:at|with)\s", "organisation", "employer",
       kind=ClaimKind.CORRECT, elide="start"),
    _p("do be was have", r"(?:got |been )?promoted to\s", "any_occupation", "occupation",
       kind=ClaimKind.CORRECT, circle=True),
    _p("do", r"works? (?:up |over |down )?in [^\W\d_][\w -]{1,25}? as (?=an?\s)",
       "any_occupation", "occupation", circle=True),
    _p("have", r"(?:got )?(?:\w+|\d+) years(?: of|')? experience as\s", "any_occupation",
       "occupation", circle=True),
    _p("have", r"worked as\s", "any_occupation", "occupation", circle=True,
       tail=r"(?:\s(?:in|at|for) [\w' ]{2,30}?)?" + _SINCE),
    _p("do any", rf"(?:works?|teach(?:es)?|lectures?) {_TIME}(?:at|for)\s", "loose_organisation",
       "employer", elide="start", circle=True),
    _p("be any",
       rf"(?:working|employed|an? employee|interning|contracting|freelancing|temping|on contract)"
       rf" {_TIME}(?:at|for|by|of)\s", "loose_organisation", "employer", elide="start",
       circle=True),
    _p("do be any", rf"(?:{_TRADES}) (?:[\w']+ ){{0,2}}?(?:for|at|with)\s", "organisation",
       "employer", elide="start", circle=True, conf=0.85),
    _p("do", r"(?:manage|lead|head|run|coordinate)s? (?:an?|the) (?:[\w-]+ ){0,3}?"
       r"(?:team|department|group|unit)(?: of \w+(?: \w+)?)? (?:at|for)\s", "organisation",
       "employer", circle=True),
    _p("do",
       r"(?:does |handles? |runs? |manages? )?(?=(?:payroll|bookkeeping|(?:it|tech|customer) "
       r"support|"
       r"data entry|quality control|" + "|".join(sorted(voc.WORK_FIELDS - {"it"})) + r") (?:for|"
       r"at|in) )",
       "short_thing", "occupation", conf=0.8, circle=True, elide="mid"),
    _p("have", r"worked (?:at|for|with)\s", "loose_organisation", "employer", tail=_SINCE,
       circle=True),
    _p("do any", r"works? in\s(?=(?:the )?(?:" + "|".join(sorted(voc.WORK_FIELDS)) + r")\b)",
       "short_thing", "occupation", conf=0.75, circle=True),
    _p("do any",
       rf"works? {_TIME}in\s(?=(?:an? |the )?(?:\w+ )?{voc.WORKPLACES}\b)", "loose_organisation",
       "employer", conf=0.75, circle=True),
    _p("do have any be",
       r"(?:just )?(?:started|starting|start|starts|go|goes|going|went|got|gets?|been accepted|"
       rf"accepted|enrolled)(?: a (?:course|degree))? (?:at|to|into|in) (?={CAMPUS})",
       "organisation", "education", elide="start", circle=True),
    _p("do have any",
       r"(?:started|joined|begun|began|signed|signed on|accepted (?:a job|an offer)|got hired|"
       r"got a job|landed a job|been hired|taken a job|took a job|got a new job|start)(?: "
       r"(?:work|working|a new job|a job|my new job|a new position|a new role))? (?:at|with|for|"
       r"from|by)\s", "organisation", "employer", kind=ClaimKind.CORRECT, elide="start",
       circle=True),
    _p("do have", r"joined\s", "organisation", "employer", kind=ClaimKind.CORRECT, conf=0.8,
       circle=True),
    _p("have do any",
       r"(?:got )?(?:an? |my )?(?:new )?(?:job|position|role|internship|apprenticeship) (?:at|"
       r"with)\s", "organisation", "employer", elide="mid", circle=True),
    _p("be", r"with\s", "organisation", "employer", tail=r"\s*,?\s*(?:for|since)\b", circle=True),
    _p("be", r"(?:at|over at|back at)\s", "organisation", "employer", tail=_SINCE, circle=True),
    _p("any", r"(?<=been )(?:at|with)\s", "organisation", "employer", tail=_SINCE, elide="mid"),
    _p("do", r"(?:earns?|makes?|earn) (?:my|his|her|our|their|a) living (?:as|by|from)\s",
       "any_occupation", "occupation", circle=True),
    _p("do have",
       r"(?:became|become|qualified as|retrained as|got promoted to|been promoted to)\s",
       "occupation", "occupation", kind=ClaimKind.CORRECT, circle=True),
    _p("be any", r"(?:an? )?(?:\w+[- ]year |ph\.?d |master'?s |exchange )?student of (?=[^\W\d_])",
       "study", "education", elide="mid", circle=True),
    _p("be any",
       r"(?:enrolled|enroled|registered|studying|matriculated|doing my \w+) (?:as a student )"
       r"?at\s", "organisation", "education", elide="mid", circle=True,
       tail=r"(?!\s+(?:studying|doing))"),
    _p("do", r"stud(?:y|ies|ied) at\s", "organisation", "education", circle=True),
    _p("do have", rf"(?:finished|completed|attended|left|dropped out of) (?={CAMPUS})",
       "organisation", "education", circle=True),
    _p("do have any", r"graduated (?:\w+ )?(?:from|with|in) (?:an? )?(?!\d)", "study",
       "education", elide="start", circle=True),
    _p("do be have any",
       r"(?:stud(?:y|ies|ied|ying)|majored in|majoring in|majors? in) (?:for )?(?=an? |my |"
       r"[^\W\d_])", "study", "education", elide="start", circle=True),
    _p("do be have any",
       rf"(?:did|done|do|doing|finished|finishing|completed|completing|pursuing|started|starting|"
       rf"have|has|got|hold|holds|earned|getting|taking|working towards?)? ?(?:an?|my|his|her|"
       rf"two) (?={_DEGREE})", "study", "education", elide="mid", circle=True),
    _p("any", rf"(?:doing|pursuing|finishing|starting|taking) (?:an?|my) (?={_DEGREE})", "study",
       "education", elide="start"),
    _p("do", r"(?=(?!this|that|it\b|what)\w+ [^,.;:?!]{2,40} for a living\b)",
             "trade", "occupation",
       circle=True),
    _p("do",
       r"(?:goe?s?|go|attend|attends) (?:to )?(?=[^,.?!]*(?:university|college|school|academy|"
       r"institute|uni)\b)", "organisation", "education", circle=True),
    _p("be", r"(?=retired\b(?! (?!now\b|and\b|but\b|these\b|since\b)\w)|self[- ]employed\b|"
             r"semi-retired\b)", "short_thing", "occupation",
       conf=0.8, circle=True),
    _p("be any", r"", "occupation", "occupation", elide="mid", circle=True,
       tail=r"(?!\s+(?:is|was|says|said|told|wants|has)\b)(?!\s+(?:for|to) (?:my|our|the) "
       r"(?:kids|family|dogs?|cats?|children|husband|wife))"),
)  # fmt: skip
