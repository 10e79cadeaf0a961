"""Adoption curves: Bass's model in closed form, as a mean field in steps, and simulated on a graph.

The three differ, and so do the forms of the hazard: none stands in for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.graphs import Graph, arcs
from simulator.diffusion.results import drawn
from simulator.diffusion.rows import Arcs
from simulator.diffusion.spreading import spread
from simulator.errors import Fault, ScenarioError
from simulator.scenario.wording import unknown

METHODS = ("simulate", "mean_field", "closed_form")
_BANDS = (0.05, 0.95)


@dataclass(frozen=True, eq=False, repr=False)
class AdoptionCurve:
    """Adoption over time.

    Parameters
    ----------
    method, model : str
        How it was found; form and parameters, in a few words.
    market : float
        Number of adopters in the end, m: the number of nodes where there is a graph.
    times : ndarray of float64, shape (n_times,)
        Steps, or instants of the closed form.
    share : ndarray of float64, shape (n_times,)
        Share of the market that has adopted by then; the mean over replicates where simulated.
    standard_error : ndarray of float64, shape (n_times,), or None
        Standard error of a simulated mean.
    low, high : ndarray of float64, shape (n_times,), or None
        The 5 % and 95 % quantiles over replicates: between them, nine of ten replicates.
    peak : float
        When most adopt: the instant of the closed form (0 if adoption falls from the start), or else the
        first of the steps with the most new adopters.
    """

    method: str
    model: str
    market: float
    times: NDArray[np.float64]
    share: NDArray[np.float64]
    peak: float
    standard_error: NDArray[np.float64] | None = None
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None

    @property
    def cumulative(self) -> NDArray[np.float64]:
        """Number of adopters by each time, shape (n_times,)."""
        return self.market * self.share

    @property
    def new(self) -> NDArray[np.float64]:
        """New adopters since the time before, those at the first time included, shape (n_times,)."""
        return np.diff(self.cumulative, prepend=0.0)

    def to_dataframe(self) -> Any:
        """Return the curve as a tidy pandas DataFrame, one row for each time."""
        import pandas as pd

        columns = {"time": self.times, "share": self.share, "cumulative": self.cumulative, "new": self.new}
        for name in ("standard_error", "low", "high"):
            if getattr(self, name) is not None:
                columns[name] = getattr(self, name)
        return pd.DataFrame(columns)

    def plot(self, *, title: str | None = None) -> Any:
        """Draw cumulative and new adopters over time, with bands where simulated.

        Parameters
        ----------
        title : str, optional
            Title instead of the result's own.
        """
        return drawn("plot_adoption_curve", self, title)

    def __repr__(self) -> str:
        return f"AdoptionCurve({self._described()})"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._described())}</p>"

    def _described(self) -> str:
        return (
            f"{self.model} by {self.method.replace('_', ' ')}: {100 * self.share[-1]:.4g} % of {self.market:,.10g} "
            f"by {self.times[-1]:g}, peak at {self.peak:.4g}"
        )


def curve(
    graph: Graph | None = None,
    *,
    p: float,
    q: float,
    times: Any = 52,
    market: float | None = None,
    method: Literal["simulate", "mean_field", "closed_form"] | None = None,
    form: Literal["product", "fraction"] | None = None,
    seeds: Any = (),
    **arguments: Any,
) -> AdoptionCurve:
    """Return how adoption grows over time in a Bass model.

    ``"closed_form"``: continuous time, F(t) = (1 - e^-(p+q)t) / (1 + (q/p) e^-(p+q)t), without a graph.

    ``"mean_field"``: synchronous steps of shares, F' = F + (1 - F) h. Without a graph everyone meets
    everyone: h = p + q F (fraction), or h = 1 - (1 - p) e^-qF (product; the limit of a large complete graph
    in which each tie passes on with chance q / (N - 1)). With a graph each node has a share x of its own,
    and neighbors are taken as independent: h = p + q (mean of x over in-neighbors), or
    h = 1 - (1 - p) prod(1 - q x).

    ``"simulate"``: replicates of :func:`simulator.diffusion.spread` on a graph, with bands.

    Parameters
    ----------
    graph : graph, optional
        As for :func:`simulator.diffusion.spread`.
    p, q : float
        Innovation and imitation; 0 to 1. On a graph in product form, q is the chance of each arc.
    times : int or array_like
        Number of steps; for the closed form also the instants themselves, ascending, at least 0.
    market : float, optional
        Adopters in the end, without a graph; by default 1, so that numbers are shares.
    method : {"simulate", "mean_field", "closed_form"}, optional
        By default simulated where there is a graph, and the closed form where there is none.
    form : {"product", "fraction"}, optional
        Form of the hazard; product on a graph and fraction without one, unless said otherwise.
    seeds : iterable of nodes
        Nodes that have adopted at the start, on a graph.
    **arguments
        For ``"simulate"``: further arguments of :func:`simulator.diffusion.spread`, such as
        ``n_replicates``, ``seed`` and ``threads``.

    Returns
    -------
    AdoptionCurve

    Raises
    ------
    NetworkError, ScenarioError
        If graph or arguments are wrong.

    References
    ----------
    Bass (1969), A new product growth for model consumer durables. Management Science 15(5), 215-227.

    Examples
    --------
    >>> curve(p=0.03, q=0.38, times=[5, 10, 20]).share.round(6).tolist()
    [0.331199, 0.812803, 0.996259]
    """
    if method is None:
        method = "closed_form" if graph is None else "simulate"
    if form is None:
        form = "fraction" if graph is None else "product"
    _check(graph, p, q, times, market, method, form, seeds, arguments)
    if method == "closed_form":
        return _closed_form(p, q, times, 1.0 if market is None else float(market))
    n_steps = int(times)
    model = f"{form} form, p {p:.4g}, q {q:.4g}"
    steps = np.arange(n_steps + 1, dtype=np.float64)
    if method == "mean_field":
        if graph is None:
            size, share = (1.0 if market is None else float(market)), _mixed(p, q, n_steps, form)
        else:
            network = arcs(graph)
            size, share = float(network.n_nodes), _by_node(network, p, q, n_steps, form, seeds)
        return AdoptionCurve(method, model, size, steps, share, _peak_step(share))
    result = spread(
        graph, seeds, model="bass", p=p, q=q, form=form, max_steps=n_steps, record="curves", **arguments
    )
    n = result.graph.n_nodes
    curves = np.asarray(result.curves, dtype=np.float64)
    low, high = np.quantile(curves, _BANDS, axis=0) / n
    share = result.curve / n
    error = result.curve_standard_error / n
    return AdoptionCurve(method, model, float(n), steps, share, _peak_step(share), error, low, high)


def _check(
    graph: Any,
    p: Any,
    q: Any,
    times: Any,
    market: Any,
    method: Any,
    form: Any,
    seeds: Any,
    more: dict[str, Any],
) -> None:
    faults: list[Fault] = []
    for name, value in (("p", p), ("q", q)):
        if not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
            faults.append(Fault(name, repr(value), "a number, 0 to 1"))
    if not faults and form == "fraction" and method != "closed_form" and p + q > 1:
        faults.append(Fault("q", repr(q), f"at most 1 - p = {1 - p:.6g}, so that p + q F is a probability"))
    if method not in METHODS:
        faults.append(unknown("method", method, METHODS))
    if form not in ("product", "fraction"):
        faults.append(unknown("form", form, ("product", "fraction")))
    if method == "simulate" and graph is None:
        faults.append(Fault("graph", "none", "a graph to simulate on", 'or give method="mean_field"'))
    if method == "closed_form":
        if graph is not None:
            faults.append(Fault("graph", type(graph).__name__, "none, as the closed form has no graph"))
        if form == "product":
            faults.append(Fault("form", '"product"', '"fraction", the form whose closed form this is'))
    if market is not None and (graph is not None or not market > 0):
        faults.append(Fault("market", repr(market), "above 0, and none where there is a graph"))
    if more and method != "simulate":
        faults.append(Fault(", ".join(more), "", f'nothing, as method="{method}" has no replicates'))
    if graph is None and len(list(seeds)):
        faults.append(Fault("seeds", "given", "none where there is no graph"))
    faults += _check_times(times, method)
    if faults:
        raise ScenarioError(faults)


def _check_times(times: Any, method: Any) -> list[Fault]:
    if isinstance(times, int | np.integer) and not isinstance(times, bool):
        return [] if 1 <= times <= 1_000_000 else [Fault("times", repr(times), "1..1000000 steps")]
    if method != "closed_form":
        return [Fault("times", type(times).__name__, "the number of steps, a whole number")]
    array = np.asarray(times)
    is_sound = array.dtype.kind in "iuf" and array.ndim == 1 and array.size and np.isfinite(array).all()
    if not is_sound or (array < 0).any() or (np.diff(array) <= 0).any():
        return [Fault("times", repr(times)[:60], "instants that ascend, at least 0")]
    return []


def _closed_form(p: float, q: float, times: Any, market: float) -> AdoptionCurve:
    given = np.arange(times + 1) if isinstance(times, int | np.integer) else np.asarray(times)
    instants = np.asarray(given, dtype=np.float64)
    if p == 0:
        share, peak = np.zeros(len(instants)), float("nan")
    else:
        decay = np.exp(-(p + q) * instants)
        share = -np.expm1(-(p + q) * instants) / (1.0 + (q / p) * decay)
        peak = float(np.log(q / p) / (p + q)) if q > p else 0.0
    return AdoptionCurve("closed_form", f"continuous, p {p:.4g}, q {q:.4g}", market, instants, share, peak)


def _mixed(p: float, q: float, n_steps: int, form: str) -> NDArray[np.float64]:
    share = np.zeros(n_steps + 1)
    for step in range(n_steps):
        now = share[step]
        chance = p + q * now if form == "fraction" else 1.0 - (1.0 - p) * np.exp(-q * now)
        share[step + 1] = now + (1.0 - now) * chance
    return share


def _by_node(network: Arcs, p: float, q: float, n_steps: int, form: str, seeds: Any) -> NDArray[np.float64]:
    from scipy.sparse import csr_array

    from simulator.diffusion.arguments import seeds_of

    n, into = network.n_nodes, network.reverse
    pull = csr_array((np.ones(network.n_arcs), into.sources, into.indptr), shape=(n, n))
    degree = np.maximum(network.indegree, 1)
    state = np.zeros(n)
    state[seeds_of(network, seeds)] = 1.0
    share = [state.mean()]
    for _ in range(n_steps):
        if form == "fraction":
            chance = p + q * (pull @ state) / degree
        else:
            with np.errstate(divide="ignore"):
                chance = 1.0 - (1.0 - p) * np.exp(pull @ np.log1p(-q * state))
        state = state + (1.0 - state) * chance
        share.append(state.mean())
    return np.array(share)


def _peak_step(share: NDArray[np.float64]) -> float:
    return float(np.argmax(np.diff(share)) + 1)
