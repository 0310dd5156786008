"""SQL users and the API append to one conversation at once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from conversations.models import Conversation, Turn
from tests.factories import make_space


@pytest.mark.django_db(transaction=True)
def test_appends_by_sql_and_by_the_api_share_one_gap_free_order():
    space = make_space()
    api = space.api()
    session = api.session("user=u_bob")["id"]

    def by_sql(name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT memsync.use_project(%s, 'app', ARRAY['user=u_bob'])", [space.tenant.slug]
            )
            for number in range(5):
                cursor.execute(
                    "SELECT memsync.add_message_to_session(%s, %s, %s)",
                    [session, name, f"{name} {number}"],
                )

    def by_api(name: str) -> None:
        for number in range(5):
            body = {"role": "user", "sender": name, "content": f"{name} {number}"}
            api.post(f"/sessions/{session}/turns", {"messages": [body], "extract": False})

    def run(work, name: str) -> None:
        try:
            work(name)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(work, f"{work.__name__}{n}"))
        for n in range(3)
        for work in (by_sql, by_api)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    turns = Turn.unscoped.order_by("seq")

    assert [turn.seq for turn in turns] == list(range(1, 31))
    assert list(turns.order_by("created_at").values_list("seq", flat=True)) == list(range(1, 31))
    for turn in turns:
        assert f"{turn.sender} " in turn.content
    assert Conversation.unscoped.get().next_seq == 31
    assert len(Conversation.unscoped.get().speakers) == 6
