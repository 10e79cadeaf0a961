"""Calibrations and optimizations in sentences for people who decide, and the commands that repeat them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import numpy as np

from simulator.experiment.decisions import Choice, Number, Split
from simulator.experiment.treatments import Treatment, as_text
from simulator.outcomes.metrics import METRIC
from simulator.outcomes.statistics import TAIL
from simulator.outcomes.wording import counted, describe_p_value, percent, rounded
from simulator.scenario.gallery import shipped_path

#: What is said of a sampler that is not checked on known truths.
NOT_CHECKED = "not checked: the sequential sampler would have to be run anew for every known truth"

if TYPE_CHECKING:
    from simulator.experiment.calibration_result import Calibration
    from simulator.experiment.free_parameters import FreeParameter
    from simulator.experiment.optimization_result import Optimization
    from simulator.scenario import Scenario

#: A posterior wider than this share of the prior's standard deviation says next to nothing.
WIDE = 0.8
#: What calibrations take where nothing else is asked: draws, those predicted from, known truths.
N_DRAWS, N_PREDICTIVE, N_CHECKS = 500, 100, 200


def calibration_sentences(found: Calibration) -> tuple[str, ...]:
    """Return what was learned and how far it can be trusted; the first sentence is the answer."""
    return tuple(
        text for text in (_learned(found), _covered(found), _reproduced(found), _ahead(found)) if text
    )


def _learned(found: Calibration) -> str:
    seen = found.model.observation
    what = f"the target{'s' if len(seen.names) > 1 else ''} {_listed(seen.names)}"
    if seen.series is not None:
        what = f"{seen.n_fitted} periods of {found.model.quantity.replace('_', ' ')}"
    if found.is_unreached:
        names = _listed(found.names)
        return (
            f"No market within the priors comes near {what}: nothing follows for {names} before the priors are widened, "
            "other parameters are freed, or the data are put in the units of the model."
        )
    is_wide = found.posterior.scores.std(axis=0) > WIDE
    rows = list(found.summary.itertuples())
    told = [
        f"{row.parameter} is {rounded(row.q50)} (with 90 % probability {rounded(row.q05)} to {rounded(row.q95)})"
        for row, wide in zip(rows, is_wide, strict=True)
        if not wide
    ]
    open_ones = [row.parameter for row, wide in zip(rows, is_wide, strict=True) if wide]
    text = f"Given {what}, {'; '.join(told)}." if told else ""
    if open_ones:
        text += f" {what[0].upper()}{what[1:]} say next to nothing about {_listed(open_ones)}."
    text = text.strip()
    return f"Not to be relied on before its warnings are answered. {text}" if found.doubts else text


def _covered(found: Calibration) -> str:
    check = found.check
    if check is None:
        return f"{found.checked[0].upper()}{found.checked[1:]}."
    level = check.nominal(0.9)
    shares = ", ".join(f"{share * 100:.0f} %" for share in check.coverage(0.9).values())
    odds = describe_p_value(check.p_value)
    return (
        f"Tried on {counted(len(check.ranks), 'known truth')}, the same method held {shares} of them in its "
        f"{percent(level)} intervals; their ranks are {'even' if check.p_value >= 0.01 else 'NOT even'} ({odds})."
    )


def _reproduced(found: Calibration) -> str:
    table = found.predictive
    n_held = int(table["observed"].between(table["q05"], table["q95"]).sum())
    return f"Fresh replicates of the fitted market hold {n_held} of the {len(table)} fitted values in their 90 % band."


def _ahead(found: Calibration) -> str:
    errors, table = found.errors, found.hold_out
    if errors is None or table is None:
        return ""
    rivals = {"the last value carried forward": errors["naive_mean_absolute_error"]}
    if np.isfinite(errors["bass_nls_mean_absolute_error"]):
        rivals["a Bass curve"] = errors["bass_nls_mean_absolute_error"]
    own = errors["model_mean_absolute_error"]
    beaten = [name for name, error in rivals.items() if own < error]
    told = ", ".join(f"{name} by {rounded(error)}" for name, error in rivals.items())
    verdict = f"better than {_listed(beaten)}" if beaten else "no better than the simplest forecast"
    return (
        f"Over the {counted(len(table), 'period')} held out it misses by {rounded(own)} people on average, {told}: "
        f"{verdict}; {errors['share_in_90_band']:.0%} of the periods lie in its 90 % band."
    )


def optimization_sentences(found: Optimization) -> tuple[str, ...]:
    """Return whether the plan should be changed, how, and what that trades off; the first sentence is the answer."""
    parts = (_advice(found), _changes(found), _against(found), _inflated(found), *_trades(found))
    return tuple(text for text in parts if text)


def _advice(found: Optimization) -> str:
    metric, currency = METRIC[found.metric], found.scenario.market.currency
    called, n = found.metric.replace("_", " "), len(found.evaluation_block)
    standing = found.plan_of("present")
    name = next(iter(found.differences)) if standing is None else standing.label
    plan = f"the {name}" if standing is None else f'the plan of "{found.strategy}" as it stands'
    mean = metric.describe(float(found.values[0, :, 0].mean()), currency)
    gap = found.differences[name]
    least = (
        found.scenario.comparison.minimum_effect if found.metric == found.scenario.comparison.metric else 0.0
    )
    told = f"the optimized one has a mean {called} of {mean}"
    lead = f"{found.interval(gap)} against it on {n:,} fresh replicates"
    if not found.beats[name]:
        return f"Keep {plan}: {told}, which is not better beyond chance: {lead}."
    if max(abs(gap.lower), abs(gap.upper)) < least:
        small = metric.describe(least, currency, "gap")
        return f"Keep {plan}: {told}, which is better by less than the {small} that matter: {lead}."
    return f"Change {plan}: {told}, {lead}."


def _changes(found: Optimization) -> str:
    standing = found.plan_of("present")
    present = None if standing is None else found.values_by_path(standing)
    told = []
    for path, value in found.overrides.items():
        before = None if present is None else present.get(path)
        if value != before:
            now = "" if before is None else f" instead of {shown_value(path, before)}"
            told.append(f"{found.called(path)} {shown_value(path, value)}{now}")
    return f"The optimized plan: {'; '.join(told)}." if told else ""


def shown_value(path: str, value: object) -> str:
    """Return the value of a decision as people read it: shares in percent, nothing for None."""
    if value is None:
        return ""
    if path.endswith(".share") and isinstance(value, float):
        return f"{value * 100:.4g} %"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _against(found: Optimization) -> str:
    told = []
    equal = found.plan_of("equal")
    for name in (None if equal is None else equal.label, found.best_single):
        if name is not None:
            best = " (the best line alone)" if name == found.best_single else ""
            told.append(f"{name}{best}: {found.interval(found.differences[name])}")
    return f"Against {'; against '.join(told)}." if told else ""


def _inflated(found: Optimization) -> str:
    metric, currency = METRIC[found.metric], found.scenario.market.currency
    size = metric.describe(abs(found.optimism), currency, "gap")
    more = "larger" if found.optimism >= 0 else "smaller"
    return (
        f"In the replicates of the search its lead over {found.plans[1].label} looked {size} {more} than in the fresh "
        "ones, which is why it is judged on these."
    )


def _trades(found: Optimization) -> list[str]:
    metric, currency, table = METRIC[found.metric], found.scenario.market.currency, found.to_dataframe()
    fronts = {
        "conditional_value_at_risk": (
            "safest",
            f"mean of the {tail_words(len(found.evaluation_block))}",
            found.risk_frontier,
        )
    }
    if found.has_data_spend:
        fronts["spend_data"] = ("most sparing with data on people", "data spend", found.privacy_frontier)
    told = []
    for column, (what, meaning, front) in fronts.items():
        sign = -1 if column == "spend_data" or not found.higher_is_better else 1
        best = max(front, key=lambda k, c=column, s=sign: (s * table[c][k], -k))  # type: ignore[misc]
        is_own = best == 0
        money = METRIC["spend_data"] if column == "spend_data" else metric
        size = money.describe(float(table[column][best]), currency)
        mean = metric.describe(float(table[found.metric][best]), currency)
        told.append(
            f"The optimized plan is also the {what} of those judged ({meaning} {size})."
            if is_own
            else f"The {what} of the plans judged is {found.plans[best].label}: {meaning} {size}, mean {mean}."
        )
    told.append(frontier_caution(found))
    return told


def tail_words(n: int) -> str:
    """Return what the worst 5 % of n replicates are, as in ``worst 5 % (3 of 60 replicates)``; at least one."""
    share = round(TAIL * n, 9)
    if share <= 1:
        return f"worst of {n:,} replicates"
    return f"worst {percent(TAIL)} ({share:.3g} of {n:,} replicates)"


def frontier_caution(found: Optimization) -> str:
    """Return what the frontiers do not show: they are chosen where they are judged, and a tail has no interval."""
    return (
        "Which plans are on a frontier is chosen on the same fresh replicates that judge them, so that it looks "
        f"slightly better than it is; the mean of the {tail_words(len(found.evaluation_block))} has no interval here."
    )


def _listed(names: tuple[str, ...] | list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def calibration_command(found: Calibration) -> str | None:
    """Return the command that repeats a calibration; None where the command line does not have its settings."""
    model, seen = found.model, found.model.observation
    sizes = (len(found.posterior.scores), len(found.predicted))
    if sizes != (N_DRAWS, N_PREDICTIVE) or found.asked.get("n_checks") != N_CHECKS:
        return None
    words = _opening("calibrate", model.scenario)
    for parameter in model.free:
        words += ["--free", f"{parameter.name}={_prior(parameter)}"]
    if seen.series is None:
        for name, value, error in zip(seen.names, seen.values, seen.errors, strict=True):
            words += ["--target", f"{name}={float(value)!r}" + (f",{float(error)!r}" if error else "")]
    else:
        words += ["--series", "FILE", "--quantity", model.quantity]
        words += ["--weeks-per-period", str(model.weeks_per_period)]
        words += ["--measurement-error", repr(found.asked["measurement_error"])]
        words += ["--hold-out", str(len(seen.values) - seen.n_fitted)]
    words += ["--strategy", model.strategy, "--method", found.asked["method"]]
    words += ["--simulations", str(found.asked["n_simulations"])]
    return shlex.join([*words, "--seed", str(model.seed)])


def _prior(parameter: FreeParameter) -> str:
    form = {"uniform": "", "log_uniform": "log:", "normal": "normal:"}[parameter.form]
    return f"{form}{parameter.a!r}:{parameter.b!r}"


def optimization_command(found: Optimization) -> str:
    """Return the command that repeats an optimization."""
    plan = found.plan
    words = [*_opening("optimize", found.scenario), "--strategy", found.strategy]
    if found.decisions.split is None:
        words.append("--no-split")
    for part in found.decisions.parts:
        words += _decision(part)
    words += ["--metric", found.metric, "--method", found.method]
    words += [] if len(found.metrics) > 1 else ["--no-frontier"]
    numbers = {
        "first": plan.n_first,
        "rounds": plan.n_rounds,
        "batch": plan.batch,
        "replicates": plan.n_replicates,
        "race": plan.n_race,
        "finalists": plan.n_finalists,
        "confidence": plan.confidence,
        "evaluation": len(found.evaluation_block),
        "seed": found.seed,
    }
    return shlex.join([*words, *(word for name, n in numbers.items() for word in (f"--{name}", str(n)))])


def _decision(part: Split | Number | Choice) -> list[str]:
    if isinstance(part, Split):
        limits = enumerate(zip(part.low, part.high, strict=True))
        given = [f"{k}={low!r}:{high!r}" for k, (low, high) in limits if (low, high) != (0.0, 1.0)]
        return [word for text in given for word in ("--bound", text)]
    if isinstance(part, Number):
        low, high = (repr(int(x) if part.is_whole else x) for x in (part.low, part.high))
        return ["--vary", f"{part.path}={low}:{high}"]
    return ["--vary", f"{part.path}={'|'.join(as_text(option) for option in part.options)}"]


def _opening(verb: str, scenario: Scenario) -> list[str]:
    shipped = shipped_path(scenario.name)
    is_shipped = shipped is not None and str(shipped) == scenario.source
    place = scenario.name if is_shipped or not scenario.source else scenario.source
    settings = Treatment("", scenario.overrides).settings
    return ["simulator", verb, place, *(word for text in settings for word in ("--set", text))]
