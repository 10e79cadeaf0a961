"""Select the best of several strategies with a stated probability, with as few replicates as that takes.

Strategies are selected on one block of replicates and evaluated on another: the lead of a winner, measured on
the very replicates that made it win, is too large on average (the winner's curse).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.experiment.argument_checks import (
    OnQuestion,
    asked_question,
    checked,
    default_metric,
    directed_metric,
    provenance,
    treatments_of,
    whole,
    with_reference,
)
from simulator.experiment.batches import BatchStore
from simulator.experiment.choosing import Rule, choose
from simulator.experiment.equal_allocation import EqualCost, equal_cost
from simulator.experiment.evaluation import Evaluation, evaluate_choice
from simulator.experiment.kim_nelson import Choice
from simulator.experiment.rare_luck import is_in_doubt, luck_sentence, replicates_to_check
from simulator.experiment.sampling import EVALUATION_BLOCK, Record, Values, market_sample, outcome_digest
from simulator.experiment.selection_document import frame_of, json_document, sentences_of
from simulator.experiment.selection_rule import check_number, checked_rule
from simulator.experiment.simulation import OnProgress
from simulator.experiment.sweep_arguments import place_faults
from simulator.experiment.treatments import Treatment
from simulator.experiment.workers import workers_of
from simulator.outcomes import store
from simulator.outcomes.metrics import METRIC, Metric
from simulator.outcomes.text_tables import p_value_cell
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """The best of several strategies, how sure that is, and what it is worth on fresh replicates.

    Parameters
    ----------
    scenario : str
        Short name of the scenario.
    treatments : tuple of str
        Names of what was compared.
    metric : Metric
        In which more or less is better.
    currency : str
        Currency of amounts of money.
    rule : Rule
        Procedure, indifference zone, confidence, first stage, batch, most replicates.
    choice : Choice
        What the procedure arrived at; positions refer to ``treatments``.
    outcomes : tuple of ndarray of float64, each of shape (replicate,)
        Outcomes by treatment on the block that selected.
    equal : EqualCost
        Replicates that equal (paired) and Rinott's two-stage allocation would take for the same statement.
    evaluation : Evaluation
        Estimates on the block that did not select.
    seed : int
        Seed.
    first_replicate : int
        First replicate of the block that selected.
    engine : str
        Engine that ran the replicates.
    digest : str
        Hash over all outcomes of both blocks.
    manifest : dict
        How the selection came about.
    """

    scenario: str
    treatments: tuple[str, ...]
    metric: Metric
    currency: str
    rule: Rule
    choice: Choice
    outcomes: tuple[Values, ...]
    equal: EqualCost
    evaluation: Evaluation
    seed: int
    first_replicate: int
    engine: str
    digest: str
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def best(self) -> str:
        """Treatment that is selected, or that leads where none could be."""
        return self.treatments[self.choice.best]

    @property
    def is_settled(self) -> bool:
        """Whether the stated probability was reached within the replicates allowed."""
        return self.choice.is_settled

    @property
    def contenders(self) -> tuple[str, ...]:
        """Treatments that may still be the best, ``best`` first."""
        return tuple(self.treatments[i] for i in self.choice.contenders)

    @property
    def n_drawn(self) -> int:
        """Replicates of a treatment that the selection took in all, evaluation and check for rare luck apart."""
        return self.choice.n_drawn

    @property
    def saved_share(self) -> float:
        """Share of the replicates of the cheaper two-stage procedure that was saved; negative if more were drawn.

        Those that check for rare luck what is not evaluated count as drawn.
        """
        return 1 - (self.n_drawn + self.evaluation.n_checked) / self.equal.cheaper

    @property
    def is_in_doubt(self) -> bool:
        """Whether fresh replicates show luck so rare that the first stage may have missed what matters."""
        return is_in_doubt(self)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What limits the answer."""
        return (luck_sentence(self),) if self.is_in_doubt else ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer and what stands behind it, in plain sentences; the first is the answer."""
        return sentences_of(self)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return one row per treatment.

        Returns
        -------
        pandas.DataFrame
            ``treatment, is_selected, is_contender, n_replicates, dropped_at, mean`` on the selecting block;
            ``evaluation_mean, evaluation_half_width, to_best_lower, to_best_upper, p_holm`` on the
            evaluating one, NaN for treatments that were not evaluated; ``n_fresh`` replicates of that block, and
            ``skewness`` and excess ``kurtosis`` of the difference to the chosen treatment, there or,
            where luck looks rarer in them, in the replicates of a long first stage.
        """
        return frame_of(self)

    def to_json_document(self) -> dict[str, Any]:
        """Return the document that ``simulator select --json`` prints."""
        return json_document(self)

    def save(self, path: str | Path, *, extra_files: dict[str, bytes] | None = None) -> Path:
        """Write a folder of results, whole or not at all.

        Parameters
        ----------
        path : path
            Folder; a folder of earlier results is replaced, any other folder with content is refused.
        extra_files : dict, optional
            Further files by relative name.

        Returns
        -------
        pathlib.Path
            The folder: ``manifest.json``, ``selection.json``, ``treatments.csv``, ``outcomes.csv``.
        """
        files = {
            "selection.json": store.json_bytes(self.to_json_document()),
            "treatments.csv": self.to_dataframe().to_csv(index=False).encode(),
            "outcomes.csv": self._outcomes_csv(),
            **(extra_files or {}),
        }
        return store.save_files(files, {**self.manifest, "digest": self.digest}, Path(path))

    def _outcomes_csv(self) -> bytes:
        lines = ["block,treatment,replicate,outcome"]
        found, everyone = self.evaluation, tuple(range(len(self.treatments)))
        blocks = [
            ("selection", self.first_replicate, everyone, self.outcomes),
            ("evaluation", found.first_replicate, found.positions, tuple(found.outcomes)),
            ("evaluation", found.first_replicate, found.checked, tuple(found.checked_outcomes)),
        ]
        for block, first, positions, outcomes in blocks:
            for position, values in zip(positions, outcomes, strict=True):
                name = self.treatments[position].replace('"', '""')
                lines += [
                    f'{block},"{name}",{first + r},{value!r}' for r, value in enumerate(values.tolist())
                ]
        return ("\n".join(lines) + "\n").encode()

    def __repr__(self) -> str:
        head = f"Selection among {len(self.treatments)} treatments: {self.scenario}, seed {self.seed}"
        return "\n".join([head, *(f"  {line}" for line in self.sentences), f"  digest {self.digest[:16]}"])

    def _repr_html_(self) -> str:
        shown = {"p_holm": p_value_cell}
        table: str = self.to_dataframe().to_html(index=False, border=0, float_format="%.4g", formatters=shown)
        return f"<p><b>{self.sentences[0]}</b></p>{table}"


