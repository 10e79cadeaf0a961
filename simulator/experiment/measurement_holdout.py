"""A referral program withheld from a random part of the consumers of one market, and what it truly brings about.

Those from whom it is withheld are not asked to invite, and an invitation that reaches them carries no reward.
Invitations cross the border between the groups: those withheld hear the talk that comes with them, and those who have
the program are invited by fewer friends than if all had it. The groups' difference in means therefore aims at the
direct effect under partial treatment, not at what the program brings about when all have it.

With Y_i(a) the purchases of consumer i under the assignment a, and p the share who have the program:

* rollout effect: mean over i of Y_i(all) - Y_i(none);
* direct effect: mean over i of E[Y_i(a with a_i = 1) - Y_i(a with a_i = 0)], over random assignments a of the others
  (Hudgens & Halloran 2008). It is estimated by the difference between the groups' means of Y_i(a) - Y_i(none), averaged
  over random assignments; subtracting Y_i(none), which no analyst sees, takes out what differs between consumers anyway.
  As groups are of random size, this has a bias of the order of the spillover over the number of consumers.

References
----------
Hudgens, M. G. & Halloran, M. E. (2008). Toward causal inference with interference. Journal of the American Statistical
Association 103(482), 832-842.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.experiment import measurement_plans as plans
from simulator.experiment.measurement_worlds import (
    Design,
    Found,
    Values,
    consumer_table,
    ready_plans,
    truth_rows,
    with_expected,
)
from simulator.outcomes.consumer_records import ConsumerRecords, record_consumers

if TYPE_CHECKING:
    import pandas

#: Tells the generator of assignments from those of other tests.
_STREAM = 24


def referral_holdout(design: Design) -> Found:
    """Return one row per consumer of a test that withholds the referral program from a part of them, and the truth.

    Parameters
    ----------
    design : Design
        What is exported; ``share`` have the program, ``n_expected`` further assignments are run for the direct
        effect in this world, and as many further worlds, each with its assignment, for expected effects.
    """
    market, plan, _ = ready_plans(design)
    plans.check_referral(market, plan, design.strategy, "referral_holdout")
    program = plans.without_program(market, plan, "referral", before=design.start)
    nobody, everybody = np.zeros(market.n_consumers, bool), np.ones(market.n_consumers, bool)
    n_runs, done = 3 + 4 * design.n_expected, iter(range(3 + 4 * design.n_expected))

    def run(treated: NDArray[np.bool_], world: Design = design) -> ConsumerRecords:
        design.report(next(done), n_runs)
        return record_consumers(
            market, program, seed=world.seed, replicate=world.replicate, withheld=~treated
        )

    treated, *others = (assignment(design, k, market.n_consumers) for k in range(1 + design.n_expected))
    shown, without, rollout = run(treated), run(nobody), run(everybody)
    base = _during(design, without)
    gained, gained_by_all = _during(design, shown) - base, _during(design, rollout) - base
    contrasts = [_contrast(gained, treated)]
    contrasts += [_contrast(_during(design, run(other)) - base, other) for other in others]
    further = []
    for world in design.further():
        there = assignment(world, 0, market.n_consumers)
        some, none, every = (_during(design, run(who, world)) for who in (there, nobody, everybody))
        further.append(_effects(some - none, every - none, there))
    design.report(n_runs, n_runs)
    table = consumer_table(design, market, shown, treated).assign(
        invitations_sent=np.bincount(shown.invitations[:, 0], minlength=len(treated)), redeemed=shown.redeemed
    )
    found = {**_effects(gained, gained_by_all, treated), "direct_effect": float(np.mean(contrasts))}
    truth = _truth(design, found, np.array(contrasts), further)
    return Found({"referral_holdout.csv": table}, truth, _notes(table, shown, treated, gained_by_all))


def assignment(design: Design, number: int, n_consumers: int) -> NDArray[np.bool_]:
    """Return who has the program in an assignment; number 0 is the one that the table shows."""
    rng = np.random.default_rng([design.seed, _STREAM, design.replicate, number])
    treated: NDArray[np.bool_] = rng.random(n_consumers) < design.share
    if min(treated.sum(), n_consumers - treated.sum()) < 2:
        expected = f"a share that leaves both groups two or more of {n_consumers} consumers"
        raise ScenarioError([Fault("export(share)", repr(design.share), expected)])
    return treated


def _during(design: Design, records: ConsumerRecords) -> Values:
    """Return purchases of each consumer during the test."""
    return np.asarray(records.purchases[design.start :].sum(axis=0), np.float64)


def _contrast(values: Values, treated: NDArray[np.bool_]) -> float:
    return float(values[treated].mean() - values[~treated].mean())


def _effects(gained: Values, gained_by_all: Values, treated: NDArray[np.bool_]) -> dict[str, float]:
    """Return the effects in one assignment in one world; it is all that is known of the direct effect there."""
    contrast = _contrast(gained, treated)
    return {
        "treated_effect": float(gained[treated].mean()),
        "withheld_spillover": float(gained[~treated].mean()),
        "contrast": contrast,
        "direct_effect": contrast,
        "rollout_effect": float(gained_by_all.mean()),
    }


def _truth(
    design: Design, found: Mapping[str, float], contrasts: Values, further: Sequence[Mapping[str, float]]
) -> pandas.DataFrame:
    """Return the true effects in this world, where one rests on random assignments with its error, and expected."""
    unit = f"purchases per consumer in {design.scenario.horizon - design.start} weeks"
    n = len(contrasts)
    error = float(contrasts.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    table = truth_rows(
        (
            "treated_effect",
            found["treated_effect"],
            unit,
            "what the test changed for those who had the program, against no program at all",
        ),
        (
            "withheld_spillover",
            found["withheld_spillover"],
            unit,
            "what it changed for those from whom it was withheld, by talk and invitations",
        ),
        (
            "contrast",
            found["contrast"],
            unit,
            "the difference of the two, in this assignment: what the groups' comparison aims at",
        ),
        (
            "direct_effect",
            found["direct_effect"],
            unit,
            f"what having the program changes for a consumer while {design.share:.0%} of the others have it",
        ),
        (
            "rollout_effect",
            found["rollout_effect"],
            unit,
            "what the program changes if all have it, against none: what the decision is about",
        ),
    )
    table["value_error"] = np.where(table["effect"] == "direct_effect", error, np.nan)
    return with_expected(table, {name: np.array([one[name] for one in further]) for name in found}, {})


def _notes(
    table: pandas.DataFrame, shown: ConsumerRecords, treated: NDArray[np.bool_], gained_by_all: Values
) -> list[str]:
    """Return what the reader must know, the naive estimate and its error among it."""
    during = np.asarray(table["purchases_during"], np.float64)
    naive = _contrast(during, treated)
    error = float(np.sqrt(sum(part.var(ddof=1) / part.size for part in (during[treated], during[~treated]))))
    crossed = treated[shown.invitations[:, 0]] & ~treated[shown.invitations[:, 1]]
    share = f"{crossed.mean():.0%}" if crossed.size else "none"
    return [
        f"the groups' difference in means is {naive:+.4f} (standard error {error:.4f}); if all have the program, "
        f"purchases rise by {gained_by_all.mean():+.4f} per consumer",
        f"invitations cross the border: {share} of {crossed.size:,} reached somebody from whom the program was withheld",
        "the program's budget is the strategy's in every assignment, and the other lines run for everybody throughout",
        "consumers are written down from the Mesa engine: trajectories of the compiled engine hold no consumers",
    ]


__all__ = ["assignment", "referral_holdout"]
