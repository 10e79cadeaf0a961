"""Rules for everybody at once: loops over consumers in which each calls a rule of the model.

What happens to every consumer at every step, and in the same way, is cheaper in one loop than in ten thousand
calls. Each function here goes through the consumers with one rule, or with two that belong together, and does
nothing else; run with ``NUMBA_DISABLE_JIT=1`` it can be stepped through like any Python. Arrays have an entry
for each consumer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.compiled import kernel
from simulator.model import draws
from simulator.model.allocation import audience_weight, creative_position
from simulator.model.mathematics import F, fixed_point
from simulator.model.rules import attention, choice, content, search


class Audience(NamedTuple):
    """Whom a line means: the rule of its audience, and what that rule needs to know."""

    kind: int
    share: Any
    brand_x: Any
    brand_y: Any
    sharpness: Any
    retarget_weeks: Any


# ---- draws


@kernel
def draw_dense(address: Any, uniform: Any) -> None:
    """Fill in everybody's uniform number from a dense stream: the address after the consumer's number."""
    second, step, tail, k0, k1 = address
    for i in range(uniform.size):
        uniform[i] = draws.dense_uniform(i, second, step, tail, k0, k1)


@kernel
def draw_ties(
    sender: int, receivers: Any, occurrences: Any, brand: int, step: int, key: Any, uniform: Any
) -> None:
    """Fill in the four uniform numbers of each of a sender's ties, [ties, 4]."""
    for k in range(receivers.size):
        tail = draws.tail(draws.TIE, brand, occurrences[k])
        drawn = draws.sparse_uniforms(sender, receivers[k], step, tail, key[0], key[1])
        for word in range(4):
            uniform[k, word] = drawn[word]


# ---- a line and its audience


@kernel
def weigh(
    audience: Audience, reach: Any, u: Any, in_segment: Any, profile: Any, weeks_since_visit: Any, weight: Any
) -> None:
    """Fill in everybody's weight in a line's audience."""
    for i in range(weight.size):
        weight[i] = audience_weight(
            audience.kind, reach[i], u[i], F(audience.share), in_segment[i], profile[0][i], profile[1][i],
            F(audience.brand_x), F(audience.brand_y), F(audience.sharpness),
            F(weeks_since_visit[i]), F(audience.retarget_weeks),
        )  # fmt: skip


@kernel
def suit(creative: int, brand_at: Any, cell_at: Any, profile: Any, taste: Any, relevance: Any) -> None:
    """Fill in how well a line's advertisement suits everybody."""
    for i in range(relevance.size):
        x = creative_position(creative, F(brand_at[0]), cell_at[0][i], profile[0][i])
        y = creative_position(creative, F(brand_at[1]), cell_at[1][i], profile[1][i])
        relevance[i] = attention.relevance(taste[0][i], taste[1][i], x, y)


@kernel
def expect_impressions(rate: Any, weight: Any, cap: Any, impressions: Any) -> None:
    """Fill in everybody's expected impressions of a line."""
    for i in range(impressions.size):
        impressions[i] = attention.expected_impressions(F(rate), weight[i], F(cap))


@kernel
def sum_of_waste(impressions: Any, relevance: Any) -> int:
    """Return the impressions that do not suit those who get them, in whole units of 1/65536."""
    total = 0
    for i in range(impressions.size):
        total += fixed_point(attention.wasted_impressions(impressions[i], relevance[i]))
    return total


# ---- attention


@kernel
def add_impressions(together: Any, more: Any) -> None:
    """Add everybody's impressions of one more line."""
    for i in range(together.size):
        together[i] = attention.impressions_together(together[i], more[i])


@kernel
def leave_clear(clutter: Any, clutter_half: Any, clear: Any) -> None:
    """Fill in what clutter leaves of everybody's attention."""
    for i in range(clear.size):
        clear[i] = attention.clutter_factor(clutter[i], F(clutter_half))


@kernel
def leave_fresh(fatigue: Any, wear_out: Any, fresh: Any) -> None:
    """Fill in what fatigue leaves of everybody's attention."""
    for i in range(fresh.size):
        fresh[i] = attention.fatigue_factor(fatigue[i], F(wear_out))


@kernel
def expect_notice(
    impressions: Any, attention_paid: Any, relevance: Any, fresh: Any, clear: Any, chance: Any
) -> None:
    """Fill in everybody's probability of noticing a line."""
    for i in range(chance.size):
        chance[i] = attention.notice_probability(
            impressions[i], F(attention_paid), relevance[i], fresh[i], clear[i]
        )


@kernel
def tire(fatigue: Any, carryover: Any, impressions: Any) -> None:
    """Let everybody recover from a brand's advertising, and tire of what came."""
    for i in range(fatigue.size):
        fatigue[i] = attention.fatigue(fatigue[i], F(carryover), impressions[i])


@kernel
def build_goodwill(goodwill: Any, carryover: Any, noticed: Any) -> None:
    """Let everybody's goodwill fade, and grow with what was noticed."""
    for i in range(goodwill.size):
        goodwill[i] = attention.goodwill(goodwill[i], F(carryover), F(noticed[i]))


@kernel
def remember(memory: Any, retention: Any, noticed: Any, log_gain: Any) -> None:
    """Let everybody forget a little, and remember what was noticed."""
    for i in range(memory.size):
        memory[i] = attention.memory(memory[i], F(retention), F(noticed[i]), F(log_gain))


@kernel
def settle_trust(trust: Any, initial: Any, decay: Any) -> None:
    """Let everybody's trust return to where it began."""
    for i in range(trust.size):
        trust[i] = content.trust_after_week(trust[i], F(initial), F(decay))


# ---- needs and tastes


@kernel
def expect_need(need_rate: Any, season: Any, chance: Any) -> None:
    """Fill in the probability that a need arises in everybody."""
    for i in range(chance.size):
        chance[i] = search.need_probability(need_rate[i], F(season))


@kernel
def shift_taste(taste: Any, shift: Any) -> None:
    """Move one axis of everybody's taste."""
    for i in range(taste.size):
        taste[i] = choice.shifted_taste(taste[i], shift[i])


# ---- where a brand stands


@kernel
def sum_of_units(column: Any) -> int:
    """Return a column's sum in whole units of 1/65536."""
    total = 0
    for i in range(column.size):
        total += fixed_point(column[i])
    return total


@kernel
def number_aware(memory: Any) -> int:
    """Return how many are aware of a brand."""
    total = 0
    for i in range(memory.size):
        if attention.is_aware(memory[i]):
            total += 1
    return total
