"""Attribution and sessions: the surface of the SDK, and that people never mix."""

from __future__ import annotations

import asyncio
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from openai import AsyncOpenAI, OpenAI

from memsync_client import (
    AsyncMemsync,
    ConnectionFailed,
    Forbidden,
    InvalidValue,
    Memsync,
    NotFound,
)
from memsync_client.scope import Attribution, SessionManager
from tests.factories import Space, make_space

OFFLINE = "http://127.0.0.1:9"


@pytest.fixture
def offline() -> Memsync:
    """A client whose server nobody runs."""
    return Memsync(OFFLINE, "ms_none")


def ask(client: OpenAI, text: str) -> None:
    client.chat.completions.create(model="fake", messages=[{"role": "user", "content": text}])


def said(manager: Memsync, user: str) -> dict[str, list[str]]:
    """What a user has said, by session."""
    sessions = manager.sessions.each(scope={"user": user, "agent": "bot"})
    return {
        session.id: [t.content for t in manager.sessions.each_turn(session.id) if t.role == "user"]
        for session in sessions
    }


def test_a_client_begins_with_a_random_session():
    first, second = Memsync(OFFLINE).session.id, Memsync(OFFLINE).session.id

    assert first != second
    assert uuid.UUID(first).version == 4


def test_the_lifecycle_of_the_guide(offline):
    initial = offline.session.id
    offline.reset_session()
    new = offline.session.id
    offline.set_session("550e8400-e29b-41d4-a716-446655440000")

    assert initial != new
    assert offline.session.id == "550e8400-e29b-41d4-a716-446655440000"


def test_calls_on_the_client_give_the_client_and_on_the_manager_the_manager(offline, openai):
    some = uuid.uuid4()

    assert offline.attribution("alice", "bot") is offline
    assert offline.reset_session() is offline
    assert offline.set_session(some) is offline
    assert offline.llm.register(openai) is offline
    assert isinstance(offline.session.reset().set(some), SessionManager)
    assert offline.session.id == str(some)


@pytest.mark.parametrize("bad", ["not-a-uuid", "", None, 7, "550e8400"])
def test_what_is_no_uuid_is_refused_before_any_request(offline, bad):
    before = offline.session.id

    with pytest.raises(InvalidValue):
        offline.set_session(bad)
    with pytest.raises(ValueError, match="UUID"):
        offline.session.set(bad)

    assert offline.session.id == before


@pytest.mark.parametrize("bad", ["", "x" * 129, "a\nb", None, 7])
def test_bad_names_are_refused(offline, bad):
    with pytest.raises(InvalidValue):
        offline.attribution(bad)


def test_a_session_may_be_set_before_or_after_its_person(offline):
    some, other = str(uuid.uuid4()), str(uuid.uuid4())

    assert offline.attribution("alice").set_session(some).session.id == some
    assert offline.set_session(other).attribution("bob").session.id == other


def test_a_process_does_not_stick_to_the_next_person(offline):
    offline.attribution("alice", "bot").attribution("bob")

    assert offline._scopes.current.attribution.session_scope == ["user=bob"]


def test_what_broke_the_original_keeps_people_apart(memsync, connect, manager, openai):
    memsync.llm.register(openai, timeout=20)
    ask_as = memsync.attribution
    ask_as("alice", "bot")
    alices = memsync.session.id
    ask(openai, "I am Alice.")
    ask_as("bob", "bot")
    ask(openai, "I am Bob.")
    memsync.set_session(uuid.uuid4())
    ask(openai, "Bob again.")
    assert memsync.wait()
    mallory = connect().attribution("mallory", "bot").set_session(alices)
    mallory.llm.register(openai, timeout=20)
    ask(openai, "What did Alice say?")
    mallory.wait()

    assert said(manager, user="alice") == {alices: ["I am Alice."]}
    bobs = said(manager, user="bob")
    assert sorted(bobs.values()) == [["Bob again."], ["I am Bob."]]
    assert alices not in bobs
    assert said(manager, user="mallory") == {}


def test_a_foreign_session_is_never_read_into_a_prompt(memsync, connect, openai, models):
    memsync.attribution("alice", "bot").llm.register(openai, timeout=20)
    ask(openai, "My secret is 4711.")
    assert memsync.wait()
    mallory = connect().attribution("mallory", "bot").set_session(memsync.session.id)
    mallory.llm.register(openai, timeout=20)
    ask(openai, "What is the secret?")

    assert "4711" not in str(models.bodies[-1])
    assert not mallory.wait()
    assert isinstance(mallory.last_error, Forbidden)


