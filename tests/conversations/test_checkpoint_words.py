"""Erased words are looked for in states all at once: the same is found as by each word alone."""

from __future__ import annotations

import json
from random import Random

import pytest
from django.db import connection

from conversations import checkpoint_words, checkpoints
from conversations.models import Checkpoint, CheckpointWrite
from tests.conversations.test_checkpoints import put, write
from tests.factories import Api, Space

ONE_BY_ONE = """
SELECT t.pk FROM {table} t WHERE EXISTS (
       SELECT FROM unnest(%s::bytea[]) AS word
        WHERE position(word IN t.blob) > 0
           OR position(word IN convert_to(concat_ws(' ', {text}), 'UTF8')) > 0)
"""
SEARCHED = {
    Checkpoint: "t.thread_id, t.checkpoint_ns, t.metadata::text",
    CheckpointWrite: "t.thread_id, t.checkpoint_ns, t.task_path, t.channel",
}


def held_one_by_one(words: list[str]) -> dict[type, set[int]]:
    """The rows that hold one of the words, each looked for on its own by the database."""
    forms = [form for word in words for form in checkpoint_words._forms(word.strip())]
    found = {}
    with connection.cursor() as cursor:
        for model, text in SEARCHED.items():
            sql = ONE_BY_ONE.format(table=model._meta.db_table, text=text)
            cursor.execute(sql, [forms])
            found[model] = {pk for (pk,) in cursor.fetchall()}
    return found


def random_text(random: Random, alphabet: str, most: int) -> str:
    return "".join(random.choices(alphabet, k=random.randint(1, most)))


@pytest.mark.parametrize("seed", range(12))
def test_all_words_at_once_find_what_each_alone_would(
    api: Api, space: Space, monkeypatch: pytest.MonkeyPatch, seed: int
):
    random = Random(seed)
    alphabet = random.choice(["ab", 'ab "\\', "aé字\n ", "abcdefghij "])
    monkeypatch.setattr(checkpoint_words, "LONG", random.choice([3, 5, 1024]))
    monkeypatch.setattr(checkpoint_words, "WINDOW", random.choice([1, 4, 65_536]))
    monkeypatch.setattr(checkpoints, "MOST_WORDS", random.choice([1, 3, 1000]))
    for n in range(12):
        said = random_text(random, alphabet, 40)
        blob = random.choice([said.encode(), json.dumps(said).encode(), random.randbytes(40)])
        note = random_text(random, alphabet, 12)
        assert put(api, str(n), blob, metadata={"note": note}).status == 201
        assert write(api, str(n), data=blob[::-1], channel=note.strip() or "c").status in {200, 400}
    words = [random_text(random, alphabet, 14) for _ in range(6)]
    held = held_one_by_one(words)
    owners = {"owners": [(Checkpoint.unscoped.first().user_id, "none")], "words": words}
    left = {model: set(model.unscoped.values_list("pk", flat=True)) for model in held}

    assert checkpoints.holding_words(project_id=space.project.pk, **owners) == sum(
        map(len, held.values())
    )
    gone = checkpoints.forget_words(project_id=space.project.pk, **owners)
    for model, count in ((Checkpoint, gone.checkpoints), (CheckpointWrite, gone.writes)):
        assert count == len(held[model])
        assert set(model.unscoped.values_list("pk", flat=True)) == left[model] - held[model]


@pytest.mark.parametrize("size", [3, 1024, 1025, 70_000])
def test_a_word_is_found_wherever_it_stands(size: int):
    random = Random(size)
    word = "".join(random.choices("abc", k=size))
    near = word[:-1] + "x"
    finder = checkpoint_words.Finder([word, "never said at all"])
    for place in (0, 1, 65_535, 65_536, 131_000):
        before, after = "x" * place, "y" * 100
        assert finder.is_in(f"{before}{word}{after}".encode())
        assert finder.is_in(f"{before}{near}{word}".encode())
        assert not finder.is_in(f"{before}{near}{after}".encode())


def test_words_that_begin_alike_are_told_apart():
    begun = "the same long beginning " * 60
    finder = checkpoint_words.Finder([f"{begun}{n} and an end" for n in range(20)])

    assert not finder.is_in(f"{begun}21 and an end {begun}3 and no end".encode())
    assert finder.is_in(f"{begun}21 and an end {begun}3 and an end".encode())
