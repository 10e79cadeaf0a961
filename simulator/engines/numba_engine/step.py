"""One replicate from its first step to its last, compiled.

The order of phases is that of the model: environment, firms, exposure to choice for every consumer,
fulfillment and experience, messages, ledger.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import frame, part, subframe
from simulator.engines.numba_engine import attend
from simulator.engines.numba_engine.fulfill import accept_all, admit_groups, book, carry_out, ration
from simulator.engines.numba_engine.layout import (
    AS_SEED,
    BELIEF,
    BELONGING,
    EVIDENCE,
    FATIGUE,
    GOODWILL,
    HABIT,
    HAS_BOUGHT,
    LONG_AGO,
    MEMORY,
    N_INBOX,
    N_MOVES,
    N_ORDERS,
    N_TALKS,
    PROFILE_EVIDENCE,
    PROFILE_X,
    PROFILE_Y,
    TALKS,
    TRUST,
    WAS_REACHED,
    record,
)
from simulator.engines.numba_engine.talk import deliver, follow_moves
from simulator.engines.numba_engine.visit import (
    COMMUNITY_PROGRAM,
    GROUP_PROGRAM,
    add_move,
    add_talk,
    draw_for_shoppers,
    reserve_of,
    visit,
)
from simulator.model import draws, initialization
from simulator.model.allocation import (
    audience_weight,
    creative_position,
    impression_rate,
    relevance_is_due,
    weights_are_due,
)
from simulator.model.campaigns import CREATIVE_BRAND, RANDOM, TERM
from simulator.model.draws import BLOCK, sparse_uniforms, tail
from simulator.model.mathematics import ONE, ZERO, F, fixed_point, normal
from simulator.model.observation import FRACTION_SCALE
from simulator.model.rules import attention, community, content, experience
from simulator.model.rules.ledger import affordable_cut, group_places, money

_U = np.uint32
_CUT, _PIECES, _VALUE = TERM["price_cut"], TERM["pieces"], TERM["content_value"]
_SERVICE, _COMMUNITY, _CO_DESIGN = TERM["service_cost"], TERM["community"], TERM["co_design"]
_MEDIA, _DATA, _UNSPENT = record("spend_media"), record("spend_data"), record("unspent_media")
_PRODUCTION, _SERVICE_SPEND, _SEEDING = (
    record("spend_production"),
    record("spend_service"),
    record("spend_seeding"),
)
_IMPRESSIONS = record("impressions")
_CUSTOMERS, _FOLLOWERS, _MEMBERS = record("customers"), record("followers"), record("members")
_SCALE = np.float64(FRACTION_SCALE)


@part
def _reset_consumer(i: Any, m: Any, world: Any, s: Any) -> None:
    b = i // BLOCK
    k = i % BLOCK
    is_real = i < world.latest_brand.size
    latest = world.latest_brand[i] if is_real else np.int8(-1)
    s.latest_brand[i] = latest
    s.replacement_step[i] = world.replacement_step[i] if is_real else np.int32(0)
    s.need_rate[b, k] = world.population.need_rate[i] if is_real else ZERO
    s.is_alert[i] = 0
    s.satisfaction[i] = m.quality[0, latest] if latest >= 0 else ZERO
    s.surprise[i] = ZERO
    s.has_open_need[i] = 0
    s.committed_brand[i] = -1
    s.commitment_step[i] = LONG_AGO
    cell = world.population.cell[i] if is_real else 0
    s.taste[0, i] = world.population.taste[0, i] if is_real else ZERO
    s.taste[1, i] = world.population.taste[1, i] if is_real else ZERO
    for j in range(m.n_brands):
        is_buyer = latest == j
        s.values[b, j, MEMORY, k] = (
            initialization.initial_memory(is_buyer, m.initial_memory[j]) if is_real else ZERO
        )
        s.values[b, j, GOODWILL, k] = m.initial_goodwill[j] if is_real else ZERO
        s.values[b, j, FATIGUE, k] = ZERO
        s.values[b, j, BELIEF, k] = (
            initialization.initial_belief(is_buyer, m.quality[0, j]) if is_real else ZERO
        )
        s.values[b, j, EVIDENCE, k] = initialization.initial_evidence(is_buyer)
        s.values[b, j, HABIT, k] = initialization.initial_habit(is_buyer)
        s.values[b, j, TRUST, k] = m.initial_trust[j] if is_real else ZERO
        s.values[b, j, BELONGING, k] = ZERO
        s.values[b, j, PROFILE_X, k] = m.cell_taste[cell, 0]
        s.values[b, j, PROFILE_Y, k] = m.cell_taste[cell, 1]
        s.values[b, j, PROFILE_EVIDENCE, k] = ONE
        s.flags[j, i] = HAS_BOUGHT if is_buyer else np.uint8(0)
        s.touch[j, i] = 0
        s.visit_step[j, i] = LONG_AGO
        s.coupon[j, i] = ZERO
        s.coupon_until[j, i] = LONG_AGO
        s.invitation_step[j, i] = LONG_AGO
        s.read_step[j, i] = -1
        s.invited_until[j, i] = LONG_AGO
        s.piece[j, i] = 0
        for entry in range(N_INBOX):
            s.inbox[j, i, entry] = 0


@part
def _reset_brand(j: Any, m: Any, s: Any) -> None:
    for r in range(m.n_regions):
        s.stock[j, r] = m.initial_stock[j, r]
    for program in range(s.spent_program.shape[1]):
        s.spent_program[j, program] = 0
    s.review_count[j] = m.initial_review_count[j]
    s.review_sum[j] = m.initial_review_sum[j]
    s.base[j] = 0
    s.followers[j] = 0
    s.members[j] = 0
    s.spent_total[j] = 0
    s.last_cut_spend[j] = 0
    s.position[j, 0] = m.position[j, 0]
    s.position[j, 1] = m.position[j, 1]
    for entry in range(3):
        s.wishes[j, entry] = 0
    s.reserved[j] = 0
    s.latest_commitments[j] = 0
    s.latest_piece[j] = -1
    s.n_receivers[j] = 0


@subframe
def reset(m: Any, plan: Any, world: Any, on: Any, s: Any) -> None:
    """Set a replicate's state to its starting values."""
    for i in range(s.latest_brand.size):
        _reset_consumer(i, m, world, s)
    for which in range(s.counts.shape[0]):
        for j in range(s.counts.shape[1]):
            for i in range(s.counts.shape[2]):
                s.counts[which, j, i] = 0
    for j in range(m.n_brands):
        _reset_brand(j, m, s)
    for h in range(s.rate.size):
        s.rate[h] = ZERO
        s.solved_for[h] = -1.0
    for i in range(world.latest_brand.size):
        j = np.int64(world.latest_brand[i])
        if j >= 0:
            s.base[j] += 1
            if on.neighbors:
                for k in range(world.indptr[i], world.indptr[i + 1]):
                    s.counts[0, j, world.neighbors[k]] += np.int32(1)


