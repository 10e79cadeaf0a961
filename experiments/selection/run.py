"""Measure whether the procedures of selection and precision keep what they state.

On normal laws with known means, and on the simulator itself: outcomes of the classroom scenario in many replicates
are the population, whose means are known exactly, and every macro-replication draws its replicates from it. Writes
``results.json`` and ``regimes.png``; ``--write-readme`` also puts the tables into ``README.md``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import simulator as sim
from simulator.experiment.choosing import Rule, choose
from simulator.experiment.equal_allocation import equal_cost, rinott_constant
from simulator.experiment.evaluation import evaluate_choice
from simulator.experiment.kim_nelson import Choice
from simulator.experiment.sampling import Record
from simulator.experiment.sensitivity_indices import sobol_indices, sobol_points
from simulator.outcomes.provenance import origin

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

from intervals import intervals_answer, measure_intervals  # noqa: E402
from laws import BATCH, CONFIDENCE, FIRST_STAGE, STRATEGIES, ZONE, NormalSample, Population  # noqa: E402
from luck import measure_luck, rare_answer, warnings_answer  # noqa: E402
from readme import put  # noqa: E402

#: The sentences of the map in the README.
MAP = re.compile(r'"[^"]+" has the best mean at [^\n]*')

#: Name: means in indifference zones, standard deviations, share of the variance that is common luck.
LAWS: dict[str, tuple[Sequence[float], float | Sequence[float], float]] = {
    "slippage, k = 5": ((1, 0, 0, 0, 0), 2.0, 0.0),
    "slippage, k = 5, common luck 0.8": ((1, 0, 0, 0, 0), 2.0, 0.8),
    "slippage, k = 10, common luck 0.5": ((1, *[0] * 9), 2.0, 0.5),
    "slippage, k = 5, unequal spread": ((1, 0, 0, 0, 0), (3.0, 1.0, 2.0, 3.0, 1.0), 0.3),
    "monotone, k = 10, common luck 0.5": (tuple(1.0 - i for i in range(10)), 2.0, 0.5),
    "slippage, k = 2": ((1, 0), 2.0, 0.0),
}


def two_stage(record: Record, zone: float, *, is_paired: bool) -> Choice:
    """Run the references themselves: Clark & Yang with pairs, or Rinott without."""
    k = record.n_treatments
    record.extend(range(k), FIRST_STAGE)
    first = record.values[:, :FIRST_STAGE]
    if is_paired:
        n = [equal_cost(first, indifference=zone, confidence=CONFIDENCE).paired // k] * k
    else:
        h = rinott_constant(k, FIRST_STAGE, CONFIDENCE)
        n = [max(FIRST_STAGE, int(np.ceil((h / zone) ** 2 * row.var(ddof=1)))) for row in first]
    record.extend(range(k), n)
    best = int(np.argmax([record.of(i).mean() for i in range(k)]))
    return Choice(best, (best,), True, (None,) * k, tuple(n), CONFIDENCE, "")


def reckless(record: Record, zone: float) -> Choice:
    """Negative control: a first stage of two, and no correction for that or for the number of rivals."""
    k = record.n_treatments
    record.extend(range(k), 2)
    spread = (record.values[0, :2] - record.values[1, :2]).var(ddof=1)
    n = min(max(2, int(np.ceil((1.645 / zone) ** 2 * spread))), 5000)
    record.extend(range(k), n)
    best = int(record.values[:, :n].mean(axis=1).argmax())
    return Choice(best, (best,), True, (None,) * k, (n,) * k, CONFIDENCE, "")


def procedures(zone: float) -> dict[str, Callable[[Record], Choice]]:
    """Return the procedures compared."""
    rule = Rule("kn", zone, CONFIDENCE, FIRST_STAGE, BATCH, 100_000)
    return {
        "Kim & Nelson": lambda record: choose(record, rule),
        "budget allocation by pairs": lambda record: choose(record, rule._replace(method="ocba")),
        "budget allocation, independent": lambda record: choose(
            record, rule._replace(method="ocba_independent")
        ),
        "equal, two stages, by pairs": lambda record: two_stage(record, zone, is_paired=True),
        "Rinott, two stages": lambda record: two_stage(record, zone, is_paired=False),
        "reckless (negative control)": lambda record: reckless(record, zone),
    }


def selection_rows(name: str, k: int, best: int, make: Callable[[int], NormalSample], zone: float, n: int):
    """Return one row per procedure: how often it is right, and how many replicates it takes."""
    rows = []
    for procedure, run in procedures(zone).items():
        right, drawn = 0, []
        for seed in range(n):
            found = run(Record(make(seed), k))
            right += found.best == best
            drawn.append(found.n_drawn)
        rows.append({"law": name, "procedure": procedure, "right": right / n, "drawn": float(np.mean(drawn))})
        print(rows[-1], flush=True)
    return rows


def curse_row(outcomes: np.ndarray, n_macro: int) -> dict[str, float]:
    """Return the mean lead of whoever was selected, where it was selected and on fresh replicates."""
    rule = Rule("subset", 1e-9, CONFIDENCE, FIRST_STAGE, BATCH, 100_000)
    close = outcomes[[1, 3]]  # mass and social, the two that are hardest to tell apart
    selected, fresh, true, right = [], [], [], 0
    for seed in range(n_macro):
        sample = Population(close, seed)
        record = Record(sample, 2)
        choice = choose(record, rule)
        found = evaluate_choice(sample, record, choice, CONFIDENCE, 20, None)
        selected.append(found.curse.selection_lead)
        fresh.append(found.lead.mean)
        means = close.mean(axis=1)
        true.append(means[choice.best] - means[1 - choice.best])
        right += int(choice.best == means.argmax())
    error = float(np.std(fresh, ddof=1) / n_macro**0.5)
    return {
        "selected": float(np.mean(selected)),
        "fresh": float(np.mean(fresh)),
        "fresh_error": error,
        "true": float(np.mean(true)),
        "right": right / n_macro,
    }


def ishigami(points: np.ndarray) -> np.ndarray:
    x = (2 * points - 1) * np.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def g_function(points: np.ndarray) -> np.ndarray:
    a = np.array([0.0, 1.0, 4.5, 9.0])
    return np.prod((np.abs(4 * points - 2) + a) / (1 + a), axis=1)


def sobol_rows() -> list[dict[str, object]]:
    """Return estimated and analytic Sobol indices."""
    p4, p8 = np.pi**4, np.pi**8
    v1, v2, v13 = 0.5 * (1 + 0.1 * p4 / 5) ** 2, 49 / 8, 0.01 * p8 * (1 / 18 - 1 / 50)
    total = v1 + v2 + v13
    v = 1 / (3 * (1 + np.array([0.0, 1.0, 4.5, 9.0])) ** 2)
    whole = np.prod(1 + v) - 1
    truths = {
        "Ishigami": (ishigami, np.array([v1, v2, 0]) / total, np.array([v1 + v13, v2, v13]) / total),
        "g-function": (
            g_function,
            v / whole,
            np.array([v[j] * np.prod(np.delete(1 + v, j)) for j in range(4)]) / whole,
        ),
    }
    rows = []
    for name, (function, first, totals) in truths.items():
        d = len(first)
        labels = tuple(f"x{j + 1}" for j in range(d))
        found = sobol_indices(function(sobol_points(d, 1024, 0)), labels, confidence=CONFIDENCE)
        for j, index in enumerate(found.by_factor):
            rows.append({"function": name, **index._asdict(), "true_first": float(first[j])})
            rows[-1]["true_total"] = float(totals[j])
    return rows


def measure(
    n_macro: int, n_population: int, n_grid: int, seed: int, known: Sequence[dict[str, object]] = ()
) -> dict[str, object]:
    """Run everything; rows on normal laws that are known already are kept."""
    found: dict[str, object] = {"macro_replications": n_macro, "population": n_population}
    found |= {"grid": n_grid, "seed": seed}
    found |= origin()
    rows = [row for row in known if row["law"] in LAWS]
    for name, (means, sds, shared) in LAWS.items() if not rows else ():
        make = lambda s, m=means, d=sds, c=shared: NormalSample(m, d, c, s)  # noqa: E731
        rows += selection_rows(name, len(means), 0, make, 1.0, n_macro)
    outcomes = classroom_outcomes(n_population, seed)
    true = outcomes.mean(axis=1)
    found["classroom_means"] = dict(zip(STRATEGIES, true.round(1).tolist(), strict=True))
    found["classroom_lead"] = float(np.sort(true)[-1] - np.sort(true)[-2])
    make = lambda s: Population(outcomes, s)  # noqa: E731
    rows += selection_rows("classroom", len(STRATEGIES), int(true.argmax()), make, ZONE, n_macro)
    found["selection"] = rows
    found["curse"] = curse_row(outcomes, n_macro)
    found["sobol"] = sobol_rows()
    found |= measure_intervals(outcomes, n_macro, n_grid, seed)
    return found | measure_luck(n_macro, outcomes)


def classroom_outcomes(n_population: int, seed: int) -> np.ndarray:
    """Return outcomes of the classroom's strategies in many replicates, shape (strategy, replicate)."""
    treatments = [sim.Treatment(name) for name in STRATEGIES]
    replicates = range(n_population)
    scenario = sim.load_scenario("classroom")
    return sim.evaluate(scenario, treatments, seed=seed, replicates=replicates, metrics=["profit"])[:, :, 0]


