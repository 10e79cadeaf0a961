"""Study how much it matters whom a campaign seeds: hubs against random people, and both against the best known.

Seeds 50 people by every method on a real and a generated social graph under three classic models of spreading,
and then by every rule in a launch of the market model. Writes ``results.csv`` and ``figure.png``;
``--write-readme`` also puts the tables into ``README.md``, between the markers.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import simulator as sim
from simulator.model.campaigns import build_plan
from simulator.model.initialization import build_world
from simulator.model.market import build_market
from simulator.model.seeding import choose_seeds

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from readme import put  # noqa: E402

FOLDER = Path(__file__).resolve().parent
N_SEEDS = 50
METHODS = tuple(
    name for name, method in sim.seeding.METHODS.items() if not {"cell", "trait"} & set(method.needs)
)
RULES = tuple(sim.seeding.METHODS)
#: Beside the rules as they are: reverse sets that take the ties' probabilities of talk for those of adoption.
TALK = "ris, talk"
#: Graph, model and its probability; the probabilities keep cascades below the size of the graph.
CASES = (
    ("facebook", "wc", None),
    ("facebook", "lt", None),
    ("facebook", "ic", 0.01),
    ("clustered", "wc", None),
    ("clustered", "lt", None),
    ("clustered", "ic", 0.02),
)
#: Share of the consumers that the launch seeds.
SHARE_SEEDED = 0.02
COLORS = {"facebook": "#0072B2", "clustered": "#D55E00", "launch": "#009E73"}


def launch(consumers: int) -> sim.Scenario:
    """Return the launch without any other campaign of the newcomer, and a strategy for each seeding rule."""
    base = sim.load_scenario("launch")
    people = base.population.consumers * base.population.people_per_consumer
    tables = base.to_dict()
    cost = tables["comparison"]["budget"] / (people * SHARE_SEEDED)
    tables["population"] |= {"consumers": consumers, "people_per_consumer": people / consumers}
    line = {"kind": "seeding", "cost_per_seed": cost * (1 - 1e-12), "share": 1.0}
    tables["comparison"] |= {"metric": "trial", "minimum_effect": 0.0}
    tables["strategies"] = {"none": {"lines": []}} | {
        rule: {"lines": [{**line, "rule": rule}]} for rule in RULES
    }
    tables["strategies"]["talk"] = {"lines": [{**line, "rule": "ris", "spreading": "ic"}]}
    return sim.Scenario.from_dict(tables, name="launch, seeded alone")


def graphs() -> Iterator[tuple[str, sim.diffusion.Arcs]]:
    """Yield the real graph, where it is there, and a generated one."""
    data = os.environ.get("SIMULATOR_TEST_DATA")
    if data is None:
        print("SIMULATOR_TEST_DATA is not set: the Facebook graph is left out", file=sys.stderr)
    else:
        yield "facebook", sim.diffusion.arcs(Path(data) / "ego-facebook.txt.gz")
    world = build_world(build_market(sim.load_scenario("launch")), 1, 0)
    yield "clustered", sim.diffusion.arcs((world.indptr, world.neighbors))


def classic(replicates: int, seed: int) -> pd.DataFrame:
    """Return the spread of the seeds of every method in every case, met by the same coins."""
    rows = []
    for name, graph in graphs():
        for _, model, p in (case for case in CASES if case[0] == name):
            print(f"{name}, {model} ...", file=sys.stderr, flush=True)
            chosen = {
                method: sim.seeding.select(
                    graph, N_SEEDS, method=method, model=model, p=p, seed=seed, n_replicates=0, n_samples=500
                )
                for method in METHODS
            }
            found = sim.diffusion.compare_seeds(
                graph, {method: one.seeds for method, one in chosen.items()}, model=model, p=p,
                n_replicates=replicates, seed=seed + 1,
            )  # fmt: skip
            for method, sizes in zip(METHODS, found.sizes, strict=True):
                rows.append(row(name, model, method, sizes, found.sizes[METHODS.index("random")]))
                rows[-1]["certified"] = chosen[method].ratio
                rows[-1]["seconds"] = round(chosen[method].seconds, 2)
    return pd.DataFrame(rows)


def market(consumers: int, replicates: int, seed: int) -> pd.DataFrame:
    """Return how many people every rule makes try the newcomer, beyond those who do without seeding."""
    scenario = launch(consumers)
    strategies = ["none", *RULES, "talk"]
    print("launch ...", file=sys.stderr, flush=True)
    found = sim.compare(scenario, strategies=strategies, seed=seed, n_replicates=replicates)
    trial = found.outcomes.of("trial")
    names = list(found.strategies)
    people = scenario.population.consumers * scenario.population.people_per_consumer
    beyond = {
        rule: people * (trial[names.index(rule)] - trial[names.index("none")]) for rule in strategies[1:]
    }
    beyond[TALK] = beyond.pop("talk")
    return pd.DataFrame([row("launch", "market", rule, beyond[rule], beyond["random"]) for rule in beyond])


def ties(consumers: int, replicates: int, seed: int) -> float:
    """Return how many times as many ties the hubs have as the consumers seeded at random, in the launch."""
    made = build_market(launch(consumers))
    plans = [build_plan(made, rule).arrays for rule in ("degree", "random")]
    mean = np.zeros(2)
    for replicate in range(replicates):
        world = build_world(made, seed, replicate)
        for k, plan in enumerate(plans):
            seeds, _ = choose_seeds(made.arrays, plan, world, seed, replicate)
            mean[k] += np.diff(world.indptr)[seeds].mean() / replicates
    return float(mean[0] / mean[1])


def row(graph: str, model: str, method: str, sizes: Any, by_chance: Any) -> dict[str, Any]:
    """Return a mean, its ratio to random seeding, and the ratio's interval (95 %, delta method, paired)."""
    sizes, by_chance = np.asarray(sizes, float), np.asarray(by_chance, float)
    ratio = sizes.mean() / by_chance.mean()
    error = np.std(sizes - ratio * by_chance, ddof=1) / np.sqrt(len(sizes)) / by_chance.mean()
    return {
        "graph": graph, "model": model, "method": method, "mean": sizes.mean(),
        "standard_error": sizes.std(ddof=1) / np.sqrt(len(sizes)), "ratio": ratio,
        "low": ratio - 1.96 * error, "high": ratio + 1.96 * error,
    }  # fmt: skip


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw every method's ratio to random seeding, a panel for each case."""
    cases = dict(iter(table.groupby(["graph", "model"], sort=False)))
    figure = Figure(figsize=(11, 7), layout="constrained")
    panels = figure.subplots(2, 4, sharey=True)
    place = {rule: -k for k, rule in enumerate((*RULES, TALK))}
    for panel in panels.flat:
        panel.set_axis_off()
    corners = {"facebook": iter(panels[0]), "clustered": iter(panels[1]), "launch": iter(panels[0, 3:])}
    for (graph, model), part in cases.items():
        panel = next(corners[graph])
        panel.set_axis_on()
        y = [place[method] for method in part.method]
        spans = np.array([part.ratio - part.low, part.high - part.ratio])
        panel.axvspan(1.39, 2.0, color="0.92", zorder=0)
        panel.axvline(1.0, color="0.6", lw=0.8)
        panel.errorbar(part.ratio, y, xerr=spans, fmt="o", ms=4, color=COLORS[graph], capsize=2)
        panel.set_title(graph if graph == "launch" else f"{graph}, {model.upper()}", fontsize=10)
        panel.set_xlim(left=0)
        panel.set_yticks(list(place.values()), list(place))
        panel.tick_params(labelleft=panel in panels[:, 0])
        panel.grid(axis="x", color="0.9")
    figure.supxlabel(
        "spread, or people who try the newcomer, relative to random seeding (95 % intervals)\n"
        "gray: hubs in field experiments, 1.39 to 2.0",
        fontsize=10,
    )
    figure.savefig(path, dpi=110)


