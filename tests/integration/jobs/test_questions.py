"""Laws of the line of questions about inputs: tenants take turns, and nobody's thousand hold another's one."""

from jobs.store import JobStore

ABOUT = {"image": "videos/v/inputs/image.png", "crop": "auto"}
LONG_S = 60.0


def ask(store: JobStore, tenant: str, *names: str, live_s: float = LONG_S) -> None:
    for name in names:
        store.ask_preflight(name, tenant, ABOUT, live_s)


def taken(store: JobStore, share: int = 1, hold_s: float = LONG_S) -> str | None:
    question = store.take_question(share, hold_s)
    return None if question is None else question.request_id


def test_a_question_is_taken_once_with_what_it_is_about(store: JobStore) -> None:
    ask(store, "alice", "a1")

    question = store.take_question(1, LONG_S)

    assert question is not None
    assert (question.request_id, question.tenant, question.about) == ("a1", "alice", ABOUT)
    assert taken(store) is None


def test_a_thousand_questions_of_one_tenant_hold_nobody_else_s(store: JobStore) -> None:
    ask(store, "alice", *(f"a{index}" for index in range(1000)))
    first = taken(store)
    ask(store, "bob", "b0")

    assert first == "a0"
    assert taken(store) == "b0"
    assert taken(store) is None  # both have their share under way


def test_tenants_take_turns(store: JobStore) -> None:
    ask(store, "alice", "a0", "a1", "a2")
    ask(store, "bob", "b0", "b1")

    assert sorted([taken(store, 9), taken(store, 9)]) == ["a0", "b0"]  # type: ignore[type-var]
    assert sorted([taken(store, 9), taken(store, 9)]) == ["a1", "b1"]  # type: ignore[type-var]
    assert taken(store, 9) == "a2"


def test_an_answered_question_makes_room_for_the_next_and_so_does_one_whose_worker_died(store: JobStore) -> None:
    ask(store, "alice", "a0", "a1", "a2")
    taken(store)
    while_under_way = taken(store)
    store.question_done("a0", "alice")
    after_the_answer = taken(store, hold_s=0.0)
    after_the_death = taken(store)

    assert (while_under_way, after_the_answer, after_the_death) == (None, "a1", "a2")


def test_a_question_for_whose_answer_nobody_waits_any_more_is_dropped(store: JobStore) -> None:
    ask(store, "alice", "a0", live_s=0.0)
    ask(store, "alice", "a1")

    assert taken(store) == "a1"