@part
def environment(t: Any, m: Any, world: Any, s: Any) -> None:
    """Apply a scheduled shift of tastes; forget, when observation begins, whom advertising has reached."""
    if t == m.burn_in and t > 0:
        for j in range(m.n_brands):
            for i in range(world.latest_brand.size):
                s.flags[j, i] &= ~WAS_REACHED
    if m.has_taste_shift[t]:
        for i in range(world.latest_brand.size):
            group = m.cell_demographic[world.population.cell[i]]
            s.taste[0, i] += m.taste_shift[t, group, 0]
            s.taste[1, i] += m.taste_shift[t, group, 1]


@part
def redesign(t: Any, m: Any, plan: Any, s: Any) -> None:
    """Move products toward the mean taste of the members who interacted in the last step."""
    for j in range(m.n_brands):
        n_members = s.wishes[j, 0]
        s.is_redesigned[j] = np.uint8(n_members > 0)
        if n_members == 0:
            continue
        for axis in range(2):
            wish = community.mean_wish(s.wishes[j, 1 + axis], n_members)
            s.position[j, axis] = community.redesigned(
                s.position[j, axis], wish, plan.programs[t - 1, j, _CO_DESIGN]
            )
            s.wishes[j, 1 + axis] = 0
        s.wishes[j, 0] = 0