def cost_of_kim_nelson(rows: Sequence[dict[str, object]]) -> tuple[float, float]:
    """Return the least and largest ratio of its replicates to those of the cheaper two-stage procedure."""
    drawn = {(row["law"], row["procedure"]): float(row["drawn"]) for row in rows}
    ratios = [
        drawn[law, "Kim & Nelson"]
        / min(drawn[law, "equal, two stages, by pairs"], drawn[law, "Rinott, two stages"])
        for law in dict.fromkeys(law for law, _ in drawn)
    ]
    return min(ratios), max(ratios)


def answer(found: dict[str, object]) -> str:
    """Return the tables of the README."""
    n = int(found["macro_replications"])
    lines = [
        f"{n:,} macro-replications each (standard error of a rate of 95 %: {100 * (0.0475 / n) ** 0.5:.1f} points); "
        f"stated probability 95 %, first stage {FIRST_STAGE}, batches of {BATCH}; trajectories "
        f"{found['trajectory_version']}.",
        "",
        "| law | procedure | right | replicates, all strategies |",
        "| --- | --- | ---: | ---: |",
    ]
    lines += [
        f"| {r['law']} | {r['procedure']} | {r['right'] * 100:.1f} % | {r['drawn']:,.0f} |"
        for r in found["selection"]
    ]
    low, high = cost_of_kim_nelson(found["selection"])
    lines += [
        "",
        *rare_answer(found["rare"]),
        "",
        *warnings_answer(found["warnings"], n),
    ]
    lead = found["classroom_lead"]
    promise = "" if lead >= ZONE else ": strictly, nothing is promised for it"
    lines += [
        "",
        f"Kim & Nelson takes {low:.2f} to {high:.2f} times the replicates of the cheaper two-stage procedure.",
        "",
        f"Classroom: {found['population']:,} replicates of six strategies are the population; the best leads by "
        f"{lead:,.0f} EUR, the indifference zone is {ZONE:,.0f} EUR{promise}.",
        "",
        *intervals_answer(found["intervals"]),
    ]
    curse = found["curse"]
    lines += [
        "",
        f"Winner's curse, mass against social, the better of 10 replicates each: its lead is {curse['selected']:,.0f} "
        f"EUR on average where it was selected, {curse['fresh']:,.0f} (+- {curse['fresh_error']:,.0f}) on 20 fresh "
        f"replicates. In truth mass leads by {lead:,.0f}; it was selected in {curse['right'] * 100:.1f} % of "
        f"cases, and where social was, the true lead is {-lead:,.0f}: {curse['true']:,.0f} on average.",
        "",
        "| function, 1,024 base points | factor | first order (95 %) | true | total (95 %) | true |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r['function']} | {r['factor']} | {r['first']:.3f} ({r['first_lower']:.3f} to {r['first_upper']:.3f}) | "
        f"{r['true_first']:.3f} | {r['total']:.3f} ({r['total_lower']:.3f} to {r['total_upper']:.3f}) | "
        f"{r['true_total']:.3f} |"
        for r in found["sobol"]
    ]
    return "\n".join(lines)


