"""The nouns that name a key ("birthday", "mother tongue"), as data."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attribute:
    """A noun that names a key."""

    key: str
    nouns: str
    reader: str
    """Reader after "my noun is"; without one, the noun is a label only."""
    label: str = ""
    """Reader after "noun:" where the label alone vouches for the value."""


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("name", r"(?:full |first |given |real |legal |actual |preferred )?name",
              "loose_name", "loose_name"),
    Attribute("age", r"age", "age", "age"),
    Attribute("birthday", r"birth ?day|b-?day|date of birth|d\.?o\.?b|birth ?date", "date",
              "date"),
    Attribute("pronouns", r"(?:preferred |correct )?pronouns(?: on \w+ \w+| in \w+ \w+)?",
              "pronouns", "pronouns"),
    Attribute("email",
              r"(?:new |work |personal |contact |private |correct |current |other )*(?:e-?mail|"
              r"mail|gmail|contact)(?: address| id)?", "email", "email"),
    Attribute("phone",
              r"(?:new |work |personal |contact |private |mobile |cell |phone |telephone |"
              r"whatsapp |correct |current |cell ?phone )*(?:phone|mobile|telephone|tel|cell|"
              r"number|contact|contact no|phone no|mobile no|whatsapp|no)\.?(?: number| no\.?)?",
              "phone", "phone"),
    Attribute("timezone", r"(?:current |local |home )?time ?zone|tz|local time|clock", "timezone",
              "timezone"),
    Attribute("nationality", r"nationality|citizenship|passport", "nationality", "nationality"),
    Attribute("hometown", r"home ?town|native city|city of birth|birth ?place|place of birth",
              "place", "loose_place"),
    Attribute("home",
              r"(?:current |present )?(?:home(?: base| city)?|residence|place of residence|city|"
              r"town|location|base)", "place", "loose_place"),
    Attribute("home", r"(?:lives?|living|resid(?:es?|ing)|based|located) in|lives?",
                      "", "loose_place"),
    Attribute("hometown", r"(?:originally|comes?) from|born in|grew up in", "", "loose_place"),
    Attribute("employer", r"(?:works?|working|employed) (?:at|for|with|by)",
                          "", "loose_organisation"),
    Attribute("occupation", r"(?:works?|working) as", "", "any_occupation"),
    Attribute("languages", r"speaks?|spoken languages?", "", "languages"),
    Attribute("likes", r"likes?|loves?|enjoys?", "", "label_things"),
    Attribute("dislikes", r"dislikes?|hates?|can't stand", "", "label_things"),
    Attribute("owns", r"owns?|drives?", "", "owned"),
    Attribute("home",
              r"(?:new |current |own )?(?:home|place|house|flat|apartment|house)(?=(?: is|'s) "
              r"(?:now )?in\b)", "in_place"),
    Attribute("home",
              r"(?:new |current |home |postal |delivery |full |street )*address", "address",
              "address"),
    Attribute("occupation",
              r"(?:current |day |new |main |actual |full-time |paid )*(?:job|occupation|"
              r"profession|job title|trade|line of work|role|career|position|title|work)",
              "any_occupation", "any_occupation"),
    Attribute("employer",
              r"(?:current |new |present )?(?:employer|company|workplace|place of work|firm|work "
              r"?place)", "organisation", "loose_organisation"),
    Attribute("education",
              r"(?:degree|major|alma mater|university|uni|education|school|college|field of "
              r"study|studies|course of study)", "study", "study"),
    Attribute("languages",
              r"(?:mother tongue|native (?:language|tongue)|first language|second language|third "
              r"language|main language|languages?(?: i speak)?|other language)s?", "languages",
              "languages"),
    Attribute("diet",
              r"(?:current |usual )?(?:diet|eating style|dietary (?:restrictions?|preferences?|"
              r"requirements?|needs))", "any_diet", "any_diet"),
    Attribute("hobby",
              r"(?:main |favou?rite |biggest |only |other |new |current |big )?(?:hobby|hobbies|"
              r"pastimes?|passions?|interests|free time activity)", "things", "things"),
    Attribute("owns",
              r"(?:new |current |only |family |company |second |first |old |work |main |own )"
              r"*(?:car|bike|motorbike|van|camera|guitar|printer|tv|piano|boat|laptop|phone)",
              "owned"),
    Attribute("likes", r"(?:biggest |current |new |latest )?(?:guilty pleasures?|obsession|"
                       r"weakness)",
              "things"),
    Attribute("skill",
              r"(?:main |best |strongest |core |top )?(?:skills?|strong suits?|forte|speciality|"
              r"specialty|expertise|superpower|strengths?)", "short_things", "short_things"),
    Attribute("goal",
              r"(?:main |big |biggest |current |ultimate |long-term |short-term |next |personal |"
              r"life |fitness |new year's |only )*(?:goal|aim|target|dream|ambition|objective|"
              r"resolution)(?: (?:for|with|in|this|next|right|at|here)\b(?: \w+){0,3}?(?= ?[:=]| "
              r"is\b|'s\b))?",
              "goal", "goal"),
    Attribute("plan", r"(?:current )?plan(?: for \w+ \w+| now)?", "goal", "goal"),
    Attribute("working_on",
              r"(?:current |new |latest |side |big |main |ongoing )+project(?: right now| at the "
              r"moment)?|project", "project", "project"),
    Attribute("deadline",
              r"(?:hard |final |real |new |submission |project |application |thesis |official )"
              r"*(?:deadline|due date|cut-?off|submission date)(?: for [\w' ]{2,30}?)?",
              "loose_date", "loose_date"),
    Attribute("allergic_to", r"(?:food |main |only |worst |biggest )?allerg(?:y|ies|ens?)",
              "short_things", "label_things"),
    Attribute("partner", r"(?:partner|boyfriend|girlfriend|fianc[eé]e?)", "name", "name"),
    Attribute("spouse", r"(?:wife|husband|spouse)", "name", "name"),
    Attribute("manager", r"(?:line |new |current )*(?:manager|boss|supervisor)", "name", "name"),
    Attribute("pet", r"(?:pets?|dog|cat)", "name", "name"),
    Attribute("uses",
              r"(?:main |daily |go-to |usual |favou?rite )?(?:editor|ide|browser|os|operating "
              r"system|daily driver|stack|tech stack|note app|calendar app|setup)",
              "tools", "tools"),
)  # fmt: skip
FAVORITE = re.compile(
    r"(?:all[- ]time )?(?:favou?rite|fave?|fav)(?: \w+)?? "
    r"(?P<what>colou?r|food|dish|cuisine|meal|movie|film|book|"
    r"novel|author|writer|poet|band|singer|artist|musician|song|album|genre|music|composer|sport|"
    r"team|club|player|game|board game|video game|videogame|season|"
    r"month|day|animal|flower|fruit|vegetable|drink|"
    r"beer|wine|cocktail|coffee|tea|dessert|snack|ice cream|"
    r"flavou?r|pizza|cheese|restaurant|bar|city|place|"
    r"country|number|subject|show|series|tv show|tv series|podcast|actor|"
    r"actress|director|language|programming language|"
    r"instrument|holiday|car|brand|shoe|plant|tree|bird|dog breed|painter|painting|museum|"
    r"park|beach|word|quote|superhero|character|comic|manga|anime|magazine|newspaper|youtuber|"
    r"teacher|editor|framework|tool|app|website|theme|font|spice|sauce|soup|pasta|sandwich|bread|"
    r"chocolate|candy|cereal|breakfast|hobby|exercise|workout|season of the year)s?(?!\w)"
    r"(?: of (?:mine|ours|all time)| ever)?",
    re.I,
)
FAVORITE_KEYS = {
    "colour": "color", "film": "movie", "dish": "food", "meal": "food", "novel": "book",
    "flavour": "flavor", "video game": "game", "videogame": "game", "board game": "game",
    "tv show": "show",
    "tv series": "series", "writer": "author",
}  # fmt: skip