@part
def open_books(t: Any, k0: Any, k1: Any, m: Any, p: Any, plan: Any, s: Any, row: Any) -> None:
    """Decide at the start of a step what each brand can afford, and take in supply, reviews and base."""
    for j in range(m.n_brands):
        left = plan.total_cap[j] - s.spent_total[j] - s.reserved[j]
        s.is_funded[j] = np.uint8(left > 0)
        for program in range(plan.program_cap.shape[1]):
            is_strategy = plan.program_is_strategy[j, program] > 0
            has_money = s.spent_program[j, program] < plan.program_cap[j, program] and left > 0
            s.is_open[j, program] = np.uint8(has_money or not is_strategy)
        group_left = plan.program_cap[j, GROUP_PROGRAM] - s.spent_program[j, GROUP_PROGRAM] - s.reserved[j]
        reserve = reserve_of(j, t, m, plan)
        s.group_places[j] = group_places(
            min(left, group_left), reserve, s.latest_commitments[j], s.reserved[j]
        )
        s.is_open[j, GROUP_PROGRAM] = np.uint8(s.group_places[j] > 0)
        s.price_cut[j] = plan.programs[t, j, _CUT]
        if plan.program_is_strategy[j, 0]:
            cut_left = min(left, plan.program_cap[j, 0] - s.spent_program[j, 0])
            s.price_cut[j] = affordable_cut(plan.programs[t, j, _CUT], cut_left, s.last_cut_spend[j])
        s.last_cut_spend[j] = s.spent_program[j, 0]
        for r in range(m.n_regions):
            s.stock[j, r] += m.supply[t, j, r]
        s.base_seen[j] = s.base[j]
        s.review_history[t, j, 0] = s.review_count[j]
        s.review_history[t, j, 1] = s.review_sum[j]
        production = plan.production[t, j]
        s.pieces[j] = plan.programs[t, j, _PIECES]
        if plan.production_is_strategy[j] and s.is_funded[j] == 0:
            production = np.int64(0)
            s.pieces[j] = ZERO
        if s.pieces[j] > ZERO:
            u, v, _, _ = sparse_uniforms(_U(0), _U(0), _U(t), tail(draws.PIECE, m.brand_id[j], _U(0)), k0, k1)
            s.piece_appeal[t, j] = content.piece_appeal(p.piece_appeal_sd, normal(v))
            s.piece_value[t, j] = content.piece_value(
                plan.programs[t, j, _VALUE], p.piece_value_sd, normal(u)
            )
            s.latest_piece[j] = t
        row[j, _PRODUCTION] += production
        if plan.production_is_strategy[j]:
            book(j, -1, production, s, row)
        if plan.programs[t, j, _COMMUNITY] > ZERO and s.is_open[j, COMMUNITY_PROGRAM]:
            service = money(np.float64(plan.programs[t, j, _SERVICE])) * s.members[j]
            row[j, _SERVICE_SPEND] += service
            if plan.program_is_strategy[j, COMMUNITY_PROGRAM]:
                book(j, COMMUNITY_PROGRAM, service, s, row)


@part
def weigh_audience(h: Any, k0: Any, k1: Any, t: Any, m: Any, p: Any, plan: Any, world: Any, s: Any) -> None:
    """Compute a line's audience weights for every consumer."""
    j = plan.brand[h]
    audience = plan.audience[h]
    word = tail(draws.AUDIENCE, m.brand_id[j], plan.slot[h])
    for i in range(world.latest_brand.size):
        b = i // BLOCK
        k = i % BLOCK
        cell = world.population.cell[i]
        u = ZERO
        if audience == RANDOM:
            u, _, _, _ = sparse_uniforms(_U(i), plan.channel_id[h], _U(0), word, k0, k1)
        s.weight[h, b, k] = audience_weight(
            audience,
            m.cell_reach[plan.channel[h], cell],
            u,
            plan.audience_share[h],
            plan.in_segment[h, cell],
            s.values[b, j, PROFILE_X, k],
            s.values[b, j, PROFILE_Y, k],
            s.position[j, 0],
            s.position[j, 1],
            plan.sharpness[h],
            F(np.int32(t) - s.visit_step[j, i]),
            p.retarget_weeks,
        )


@part
def judge_relevance(h: Any, m: Any, plan: Any, world: Any, s: Any) -> None:
    """Compute a line's relevance for every consumer."""
    j = plan.brand[h]
    creative = plan.creative[h]
    for i in range(world.latest_brand.size):
        b = i // BLOCK
        k = i % BLOCK
        cell = world.population.cell[i]
        x = creative_position(creative, s.position[j, 0], m.cell_taste[cell, 0], s.values[b, j, PROFILE_X, k])
        y = creative_position(creative, s.position[j, 1], m.cell_taste[cell, 1], s.values[b, j, PROFILE_Y, k])
        s.relevance[h, b, k] = attention.relevance(s.taste[0, i], s.taste[1, i], x, y)


@part
def wasted_impressions(h: Any, plan: Any, s: Any) -> Any:
    """Return a line's impressions times one minus their relevance, summed in whole units."""
    wasted = np.int64(0)
    for b in range(s.values.shape[0]):
        for k in range(BLOCK):
            x = attention.expected_impressions(s.rate[h], s.weight[h, b, k], plan.cap[h])
            wasted += fixed_point(x * (ONE - s.relevance[h, b, k]))
    return wasted


