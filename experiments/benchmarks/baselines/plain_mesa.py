"""The market core as a hand-written Mesa model: one agent per consumer, Mesa's own random generator.

Written for speed as far as plain Mesa allows: neighbors are direct references, state per brand stands in
objects with slots, only agents with mail are visited for it, and records are kept while agents act.
"""

from __future__ import annotations

from math import exp, log, log1p
from typing import Any

import mesa
import numpy as np
from mesa.datacollection import DataCollector

from baselines.given import ADVERTISING, FRIEND, LONG_AGO, OBSERVED, SEARCH, SEEN, Given


class Relation:
    """What one consumer knows, feels and does about one brand."""

    __slots__ = (
        "belief", "brand", "click_step", "contacts", "evidence", "exposure", "fatigue", "fixed_utility", "found_chance",
        "goodwill", "habit", "has_bought", "heard", "lines", "memory", "read_step", "touch", "visit_step", "was_reached",
    )  # fmt: skip

    def __init__(self, given: Given, brand: Brand, i: int, is_buyer: bool) -> None:
        j = brand.index
        self.brand = brand
        self.memory = 1.0 if is_buyer else float(given.initial_memory[j])
        self.goodwill = float(given.initial_goodwill[j])
        self.fatigue = 0.0
        self.belief = brand.quality if is_buyer else 0.0
        self.evidence = 3.0 if is_buyer else 1.0
        self.habit = 0.6 if is_buyer else 0.0
        self.has_bought = is_buyer
        self.was_reached = False
        self.touch = SEARCH
        self.visit_step = self.click_step = LONG_AGO
        self.read_step = -1
        self.contacts, self.heard = 0, 0.0
        self.exposure = float(given.exposure[j, i])
        self.fixed_utility = float(given.fixed_utility[j, i])
        self.found_chance = float(given.found_chance[j, i])
        self.lines = [
            (-float(given.strength[h, i]), bool(given.has_click[h]), float(given.click_intercept[h]))
            for h in np.flatnonzero(given.line_brand == j)
        ]

    def read_reviews(self, now: int, p: Any) -> None:
        """Read the reviews that are new to the consumer."""
        count, total = self.brand.history[now]
        if self.read_step >= 0:
            read, read_total = self.brand.history[self.read_step]
            count, total = count - read, total - read_total
        self.read_step = now
        if count > 0:
            weight = p.review_evidence * count / (count + p.review_half)
            self.learn(total / count * weight, weight, p.evidence_limit)

    def learn(self, value: float, weight: float, limit: float) -> None:
        """Update the belief with weighed evidence."""
        evidence = self.evidence
        self.belief = (evidence * self.belief + value) / (evidence + weight)
        self.evidence = min(evidence + weight, limit)


class Brand:
    """A brand: its price, quality, reviews and record of the step."""

    def __init__(self, given: Given, index: int) -> None:
        self.index = index
        self.price = float(given.price[index])
        self.quality = float(given.quality[index])
        self.review_count = float(given.review_count[index])
        self.review_sum = float(given.review_sum[index])
        self.history: list[tuple[float, float]] = []
        self.relations: list[Relation] = []
        self.customers = 0
        self.row = [0.0] * len(OBSERVED)

    def publish_reviews(self) -> None:
        """Set what this step's shoppers read."""
        self.history.append((self.review_count, self.review_sum))

    def close(self) -> list[float]:
        """Return the record of the step and begin a new one."""
        row, self.row = self.row, [0.0] * len(OBSERVED)
        memory = [relation.memory for relation in self.relations]
        row[SEEN["customers"]] = self.customers
        row[SEEN["memory"]] = sum(memory)
        row[SEEN["aware"]] = sum([value >= 0.5 for value in memory])
        row[SEEN["goodwill"]] = sum([relation.goodwill for relation in self.relations])
        row[SEEN["belief"]] = sum([relation.belief for relation in self.relations])
        return row


