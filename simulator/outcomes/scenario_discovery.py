r"""Scenario discovery: boxes of factor values in which a strategy fails, or wins.

The patient rule induction method (PRIM): starting from all points, peel off the share ``peel`` of the points at
the low or the high end of one factor, whichever raises the share of cases among those left most per point
given up; then paste back where that raises it again. Every step is a box; the analyst chooses among them by

* coverage: the share of all cases that lies in the box,
* density: the share of the box's points that are cases,
* and the number of factors that it restricts.

For each restricted factor, the p-value says how probable the box's density would be if that restriction alone
were lifted and the points drawn at random (one-sided binomial). It is a quasi p-value: the box was chosen from
the same points.

References
----------
Friedman, J. H. & Fisher, N. I. (1999). Bump hunting in high-dimensional data. Statistics and Computing 9,
123-143. doi:10.1023/A:1008894516817
Bryant, B. P. & Lempert, R. J. (2010). Thinking inside the box: a participatory, computer-assisted approach to
scenario discovery. Technological Forecasting and Social Change 77, 34-49. doi:10.1016/j.techfore.2009.08.002
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.outcomes.multivariate_t import Values

if TYPE_CHECKING:
    import pandas

Flags = NDArray[np.bool_]


class Restriction(NamedTuple):
    """What a box asks of one factor: ``lower`` <= value <= ``upper`` (infinite where open), and its p-value."""

    factor: str
    lower: float
    upper: float
    p_value: float


@dataclass(frozen=True)
class Box:
    """Ranges of some factors, and the cases among the points in them.

    Parameters
    ----------
    restrictions : tuple of Restriction
        By restricted factor, in the order of the factors.
    coverage : float
        Share of all cases that lie in the box.
    density : float
        Share of the box's points that are cases.
    n_points : int
        Points in the box.
    """

    restrictions: tuple[Restriction, ...]
    coverage: float
    density: float
    n_points: int

    def holds(self, points: Values, names: Sequence[str]) -> Flags:
        """Return which points lie in the box.

        Parameters
        ----------
        points : ndarray of float64, shape (point, factor)
            Values of the factors.
        names : sequence of str
            Factors along the columns.
        """
        inside = np.ones(len(points), dtype=bool)
        for r in self.restrictions:
            column = points[:, list(names).index(r.factor)]
            inside &= (column >= r.lower) & (column <= r.upper)
        return inside

    def __str__(self) -> str:
        parts = [_range_text(r) for r in self.restrictions] or ["everywhere"]
        return (
            f"{' and '.join(parts)}: {self.density:.0%} of its {self.n_points:,} points are cases, "
            f"{self.coverage:.0%} of all cases"
        )


@dataclass(frozen=True)
class Discovery:
    """The trajectory of boxes from all points to the densest.

    Parameters
    ----------
    boxes : tuple of Box
        From everything to the smallest box.
    chosen : int
        The box that balances coverage and density best (their harmonic mean), among those of at least the
        wanted density if there are any.
    n_cases, n_points : int
        Cases, and points in all.
    """

    boxes: tuple[Box, ...]
    chosen: int
    n_cases: int
    n_points: int

    @property
    def box(self) -> Box:
        """The chosen box."""
        return self.boxes[self.chosen]

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per box: coverage, density, points, number of factors, and the ranges in words."""
        import pandas as pd

        rows = [
            {
                "box": k,
                "is_chosen": k == self.chosen,
                "coverage": box.coverage,
                "density": box.density,
                "n_points": box.n_points,
                "n_factors": len(box.restrictions),
                "ranges": " and ".join(_range_text(r) for r in box.restrictions),
            }
            for k, box in enumerate(self.boxes)
        ]
        return pd.DataFrame(rows)

    def to_json_document(self) -> dict[str, Any]:
        """Return the boxes as plain data; an open end of a range is None."""
        return {
            "n_cases": self.n_cases,
            "n_points": self.n_points,
            "chosen": self.chosen,
            "sentence": str(self.box),
            "boxes": [
                {
                    "coverage": None if np.isnan(box.coverage) else box.coverage,
                    "density": box.density,
                    "n_points": box.n_points,
                    "ranges": [
                        {
                            "factor": r.factor,
                            "lower": r.lower if np.isfinite(r.lower) else None,
                            "upper": r.upper if np.isfinite(r.upper) else None,
                            "p_value": r.p_value,
                        }
                        for r in box.restrictions
                    ],
                }
                for box in self.boxes
            ],
        }

    def __repr__(self) -> str:
        share = self.n_cases / self.n_points
        return f"Discovery: {self.n_cases:,} cases among {self.n_points:,} points ({share:.0%})\n  {self.box}"


