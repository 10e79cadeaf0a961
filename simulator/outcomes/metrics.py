"""Metrics: one table of what is computed from the trajectories of a replicate, each with its definition.

A metric is a function of a brand's trajectory; its value in one replicate is an outcome. Counts are in
people (recorded consumers times the people whom one stands for). A ratio whose denominator is zero is
not a number (NaN), never zero: nobody clicked, so the conversion of clicks is undefined.

Money. ``revenue`` is what buyers paid, after price cuts, coupons and group discounts. Discounts are
therefore already out of revenue. They count in ``spend``, at which strategies are made equal, but are
not subtracted from profit again. Referral rewards are cash to sender and receiver and are not in revenue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from simulator.model.observation import SOURCES, SPEND_KINDS
from simulator.outcomes.brand_view import (
    REFERENCE,
    BrandView,
    Values,
    adoption_by_step,
    cascade_views,
    contribution,
    cost_per_incremental_buyer,
    customers_before,
    peak_step,
    profit,
    ratio,
    steps_to_adoption,
)
from simulator.outcomes.trajectories import Trajectories, import_xarray
from simulator.outcomes.wording import Wording, describe_amount

if TYPE_CHECKING:
    import pandas
    import xarray


@dataclass(frozen=True)
class Metric:
    """One metric.

    Parameters
    ----------
    name : str
        Name, as it stands in results.
    meaning : str
        What it says, in one clause.
    unit : str
        ``people``, ``units``, ``messages``, ``impressions``, ``currency``, ``share``, ``step``, ``days``,
        ``points``, ``SD`` (of quality), ``ratio`` or ``per week``.
    formula : str
        Definition from recorded series; sums run over the observed steps.
    function : callable
        From a :class:`BrandView` to an array over strategies and replicates.
    better : {"higher", "lower", None}
        Direction in which a marketer wants it; None where neither is better as such.
    has_loss : bool
        Whether it has a natural zero below which something is lost.
    is_censored : bool
        Whether it is undefined where something has not happened by the end (adoption reached, a buyer won): those
        replicates are the worst, so a mean over the others flatters.
    """

    name: str
    meaning: str
    unit: str
    formula: str
    function: Callable[[BrandView], Values]
    better: Literal["higher", "lower"] | None
    has_loss: bool = False
    is_censored: bool = False

    @property
    def lowest(self) -> float:
        """Least value that it can have; minus infinity where none is known."""
        if self.name in INCREMENTAL or self.has_loss or self.unit == "SD":
            return -float("inf")
        return -100.0 if self.unit == "points" else 0.0

    @property
    def highest(self) -> float:
        """Largest value that it can have; infinity where none is known."""
        if self.name in _UNLIKE_WINDOWS:
            return float("inf")
        return {"share": 1.0, "points": 100.0}.get(self.unit, float("inf"))

    def describe(self, value: float, currency: str, how: Wording = "value") -> str:
        """Return a value of the metric, or a difference, with its unit: see :func:`describe_amount`."""
        return describe_amount(value, self.unit, currency, how)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcomes of one brand: the value of every metric in every replicate.

    Parameters
    ----------
    strategies, replicates, metrics : tuple
        Names and numbers along the axes of ``values``.
    values : ndarray of float64, shape (strategy, replicate, metric)
        Outcomes; NaN where a metric is undefined.
    """

    strategies: tuple[str, ...]
    replicates: tuple[int, ...]
    metrics: tuple[str, ...]
    values: Values

    def of(self, metric: str) -> Values:
        """Return one metric's outcomes; shape (strategy, replicate)."""
        return self.values[:, :, self.metrics.index(metric)]

    @classmethod
    def concatenate(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Join outcomes of the same strategies over disjoint blocks of replicates."""
        numbers = tuple(number for part in parts for number in part.replicates)
        values = np.concatenate([part.values for part in parts], axis=1)
        return cls(parts[0].strategies, numbers, parts[0].metrics, values)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a tidy table: one row per strategy and replicate, one column per metric."""
        import pandas as pd

        n_strategies, n_replicates, n_metrics = self.values.shape
        table = pd.DataFrame(self.values.reshape(-1, n_metrics), columns=list(self.metrics))
        table.insert(0, "strategy", np.repeat(self.strategies, n_replicates))
        table.insert(1, "replicate", np.tile(self.replicates, n_strategies))
        return table

    def to_xarray(self) -> xarray.Dataset:
        """Return one variable per metric over strategy and replicate, with meaning, unit and formula."""
        variables = {}
        for name in self.metrics:
            metric = METRIC[name]
            attributes = {"long_name": metric.meaning, "units": metric.unit, "formula": metric.formula}
            variables[name] = (("strategy", "replicate"), self.of(name), attributes)
        coordinates = {"strategy": list(self.strategies), "replicate": list(self.replicates)}
        dataset: xarray.Dataset = import_xarray().Dataset(variables, coordinates)
        return dataset


def measure(
    trajectories: Trajectories,
    *,
    brand: str | None = None,
    reference: str | None = REFERENCE,
    metrics: Sequence[str] | None = None,
) -> Outcomes:
    """Compute metrics of one brand in every replicate.

    Parameters
    ----------
    trajectories : Trajectories
        Recorded trajectories.
    brand : str, optional
        Name of the brand; the focal brand if omitted.
    reference : str, optional
        Strategy against which incremental effects are measured, in the same world. If it is not among the
        strategies, incremental metrics are NaN.
    metrics : sequence of str, optional
        Names of metrics; all if omitted.

    Returns
    -------
    Outcomes
        One value per strategy, replicate and metric.
    """
    view = BrandView(trajectories, brand or trajectories.focal_brand, reference)
    names = tuple(METRIC) if metrics is None else tuple(metrics)
    values = np.stack([METRIC[name].function(view) for name in names], axis=-1)
    return Outcomes(trajectories.strategies, trajectories.replicates, names, values)


def _total(name: str) -> Callable[[BrandView], Values]:
    return lambda view: view.total(name)


def _last(name: str) -> Callable[[BrandView], Values]:
    return lambda view: view.last(name)


def _mean_at_end(name: str) -> Callable[[BrandView], Values]:
    return lambda view: view.last(name) / view.n_people


def _per(top: str, bottom: str) -> Callable[[BrandView], Values]:
    return lambda view: ratio(view.total(top), view.total(bottom))


def _gained(function: Callable[[BrandView], Values]) -> Callable[[BrandView], Values]:
    return lambda view: view.against_reference(function(view))


# fmt: off
_MARKET = (
    Metric("sales", "units bought", "units", "sum purchases", _total("purchases"), "higher"),
    Metric(
        "share_volume", "share of the units that all brands sold", "share",
        "sum purchases / sum purchases of all brands",
        lambda v: ratio(v.total("purchases"), v.total_of_all_brands("purchases")), "higher",
    ),
    Metric(
        "share_value", "share of the revenue of all brands", "share",
        "sum revenue / sum revenue of all brands",
        lambda v: ratio(v.total("revenue"), v.total_of_all_brands("revenue")), "higher",
    ),
    Metric(
        "adoption", "share of people who were customers at the start or first bought since", "share",
        "(customers before the first step + sum first_purchases) / people",
        lambda v: adoption_by_step(v)[:, :, -1], "higher",
    ),
    Metric(
        "trial", "share of people who bought for the first time", "share",
        "sum first_purchases / people", lambda v: v.total("first_purchases") / v.n_people, "higher",
    ),
    Metric(
        "customer_share", "share of people whose latest purchase is the brand, at the end", "share",
        "customers at the last step / people", _mean_at_end("customers"), "higher",
    ),
    Metric(
        "repeat_rate", "share of customers' purchases in the category that stay with the brand", "share",
        "sum repeat_purchases / (sum repeat_purchases + sum switched_away)",
        lambda v: ratio(
            v.total("repeat_purchases"), v.total("repeat_purchases") + v.total("switched_away")
        ), "higher",
    ),
    Metric(
        "churn_rate", "customers lost to another brand, per customer and week", "per week",
        "sum switched_away / sum over steps of customers before the step",
        lambda v: ratio(v.total("switched_away"), customers_before(v).sum(axis=2)), "lower",
    ),
    Metric(
        "peak_step", "step with the largest sales, the first of several", "step",
        "argmax over steps of purchases", peak_step, None,
    ),
    Metric(
        "time_to_10pct", "first step with adoption of at least 10 %", "step",
        "min step with adoption >= 0.10, undefined if never", lambda v: steps_to_adoption(v, 0.10), "lower",
        is_censored=True,
    ),
    Metric(
        "time_to_50pct", "first step with adoption of at least 50 %", "step",
        "min step with adoption >= 0.50, undefined if never", lambda v: steps_to_adoption(v, 0.50), "lower",
        is_censored=True,
    ),
)

_MONEY = (
    Metric("revenue", "money paid by buyers, after discounts", "currency", "sum revenue",
           _total("revenue"), "higher"),
    Metric("contribution", "revenue minus cost of goods", "currency",
           "sum revenue - sum cost_of_goods", contribution, "higher", has_loss=True),
    Metric(
        "profit", "contribution minus all spend but discounts, which revenue already lacks", "currency",
        "contribution - (spend - spend_discounts)", profit, "higher", has_loss=True,
    ),
    Metric("spend", "media, data, production, discounts, rewards, service and seeding", "currency",
           "sum of all spend_ series", lambda v: v.spend(), None),
    *(
        Metric(f"spend_{kind}", f"spend on {kind}", "currency", f"sum spend_{kind}",
               _total(f"spend_{kind}"), None)
        for kind in SPEND_KINDS
    ),
    Metric("strategy_spend", "the part of all spend that the strategy's own lines caused", "currency",
           "sum spend_strategy", _total("spend_strategy"), None),
    Metric("unspent_media", "planned media that the cap on exposure refused", "currency",
           "sum unspent_media", _total("unspent_media"), None),
    Metric("roi", "profit per unit of spend", "ratio", "profit / spend",
           lambda v: ratio(profit(v), v.spend()), "higher", has_loss=True),
    Metric("cost_per_order", "spend per unit sold", "currency", "spend / sum purchases",
           lambda v: ratio(v.spend(), v.total("purchases")), "lower", is_censored=True),
)

_INCREMENTAL = (
    Metric("incremental_sales", "units beyond those without any strategy, same world", "units",
           "sales - sales under none", _gained(_total("purchases")), "higher", has_loss=True),
    Metric("incremental_buyers", "first-time buyers beyond those without any strategy", "people",
           "sum first_purchases - the same under none", _gained(_total("first_purchases")), "higher", has_loss=True),
    Metric("incremental_contribution", "contribution beyond that without any strategy", "currency",
           "contribution - contribution under none", _gained(contribution), "higher", has_loss=True),
    Metric("incremental_spend", "spend beyond that without any strategy", "currency",
           "spend - spend under none", _gained(lambda v: v.spend()), None),
    Metric("incremental_profit", "profit beyond that without any strategy", "currency",
           "profit - profit under none", _gained(profit), "higher", has_loss=True),
    Metric(
        "romi", "return on marketing investment: incremental profit per incremental spend", "ratio",
        "incremental_profit / incremental_spend",
        lambda v: ratio(v.against_reference(profit(v)), v.against_reference(v.spend())), "higher",
        has_loss=True,
    ),
    Metric(
        "cost_per_incremental_buyer", "incremental spend per first-time buyer gained", "currency",
        "incremental_spend / incremental_buyers, undefined where none was gained",
        cost_per_incremental_buyer, "lower", is_censored=True,
    ),
)

_COMMUNICATION = (
    Metric("awareness", "share of people with memory of at least one half, at the end", "share",
           "aware at the last step / people", _mean_at_end("aware"), "higher"),
    Metric("consideration", "share of shopping occasions at which the brand was considered", "share",
           "sum considered / sum needs", _per("considered", "needs"), "higher"),
    Metric("reach", "share of people who noticed the brand's advertising at least once", "share",
           "sum newly_reached / people", lambda v: v.total("newly_reached") / v.n_people, "higher"),
    Metric("frequency", "advertisements noticed per reached consumer and week", "ratio",
           "sum noticed / sum reached", _per("noticed", "reached"), None),
    Metric("impressions", "expected impressions delivered", "impressions", "sum impressions",
           _total("impressions"), None),
    Metric("waste_share", "share of impressions lost on irrelevance", "share",
           "sum wasted_impressions / sum impressions", _per("wasted_impressions", "impressions"), "lower"),
    Metric("clicks", "clicks on advertisements", "messages", "sum clicks", _total("clicks"), "higher"),
    Metric("click_through", "clicks per impression", "share", "sum clicks / sum impressions",
           _per("clicks", "impressions"), "higher"),
    Metric("conversion", "purchases after a recent click, per click", "share",
           "sum converted_clicks / sum clicks", _per("converted_clicks", "clicks"), "higher"),
    Metric("wom_positive", "word-of-mouth contacts after good surprises", "messages",
           "sum contacts_positive", _total("contacts_positive"), "higher"),
    Metric("wom_negative", "word-of-mouth contacts after bad surprises", "messages",
           "sum contacts_negative", _total("contacts_negative"), "lower"),
    Metric("reviews", "public reviews written", "messages", "sum reviews", _total("reviews"), "higher"),
    Metric("review_mean", "mean rating of the reviews written", "SD", "sum review_value / sum reviews",
           _per("review_value", "reviews"), "higher"),
)

_SOCIAL = (
    Metric("invitations", "referral invitations sent", "messages", "sum invitations",
           _total("invitations"), "higher"),
    Metric("redemption_rate", "purchases with an invitation per invitation sent", "share",
           "sum redeemed / sum invitations", _per("redeemed", "invitations"), "higher"),
    Metric(
        "k_factor", "invited purchases that one purchase brings forth (below one: not self-sustaining)",
        "ratio", "sum redeemed / sum purchases", _per("redeemed", "purchases"), "higher",
    ),
    Metric("community_size", "community members at the end", "people", "members at the last step",
           _last("members"), "higher"),
    Metric("interactions", "interactions of members in the community", "messages", "sum interactions",
           _total("interactions"), "higher"),
    Metric("group_success", "share of settled group commitments that were completed", "share",
           "sum group_purchases / (sum group_purchases + sum group_failures)",
           lambda v: ratio(
               v.total("group_purchases"), v.total("group_purchases") + v.total("group_failures")
           ), "higher"),
    Metric("followers", "followers at the end", "people", "followers at the last step",
           _last("followers"), "higher"),
    Metric("content_views", "views of content", "messages", "sum content_views",
           _total("content_views"), "higher"),
    Metric("share_rate", "share of viewers who passed a piece on", "share",
           "sum content_shares / sum content_views", _per("content_shares", "content_views"), "higher"),
    Metric("cascade_size", "views per direct view of a piece of content", "ratio",
           "all views of pieces / sum piece_views_direct",
           lambda v: ratio(cascade_views(v), v.total("piece_views_direct")), "higher"),
    Metric("share_depth_le_1", "share of views at most one reshare away", "share",
           "(sum piece_views_direct + sum piece_views_one_hop) / all views of pieces",
           lambda v: ratio(v.total("piece_views_direct") + v.total("piece_views_one_hop"), cascade_views(v)),
           None),
)

_SERVICE = (
    Metric("trust", "mean trust at the end", "ratio", "trust at the last step / people",
           _mean_at_end("trust"), "higher"),
    Metric("goodwill", "mean goodwill at the end", "ratio", "goodwill at the last step / people",
           _mean_at_end("goodwill"), "higher"),
    Metric("belief", "mean believed quality at the end", "SD", "belief at the last step / people",
           _mean_at_end("belief"), "higher"),
    Metric("satisfaction", "mean satisfaction of buyers", "SD", "sum satisfaction / sum purchases",
           _per("satisfaction", "purchases"), "higher"),
    Metric("net_promoter", "promoters less detractors, per hundred purchases", "points",
           "100 (sum promoters - sum detractors) / sum purchases",
           lambda v: 100 * ratio(v.total("promoters") - v.total("detractors"), v.total("purchases")),
           "higher"),
    Metric("stockout_rate", "share of orders refused because stock ran out", "share",
           "sum refused / sum orders", _per("refused", "orders"), "lower"),
    Metric("delivery_days", "mean days of delivery", "days", "sum delivery_days / sum purchases",
           _per("delivery_days", "purchases"), "lower"),
)

_SOURCES = tuple(
    Metric(f"source_{source}", f"share of units whose source is {source}", "share",
           f"sum bought_by_{source} / sum purchases", _per(f"bought_by_{source}", "purchases"), None)
    for source in SOURCES
)

#: Every metric, with its definition.
METRICS: tuple[Metric, ...] = (
    *_MARKET, *_MONEY, *_INCREMENTAL, *_COMMUNICATION, *_SOCIAL, *_SERVICE, *_SOURCES
)

# fmt: on
#: Metric by name.
METRIC: dict[str, Metric] = {metric.name: metric for metric in METRICS}

#: Where a user finds all of them.
METRICS_SEEN = "simulator.METRICS"

#: Shares of what may have happened before the first observed step, which may therefore exceed 1.
_UNLIKE_WINDOWS = frozenset({"click_through", "conversion", "redemption_rate", "share_rate"})

#: Metrics that are differences to the reference strategy in the same world.
INCREMENTAL: frozenset[str] = frozenset(metric.name for metric in _INCREMENTAL)

#: Stages of the funnel, from contact to loyalty, as names of metrics.
FUNNEL: tuple[str, ...] = ("reach", "awareness", "consideration", "trial", "customer_share", "repeat_rate")
