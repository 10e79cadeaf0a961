"""Which social graphs can be built: the conditions on their parameters, read by the checks and the generators.

A graph of blocks depends on how many consumers live in each; the checks of a scenario, which come before the
population is drawn, take the number expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LARGEST_COMPLETE = 5_000
"""Most consumers of a complete graph, whose ties grow with their square."""

_FEWER = "lower it, or simulate more consumers"


class Breach(NamedTuple):
    """A parameter of the social graph with which it cannot be built."""

    key: str
    got: str
    expected: str
    remedy: str = ""


def _unless(is_right: bool, key: str, got: object, expected: str, remedy: str = _FEWER) -> list[Breach]:
    return [] if is_right else [Breach(key, str(got), expected, remedy)]


def clustered_limits(n: int, mean_degree: float, share_strong: float, max_weak_degree: int) -> list[Breach]:
    """Return what keeps a clustered graph of n consumers from being built: too many ties for so few.

    The weak ties' degrees must have room on both sides of their mean.
    """
    most = (n - 1) / 2
    expected = f"0..{most:g} (ties), half of the other consumers"
    least = int(2.0 * mean_degree * (1.0 - share_strong)) + 1
    return [
        *_unless(0.0 <= mean_degree <= most, "mean_degree", f"{mean_degree:g}", expected),
        *_unless(
            max_weak_degree >= least,
            "max_weak_degree",
            max_weak_degree,
            f"at least {least} (ties), above twice the mean number of weak ties",
            "raise it, or lower mean_degree",
        ),
    ]


def ring_limits(n: int, degree: int) -> list[Breach]:
    """Return the same for a small world: an odd degree, or as many neighbors as consumers."""
    even = degree >= 0 and degree % 2 == 0
    return [
        *_unless(even, "degree", degree, "an even whole number (ties)", "add 1"),
        *_unless(degree < n, "degree", degree, f"below the number of consumers, {n:,}"),
    ]


def attachment_limits(n: int, attachments: int) -> list[Breach]:
    """Return the same for growth by preferential attachment."""
    expected = f"1..{n - 1} (ties), below the number of consumers"
    return _unless(1 <= attachments < n, "attachments", attachments, expected)


def random_limits(n: int, mean_degree: float) -> list[Breach]:
    """Return the same for ties at random."""
    expected = f"0..{n - 1} (ties), one for each other consumer"
    return _unless(0.0 <= mean_degree <= n - 1, "mean_degree", f"{mean_degree:g}", expected)


def degree_law_limits(n: int, min_degree: int, max_degree: int) -> list[Breach]:
    """Return the same for a power law of degrees."""
    in_order = 0 < min_degree <= max_degree
    lower = "lower min_degree or raise max_degree" if min_degree > 0 else "raise it"
    expected = f"1..max_degree = {max_degree:,} (ties)"
    return [
        *_unless(in_order, "min_degree", min_degree, expected, lower),
        *_unless(max_degree < n, "max_degree", max_degree, f"below the number of consumers, {n:,} (ties)"),
    ]


def block_limits(n: int, pairs_inside: float, mean_degree: float, within_share: float) -> list[Breach]:
    """Return the same for blocks: more ties inside or between them than there are pairs.

    Parameters
    ----------
    n : int
        Number of consumers.
    pairs_inside : float
        Pairs of consumers in the same block, counted or expected.
    mean_degree : float
        Expected ties of a consumer.
    within_share : float
        Share of the ties inside blocks, 0 to 1.
    """
    pairs_outside = n * (n - 1) / 2 - pairs_inside
    inside, outside = (n * mean_degree / 2 * share for share in (within_share, 1.0 - within_share))
    expected = (
        f"0 or more, with room for {inside:,.0f} ties inside blocks ({pairs_inside:,.0f} pairs) "
        f"and {outside:,.0f} between them ({pairs_outside:,.0f} pairs)"
    )
    has_room = 0.0 <= inside <= pairs_inside and outside <= pairs_outside
    return _unless(has_room, "mean_degree", f"{mean_degree:g}", expected, f"{_FEWER}, or change within_share")


def expected_pairs_inside(n: int, shares: Sequence[float]) -> float:
    """Return how many pairs of n consumers are expected to share a block, from the blocks' shares."""
    return n * (n - 1) / 2 * sum(share * share for share in shares)


def complete_limits(n: int) -> list[Breach]:
    """Return the same for a complete graph: too many consumers."""
    expected = f"at most {LARGEST_COMPLETE:,} consumers with a complete graph"
    remedy = "lower population.consumers or take erdos_renyi with a lower mean_degree"
    return _unless(n <= LARGEST_COMPLETE, "kind", f"complete with {n:,} consumers", expected, remedy)
