"""Predicates about doubts, plans, goals and work in hand; and about what is over."""

from __future__ import annotations

from .grammar import Predicate
from .grammar import predicate as _p
from .grammar_self import CAMPUS
from .types import ClaimKind

_WHEN = (
    r"(?<!since )\b(?:next|tomorrow|tonight|"
    r"this (?:week|weekend|summer|winter|spring|autumn|fall|month|year|"
    r"friday|saturday|sunday|monday|tuesday|wednesday|thursday|afternoon|evening)|"
    r"in (?:\d+ |two |three |a few |a )?(?:january|february|march|april|may|june|july|august|"
    r"september|october|november|december|days|weeks?|months?|spring|summer|autumn|fall|winter)|"
    r"on (?:the |my |monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d)|soon|"
    r"(?:january|february|march|april|june|july|august|september|october|november|december)|"
    r"come (?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december|spring|summer|autumn|fall|winter|next|\w+day)|"
    r"at the end of|from (?:monday|september|january)|later this|for christmas|at christmas)"
)
_SELF_IMPROVING = (
    r"(?:become|buy (?:my|our) (?:own|first)|learn (?!more|about|from|how|what|if|why)|get better|"
    r"get "
    r"fit|get in shape|get (?:back )?into|improve my|lose|"
    r"run (?:a|my|the|an|two|\d)|be able|save|pay off|reach|retire|pass|qualify|master|read \w+ "
    r"books|read more|quit|climb|start my own|open (?:my|a)|publish|break into|switch (?:careers?|"
    r"into)|move up|get promoted|build up|cut (?:down|back)|"
    r"eat (?:less|healthier|more|better)|drink "
    r"(?:less|more)|stop (?:smoking|drinking|biting|procrastinating|vaping|eating)|give up|wake up "
    r"earlier|sleep (?:better|more)|gain|swim|finish my|write "
    r"(?:a (?:novel|book)|my (?:first|own))|"
    r"work as|own (?:a|my)|be fluent|be(?:come)? debt|be (?:an?|the) (?!bit|little|nuisance|pain|"
    r"burden|good))"
)
_MAKING = (
    r"working (?:full[- ]time |hard )?on|building|writing|developing|preparing|drafting|designing|"
    r"creating|recording|composing|coding|programming|"
    r"putting together|finishing(?: up)?|setting up|directing|producing|"
    r"researching|prototyping|shooting|illustrating|curating|rewriting|refactoring|porting"
)
_PROJECT_START = (
    r"\s+(?=(?:an?|my|our|another|some|two|three)\s)(?!\w+ (?:\w+ )"
    r"?(?:e-?mail|mail|message|reply|complaint|text|note|sms|"
    r"comment|reminder)\b)"
)
STEP = (
    r"(?:buy|get|go|move|switch|apply|try|take|quit|leave|sell|start|join|do|visit|adopt|book|"
    r"change|"
    r"order|stay|skip|learn|return|rent|hire|invest|retire|sign up|cancel|fly|travel|study|drop|"
    r"give|"
    r"enrol|enroll|propose|upgrade|downgrade|emigrate|relocate|volunteer|train|stop|ask (?:for|him|"
    r"her)|become|have (?:a|another|the|my)|end up)"
)
_GO = (
    r"(?:flying|travell?ing|relocating|emigrating|driving|sailing|cycling|heading|headed|"
    r"off|returning|going back|moving|flying back|interrailing|backpacking)"
)


_I_SHALL = (
    r"(?:to |(?:i|we)(?: should| want to| will|'ll|'re going to|'m going to| am going to| are "
    r"going "
    r"to) )"
)

