"""Ground truth for measurement: what an analyst would see of a simulated market, with the true effects beside it.

``media_mix``
    A weekly table of sales, spend and impressions per channel, price and controls. Truth: what each channel brought
    about, by the same world without that channel.
``geo_lift``
    Sales by region and week; from a week on, the strategy runs in some regions only. Truth: what it brought about
    there, what spilled over into the other regions along social ties, and what running everywhere would bring.
``ab_test``
    One row per consumer; a line of the strategy addresses a random part of them. Truth: the effect on those addressed,
    the spillover on the others (interference: the stable-unit assumption fails), and the effect of addressing everybody.
``referral``
    Sales by market and week; in a random half of separate markets, a referral program starts. Truth: what the program
    brought about in them.
``referral_holdout``
    One row per consumer of one market; the referral program is withheld from a random part. Truth: what all gain if all
    have it, the direct effect while only a part has it, and the spillover on the others: invitations cross the border,
    so that the groups' difference is a biased estimate of the program's effect.

Every truth is a difference between two runs of the same world with the same luck: in the world that the tables show
(``value``), and as the mean over further worlds with its standard error (``expected``, ``expected_error``). A claim on
what happened in this market is compared with the one, a claim on markets like it with the other. Not offered, because
the model does not have it: targeted lines, content, seeding or programs in some regions only (they have no regions).

References
----------
Gordon, B. R., Zettelmeyer, F., Bhargava, N. & Chapsky, D. (2019). A comparison of approaches to advertising measurement:
evidence from big field experiments at Facebook. Marketing Science 38(2), 193-225.
Vaver, J. & Koehler, J. (2011). Measuring ad effectiveness using geo experiments. Google Research.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from simulator.errors import Fault
from simulator.experiment.argument_checks import checked, is_number
from simulator.experiment.measurement_holdout import referral_holdout
from simulator.experiment.measurement_result import KIND, stored_export
from simulator.experiment.measurement_result import Export as Export
from simulator.experiment.measurement_tables import media_mix
from simulator.experiment.measurement_trials import ab_test, geo_lift, referral
from simulator.experiment.measurement_worlds import Design, Found
from simulator.experiment.simulation import OnProgress
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.place_lock import reserved
from simulator.outcomes.places import check_place
from simulator.outcomes.provenance import versions
from simulator.outcomes.trajectories import unknown
from simulator.scenario import Scenario

KINDS = {
    "media_mix": media_mix,
    "geo_lift": geo_lift,
    "ab_test": ab_test,
    "referral": referral,
    "referral_holdout": referral_holdout,
}
#: Kinds that run consumer by consumer.
BY_CONSUMER = ("geo_lift", "ab_test", "referral_holdout")
#: Further worlds for expected effects where they are not asked for, in kinds where each takes long.
EXPECTED = {"geo_lift": 0, "ab_test": 0}
#: Most consumer-steps that are run consumer by consumer.
MOST_CONSUMER_STEPS = 2_000_000


def export(
    scenario: Scenario,
    strategy: str,
    *,
    kind: str = "media_mix",
    variation: float = 0.5,
    flight_weeks: int = 4,
    start_week: int | None = None,
    regions: Sequence[str] | None = None,
    line: int = 0,
    share: float = 0.5,
    n_markets: int = 20,
    n_expected: int | None = None,
    replicate: int = 0,
    start_date: str = "2024-01-01",
    seed: int | None = None,
    threads: int | None = None,
    out: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> Export:
    """Export what an analyst would see of a market, with the true effects beside it.

    Parameters
    ----------
    scenario : Scenario
        The market.
    strategy : str
        What the focal brand does.
    kind : {"media_mix", "geo_lift", "ab_test", "referral", "referral_holdout"}
        What is exported; see the module :mod:`simulator.experiment.measurement_export`.
    variation : float
        Coefficient of variation of media from flight to flight (``media_mix``); without any, no analyst can tell the
        channels apart.
    flight_weeks : int
        Length of a flight.
    start_week : int, optional
        Week in which a test begins; half of the horizon if omitted. Before it, what is tested does not run.
    regions : sequence of str, optional
        Regions that are treated (``geo_lift``); a random half if omitted.
    line : int
        Which of the strategy's media lines is tested (``ab_test``), in the order of the plan.
    share : float
        Share of consumers addressed (``ab_test``), or who have the program (``referral_holdout``).
    n_markets : int
        Markets, half of them treated (``referral``).
    n_expected : int, optional
        Further worlds over which expected effects are taken, with their standard errors; for ``referral_holdout`` also
        the further random assignments over which the direct effect in the world shown is. 0 for none. If omitted 20,
        and 0 for ``geo_lift`` and ``ab_test``, which run consumer by consumer, three runs for each further world.
    replicate : int
        World that the tables show.
    start_date : str
        Monday of the first week, yyyy-mm-dd.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    out : path, optional
        Folder to write to; an export of the same question that is there already is read instead of computed, anything
        else is left alone and refused.
    on_progress : callable, optional
        Receives (task, done, total).

    Returns
    -------
    Export
        Tables, truth and notes; ``.save(path)``.

    Raises
    ------
    ScenarioError
        With every fault of the arguments, and for tests that the model does not have.
    StoreError
        If the folder holds anything else, or cannot be written.

    Examples
    --------
    >>> import simulator as sim
    >>> data = sim.export(sim.load_scenario("launch"), "mass")  # doctest: +SKIP
    >>> data.truth  # doctest: +SKIP
    """
    design, question = _asked(
        scenario,
        strategy,
        kind=kind,
        variation=variation,
        flight_weeks=flight_weeks,
        start_week=start_week,
        regions=regions,
        line=line,
        share=share,
        n_markets=n_markets,
        n_expected=n_expected,
        replicate=replicate,
        start_date=start_date,
        seed=seed,
        threads=threads,
        on_progress=on_progress,
    )
    if out is None:
        return _exported(kind, design, question)
    with reserved(Path(out), partial(check_export, question=question), question):
        stored = stored_export(Path(out), question)
        if stored is not None:
            return stored
        result = _exported(kind, design, question)
        result.save(out)
    return result


def _exported(kind: str, design: Design, question: dict[str, Any]) -> Export:
    began = time.time()
    found: Found = KINDS[kind](design)
    notes = list(found.notes)
    if not design.n_expected:
        notes.append(
            "every truth is of this one world, its luck included: --expected 20 (n_expected) adds the mean over 20 "
            "further worlds with its standard error"
        )
    manifest = {
        "question": question,
        "notes": notes,
        "how_to_read": found.how_to_read,
        "versions": versions(),
        "wall_seconds": round(time.time() - began, 3),
    }
    return Export(kind, design.scenario.name, found.tables, found.truth, manifest)


def export_question(scenario: Scenario, strategy: str, **options: Any) -> dict[str, Any]:
    """Return the question that an export answers, before anything is computed.

    Parameters
    ----------
    scenario, strategy
        As for :func:`export`.
    **options
        Its further arguments, all of them but ``out`` and ``on_progress``.

    Raises
    ------
    ScenarioError
        With every fault of the arguments.
    """
    return _asked(scenario, strategy, on_progress=None, **options)[1]


def check_export(out: Path, question: Mapping[str, Any]) -> None:
    """Check that an export can be written to a folder.

    Parameters
    ----------
    out : Path
        The folder.
    question : mapping
        As :func:`export_question` returns it.

    Raises
    ------
    StoreError
        If the folder holds anything but an export of the same question, or cannot be written.
    """
    check_place(out, kind=KIND, question={f"question.{key}": question[key] for key in question})


def _asked(
    scenario: Scenario,
    strategy: str,
    *,
    kind: str,
    variation: float,
    flight_weeks: int,
    start_week: int | None,
    regions: Sequence[str] | None,
    line: int,
    share: float,
    n_markets: int,
    n_expected: int | None,
    replicate: int,
    start_date: str,
    seed: int | None,
    threads: int | None,
    on_progress: OnProgress | None,
) -> tuple[Design, dict[str, Any]]:
    """Return what is exported and the question that it answers, all arguments checked."""
    start, faults = 0, []
    if not isinstance(strategy, str):
        faults.append(Fault("export(strategy)", repr(strategy)[:80], "the name of one strategy"))
        strategy = "none"
    if isinstance(scenario, Scenario):
        start = scenario.horizon // 2 if start_week is None else start_week
        n_expected = EXPECTED.get(str(kind), 20) if n_expected is None else n_expected
        faults += _faults(
            scenario, kind, variation, flight_weeks, start, share, n_markets, n_expected, start_date
        )
    asked = checked(
        faults,
        scenario,
        strategies=strategy,
        seed=seed,
        n_replicates=1,
        first_replicate=replicate,
        engine="numba",
        threads=threads,
        verb="export",
    )
    design = Design(
        scenario=scenario,
        strategy=strategy,
        seed=asked.seed,
        replicate=replicate,
        threads=asked.threads,
        start=start,
        start_date=start_date,
        variation=float(variation),
        flight_weeks=flight_weeks,
        regions=None if regions is None else tuple(regions),
        line=line,
        share=float(share),
        n_markets=n_markets,
        n_expected=n_expected or 0,
        on_progress=on_progress,
    )
    return design, {"kind": kind, "trajectory_version": TRAJECTORY_VERSION, **design.question}


def _faults(
    scenario: Scenario,
    kind: str,
    variation: float,
    flight_weeks: int,
    start: int,
    share: float,
    n_markets: int,
    n_expected: int,
    start_date: str,
) -> list[Fault]:
    import datetime

    faults = [] if kind in KINDS else [unknown("export(kind)", kind, tuple(KINDS))]
    if not is_number(variation) or not 0 <= variation <= 5:
        faults.append(Fault("export(variation)", repr(variation), "a coefficient of variation, 0 to 5"))
    if not is_number(share) or not 0 < share < 1:
        faults.append(Fault("export(share)", repr(share), "a share between 0 and 1"))
    numbers = (("flight_weeks", flight_weeks, 1), ("n_markets", n_markets, 4), ("n_expected", n_expected, 0))
    for name, value, least in numbers:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            faults.append(Fault(f"export({name})", repr(value), f"a whole number, at least {least}"))
    is_week = isinstance(start, int) and not isinstance(start, bool) and 1 <= start < scenario.horizon
    if kind != "media_mix" and not is_week:
        faults.append(
            Fault("export(start_week)", repr(start), f"a week of the horizon, 1 to {scenario.horizon - 1}")
        )
    try:
        first = datetime.date.fromisoformat(start_date)
    except (TypeError, ValueError):
        faults.append(Fault("export(start_date)", repr(start_date), "a Monday, as yyyy-mm-dd"))
    else:
        if first.weekday():
            before = first - datetime.timedelta(days=first.weekday())
            got, remedy = (
                f"{start_date!r}, a {first:%A}",
                f"take {before} or {before + datetime.timedelta(7)}",
            )
            faults.append(Fault("export(start_date)", got, "a Monday, as weeks begin on it", remedy))
    size = scenario.population.consumers * (scenario.horizon + scenario.burn_in)
    if kind in BY_CONSUMER and size > MOST_CONSUMER_STEPS:
        most = MOST_CONSUMER_STEPS // (scenario.horizon + scenario.burn_in)
        remedy = "simulate the same market with fewer consumers: --consumers, or population.consumers"
        got = f"{scenario.population.consumers:,} consumers"
        faults.append(
            Fault("export(kind)", got, f"at most {most:,}, as these are written down one by one", remedy)
        )
    return faults
