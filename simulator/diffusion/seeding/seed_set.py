"""Whom a method chose: seeds in order, their spread, and what is known about how good they are."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.diffusion.seeding.reverse_greedy import Certificate
from simulator.scenario.wording import counted

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10


@dataclass(frozen=True, eq=False)
class SeedSet:
    """The seeds that a method chose.

    Parameters
    ----------
    method, model : str
        How they were chosen, and how influence was taken to spread (``ic``, ``wc``, ``lt``).
    indices : ndarray of int64, shape (n_seeds,)
        Seeds in the order of choice, by number.
    seeds : list
        The same by the names that the graph gives its nodes.
    spread : float or None
        Mean number of nodes that the seeds activate, seeds counted, over replicates that took no part in the
        choice; None where ``n_replicates`` is 0.
    standard_error : float or None
        Standard error of the spread.
    gains : ndarray of float64, shape (n_seeds,), or None
        What each seed adds to the spread of those before it, by the method's own (for ``celf`` and ``ris``
        optimistic) reckoning; None where a method does not estimate it.
    scores : ndarray of float64, shape (n_seeds,), or None
        What a ranking method ranks by: degree, core number, PageRank and the like.
    certificate : Certificate or None
        Bounds on the seeds' and on the best possible spread (``ris``).
    costs : ndarray of float64, shape (n_seeds,)
        What each seed costs; 1 where nothing was said.
    n_nodes, n_replicates, seed : int
        Size of the graph, replicates behind the spread, seed of the draws.
    seconds : float
        How long the choice took, without the estimate of its spread.
    notes : tuple of str
        What a reader should know, such as that constraints allow fewer seeds than asked.
    """

    method: str
    model: str
    indices: NDArray[np.int64]
    seeds: list[Any]
    spread: float | None
    standard_error: float | None
    gains: NDArray[np.float64] | None
    scores: NDArray[np.float64] | None
    certificate: Certificate | None
    costs: NDArray[np.float64]
    n_nodes: int
    n_replicates: int
    seed: int
    seconds: float = field(compare=False)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.indices)

    @cached_property
    def cost(self) -> float:
        """What the seeds cost together."""
        return float(self.costs.sum())

    @property
    def lower_bound(self) -> float | None:
        """Spread that the seeds reach with probability 1 - delta, or None where it is not certified."""
        return None if self.certificate is None else self.certificate.lower

    @property
    def ratio(self) -> float | None:
        """Certified share of the best possible spread, or None where it is not certified."""
        return None if self.certificate is None else self.certificate.ratio

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row per seed, in the order of choice.

        Returns
        -------
        pandas.DataFrame
            ``order`` (from 1), ``seed``, ``index``, ``cost``, and where known ``gain`` and ``score``.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            "order": np.arange(1, len(self) + 1),
            "seed": self.seeds,
            "index": self.indices,
            "cost": self.costs,
        }
        if self.gains is not None:
            columns["gain"] = self.gains
        if self.scores is not None:
            columns["score"] = self.scores
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        lines = [f"Seeds by {self.method} ({self.model}): {len(self)} of {self.n_nodes:,} nodes"]
        lines += [f"  {name}: {value}" for name, value in self._facts()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the selection as an HTML table."""
        title = f"{len(self)} of {self.n_nodes:,} nodes by {self.method} ({self.model})"
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self._facts()
        )
        return f"<table><caption>{html.escape(title)}</caption>{rows}</table>"

    def _facts(self) -> list[tuple[str, str]]:
        facts = []
        if self.spread is not None:
            among = f"standard error {self.standard_error:.2g}, {counted(self.n_replicates, 'replicate')}"
            facts.append(("spread", f"{self.spread:,.2f} nodes ({among})"))
        if self.certificate is not None:
            facts += _certified(self.certificate)
        if not (self.costs == 1).all():
            facts.append(("cost", f"{self.cost:,.6g}"))
        shown = ", ".join(str(name) for name in self.seeds[:_SHOWN])
        facts.append(("seeds", shown + (", ..." if len(self) > _SHOWN else "")))
        facts.append(("time", f"{self.seconds:.2f} s"))
        return facts + [("note", note) for note in self.notes]


def _certified(certificate: Certificate) -> list[tuple[str, str]]:
    sure = f"with probability {1 - certificate.delta:.6g}"
    asked = "" if certificate.target <= 0 else f", {certificate.target:.1%} asked"
    return [
        ("at least", f"{certificate.lower:,.2f} nodes {sure}"),
        (
            "certified",
            f"{certificate.ratio:.1%} of the best possible spread{asked} "
            f"(2 x {certificate.n_sets:,} reverse reachable sets)",
        ),
    ]
