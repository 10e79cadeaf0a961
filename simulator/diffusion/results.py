"""What the verbs return: frozen, with their provenance, readable as text and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.arguments import Asked
from simulator.diffusion.replication import Counts
from simulator.diffusion.rows import Arcs
from simulator.errors import Fault, ScenarioError
from simulator.scenario.wording import counted, unknown


@dataclass(frozen=True, eq=False, repr=False)
class Spread:
    """How far something spread from its seeds.

    Parameters
    ----------
    graph : Arcs
        The graph.
    model : str
        Model and parameters, in a few words.
    seeds : tuple
        Seeds, by name.
    seed, first_replicate : int
        Key of all chance.
    is_deterministic : bool
        Whether given coins or thresholds left nothing to chance.
    sizes : ndarray of int32, shape (n_replicates,)
        Active nodes at the end of each replicate, seeds included.
    curve : ndarray of float64, shape (n_steps + 1,)
        Mean number of nodes active by each step, from step 0; the last value is the mean size.
    curve_standard_error : ndarray of float64, shape (n_steps + 1,)
        Standard errors of these means; nan with one replicate.
    curves : ndarray of int32, shape (n_replicates, n_steps + 1), or None
        Nodes active by each step in each replicate, with ``record="curves"``.
    activated_at : ndarray of int32, shape (n_replicates, n_nodes), or None
        Step at which each node became active, 0 for seeds and -1 for never; with ``record="activations"``.
    activated_by : ndarray of int32, shape (n_replicates, n_nodes), or None
        Number of the node that activated each node; -1 for seeds, innovators, spontaneous and inactive
        nodes. ``ic``, ``wc``: the first whose attempt succeeded, ``lt``, ``threshold``: the one with whom
        the threshold was reached, where those active since the last step act in ascending order. ``si``,
        ``bass``: innovation or one of the active in-neighbors, drawn in proportion to their hazards.
    """

    graph: Arcs
    model: str
    seeds: tuple[Any, ...]
    seed: int
    first_replicate: int
    is_deterministic: bool
    sizes: NDArray[np.int32]
    curve: NDArray[np.float64]
    curve_standard_error: NDArray[np.float64]
    curves: NDArray[np.int32] | None = field(default=None)
    activated_at: NDArray[np.int32] | None = field(default=None)
    activated_by: NDArray[np.int32] | None = field(default=None)

    @classmethod
    def of(cls, asked: Asked, seeds: NDArray[np.uint32], counts: Counts) -> Spread:
        """Return the result of a question.

        Parameters
        ----------
        asked : Asked
            The question.
        seeds : ndarray of uint32
            Seeds by number.
        counts : Counts
            What came out.
        """
        n = asked.n_replicates
        mean = counts.sums / n
        spare = np.maximum(counts.squares - n * mean**2, 0.0)
        error = np.sqrt(spare / (n - 1) / n) if n > 1 else np.full(len(mean), np.nan)
        return cls(
            asked.graph, asked.described(), tuple(asked.graph.names_of(seeds)), asked.seed,
            asked.first_replicate, asked.is_deterministic, counts.sizes[0], mean, error, counts.curves,
            counts.at, counts.by,
        )  # fmt: skip

    @property
    def n_replicates(self) -> int:
        """Number of replicates."""
        return len(self.sizes)

    @cached_property
    def mean(self) -> float:
        """Mean number of active nodes at the end, seeds included."""
        return float(self.sizes.mean())

    @cached_property
    def sd(self) -> float:
        """Standard deviation of the size over replicates; nan with one replicate of a random process."""
        if self.n_replicates == 1:
            return 0.0 if self.is_deterministic else float("nan")
        return float(self.sizes.std(ddof=1))

    @property
    def standard_error(self) -> float:
        """Standard error of the mean size."""
        return self.sd / float(np.sqrt(self.n_replicates))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval of the expected size, by Student's t.

        Parameters
        ----------
        confidence : float
            Coverage, above 0 and below 1.

        Raises
        ------
        ScenarioError
            If the confidence is none.
        """
        half = _t_quantile(confidence, self.n_replicates) * self.standard_error
        return self.mean - half, self.mean + half

    def to_dataframe(self, what: Literal["sizes", "curve", "curves", "activations"] = "sizes") -> Any:
        """Return a tidy pandas DataFrame.

        Parameters
        ----------
        what : {"sizes", "curve", "curves", "activations"}
            The size of each replicate; the mean by step; or, where recorded, the curve or the activations
            (active nodes alone, by name) of each replicate.

        Raises
        ------
        ScenarioError
            If it was not recorded.
        """
        import pandas as pd

        replicates = self.first_replicate + np.arange(self.n_replicates)
        if what == "sizes":
            return pd.DataFrame({"replicate": replicates, "size": self.sizes})
        if what == "curve":
            steps = np.arange(len(self.curve))
            return pd.DataFrame(
                {"step": steps, "mean": self.curve, "standard_error": self.curve_standard_error}
            )
        if what == "curves" and self.curves is not None:
            n_steps = self.curves.shape[1]
            return pd.DataFrame({
                "replicate": np.repeat(replicates, n_steps), "step": np.tile(np.arange(n_steps), len(replicates)),
                "active": self.curves.ravel(),
            })  # fmt: skip
        if what == "activations" and self.activated_at is not None and self.activated_by is not None:
            row, node = np.nonzero(self.activated_at >= 0)
            by = self.activated_by[row, node]
            whom = np.array([None, *self.graph.names_of(np.arange(self.graph.n_nodes))], dtype=object)[by + 1]
            return pd.DataFrame({
                "replicate": replicates[row], "node": self.graph.names_of(node),
                "step": self.activated_at[row, node], "by": whom,
            })  # fmt: skip
        if what in ("curves", "activations"):
            raise ScenarioError(
                [Fault("what", repr(what), "what was recorded", f'spread(..., record="{what}")')]
            )
        raise ScenarioError([Fault("what", repr(what), "sizes, curve, curves or activations")])

    def plot(self, *, title: str | None = None) -> Any:
        """Draw the mean number of active nodes by step, with its band over replicates where recorded.

        Parameters
        ----------
        title : str, optional
            Title instead of the result's own.
        """
        return drawn("plot_spread", self, title)

    def __repr__(self) -> str:
        return f"Spread({self._headline()}; {self._context()})"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self._headline())}</b><br>{escape(self._context())}</p>"

    def _headline(self) -> str:
        share = 100 * self.mean / self.graph.n_nodes
        if self.is_deterministic:
            return f"{self.mean:,.10g} of {self.graph.n_nodes:,} nodes ({share:.3g} %)"
        error = "" if np.isnan(self.standard_error) else f" ± {self.standard_error:.2g} (standard error)"
        return f"{self.mean:,.6g}{error} of {self.graph.n_nodes:,} nodes ({share:.3g} %)"

    def _context(self) -> str:
        seeds = f"{len(self.seeds)} seed{'s' * (len(self.seeds) != 1)}"
        key = (
            "" if self.is_deterministic else f", {counted(self.n_replicates, 'replicate')}, seed {self.seed}"
        )
        return f"{self.model} from {seeds}, {counted(len(self.curve) - 1, 'step')}{key}"


