"""Classic models as corners of the market model, against closed forms and exact chains.

Seeds are fixed. Every Monte Carlo statistic is judged at a false-alarm rate of at most one in a million;
there are about a hundred.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np
import pytest
from markets import bare_market, run, series
from references import adopters_on_the_complete_graph, crowd, logit_shares
from scipy.stats import chi2

from simulator.model.market import Market
from simulator.model.observation import FRACTION_SCALE

FALSE_ALARM = 1e-6
#: A standard normal exceeds it, on either side, with probability 6e-7.
MOST_ERRORS = 5.0


# ------------------------------------------------------------------------------ multinomial logit


def choices(market: Market) -> np.ndarray:
    """Return how often each brand was bought, and nothing was; all choices are independent."""
    counts = run(market)
    bought = series(counts, "purchases").sum(axis=0)
    shoppers = series(counts, "needs")[:, 0].sum()
    return np.append(bought, shoppers - bought.sum())


def misfit(observed: np.ndarray, shares: np.ndarray) -> float:
    """Return the probability of so large a chi-square, or a larger one."""
    expected = observed.sum() * shares
    return float(chi2.sf(((observed - expected) ** 2 / expected).sum(), observed.size - 1))


KNOWN = {"initial_memory": 1.0}
LOGIT_CASES: dict[str, tuple[list[Mapping[str, Any]], float, np.ndarray]] = {
    "equal brands": ([KNOWN, KNOWN, KNOWN], 0.0, np.zeros(3)),
    "prices": (
        [{**KNOWN, "price": p} for p in (9.0, 10.0, 12.0)],
        5.0,
        np.array([0.5, 0.0, -1.0]),
    ),
    "positions": (
        [{**KNOWN, "position": x} for x in ([0.0, 0.0], [1.0, 0.0], [0.5, 0.5])],
        0.0,
        np.array([0.0, -1.0, -0.5]),
    ),
    "delivery": ([{**KNOWN, "delivery_days": d} for d in (0.0, 10.0)], 0.0, np.array([0.0, -0.5])),
    "unknown brands": ([KNOWN, {}, KNOWN], 0.0, np.array([0.0, -np.inf, 0.0])),
}


def logit_market(brands: list[Mapping[str, Any]], sensitivity: float) -> Market:
    market = bare_market(brands)
    data = market.scenario.to_dict()["population"]
    data["traits"]["price_sensitivity"]["mean"] = sensitivity
    return bare_market(brands, population=data)


@pytest.mark.parametrize("case", LOGIT_CASES)
def test_choice_shares_are_those_of_the_multinomial_logit(case: str) -> None:
    brands, sensitivity, utilities = LOGIT_CASES[case]
    observed = choices(logit_market(brands, sensitivity))
    shares = logit_shares(utilities)
    assert observed.sum() > 7900
    assert (observed[shares == 0] == 0).all()
    assert misfit(observed[shares > 0], shares[shares > 0]) > FALSE_ALARM


def test_a_wrong_utility_is_found() -> None:
    brands, sensitivity, utilities = LOGIT_CASES["prices"]
    observed = choices(logit_market(brands, sensitivity))
    assert misfit(observed, logit_shares(utilities + np.array([0.2, 0.0, 0.0]))) < FALSE_ALARM


def test_price_elasticity_is_that_of_the_logit() -> None:
    """d ln s / d ln p = -beta (p / p_ref) (1 - s), by a small change of price with common luck."""
    beta, step = 3.0, 0.02
    shares = []
    for price in (10.0 * (1 - step), 10.0 * (1 + step)):
        observed = choices(logit_market([{**KNOWN, "price": price}, KNOWN], beta))
        shares.append(observed[0] / observed.sum())
    elasticity = np.log(shares[1] / shares[0]) / np.log((1 + step) / (1 - step))
    assert elasticity == pytest.approx(-beta * (1 - 1 / 3), rel=0.1)


def test_luck_of_other_brands_does_not_move_when_one_gets_dearer() -> None:
    """Whoever bought another brand still does: the same taste shocks, and one option got worse."""
    here = run(logit_market([KNOWN, KNOWN, KNOWN], 5.0))
    dear = run(logit_market([{**KNOWN, "price": 11.0}, KNOWN, KNOWN], 5.0))
    before, after = series(here, "purchases"), series(dear, "purchases")
    assert (after[:, 0] <= before[:, 0]).all() and (after[:, 1:] >= before[:, 1:]).all()
    assert after.sum() < before.sum()


# --------------------------------------------------------------------------------- Nerlove & Arrow

CARRYOVER = 0.8
ATTENTION = 0.5


def advertised(impressions: float, **parameters: float) -> Market:
    line = {"kind": "advertising", "channel": "tv", "weekly_spend": impressions * 400.0}
    brand = {"lines": [line]}
    return bare_market(
        [brand],
        horizon=60,
        parameters={
            **bare_market().scenario.to_dict()["parameters"],
            "goodwill_carryover": CARRYOVER,
            **parameters,
        },
    )


def test_goodwill_follows_what_was_noticed_exactly() -> None:
    counts = run(advertised(1.0))
    noticed = series(counts, "noticed")[:, 0]
    goodwill = series(counts, "goodwill")[:, 0] / FRACTION_SCALE
    expected, stock = [], 0.0
    for n in noticed:
        stock = CARRYOVER * stock + n
        expected.append(stock)
    # each of 400 consumers is recorded rounded down to 1/65536
    assert np.abs(goodwill - expected).max() < 400 / FRACTION_SCALE + 1e-3 * 400


@pytest.mark.parametrize("impressions", [0.3, 1.0, 3.0])
def test_steady_state_of_goodwill(impressions: float) -> None:
    """G = p / (1 - lambda), with p = 1 - exp(-x nu) noticed per week."""
    counts = run(advertised(impressions))
    p = 1 - np.exp(-impressions * ATTENTION)
    mean = series(counts, "goodwill")[-1, 0] / FRACTION_SCALE / 400
    variance = p * (1 - p) / (1 - CARRYOVER**2)
    assert abs(mean - p / (1 - CARRYOVER)) < MOST_ERRORS * np.sqrt(variance / 400) + 1e-4


def test_steady_state_of_attention_under_fatigue_and_clutter() -> None:
    """Fatigue settles at x / (1 - rho), and 1 / (1 + x / H) is left of attention among impressions."""
    x, wear_out, rho, half = 2.0, 0.1, 0.5, 4.0
    market = advertised(x, wear_out=wear_out, fatigue_carryover=rho, clutter_half=half)
    noticed = series(run(market), "noticed")[20:, 0]
    p = 1 - np.exp(-x * ATTENTION * np.exp(-wear_out * x / (1 - rho)) / (1 + x / half))
    n = noticed.size * 400
    assert abs(noticed.sum() / n - p) < MOST_ERRORS * np.sqrt(p * (1 - p) / n)


def test_memory_settles_where_forgetting_meets_advertising() -> None:
    """Of a brand that nobody buys: M = 1 - (1 - d M)(1 - p a) in the mean."""
    retention, gain = 0.9, 0.2
    market = advertised(1.0, memory_retention=retention, memory_gain_ad=gain, category_value=-20.0)
    counts = run(market)
    hit = (1 - np.exp(-ATTENTION)) * gain
    mean = series(counts, "memory")[30:, 0].mean() / FRACTION_SCALE / 400
    assert mean == pytest.approx(hit / (1 - retention * (1 - hit)), rel=0.03)


# --------------------------------------------------------------------- Bass on a network (PROD)

N_BASS = 40


def bass_market(external: float, internal: float, graph: nx.Graph, talk_base: float = 1.0) -> Market:
    """Return a durable that whoever hears of it buys at once, and whose owners talk at every step."""
    n = graph.number_of_nodes()
    line = {"kind": "advertising", "channel": "tv", "weekly_spend": -np.log(1 - external) / ATTENTION * n}
    parameters = {
        **bare_market().scenario.to_dict()["parameters"],
        "category_value": 20.0, "memory_gain_ad": 1.0, "memory_gain_contact": 1.0, "talk_base": talk_base,
        "p_strong": -np.log(1 - internal), "p_weak": -np.log(1 - internal), "friend_credibility": 0.0,
    }  # fmt: skip
    return bare_market(
        [{"lines": [line] if external > 0 else []}],
        graph,
        horizon=20,
        market={"reference_price": 10.0, "category": "durable", "replacement_weeks": 1e4},
        parameters=parameters,
    )


@pytest.mark.parametrize(("external", "internal"), [(0.03, 0.38 / (N_BASS - 1)), (0.02, 0.01), (0.1, 0.0)])
def test_diffusion_on_the_complete_graph_is_the_exact_chain(external: float, internal: float) -> None:
    n_replicates = 120
    market = bass_market(external, internal, nx.complete_graph(N_BASS))
    adopters = np.array([series(run(market, r), "customers")[:, 0] for r in range(n_replicates)])
    law = adopters_on_the_complete_graph(N_BASS, external, internal, 20)[1:]
    numbers = np.arange(N_BASS + 1)
    mean = law @ numbers
    variance = law @ numbers**2 - mean**2
    error = np.abs(adopters.mean(axis=0) - mean)
    assert (error <= MOST_ERRORS * np.sqrt(variance / n_replicates) + 1e-6).all()
    spread = adopters.var(axis=0)[3:10] / variance[3:10]
    assert (spread > 0.4).all() and (spread < 2.0).all()


def test_a_fractional_hazard_is_told_from_the_product() -> None:
    """Negative control: p + q A / (N - 1), which is not what ties do."""
    external, q = 0.03, 0.38
    market = bass_market(external, q / (N_BASS - 1), nx.complete_graph(N_BASS))
    adopters = np.array([series(run(market, r), "customers")[9, 0] for r in range(120)])
    share, shares = 0.0, []
    for _ in range(10):
        share += (1 - share) * (external + q * share)
        shares.append(share)
    error = adopters.std(ddof=1) / np.sqrt(120)
    assert abs(adopters.mean() - N_BASS * shares[-1]) > 3 * error


@pytest.mark.parametrize(("graph", "reached"), [(nx.path_graph(12), 12), (nx.star_graph(11), 12)])
def test_certain_talk_reaches_one_more_ring_at_every_step(graph: nx.Graph, reached: int) -> None:
    """With certain talk the number of owners is the number within a distance of the first."""
    from simulator.model.initialization import NO_BRAND

    market = bass_market(0.0, 0.9999, graph, talk_base=10.0)
    first = np.full(graph.number_of_nodes(), NO_BRAND, np.int8)
    first[0] = 0
    owners = series(run(market, latest_brand=first), "customers")[:, 0]
    distance = nx.single_source_shortest_path_length(graph, 0)
    # what is said at the end of a step is acted on in the next
    expected = [sum(d <= t for d in distance.values()) for t in range(20)]
    assert owners.tolist() == expected and owners[-1] == reached


# ------------------------------------------------------------------ thresholds (Granovetter 1978)


def threshold_market(graph: nx.Graph, horizon: int) -> Market:
    return bare_market(
        [{"initial_memory": 1.0}],
        graph,
        horizon=horizon,
        market={
            "reference_price": 10.0,
            "category": "durable",
            "replacement_weeks": 1e4,
            "adoption_rule": "threshold",
        },
    )


@pytest.mark.parametrize("with_gap", [False, True], ids=["thresholds 0 to 99", "the 1 replaced by a 2"])
def test_crowd(with_gap: bool) -> None:
    thresholds = np.arange(100)
    if with_gap:
        thresholds[1] = 2
    market = threshold_market(nx.complete_graph(100), 104)
    shares = thresholds.astype(np.float32) / np.float32(99)
    joined = series(run(market, threshold=shares), "customers")[:, 0]
    assert joined.tolist() == crowd(thresholds, 104)
    assert joined[-1] == (1 if with_gap else 100)


@pytest.mark.parametrize(
    ("graph", "spread"),
    [(nx.cycle_graph(3), 2.5), (nx.complete_graph(4), 2.888889), (nx.cycle_graph(6), 2.9375)],
    ids=["triangle", "complete graph of 4", "cycle of 6"],
)
def test_linear_threshold_spread_on_tiny_graphs(graph: nx.Graph, spread: float) -> None:
    """Exact expected spread from one node, over many copies of the graph side by side."""
    from simulator.model.initialization import NO_BRAND

    n_copies, n = 1500, graph.number_of_nodes()
    market = threshold_market(nx.disjoint_union_all([graph] * n_copies), 8)
    first = np.full(n_copies * n, NO_BRAND, np.int8)
    first[::n] = 0
    owners = series(run(market, latest_brand=first), "customers")[-1, 0]
    # a spread lies between 1 and n, so its standard deviation is at most (n - 1) / 2
    assert abs(owners / n_copies - spread) < MOST_ERRORS * (n - 1) / 2 / np.sqrt(n_copies)