def find_box(
    points: Values,
    is_case: Flags,
    names: Sequence[str],
    *,
    peel: float = 0.05,
    smallest: float = 0.05,
    wanted_density: float = 0.8,
) -> Discovery:
    """Find a box of factor values in which cases are dense.

    Parameters
    ----------
    points : ndarray of float64, shape (point, factor)
        Values of the factors.
    is_case : ndarray of bool, shape (point,)
        The points of interest.
    names : sequence of str
        Factors along the columns.
    peel : float
        Share of a box's points given up in one step, above 0 and below 0.5.
    smallest : float
        Share of all points below which a box is not peeled further.
    wanted_density : float
        Density that the chosen box should have.

    Returns
    -------
    Discovery
        With one box, of everything, if all points or none are cases.
    """
    case = np.asarray(is_case, dtype=bool)
    inside = np.ones(len(points), dtype=bool)
    limits = [(-np.inf, np.inf)] * points.shape[1]
    boxes = [_box(points, case, inside, limits, names)]
    while 0 < case[inside].mean() < 1:
        step = _best_peel(points, case, inside, peel)
        if step is None or step[1].sum() < max(smallest * len(points), 2):
            break
        column, kept, limit, is_low = step
        low, high = limits[column]
        limits[column] = (limit, high) if is_low else (low, limit)
        inside = kept
        inside, limits = _pasted(points, case, inside, limits, peel)
        boxes.append(_box(points, case, inside, limits, names))
    return Discovery(tuple(boxes), _choose(boxes, wanted_density), int(case.sum()), len(points))


def _best_peel(
    points: Values, case: Flags, inside: Flags, peel: float
) -> tuple[int, Flags, float, bool] | None:
    """Return the face whose removal raises the density most per point given up: column, rest, limit, side."""
    n, density = int(inside.sum()), case[inside].mean()
    best: tuple[float, int, Flags, float, bool] | None = None
    for column in range(points.shape[1]):
        values = points[inside, column]
        for is_low in (True, False):
            limit = float(np.quantile(values, peel if is_low else 1 - peel))
            kept = inside & ((points[:, column] > limit) if is_low else (points[:, column] < limit))
            size = int(kept.sum())
            if not 0 < size < n:
                continue
            gain = float((case[kept].mean() - density) / (n - size))
            if best is None or gain > best[0] + 1e-15:
                column_values = points[kept, column]
                edge = float(column_values.min() if is_low else column_values.max())
                best = (gain, column, kept, edge, is_low)
    return None if best is None or best[0] <= 0 else best[1:]


def _pasted(
    points: Values, case: Flags, inside: Flags, limits: list[tuple[float, float]], peel: float
) -> tuple[Flags, list[tuple[float, float]]]:
    """Move faces outward again as long as that makes the box denser."""
    limits = list(limits)
    while True:
        best: tuple[float, int, tuple[float, float], Flags] | None = None
        n, density = int(inside.sum()), case[inside].mean()
        for column, (low, high) in enumerate(limits):
            rest = _within(points, limits, skip=column)
            for is_low, edge in ((True, low), (False, high)):
                if not np.isfinite(edge):
                    continue
                outside = rest & ((points[:, column] < edge) if is_low else (points[:, column] > edge))
                values = np.sort(points[outside, column])
                if not values.size:
                    continue
                count = max(1, int(peel * n))
                new = float(
                    values[-min(count, len(values))] if is_low else values[min(count, len(values)) - 1]
                )
                span = (new, high) if is_low else (low, new)
                wider = rest & (points[:, column] >= span[0]) & (points[:, column] <= span[1])
                gain = float(case[wider].mean() - density)
                if gain > 1e-12 and (best is None or gain > best[0]):
                    best = (gain, column, span, wider)
        if best is None:
            return inside, limits
        _, column, limits[column], inside = best


def _within(points: Values, limits: Sequence[tuple[float, float]], skip: int = -1) -> Flags:
    inside = np.ones(len(points), dtype=bool)
    for column, (low, high) in enumerate(limits):
        if column != skip:
            inside &= (points[:, column] >= low) & (points[:, column] <= high)
    return inside


def _box(
    points: Values, case: Flags, inside: Flags, limits: Sequence[tuple[float, float]], names: Sequence[str]
) -> Box:
    from scipy.special import bdtrc

    n, hits = int(inside.sum()), int(case[inside].sum())
    restrictions = []
    for column, (low, high) in enumerate(limits):
        low = low if low > points[:, column].min() else -np.inf
        high = high if high < points[:, column].max() else np.inf
        if np.isfinite(low) or np.isfinite(high):
            without = float(case[_within(points, limits, skip=column)].mean())
            p = float(bdtrc(hits - 1, n, without)) if hits > 0 else 1.0
            restrictions.append(Restriction(names[column], float(low), float(high), p))
    total = int(case.sum())
    return Box(tuple(restrictions), hits / total if total else float("nan"), hits / max(n, 1), n)


def _choose(boxes: Sequence[Box], wanted_density: float) -> int:
    """Return the box with the largest harmonic mean of coverage and density among the dense ones."""

    def balance(box: Box) -> float:
        both = box.coverage + box.density
        return 2 * box.coverage * box.density / both if both > 0 else 0.0

    dense = [k for k, box in enumerate(boxes) if box.density >= wanted_density]
    return max(dense or range(len(boxes)), key=lambda k: (balance(boxes[k]), -k))


def _range_text(r: Restriction) -> str:
    if np.isfinite(r.lower) and np.isfinite(r.upper):
        return f"{r.lower:.4g} <= {r.factor} <= {r.upper:.4g}"
    return f"{r.factor} >= {r.lower:.4g}" if np.isfinite(r.lower) else f"{r.factor} <= {r.upper:.4g}"
