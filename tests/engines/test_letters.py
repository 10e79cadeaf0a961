"""What neighbors say goes by letters: there is room for all that can be written, and all of it is read."""

from __future__ import annotations

import numpy as np
import pytest
from engine_tools import SEED, assert_same_counts, compiled_end, make_case

from simulator.engines import mesa_engine
from simulator.engines.numba_engine import layout, memory
from simulator.engines.numba_engine.terms import switches
from simulator.errors import EngineError
from simulator.model.observation import INDEX

#: Everybody buys at every step, and talks on every tie.
LOUD = {
    "population.traits.need_rate.mean": 4.0,
    "parameters.p_strong": 10.0,
    "parameters.p_weak": 10.0,
    "parameters.talk_base": 10.0,
    "parameters.share_intercept": 20.0,
    "parameters.feed_attention": 1.0,
}


#: What a letter is counted as.
KINDS = [INDEX[name] for name in ("contacts_positive", "contacts_negative", "shared_views", "invitations")]


def letters_by_step(counts: np.ndarray) -> np.ndarray:
    """Return how many letters were written in each step; calls to groups are not counted."""
    return counts[..., KINDS].sum(axis=(1, 2))


def chunks_written(state: layout.State) -> int:
    """Return the most chunks that either side of the letters has held at the end of a step."""
    return int(state.boxes[:, -1].max()) // layout.LETTERS


@pytest.mark.parametrize("strategy", ["none", "social", "content", "mix"])
@pytest.mark.parametrize("n_consumers", [300, 2300])
def test_letters_on_every_tie_find_room_and_readers(n_consumers: int, strategy: str) -> None:
    case = make_case("tiny", {**LOUD, "population.consumers": n_consumers})
    plan = case.plan(strategy)
    state, counts = compiled_end(case, plan)
    assert_same_counts(
        case.market,
        mesa_engine.run_one(case.market, plan, case.world, SEED, 0),
        counts[case.market.burn_in :],
    )
    room = state.letters.shape[1] // layout.LETTERS
    assert chunks_written(state) <= room
    told = letters_by_step(counts)
    n_arcs = case.world.indptr[-1]
    # most ties carry a message at some step, so that chunks are chained
    assert told.max() > 0.5 * n_arcs > layout.LETTERS
    if strategy == "none":
        # the room is not much more than is needed where everybody talks
        assert chunks_written(state) > 0.5 * told[-1] / (layout.LETTERS - 1)


def test_letters_of_one_step_are_gone_in_the_next_but_one() -> None:
    """Chunks are taken from the front again, so that memory does not grow with the number of steps."""
    case = make_case("tiny", {**LOUD, "population.consumers": 300})
    state, counts = compiled_end(case, case.plan("none"))
    told = letters_by_step(counts)
    most = int(told.max())
    assert told.sum() > 5 * most
    assert chunks_written(state) <= -(-most // (layout.LETTERS - 1)) + state.boxes.shape[1]
    # of both sides one has been read: its boxes are empty
    read = np.flatnonzero(state.boxes[:, :-1].sum(axis=1) == 0)
    assert read.size == 1


#: Fifty consumers more than two stretches hold, in a market in which all that can be said is said.
SHOUTING = {
    **LOUD,
    "parameters.invite_intercept": 20.0,
    "parameters.category_value": 20.0,
    "parameters.follower_attention": 1.0,
    "parameters.follow_intercept": 20.0,
}
_UNTOUCHED = -(2**62)


@pytest.mark.parametrize("strategy", ["social", "content", "mix"])
def test_nothing_is_written_behind_the_room_for_letters(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case("tiny", {**SHOUTING, "population.consumers": 4146})
    plan = case.plan(strategy)
    real = memory.new_letters
    room: list[int] = []

    def twice_the_room(*given: object) -> np.ndarray:
        room.append(real(*given).shape[1])  # type: ignore[arg-type]
        return np.full((2, 2 * room[0]), _UNTOUCHED, np.int64)

    monkeypatch.setattr(memory, "new_letters", twice_the_room)
    state, counts = compiled_end(case, plan)
    assert (state.letters[:, room[0] :] == _UNTOUCHED).all()
    assert letters_by_step(counts).max() > 0.6 * case.world.indptr[-1]


def test_room_for_letters_that_the_system_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_case("tiny")
    plan = case.plan("mix")

    def refuse(*given: object) -> np.ndarray:
        raise MemoryError("Unable to allocate")

    on = switches(case.market, plan.arrays, case.world)
    monkeypatch.setattr(memory.np, "empty", refuse)
    with pytest.raises(
        EngineError, match="GB of address space.*fewer consumers, fewer ties or fewer threads"
    ):
        memory.new_letters(case.market, plan.arrays, case.world, on)
