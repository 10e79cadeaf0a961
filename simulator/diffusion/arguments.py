"""The arguments of the verbs, checked at the door: everything that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.graphs import Graph, arcs
from simulator.diffusion.rows import Arcs
from simulator.errors import Fault, FaultyInputError, ScenarioError
from simulator.scenario.wording import unknown

#: Models, and the arguments of each beside graph, seeds and those about replicates.
MODELS: Mapping[str, tuple[str, ...]] = {
    "ic": ("p", "weights", "arc_coins", "draws"),
    "wc": ("arc_coins", "draws"),
    "lt": ("weights", "thresholds"),
    "si": ("p", "q", "weights", "draws"),
    "bass": ("p", "q", "weights", "form", "draws"),
    "threshold": ("thresholds", "form"),
}
FORMS: Mapping[str, tuple[str, ...]] = {"bass": ("product", "fraction"), "threshold": ("fraction", "count")}
_COINS, _HAZARDS = ("arc", "step"), ("resistance", "step")
#: How the models with a choice draw; the first unless said otherwise.
DRAWS: Mapping[str, tuple[str, ...]] = {"ic": _COINS, "wc": _COINS, "si": _HAZARDS, "bass": _HAZARDS}
RECORDS = ("sizes", "curves", "activations")
DEFAULT_REPLICATES = 1000
_MOST_KEPT = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Asked:
    """What a caller asks for, checked.

    Parameters
    ----------
    graph : Arcs
        The graph.
    model, form, draws : str
        Model; form of a hazard or threshold, how chance is drawn: empty where there is no choice.
    p, q, weights : ndarray of float64, or None
        One value for all arcs, shape (1,), or one for each.
    arc_coins : ndarray of float64, shape (1 or n_replicates, n_arcs), or None
        Given coins.
    thresholds : ndarray of float64, shape (1 or n_replicates, n_nodes), or None
        Given thresholds.
    n_replicates, seed, first_replicate : int
        Replicates and their key.
    max_steps : int or None
        Steps at most.
    threads : int
        Threads.
    record : str
        What to keep beside sizes and the mean curve.
    """

    graph: Arcs
    model: str
    form: str
    draws: str
    p: NDArray[np.float64] | None
    q: NDArray[np.float64] | None
    weights: NDArray[np.float64] | None
    arc_coins: NDArray[np.float64] | None
    thresholds: NDArray[np.float64] | None
    n_replicates: int
    seed: int
    first_replicate: int
    max_steps: int | None
    threads: int
    record: str

    @property
    def is_deterministic(self) -> bool:
        """Whether no chance is left: one set of coins or thresholds is given for all replicates."""
        given = self.thresholds if self.model in ("lt", "threshold") else self.arc_coins
        return given is not None and len(given) == 1

    def described(self) -> str:
        """Return the model and its parameters in a few words."""
        shown = [
            f"{name}={_short(getattr(self, name))}" for name in ("p", "q", "weights") if _is_given(self, name)
        ]
        shown += [f"form={self.form}"] if self.form else []
        shown += [f"{name} given" for name in ("thresholds", "arc_coins") if _is_given(self, name)]
        return f"{self.model}({', '.join(shown)})" if shown else self.model


def _is_given(asked: Asked, name: str) -> bool:
    return getattr(asked, name) is not None


def _short(values: NDArray[np.float64]) -> str:
    if len(values) == 0:
        return "none"
    return f"{values[0]:.4g}" if len(values) == 1 else f"{values.min():.3g}..{values.max():.3g}"


class _Faults:
    """Collects faults of arguments."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, place: str, got: Any, expected: str, remedy: str = "") -> None:
        self.found.append(Fault(place, str(got), expected, remedy))

    def collect(self, step: Callable[[], Any]) -> Any:
        """Return what a step gives, or None where it finds faults."""
        try:
            return step()
        except FaultyInputError as error:
            self.found += error.faults
            return None

    def raise_if_any(self) -> None:
        if self.found:
            raise ScenarioError(self.found)


