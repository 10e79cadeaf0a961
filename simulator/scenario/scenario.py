"""The scenario: everything that is asked of the simulator, checked and frozen."""

from __future__ import annotations

import copy
import hashlib
import html
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import PrivateAttr, ValidationError

from simulator.errors import Fault, ScenarioError
from simulator.scenario.blame import blamed
from simulator.scenario.checks import problems_of
from simulator.scenario.faults import faults_of, in_order
from simulator.scenario.given_graph import GivenGraph, Influence, given_graph
from simulator.scenario.merging import extended
from simulator.scenario.overrides import Overrides, apply_overrides, plain, value_at
from simulator.scenario.partial import usable_part
from simulator.scenario.schema import NO_CAMPAIGN, ScenarioTables
from simulator.scenario.schema.network import EdgeList
from simulator.scenario.schema.population import LARGEST_CV, Traits
from simulator.scenario.toml_writer import to_toml
from simulator.scenario.tree import Tree
from simulator.scenario.wording import Loc, amount, counted


class Scenario(ScenarioTables):
    """A market, its consumers and brands, and the strategies to compare; its attributes are the file's keys.

    Scenarios come from `load_scenario` or `Scenario.from_dict`, are frozen, and equal each other when their
    digests do.
    """

    _tree: Tree = PrivateAttr(default_factory=lambda: Tree({}))
    _graph: GivenGraph | None = PrivateAttr(default=None)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str = "scenario") -> Self:
        """Build a scenario from tables and lists as they would stand in a file.

        Parameters
        ----------
        data : mapping
            The file's keys; relative paths, `extends` included, start from the working folder.
        name : str, optional
            Name of the scenario in messages and results.

        Returns
        -------
        Scenario
            Checked and frozen.

        Raises
        ------
        ScenarioError
            With everything that is wrong.
        """
        tree = Tree(plain(data), name=name)
        tree.mark((), name)
        return cls.from_tree(extended(tree, Path.cwd()))

    @classmethod
    def from_tree(
        cls, tree: Tree, faults: list[Fault] | None = None, graph: GivenGraph | None = None
    ) -> Self:
        """Check a scenario that was read and merged.

        Parameters
        ----------
        tree : Tree
            Plain data with origins.
        faults : list of Fault, optional
            Faults found before, to be told together with those found here.
        graph : GivenGraph, optional
            Social graph from Python.

        Returns
        -------
        Scenario
            Checked and frozen.

        Raises
        ------
        ScenarioError
            With everything that is wrong.
        """
        if isinstance(tree.data.get("network"), dict):
            tree.data["network"] = _with_absolute_paths(tree.data["network"])
        data = _completed(tree.data)
        found = [*(faults or []), *_abstract_fault(tree)]
        try:
            scenario = cls.model_validate(data)
            tables: ScenarioTables = scenario
        except ValidationError as error:
            schema_faults, unusable = faults_of(error, tree)
            found += schema_faults
            tables = usable_part(data, unusable)
        found += [
            tree.fault(problem.loc, problem.got, problem.expected, problem.remedy)
            for problem in problems_of(tables)
            if graph is None or not _is_about_drawn_graphs(problem.loc)
        ]
        if found:
            raise ScenarioError(in_order(found))
        scenario._tree = tree
        scenario._graph = graph
        if graph is not None and graph.size != scenario.population.consumers:
            raise ScenarioError(
                [
                    tree.fault(
                        ("population", "consumers"),
                        str(scenario.population.consumers),
                        f"{graph.size} (consumers), one for each node of the social graph passed in",
                        "leave population.consumers as it is, or pass another graph",
                    )
                ]
            )
        return scenario

    @classmethod
    def overridden(
        cls,
        tree: Tree,
        overrides: Overrides | None,
        graph: GivenGraph | None = None,
        faults: Iterable[Fault] = (),
    ) -> Self:
        """Check a scenario after overrides; faults that these bring about elsewhere name them.

        Parameters
        ----------
        tree : Tree
            Plain data before the overrides.
        overrides : mapping, sequence of str, or str, optional
            Dotted paths with their values.
        graph : GivenGraph, optional
            Social graph from Python.
        faults : iterable of Fault
            Faults found before, to be told together with those found here.

        Returns
        -------
        Scenario
            Checked and frozen.

        Raises
        ------
        ScenarioError
            With everything that is wrong.
        """
        changed, found = apply_overrides(tree, overrides)
        found += faults
        try:
            return cls.from_tree(changed, found, graph)
        except ScenarioError as error:
            told = blamed(error.faults, tree, overrides or {}, lambda other: cls.from_tree(other, [], graph))
            raise ScenarioError(told) from None

    @property
    def name(self) -> str:
        """Short name: that of the file without its ending."""
        return self._tree.name

    @property
    def source(self) -> str | None:
        """Path of the file, if the scenario comes from one."""
        return self._tree.source

    @property
    def overrides(self) -> dict[str, Any]:
        """What was overridden since the file was read, by dotted path: a record, the values are in the keys.

        Examples
        --------
        >>> from simulator.scenario import load_scenario
        >>> load_scenario("minimal", ["horizon=8"]).with_overrides({"horizon": 9}).overrides
        {'horizon': 9}
        """
        return copy.deepcopy(self._tree.overrides)

    @property
    def focal_brand(self) -> str:
        """Name of the brand whose strategies are compared."""
        return self.comparison.brand or self.brands[0].name

    @property
    def strategy_names(self) -> tuple[str, ...]:
        """Names of the strategies compared: those of the comparison, or all in the order of the file."""
        return tuple(self.comparison.strategies or self.strategies)

    @property
    def social_graph(self) -> Any:
        """Social graph passed from Python, or None; it goes before the `network` table."""
        return None if self._graph is None else self._graph.graph

    @property
    def given_graph(self) -> GivenGraph | None:
        """The same with how its weights and its arcs are read, or None."""
        return self._graph

    @cached_property
    def digest(self) -> str:
        """Hash of every key, defaults included, and of the contents of edge lists and graphs passed in.

        Where an edge list lies on disk does not enter.
        """
        data = self.to_dict()
        if isinstance(self.network, EdgeList):
            data["network"]["path"] = _content_hash(self.network.path)
            if self.network.nodes is not None:
                data["network"]["nodes"] = _content_hash(self.network.nodes)
        if self._graph is not None:
            identity = self._graph.identity()
            data["social_graph"] = identity if len(identity) > 1 else identity["hash"]
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def with_overrides(self, overrides: Overrides) -> Self:
        """Change single values by dotted paths.

        Parameters
        ----------
        overrides : mapping, sequence of str, or str
            ``{"brands.Nova.price": 9.0}`` or ``["brands.Nova.price=9.0"]``; items of lists by name, by id or
            by index in brackets.

        Returns
        -------
        Scenario
            A changed copy; this one stays as it is.

        Raises
        ------
        ScenarioError
            With everything that is wrong.

        Examples
        --------
        >>> from simulator.scenario import load_scenario
        >>> load_scenario("minimal").with_overrides({"horizon": 8}).horizon
        8
        """
        tree, faults = apply_overrides(self._tree, overrides)[0], []
        if self._graph is not None and tree.data.get("network") != self._tree.data.get("network"):
            faults.append(
                tree.fault(
                    ("network",),
                    "an override",
                    "no change of [network] where the social graph was passed from Python",
                    "override first and pass the graph afterwards",
                )
            )
        return self.overridden(self._tree, overrides, self._graph, faults)

    def with_network(
        self, graph: Any, *, weights: str | None = None, influence: Influence = "naming"
    ) -> Self:
        """Let the consumers talk on a graph from Python, one consumer per node in the graph's order.

        Parameters
        ----------
        graph : networkx graph or scipy sparse matrix
            The social graph; `population.consumers` becomes its number of nodes, and
            `population.people_per_consumer` keeps the number of people in the market.
        weights : str, optional
            What `network.weights` is to an edge list: the edge attribute with the tie weights, ``"data"`` for
            the values that a matrix stores, or ``"none"`` to let all ties weigh 1. Above 0; a tie of weight w
            talks at w times the rate. May be omitted where no edge has a ``weight`` and no entry a value
            other than 1.
        influence : {"naming", "named"}, optional
            What `network.influence` is to an edge list, for directed graphs (a matrix that is not symmetric
            is one): ``"naming"`` lets i influence j on an arc i -> j and is the default here, as an arc in
            Python means influence; ``"named"`` lets j influence i, for graphs in which i names j and advice
            flows back, and is the default in files. Without effect on an undirected graph.

        Returns
        -------
        Scenario
            A changed copy; the digest covers the graph's hash and how it is read.

        Raises
        ------
        ScenarioError
            If it is not a graph, has weights about which nothing is said, lacks those that are named, or the
            scenario does not suit its size.
        """
        given = given_graph(graph, weights, influence)
        size, population = given.size, self.population
        changes: dict[str, Any] = {"population.consumers": size}
        if size not in (0, population.consumers):
            people = population.consumers * population.people_per_consumer / size
            changes["population.people_per_consumer"] = people
        tree, faults = apply_overrides(self._tree, changes)
        return self.from_tree(tree, faults, given)

    def value_at(self, path: str) -> Any:
        """Read the value at a dotted path, defaults included.

        Parameters
        ----------
        path : str
            As in `with_overrides`.

        Returns
        -------
        Any
            The value as plain data.

        Raises
        ------
        ScenarioError
            If the path leads nowhere.

        Examples
        --------
        >>> from simulator.scenario import load_scenario
        >>> load_scenario("minimal").value_at("comparison.baseline")
        'none'
        """
        return value_at(self.to_dict(), path)

    def to_dict(self) -> dict[str, Any]:
        """Give every key with its value, defaults included, keys without a value left out.

        Returns
        -------
        dict
            Plain data from which `from_dict` builds an equal scenario; a graph passed in is not part of it.
        """
        return self.model_dump(mode="python", exclude_none=True)

    def to_toml(self) -> str:
        """Write the scenario as one TOML file, defaults included.

        Returns
        -------
        str
            Text that loads as an equal scenario; a graph passed in is not part of it.
        """
        return to_toml(self.to_dict())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        width = max(len(key) for key, _ in self._summary())
        lines = [f"  {key:<{width}}  {value}" for key, value in self._summary()]
        return "\n".join([f"Scenario {self.name}: {self.title or 'untitled'}", *lines])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(key, quote=False)}</th>"
            f"<td style='text-align:left'>{html.escape(value, quote=False)}</td></tr>"
            for key, value in self._summary()
        )
        title = html.escape(f"Scenario {self.name}: {self.title or 'untitled'}")
        return f"<table><caption><b>{title}</b></caption>{rows}</table>"

    def _summary(self) -> list[tuple[str, str]]:
        asked, market, population = self.comparison, self.market, self.population
        graph = "a social graph from Python" if self._graph is not None else f"{self.network.kind} network"
        focal = self.focal_brand
        people = amount(population.people_per_consumer) + (
            " person" if population.people_per_consumer == 1 else " people"
        )
        return [
            ("purpose", self.purpose),
            (
                "market",
                f"{market.category}, reference price {amount(market.reference_price)} {market.currency}",
            ),
            ("consumers", f"{population.consumers:,}, {people} each, {graph}"),
            ("horizon", f"{counted(self.horizon, 'step')} after {self.burn_in} of burn-in"),
            ("brands", ", ".join(b.name + " (focal)" * (b.name == focal) for b in self.brands)),
            ("channels", ", ".join(channel.name for channel in self.channels) or "none"),
            ("strategies", ", ".join(self.strategy_names)),
            (
                "comparison",
                f"{asked.metric} against {asked.baseline}, {counted(asked.replicates, 'replicate')}",
            ),
            ("budget", f"{amount(asked.budget)} {market.currency} for each strategy"),
        ]


