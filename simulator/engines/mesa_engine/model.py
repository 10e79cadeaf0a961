"""The market as a Mesa model: one agent per consumer and per brand, on the social network.

``MarketModel.step`` is the model's description in ten lines. The model gives, bit for bit, the counts of
the compiled engine: agents ask the same rules and read the same addressed draws, and whatever a consumer
reads of others is from the end of the step before.

Phases that concern everybody go through columns (``crowd`` and ``brand.relations``); in the others the model visits
those to whom something happens: who shops, who has ordered, who has something to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any, NamedTuple

import mesa
import numpy as np
from mesa.agent import AgentSet
from mesa.datacollection import DataCollector
from mesa.discrete_space import Network as NetworkSpace

from simulator.compiled import compile_rules_for_python
from simulator.engines.mesa_engine import everyone
from simulator.engines.mesa_engine.agents import Consumer, Traits
from simulator.engines.mesa_engine.brands import Brand
from simulator.engines.mesa_engine.chance import Chance, Number, numbers
from simulator.engines.mesa_engine.crowd import Crowd
from simulator.engines.mesa_engine.events import Events
from simulator.engines.mesa_engine.messages import Order, Piece, Tie
from simulator.engines.mesa_engine.rules import attention, word_of_mouth
from simulator.model.campaigns import Plan
from simulator.model.initialization import RECEIVER, STRONG_BIT, World
from simulator.model.market import Market, Parameters
from simulator.model.network.csr import Network
from simulator.model.observation import INDEX, N_SERIES
from simulator.model.seeding import choose_seeds

#: Series that the data collector also keeps as model variables, one for each brand.
WATCHED = ("aware", "customers", "purchases", "contacts_positive", "contacts_negative")


class Seeding(NamedTuple):
    """Consumers who get a brand's product at a step."""

    step: int
    brand: Brand
    cost: int
    consumers: list[Consumer]