def ask(graph: Graph, given: Mapping[str, Any]) -> Asked:
    """Check the arguments of :func:`simulator.diffusion.spread` and bring them into one form.

    Parameters
    ----------
    graph : graph
        As the caller gave it.
    given : mapping of str to object
        The other arguments by name, None where left out.

    Raises
    ------
    NetworkError
        If the graph cannot be used.
    ScenarioError
        If other arguments are wrong.
    """
    faults = _Faults()
    model = given["model"]
    if model not in MODELS:
        faults.found.append(unknown("model", model, MODELS))
        faults.raise_if_any()
    named = given["weights"] if isinstance(given["weights"], str | bool) else None
    network = arcs(graph, weights=named, directed=given["directed"], influence=given["influence"])
    _check_fitting(given, faults)
    values = {name: _per_arc(network, given[name], name, faults) for name in ("p", "q")}
    values["weights"] = _weights(network, given["weights"], faults)
    _check_model(network, model, given, values, faults)
    coins = _rows(given["arc_coins"], network.n_arcs, "arc_coins", "arc", faults, network)
    thresholds = _rows(given["thresholds"], network.n_nodes, "thresholds", "node", faults, network)
    form = _form(model, given["form"], given["thresholds"], thresholds, faults)
    if form == "fraction" and model == "bass":
        _check_fraction(values, faults)
    if coins is not None and not ((coins >= 0) & (coins <= 1)).all():
        faults.add("arc_coins", _outside(coins, 0, 1), "uniform numbers, 0 to 1")
    if model == "lt" and thresholds is not None and not (thresholds <= 1).all():
        faults.add(
            "thresholds", _outside(thresholds, -np.inf, 1), "at most 1, the most that influences add up to"
        )
    n_replicates = _n_replicates(given["n_replicates"], coins if coins is not None else thresholds, faults)
    numbers = _whole_numbers(given, n_replicates, faults)
    known = DRAWS.get(model, ("",))
    draws = given["draws"] or known[0]
    if draws not in known:
        faults.found.append(unknown("draws", draws, known))
    elif draws == "step" and coins is not None:
        faults.add(
            "draws", "'step' beside arc_coins", "nothing, as nothing is drawn", "leave one of them out"
        )
    _check_record(given["record"], n_replicates, network.n_nodes, faults)
    faults.raise_if_any()
    return Asked(
        network, model, form, draws, values["p"], values["q"], values["weights"], coins, thresholds,
        n_replicates, numbers["seed"], numbers["first_replicate"], numbers["max_steps"], numbers["threads"],
        given["record"],
    )  # fmt: skip


def seeds_of(graph: Arcs, seeds: Any, *, place: str = "seeds") -> NDArray[np.uint32]:
    """Return the numbers of seeds, ascending.

    Parameters
    ----------
    graph : Arcs
        The graph.
    seeds : iterable of nodes, or one node
        The seeds.
    place : str
        How the caller calls them.

    Raises
    ------
    ScenarioError
        If one is no node, or is given twice.
    """
    faults = _Faults()
    nodes = _as_list(seeds)
    if nodes is None:
        faults.add(place, type(seeds).__name__, "a list of nodes")
        faults.raise_if_any()
    numbers = faults.collect(lambda: graph.numbers_of(nodes, place=place))
    faults.raise_if_any()
    unique, counts = np.unique(numbers, return_counts=True)
    if (counts > 1).any():
        twice = graph.names_of(unique[counts > 1][:5])
        faults.add(place, ", ".join(map(repr, twice)), "each seed once", "it is there more than once")
    faults.raise_if_any()
    return unique.astype(np.uint32)


def _as_list(seeds: Any) -> Any:
    """Return seeds as a list or an array in one dimension, or None where they are neither."""
    if seeds is None:
        return []
    if isinstance(seeds, np.ndarray):
        return seeds.ravel()
    if isinstance(seeds, str | int | np.integer) or not isinstance(seeds, Iterable):
        return [seeds] if isinstance(seeds, str | int | np.integer) else None
    return list(seeds)


def _check_fitting(given: Mapping[str, Any], faults: _Faults) -> None:
    """Refuse arguments that the model does not have."""
    model = given["model"]
    for name in ("p", "q", "weights", "thresholds", "arc_coins", "form", "draws"):
        if given[name] is not None and given[name] is not False and name not in MODELS[model]:
            has = ", ".join(MODELS[model])
            faults.add(name, _shown(given[name]), f'nothing, as model "{model}" has {has}', "leave it out")


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str | float | int) else type(value).__name__