@pytest.mark.parametrize("call", ["remember", "context", "history", "recall"])
def test_a_session_of_somebody_else_is_an_error_of_direct_calls(memsync, connect, call):
    memsync.attribution("alice", "bot").remember("I live in Leeds.")
    mallory = connect().attribution("mallory", "bot").set_session(memsync.session.id)

    with pytest.raises(Forbidden) as refused:
        {
            "remember": lambda: mallory.remember("I live in York."),
            "context": lambda: mallory.context(),
            "history": lambda: mallory.history(),
            "recall": lambda: mallory.recall("where?", session_only=True),
        }[call]()

    assert refused.value.code == "scope_conflict"


def test_a_session_of_another_agent_is_refused(memsync):
    memsync.attribution("alice", "sales").remember("I live in Leeds.")
    sales = memsync.session.id

    with pytest.raises(Forbidden):
        memsync.attribution("alice", "support").set_session(sales).history()


def test_a_session_of_another_tenant_does_not_exist(memsync, live_server):
    with Memsync(live_server.url, make_space().make_key()) as other:
        theirs = other.sessions.create(scope={"user": "alice"})

    with pytest.raises(NotFound):
        memsync.sessions.show(theirs.id)


def test_two_users_alternating_on_one_client_do_not_mix(memsync, manager, openai):
    memsync.llm.register(openai, timeout=20)
    sessions = {}
    for user in ("alice", "bob"):
        sessions[user] = memsync.attribution(user, "bot").reset_session().session.id
    for number in range(3):
        for user, session in sessions.items():
            memsync.attribution(user, "bot").set_session(session)
            ask(openai, f"{user} {number}")

    assert memsync.wait()
    for user, session in sessions.items():
        assert said(manager, user=user) == {session: [f"{user} {n}" for n in range(3)]}


def test_what_waited_for_a_key_goes_to_no_other_tenant(connect, manager, house, openai):
    revoked = connect(house.make_key()).attribution("alice", "bot").llm.register(openai)
    ask(openai, "I live in Leeds.")
    assert revoked.wait(30)
    for key in manager.keys.list().data:
        if key.role == "agent":
            manager.keys.revoke(key.id)
    ask(openai, "My secret is 4711.")
    assert not revoked.wait(0.5)
    there = make_space()
    revoked.set_api_key(there.make_key())

    assert not revoked.wait(30)
    assert revoked.last_error.code == "other_project"
    assert connect(there.key).sessions.list().data == []


def test_what_waited_for_a_key_is_stored_with_another_of_the_project(
    connect, manager, house, openai
):
    revoked = connect(house.make_key()).attribution("alice", "bot").llm.register(openai)
    ask(openai, "I live in Leeds.")
    assert revoked.wait(30)
    for key in manager.keys.list().data:
        if key.role == "agent":
            manager.keys.revoke(key.id)
    ask(openai, "I buy shoes.")
    assert not revoked.wait(0.5)
    revoked.set_api_key(house.make_key())

    assert revoked.wait(30)
    assert "I buy shoes." in [turn.content for turn in revoked.history()]


def test_threads_do_not_mix(memsync, manager, openai, models):
    memsync.llm.register(openai, timeout=20)
    both = Barrier(6)

    def talk(user: str) -> str:
        memsync.attribution(user, "bot")
        session = memsync.session.id
        both.wait()
        for number in range(2):
            ask(openai, f"{user} {number}")
        return session

    users = [f"user{n}" for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        sessions = dict(zip(users, pool.map(talk, users), strict=True))

    assert memsync.wait()
    assert len(set(sessions.values())) == 6
    for user, session in sessions.items():
        assert said(manager, user=user) == {session: [f"{user} 0", f"{user} 1"]}
    for body in models.bodies:
        users = [each["content"].split()[0] for each in body["messages"] if each["role"] == "user"]
        assert len(set(users)) == 1


def test_tasks_do_not_mix(memsync, manager, async_openai: AsyncOpenAI):
    memsync.llm.register(async_openai, timeout=20)

    async def talk(user: str) -> str:
        memsync.attribution(user, "bot")
        for number in range(2):
            await asyncio.sleep(0)
            messages = [{"role": "user", "content": f"{user} {number}"}]
            await async_openai.chat.completions.create(model="fake", messages=messages)
        return memsync.session.id

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(talk(f"user{n}") for n in range(6)))

    sessions = asyncio.run(all_at_once())

    assert memsync.wait()
    assert len(set(sessions)) == 6
    for number, session in enumerate(sessions):
        user = f"user{number}"
        assert said(manager, user=user) == {session: [f"{user} 0", f"{user} 1"]}


def test_a_thread_without_its_own_scope_acts_for_the_only_person(offline):
    offline.attribution("alice", "bot")

    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(lambda: offline._scopes.current).result()

    assert seen.attribution.entity == "alice"
    assert seen.session_id == offline.session.id


