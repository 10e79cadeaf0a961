"""What the strategies of a comparison consist of, in words: their lines as planned, and what was spent on what.

Both are needed: what a referral, a community or a coupon costs depends on what consumers do, and the media of the
same strategy are bought at the size at which the whole meets the budget.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from simulator.experiment.decisions import line_names

if TYPE_CHECKING:
    from simulator.experiment.comparison import Comparison


def planned_lines(comparison: Comparison, strategy: str) -> dict[str, float]:
    """Return the share of the budget that each line of a strategy may spend.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    strategy : str
        One of its strategies.

    Returns
    -------
    dict of str to float
        Shares by line, in the order of the scenario; empty where the strategy has no lines.
    """
    strategies = comparison.manifest.get("scenario", {}).get("strategies", {})
    lines = [SimpleNamespace(**line) for line in strategies.get(strategy, {}).get("lines", ())]
    return dict(zip(line_names(lines), (line.share for line in lines), strict=True))


def spent_by_kind(comparison: Comparison, strategy: str) -> dict[str, float]:
    """Return the share that each kind of spend had in what the brand spent under a strategy.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    strategy : str
        One of its strategies.

    Returns
    -------
    dict of str to float
        Shares by kind, the largest first, kinds without spend left out; the brand's standing plan is included.
    """
    amounts = {kind: value for kind, value in comparison.budgets[strategy].by_kind.items() if value > 0}
    total = sum(amounts.values())
    return {kind: amounts[kind] / total for kind in sorted(amounts, key=lambda kind: -amounts[kind])}


def listed_shares(shares: dict[str, float]) -> str:
    """Return shares as text, as in ``media 79 %, seeding 8 %``."""
    return ", ".join(f"{name} {_percent(share)}" for name, share in shares.items())


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.00995 else f"{100 * share:.1g} %"


def composition(comparison: Comparison, strategy: str) -> str:
    """Return what a strategy consists of, as planned and as spent; empty where nothing was spent or planned."""
    parts = [
        f"{title}: {listed_shares(shares)}"
        for title, shares in (
            ("planned", planned_lines(comparison, strategy)),
            ("spent", spent_by_kind(comparison, strategy)),
        )
        if shares
    ]
    return "; ".join(parts)
