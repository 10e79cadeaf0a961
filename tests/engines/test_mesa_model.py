"""The Mesa model as something to step through and look at."""

from __future__ import annotations

import gc
import random
import weakref

import mesa
import numpy as np
import pytest
from engine_tools import SEED, assert_same_counts, compiled_end, make_case

from simulator.engines import mesa_engine, numba_engine
from simulator.engines.mesa_engine import Brand, Consumer, MarketModel
from simulator.engines.numba_engine import layout
from simulator.engines.numba_engine.terms import switches
from simulator.model.observation import INDEX, SOURCES
from simulator.scenario.parameters import STATES


def relation_in(state, j, name, n):
    """Return a field of everybody's relation with a brand from the compiled engine's memory."""
    if name in layout.FIELDS:
        return state.values[0, int(layout.of_brand(j, layout.FIELDS.index(name))), :n]
    if name in layout.EXTRAS:
        column = int(state.column[layout.EXTRAS.index(name)])
        return state.extras[:n, column + j] if column >= 0 else np.zeros(n, np.float32)
    return state.records[:n, int(layout.in_record(j, layout.BONDS.index(name)))]


def step_in(state, j, name, n):
    """Return the step of something between everybody and a brand from the compiled engine's memory."""
    if name in layout.BRAND_WEEKS:
        first = 2 * len(layout.BONDS)
        return state.weeks[:n, int(layout.week_of(j, first + layout.BRAND_WEEKS.index(name)))]
    column = int(state.column[len(layout.EXTRAS) + layout.DATES.index(name)])
    return state.dates[:n, column + j] if column >= 0 else np.full(n, layout.LONG_AGO)


def new_model(strategy="mix", case=None):
    case = case or make_case("tiny")
    return MarketModel(case.market, case.plan(strategy), case.world, SEED, 0)


def finished(strategy="mix", case=None):
    model = new_model(strategy, case)
    model.run_model()
    return model


def test_is_a_mesa_model_of_agents_on_a_network():
    model = new_model()
    assert isinstance(model, mesa.Model)
    assert isinstance(model.space, mesa.discrete_space.Network)
    assert [type(agent) for agent in model.consumers] == [Consumer] * 40
    assert [brand.name for brand in model.brands] == ["Theirs", "Ours", "Late"]
    assert set(model.agents) == {*model.consumers, *model.brands}
    for consumer in model.consumers:
        assert consumer.cell.agents == [consumer]
        neighbors = {tie.neighbor.cell for tie in consumer.ties}
        assert neighbors == set(consumer.cell.connections.values())
        assert [relation.brand for relation in consumer.relations] == list(model.brands)


def test_can_be_stepped_and_looked_at():
    model = new_model()
    consumer = model.consumers[3]
    before = float(consumer.relations[0].memory)
    model.step()
    assert model.now == 0
    assert model.steps == 1
    assert float(consumer.relations[0].memory) != before
    assert "memory" in repr(consumer.relations[0])
    assert "Consumer(3" in repr(consumer)
    assert "customers" in repr(model.brands[0])
    assert model.running


def test_agents_show_and_set_what_stands_in_columns():
    model = new_model()
    model.step()
    consumer, brand = model.consumers[3], model.brands[1]
    relation = consumer.relations[1]
    assert brand.relations[3] is relation
    assert np.float32(relation.memory) == brand.relations.memory[3]
    relation.memory = 0.25
    relation.touch = "friend"
    consumer.taste_x = -1.5
    consumer.latest_brand = brand
    assert brand.relations.memory[3] == 0.25
    assert SOURCES[brand.relations.source[3]] == "friend"
    assert model.crowd.taste_x[3] == -1.5
    assert brand.installed_base == sum(one.latest_brand is brand for one in model.consumers)


def test_stops_at_the_horizon():
    model = finished()
    assert not model.running
    assert model.steps == model.market.burn_in + model.market.n_steps


@pytest.mark.parametrize("strategy", ["content", "social"])
def test_table_equals_counts_at_every_step(strategy):
    model = new_model(strategy)
    while model.running:
        model.step()
        table = model.datacollector.get_table_dataframe("counts")
        recorded = table[list(INDEX)].to_numpy().reshape(-1, 3, len(INDEX))
        assert (recorded == model.counts[: model.steps]).all()
    observed = table[table["step"] >= 0]
    assert list(observed["step"].unique()) == list(range(model.market.n_steps))
    assert list(table["brand"][:3]) == list(model.market.brand_names)
    compiled = numba_engine.run_one(model.market, model.plan, model.world, SEED, 0)
    assert (observed[list(INDEX)].to_numpy().reshape(compiled.shape) == compiled).all()
    assert compiled[:, :, INDEX["content_views"]].sum() > 0


def test_model_variables_follow_brands():
    model = finished()
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == model.steps
    for j, name in enumerate(model.market.brand_names):
        assert list(frame[f"{name}: customers"]) == list(model.counts[:, j, INDEX["customers"]])


