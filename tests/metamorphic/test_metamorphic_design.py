"""A community that designs moves the product toward what its members want, a bounded way, and no further."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from rich_market import counts_of, rich_tables

from simulator.engines.mesa_engine import MarketModel
from simulator.model.campaigns import build_plan
from simulator.model.initialization import build_world
from simulator.model.market import Market, build_market
from simulator.model.observation import INDEX
from simulator.scenario import Scenario

OURS = 1
EAGER = {"join_intercept": 3.0, "interaction_rate": 2.0}


def design_market(co_design: float, **changes: Any) -> Market:
    """Return the rich market in which one line serves a community, far from where consumers' tastes are."""
    line = {"kind": "community", "service_cost": 0.01, "co_design": co_design, "share": 1.0, **changes}
    data = copy.deepcopy(rich_tables()) | {"strategies": {"everything": {"lines": [line]}}, "events": []}
    data["parameters"] |= EAGER
    data["brands"] = [
        {
            **brand,
            "lines": [],
            **({"position": [2.0, -1.0], "tailoring": 0.0} if brand["name"] == "Ours" else {}),
        }
        for brand in data["brands"]
    ]
    return build_market(Scenario.from_dict(data, name="design"))


def positions(market: Market) -> np.ndarray:
    """Return the brand's position after each step, [step, 2], from the burn-in on."""
    model = MarketModel(market, build_plan(market, "everything"), build_world(market, 7, 0), 7, 0)
    brand = list(model.brands)[OURS]
    path = []
    while model.running:
        model.step()
        path.append((brand.position_x, brand.position_y))
    return np.array(path)


@pytest.mark.parametrize("speed", [0.05, 0.5, 1.0])
def test_the_product_moves_toward_the_members_and_not_beyond(speed: float) -> None:
    path = positions(design_market(speed))
    moves = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert np.allclose(path[:3], [2.0, -1.0])
    assert moves.max() > 0.3 * speed
    assert moves.max() < speed * 4.0
    distance = np.hypot(*path[-1])
    assert distance < np.hypot(2.0, 1.0) * (1 - speed / 3)
    if speed == 1.0:
        assert np.abs(path[8:]).max() < 1.2


def test_members_without_a_say_move_nothing() -> None:
    assert np.allclose(positions(design_market(0.0)), [2.0, -1.0])


def test_the_product_stays_where_it_is_when_the_community_ends() -> None:
    path = positions(design_market(0.5, end=5))
    assert not np.allclose(path[4], path[6])
    assert (path[2 + 6 :] == path[2 + 6]).all()


def test_a_product_that_nobody_likes_sells_more_once_members_design_it() -> None:
    markets = [design_market(speed) for speed in (0.0, 0.5)]
    bought = [counts_of(m, replicates=range(4))[0][:, 6:, OURS, INDEX["purchases"]].sum() for m in markets]
    assert bought[1] > 1.5 * bought[0]