def _is_about_drawn_graphs(loc: Loc) -> bool:
    """Whether a problem is one of the graph that a graph passed in from Python replaces."""
    return loc[0] == "network" or str(loc[-1]).endswith("_attribute")


def _completed(data: dict[str, Any]) -> dict[str, Any]:
    """Add what a file may leave out and the schema cannot tell: the empty strategy, labels, fitting cvs."""
    result = dict(data)
    strategies = result.get("strategies", {})
    if isinstance(strategies, dict):
        first = {} if NO_CAMPAIGN in strategies else {NO_CAMPAIGN: {"label": "no campaign"}}
        result["strategies"] = {
            name: {"label": name, **table} if isinstance(table, dict) else table
            for name, table in {**first, **strategies}.items()
        }
    population = result.get("population")
    if isinstance(population, dict) and isinstance(population.get("traits"), dict):
        traits = {name: _with_cv(name, trait) for name, trait in population["traits"].items()}
        result["population"] = {**population, "traits": traits}
    return result


def _with_absolute_paths(network: dict[str, Any]) -> dict[str, Any]:
    paths = {
        key: network[key] for key in ("path", "nodes") if isinstance(network.get(key), str) and network[key]
    }
    return {**network, **{key: str(Path(path).expanduser().resolve()) for key, path in paths.items()}}


def _with_cv(name: str, trait: Any) -> Any:
    field = Traits.model_fields.get(name)
    if not isinstance(trait, dict) or "cv" in trait or field is None:
        return trait
    default = field.get_default(call_default_factory=True)
    most = LARGEST_CV.get(str(trait.get("distribution")))
    return trait if most is None else {**trait, "cv": min(default.cv, most)}


def _abstract_fault(tree: Tree) -> list[Fault]:
    if not tree.is_abstract:
        return []
    expected = "a scenario that can run; this file is a base for others"
    return [tree.fault(("abstract",), "true", expected, f'load a file that has extends = "{tree.name}.toml"')]


def _content_hash(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