def written(
    table: pd.DataFrame, replicates: int, consumers: int, market_replicates: int, more_ties: float
) -> str:
    """Return the answer in words and as a table."""
    cases = list(table.groupby(["graph", "model"], sort=False))
    told = f"{SHARE_SEEDED:.0%} of {consumers:,} consumers and {market_replicates} replicates in the launch."
    lines = [f"{N_SEEDS} seeds and {replicates:,} replicates on bare graphs; {told}", ""]
    for (graph, model), part in cases:
        by = part.set_index("method")
        hubs, best = by.loc["degree"], by.ratio.idxmax()
        where = "launch" if graph == "launch" else f"{graph}, {model.upper()}"
        lines.append(
            f"- **{where}**: hubs {hubs.ratio:.2f} times random ({hubs.low:.2f} to {hubs.high:.2f}); best is {best}, "
            f"{by.ratio[best]:.2f} times random and {by.ratio.max() / by.ratio.min():.1f} times the worst, "
            f"{by.ratio.idxmin()}."
        )
    names = ["launch" if g == "launch" else f"{g} {m}" for (g, m), _ in cases]
    hubs = table[(table.graph == "launch") & (table.method == "degree")].iloc[0]
    lines.append(
        f"- Hubs of the launch have {more_ties:.1f} times the ties of random people: for each tie they win "
        f"{hubs.ratio / more_ties:.2f} times as many ({hubs.low / more_ties:.2f} to {hubs.high / more_ties:.2f})."
    )
    lines += ["", "Spread relative to random seeding (95 % intervals, paired by replicate):", ""]
    lines += [f"| method | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
    for rule in (*RULES[1:], TALK):
        cells = []
        for _, part in cases:
            one = part[part.method == rule]
            cells.append(
                f"{one.ratio.iloc[0]:.2f} ({one.low.iloc[0]:.2f} to {one.high.iloc[0]:.2f})"
                if len(one)
                else ""
            )
        lines.append(f"| {rule} | {' | '.join(cells)} |")
    certified = table[table.certified.notna()]
    told = "; ".join(f"{one.graph} {one.model} {one.certified:.0%}" for one in certified.itertuples())
    lines += ["", f"What `ris` certifies of the best possible spread: {told}."]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=2000, help="replicates on bare graphs")
    parser.add_argument("--consumers", type=int, default=3000, help="consumers of the launch")
    parser.add_argument("--market-replicates", type=int, default=60, help="replicates of the launch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--write-readme", action="store_true")
    asked = parser.parse_args(arguments)
    parts = [
        classic(asked.replicates, asked.seed),
        market(asked.consumers, asked.market_replicates, asked.seed),
    ]
    table = pd.concat(parts, ignore_index=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    table.round(4).drop(columns="seconds").to_csv(asked.out / "results.csv", index=False)
    draw(table, asked.out / "figure.png")
    more_ties = ties(asked.consumers, asked.market_replicates, asked.seed)
    answer = written(table, asked.replicates, asked.consumers, asked.market_replicates, more_ties)
    print(answer)
    print(table.groupby("method", sort=False).seconds.max().dropna().to_string(), file=sys.stderr)
    if asked.write_readme:
        put(FOLDER / "README.md", "answer", answer)


if __name__ == "__main__":
    main()
