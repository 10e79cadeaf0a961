"""Rare luck in the study of selections: how often they are right, and how often they are warned of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from laws import (
    BATCH,
    CONFIDENCE,
    FIRST_STAGE,
    SEQUENTIAL,
    STRATEGIES,
    ZONE,
    ExponentialSample,
    NormalSample,
    Population,
    RareSample,
    StudentSample,
    in_two_blocks,
)

from simulator.experiment.choosing import Rule, choose
from simulator.experiment.equal_allocation import equal_cost
from simulator.experiment.evaluation import evaluate_choice
from simulator.experiment.rare_luck import asked_stage, calls_in_doubt, replicates_to_check
from simulator.experiment.sampling import Record, Sample

#: Laws whose best leads by a zone by luck of one replicate in N, by name: treatments, N.
RARE_LAWS = {f"luck of 1 in {one_in}, k = {k}": (k, one_in) for one_in in (10, 20, 50) for k in (2, 5)}
#: Confidences stated where luck is rare.
STATED = (0.9, 0.95, 0.99)
#: Laws on which warnings of rare luck are counted, by name: treatments, and the law by seed.
WARNING_LAWS: dict[str, tuple[int, Callable[[int], Sample]]] = {
    **{
        name: (k, lambda s, k=k, one_in=one_in: RareSample(k, s, one_in))  # type: ignore[misc]
        for name, (k, one_in) in RARE_LAWS.items()
    },
    **{
        f"luck of all, 1 in {one_in}, k = 5": (
            5,
            lambda s, one_in=one_in: RareSample(5, s, one_in, is_of_all=True),  # type: ignore[misc]
        )
        for one_in in (10, 20, 50)
    },
    "normal luck, k = 2": (2, lambda s: NormalSample((1.0, 0.0), 2.0, 0.0, s)),
    "normal luck, k = 5": (5, lambda s: NormalSample((1.0, *[0.0] * 4), 2.0, 0.0, s)),
    "heavy tails (Student, 10), k = 5": (5, lambda s: StudentSample(5, s, 10)),
    "skewed luck (exponential), k = 5": (5, lambda s: ExponentialSample(5, s)),
}
N_EVALUATION = 100


def stages(one_in: int) -> tuple[str, ...]:
    """Return first stages as they may be asked for, where luck of one replicate in N decides."""
    return "10", f"1 in {one_in}", f"1 in {2 * one_in}"


def rare_rows(n: int) -> list[dict[str, object]]:
    """Return how often selections are right where the best is so by rare luck, by first stage and stated confidence."""
    rows = []
    for (name, (k, one_in)), (method, called) in product(RARE_LAWS.items(), SEQUENTIAL.items()):
        for asked, stated in product(stages(one_in), STATED):
            first = asked_stage(asked, k, stated, 10_000, [])
            rule = Rule(method, 1.0, stated, first, BATCH, 100_000)
            found = [choose(Record(RareSample(k, seed, one_in), k), rule) for seed in range(n)]
            row = {"law": name, "procedure": called, "asked": asked, "stated": stated}
            row |= {"first_stage": first, "right": float(np.mean([one.best == 0 for one in found]))}
            rows.append({**row, "drawn": float(np.mean([one.n_drawn for one in found]))})
            print(rows[-1], flush=True)
    return rows


def warning_rows(n: int, population: np.ndarray) -> list[dict[str, object]]:
    """Return how often a first stage of 10 is warned of, with and without a check of what is not evaluated."""
    laws: dict[str, tuple[int, int, float, Callable[[int], Sample]]] = {
        name: (k, 0, 1.0, lambda s, make=make: in_two_blocks(make, s))  # type: ignore[misc]
        for name, (k, make) in WARNING_LAWS.items()
    }
    best = int(population.mean(axis=1).argmax())
    laws["classroom"] = len(STRATEGIES), best, ZONE, lambda s: Population(population, s)
    rows = []
    for (name, (k, best, zone, make)), (method, called) in product(laws.items(), SEQUENTIAL.items()):
        rule = Rule(method, zone, CONFIDENCE, FIRST_STAGE, BATCH, 100_000)
        for asked in (0, None) if k > 2 else (None,):  # of two, both are evaluated
            found = [_warned(make(seed), k, rule, asked) for seed in range(n)]
            wrong = [one for one in found if one[0] != best]
            row = {"law": name, "procedure": called, "is_checked": asked is None, "wrong": len(wrong)}
            row["wrong_warned"] = sum(one[1] for one in wrong)
            row["right_warned"] = sum(one[1] for one in found) - row["wrong_warned"]
            row |= {"drawn": float(np.mean([one[2] for one in found]))}
            row |= {"checking": float(np.mean([one[3] for one in found]))}
            rows.append({**row, "equal": float(np.mean([one[4] for one in found]))})
            print(rows[-1], flush=True)
    return rows


def _warned(sample: Sample, k: int, rule: Rule, asked: int | None) -> tuple[int, bool, int, int, int]:
    """Return who is selected, whether that is warned of, and replicates: drawn, for the check, of two stages."""
    record = Record(sample, k)
    choice = choose(record, rule)
    n_check = replicates_to_check(k, rule.confidence, choice.first_stage, N_EVALUATION, asked)
    fresh = evaluate_choice(sample, record, choice, rule.confidence, N_EVALUATION, None, n_check)
    is_warned = calls_in_doubt(k, rule.confidence, choice.first_stage, fresh.rarest)
    first = record.values[:, : choice.first_stage]
    equal = equal_cost(first, indifference=rule.indifference, confidence=rule.confidence).cheaper
    return choice.best, is_warned, choice.n_drawn, fresh.n_checked, equal


def measure_luck(n_macro: int, outcomes: np.ndarray) -> dict[str, object]:
    """Run what concerns rare luck."""
    return {"rare": rare_rows(n_macro), "warnings": warning_rows(n_macro, outcomes)}


def rare_answer(rows: Sequence[dict[str, object]]) -> list[str]:
    """Return the table of selections under rare luck: a row by first stage, a column by stated confidence."""
    lines = [
        "Where the best is so by luck of one replicate in N (one zone ahead on average, a third of one behind without "
        "that luck; beside it all are normal, standard deviation 1 zone), by the confidence stated; a first stage of "
        "1 in N meets luck of that rarity with it:",
        "",
        "| law | procedure | first stage | "
        + " | ".join(f"right, {x * 100:.0f} %" for x in STATED)
        + " | replicates, all strategies |",
        "| --- | --- | --- |" + " ---: |" * (len(STATED) + 1),
    ]
    cells: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in rows:
        cells.setdefault((row["law"], row["procedure"], row["asked"]), []).append(row)
    for (law, procedure, asked), group in cells.items():
        sizes = ", ".join(str(row["first_stage"]) for row in group)
        stage = asked if asked == "10" else f"{asked} ({sizes})"
        right = " | ".join(f"{float(row['right']) * 100:.1f} %" for row in group)
        drawn = ", ".join(f"{float(row['drawn']):,.0f}" for row in group)
        lines.append(f"| {law} | {procedure} | {stage} | {right} | {drawn} |")
    return lines


def warnings_answer(rows: Sequence[dict[str, object]], n: int) -> list[str]:
    """Return the table of warnings of rare luck."""
    lines = [
        f"Warnings of rare luck after a first stage of {FIRST_STAGE}, stated 95 %, {N_EVALUATION} fresh replicates of "
        'those evaluated (here the selected and the runner-up); "checked": the others run in as many fresh replicates '
        "as meet luck of one in ten. Under rare luck (of the best; or of all in replicates of their own, the best's "
        "more than half as large again) a warning is in place also where the selection is right; under other luck it is "
        "false:",
        "",
        "| law | procedure | others | wrong | of these warned of | right, warned of | replicates | for the check "
        "| two stages |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        wrong, right = int(row["wrong"]), n - int(row["wrong"])
        warned = f"{row['wrong_warned']} ({row['wrong_warned'] / wrong * 100:.1f} %)" if wrong else "none"
        calm = (
            f"{row['right_warned']} of {right} ({row['right_warned'] / right * 100:.1f} %)"
            if right
            else "none"
        )
        lines.append(
            f"| {row['law']} | {row['procedure']} | {'checked' if row['is_checked'] else 'unseen'} | {wrong} of {n} | "
            f"{warned} | {calm} | "
            f"{row['drawn']:,.0f} | {row['checking']:,.0f} | {row['equal']:,.0f} |"
        )
    return lines