def _number(given: Sequence[Treatment] | None, names: Sequence[str] | None, scenario: Scenario) -> int:
    """Return how many treatments take part, 2 at least; wrong names are told elsewhere."""
    if given or not isinstance(scenario, Scenario):
        return max(2, len(given or ()))
    return max(2, len(with_reference(names or scenario.strategy_names, scenario)))


def select(
    scenario: Scenario,
    *,
    strategies: Sequence[str | Treatment] | str | None = None,
    method: str = "kn",
    metric: str | None = None,
    indifference: float | None = None,
    confidence: float | None = None,
    first_stage: int | str = 10,
    batch: int = 10,
    max_replicates: int = 1000,
    n_evaluation: int = 100,
    n_check: int | None = None,
    seed: int | None = None,
    engine: str = "numba",
    threads: int | None = None,
    on_progress: OnProgress | None = None,
    processes: int | None = None,
    cluster: str | None = None,
    keep_in: str | Path | None = None,
    on_question: OnQuestion | None = None,
) -> Selection:
    """Select the best strategy with a stated probability of correct selection.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    strategies : sequence of str or Treatment, optional
        Names of strategies (the scenario's if omitted; the baseline and ``none`` always take part), or
        treatments, which are taken as they are.
    method : {"kn", "ocba", "ocba_independent", "subset"}
        ``kn``: Kim & Nelson, fully sequential, with a guarantee. ``ocba``: budget allocation by pairs, stops
        on an estimate. ``ocba_independent``: the same as published for independent outcomes. ``subset``:
        the first stage alone, then those that may be the best.
    metric : str, optional
        Metric to select by; the scenario's if omitted.
    indifference : float, optional
        Smallest lead that matters, > 0, in the metric's unit; the scenario's ``minimum_effect`` if omitted.
    confidence : float, optional
        Probability of correct selection, above 1 / k and below 1; the scenario's if omitted.
    first_stage : int or str
        Replicates of every treatment at the start, at least 2; 10 or more is advised. Or the rarest luck that it shall
        meet with the confidence asked for, ``"1 in 20"``: see :mod:`simulator.experiment.rare_luck`. Where the
        difference of two treatments never varied, so many are taken that luck of one in twenty would have been met.
    batch : int
        Replicates drawn at once.
    max_replicates : int
        Most replicates of a treatment, at least ``first_stage``.
    n_evaluation : int
        Fresh replicates, at least 2, on which the contenders, the runner-up and the baseline are evaluated.
    n_check : int, optional
        Fresh replicates, at most ``n_evaluation``, on which all others are checked for rare luck; by default those that
        meet luck of one in ten, or none where the first stage does; 0 for none.
    seed : int, optional
        0 to 2**32 - 1; the scenario's seed if omitted.
    engine : {"numba", "mesa"}
        Engine; both give the same outcomes.
    threads : int, optional
        Threads of the numba engine; all processors if omitted.
    on_progress : callable, optional
        Receives (task, done, total) of each round.
    processes : int, optional
        Run in this many processes instead of in this one.
    cluster : str, optional
        Run on a Dask cluster: the address of its scheduler, or ``local``.
    keep_in : path, optional
        Folder in which outcomes are kept: called again after an interruption, the study goes on where it was.
    on_question : callable, optional
        Receives what is asked, complete, before anything is simulated; what it raises ends the call.

    Returns
    -------
    Selection
        The selected strategy, the replicates it took and would have taken, and its value on fresh ones.

    Raises
    ------
    ScenarioError
        With everything that is wrong with the arguments.
    UndefinedOutcomeError
        If the metric is undefined in a replicate.

    Examples
    --------
    >>> import simulator as sim
    >>> scenario = sim.load_scenario("classroom")  # doctest: +SKIP
    >>> sim.select(scenario, indifference=500.0).best  # doctest: +SKIP
    'social'
    """
    began = time.time()
    cache = BatchStore(keep_in)
    faults = place_faults("select", processes=processes, cluster=cluster)
    names, given = treatments_of("select(strategies)", strategies, faults)
    question = scenario.comparison if isinstance(scenario, Scenario) else None
    chosen = directed_metric("select(metric)", default_metric(metric, question), faults)
    level = 0.95 if question is None and confidence is None else confidence
    wanted = Rule(method, indifference, level, first_stage, batch, max_replicates)  # type: ignore[arg-type]
    rule = checked_rule(wanted, question, _number(given, names, scenario), faults)
    n_fresh = whole("select(n_evaluation)", n_evaluation, 2, EVALUATION_BLOCK - 1, faults)
    if n_check is not None:
        n_check = whole("select(n_check)", n_check, 0, n_fresh, faults)
    asked = checked(
        faults,
        scenario,
        strategies=names,
        seed=seed,
        n_replicates=1,
        first_replicate=0,
        engine=engine,
        threads=threads,
        verb="select",
    )
    treatments = given or with_reference(asked.strategies, scenario)
    check_number(len(treatments), rule.confidence)
    higher = METRIC[chosen].better == "higher"
    baseline = next(
        (i for i, t in enumerate(treatments) if t == Treatment(scenario.comparison.baseline)), None
    )
    plain = {
        "treatments": [{"strategy": t.strategy, "overrides": dict(t.overrides)} for t in treatments],
        "metric": chosen,
    }
    zone = {f"rule.{key}": value for key, value in rule._asdict().items() if key != "most"}
    asked_question(on_question, scenario, asked.seed, **plain, **zone)
    with workers_of(scenario, processes, cluster, threads) as workers:
        sample = market_sample(
            scenario,
            treatments,
            chosen,
            seed=asked.seed,
            engine=engine,
            threads=asked.threads,
            on_progress=on_progress,
            cache=cache,
            workers=workers,
        )
        record = Record(sample, len(treatments), higher_is_better=higher)
        choice = choose(record, rule)
        size = replicates_to_check(len(treatments), rule.confidence, choice.first_stage, n_fresh, n_check)
        evaluation = evaluate_choice(sample, record, choice, rule.confidence, n_fresh, baseline, size)
    first = record.values[:, : choice.first_stage]
    outcomes = tuple(record.sign * record.of(i) for i in range(len(treatments)))
    return Selection(
        scenario=scenario.name,
        treatments=tuple(t.name for t in treatments),
        metric=METRIC[chosen],
        currency=scenario.market.currency,
        rule=rule,
        choice=choice,
        outcomes=outcomes,
        equal=equal_cost(first, indifference=rule.indifference, confidence=rule.confidence),
        evaluation=evaluation,
        seed=asked.seed,
        first_replicate=0,
        engine=engine,
        digest=outcome_digest(
            chosen,
            *(t.digest for t in treatments),
            *outcomes,
            evaluation.outcomes,
            evaluation.checked_outcomes,
        ),
        manifest={
            **provenance("selection", scenario, asked.seed, engine, began),
            **plain,
            "rule": rule._asdict(),
            "first_stage_asked": first_stage,
            "n_evaluation": n_fresh,
            "n_check": size,
        },
    )