INTENTIONS: tuple[Predicate, ...] = (
    _p("any have do",
       rf"(?:no idea|no clue) (?:yet )?(?:if|whether) {_I_SHALL}", "wavering", "about",
       elide="start"),
    # wavering
    _p("be can do have any",
       r"(?:need to |have to |trying to )?(?:torn|undecided|hesitating|wavering|choosing|deciding|"
       r"stuck|caught|decide|choose|pick|going back and forth) between\s", "choice", "about",
       conf=0.85, polarity="both", elide="start"),
    _p("might",
       r"(?!add\b|say\b|be wrong|be (?!\w+ing)|be (?:asking|missing|crazy|stupid|dumb|mistaken|"
       r"overthinking)|ask\b|have (?:to|been|missed|done|made|made)|need\b|want\b|sound\b|as "
       r"well\b|seem\b)", "wavering", "about", conf=0.85),
    _p("might", rf"(?={STEP}\b)", "wavering", "about", conf=0.85, elide="start"),
    _p("be have any",
       r"(?:been )?(?:thinking (?:about|of)|considering|contemplating|mulling over|weighing(?: "
       r"up)?|debating(?: whether(?: or not)? to| about| on)?|toying with(?: the idea of)?|"
       r"tempted to|tempted by|flirting with the idea of|playing with the idea of|leaning "
       r"towards?|entertaining the idea of|pondering)\s(?:whether (?:or not )?(?:to |i should |"
       r"we should ))?", "wavering", "about", conf=0.85, elide="start"),
    _p("be any",
       r"(?:on the fence|undecided|torn|in two minds|of two minds|unsure|ambivalent|hesitant|"
       r"hesitating|wavering|conflicted|uncertain|agonising|agonizing) (?:about|on|over|"
       r"whether(?: or not)? to|if i should|whether (?:i|we) should|between|as to whether to)\s",
       "wavering", "about", elide="start"),
    _p("be any",
       r"(?:sure|certain) (?:if |whether |that )?(?:i|we) (?:really |even )?(?:want|should|can "
       r"handle)(?: to)?\s", "wavering", "about", polarity="negative", elide="start"),
    _p("be any",
       r"(?:sure|certain|100% sure|convinced|decided|too sure) (?:yet |about |on |"
       rf"(?:whether(?: or not)?|if) {_I_SHALL})+", "wavering", "about",
       polarity="negative", elide="start"),
    _p("can do have",
       r"(?:decide|decided|know|made up my mind|make up my mind|made up our minds)(?: yet)? "
       rf"(?:about |on |between |(?:whether(?: or not)?|if) {_I_SHALL}|when to )", "wavering",
       "about", polarity="negative"),
    _p("be any", r"wondering (?:whether|if) (?:to |i should |we should |it's worth )", "wavering",
       "about", elide="start"),
    _p("do",
       r"keeps? (?:thinking about|thinking of|going back and forth (?:on|about|over)|wondering "
       r"(?:about|whether to)|changing my mind (?:about|on)|considering)\s", "wavering", "about"),
    _p("be have do",
       r"(?:been )?(?:going|go|gone) back and forth (?:on|about|over|between)\s(?:whether to )?",
       "wavering", "about"),
    # settled plans
    _p("be any", r"(?:planning|plan|intending) (?:to|on)\s", "timeless", "plan", elide="start"),
    _p("do have", r"(?:plan|intend|planned|am set|agreed|promised) (?:to|on)\s(?!ask|know)",
       "timeless", "plan"),
    _p("any", rf"(?=(?:{_GO}|going|off) (?:back |over |home |out )?(?:to|"
              rf"for)\s(?-i:[^\W\d_a-zß-ÿ]))", "timeless",
       "plan", elide="start", needs=_WHEN),
    _p("be",
       rf"(?={_GO} (?:solo |alone |together |direct |back |over |home |up |down |"
       rf"out )?(?:from [\w ]{{2,25}}? )?(?:to|for)"
       rf"\s(?!the (?:next|conclusion)|do\b|an? (?:close|conclusion)))", "timeless", "plan"),
    _p("be",
       r"(?=(?:going|travel+ing|off) (?:back |over |up |down )?to (?:the )?(?-i:[^\W\d_a-zß-ÿ])"
       r"\w+)", "timeless", "plan"),
    _p("be",
       r"(?:going to|gonna|about to)\s(?!ask|need|be (?:honest|sound)|assume|guess|have to)",
       "timeless", "plan", conf=0.8, needs=_WHEN),
    _p("be", r"(?=(?:visiting)\s)", "timeless", "plan",
       needs=r"\b(?:next|tomorrow|in (?:january|february|march|april|may|june|july|august|"
             r"september|october|november|december|\w+ weeks?)|on (?:the|monday|tuesday|"
             r"wednesday|thursday|friday|saturday|sunday))\b"),
    _p("be", r"(?=moving (?:house|in with|out|in together|abroad|back home)\b)", "timeless",
       "plan"),
    _p("be",
       r"(?=(?:getting|having|expecting) (?:(?:our|my) (?:\w+ )?(?:baby|child|twins|first|second|"
       r"third|fourth)|twins|married|"
       r"divorced|a baby|surgery|an operation|engaged|my \w+ (?:removed|done)))", "timeless",
       "plan"),
    _p("be",
       r"(?!(?:start|begin)\w* (?:(?:work|(?:an? |my |the )?(?:new )?(?:job|role|position)) (?:at|"
       r"with|for)\b|(?:at|with) (?-i:[A-Z])))"
       r"(?=(?:starting|attending|running|hosting|quitting|retiring|meeting|taking|joining|"
       r"leaving|throwing|giving|presenting|seeing|speaking|defending|opening|launching|hiking|"
       r"walking|competing|racing|performing|spending|renting|buying|selling|doing|having|"
       r"celebrating|going)\s)", "timeless", "plan", conf=0.8, needs=_WHEN),
    _p("do any",
       r"(?=(?:fly|leave|depart|travel|set off|head|move|sail|drive) (?:out |off |back |home |"
       r"over )?(?:to|for)\s)", "timeless", "plan", needs=_WHEN),
    _p("do any",
       r"(?!(?:start|begin)\w* (?:(?:work|(?:an? |my |the )?(?:new )?(?:job|role|position)) (?:at|"
       r"with|for)\b|(?:at|with) (?-i:[A-Z])))"
       r"(?=(?:start|begin|retire|graduate|defend|get married|give birth|take|sit|have "
       r"(?:surgery|an operation))\b(?! (?:from|it|this|that)\b))", "timeless", "plan", conf=0.8,
       needs=r"\b(?:next|tomorrow|this (?:summer|autumn|fall|winter|spring)|in (?:january|"
             r"february|march|april|june|july|august|september|october|november|december))\b"),
    _p("have do any",
       r"(?:already )?(?:booked|reserved|signed up for|registered for|enrolled (?:in|on)|got "
       r"tickets (?:for|to)|bought tickets (?:for|to))\s(?!it|that|this|in\b|under\b|by\b|as\b)",
       "timeless", "plan",
       elide="start"),
    _p("have do any",
       r"(?:got )?(?:an? |my |the )?(?=(?:\w+ )?(?:job interview|interview|surgery|operation|exam|"
       r"driving test|wedding|marathon|half marathon|recital|c-section|chemo)\b(?! (?:is|was|went|"
       r"got|had|has|will)\b))", "timeless",
       "plan", conf=0.75, elide="start", needs=_WHEN),
    _p("be", r"planning (?:on )?(?:an? |my |our |the )(?=\w)", "timeless", "plan",
       elide="start"),
    _p("have", r"(?:got )?(?:an? )(?=(?:trip|flight|holiday|vacation) (?:to|booked|planned))",
       "timeless", "plan"),
    _p("will",
       r"(?=(?:be (?:in|at|on|\w+ing)|fly|travel|move|visit|go to|start|run|join|leave|take|host|"
       r"spend)\b)", "timeless", "plan", conf=0.8, needs=_WHEN),
    # goals
    _p("would any", r"(?:(?<=would )|(?<='d )|(?<=d ))(?:like|love) to\s(?=[^.?!]{3,60}\b(?:one "
                    r"day|"
       r"someday|eventually)\b)", "clause", "goal", elide="start"),
    _p("do any", rf"(?:want|hope|aspire|aim|wish)(?:s|ing)? to (?={_SELF_IMPROVING})", "clause",
       "goal", elide="mid"),
    _p("do",
       r"(?:want|hope)s? to\s(?=[^.?!]{3,60}\b(?:one day|someday|eventually|by the end of|this "
       r"year|before i'm|before i turn|by (?:next|summer|christmas|20\d\d))\b)", "clause", "goal"),
    _p("would", rf"(?:like|love) to (?={_SELF_IMPROVING})", "clause", "goal", conf=0.8),
    _p("would", r"(?:like|love) to\s(?=[^.?!]{3,60}\b(?:one day|someday|eventually)\b)", "clause",
       "goal"),
    _p("do", r"(?:aim|aspire|dream) (?:to|of|for)\s", "clause", "goal"),
    _p("be",
       r"(?:hoping (?:to|of) (?=" + _SELF_IMPROVING + r"))|"
       r"(?:aiming|striving|determined|dreaming|on a mission) (?:to|of|for)\s(?!find|get (?:some|"
       r"a quick|help)|you|know|understand|hear|avoid)", "clause", "goal"),
    _p("be any",
       r"(?:trying|hoping|working hard|working|studying|training|retraining|learning) to "
       rf"(?={_SELF_IMPROVING})", "clause", "goal", elide="start"),
    _p("be any",
       r"(?=(?:saving(?: up)? for|training for|saving(?: up)? to|studying for|working towards|"
       r"preparing for|training to)\s)", "clause", "goal", elide="mid"),
    _p("have do",
       r"(?:set|given) (?:myself|ourselves) (?:the|a) (?:target|goal|challenge|aim) (?:of|to)\s",
       "clause", "goal"),
    _p("any", r"aiming (?:to|for)\s(?=an? |\d|under|sub)", "clause", "goal", elide="start"),
    # work in hand
    _p("be any",
       rf"(?:busy |in the middle of |halfway through |knee[- ]deep in )?(?:{_MAKING})"
       rf"{_PROJECT_START}", "project", "working_on", elide="start"),
    _p("be any",
       r"(?:busy )?working (?:full[- ]time |hard )?on\s(?!it\b|that\b|this\b|myself|weekends|"
       r"nights)", "project", "working_on", elide="start"),
    _p("be any",
       r"(?=(?:restoring|renovating|redecorating|remodell?ing|refurbishing|rebuilding)"
       r"\s(?:an?|my|our)\s)", "project", "working_on", elide="start"),
    _p("be",
       r"(?=(?:organi[sz]ing|translating|curating|editing|converting|remastering|mixing|knitting|"
       r"crocheting|sewing|digiti[sz]ing|fixing up)\s(?:an?|my|our)\s)", "project", "working_on"),
    _p("be any",
       r"making\s(?=(?:an?|my|our) (?:[\w-]+ ){0,3}(?:app|game|website|film|movie|documentary|"
       r"video|podcast|album|comic|board game|short|robot|site|plugin|bot|quilt|zine|database|"
       r"model|quiz|puzzle|poster|playlist|costume|dress|scrapbook|calendar|brochure|newsletter|"
       r"worksheet|slideshow|tutorial|course|mod|lamp|bookshelf|cookbook|photo book)\b)",
       "project", "working_on", elide="start"),
)  # fmt: skip