def _numbers(value: Any, place: str, faults: _Faults) -> NDArray[np.float64] | None:
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" and array.size:
        faults.add(place, _shown(value), "numbers")
        return None
    array = array.astype(np.float64)
    if np.isnan(array).any():
        faults.add(place, "nan", "numbers")
        return None
    return array


def _per_arc(graph: Arcs, value: Any, name: str, faults: _Faults) -> NDArray[np.float64] | None:
    """Return probabilities: one for all arcs, or one for each."""
    if value is None:
        return None
    array = _from_mapping(graph, value, name, "arc", faults)
    array = _numbers(value if array is None else array, name, faults)
    if array is None:
        return None
    array = array.reshape(1) if array.ndim == 0 else array
    if array.shape not in ((1,), (graph.n_arcs,)):
        got = f"values of shape {array.shape}"
        faults.add(name, got, f"a probability, or one for each of {graph.n_arcs:,} arcs")
        return None
    if not ((array >= 0) & (array <= 1)).all():
        faults.add(name, _outside(array, 0, 1), "probabilities, 0 to 1")
        return None
    return array


def _weights(graph: Arcs, value: Any, faults: _Faults) -> NDArray[np.float64] | None:
    if value is None or value is False:
        return None
    if isinstance(value, str) or value is True:
        array = graph.weights
    else:
        mapped = _from_mapping(graph, value, "weights", "arc", faults)
        array = _numbers(value if mapped is None else mapped, "weights", faults)
    if array is None:
        return None
    if array.shape != (graph.n_arcs,):
        faults.add("weights", f"values of shape {array.shape}", f"one for each of {graph.n_arcs:,} arcs")
        return None
    if not ((array >= 0) & np.isfinite(array)).all():
        faults.add("weights", _outside(array, 0, np.finfo(float).max), "finite weights, at least 0")
        return None
    return array


def _check_model(
    graph: Arcs, model: str, given: Mapping[str, Any], values: dict[str, Any], faults: _Faults
) -> None:
    """Check what a model needs, and let ``si`` have its chance under either name."""
    p, weights = values["p"], values["weights"]
    if model == "ic" and given["p"] is None:
        if given["weights"] is None or given["weights"] is False:
            faults.add("p", "", "the probability of an arc", "give p, or probabilities as weights")
        elif weights is not None and (weights > 1).any():
            faults.add("weights", _outside(weights, 0, 1), "probabilities, 0 to 1, where p is left out")
    if model == "si":
        if given["p"] is None and given["q"] is None:
            faults.add("q", "", "the chance of each arc and step")
        elif given["q"] is None:
            values["p"], values["q"] = None, p
        elif p is not None and (p > 0).any():
            faults.add("p", _short(p), '0, as model "si" has no innovation', 'use model "bass"')
    if model == "bass":
        for name, meaning in (("p", "the chance of innovation"), ("q", "the coefficient of imitation")):
            if given[name] is None:
                faults.add(name, "", meaning)
        if p is not None and len(p) > 1:
            faults.add("p", f"{len(p)} values", "one chance of innovation")
    if model == "lt" and weights is not None:
        sums = np.bincount(graph.targets, weights=weights, minlength=graph.n_nodes)
        worst = int(np.argmax(sums))
        if sums[worst] > 1 + 1e-9:
            got = f"a sum of {sums[worst]:.6g} on node {graph.names_of([worst])[0]!r}"
            faults.add("weights", got, "influences on a node that sum to at most 1", "divide by the sum")


def _check_fraction(values: Mapping[str, Any], faults: _Faults) -> None:
    p, q = values["p"], values["q"]
    if values["weights"] is not None or (q is not None and len(q) > 1):
        faults.add("form", '"fraction" with a value for each arc', '"product"', "give one q and no weights")
    elif p is not None and q is not None and p[0] + q[0] > 1:
        faults.add(
            "q", f"{q[0]:.6g}", f"at most 1 - p = {1 - p[0]:.6g}, so that p + q k / d is a probability"
        )