class Consumer(mesa.Agent):
    """A consumer who attends, shops, experiences and talks."""

    def __init__(self, model: PlainMarket, i: int) -> None:
        super().__init__(model)
        given = model.given
        self.need_chance = float(given.need_chance[i])
        self.reading_chance = float(given.reading_chance[i])
        self.sharing = float(given.sharing[i])
        latest = int(given.latest_brand[i])
        self.latest = model.brands[latest] if latest >= 0 else None
        self.relations = [Relation(given, brand, i, brand is self.latest) for brand in model.brands]
        self.strong: list[Consumer] = []
        self.weak: list[Consumer] = []

    def read_mail(self) -> None:
        """Take in last step's messages."""
        p = self.model.p
        for relation in self.relations:
            contacts = relation.contacts
            if contacts:
                weight = self.model.message_weight
                relation.learn(weight * relation.heard, weight * contacts, p.evidence_limit)
                relation.memory = 1 - (1 - relation.memory) * (1 - p.memory_gain_contact) ** contacts
                relation.touch = FRIEND
                relation.contacts, relation.heard = 0, 0.0

    def step(self) -> None:
        """Live through one step."""
        model = self.model
        p, draw = model.p, model.draw
        wear_out, carryover, lasting = p.wear_out, p.fatigue_carryover, p.goodwill_carryover
        retention, left_by = p.memory_retention, model.left_by
        for relation in self.relations:
            lines = relation.lines
            if not lines:
                relation.memory *= retention
                continue
            fresh = exp(-wear_out * relation.fatigue)
            noticed = 0
            clickable = None
            for strength, has_click, intercept in lines:
                if draw() > exp(strength * fresh):
                    noticed += 1
                    if has_click:
                        clickable = [intercept] if clickable is None else [*clickable, intercept]
            relation.fatigue = carryover * relation.fatigue + relation.exposure
            relation.goodwill = lasting * relation.goodwill + noticed
            relation.memory = 1 - (1 - retention * relation.memory) * left_by[noticed]
            if noticed:
                self.note(relation, noticed, clickable)
        if draw() < self.need_chance:
            self.shop()

    def note(self, relation: Relation, noticed: int, clickable: list[float] | None) -> None:
        """Remember that advertising was noticed; perhaps click on it."""
        row = relation.brand.row
        row[_NOTICED] += noticed
        row[_REACHED] += 1
        relation.touch = ADVERTISING
        if not relation.was_reached:
            relation.was_reached = True
            row[_NEWLY_REACHED] += 1
        for intercept in clickable or ():
            if self.model.draw() < 1 / (1 + exp(-intercept - self.utility(relation))):
                relation.visit_step = relation.click_step = self.model.now
                row[_CLICKS] += 1

    def utility(self, relation: Relation) -> float:
        """Return a brand's utility without taste shock."""
        p = self.model.p
        product = relation.fixed_utility + p.quality_weight * relation.belief
        return product + p.goodwill_weight * log1p(relation.goodwill) + p.habit_weight * relation.habit

    def shop(self) -> None:
        """Consider the brands and buy one or none."""
        model = self.model
        draw, now, p = model.draw, model.now, model.p
        model.needs += 1
        best, chosen = -log(-log(draw())), None
        for relation in self.relations:
            is_found = draw() < relation.found_chance
            is_recent = now - relation.visit_step <= p.visit_weeks
            if is_found:
                relation.visit_step = now
            if not (is_found or is_recent or draw() < relation.memory):
                continue
            brand = relation.brand
            brand.row[_CONSIDERED] += 1
            if draw() < self.reading_chance:
                relation.read_reviews(now, p)
            total = self.utility(relation) - log(-log(draw()))
            if total > best:
                best, chosen = total, relation
        if chosen is not None:
            self.buy(chosen)

    def buy(self, relation: Relation) -> None:
        """Buy a unit, experience it, review it and talk about it."""
        model, brand = self.model, relation.brand
        p, row = model.p, brand.row
        self.count(relation)
        satisfied = min(max(brand.quality + p.experience_sd * model.random.gauss(0, 1), -2.0), 2.0)
        surprise = satisfied - relation.belief
        relation.learn(satisfied, 1.0, p.evidence_limit)
        relation.memory = 1.0
        for other in self.relations:
            other.habit *= p.habit_retention
        relation.habit += 1 - p.habit_retention
        row[_SATISFACTION] += satisfied
        row[_PROMOTERS] += satisfied >= 1
        row[_DETRACTORS] += satisfied < 0
        chance = 1 / (1 + exp(-p.review_intercept - p.review_surprise * abs(surprise)))
        n_reviews = int(model.people * chance + model.draw())
        if n_reviews:
            brand.review_count += n_reviews
            brand.review_sum += n_reviews * satisfied
            row[_REVIEWS] += n_reviews / model.people
            row[_REVIEW_VALUE] += n_reviews * satisfied / model.people
        self.talk(brand, satisfied, surprise)

    def count(self, relation: Relation) -> None:
        """Record a purchase, where it came from and whether it is a switch."""
        brand, row = relation.brand, relation.brand.row
        row[_PURCHASES] += 1
        row[_REVENUE] += brand.price
        if self.latest is brand:
            row[_REPEAT] += 1
        else:
            if self.latest is not None:
                self.latest.row[_SWITCHED] += 1
                self.latest.customers -= 1
            brand.customers += 1
            self.latest = brand
        if not relation.has_bought:
            relation.has_bought = True
            row[_FIRST] += 1
        row[_SOURCE + relation.touch] += 1
        row[_CONVERTED] += self.model.now - relation.click_step <= self.model.p.visit_weeks
        relation.visit_step = relation.click_step = LONG_AGO

    def talk(self, brand: Brand, satisfied: float, surprise: float) -> None:
        """Tell neighbors, who hear it in the next step."""
        p, draw, mail = self.model.p, self.model.draw, self.model.mail
        loss = p.loss_factor if surprise < 0 else 1.0
        intensity = self.sharing * (p.talk_base + min(abs(surprise) / p.surprise_unit, 2.0) * loss)
        n_told = 0
        for neighbors, rate in ((self.strong, p.p_strong), (self.weak, p.p_weak)):
            chance = 1 - exp(-rate * intensity)
            for neighbor in neighbors:
                if draw() < chance:
                    heard = neighbor.relations[brand.index]
                    heard.contacts += 1
                    heard.heard += satisfied
                    mail.add(neighbor)
                    n_told += 1
        brand.row[_POSITIVE if surprise >= 0 else _NEGATIVE] += n_told


