"""Every example of the documents runs, in order, against a live server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.blocks import Block, blocks_of, documents, has_examples, name_of
from tests.docs.reader import check_form

Read = Callable[[list[Block]], None]


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_block_of_a_document_is_of_a_known_form(document: Path):
    for block in blocks_of(document):
        check_form(block)


@pytest.mark.parametrize("document", [*filter(has_examples, documents())], ids=name_of)
def test_the_examples_of_a_document_run_and_show_what_comes(document: Path, read: Read):
    read(blocks_of(document))


def test_every_guide_has_examples():
    guides = [document for document in documents() if document.parent.name == "guides"]

    assert len(guides) >= 4
    assert all(map(has_examples, guides))