def _form(model: str, form: Any, given: Any, thresholds: Any, faults: _Faults) -> str:
    """Return the form of a hazard or threshold; thresholds that are whole numbers are counts."""
    if model not in FORMS:
        return ""
    if form is None and model == "bass":
        form = "product"
    if model == "threshold" and given is None:
        faults.add("thresholds", "", "a threshold, or one for each node")
        return ""
    if form is None:
        values = np.asarray(list(given.values()) if isinstance(given, Mapping) else given)
        form = "count" if values.dtype.kind in "iu" else "fraction"
    if form not in FORMS[model]:
        faults.found.append(unknown("form", form, FORMS[model]))
    elif model == "threshold" and form == "fraction" and thresholds is not None and (thresholds > 1).any():
        remedy = 'for numbers of neighbors give form="count"'
        faults.add("thresholds", _outside(thresholds, -np.inf, 1), "shares of neighbors, at most 1", remedy)
    return str(form)


def _rows(
    value: Any, width: int, name: str, of: str, faults: _Faults, graph: Arcs
) -> NDArray[np.float64] | None:
    """Return given coins or thresholds as rows: one for all replicates, or one for each."""
    if value is None:
        return None
    mapped = _from_mapping(graph, value, name, of, faults)
    array = _numbers(value if mapped is None else mapped, name, faults)
    if array is None:
        return None
    if array.ndim == 0 and of == "node":
        array = np.full(width, array)
    if array.ndim not in (1, 2) or array.shape[-1] != width or array.shape[0] == 0 < width:
        expected = f"one value for each of {width:,} {of}s, or a row of them for each replicate"
        faults.add(name, f"values of shape {array.shape}", expected)
        return None
    return np.ascontiguousarray(np.atleast_2d(array))


def _from_mapping(graph: Arcs, value: Any, name: str, of: str, faults: _Faults) -> NDArray[Any] | None:
    """Return the values of a mapping by arcs (i, j) or by nodes, aligned with the graph; None if it is none."""
    if not isinstance(value, Mapping):
        return None
    if of == "node":
        keys: Sequence[Any] = graph.names_of(np.arange(graph.n_nodes))
    else:
        names = graph.names_of(np.arange(graph.n_nodes))
        keys = [(names[i], names[j]) for i, j in zip(graph.sources, graph.targets, strict=True)]
        if name == "arc_coins" and len(set(keys)) < len(keys):
            faults.add(name, "a mapping", "an array, as parallel arcs have the same ends")
            return np.zeros(len(keys))
    missing = [key for key in keys if key not in value]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        faults.add(name, f"nothing for {missing[0]!r}{more}", f"a value for every {of}")
        return np.zeros(len(keys))
    return np.array([value[key] for key in keys], dtype=np.float64)


def _outside(values: NDArray[np.float64], low: float, high: float) -> str:
    wrong = values[~((values >= low) & (values <= high))]
    return f"{wrong[0]:.6g}" + (f", the first of {len(wrong):,}" if len(wrong) > 1 else "")


def _n_replicates(asked: Any, given: NDArray[np.float64] | None, faults: _Faults) -> int:
    if given is not None and len(given) > 1 and asked is not None and asked != len(given):
        faults.add(
            "n_replicates", asked, f"{len(given)}, as so many rows of chance are given", "leave it out"
        )
    if asked is None:
        return DEFAULT_REPLICATES if given is None else len(given)
    if not _is_whole(asked) or asked < 1:
        faults.add("n_replicates", repr(asked), "a whole number, at least 1")
        return 1
    return int(asked)


def _whole_numbers(given: Mapping[str, Any], n_replicates: int, faults: _Faults) -> dict[str, Any]:
    from simulator.diffusion.replication import default_threads

    values: dict[str, Any] = {}
    for name, low, high in (
        ("seed", 0, 2**32 - 1), ("first_replicate", 0, 2**32 - n_replicates), ("max_steps", 0, 2**31 - 2),
        ("threads", 1, 4096),
    ):  # fmt: skip
        value = given[name]
        if value is None and name in ("max_steps", "threads"):
            values[name] = default_threads() if name == "threads" else None
        elif not _is_whole(value) or not low <= value <= high:
            faults.add(name, repr(value), f"a whole number, {low}..{high}")
        else:
            values[name] = int(value)
    return values


def _check_record(record: Any, n_replicates: int, n_nodes: int, faults: _Faults) -> None:
    if record not in RECORDS:
        faults.found.append(unknown("record", record, RECORDS))
    elif record == "activations" and n_replicates * n_nodes > _MOST_KEPT:
        got = f"{n_replicates:,} replicates of {n_nodes:,} nodes"
        faults.add("record", f'"activations" of {got}', f"at most {_MOST_KEPT:,} values", "ask for fewer")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