@part
def buy_media(t: Any, k0: Any, k1: Any, m: Any, p: Any, plan: Any, world: Any, s: Any, row: Any) -> None:
    """Spread every line's impressions over its audience and pay for them."""
    is_first = t == 0 or m.has_taste_shift[t] > 0
    for h in range(plan.brand.size):
        j = plan.brand[h]
        new_weights = weights_are_due(plan.audience[h], is_first, np.int32(t), np.int32(p.refit_weeks))
        new_relevance = relevance_is_due(plan.creative[h], is_first, np.int32(t), np.int32(p.refit_weeks))
        new_relevance |= plan.creative[h] == CREATIVE_BRAND and s.is_redesigned[j] > 0
        is_stale = new_weights or new_relevance
        if new_weights:
            weigh_audience(h, k0, k1, t, m, p, plan, world, s)
        if new_relevance:
            judge_relevance(h, m, plan, world, s)
        planned = plan.impressions[t, h]
        is_paid = plan.is_strategy[h] == 0 or s.is_funded[j] > 0
        if planned <= 0.0 or not is_paid:
            s.rate[h] = ZERO
            s.solved_for[h] = -1.0
            continue
        if new_weights or s.solved_for[h] != planned:
            s.rate[h], s.delivered[h] = impression_rate(s.weight[h], plan.cap[h], planned)
            s.solved_for[h] = planned
            is_stale = True
        if is_stale:
            s.waste[h] = wasted_impressions(h, plan, s)
        media = money(s.delivered[h] * plan.media_cost[h])
        data = money(s.delivered[h] * plan.data_cost[h])
        row[j, _MEDIA] += media
        row[j, _DATA] += data
        row[j, _UNSPENT] += money(planned * (plan.media_cost[h] + plan.data_cost[h])) - media - data
        row[j, _IMPRESSIONS] += np.int64(np.floor(s.delivered[h] * _SCALE))
        if plan.is_strategy[h]:
            book(j, -1, media + data, s, row)


@part
def plant_seeds(
    t: Any,
    k0: Any,
    k1: Any,
    m: Any,
    p: Any,
    plan: Any,
    world: Any,
    seeds: Any,
    first_seed: Any,
    on: Any,
    s: Any,
    w: Any,
    row: Any,
) -> None:
    """Give the chosen consumers the product and let them talk about it."""
    for seeding in range(plan.seeding_step.size):
        if plan.seeding_step[seeding] != t:
            continue
        j = np.int64(plan.seeding_brand[seeding])
        cost = plan.seeding_cost[seeding] * (first_seed[seeding + 1] - first_seed[seeding])
        row[j, _SEEDING] += cost
        book(j, -1, cost, s, row)
        for n in range(first_seed[seeding], first_seed[seeding + 1]):
            i = np.int64(seeds[n])
            b = i // BLOCK
            k = i % BLOCK
            _, u, _, _ = sparse_uniforms(_U(i), _U(0), _U(t), tail(draws.SEED, m.brand_id[j], _U(0)), k0, k1)
            satisfied = experience.satisfaction(m.quality[t, j], p.experience_sd, normal(u))
            belief = s.values[b, j, BELIEF, k]
            evidence = s.values[b, j, EVIDENCE, k]
            surprise = satisfied - belief
            s.values[b, j, BELIEF, k] = experience.belief_after_experience(belief, evidence, satisfied)
            s.values[b, j, EVIDENCE, k] = experience.evidence_after_experience(evidence, p.evidence_limit)
            s.values[b, j, MEMORY, k] = ONE
            if not m.is_durable:
                add_talk(i, j, TALKS | AS_SEED, 0, satisfied, surprise, w)
            elif s.latest_brand[i] != j:
                own_seed(i, j, t, on, s, w)
                s.satisfaction[i] = satisfied
                s.surprise[i] = surprise


@part
def own_seed(i: Any, j: Any, t: Any, on: Any, s: Any, w: Any) -> None:
    """Make a seed the owner of a durable."""
    latest = s.latest_brand[i]
    if latest >= 0:
        s.base[latest] -= 1
        if on.neighbors:
            add_move(i, latest, 0, -1, w)
    s.base[j] += 1
    s.latest_brand[i] = j
    s.replacement_step[i] = np.int32(2**30)
    if on.neighbors:
        add_move(i, j, 0, 1, w)


