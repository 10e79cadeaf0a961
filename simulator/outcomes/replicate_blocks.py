"""Blocks of replicates that are kept apart: one to choose on, one to judge the choice on.

A strategy, a design point or a parameter that was chosen because it did well in some replicates did well there
partly by luck. It is judged on replicates that had no part in the choice. The numbers of the two blocks never
meet, and neither meets the pilot replicates on which budgets are balanced.
"""

from __future__ import annotations

from simulator.errors import Fault, ScenarioError

#: Numbers of replicates by purpose; pilot replicates lie above both.
BLOCKS: dict[str, range] = {"select": range(2**30), "evaluate": range(2**30, 2**31)}


def block(purpose: str, n_replicates: int, first: int = 0) -> range:
    """Return the numbers of replicates for one purpose.

    Parameters
    ----------
    purpose : {"select", "evaluate"}
        To choose among treatments, or to judge what was chosen.
    n_replicates : int
        How many, at least 1.
    first : int
        How many of the block are left out at its start.

    Returns
    -------
    range
        Numbers of replicates.

    Raises
    ------
    ScenarioError
        If the purpose is unknown or the block has fewer.

    Examples
    --------
    >>> block("select", 20), block("evaluate", 20)
    (range(0, 20), range(1073741824, 1073741844))
    """
    if purpose not in BLOCKS:
        known = ", ".join(BLOCKS)
        raise ScenarioError([Fault("block(purpose)", repr(purpose), f"one of {known}")])
    whole = BLOCKS[purpose]
    if n_replicates < 1 or first < 0 or first + n_replicates > len(whole):
        got = f"{n_replicates} from {first}"
        raise ScenarioError([Fault("block(n_replicates)", got, f"1 to {len(whole)} in all")])
    return whole[first : first + n_replicates]


def block_name(replicate: int) -> str:
    """Return the purpose that the number of a replicate belongs to."""
    return next(name for name, numbers in BLOCKS.items() if replicate in numbers)
