"""Predicates about languages, food, possessions, tastes and skills."""

from __future__ import annotations

from . import vocabulary as voc
from .grammar import Predicate
from .grammar import predicate as _p

_END = (
    r"\s*(?:$|[,.;:!?()\-]|(?:and|but|so|or|who|which|here|living|by|btw|now|if|too|not|"
    r"that|as|with|because|since|from|actually|though|in|lol|what|how|where|can|do|"
    r"working|citizen|national|myself|originally|i|we|my|tbh|haha|looking|trying)\b)"
)
_PLATFORM = (
    r"(?:windows|mac ?os|linux|ubuntu|android|ios|debian|fedora|arch|"
    r"postgres\w*|mysql|python|node|django|chrome ?os|"
    r"kubernetes|docker|red hat|nixos|raspbian|proxmox)\b"
)


_SORTS = (
    r"coffee|tea|cat|dog|beach|mountain|wine|beer|chocolate|dessert|gym|winter|summer|breakfast"
)
_ONE_OF = (
    r"(?:the )?(?:first|second|third|last|latter|former|other|new|old|previous|current) "
    r"(?:one|option|version|idea|draft|answer|suggestion|title|name|design|line|paragraph)"
)
_CHORE = r"(?:just )?(?:waiting|paying|getting|losing|explaining|repeating|sitting|being)\b"
_CRAFT = (
    r"(?:drive|ride|weld|sew|knit|crochet|ski|sail|cook|bake|juggle|code|program|play|solder|"
    r"dance|fly|operate|tile|plaster|whittle|carve|skate|draw|paint|brew|read|speak|write|make|"
    r"build|repair|row|surf|swim|type|shoot|forge|prune|service)"
)
TASTES: tuple[Predicate, ...] = (
    # languages, food, health
    _p("do can any", r"speaks? (?:\w+ languages?(?: fluently)?\s*[:,-]+ )?",
                     "languages", "languages", elide="start", circle=True),
    _p("be any",
       r"(?:an? native speaker of|native speaker of|native in|fluent in|bilingual in|trilingual "
       r"in|conversational in|proficient in|literate in|fluent with|bilingual[,:]?|"
       r"trilingual[,:]?|fluent|native)\s", "languages", "languages", elide="start", circle=True),
    _p("be", r"an? (?:native )?(?=\w+ (?:native )?speaker)", "language", "languages", circle=True),
    _p("do", r"grew up (?:speaking|bilingual(?: in| with)?[,:]?|trilingual(?: in)?[,:]?)\s",
       "languages", "languages", circle=True),
    _p("do have any",
       r"(?:took up|taken up|picked up)\s(?!the\b|an?\b|my\b|our\b|some\b|it\b|two\b)",
       "short_things", "hobby", elide="mid", circle=True),
    _p("be any", r"", "diet", "diet", elide="start", circle=True),
    _p("do have be any",
       r"(?:eats?|follow(?:s|ing)?|keep(?:s|ing)?|stick(?:s|ing)? to|do|doing|does|gone|went|"
       r"turned|became|become|on|eating|switched to|cook|started|going)\s(?=.{0,18}?\b"
       + voc.DIETS + ")", "diet", "diet", elide="mid", circle=True,
       tail=r"(?!\s+(?:influencers?|chef|recipes?|lasagn[ae]|blogs?|account|channel|cook|wine|"
       r"guy|girl|page|curry|cake|pizza|burger|stew|dish|meal|dinner|lunch)\b)"),
    _p("do",
       r"(?=eats? (?:any )?(?:meat|pork|beef|fish|dairy|gluten|wheat|red meat|animal|eggs|sugar|"
       r"carbs|seafood|lamb|poultry|chicken)\b)", "clause", "diet", polarity="negative", conf=0.8,
       circle=True),
    _p("be any", r"allergic (?:reaction )?to\s", "allergens", "allergic_to", elide="start",
       circle=True),
    _p("have do", r"(?:got )?(?:an? )?(?:\w+ )?allerg(?:y|ies) to\s", "short_things",
       "allergic_to", circle=True),
    _p("any",
       r"(?:severe |bad |mild |serious |nasty |strong |life-threatening )?"
       r"(?=(?:tree |bee |wasp |cat |dog |dust )?\w+ (?:allergy|intolerance) here\b)", "allergen",
       "allergic_to", elide="start"),
    _p("have do",
       r"(?:got )?an? (?:severe |bad |mild |serious |nasty |terrible |strong )?(?=(?:tree |bee |"
       r"wasp |cat |dog |dust |egg |\w+ )?\w+ (?:allergy|intolerance))", "allergen",
       "allergic_to", circle=True),
    _p("be", r"(?=\w+[ -]intolerant\b)", "word", "allergic_to", conf=0.8, circle=True),
    _p("be", rf"an? (?=(?:{_SORTS}) person\b)", "word_before", "dislikes", polarity="negative"),
    _p("any", rf"an? (?=(?:{_SORTS}) person\b)", "word_before", "dislikes", polarity="negative",
       elide="start"),
    _p("be", rf"an? (?:real |total |big )?(?=(?:{_SORTS}) person\b)", "word_before", "likes"),
    _p("can do", r"(?:have|eat|touch|take|be around|go near|do)\s", "short_things", "allergic_to",
       polarity="negative", tail=r"[^.?!]{0,30}\ballerg", circle=True),
    # possessions and tools
    _p("do any", r"(?:co-)?owns?\s", "things", "owns", elide="mid", circle=True),
    _p("be", r"(?:an?|the) (?:proud |happy |unlucky )?owner of\s(?=an? |two |the )", "owned",
       "owns", circle=True),
    _p("have do any", r"(?:got )?(?=(?:an?|my|two|three|our|\d+)\s)", "owned", "owns",
       elide="mid"),
    _p("any", r"(?:just )?got\s(?=(?:an?|two)\s)", "owned", "owns", elide="start"),
    _p("do any", r"(?:drives?|rides?)\s(?=an? |my )", "owned", "owns", elide="mid", circle=True),
    _p("be", r"driving\s(?=an? |my )", "owned", "owns", tail=rf"{_END}"),
    _p("do have any",
       r"(?:bought|purchased|got (?:myself|ourselves)|treated myself to|picked up|inherited|"
       r"just got|bought (?:myself|ourselves)|got)"
       r"\s(?=(?:an?|my|our|the|two|it)\s|(?-i:[A-Z]))", "owned", "owns", elide="start"),
    _p("do have any",
       r"(?:switched|migrated|moved|changed|gone|converted|upgraded)(?: over| back| everything| "
       r"all of it)?(?: from [\w ]{2,20}?)? to\s", "tools", "uses", conf=0.85, elide="start"),
    _p("do any", r"(?:runs?|host|deploy|keep|relies|rely) (?:everything |it all |all of it |most "
       r"things |most of it )?on\s(?!a\b|the\b)", "tools", "uses", elide="mid"),
    _p("do", r"uses?\s", "tools", "uses"),
    _p("any", r"uses?\s", "tools", "uses", elide="mid"),
    _p("be any", r"using\s", "tools", "uses", elide="start"),
    _p("have", r"used\s", "tools", "uses", tail=r"\s*,?\s*(?:for|since)\b"),
    _p("do",
       r"(?:write|code|draw|edit|build|plan|track|manage|keep|draft|record|store) "
       r"(?:everything|most things|(?:all |all of |most of )?my (?:\w+ ){0,2}?\w+|it all) (?:in|"
       r"with|on|using)\s", "tools", "uses"),
    _p("do", r"(?:edit|draw|design|mix|sketch|model|typeset|animate) (?:\w+ )?in (?=(?-i:[A-Z]))",
             "tools",
       "uses"),
    _p("do",
       r"(?:everything|(?:all |of |most )*my (?:\w+ ){0,2}?(?:editing|writing|coding|drawing|"
       r"planning|modell?ing|designing|bookkeeping|budgeting|accounting|invoicing|programming|"
       r"scripting|mixing|recording|typesetting|notes|layouts?|slides|drafts|budgets?|invoices|"
       r"drawings|mock-?ups|illustrations|spreadsheets)) (?:in|with|on|using)\s", "tools", "uses"),
    _p("be", r"on (?=(?-i:[A-Z])\w+(?: \w+)? now\b)", "tools", "uses"),
    _p("be any", rf"(?:on|running) (?={_PLATFORM})", "tools", "uses", elide="mid"),
    _p("do any", rf"runs? (?={_PLATFORM})", "tools", "uses", elide="mid"),
    _p("have any",
       r"(?:got )?(?:an? )?(?:\w+|\d+) (?:years|yrs)(?: of|')? (?:of )?experience (?:with|in|"
       r"using)\s",
       "short_things", "skill", circle=True, elide="start"),
    _p("have", r"had\s(?=(?:this|the|my|our|an?)\s)", "owned_this", "owns",
       tail=r"\s*,?\s*(?:for|since)\b"),
    # tastes
    _p("any",
       r"(?:love|adore|enjoy)\s(?!to\b|it|this|that|you|how|when|what|the\b|my\b|seeing|having|"
       rf"hearing|from\b|{_CHORE})", "things", "likes", elide="start"),
    _p("any",
       r"(?:hate|dislike|detest|loathe)\s(?!to\b|it|this|that|you|how|when|what|the\b|my\b|being|"
       r"having)", "things", "dislikes", elide="start"),
    _p("have",
       r"(?:got )?an? (?:\w+ )?(?:soft spot|weakness|passion|thing|love) for\s(?!it|this|that|"
       r"you)", "things", "likes", circle=True),
    _p("do",
       r"(?:likes?|loves?|enjoys?|eats?(?= (?:coriander|cilantro|olives|mushrooms))|care for|get "
       r"on with)\s(?!to\b|it\b|this|that|you\b|how|when|your|what|the (?:way|idea|look|sound)|"
       r"being|having)", "things", "dislikes", polarity="negative", circle=True),
    _p("can",
       r"(?:stand|bear|stomach|abide|tolerate|handle)\s(?!it|this|that|how|when|the (?:way|idea))",
       "things", "dislikes", elide="start", polarity="negative", circle=True),
    _p("do any",
       r"(?:hates?|dislikes?|detests?|loathes?|despises?)\s(?!to\b|it|this|that|how|when|your|"
       r"you\b|being|having|the (?:way|idea|fact))", "things", "dislikes", elide="mid",
       circle=True),
    _p("be any",
       r"(?:(?:an? )?(?:big |huge |great )?fan of|keen on|into|fond of|crazy about|big on)\s"
       r"(?!it|this|that|the (?:way|idea))", "things", "dislikes", polarity="negative", circle=True,
       elide="start"),
    _p("do",
       r"prefers?\s(?!not\b|if\b|that\b|you\b|to (?:know|ask|avoid)\b|(?:the |your )?(?:answers?|"
       r"replies|responses)\b)", "preferred", "prefers", elide="mid", circle=True),
    _p("would",
       r"(?:always |still )?(?:pick|choose|take)\s(?!it|this|that|you|him|her|the \w+ one)",
       "preferred", "prefers", needs=r"\b(?:over|instead of)\b"),
    _p("would", r"(?:much |always )?rather (?:have|get|use|take|eat|drink|go for|do)\s",
       "preferred", "prefers", needs=r"\bthan\b"),
    _p("would", r"(?:much |always )?rather\s(?!not\b|you\b|that\b|be\b|die\b)", "preferred",
       "prefers", needs=r"\bthan\b"),
    _p("be any",
       r"(?:an? )?(?:(?:big|huge|massive|great|real|lifelong|die-hard|long-time|longtime|avid|"
       r"true|devoted) )*(?:fan of|lover of|sucker for|addict of)\s", "things", "likes",
       elide="start", circle=True),
    _p("be any",
       r"(?:an? )?(?:(?:big|huge|massive|lifelong|die-hard|longtime|avid|devoted|keen) )+(?=[\w "
       r"]{2,25}? (?:fan|supporter|lover|enthusiast|nerd|buff|addict|reader|gamer|cyclist|runner|"
       r"hiker|climber|gardener|birdwatcher|collector)\b)", "fandom", "likes", circle=True,
       elide="start"),
    _p("be any",
       r"(?:fond of|keen on|obsessed with|crazy about|mad about|nuts about|passionate about|"
       r"hooked on|addicted to|in love with|big on|a sucker for|partial to|(?:really |very |"
       r"heavily |big )?into)\s(?!it\b|you\b|an? |the (?:oven|idea)|the (?:box|field|app|file|"
       r"form))", "things",
       "likes", elide="start",
       circle=True),
    _p("do",
       r"(?:loves?|likes?|adores?|enjoys?|dig|fancy)\s(?=to\s)to (?=" +
                  r"(?:cook|bake|read|paint|draw|dance|hike|run|swim|cycle|sing|travel|knit|"
                  r"garden|ski|climb|fish|sail|surf|write|sew|camp|play|watch|collect|go|make|"
                  r"work out|do|build|ride|drive|take photos|photograph)\b)", "activity", "likes",
       circle=True),
    _p("do any",
       r"(?:loves?|likes?|adores?|enjoys?)\s(?!to\b|it|this|that|you|how|when|your|what|the "
       rf"(?:way|idea|look|sound|answer|fact)|{_ONE_OF}|seeing|having|hearing|{_CHORE})",
       "things", "likes", elide="mid", circle=True),
    _p("do",
       rf"finds? (?!it\b|this|that|the\b|your|these|those|him|her|them|you|my|"
       rf"all)(?=[^.,;:!?]{{3,40}} "
       rf"{voc.NASTY}\b)", "found_nasty", "dislikes", circle=True),
    _p("do",
       rf"finds? (?!it\b|this|that|the\b|your|these|those|him|her|them|you|my|"
       rf"all)(?=[^.,;:!?]{{3,40}} "
       rf"{voc.LOVELY}\b)", "found_lovely", "likes", circle=True),
    _p("have do", r"(?:come|grown|learn(?:ed|t)|started|begun|came|grew) to (?:really )?(?:love|"
                  r"like|"
       r"enjoy|adore|appreciate)\s(?!it\b|this|that|you|how|the\b|my\b)", "things", "likes",
       circle=True),
    _p("have do", r"(?:come|grown|started|begun|came|grew) to (?:really )?(?:hate|dislike|loathe|"
       r"detest|dread)\s(?!it\b|this|that|you|how|the\b|my\b)", "things", "dislikes",
       circle=True),
    # free time and skills
    _p("be any",
       r"(?:fluent|proficient|experienced|well[- ]versed|certified|literate|trained) (?:in|with)\s",
       "skills", "skill", elide="start", circle=True),
    _p("be", rf"playing\s(?=(?:{voc.GAMES_AND_SPORTS})\b)", "game", "hobby",
       tail=r"\s+(?:for|since|all my)\b", circle=True),
    _p("have", rf"played\s(?=(?:{voc.GAMES_AND_SPORTS})\b)", "game", "hobby",
       tail=r"\s+(?:for|since|all my)\b", circle=True),
    _p("do any", rf"plays?\s(?=(?:{voc.GAMES_AND_SPORTS})\b)", "game", "hobby", elide="mid",
       circle=True),
    _p("be",
       r"(?:doing|practi[sc]ing) (?=(?:\w+ )?(?:yoga|pilates|karate|judo|taekwondo|aikido|ceramics|"
       r"pottery|crossfit|tai chi|calligraphy|jiu[- ]jitsu|martial arts|gymnastics|archery|ballet|"
       r"parkour|improv|photography)\b)", "short_things", "hobby", elide="start", circle=True),
    _p("do any", rf"(?:goe?s?|go|went) (?={voc.SPORTS_GERUND}\b)(?!shopping)", "short_things",
       "hobby", elide="mid", circle=True),
    _p("do any",
       r"(?:(?:do|does|practi[sc]es?) )?(?=(?:\w+ )?(?:yoga|pilates|karate|judo|taekwondo|aikido|"
       r"meditation|ceramics|pottery|crossfit|tai chi|calligraphy|jiu[- ]jitsu|kung fu|martial "
       r"arts|gymnastics|archery|ballet|parkour|improv|origami|photography|crosswords|sudoku)\b)",
       "short_things", "hobby", elide="mid", circle=True),
    _p("do", r"do (?:quite )?a (?:lot|bit) of (?!work|overtime|damage|harm|good|business|stuff|"
             r"things|this|"
       r"that|it\b|driving|travel|typing|sitting|standing|thinking)", "short_things", "hobby",
       conf=0.75, circle=True),
    _p("do any", r"(?=(?:sing|dance|perform|act|play) (?:in|with) an? )", "activity", "hobby",
       elide="mid"),
    _p("do any", r"(?=volunteers? (?:at|for|with|in)\s)", "activity", "hobby", elide="mid",
       circle=True),
    _p("do any", r"(?=keeps? (?:bees|chickens|hens|pigeons|koi|reptiles|tropical fish)\b)",
       "activity", "hobby", elide="mid", circle=True),
    _p("do", r"(?=(?:sews?|bakes?|brews?|grows?|knits?) (?:my|our|his|her) own \w)", "activity",
       "hobby", circle=True),
    _p("do any", r"(?=collects?\s(?!the|my|it|your|a |data|info))", "activity", "hobby",
       elide="mid", circle=True),
    _p("do",
       r"(?=\w+(?:\s+[\w-]+){0,5}?\s+(?:for fun|as a hobby|to relax|to unwind|in my (?:spare|"
       r"free) time|on (?:the )?weekends|at (?:the )?weekends?|every weekend|most weekends)\b)"
       r"(?!work\b|have\b|am\b)", "activity", "hobby", circle=True),
    _p("have", r"done\s", "short_things", "hobby", tail=r"\s+as a hobby"),
    _p("can do",
       r"(?:code|program|write code|write|develop|script|build things) (?:things )?(?:in|with)\s",
       "skills", "skill", circle=True),
    _p("do", r"(?:codes?|programs?) (?:\w+ )?in\s", "skills", "skill", circle=True),
    _p("be any",
       r"(?:(?:good|great|decent|excellent|skilled|proficient|experienced|well[- ]versed|"
       r"competent|brilliant|handy|fluent|strong|adept|trained|certified|comfortable) (?:at|in|"
       r"with)|an? (?:expert|pro|whiz|wizard|ace|specialist|black belt) (?:at|in|with)|an? "
       r"(?:excel|python|sql|photoshop) (?=expert))\s(?!it|this|that)", "short_things", "skill",
       elide="mid", circle=True),
    _p("do any", r"knows?\s(?!that|how|what)", "skills", "skill", elide="mid", circle=True),
    _p("do", rf"knows? how to\s(?={_CRAFT} (?!it\b|this|that|the\b|them|my\b|your))", "clause",
       "skill", circle=True),
    _p("any", r"(?:pretty |quite |very |really )?(?:good|great|decent|brilliant|handy) (?:at|"
              r"with)\s",
       "short_things", "skill", elide="start", tail=r",? me\b|, (?:but )?(?:bad|terrible|hopeless|"
       r"useless|awful|rubbish|not (?:so |that )?(?:good|great)) (?:at|with)\b"),
    _p("can",
       r"(?:play|do|cook|sew|knit|weld|juggle|touch[- ]type|use|read|write|draw|drive|sail|ride|"
       r"fly|make|bake)\s(?!it|this|that|the same|anything)(?=[^.?!]{3,40}?(?:pretty well|quite "
       r"well|really well|very well|fluently|well)\b)", "short_things", "skill"),
)  # fmt: skip
