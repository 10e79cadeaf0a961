"""The market core in vectorized NumPy: 32-bit arrays over consumers, the sparse phases on index lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from baselines.given import ADVERTISING, FRIEND, LONG_AGO, SEARCH, SEEN, Given

_F = np.float32


class NumpyMarket:
    """One replicate, one array per state variable."""

    def __init__(self, given: Given, seed: int) -> None:
        self.given, self.p = given, given.parameters
        self.rng = np.random.Generator(np.random.SFC64(seed))
        shape = (given.n_brands, given.n_consumers)
        is_buyer = given.latest_brand == np.arange(given.n_brands)[:, None]
        self.memory = np.where(is_buyer, _F(1), given.initial_memory[:, None])
        self.goodwill = np.repeat(given.initial_goodwill[:, None], shape[1], axis=1)
        self.fatigue = np.zeros(shape, _F)
        self.belief = np.where(is_buyer, given.quality[:, None], 0).astype(_F)
        self.evidence = np.where(is_buyer, _F(3), _F(1))
        self.habit = np.where(is_buyer, _F(0.6), _F(0))
        self.has_bought = is_buyer.copy()
        self.was_reached = np.zeros(shape, bool)
        self.touch = np.full(shape, SEARCH, np.int8)
        self.visit_step = np.full(shape, LONG_AGO, np.int32)
        self.click_step = np.full(shape, LONG_AGO, np.int32)
        self.latest_brand = given.latest_brand.copy()
        self.review_count = given.review_count.copy()
        self.review_sum = given.review_sum.copy()
        self.history = np.zeros((given.n_steps, given.n_brands, 2))
        self.read_step = np.full(shape, -1, np.int16)
        self.mail: list[Any] = [None] * given.n_brands
        self.room = np.empty((3, shape[1]), _F)
        self.seen = np.zeros((given.n_steps, given.n_brands, len(SEEN)))

    def run(self) -> np.ndarray:
        """Run all steps and return what was observed, float64 [step, brand, OBSERVED]."""
        for t in range(self.given.n_steps):
            self.step(t)
        return self.seen

    def step(self, t: int) -> None:
        """Simulate one step."""
        self.history[t, :, 0] = self.review_count
        self.history[t, :, 1] = self.review_sum
        for j in range(self.given.n_brands):
            self.receive(j)
            self.attend(j, t)
        self.shop(t)
        self.observe(t)

    def read_reviews(self, j: int, t: int, who: np.ndarray) -> None:
        """Let shoppers read the reviews of a brand that are new to them."""
        since = self.read_step[j, who]
        new = self.history[t, j] - np.where(since[:, None] >= 0, self.history[since, j], 0.0)
        self.read_step[j, who] = t
        has_new = new[:, 0] > 0
        count, total = new[has_new].T
        weight = self.p.review_evidence * count / (count + self.p.review_half)
        self.learn(j, who[has_new], (total / count * weight).astype(_F), weight.astype(_F))

    def receive(self, j: int) -> None:
        """Take in last step's messages about a brand."""
        if self.mail[j] is None:
            return
        receiver, value = self.mail[j]
        self.mail[j] = None
        n = self.given.n_consumers
        contacts = np.bincount(receiver, minlength=n)
        values = np.bincount(receiver, weights=value, minlength=n)
        who = np.flatnonzero(contacts)
        number = contacts[who].astype(_F)
        weight = _F(0.5 * self.p.friend_credibility)
        self.learn(j, who, weight * values[who].astype(_F), weight * number)
        self.memory[j, who] = 1 - (1 - self.memory[j, who]) * _F(1 - self.p.memory_gain_contact) ** number
        self.touch[j, who] = FRIEND

    def learn(self, j: int, who: np.ndarray, value: Any, weight: Any) -> None:
        """Update beliefs of some consumers with weighed evidence."""
        evidence = self.evidence[j, who]
        self.belief[j, who] = (evidence * self.belief[j, who] + value) / (evidence + weight)
        self.evidence[j, who] = np.minimum(evidence + weight, _F(self.p.evidence_limit))

    def attend(self, j: int, t: int) -> None:
        """Let consumers notice a brand's lines; update fatigue, goodwill and memory."""
        given, p = self.given, self.p
        lines = np.flatnonzero(given.line_brand == j)
        memory = self.memory[j]
        if lines.size == 0:
            memory *= _F(p.memory_retention)
            return
        fresh, chance, uniform = self.room
        np.exp(np.multiply(self.fatigue[j], _F(-p.wear_out), out=fresh), out=fresh)
        np.negative(fresh, out=fresh)
        noticed = np.zeros(given.n_consumers, np.int8)
        clicking = []
        for h in lines:
            np.exp(np.multiply(given.strength[h], fresh, out=chance), out=chance)
            self.rng.random(dtype=_F, out=uniform)
            is_hit = uniform > chance
            noticed += is_hit
            if given.has_click[h]:
                clicking.append((h, np.flatnonzero(is_hit)))
        self.fatigue[j] *= _F(p.fatigue_carryover)
        self.fatigue[j] += given.exposure[j]
        self.goodwill[j] *= _F(p.goodwill_carryover)
        self.goodwill[j] += noticed
        keep = (_F(1 - p.memory_gain_ad) ** np.arange(lines.size + 1)).astype(_F)
        memory *= _F(-p.memory_retention)
        memory += 1
        memory *= keep[noticed]
        np.subtract(1, memory, out=memory)
        self.note(j, t, noticed)
        for h, who in clicking:
            self.click(j, t, who, given.click_intercept[h])

    def note(self, j: int, t: int, noticed: np.ndarray) -> None:
        """Record who noticed a brand's advertising."""
        who = np.flatnonzero(noticed)
        row = self.seen[t, j]
        row[SEEN["noticed"]] += noticed.sum(dtype=np.int64)
        row[SEEN["reached"]] += who.size
        row[SEEN["newly_reached"]] += who.size - np.count_nonzero(self.was_reached[j, who])
        self.was_reached[j, who] = True
        self.touch[j, who] = ADVERTISING

    def utility(self, j: int, who: np.ndarray) -> np.ndarray:
        """Return a brand's utility for some consumers, without taste shock."""
        p = self.p
        relation = _F(p.goodwill_weight) * np.log1p(self.goodwill[j, who])
        relation += _F(p.habit_weight) * self.habit[j, who]
        return self.given.fixed_utility[j, who] + _F(p.quality_weight) * self.belief[j, who] + relation

    def click(self, j: int, t: int, who: np.ndarray, intercept: float) -> None:
        """Let those who noticed a line click on it."""
        chance = 1 / (1 + np.exp(-(_F(intercept) + self.utility(j, who))))
        clickers = who[self.rng.random(who.size, dtype=_F) < chance]
        self.visit_step[j, clickers] = t
        self.click_step[j, clickers] = t
        self.seen[t, j, SEEN["clicks"]] += clickers.size

    def shop(self, t: int) -> None:
        """Let consumers with a need consider the brands and buy one or none."""
        uniform = self.room[2]
        self.rng.random(dtype=_F, out=uniform)
        shoppers = np.flatnonzero(uniform < self.given.need_chance)
        self.seen[t, :, SEEN["needs"]] += shoppers.size
        totals = np.full((self.given.n_brands + 1, shoppers.size), -np.inf, _F)
        totals[-1] = self.gumbel(shoppers.size)
        for j in range(self.given.n_brands):
            place = self.consider(j, t, shoppers)
            who = shoppers[place]
            reading = self.rng.random(who.size, dtype=_F) < self.given.reading_chance[who]
            self.read_reviews(j, t, who[reading])
            totals[j, place] = self.utility(j, who) + self.gumbel(who.size)
        choice = totals.argmax(axis=0)
        for j in range(self.given.n_brands):
            self.buy(j, t, shoppers[choice == j])

    def gumbel(self, n: int) -> np.ndarray:
        """Return standard Gumbel draws."""
        return -np.log(np.maximum(self.rng.standard_exponential(n, dtype=_F), _F(2**-25)))

    def consider(self, j: int, t: int, shoppers: np.ndarray) -> np.ndarray:
        """Return which shoppers consider a brand."""
        is_found = self.rng.random(shoppers.size, dtype=_F) < self.given.found_chance[j, shoppers]
        is_recalled = self.rng.random(shoppers.size, dtype=_F) < self.memory[j, shoppers]
        is_recent = t - self.visit_step[j, shoppers] <= self.p.visit_weeks
        self.visit_step[j, shoppers[is_found]] = t
        place = np.flatnonzero(is_recalled | is_recent | is_found)
        self.seen[t, j, SEEN["considered"]] += place.size
        return place

    def buy(self, j: int, t: int, who: np.ndarray) -> None:
        """Carry out the purchases of a brand: count them, and let buyers experience, review and talk."""
        row, p = self.seen[t, j], self.p
        self.count(j, t, who)
        satisfied = self.given.quality[j] + p.experience_sd * self.rng.standard_normal(who.size, dtype=_F)
        satisfied = np.clip(satisfied, -2, 2).astype(_F)
        surprise = satisfied - self.belief[j, who]
        self.learn(j, who, satisfied, _F(1))
        self.memory[j, who] = 1
        for other in range(self.given.n_brands):
            self.habit[other, who] *= _F(p.habit_retention)
        self.habit[j, who] += _F(1 - p.habit_retention)
        row[SEEN["satisfaction"]] += satisfied.sum(dtype=np.float64)
        row[SEEN["promoters"]] += np.count_nonzero(satisfied >= 1)
        row[SEEN["detractors"]] += np.count_nonzero(satisfied < 0)
        chance = 1 / (1 + np.exp(-(_F(p.review_intercept) + _F(p.review_surprise) * np.abs(surprise))))
        people = self.given.people
        posted = np.floor(_F(people) * chance + self.rng.random(who.size, dtype=_F))
        n_posted, sum_posted = posted.sum(dtype=np.float64), float(posted @ satisfied)
        self.review_count[j] += n_posted
        self.review_sum[j] += sum_posted
        row[SEEN["reviews"]] += n_posted / people
        row[SEEN["review_value"]] += sum_posted / people
        self.talk(j, t, who, satisfied, surprise)

    def count(self, j: int, t: int, who: np.ndarray) -> None:
        """Record purchases, where they came from and who switched."""
        row = self.seen[t, j]
        latest = self.latest_brand[who]
        for other in range(self.given.n_brands):
            name = "repeat_purchases" if other == j else "switched_away"
            self.seen[t, other, SEEN[name]] += np.count_nonzero(latest == other)
        self.latest_brand[who] = j
        row[SEEN["purchases"]] += who.size
        row[SEEN["revenue"]] += who.size * self.given.price[j]
        row[SEEN["first_purchases"]] += who.size - np.count_nonzero(self.has_bought[j, who])
        self.has_bought[j, who] = True
        first = SEEN["bought_by_search"]
        row[first : first + 3] += np.bincount(self.touch[j, who], minlength=3)
        row[SEEN["converted_clicks"]] += np.count_nonzero(t - self.click_step[j, who] <= self.p.visit_weeks)
        self.visit_step[j, who] = LONG_AGO
        self.click_step[j, who] = LONG_AGO

    def talk(self, j: int, t: int, who: np.ndarray, satisfied: np.ndarray, surprise: np.ndarray) -> None:
        """Let buyers talk to their neighbors on single ties."""
        given, p = self.given, self.p
        loss = np.where(surprise < 0, _F(p.loss_factor), _F(1))
        felt = np.minimum(np.abs(surprise) / _F(p.surprise_unit), _F(2)) * loss
        intensity = given.sharing[who] * (_F(p.talk_base) + felt)
        first, n_ties = given.indptr[who], np.diff(given.indptr)[who]
        sender = np.repeat(np.arange(who.size), n_ties)
        arc = np.arange(sender.size) + np.repeat(first - np.cumsum(n_ties) + n_ties, n_ties)
        by_strength = 1 - np.exp(-np.stack([p.p_weak * intensity, p.p_strong * intensity], 1).astype(_F))
        chance = by_strength[sender, given.is_strong[arc].view(np.int8)]
        is_told = self.rng.random(arc.size, dtype=_F) < chance
        teller = sender[is_told]
        n_good = np.count_nonzero(surprise[teller] >= 0)
        self.seen[t, j, SEEN["contacts_positive"]] += n_good
        self.seen[t, j, SEEN["contacts_negative"]] += teller.size - n_good
        self.mail[j] = (given.neighbors[arc[is_told]], satisfied[teller])

    def observe(self, t: int) -> None:
        """Record the state at the end of a step."""
        for j in range(self.given.n_brands):
            row = self.seen[t, j]
            row[SEEN["customers"]] = np.count_nonzero(self.latest_brand == j)
            row[SEEN["aware"]] = np.count_nonzero(self.memory[j] >= 0.5)
            row[SEEN["memory"]] = self.memory[j].sum()
            row[SEEN["goodwill"]] = self.goodwill[j].sum()
            row[SEEN["belief"]] = self.belief[j].sum()


def simulate(given: Given, seed: int) -> np.ndarray:
    """Return what was observed in one replicate, float64 [step, brand, OBSERVED]."""
    return NumpyMarket(given, seed).run()