@pytest.mark.parametrize("strategy", ["precision", "social", "content"])
def test_agents_end_in_the_compiled_state(strategy):
    case = make_case("tiny")
    state, counts = compiled_end(case, case.plan(strategy))
    model = finished(strategy, case)
    on = switches(case.market, case.plan(strategy).arrays, case.world)
    assert_same_counts(case.market, model.counts, counts)

    def of_consumers(value):
        return np.array(
            [[value(relation) for relation in consumer.relations] for consumer in model.consumers]
        ).T

    n = case.market.n_consumers
    for name in ("memory", "goodwill", "fatigue", "belief", "evidence", "habit", "trust", "belonging"):
        compiled = [relation_in(state, j, name, n) for j in range(len(model.brands))]
        agents = of_consumers(lambda relation, name=name: np.float32(getattr(relation, name)))
        assert (agents == np.array(compiled)).all(), name
    brands = range(len(model.brands))
    long_ago = int(layout.LONG_AGO)
    for name in (*layout.BRAND_WEEKS[:-1], *layout.DATES[:-1]):
        steps = np.array([step_in(state, j, name, n) for j in brands])
        agents = of_consumers(lambda relation, name=name: getattr(relation, name))
        assert (np.maximum(agents, long_ago) == steps).all(), name
    flags = np.array([state.marks[0, int(layout.mark_of(j, layout.FLAGS)), :n] for j in brands])
    for name, flag in (
        ("is_follower", layout.IS_FOLLOWER),
        ("is_member", layout.IS_MEMBER),
        ("has_bought", layout.HAS_BOUGHT),
        ("was_reached", layout.WAS_REACHED),
        ("coupon_is_strategy", layout.COUPON_IS_STRATEGY),
    ):
        agents = of_consumers(lambda relation, name=name: getattr(relation, name))
        assert (agents == ((flags & flag) > 0)).all(), name
    for position, name in enumerate(("adopting", "member", "committed")):
        if name == "adopting" or strategy == "social":
            agents = of_consumers(lambda relation, name=name: getattr(relation, name))
            first = int(on.count_row[position])
            assert (agents == state.counts[first : first + len(brands), :n]).all(), name
    none = int(layout.NO_BRAND)
    latest = [none if c.latest_brand is None else c.latest_brand.index for c in model.consumers]
    assert latest == state.marks[0, layout.LATEST, :n].tolist()
    assert [brand.stock for brand in model.brands] == state.stock.tolist()
    assert [brand.spent_total for brand in model.brands] == state.books[:, layout.SPENT_TOTAL].tolist()
    assert [brand.review_sum for brand in model.brands] == state.books[:, layout.REVIEW_SUM].tolist()


def test_brands_that_infer_tastes_end_with_the_compiled_profiles():
    case = make_case("tiny")
    state, _ = compiled_end(case, case.plan("precision"))
    model = finished("precision", case)
    brand = next(brand for brand in model.brands if brand.name == "Ours")
    assert brand.keeps_profiles
    for name in ("profile_x", "profile_y", "profile_evidence"):
        compiled = relation_in(state, brand.index, name, 40)
        assert (np.array([getattr(r, name) for r in brand.relations], np.float32) == compiled).all()


@pytest.mark.parametrize("scenario", ["tiny", "scarce"])
def test_consumers_may_act_in_any_order(scenario, monkeypatch):
    overrides = {"brands.Ours.weekly_supply": 30.0, "brands.Ours.initial_stock": 0.0}
    case = make_case("tiny", overrides if scenario == "scarce" else {})
    expected = finished("social", case).counts
    order, visited = random.Random(3), 0

    def shuffled(model, agents):
        nonlocal visited
        agents = list(agents)
        visited += len(agents)
        return order.sample(agents, len(agents))

    monkeypatch.setattr(MarketModel, "in_turn", shuffled)
    assert_same_counts(case.market, finished("social", case).counts, expected)
    assert visited > 1000


def test_no_generator_is_used():
    model = new_model("mix")
    before = model.random.getstate(), model.rng.bit_generator.state
    model.run_model()
    assert (model.random.getstate(), model.rng.bit_generator.state) == before


def test_a_finished_replicate_is_released(monkeypatch):
    born = []
    monkeypatch.setattr(Brand, "plant_seeds", lambda brand: born.append(weakref.ref(brand.model)))
    case = make_case("tiny")
    mesa_engine.run_one(case.market, case.plan("none"), case.world, SEED, 0)
    gc.collect()
    assert born
    assert born[0]() is None


#: States that agents keep in an object or as two axes: a commitment, a piece of content, a point.
KEPT_ELSEWHERE = {
    "is_turned_away", "committed_brand", "commitment_step", "position", "piece_value", "piece_appeal",
}  # fmt: skip


def test_agents_call_their_states_what_the_description_calls_them():
    model = finished()
    consumer = model.consumers[0]
    keepers = {
        "consumer": consumer,
        "consumer x brand": consumer.relations[0],
        "brand": model.brands[0],
    }
    missing = {state.name for state in STATES if not hasattr(keepers[state.entity], state.name)}
    assert missing == KEPT_ELSEWHERE