_NOTICED, _REACHED, _NEWLY_REACHED = SEEN["noticed"], SEEN["reached"], SEEN["newly_reached"]
_CLICKS, _CONSIDERED, _CONVERTED = SEEN["clicks"], SEEN["considered"], SEEN["converted_clicks"]
_PURCHASES, _REVENUE, _FIRST = SEEN["purchases"], SEEN["revenue"], SEEN["first_purchases"]
_REPEAT, _SWITCHED, _SOURCE = SEEN["repeat_purchases"], SEEN["switched_away"], SEEN["bought_by_search"]
_SATISFACTION, _PROMOTERS, _DETRACTORS = SEEN["satisfaction"], SEEN["promoters"], SEEN["detractors"]
_REVIEWS, _REVIEW_VALUE = SEEN["reviews"], SEEN["review_value"]
_POSITIVE, _NEGATIVE = SEEN["contacts_positive"], SEEN["contacts_negative"]


class PlainMarket(mesa.Model):
    """One replicate of the market."""

    def __init__(self, given: Given, seed: int) -> None:
        super().__init__(seed=seed)
        self.given, self.p = given, given.parameters
        self.draw = self.random.random
        self.now, self.needs = 0, 0
        self.people = given.people
        self.message_weight = 0.5 * self.p.friend_credibility
        self.left_by = [(1 - self.p.memory_gain_ad) ** n for n in range(given.line_brand.size + 1)]
        self.mail: set[Consumer] = set()
        self.brands = [Brand(given, j) for j in range(given.n_brands)]
        consumers = [Consumer(self, i) for i in range(given.n_consumers)]
        for i, consumer in enumerate(consumers):
            ties = slice(given.indptr[i], given.indptr[i + 1])
            for neighbor, is_strong in zip(given.neighbors[ties], given.is_strong[ties], strict=True):
                (consumer.strong if is_strong else consumer.weak).append(consumers[neighbor])
            if consumer.latest is not None:
                consumer.latest.customers += 1
        for brand in self.brands:
            brand.relations = [consumer.relations[brand.index] for consumer in consumers]
        self.records: list[list[float]] = []
        self.datacollector = DataCollector(model_reporters={"observed": "records"})

    def step(self) -> None:
        """Simulate one step."""
        for brand in self.brands:
            brand.publish_reviews()
        receivers, self.mail = self.mail, set()
        for consumer in receivers:
            consumer.read_mail()
        self.needs = 0
        self.agents.do("step")
        self.records = self.close_step()
        self.datacollector.collect(self)
        self.now += 1

    def close_step(self) -> list[list[float]]:
        """Return the records of all brands in this step."""
        rows = [brand.close() for brand in self.brands]
        for row in rows:
            row[SEEN["needs"]] = self.needs
        return rows


def run(model: PlainMarket) -> np.ndarray:
    """Run a model to its end and return what was observed, float64 [step, brand, OBSERVED]."""
    for _ in range(model.given.n_steps):
        model.step()
    mesa.Agent._ids.pop(model, None)
    return np.array(model.datacollector.model_vars["observed"])


def simulate(given: Given, seed: int) -> np.ndarray:
    """Return what was observed in one replicate, float64 [step, brand, OBSERVED]."""
    return run(PlainMarket(given, seed))