class MarketModel(mesa.Model):
    """One replicate of a plan in a world, with agents to look at.

    Parameters
    ----------
    market, plan, world : Market, Plan, World
        What is simulated.
    seed, replicate : int
        Key of the draws, each 0 to 2^32 - 1.

    Attributes
    ----------
    consumers, brands : AgentSet
        The agents, in the order of the population and of the brands' ids.
    individuals, sellers : list
        The same agents, always by their index.
    crowd : Crowd
        Columns of what every consumer has apart from brands.
    orders : list of Order
        This step's decisions of those who shopped.
    talkers, announcers : list of Consumer
        Those who have something to say, or changed something that neighbors see.
    space : mesa.discrete_space.Network
        The social network; a consumer's node has its index.
    now : int
        Step that is being or was last simulated, from 0 at the start of the burn-in.
    counts : ndarray, int64 [steps, brands, series]
        What has been recorded so far, burn-in included.
    events : Events or None
        Give it an ``Events`` before the first step, and every purchase and message is written down in it.
    datacollector : DataCollector
        Table ``counts`` with a row for each step and brand (steps of the burn-in are negative), and the
        ``WATCHED`` series as model variables.

    Examples
    --------
    >>> model = MarketModel(market, plan, world, seed=1, replicate=0)  # doctest: +SKIP
    >>> model.step()  # doctest: +SKIP
    >>> model.consumers[0].relations  # doctest: +SKIP
    """

    def __init__(self, market: Market, plan: Plan, world: World, seed: int, replicate: int) -> None:
        super().__init__(seed=seed)
        compile_rules_for_python()
        self.market, self.plan, self.world = market, plan, world
        self.chance = Chance(seed, replicate, market.n_consumers)
        self.parameters: Any = Parameters(*(Number(value) for value in market.parameters))
        self.now = -1
        self.events: Events | None = None
        self.n_needs = 0
        self.tastes_shift = False
        self.orders: list[Order] = []
        self.talkers: list[Consumer] = []
        self.announcers: list[Consumer] = []
        self._read_market()
        self.space = NetworkSpace(social_graph(world), capacity=1, random=self.random)
        self.crowd = Crowd(self)
        self.sellers = [Brand(self, j) for j in range(market.arrays.n_brands)]
        self.individuals = [Consumer(self, i, traits) for i, traits in enumerate(self._traits())]
        self.brands = AgentSet(self.sellers, random=self.random)
        self.consumers = AgentSet(self.individuals, random=self.random)
        self._relate()
        self.seedings = self._seedings(seed, replicate)
        self.n_steps = plan.arrays.impressions.shape[0]
        self.counts = np.zeros((self.n_steps, len(self.brands), N_SERIES), np.int64)
        self.datacollector = DataCollector(
            model_reporters={
                f"{brand.name}: {name}": [self._latest, [brand, name]]
                for brand in self.brands
                for name in WATCHED
            },
            tables={"counts": ["step", "brand", *INDEX]},
        )

    def step(self) -> None:
        """Simulate one step."""
        self.begin_step()
        if self.now == self.market.burn_in > 0:
            self.brands.do("forget_reach")
        if self.tastes_shift:
            self.crowd.shift_tastes()
        self.brands.do("redesign")
        self.brands.do("open_books")
        self.brands.do("buy_media")
        self.brands.do("plant_seeds")
        self.attend()
        self.respond()
        self.shop()
        self.ration()
        self.buy()
        self.tell_neighbors()
        self.brands.do("admit_groups")
        self.announce()
        self.brands.do("close_books")
        self.collect()

    def begin_step(self) -> None:
        """Move on to the next step and see what is scheduled for it."""
        self.now += 1
        self.chance.step = self.now
        self.n_needs = 0
        self.season = Number(self.market.arrays.season[self.now])
        self.tastes_shift = bool(self.market.arrays.has_taste_shift[self.now])

    def in_turn(self, agents: Iterable[Any]) -> Iterable[Any]:
        """Return agents in the order in which they are visited, which changes nothing."""
        return agents

    def attend(self) -> None:
        """Let everybody read messages, notice advertisements, remember and forget, and feel needs."""
        clear = self.meet_advertising()
        for brand in self.sellers:
            brand.relations.read_messages()
            if brand.has_media:
                brand.relations.notice(clear)
            brand.relations.remember()
        self.crowd.feel_needs()

    def meet_advertising(self) -> np.ndarray:
        """Let everybody meet all brands' lines; return what clutter leaves of attention."""
        clutter, clear = self.crowd.numbers(), self.crowd.numbers()
        for brand in self.sellers:
            for line in brand.live_lines:
                everyone.add_impressions(clutter, line.impressions)
        everyone.leave_clear(clutter, self.parameters.clutter_half, clear)
        return clear

    def respond(self) -> None:
        """Let those who have something to respond to take up invitations, watch, click and take part."""
        for brand in self.sellers:
            for relation in self.in_turn(brand.relations.to_respond()):
                relation.respond()
            brand.relations.empty_mail()

    def shop(self) -> None:
        """Let those buy who wait for a group that is complete or have a need."""
        for order in self.orders:
            order.consumer.order = None
        self.orders = []
        for index in self.in_turn(self.crowd.shoppers().tolist()):
            self.individuals[index].shop()

    def buy(self) -> None:
        """Let those whose orders are accepted pay, use the product, and have something to tell."""
        for order in self.in_turn(self.orders):
            order.consumer.buy()

    def tell_neighbors(self) -> None:
        """Let those talk who have something to say; where owners talk, they do so at every step."""
        if self.owners_talk:
            for index in self.crowd.owners().tolist():
                self.individuals[index].talk_as_owner()
        talkers = sorted(self.talkers, key=attrgetter("index"))
        self.talkers = []
        for consumer in self.in_turn(talkers):
            consumer.tell_neighbors()

    def announce(self) -> None:
        """Let neighbors see who adopted, joined or committed in this step."""
        announcers, self.announcers = self.announcers, []
        for consumer in self.in_turn(announcers):
            consumer.announce()

    def ration(self) -> None:
        """Let orders meet stock in rounds; whoever is refused chooses again among what is left."""
        pending = [order for order in self.in_turn(self.orders) if order.brand is not None]
        for order in pending:
            order.brand.record("orders")
        while pending:
            refused = [
                order for brand in self.brands for order in brand.serve(self._orders_of(brand, pending))
            ]
            for order in refused:
                order.consumer.choose_again()
            pending = [order for order in refused if order.brand is not None]

    @staticmethod
    def _orders_of(brand: Brand, orders: list[Order]) -> list[Order]:
        return [order for order in orders if order.brand is brand]

    def ties_of(self, consumer: Consumer) -> Iterator[Tie]:
        """Return a consumer's ties to those whom it can influence, parallel ties one by one."""
        world, p = self.world, self.parameters
        arcs = slice(*world.indptr[consumer.index : consumer.index + 2].tolist())
        neighbors = [self.individuals[index] for index in (world.arcs[arcs] & RECEIVER).tolist()]
        rates = [p.p_strong if strong else p.p_weak for strong in (world.arcs[arcs] >= STRONG_BIT).tolist()]
        if world.weights.size:
            weights = numbers(world.weights[arcs])
            rates = [word_of_mouth.weighted_tie(rate, w) for rate, w in zip(rates, weights, strict=True)]
        occurrences = world.occurrence[arcs].tolist() if world.occurrence.size else [0] * len(rates)
        return map(Tie, neighbors, rates, occurrences)

    def collect(self) -> None:
        """Write down what happened in this step, and how far earlier pieces of content went in it."""
        for brand in self.brands:
            for name, amount in brand.tally.items():
                self.counts[self.now, brand.index, INDEX[name]] = amount
            brand.tally.clear()
            self._add_row(brand)
            for piece in brand.pieces.values():
                self._credit(brand, piece)
        self.datacollector.collect(self)
        self.running = self.now + 1 < self.n_steps

    def _add_row(self, brand: Brand) -> None:
        recorded = zip(INDEX, self.counts[self.now, brand.index].tolist(), strict=True)
        step = self.now - self.market.burn_in
        self.datacollector.add_table_row("counts", {"step": step, "brand": brand.name, **dict(recorded)})

    def _credit(self, brand: Brand, piece: Piece) -> None:
        """Add views and shares of a piece to the step that published it."""
        table = self.datacollector.tables["counts"]
        for name, amount in piece.reach.items():
            self.counts[piece.published, brand.index, INDEX[name]] += amount
            table[name][piece.published * len(self.brands) + brand.index] += amount
        piece.reach.clear()

    def _latest(self, brand: Brand, name: str) -> int:
        return int(self.counts[self.now, brand.index, INDEX[name]])

    def _read_market(self) -> None:
        arrays, p = self.market.arrays, self.parameters
        self.reference_price = Number(arrays.reference_price)
        self.mean_life = Number(arrays.mean_life)
        self.is_durable = bool(arrays.is_durable)
        self.owners_talk = bool(arrays.owners_talk)
        self.people = float(arrays.people)
        self.is_passive = bool(arrays.is_passive)
        self.is_threshold = bool(arrays.is_threshold)
        self.is_local = bool(arrays.is_local)
        self.externality = int(arrays.externality)
        self.is_social = self.is_local or self.externality > 0 or bool(p.social_weight > 0)
        self.season = Number(arrays.season[0])
        self.log_gain_ad = attention.log_remainder(p.memory_gain_ad)
        self.log_gain_contact = attention.log_remainder(p.memory_gain_contact)

    def _traits(self) -> Iterator[Traits]:
        drawn = self.world.population
        columns = drawn.price_sensitivity, drawn.online, drawn.sharing, drawn.threshold
        return map(Traits, *(numbers(column) for column in columns))

    def _relate(self) -> None:
        """Let brands know their relations, and neighbors who bought what in the past."""
        for consumer in self.individuals:
            for relation in consumer.relations:
                relation.brand.relations.append(relation)
            if consumer.latest_brand is not None:
                consumer.let_know(consumer.latest_brand, "adopting", 1)
        self.announce()

    def _seedings(self, seed: int, replicate: int) -> list[Seeding]:
        plan = self.plan.arrays
        chosen, first = choose_seeds(self.market.arrays, plan, self.world, seed, replicate)
        consumers, brands = self.individuals, self.sellers
        return [
            Seeding(
                int(plan.seeding_step[k]),
                brands[plan.seeding_brand[k]],
                int(plan.seeding_cost[k]),
                [consumers[i] for i in chosen[first[k] : first[k + 1]]],
            )
            for k in range(plan.seeding_step.size)
        ]


def social_graph(world: World) -> Any:
    """Return a world's social graph as a networkx graph, directed where an arc lacks its counterpart."""
    n = world.latest_brand.size
    source = np.repeat(np.arange(n), np.diff(world.indptr))
    target = world.neighbors.astype(np.int64)
    is_directed = not np.array_equal(source * n + target, np.sort(target * n + source))
    n_arcs = target.size
    weights, occurrence = world.weights[:n_arcs], world.occurrence[:n_arcs]
    network = Network(world.indptr, world.neighbors, world.is_strong, weights, occurrence, is_directed)
    return network.to_networkx()


def run_one(market: Market, plan: Plan, world: World, seed: int, replicate: int) -> np.ndarray:
    """Run one replicate of one plan.

    Parameters
    ----------
    market, plan, world : Market, Plan, World
        What is simulated.
    seed, replicate : int
        Key of the draws, each 0 to 2^32 - 1.

    Returns
    -------
    ndarray, int64 [steps, brands, series]
        What was observed after the burn-in.
    """
    model = MarketModel(market, plan, world, seed, replicate)
    model.run_model()
    # Mesa numbers the agents of each model in a table that would keep every finished model alive
    mesa.Agent._ids.pop(model, None)
    return model.counts[market.burn_in :]