ENDINGS: tuple[Predicate, ...] = (
    _p("do have any", r"(?:traded|swapped|exchanged) [\w' ]{2,30}? for\s", "owned", "owns",
       elide="start"),
    _p("do have any",
       r"(?:(?:quit|left|lost) (?:my|the) (?:\w+ )?(?:job|position|role) (?:at|with)|quit|left|"
       r"resigned from|walked out of|stopped working (?:at|for)|retired from|parted ways with|"
       r"got (?:fired|laid off|let go|sacked) (?:by|from))\s", "organisation", "employer",
       kind=ClaimKind.CLOSE, elide="start"),
    _p("was be have do",
       r"(?:got |been )?(?:laid off|fired|let go|made redundant|sacked) (?:by|from|at)\s",
       "organisation", "employer", kind=ClaimKind.CLOSE),
    _p("do have be was",
       r"(?=(?:quit|lost|left|handed in|resigned|got fired|fired|laid off|made redundant|sacked|"
       r"unemployed)\b(?: (?:my job|work|my notice))?)(?=(?:quit|lost|left) my (?:\w+ )?job(?! "
       r"(?:at|with))|resigned(?! from)|got fired|fired|laid off|made redundant|sacked|"
       r"unemployed)", "nothing", "employer", kind=ClaimKind.CLOSE),
    _p("do", r"work(?=s? there\b)", "nothing", "employer", kind=ClaimKind.CLOSE,
       polarity="negative"),
    _p("do", r"live(?=s? there\b)", "nothing", "home", kind=ClaimKind.CLOSE, polarity="negative"),
    _p("do have", r"(?:broke|broken|split|separated|parted)(?: up)?(?: (?:with|from))?\s", "name",
       "partner", kind=ClaimKind.CLOSE),
    _p("do have be was", r"(?=broke up|broken up|split up|no longer together)", "nothing",
       "partner", kind=ClaimKind.CLOSE),
    _p("do have be", r"(?=(?:got )?divorced\b|separated from my (?:wife|husband))", "nothing",
       "spouse", kind=ClaimKind.CLOSE),
    _p("do have",
       r"(?:sold|scrapped|gave away|given away|got rid of|gotten rid of|donated|traded in|"
       r"crashed|totaled|totalled|lost)\s(?:my |the |our |that )", "things", "owns",
       kind=ClaimKind.CLOSE, elide="start"),
    _p("do have",
       r"(?:stopped|quit|given up|gave up|ditched|dropped|stopped using|quit using|cancelled my "
       r"subscription to|abandoned|deleted|uninstalled)(?: (?:on|using))?\s(?!my (?:\w+ )?job|"
       r"the job|school|work\b|smoking|drinking|trying)(?:the |my )?", "things", "uses",
       kind=ClaimKind.CLOSE),
    _p("do have any",
       r"(?:stopped|quit|given up|gave up|dropped|packed in)(?: (?:on|going|doing|playing))"
       r"?\s(?!my (?:\w+ )?job|the job|school|work\b|trying|using)(?:the |my )?", "things",
       "hobby", kind=ClaimKind.CLOSE, elide="start"),
    _p("do have any",
       r"(?:stopped|quit|given up on|gave up on|abandoned|dropped|reached|achieved|met|hit)"
       r"\s(?!my (?:\w+ )?job|the job|school|work\b)(?:my goal of |the goal of |trying to |my |"
       r"the )?", "clause", "goal", kind=ClaimKind.CLOSE, elide="start"),
    _p("do have any",
       r"(?:(?:had|have) to )?(?:cancel(?:l?ed)?|call(?:ed)? off|scrap(?:ped)?|postponed?|"
       r"shelved?)\s"
       r"(?:my |the |our )?", "timeless", "plan", kind=ClaimKind.CLOSE, elide="start"),
    _p("be", r"(?:going|flying|travel+ing|moving)\s", "timeless", "plan", kind=ClaimKind.CLOSE,
       polarity="negative"),
    _p("do have any",
       r"(?:finished|wrapped up|completed|shipped|submitted|handed in|delivered|done with)"
       rf"\s(?!{CAMPUS})(?:my |the |our )?", "timeless", "working_on", kind=ClaimKind.CLOSE,
       elide="start"),
    _p("have", r"(?:any )?(?=kids|children)", "nothing", "child", kind=ClaimKind.CLOSE,
       polarity="negative"),
    _p("have", r"(?:any )?(?=kids|children)", "nothing", "son", kind=ClaimKind.CLOSE,
       polarity="negative"),
    _p("have", r"(?:any )?(?=kids|children)", "nothing", "daughter", kind=ClaimKind.CLOSE,
       polarity="negative"),
    _p("have", r"(?:any |a )?(?=pets?\b)", "nothing", "pet", kind=ClaimKind.CLOSE,
       polarity="negative"),
    _p("have", r"(?:an? |the |my |our )", "things", "owns", kind=ClaimKind.CLOSE,
       polarity="negative"),
    _p("do have any",
       r"(?=decided against (?:it|that)\b|dropped (?:it|the idea)\b(?! of))", "nothing", "about",
       kind=ClaimKind.RESOLVE, elide="start"),
    _p("do have any",
       r"(?:decided against|ruled out|dropped the idea of|given up on the idea of|abandoned the "
       r"idea of)\s", "wavering", "about", kind=ClaimKind.RESOLVE),
    _p("do have",
       r"(?:decided (?:to|on|that)|settled on|opted (?:for|to)|gone for|chosen to|gone with|went "
       r"with|going with)\s", "wavering", "about", kind=ClaimKind.RESOLVE),
    _p("do have be",
       r"(?=(?:made up my mind|made our minds up|made up our minds|signed yesterday|decided\b(?! "
       r"(?:to|on|that|against))|took the (?:job|plunge|offer)|taken the (?:job|offer)|accepted "
       r"the|turned (?:it|the \w+) down|went for it|made the leap))", "nothing", "about",
       kind=ClaimKind.RESOLVE),
)  # fmt: skip
