"""Verbs that orders are given with, as data: what may follow "always" and "from now on"."""

from __future__ import annotations

from .wordlists import words

ORDERABLE = words(
    """
    accept act activate adapt adjust alert align allow alphabetize annotate answer approve archive
    arrange ask assign attach automate backup block bold book bring build bump bundle cache
    calculate capitalize caption carry change charge check choose cite clarify clean clear click
    clone close code collect combine commit compare compile compress configure connect consult
    contact continue copy correct count cover create crop debug declare decline default define delay
    delete deliver deploy describe destroy disable discard disclose discuss display divide download
    draft draw edit email enable encode encrypt end enforce ensure enter escalate escape estimate
    exclude execute export expose extract feed fetch fill filter fix flag flatten focus force
    forward freeze generate greet group handle hardcode hash hide highlight hyphenate identify
    ignore import indent index inform initialize inject inline insert install invite iterate join
    justify kill launch lint listen load localize lock log lower lowercase maintain map mask measure
    merge migrate minify mix mock modify monitor move mute name notify number number offer omit open
    order organize output override overwrite pack paginate park parse paste patch pause pay pick pin
    ping place plan play point post practice prefix prepare preserve press preview price print
    prioritize proceed process produce promise propose protect prove publish pull purge push quote
    raise rank rate rebase rebuild recheck recommend record redact redirect reduce refactor refer
    reference refresh refuse register reject release reload rely remind remove rename render reorder
    repeat replace report reply request require reschedule reserve reset resolve restart restore
    restrict resume retry reuse reveal revert review revise rewrite rinse route run sanitize save
    scan schedule scroll search secure set select sell separate serve share shorten shout shuffle
    sign simplify skip solve sort speak spell split squash stage stand stash store strip structure
    submit substitute suggest summarize suppress swap switch sync tag take target teach test
    throw time title touch track translate trim truncate trust turn type underline undo unlock
    update upgrade uppercase upload validate verify version wait warn wash watch whisper wrap
    """
)
AMBIGUOUS = words("read hit cost hurt beat shut")
"""Base forms that are past forms too: after "never" they may be a story."""