def draw_map(path: Path, n_levels: int, n_replicates: int) -> list[str]:
    """Draw which strategy wins where in the classroom, and return the sentences of the map."""
    found = sim.regime_map(
        sim.load_scenario("classroom"),
        "brands.Fizz.price=3:5.5,quality_weight",
        strategies=["mass", "social", "price_cut"],
        n_levels=n_levels,
        n_replicates=n_replicates,
    )
    path.write_bytes(found.plot_regimes().png())
    return list(found.sentences)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--macro", type=int, default=500, help="macro-replications")
    parser.add_argument("--population", type=int, default=2000, help="replicates of the classroom")
    parser.add_argument(
        "--grid", type=int, default=120, help="replicates at each point of the grid of factors"
    )
    parser.add_argument("--levels", type=int, default=6, help="levels of each factor of the map")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--write-readme", action="store_true")
    parser.add_argument(
        "--keep-laws",
        action="store_true",
        help="keep the stored rows on normal laws, which do not depend on the market model",
    )
    parser.add_argument(
        "--only",
        choices=("luck", "intervals"),
        help="measure what concerns rare luck, or intervals, and keep all else as stored",
    )
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    stored = json.loads((FOLDER / "results.json").read_text())
    if asked.keep_laws or asked.only:
        told = {"macro_replications": asked.macro} | (
            {"population": asked.population, "seed": asked.seed} if asked.only else {}
        )
        if wrong := {name: stored[name] for name, value in told.items() if stored[name] != value}:
            parser.error(f"what is stored has {wrong}")
    if asked.only:
        outcomes = classroom_outcomes(asked.population, asked.seed)
        if not np.allclose(outcomes.mean(axis=1), list(stored["classroom_means"].values()), atol=0.06):
            parser.error("the classroom has other outcomes than those stored: measure everything")
        if asked.only == "luck":
            found = stored | measure_luck(asked.macro, outcomes)
        else:
            found = stored | {"grid": asked.grid}
            found |= measure_intervals(outcomes, asked.macro, asked.grid, asked.seed)
    else:
        known = stored["selection"] if asked.keep_laws else []
        found = measure(asked.macro, asked.population, asked.grid, asked.seed, known)
    (asked.out / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    text = answer(found)
    if asked.only:
        text += "\n\n" + MAP.search((FOLDER / "README.md").read_text())[0]  # type: ignore[index]
    elif asked.levels:
        text += "\n\n" + " ".join(draw_map(asked.out / "regimes.png", asked.levels, 20))
    print(text)
    if asked.write_readme:
        put(FOLDER / "README.md", "answer", text)


if __name__ == "__main__":
    main()
