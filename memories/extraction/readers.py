"""The readers of values by name, as the grammar refers to them."""

from __future__ import annotations

from .belongings import (
    allergen,
    fandom,
    found_lovely,
    found_nasty,
    games,
    intolerance,
    nothing,
    owned,
    owned_this,
    preferred,
    proper_thing,
    trade,
    word_before,
)
from .clauses import activity, choice, clause, project, timeless_clause, wavering
from .kinds import any_occupation, language, languages, nationality, occupation, skills, study
from .nouns import allergens, read_list, short_thing, short_things, thing, things
from .proper import loose_name, loose_organisation, loose_place, name, names, organisation, place
from .shapes import age, shaped
from .spans import Reader, Span


def label_things(text: str, pos: int, limit: int) -> list[Span]:
    """The list after a label ("allergies: cats, dust"): commas are enough."""
    return read_list(text, pos, limit, short_thing)


READERS: dict[str, Reader] = {
    "label_things": label_things,
    "age": age,
    "email": shaped("email"),
    "phone": shaped("phone"),
    "date": shaped("date"),
    "loose_date": shaped("loose_date"),
    "year": shaped("year"),
    "address": shaped("address"),
    "timezone": shaped("timezone"),
    "pronouns": shaped("pronouns"),
    "diet": shaped("diet"),
    "name": name,
    "names": names,
    "loose_name": loose_name,
    "place": place,
    "loose_place": loose_place,
    "organisation": organisation,
    "loose_organisation": loose_organisation,
    "language": language,
    "languages": languages,
    "nationality": nationality,
    "occupation": occupation,
    "any_occupation": any_occupation,
    "study": study,
    "skills": skills,
    "owned": owned,
    "tools": proper_thing,
    "things": things,
    "short_things": short_things,
    "clause": clause,
    "wavering": wavering,
    "choice": choice,
    "activity": activity,
    "game": games,
    "preferred": preferred,
    "allergen": allergen,
    "allergens": allergens,
    "word": intolerance,
    "fandom": fandom,
    "trade": trade,
    "found_nasty": found_nasty,
    "found_lovely": found_lovely,
    "word_before": word_before,
    "owned_this": owned_this,
    "short_thing": short_thing,
    "thing": thing,
    "nothing": nothing,
    "timeless": timeless_clause,
    "project": project,
}