@part
def live(
    b: Any,
    t: Any,
    k0: Any,
    k1: Any,
    m: Any,
    p: Any,
    plan: Any,
    world: Any,
    on: Any,
    s: Any,
    w: Any,
    counts: Any,
    log_ad: Any,
) -> None:
    """Take one block of consumers from last step's messages to its orders."""
    for k in range(BLOCK):
        w.is_busy[k] = 0
    attend.expose(b, p, plan, s, w)
    for j in range(m.n_brands):
        if on.media[j]:
            attend.notice(b, j, t, k0, k1, m, p, plan, s, w, counts[t])
        attend.remember(b, j, p, s, w, log_ad)
        if on.content[j]:
            attend.relax_trust(b, j, m, p, s)
    attend.feel_need(b, t, k0, k1, m, on, s, w, counts[t])
    n_busy = attend.find_busy(b, t, m, plan, on, s, w)
    draw_for_shoppers(b, n_busy, t, k0, k1, m, s, w)
    for n in range(n_busy):
        visit(np.int64(b * BLOCK + w.busy[n]), t, k0, k1, m, p, plan, world, on, s, w, counts)
    if not on.is_rationed:
        accept_all(w, counts[t])
        carry_out(np.int64(0), w.n[N_ORDERS], t, k0, k1, m, p, plan, world, on, s, w, counts[t])
        w.n[N_ORDERS] = 0
    deliver(t, k0, k1, m, p, plan, world, on, s, w, counts[t])


@part
def talk_of_owners(
    t: Any, k0: Any, k1: Any, m: Any, p: Any, plan: Any, world: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let every owner of a durable talk, not only those who bought in this step."""
    for i in range(world.latest_brand.size):
        j = np.int64(s.latest_brand[i])
        if j >= 0:
            add_talk(i, j, TALKS, 0, s.satisfaction[i], s.surprise[i], w)
        if w.n[N_TALKS] == BLOCK or i == world.latest_brand.size - 1:
            deliver(t, k0, k1, m, p, plan, world, on, s, w, row)


@frame
def run_replicate(
    k0: Any,
    k1: Any,
    m: Any,
    p: Any,
    plan: Any,
    world: Any,
    seeds: Any,
    first_seed: Any,
    on: Any,
    s: Any,
    w: Any,
    counts: Any,
) -> None:
    """Run one replicate of one plan and record its counts.

    Parameters
    ----------
    k0, k1 : uint32
        Key: seed and replicate.
    m, p, plan, world : MarketArrays, Parameters, PlanArrays, World
        What is simulated.
    seeds : int32 [seeds]
        Seeded consumers, by seeding.
    first_seed : int64 [S + 1]
        Where each seeding's consumers begin.
    on, s, w : Switches, State, Work
        Mechanisms in use, state (overwritten) and scratch memory.
    counts : int64 [T, J, series]
        Zeroed; receives what is observed.
    """
    reset(m, plan, world, on, s)
    log_ad = attention.log_remainder(p.memory_gain_ad)
    log_contact = attention.log_remainder(p.memory_gain_contact)
    for t in range(counts.shape[0]):
        row = counts[t]
        w.n[N_ORDERS] = 0
        w.n[N_TALKS] = 0
        w.n[N_MOVES] = 0
        environment(t, m, world, s)
        redesign(t, m, plan, s)
        open_books(t, k0, k1, m, p, plan, s, row)
        buy_media(t, k0, k1, m, p, plan, world, s, row)
        plant_seeds(t, k0, k1, m, p, plan, world, seeds, first_seed, on, s, w, row)
        for j in range(m.n_brands):
            attend.receive(j, t, p, plan, s, log_contact)
        for b in range(s.values.shape[0]):
            live(b, t, k0, k1, m, p, plan, world, on, s, w, counts, log_ad)
        if on.is_rationed:
            ration(t, k0, k1, m, p, world, s, w, row)
            for first in range(0, w.n[N_ORDERS], BLOCK):
                last = min(first + BLOCK, w.n[N_ORDERS])
                carry_out(first, last, t, k0, k1, m, p, plan, world, on, s, w, row)
                deliver(t, k0, k1, m, p, plan, world, on, s, w, row)
        if m.is_durable:
            talk_of_owners(t, k0, k1, m, p, plan, world, on, s, w, row)
        admit_groups(t, k0, k1, m, plan, world, s, w, row)
        follow_moves(world, s, w)
        for j in range(m.n_brands):
            s.last_cut_spend[j] = s.spent_program[j, 0] - s.last_cut_spend[j]
            row[j, _CUSTOMERS] = s.base[j]
            row[j, _FOLLOWERS] = s.followers[j]
            row[j, _MEMBERS] = s.members[j]
        for b in range(s.values.shape[0]):
            attend.observe(b, world.latest_brand.size, m, s, row)
