"""One replicate in full: what every consumer bought and why, and who told whom.

The Mesa engine runs the replicate and writes everything down. Since both engines give the same bits, this is
the very replicate that a comparison on the compiled engine contains: its counts prove it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator.errors import Fault, ScenarioError
from simulator.experiment.argument_checks import OnQuestion, asked_question, checked, whole
from simulator.experiment.arguments import LARGEST_REPLICATE
from simulator.experiment.simulation import OnProgress, prepare
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.trajectories import Trajectories
from simulator.outcomes.wording import counted
from simulator.scenario import Scenario

TRACING = "tracing"
PURCHASES = ("step", "consumer", "brand", "source", "is_first")
MESSAGES = ("step", "sender", "receiver", "brand", "kind")


@dataclass(frozen=True)
class Trace:
    """Every purchase and every message of one replicate of a strategy.

    Parameters
    ----------
    trajectories : Trajectories
        The counts of the replicate, as any engine records them.
    cells : tuple of str
        Each consumer's cell of the population's grid, ``region/habit/demographic``.
    raw_purchases, raw_messages : list of tuple
        Rows of the two tables below.
    """

    trajectories: Trajectories
    cells: tuple[str, ...]
    raw_purchases: list[tuple[Any, ...]] = field(repr=False)
    raw_messages: list[tuple[Any, ...]] = field(repr=False)

    @property
    def digest(self) -> str:
        """Digest of the replicate's trajectories; ``simulate`` of this replicate gives the same."""
        return self.trajectories.digest

    @cached_property
    def purchases(self) -> Any:
        """Purchases as a data frame.

        Columns: ``step`` (from the first observed; negative in the burn-in), ``consumer``, ``cell``, ``brand``,
        ``source`` (search, advertising, friend, referral, community, content) and ``is_first``, whether the
        consumer had never bought the brand.
        """
        import pandas as pd

        frame = pd.DataFrame(self.raw_purchases, columns=list(PURCHASES))
        frame.insert(2, "cell", [self.cells[i] for i in frame["consumer"]])
        return frame

    @cached_property
    def messages(self) -> Any:
        """Messages on ties as a data frame.

        Columns: ``step`` in which it was sent (it is taken in at the next), ``sender``, ``receiver``, ``brand``
        and ``kind``: praise, warning, invitation, piece (of content) or group offer.
        """
        import pandas as pd

        return pd.DataFrame(self.raw_messages, columns=list(MESSAGES))

    def influence(self, brand: str) -> Any:
        """Return who brought whom to a brand: the influence tree, as a data frame.

        For every first purchase of the brand: ``consumer``, ``step``, ``source``, ``influencer`` (sender of the
        latest message about the brand that reached the consumer before it bought; of several in that step the
        lowest-numbered; missing where there was none), ``n_senders`` in that step, and ``depth``: 0 without an
        influencer, else one more than the influencer's, where that one bought before, else 1.

        Being told is not the same as being persuaded: without the message the consumer might have bought as well.
        The effect of word of mouth is a comparison with talk switched off in the same worlds.

        Raises
        ------
        ScenarioError
            If the brand is unknown.
        """
        import pandas as pd

        if brand not in self.trajectories.brands:
            known = ", ".join(self.trajectories.brands)
            raise ScenarioError([Fault("influence(brand)", repr(brand), f"one of {known}", "name a brand")])
        heard = self._latest_senders(brand)
        depth: dict[int, int] = {}
        rows = []
        for step, consumer, about, source, is_first in self.raw_purchases:
            if about != brand or not is_first:
                continue
            earlier = [entry for entry in heard.get(consumer, ()) if entry[0] < step]
            senders = earlier[-1][1] if earlier else []
            influencer = min(senders) if senders else None
            depth[consumer] = 0 if influencer is None else depth.get(influencer, 0) + 1
            rows.append((consumer, step, source, influencer, len(senders), depth[consumer]))
        columns = ["consumer", "step", "source", "influencer", "n_senders", "depth"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.astype({"influencer": "Int64"})

    def _latest_senders(self, brand: str) -> dict[int, list[tuple[int, list[int]]]]:
        """Return by receiver the steps in which it was told about a brand, with the senders of each."""
        heard: dict[int, list[tuple[int, list[int]]]] = {}
        for step, sender, receiver, about, _ in self.raw_messages:
            if about != brand:
                continue
            told = heard.setdefault(receiver, [])
            if not told or told[-1][0] != step:
                told.append((step, []))
            told[-1][1].append(sender)
        return heard

    def by_cell(self) -> Any:
        """Return purchases counted by step, cell, brand and source, as a data frame."""
        keys = ["step", "cell", "brand", "source"]
        return self.purchases.groupby(keys).size().rename("purchases").reset_index()

    def save(self, path: str | Path) -> Path:
        """Write ``purchases.csv``, ``messages.csv`` and, by id of the brand, ``influence_ID.csv`` into a folder.

        Raises
        ------
        StoreError
            If the folder holds anything but an earlier trace, or cannot be written.
        """
        from simulator.outcomes.store import save_files

        tables = {"purchases.csv": self.purchases, "messages.csv": self.messages}
        t = self.trajectories
        for brand, brand_id in zip(t.brands, t.brand_ids, strict=True):
            tables[f"influence_{brand_id}.csv"] = self.influence(brand)
        files = {name: table.to_csv(index=False).encode() for name, table in tables.items()}
        manifest = {
            "kind": "trace",
            "scenario_digest": t.scenario_digest,
            "trajectory_version": TRAJECTORY_VERSION,
            "strategy": t.strategies[0],
            "seed": t.seed,
            "replicate": t.replicates[0],
            "brands": dict(zip(map(str, t.brand_ids), t.brands, strict=True)),
            "digest": self.digest,
        }
        return save_files(files, manifest, Path(path))

    def __repr__(self) -> str:
        """Describe the trace in one line."""
        t = self.trajectories
        return (
            f"Trace({t.strategies[0]}, seed {t.seed}, replicate {t.replicates[0]}: "
            f"{counted(t.n_consumers, 'consumer')}, {counted(len(self.raw_purchases), 'purchase')}, "
            f"{counted(len(self.raw_messages), 'message')})"
        )


def trace(
    scenario: Scenario,
    strategy: str,
    *,
    seed: int | None = None,
    replicate: int = 0,
    on_progress: OnProgress | None = None,
    on_question: OnQuestion | None = None,
) -> Trace:
    """Run one replicate of a strategy again and write down every purchase and every message.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    strategy : str
        Name of a strategy of the scenario.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    replicate : int
        Number of the replicate, a whole number from 0.
    on_progress : callable, optional
        Receives (task, done, total).
    on_question : callable, optional
        Receives what is asked, complete, before anything is simulated; what it raises ends the call.

    Returns
    -------
    Trace
        Its digest is that of ``simulate`` for the same replicate, on either engine. Ten thousand consumers
        over a year take about half a minute.

    Raises
    ------
    ScenarioError
        If an argument is out of range or the strategy unknown.
    """
    from simulator.engines.mesa_engine import Events, MarketModel
    from simulator.model.initialization import build_world

    if not isinstance(strategy, str):
        fault = Fault("trace(strategy)", repr(strategy), "the name of one strategy", "trace them one by one")
        raise ScenarioError([fault])
    faults: list[Fault] = []
    replicate = whole("trace(replicate)", replicate, 0, LARGEST_REPLICATE, faults)
    asked = checked(
        faults,
        scenario,
        strategies=strategy,
        seed=seed,
        n_replicates=1,
        first_replicate=replicate,
        engine="mesa",
        threads=1,
        verb="trace",
    )
    asked_question(on_question, scenario, asked.seed, strategy=strategy, replicate=replicate)
    treatments = prepare(scenario, asked, on_progress)
    market, plan = treatments.market, treatments.balanced[strategy].plan
    world = build_world(market, asked.seed, replicate)
    model = MarketModel(market, plan, world, asked.seed, replicate)
    model.events = Events(market.burn_in)
    while model.running:
        model.step()
        if on_progress is not None:
            on_progress(TRACING, model.now + 1, model.n_steps)
    cells = tuple(market.cells[cell] for cell in world.population.cell.tolist())
    counts = model.counts[None, None, market.burn_in :]
    return Trace(treatments.wrap(counts, [replicate]), cells, model.events.purchases, model.events.messages)
