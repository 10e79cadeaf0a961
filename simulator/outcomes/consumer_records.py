"""What single consumers did, where it is needed beside the counts of the whole market.

Trajectories hold counts per step and brand. Regions and single consumers are visible in the Mesa engine alone, whose
counts are those of the compiled engine bit for bit; it takes about a hundredth of a millisecond per consumer and step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ConsumerRecords:
    """One replicate of one plan, consumer by consumer, burn-in left out.

    Parameters
    ----------
    purchases : ndarray of int8, shape (step, consumer)
        1 where the consumer bought the focal brand, else 0.
    cells : ndarray of int64, shape (consumer,)
        Position of each consumer's cell among the market's cells.
    regions : ndarray of int64, shape (consumer,)
        Position of each consumer's region.
    line_spend : ndarray of float64, shape (step, line)
        Money paid for each media line's impressions, data included, in currency of the whole market.
    counts : ndarray of int64, shape (step, brand, series)
        The counts of the replicate, as every engine gives them.
    redeemed : ndarray of int64, shape (consumer,)
        Units of the focal brand that each bought with an invitation; empty unless ``withheld`` was given.
    invitations : ndarray of int64, shape (invitation, 2)
        Sender and receiver of every invitation to the focal brand; empty unless ``withheld`` was given.
    """

    purchases: NDArray[np.int8]
    cells: Whole
    regions: Whole
    line_spend: NDArray[np.float64]
    counts: Whole
    redeemed: Whole = field(default_factory=lambda: np.zeros(0, np.int64))
    invitations: Whole = field(default_factory=lambda: np.zeros((0, 2), np.int64))


def record_consumers(
    market: Any,
    plan: Any,
    *,
    seed: int,
    replicate: int,
    withheld: NDArray[np.bool_] | None = None,
) -> ConsumerRecords:
    """Run one replicate on the Mesa engine and write down what each consumer did.

    Parameters
    ----------
    market : Market
        The market.
    plan : Plan
        A strategy as arrays.
    seed, replicate : int
        Key of the draws.
    withheld : ndarray of bool, shape (consumer,), optional
        From whom the focal brand's referral program is withheld; see
        :mod:`simulator.outcomes.withheld_rewards`.

    Returns
    -------
    ConsumerRecords
        Purchases of the focal brand by step and consumer.
    """
    from simulator.engines.mesa_engine import MarketModel
    from simulator.model.initialization import build_world, world_number

    world = build_world(market, seed, world_number(market, replicate))
    model = MarketModel(market, plan, world, seed, replicate)
    consumers, brands = list(model.consumers), list(model.brands)
    focal = brands[int(market.focal)]
    lines = [line for brand in brands for line in brand.lines]
    events = _withhold(model, focal, withheld)
    n_steps = model.n_steps
    purchases = np.zeros((n_steps, len(consumers)), np.int8)
    spend = np.zeros((n_steps, len(lines)))
    for step in range(n_steps):
        model.step()
        for consumer in consumers:
            order = consumer.order
            if order is not None and order.is_accepted and order.brand is focal:
                purchases[step, consumer.index] = 1
        spend[step] = [
            line.delivered * (line.media_cost + line.data_cost) * (line.rate > 0) for line in lines
        ]
    cells = np.array([consumer.market_cell for consumer in consumers], np.int64)
    regions = np.array([consumer.region for consumer in consumers], np.int64)
    counts = model.counts[market.burn_in :].copy()
    # Mesa numbers the agents of each model in a table that would keep every finished model alive
    type(consumers[0])._ids.pop(model, None)
    first = market.burn_in
    return ConsumerRecords(
        purchases[first:], cells, regions, spend[first:] * market.people_per_consumer, counts, *events()
    )


def _withhold(model: Any, focal: Any, withheld: NDArray[np.bool_] | None) -> Callable[[], tuple[Whole, ...]]:
    """Withhold the referral program from some consumers; return what tells of invitations in the end."""
    if withheld is None:
        return lambda: ()
    from simulator.engines.mesa_engine.events import Events
    from simulator.outcomes.withheld_rewards import withhold_referral

    withhold_referral(model, focal, np.flatnonzero(withheld))
    model.events = events = Events(model.market.burn_in)

    def found() -> tuple[Whole, ...]:
        redeemed = np.zeros(withheld.size, np.int64)
        for step, buyer, brand, source, _ in events.purchases:
            redeemed[buyer] += step >= 0 and brand == focal.name and source == "referral"
        sent = [
            (sender, receiver)
            for step, sender, receiver, brand, kind in events.messages
            if step >= 0 and brand == focal.name and kind == "invitation"
        ]
        return redeemed, np.array(sent, np.int64).reshape(-1, 2)

    return found


def in_random_audience(
    market: Any, plan: Any, line: int, *, seed: int, replicate: int, share: float
) -> NDArray[np.bool_]:
    """Return which consumers a line with the audience ``random`` addresses: the draw that the engines use.

    Parameters
    ----------
    market, plan : Market, Plan
        The market and the plan.
    line : int
        Position of the media line in the plan's arrays.
    seed, replicate : int
        Key of the draws.
    share : float
        Share of the consumers addressed.

    Returns
    -------
    ndarray of bool, shape (consumer,)
        Whether each is addressed.
    """
    from simulator.engines.mesa_engine.chance import Chance

    arrays, chance = plan.arrays, Chance(seed, replicate)
    brand_id = int(market.brand_ids[int(arrays.brand[line])])
    channel, slot = int(arrays.channel_id[line]), int(arrays.slot[line])
    limit = np.float32(share)
    return np.array(
        [
            chance.draw_once("audience", consumer, channel, brand=brand_id, slot=slot)[0] < limit
            for consumer in range(market.n_consumers)
        ]
    )
