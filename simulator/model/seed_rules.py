"""What a seeding line asks for, and the rules that choose.

The market knows three rules itself (:mod:`simulator.model.seeding`). The others work on bare graphs and live in
a room beside the engines, of which the market knows nothing: they are registered here by whoever puts a study
together, and are asked a :class:`SeedQuestion`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulator.model.initialization import World
    from simulator.model.market import Market


class SeedChoice(NamedTuple):
    """Whom a seeding chooses.

    Parameters
    ----------
    rule : str
        Name of the rule.
    cells : tuple of int, or None
        Cells whose consumers may be chosen; None for all.
    most_per_cell : int or None
        Most seeds in one cell.
    trait, spreading : str
        Trait of early adopters; how adoption is taken to spread (``ic``, ``wc``, ``lt``).
    samples, pivots : int
        Samples of spreading; consumers from whom paths are followed.
    clusters : int or None
        Among how many cells clusters are spread.
    epsilon : float
        What a certified choice may lack.
    p_strong, p_weak : float
        Probability that a strong and a weak tie carry adoption.
    is_world_fixed : bool
        Whether all replicates play in one world.
    """

    rule: str
    cells: tuple[int, ...] | None
    most_per_cell: int | None
    trait: str
    spreading: str
    samples: int
    pivots: int
    clusters: int | None
    epsilon: float
    p_strong: float
    p_weak: float
    is_world_fixed: bool


def seed_choice(market: Market, line: Any) -> SeedChoice:
    """Return what a seeding line of a scenario asks for.

    Parameters
    ----------
    market : Market
        The market.
    line : Seeding
        The campaign line.
    """
    cells = None if line.cells is None else tuple(sorted(market.cells.index(cell) for cell in line.cells))
    return SeedChoice(
        line.rule,
        cells,
        line.most_per_cell,
        line.trait or "need_rate",
        line.spreading or "wc",
        line.samples or 200,
        line.pivots or 64,
        line.clusters,
        line.epsilon or 0.1,
        float(market.parameters.p_strong),
        float(market.parameters.p_weak),
        market.scenario.population.world == "fixed",
    )


@dataclass(frozen=True, eq=False)
class SeedQuestion:
    """What a registered rule is asked.

    Parameters
    ----------
    choice : SeedChoice
        What the line says.
    count : int
        How many consumers to choose; fewer where there are not as many.
    is_eligible : ndarray of bool, shape (n_consumers,)
        Who may be chosen: those in the line's cells whom the brand has not seeded before.
    world : World
        Population and social graph.
    seed, world_number : int
        Key of the rule's draws.
    """

    choice: SeedChoice
    count: int
    is_eligible: NDArray[np.bool_]
    world: World
    seed: int
    world_number: int


SeedRule = Callable[[SeedQuestion], "NDArray[np.int64]"]
_registered: dict[str, SeedRule] = {}


def register_seed_rules(names: Iterable[str], rule: SeedRule) -> None:
    """Let a function choose for the rules of these names.

    Parameters
    ----------
    names : iterable of str
        Names that a scenario may give.
    rule : callable
        Answers a :class:`SeedQuestion` with consumers, each once, in any order.
    """
    _registered.update(dict.fromkeys(names, rule))


def registered_seed_rule(name: str) -> SeedRule:
    """Return the rule of this name.

    Raises
    ------
    EngineError
        If nobody registered it.
    """
    if name not in _registered:
        raise EngineError(f'nobody registered the seeding rule "{name}"; import simulator.experiment first')
    return _registered[name]
