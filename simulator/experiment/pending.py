"""Tasks that are not stored yet, and the order in which they may begin."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simulator.experiment.design_file import Design
from simulator.experiment.sweep_arguments import SweepArguments
from simulator.experiment.tasks import Task, replicates_per_task
from simulator.outcomes.experiment_store import ExperimentStore


@dataclass
class Waiting:
    """Tasks that have not begun."""

    ready: deque[Task] = field(default_factory=deque)
    #: Tasks that wait for the levels of their point, by scenario and point.
    blocked: dict[tuple[int, int], list[Task]] = field(default_factory=dict)
    #: Tasks that are run alone, because they were in flight whenever a worker was lost.
    suspects: deque[Task] = field(default_factory=deque)

    def __bool__(self) -> bool:
        return bool(self.ready or self.blocked or self.suspects)


def with_levels_first(tasks: Sequence[Task], is_remote: bool) -> Waiting:
    """Let one task of a point solve its levels before the others begin, where they run in other processes."""
    waiting = Waiting()
    if not is_remote:
        waiting.ready.extend(tasks)
        return waiting
    by_point: dict[tuple[int, int], list[Task]] = {}
    for task in tasks:
        by_point.setdefault((task.scenario, task.point), []).append(task)
    for key, group in by_point.items():
        names = {name: place for task in group for name, place in task.treatments.items()}
        levels = {name: level for task in group for name, level in task.levels.items()}
        if len(group) == 1 or names.keys() <= levels.keys():
            waiting.ready.extend(group)
            continue
        waiting.ready.append(replace(group[0], treatments=names, replicates=()))
        waiting.blocked[key] = group
    return waiting


def pending_tasks(design: Design, store: ExperimentStore, asked: SweepArguments) -> list[Task]:
    """Return the tasks that make what is not stored yet.

    Parameters
    ----------
    design : Design
        What is run.
    store : ExperimentStore
        What is there.
    asked : SweepArguments
        Engine, threads and workers.

    Returns
    -------
    list of Task
        Point by point, in the order of the design.
    """
    finished = store.finished(design.replicates)
    levels = _stored_levels(design, store)
    n_strategies = len(design.strategies)
    tasks_per_point = math.ceil(asked.n_workers / (len(design.points) * len(design.scenarios)))
    tasks = []
    position = 0
    for s, scenario in enumerate(design.scenarios):
        for p, point in enumerate(design.points):
            groups: dict[tuple[int, ...], dict[str, int]] = {}
            for name in design.strategies:
                numbers = tuple(
                    replicate for r, replicate in enumerate(design.replicates) if not finished[position, r]
                )
                if numbers:
                    groups.setdefault(numbers, {})[name] = position
                position += 1
            size = replicates_per_task(
                scenario,
                n_strategies,
                len(design.replicates),
                tasks_per_point=tasks_per_point,
                threads=asked.threads,
            )
            for numbers, treatments in groups.items():
                known = {name: levels[k] for name, k in treatments.items() if k in levels}
                tasks += [
                    Task(
                        scenario=s,
                        point=p,
                        overrides=dict(point.overrides),
                        treatments=treatments,
                        replicates=numbers[start : start + size],
                        levels=known,
                        seed=design.seed,
                        metrics=design.metrics,
                        engine=asked.engine,
                        threads=asked.threads,
                    )
                    for start in range(0, len(numbers), size)
                ]
    return tasks


def _stored_levels(design: Design, store: ExperimentStore) -> dict[int, dict[str, Any]]:
    """Return the levels of treatments of which some replicates are stored."""
    rows = store.rows
    per_scenario = len(design.points) * len(design.strategies)
    found: dict[int, dict[str, Any]] = {}
    for row, treatment in enumerate(rows.treatments):
        if int(treatment) in found:
            continue
        n_pilots = int(rows.n_pilots[row])
        scenario = design.scenarios[int(treatment) // per_scenario]
        found[int(treatment)] = {
            "level": float(rows.levels[row]),
            "pilot_spend": float(rows.pilot_spends[row]),
            "budget": float(scenario.comparison.budget) if n_pilots else 0.0,
            "n_pilot_runs": n_pilots,
            "note": rows.notes[row],
        }
    return found
