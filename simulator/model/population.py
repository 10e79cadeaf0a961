"""The population: cells and traits, drawn by address for a world (ODD: initialization).

Trait quantiles are frozen formulas of our own, so that no library's next version changes a trajectory:
lognormal exp(mu + sigma z); gamma by Wilson & Hilferty (1931), mean (1 - 1/(9k) + z / (3 sqrt k))^3 cut at
0; uniform mean (1 + cv sqrt(12) (u - 1/2)); where z is the normal quantile of u.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.compiled import kernel
from simulator.model import draws
from simulator.model.draws import sparse_uniforms, tail
from simulator.model.market import Market
from simulator.model.mathematics import F, exponential, logarithm, normal

_FAMILIES = ("constant", "uniform", "lognormal", "gamma")
_ZERO = F(0.0)
_ONE = F(1.0)
_NINE = F(9.0)
_THREE = F(3.0)
_HALF = F(0.5)
_ROOT_12 = F(3.4641016151377544)


class Population(NamedTuple):
    """Consumers' fixed traits, each an array over consumers."""

    cell: np.ndarray  # int32, position in the market's cells
    need_rate: np.ndarray  # float32, needs per week
    price_sensitivity: np.ndarray  # float32, logits per relative price
    taste: np.ndarray  # float32 [2, n]
    online: np.ndarray  # float32, 0..1
    sharing: np.ndarray  # float32, mean 1
    threshold: np.ndarray  # float32, uniform in [0, 1)
    history: np.ndarray  # float32, uniform that decides the brand bought last
    ownership: np.ndarray  # float32, uniform that decides how old an owned durable is


@kernel
def _quantile(family: int, mean: Any, cv: Any, u: Any) -> Any:
    z = normal(u)
    if family == 1:
        return mean * (_ONE + cv * _ROOT_12 * (u - _HALF))
    if family == 2:
        variance = logarithm(_ONE + cv * cv)
        return mean * exponential(F(np.sqrt(variance)) * z - _HALF * variance)
    if family == 3 and cv > _ZERO:
        inverse = cv * cv / _NINE
        root = max(_ONE - inverse + z * cv / _THREE, _ZERO)
        return mean * root * root * root
    return mean


@kernel
def _position(limits: Any, u: Any) -> int:
    k = 0
    while k < limits.size - 1 and u >= limits[k]:
        k += 1
    return k


@kernel
def _given_or_drawn(given: Any, i: int, limits: Any, u: Any) -> int:
    return given[i] if given.size > 0 and given[i] >= 0 else _position(limits, u)


@kernel
def _draw(
    population: Any,
    seed: Any,
    world: Any,
    region_limits: Any,
    habit_limits: Any,
    demographic_limits: Any,
    habit_online: Any,
    multipliers: Any,
    cell_taste: Any,
    families: Any,
    moments: Any,
    positions: Any,
) -> None:
    n_habits = habit_limits.size
    n_demographics = demographic_limits.size
    zero = np.uint32(0)
    for i in range(population.cell.size):
        who = np.uint32(i)
        u0, u1, u2, u3 = sparse_uniforms(who, zero, zero, tail(draws.CELL, zero, zero), seed, world)
        region = _given_or_drawn(positions[0], i, region_limits, u0)
        habit = _given_or_drawn(positions[1], i, habit_limits, u1)
        demographic = _given_or_drawn(positions[2], i, demographic_limits, u2)
        cell = (region * n_habits + habit) * n_demographics + demographic
        population.cell[i] = cell
        population.online[i] = habit_online[habit]
        rate = _quantile(families[0], moments[0, 0], moments[0, 1], u3)
        population.need_rate[i] = rate * multipliers[demographic, 0]
        v0, v1, v2, v3 = sparse_uniforms(who, zero, zero, tail(draws.TRAITS, zero, zero), seed, world)
        sensitivity = _quantile(families[1], moments[1, 0], moments[1, 1], v0)
        population.price_sensitivity[i] = sensitivity * multipliers[demographic, 1]
        population.sharing[i] = _quantile(families[2], moments[2, 0], moments[2, 1], v1)
        population.taste[0, i] = cell_taste[cell, 0] + moments[3, 0] * normal(v2)
        population.taste[1, i] = cell_taste[cell, 1] + moments[3, 0] * normal(v3)
        w0, w1, w2, _ = sparse_uniforms(who, zero, zero, tail(draws.HISTORY, zero, zero), seed, world)
        population.history[i] = w0
        population.threshold[i] = w1
        population.ownership[i] = w2


def _limits(entries: Any) -> np.ndarray:
    return np.cumsum([entry.share for entry in entries]).astype(np.float32)


def draw_population(market: Market, seed: int, world: int) -> Population:
    """Return the population of one world.

    Parameters
    ----------
    market : Market
        The market.
    seed, world : int
        Key of the draws, each 0 to 2^32 - 1.

    Returns
    -------
    Population
        Consumer i has the same traits however many other consumers there are.
    """
    described = market.scenario.population
    n = market.n_consumers
    traits = described.traits
    distributions = (traits.need_rate, traits.price_sensitivity, traits.sharing)
    families = np.array([_FAMILIES.index(d.distribution) for d in distributions], np.int64)
    moments = np.array([[d.mean, d.cv] for d in distributions] + [[traits.taste.sd, 0.0]], np.float32)
    population = Population(
        np.empty(n, np.int32),
        np.empty(n, np.float32),
        np.empty(n, np.float32),
        np.empty((2, n), np.float32),
        *(np.empty(n, np.float32) for _ in range(5)),
    )
    multipliers = np.array([[g.need_rate, g.price_sensitivity] for g in described.demographics], np.float32)
    _draw(
        population,
        np.uint32(seed),
        np.uint32(world),
        _limits(described.regions),
        _limits(described.habits),
        _limits(described.demographics),
        np.array([habit.online for habit in described.habits], np.float32),
        multipliers,
        market.arrays.cell_taste,
        families,
        moments,
        market.positions,
    )
    return population