def test_once_people_alternate_a_thread_without_its_own_scope_acts_for_nobody(offline):
    offline.attribution("alice", "bot").attribution("bob", "bot").attribution("alice", "bot")

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: offline._scopes.current.attribution).result() is None


def test_a_thread_that_named_its_person_keeps_them_when_others_alternate(offline):
    offline.attribution("alice", "bot")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: offline.attribution("alice", "bot")).result()
        offline.attribution("bob", "bot")
        seen = pool.submit(lambda: offline._scopes.current.attribution).result()

    assert seen == Attribution("alice", "bot")


def test_a_block_acts_for_somebody_and_then_for_whom_it_was(offline):
    offline.attribution("alice", "bot")
    alices = offline.session.id

    with offline.acting("bob", "bot"):
        assert offline._scopes.current.attribution.entity == "bob"
        assert offline.session.id != alices

    assert offline.session.id == alices


def test_resume_or_start_goes_on_where_they_were(memsync, connect):
    started = memsync.resume_or_start("alice", "support")
    memsync.remember("I live in Leeds.")
    connect().attribution("alice", "sales").remember("I buy shoes.")

    later = connect()

    assert later.resume_or_start("alice", "support") == started
    assert later.session.id == started
    assert [turn.content for turn in later.history()] == ["I live in Leeds."]


def test_resume_or_start_without_an_agent_takes_no_session_of_one(connect, house):
    key = house.make_key("agent", "agent=sales")  # its sessions are the agent's, whoever asks
    connect(key).attribution("alice").remember("I buy shoes.")
    later = connect(key)
    later.resume_or_start("alice")

    assert later.history() == []


def test_resume_or_start_begins_anew_after_too_long(memsync, connect):
    started = memsync.resume_or_start("alice", "support")
    memsync.remember("I live in Leeds.")

    assert connect().resume_or_start("alice", "support", timedelta(0)) != started


def test_resume_or_start_knows_a_session_that_somebody_else_tried_before(memsync, connect):
    started = memsync.resume_or_start("alice", "support")
    memsync.remember("I live in Leeds.")
    later = connect().attribution("mallory", "support").set_session(started)
    with pytest.raises(Forbidden):
        later.history()

    assert later.resume_or_start("alice", "support") == started


def test_resume_or_start_changes_person_and_session_in_one_step(memsync):
    memsync.attribution("bob", "support")
    steps = []

    def note(*_: object) -> None:
        now = memsync._scopes.current
        steps.append((now.attribution.entity, now.session_id))

    before = memsync.session.id
    sys.setprofile(note)
    try:
        started = memsync.resume_or_start("alice", "support")
    finally:
        sys.setprofile(None)

    assert set(steps) == {("bob", before), ("alice", started)}


def test_resume_or_start_that_fails_changes_nothing(offline):
    offline.attribution("bob", "support")
    before = offline._scopes.current

    with pytest.raises(ConnectionFailed):
        offline.resume_or_start("alice", "support")

    assert offline._scopes.current == before


def test_direct_calls_need_somebody(memsync):
    with pytest.raises(InvalidValue, match="attribution"):
        memsync.remember("I live in Leeds.")


def test_remember_and_recall_act_for_somebody(memsync):
    memsync.attribution("alice", "support").remember("I live in Leeds.")
    elsewhere = memsync.attribution("alice", "sales").recall("Where does she live?")
    others = memsync.attribution("bob", "sales").recall("Where does she live?")

    assert "Leeds" in elsewhere.results[0].text
    assert others.results == []


def test_the_async_client_has_the_same_surface(live_server, house: Space):
    key = house.make_key()

    async def talk() -> tuple[str, list[str], bool]:
        async with AsyncMemsync(live_server.url, key) as memsync:
            await memsync.resume_or_start("alice", "bot")
            await memsync.remember("I live in Leeds.")
            found = await memsync.recall("Where does she live?")
            mine = memsync.sessions.each(scope={"user": "alice", "agent": "bot"})
            rows = [each.id async for each in mine]
            return found.results[0].text, rows, memsync.session.id in rows

    text, rows, is_there = asyncio.run(talk())
    assert "Leeds" in text
    assert is_there
    assert len(rows) == 1


def test_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, live_server, house: Space):
    monkeypatch.setenv("MEMSYNC_URL", live_server.url)
    monkeypatch.setenv("MEMSYNC_API_KEY", house.key)
    monkeypatch.setenv("MEMSYNC_CONTEXT", "app")

    with Memsync() as memsync:
        assert memsync.auth.me().role == "management"