@dataclass(frozen=True, eq=False, repr=False)
class SeedComparison:
    """How far something spread from several seed sets in the same worlds.

    Parameters
    ----------
    graph : Arcs
        The graph.
    model : str
        Model and parameters, in a few words.
    names : tuple of str
        Names of the seed sets.
    seeds : tuple of tuple
        Their seeds, by name.
    seed, first_replicate : int
        Key of all chance.
    sizes : ndarray of int32, shape (n_sets, n_replicates)
        Active nodes at the end; a column is one world.
    """

    graph: Arcs
    model: str
    names: tuple[str, ...]
    seeds: tuple[tuple[Any, ...], ...]
    seed: int
    first_replicate: int
    sizes: NDArray[np.int32]

    @classmethod
    def of(
        cls, asked: Asked, names: tuple[str, ...], sets: list[NDArray[np.uint32]], sizes: NDArray[np.int32]
    ) -> SeedComparison:
        """Return the result of a question; parameters as of the class.

        Parameters
        ----------
        asked : Asked
            The question.
        names : tuple of str
            Names of the sets.
        sets : list of ndarray of uint32
            Seeds by number.
        sizes : ndarray of int32, shape (n_sets, n_replicates)
            What came out.
        """
        seeds = tuple(tuple(asked.graph.names_of(one)) for one in sets)
        return cls(asked.graph, asked.described(), names, seeds, asked.seed, asked.first_replicate, sizes)

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """Mean size of each set, shape (n_sets,)."""
        return self.sizes.mean(axis=1)

    @property
    def best(self) -> str:
        """Name of the set with the largest mean, the first of equals."""
        return self.names[int(np.argmax(self.means))]

    def differences(self, baseline: str | None = None, confidence: float = 0.95) -> Any:
        """Return the paired differences of all sets to one of them, as a pandas DataFrame.

        Parameters
        ----------
        baseline : str, optional
            The set to compare with; by default the first.
        confidence : float
            Coverage of each interval, not adjusted for their number.

        Raises
        ------
        ScenarioError
            If there is no such set, or the confidence is none.
        """
        import pandas as pd

        baseline = self.names[0] if baseline is None else baseline
        if baseline not in self.names:
            raise ScenarioError([unknown("baseline", baseline, self.names)])
        paired = self.sizes - self.sizes[self.names.index(baseline)].astype(np.int64)
        n = paired.shape[1]
        error = paired.std(axis=1, ddof=1) / np.sqrt(n) if n > 1 else np.full(len(paired), np.nan)
        half = _t_quantile(confidence, n) * error
        mean = paired.mean(axis=1)
        return pd.DataFrame({
            "seeds": self.names, "mean": self.means, "difference": mean, "standard_error": error,
            "low": mean - half, "high": mean + half,
        })  # fmt: skip

    def to_dataframe(self) -> Any:
        """Return sizes by seed set and replicate as a tidy pandas DataFrame."""
        import pandas as pd

        n = self.sizes.shape[1]
        return pd.DataFrame({
            "seeds": np.repeat(np.array(self.names, dtype=object), n),
            "replicate": np.tile(self.first_replicate + np.arange(n), len(self.names)), "size": self.sizes.ravel(),
        })  # fmt: skip

    def plot(self, *, title: str | None = None) -> Any:
        """Draw the mean size of each seed set with its paired interval against the first.

        Parameters
        ----------
        title : str, optional
            Title instead of the result's own.
        """
        return drawn("plot_seeds", self, title)

    def __repr__(self) -> str:
        order = np.argsort(-self.means, kind="stable")
        lines = [f"  {self.names[k]}: {self.means[k]:,.6g}" for k in order]
        return (
            f"SeedComparison({self.model}, {counted(self.sizes.shape[1], 'replicate')} in common)\n"
            + "\n".join(lines)
        )

    def _repr_html_(self) -> str:
        order = np.argsort(-self.means, kind="stable")
        rows = "".join(
            f"<tr><td>{escape(self.names[k])}</td><td>{self.means[k]:,.6g}</td></tr>" for k in order
        )
        head = f"{escape(self.model)}, {counted(self.sizes.shape[1], 'replicate')} in common"
        return f"<p>{head}</p><table><tr><th>seeds</th><th>mean size</th></tr>{rows}</table>"


def drawn(function: str, result: Any, title: str | None) -> Any:
    """Return a result's figure; the room of figures is above this one and loads when it is asked for.

    Parameters
    ----------
    function : str
        Function of :mod:`simulator.present.plots_diffusion`.
    result : object
        What to draw.
    title : str or None
        Title instead of the result's own.
    """
    return getattr(import_module("simulator.present.plots_diffusion"), function)(result, title=title)


def _t_quantile(confidence: float, n: int) -> float:
    if not 0 < confidence < 1:
        raise ScenarioError([Fault("confidence", repr(confidence), "above 0 and below 1")])
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.5 + confidence / 2)) if n > 1 else float("nan")
