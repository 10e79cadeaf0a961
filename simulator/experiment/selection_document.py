"""A selection in words, as a table and as a JSON document."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.experiment.rare_luck import luck_met, luck_sentence
from simulator.outcomes.plain_data import plain
from simulator.outcomes.statistics import largest_share_unseen
from simulator.outcomes.wording import rounded

if TYPE_CHECKING:
    import pandas

    from simulator.experiment.selection import Selection

PROCEDURES = {
    "kn": "Kim & Nelson",
    "ocba": "budget allocation by pairs",
    "ocba_independent": "budget allocation for independent outcomes",
    "subset": "screening",
}


def sentences_of(found: Selection) -> tuple[str, ...]:
    """Return the answer and what stands behind it; the first sentence is the answer."""
    return (_answer(found), _cost(found), _fresh(found), _curse(found), *_alike(found), luck_sentence(found))


def _answer(found: Selection) -> str:
    metric, rule, choice = found.metric, found.rule, found.choice
    zone = metric.describe(rule.indifference, found.currency, "gap")
    called = metric.name.replace("_", " ")
    chance = f"{choice.probability * 100:.3g} %"
    doubt = ", and if the first stage met the rare luck that is seen" if found.is_in_doubt else ""
    if not choice.is_settled:
        names = ", ".join(f'"{name}"' for name in found.contenders)
        how = "within" if rule.method != "subset" else "with"
        most = rule.most if rule.method != "subset" else choice.first_stage
        return (
            f"Not separated {how} {most:,} replicates each: the best in {called} is among {names}, with a "
            f"probability of {_at_least(found)}{rule.confidence * 100:g} %, if the best leads by {zone} or more{doubt}; "
            f'"{found.best}" leads.'
        )
    return (
        f'"{found.best}" is selected: its {called} is the best with a probability of {_at_least(found)}{chance}, '
        f"if the best leads by {zone} or more{doubt}."
    )


def _at_least(found: Selection) -> str:
    return "about " if found.rule.method.startswith("ocba") else "at least "


def _cost(found: Selection) -> str:
    n, equal = found.n_drawn, found.equal
    procedure = PROCEDURES[found.rule.method]
    told = f"It took {n:,} replicates of a strategy in all ({procedure})"
    if found.evaluation.n_checked:
        told += f", and {found.evaluation.n_checked:,} fresh ones to check the others for rare luck"
    if found.rule.method == "subset" or not found.is_settled:
        return f"{told}."
    change = abs(found.saved_share) * 100
    saved = f"{change:.0f} % {'are saved against' if found.saved_share >= 0 else 'more than'}"
    return (
        f"{told}; in two stages, equal allocation would take {equal.paired:,} by pairs, Rinott's "
        f"{equal.independent:,} without: {saved if change >= 0.5 else 'about as many as'} the cheaper."
    )


def _fresh(found: Selection) -> str:
    fresh, metric = found.evaluation, found.metric
    lead = fresh.lead
    size = metric.describe(lead.mean, found.currency, "change")
    limits = f"{rounded(lead.lower, metric.unit)} to {rounded(lead.upper, metric.unit)}"
    return (
        f'On {lead.n:,} fresh replicates, "{found.best}" leads the runner-up '
        f'"{found.treatments[fresh.runner_up]}" by {size} ({found.rule.confidence * 100:g} % interval {limits}).'
    )


def _curse(found: Selection) -> str:
    curse, metric = found.evaluation.curse, found.metric
    lead = metric.describe(curse.selection_lead, found.currency, "change")
    excess = metric.describe(abs(curse.excess), found.currency, "gap")
    more = "more" if curse.excess >= 0 else "less"
    known = math.isfinite(curse.half_width)
    half = (
        f"+- {rounded(curse.half_width, metric.unit)}"
        if known
        else "it never varied: how surely is not known"
    )
    return (
        f"In the replicates that selected it, the lead was {lead}, {excess} {more} than on the fresh ones "
        f"({half})."
    )


def _alike(found: Selection) -> tuple[str, ...]:
    """Return what to know of differences with the chosen treatment that never varied."""
    choice = found.choice
    pairs = [pair for pair in choice.alike if choice.best in pair]
    if not pairs:
        return ()
    others = [found.treatments[i] for pair in pairs for i in pair if i != choice.best]
    names = ", ".join(f'"{name}"' for name in others)
    share = largest_share_unseen(choice.first_stage, found.rule.confidence) * 100
    return (
        f'The difference between "{found.best}" and {names} was the same in all {choice.first_stage:,} replicates of '
        f"the first stage; it may be another in up to {share:.2g} % of replicates.",
    )


def frame_of(found: Selection) -> pandas.DataFrame:
    """Return one row per treatment."""
    import pandas as pd

    nan = float("nan")
    fresh, choice = found.evaluation, found.choice
    rows = []
    for i, name in enumerate(found.treatments):
        place = fresh.positions.index(i) if i in fresh.positions else None
        row: dict[str, Any] = {
            "treatment": name,
            "is_selected": choice.is_settled and i == choice.best,
            "is_contender": i in choice.contenders,
            "n_replicates": choice.n_by_treatment[i],
            "dropped_at": choice.dropped_at[i],
            "mean": float(found.outcomes[i].mean()),
            "evaluation_mean": nan if place is None else fresh.estimates[place].mean,
            "evaluation_half_width": nan if place is None else fresh.estimates[place].half_width,
            "to_best": nan if place is None else fresh.to_best[place].mean,
            "to_best_lower": nan if place is None else fresh.to_best[place].lower,
            "to_best_upper": nan if place is None else fresh.to_best[place].upper,
            "p_holm": nan if place is None else float(fresh.p_values[place]),
            "n_fresh": fresh.n_fresh(i),
            "skewness": fresh.luck[i].skewness if i in fresh.luck else nan,
            "kurtosis": fresh.luck[i].kurtosis if i in fresh.luck else nan,
        }
        rows.append(row)
    table = pd.DataFrame(rows)
    table["dropped_at"] = table["dropped_at"].astype("Int64")
    return table


def json_document(found: Selection) -> dict[str, Any]:
    """Return a selection as plain data; undefined and infinite numbers are None."""
    fresh, rule, choice = found.evaluation, found.rule, found.choice
    rows = frame_of(found).astype(object).where(lambda t: t.notna(), None).to_dict(orient="records")
    document: dict[str, Any] = plain(
        {
            "scenario": found.scenario,
            "metric": found.metric.name,
            "seed": found.seed,
            "engine": found.engine,
            "digest": found.digest,
            "rule": rule._asdict(),
            "best": found.best,
            "is_settled": choice.is_settled,
            "contenders": list(found.contenders),
            "probability": choice.probability,
            "probability_means": choice.meaning,
            "first_stage": choice.first_stage,
            "never_varied": [[found.treatments[i] for i in pair] for pair in choice.alike],
            "replicates": {
                "drawn": found.n_drawn,
                "equal_paired": found.equal.paired,
                "equal_independent": found.equal.independent,
                "saved_share": found.saved_share,
                "first_selecting": found.first_replicate,
                "first_evaluating": fresh.first_replicate,
                "evaluating": fresh.lead.n,
                "checking": fresh.n_checked,
            },
            "lead": {
                "over": found.treatments[fresh.runner_up],
                "mean": fresh.lead.mean,
                "lower": fresh.lead.lower,
                "upper": fresh.lead.upper,
            },
            "winners_curse": fresh.curse._asdict(),
            "rarest_luck": fresh.rarest._asdict(),
            "is_in_doubt": found.is_in_doubt,
            "luck_met_one_in": luck_met(found),
            "warnings": list(found.warnings),
            "treatments": rows,
            "sentences": list(found.sentences),
        }
    )
    return document
