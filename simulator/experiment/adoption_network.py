"""People on a network with known times of adoption."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault, ScenarioError
from simulator.outcomes.trajectories import unknown
from simulator.outcomes.wording import counted

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

INFLUENCES = ("named", "naming", "both", "everyone", "nobody")


@dataclass(frozen=True, eq=False)
class AdoptionNetwork:
    """People, who influences whom, and when each adopted.

    Parameters
    ----------
    periods : ndarray of int64, shape (person,)
        Period of adoption, 1 or later; anything beyond ``n_periods`` is "not within the periods observed".
    n_periods : int
        Periods observed.
    sources, targets : ndarray of int64, shape (tie,)
        Arcs: person ``sources[k]`` influences person ``targets[k]``.
    groups : ndarray of int64, shape (person,)
        Group of each person, 0, 1, …
    group_names : tuple of str
        Their names.
    everyone : bool
        All members of a group influence each other, and the arcs do not count.
    """

    periods: Whole
    n_periods: int
    sources: Whole
    targets: Whole
    groups: Whole
    group_names: tuple[str, ...]
    everyone: bool = False

    @property
    def n_people(self) -> int:
        """Number of people."""
        return len(self.periods)

    @property
    def degrees(self) -> Values:
        """How many people influence each person."""
        if self.everyone:
            return np.bincount(self.groups).astype(np.float64)[self.groups] - 1
        return np.bincount(self.targets, minlength=self.n_people).astype(np.float64)

    def exposure(self, has_adopted: NDArray[np.bool_]) -> Values:
        """Return how many of those who influence each person have adopted.

        Parameters
        ----------
        has_adopted : ndarray of bool, shape (person,) or (person, world)
            Who has adopted; several worlds stand side by side.

        Returns
        -------
        ndarray of float64
            Same shape.
        """
        if self.everyone:
            n_groups = len(self.group_names)
            flat = has_adopted.reshape(self.n_people, -1).astype(np.float64)
            per_group = np.zeros((n_groups, flat.shape[1]))
            np.add.at(per_group, self.groups, flat)
            return (per_group[self.groups] - flat).reshape(has_adopted.shape)
        from scipy.sparse import csr_matrix

        ones = np.ones(len(self.sources))
        matrix = csr_matrix((ones, (self.targets, self.sources)), shape=(self.n_people, self.n_people))
        found: Values = matrix @ has_adopted.astype(np.float64)
        return found

    def until(self, last: int) -> AdoptionNetwork:
        """Return the same people observed up to a period only."""
        return replace(self, n_periods=last)

    def counts(self) -> Whole:
        """Return the adopters per period and group; shape (period, group)."""
        found = np.zeros((self.n_periods, len(self.group_names)), np.int64)
        seen = self.periods <= self.n_periods
        np.add.at(found, (self.periods[seen] - 1, self.groups[seen]), 1)
        return found


def adoption_network(
    periods: Any,
    ties: Any,
    *,
    n_periods: int,
    groups: Any = None,
    influence: str = "named",
    within_groups: bool = False,
) -> AdoptionNetwork:
    """Put together people, ties and times of adoption.

    Parameters
    ----------
    periods : array-like of int, shape (person,)
        Period in which each adopted, from 1; beyond ``n_periods``, 0 or NaN: not within the periods observed.
    ties : array-like of int, shape (tie, 2)
        Who names whom, as positions in ``periods``.
    n_periods : int
        Periods observed, at least 2.
    groups : array-like, shape (person,), optional
        Group of each person, for example a village.
    influence : {"named", "naming", "both", "everyone", "nobody"}
        Who influences a person: those whom the person names (advice flows back), those who name the person, both, all
        members of the group, or nobody.
    within_groups : bool
        Leave out ties between groups.

    Returns
    -------
    AdoptionNetwork
        Checked.

    Raises
    ------
    ScenarioError
        With every fault.
    """
    when = np.asarray(periods, dtype=np.float64).reshape(-1)
    named = np.asarray(ties)
    faults = _network_faults(when, named, n_periods, influence)
    labels = np.zeros(len(when), np.int64) if groups is None else np.asarray(groups)
    if len(labels) != len(when):
        faults.append(Fault("groups", counted(len(labels), "entry"), f"one per person: {len(when)}"))
    if faults:
        raise ScenarioError(faults)
    whole = np.where(np.isfinite(when) & (when >= 1), when, n_periods + 1).astype(np.int64)
    names, numbers = np.unique(labels, return_inverse=True)
    pairs = named.reshape(-1, 2).astype(np.int64)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    if within_groups:
        pairs = pairs[numbers[pairs[:, 0]] == numbers[pairs[:, 1]]]
    if influence == "both":
        pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    if influence == "naming":
        pairs = pairs[:, ::-1]
    if influence in ("nobody", "everyone"):
        pairs = pairs[:0]
    return AdoptionNetwork(
        whole,
        int(n_periods),
        np.ascontiguousarray(pairs[:, 1]),
        np.ascontiguousarray(pairs[:, 0]),
        numbers.reshape(-1).astype(np.int64),
        tuple(str(name) for name in names),
        influence == "everyone",
    )


def _network_faults(when: Values, ties: NDArray[Any], n_periods: int, influence: str) -> list[Fault]:
    faults = []
    if influence not in INFLUENCES:
        faults.append(unknown("influence", influence, INFLUENCES))
    if isinstance(n_periods, bool) or not isinstance(n_periods, int | np.integer) or n_periods < 2:
        faults.append(Fault("n_periods", repr(n_periods), "a whole number of periods, at least 2"))
    elif not ((when >= 1) & (when <= n_periods)).any():
        faults.append(Fault("periods", "no adoption", f"some adoptions in periods 1 to {n_periods}"))
    fraction = when[np.isfinite(when)] % 1
    if fraction.any() or (when < 0).any():
        faults.append(Fault("periods", "negative or broken numbers", "whole periods, 1, 2, …"))
    if ties.size and (ties.ndim != 2 or ties.shape[1] != 2):
        faults.append(Fault("ties", f"shape {ties.shape}", "shape (tie, 2)"))
    elif ties.size and (ties.min() < 0 or ties.max() >= len(when)):
        got = f"positions {ties.min()} to {ties.max()}"
        faults.append(Fault("ties", got, f"positions of people, 0 to {len(when) - 1}"))
    return faults
