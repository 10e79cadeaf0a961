"""Rationing, and what a purchase does: money, experience, habit, reviews, invitations, joining."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part, subframe
from simulator.engines.numba_engine.layout import (
    ADOPTERS,
    BELIEF,
    COMMITTERS,
    COMMUNITY,
    EVIDENCE,
    HABIT,
    HAS_BOUGHT,
    INVITES,
    IS_MEMBER,
    IS_TURNED_AWAY,
    LONG_AGO,
    MEMBERS,
    MEMORY,
    N_ORDERS,
    REFERRAL,
    TALKS,
    record,
    whole,
)
from simulator.engines.numba_engine.visit import (
    ACCEPTED,
    COMMUNITY_PROGRAM,
    DROPPED,
    OUTSIDE,
    PENDING,
    REFERRAL_PROGRAM,
    WAITING,
    add_move,
    add_talk,
    is_invited,
    learn_profile,
    price_for,
    reserve_of,
    weeks_since_visit,
)
from simulator.model import draws
from simulator.model.campaigns import TERM
from simulator.model.draws import BLOCK, sparse_word, tail
from simulator.model.mathematics import ONE, ZERO, F, fixed_point, normal, unit
from simulator.model.philox import philox
from simulator.model.rules import choice, community, experience, referral
from simulator.model.rules.ledger import money

_U = np.uint32
_ORDERS, _REFUSED, _DELAYED = record("orders"), record("refused"), record("delayed")
_PURCHASES, _FIRST, _REPEAT = record("purchases"), record("first_purchases"), record("repeat_purchases")
_SWITCHED, _REVENUE, _COST = record("switched_away"), record("revenue"), record("cost_of_goods")
_DISCOUNTS, _REWARDS, _STRATEGY = record("spend_discounts"), record("spend_rewards"), record("spend_strategy")
_CONVERTED, _REDEEMED, _GROUP_PURCHASES = (
    record("converted_clicks"),
    record("redeemed"),
    record("group_purchases"),
)
_SATISFACTION, _PROMOTERS, _DETRACTORS = record("satisfaction"), record("promoters"), record("detractors")
_REVIEWS, _REVIEW_VALUE, _DAYS = record("reviews"), record("review_value"), record("delivery_days")
_FIRST_SOURCE, _COMMITMENTS = record("bought_by_search"), record("group_commitments")
_GROUP, _DISCOUNT = TERM["group"], TERM["group_discount"]
_REFERRAL, _COMMUNITY = TERM["referral"], TERM["community"]
_SENDER, _RECEIVER = TERM["reward_sender"], TERM["reward_receiver"]
_NOTHING = F(-1e29)


@part
def book(j: Any, program: Any, amount: Any, s: Any, row: Any) -> None:
    """Count an amount towards a strategy's budget, and towards one of its programs (-1: none)."""
    row[j, _STRATEGY] += amount
    s.spent_total[j] += amount
    if program >= 0:
        s.spent_program[j, program] += amount


@part
def region_of(i: Any, j: Any, m: Any, world: Any) -> Any:
    """Return where a brand's stock for a consumer stands."""
    if m.is_pooled[j]:
        return np.int32(0)
    return m.cell_region[world.population.cell[i]]


@part
def ration(t: Any, k0: Any, k1: Any, m: Any, p: Any, world: Any, s: Any, w: Any, row: Any) -> None:
    """Let orders meet stock; whoever is refused chooses again among what is left.

    Where more is ordered than is there, the orders with the lowest priority draw are served, ties by
    consumer; the cut is exact. A refused consumer keeps the same taste shocks and may also wait.
    """
    n_orders = w.n[N_ORDERS]
    short = False
    for j in range(m.n_brands):
        for r in range(m.n_regions):
            w.wanted[j, r] = 0
            w.sold_out[j, r] = 0
    for n in range(n_orders):
        j = w.order_choice[n]
        if j >= 0:
            row[j, _ORDERS] += 1
            w.wanted[j, region_of(w.order_consumer[n], j, m, world)] += 1
        else:
            w.order_state[n] = DROPPED
    for j in range(m.n_brands):
        for r in range(m.n_regions):
            short |= np.float64(w.wanted[j, r]) > s.stock[j, r]
    if not short:
        for n in range(n_orders):
            if w.order_choice[n] >= 0:
                w.order_state[n] = ACCEPTED
        for j in range(m.n_brands):
            for r in range(m.n_regions):
                s.stock[j, r] -= np.float64(w.wanted[j, r])
        return
    ration_rounds(t, k0, k1, m, p, world, s, w, row)


@part
def sift(keys: Any, values: Any, begin: Any, end: Any) -> None:
    """Restore the heap order below one place."""
    root = begin
    while 2 * root + 1 < end:
        child = 2 * root + 1
        if child + 1 < end and keys[child] < keys[child + 1]:
            child += 1
        if keys[root] >= keys[child]:
            return
        keys[root], keys[child] = keys[child], keys[root]
        values[root], values[child] = values[child], values[root]
        root = child


@part
def sort_pairs(keys: Any, values: Any, n: Any) -> None:
    """Sort the first n keys, all different, ascending, and their values with them (heapsort)."""
    for begin in range(n // 2 - 1, -1, -1):
        sift(keys, values, begin, n)
    for end in range(n - 1, 0, -1):
        keys[0], keys[end] = keys[end], keys[0]
        values[0], values[end] = values[end], values[0]
        sift(keys, values, 0, end)


@part
def serve(j: Any, r: Any, t: Any, k0: Any, k1: Any, m: Any, world: Any, s: Any, w: Any, row: Any) -> Any:
    """Serve the pending orders of a brand in a region; return whether any was refused."""
    n_asking = 0
    for n in range(w.n[N_ORDERS]):
        if w.order_state[n] == PENDING and w.order_choice[n] == j:
            if region_of(w.order_consumer[n], j, m, world) == r:
                w.asking[n_asking] = n
                n_asking += 1
    available = np.int64(np.floor(min(s.stock[j, r], 1e15)))
    if n_asking <= available:
        for a in range(n_asking):
            w.order_state[w.asking[a]] = ACCEPTED
        s.stock[j, r] -= np.float64(n_asking)
        return False
    for a in range(n_asking):
        who = _U(w.order_consumer[w.asking[a]])
        word = sparse_word(who, _U(0), _U(t), tail(draws.OUTSIDE, _U(0), _U(0)), k0, k1, 2)
        w.keys[a] = (np.uint64(word) << np.uint64(32)) | np.uint64(who)
    sort_pairs(w.keys, w.asking, n_asking)
    for a in range(n_asking):
        w.order_state[w.asking[a]] = ACCEPTED if a < available else DROPPED
    row[j, _REFUSED] += n_asking - available
    w.sold_out[j, r] = 1
    s.stock[j, r] -= np.float64(available)
    return True


@part
def ration_rounds(t: Any, k0: Any, k1: Any, m: Any, p: Any, world: Any, s: Any, w: Any, row: Any) -> None:
    """Serve orders in rounds until nobody is refused any more, at most one round per brand."""
    n_orders = w.n[N_ORDERS]
    for _ in range(m.n_brands + 1):
        any_refused = False
        for j in range(m.n_brands):
            for r in range(m.n_regions):
                any_refused |= serve(j, r, t, k0, k1, m, world, s, w, row)
        if not any_refused:
            break
        for n in range(n_orders):
            if w.order_state[n] == DROPPED and w.order_choice[n] >= 0:
                choose_again(n, t, m, p, world, s, w, row)


@part
def choose_again(n: Any, t: Any, m: Any, p: Any, world: Any, s: Any, w: Any, row: Any) -> None:
    """Let a refused consumer substitute, wait a week, or do without."""
    i = w.order_consumer[n]
    first = w.order_first[n]
    best = w.order_outside[n]
    selected = OUTSIDE
    patience = choice.delayed_total(w.order_value[n, first], p.delay_weight, w.order_waiting[n])
    if patience > best:
        best = patience
        selected = WAITING
    for j in range(m.n_brands):
        total = w.order_total[n, j]
        if total > _NOTHING and w.sold_out[j, region_of(i, j, m, world)] == 0 and total > best:
            best = total
            selected = np.int8(j)
    w.order_choice[n] = selected
    w.order_group[n] = np.uint8(0)
    if selected >= 0:
        w.order_state[n] = PENDING
    elif selected == WAITING:
        row[first, _DELAYED] += 1
        s.has_open_need[i] = 1


@part
def admit_groups(t: Any, k0: Any, k1: Any, m: Any, plan: Any, world: Any, s: Any, w: Any, row: Any) -> None:
    """Set money aside for this step's commitments; where it does not suffice for all, a lot turns some away."""
    for j in range(m.n_brands):
        if plan.programs[t, j, _GROUP] > ZERO and s.group_places[j] > 0:
            s.latest_commitments[j] = row[j, _COMMITMENTS]
            s.reserved[j] += min(row[j, _COMMITMENTS], s.group_places[j]) * reserve_of(j, t, m, plan)
        if row[j, _COMMITMENTS] > s.group_places[j]:
            turn_away(j, t, k0, k1, world, s, w)


@part
def turn_away(j: Any, t: Any, k0: Any, k1: Any, world: Any, s: Any, w: Any) -> None:
    """Refuse the commitments of a step beyond those that can be paid for, by the lowest priority draws."""
    n_asking = 0
    for i in range(world.latest_brand.size):
        if s.committed_brand[i] == j and s.commitment_step[i] == t:
            word = sparse_word(_U(i), _U(0), _U(t), tail(draws.OUTSIDE, _U(0), _U(0)), k0, k1, 2)
            w.keys[n_asking] = (np.uint64(word) << np.uint64(32)) | np.uint64(i)
            w.asking[n_asking] = i
            n_asking += 1
    sort_pairs(w.keys, w.asking, n_asking)
    for a in range(s.group_places[j], n_asking):
        i = w.asking[a]
        s.flags[j, i] |= IS_TURNED_AWAY
        add_move(i, j, COMMITTERS, -1, w)


@part
def pay(i: Any, j: Any, t: Any, in_group: Any, m: Any, p: Any, plan: Any, on: Any, s: Any, row: Any) -> Any:
    """Book a unit's revenue, costs, discounts and rewards; return whether an invitation was used."""
    listed = money(np.float64(m.price[t, j]))
    price = price_for(i, j, t, m, s)
    after_cut = money(np.float64(choice.price_after(m.price[t, j], s.price_cut[j], ZERO)))
    after_coupon = money(np.float64(price))
    paid = after_coupon
    if in_group:
        since = s.commitment_step[i]
        discount = plan.programs[since, j, _DISCOUNT]
        paid -= money(np.float64(choice.group_discount(price, m.price[since, j], discount)))
    row[j, _REVENUE] += paid
    row[j, _COST] += money(np.float64(m.unit_cost[j]))
    row[j, _DISCOUNTS] += listed - paid
    if plan.program_is_strategy[j, 0]:
        book(j, 0, listed - after_cut, s, row)
    if on.coupon_is_strategy[j]:
        book(j, -1, after_cut - after_coupon, s, row)
    if plan.program_is_strategy[j, 3]:
        book(j, 3, after_coupon - paid, s, row)
    s.coupon_until[j, i] = LONG_AGO
    used = is_invited(i, j, t, s) and not in_group
    if used:
        since = s.invitation_step[j, i]
        receiver = referral.reward_for_receiver(plan.programs[since, j, _RECEIVER], price)
        reward = money(np.float64(plan.programs[since, j, _SENDER])) + money(np.float64(receiver))
        row[j, _REWARDS] += reward
        row[j, _REDEEMED] += 1
        if plan.program_is_strategy[j, REFERRAL_PROGRAM]:
            book(j, REFERRAL_PROGRAM, reward, s, row)
        s.invited_until[j, i] = LONG_AGO
    return used


@part
def count_purchase(
    i: Any,
    j: Any,
    t: Any,
    in_group: Any,
    is_referred: Any,
    m: Any,
    p: Any,
    world: Any,
    on: Any,
    s: Any,
    w: Any,
    row: Any,
) -> None:
    """Record a purchase, its source, and who switched from where."""
    row[j, _PURCHASES] += 1
    latest = s.latest_brand[i]
    if latest == j:
        row[j, _REPEAT] += 1
    else:
        if latest >= 0:
            row[latest, _SWITCHED] += 1
            s.base[latest] -= 1
            if on.neighbors:
                add_move(i, latest, ADOPTERS, -1, w)
        s.base[j] += 1
        s.latest_brand[i] = j
        if on.neighbors:
            add_move(i, j, ADOPTERS, 1, w)
    if (s.flags[j, i] & HAS_BOUGHT) == 0:
        row[j, _FIRST] += 1
        s.flags[j, i] |= HAS_BOUGHT
    source = s.touch[j, i]
    if in_group:
        source = COMMUNITY
        row[j, _GROUP_PURCHASES] += 1
    elif is_referred:
        source = REFERRAL
    row[j, _FIRST_SOURCE + np.int64(source)] += 1
    if weeks_since_visit(i, j, t, s) <= p.visit_weeks:
        row[j, _CONVERTED] += 1
    s.visit_step[j, i] = LONG_AGO
    row[j, _DAYS] += fixed_point(m.delivery_days[j, m.cell_region[world.population.cell[i]]])


@part
def live_through(
    i: Any, j: Any, at: Any, t: Any, m: Any, p: Any, plan: Any, world: Any, on: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a buyer experience the product, review it, invite friends, join the community."""
    b = i // BLOCK
    k = i % BLOCK
    u_review = w.lived[1, at]
    u_invite = w.lived[2, at]
    u_join = w.lived[3, at]
    satisfied = experience.satisfaction(m.quality[t, j], p.experience_sd, w.lived[0, at])
    belief = s.values[b, j, BELIEF, k]
    surprise = satisfied - belief
    evidence = s.values[b, j, EVIDENCE, k]
    s.values[b, j, BELIEF, k] = experience.belief_after_experience(belief, evidence, satisfied)
    s.values[b, j, EVIDENCE, k] = experience.evidence_after_experience(evidence, p.evidence_limit)
    s.values[b, j, MEMORY, k] = ONE
    for other in range(m.n_brands):
        s.values[b, other, HABIT, k] = experience.habit(
            s.values[b, other, HABIT, k], p.habit_retention, ONE if other == j else ZERO
        )
    s.satisfaction[i] = satisfied
    s.surprise[i] = surprise
    row[j, _SATISFACTION] += fixed_point(satisfied)
    row[j, _PROMOTERS] += np.int64(satisfied >= ONE)
    row[j, _DETRACTORS] += np.int64(satisfied < ZERO)
    if u_review < experience.review_probability(surprise, p.review_intercept, p.review_surprise):
        row[j, _REVIEWS] += 1
        row[j, _REVIEW_VALUE] += fixed_point(satisfied)
        s.review_count[j] += 1
        s.review_sum[j] += fixed_point(satisfied)
    kind = np.uint8(0) if m.is_durable else TALKS
    if on.referral[j] and plan.programs[t, j, _REFERRAL] > ZERO and s.is_open[j, REFERRAL_PROGRAM]:
        chance = referral.invite_probability(
            surprise,
            plan.programs[t, j, _SENDER],
            plan.programs[t, j, _RECEIVER],
            m.reference_price,
            p.invite_intercept,
            p.invite_reward,
            p.altruism,
        )
        if u_invite < chance:
            kind |= INVITES
    if kind > 0:
        add_talk(i, j, kind, 0, satisfied, surprise, w)
    if on.community[j] and plan.programs[t, j, _COMMUNITY] > ZERO and s.is_open[j, COMMUNITY_PROGRAM]:
        if (s.flags[j, i] & IS_MEMBER) == 0:
            nearby = F(s.counts[MEMBERS, j, i])
            if u_join < community.join_probability(
                surprise, nearby, p.join_intercept, p.join_surprise, p.join_neighbors
            ):
                s.flags[j, i] |= IS_MEMBER
                s.members[j] += 1
                add_move(i, j, MEMBERS, 1, w)
    if on.profile[j]:
        learn_profile(i, j, w.lived[4, at], w.lived[5, at], p, s)
    if m.is_durable:
        life = np.int32(experience.lifetime(m.mean_life, w.lived[6, at]))
        s.replacement_step[i] = np.int32(t) + max(life, np.int32(1))


@part
def draw_for_buyers(n: Any, t: Any, k0: Any, k1: Any, m: Any, on: Any, w: Any) -> None:
    """Draw what up to 256 buyers need, all at once."""
    for a in range(whole(n)):
        c0, c1, c2, c3 = philox(_U(w.buyer[a]), _U(0), _U(t), w.buyer_tail[0, a], k0, k1)
        w.lived[0, a] = unit(c0)
        w.lived[1, a] = unit(c1)
        w.lived[2, a] = unit(c2)
        w.lived[3, a] = unit(c3)
    for a in range(whole(n)):
        w.lived[0, a] = normal(w.lived[0, a])
    if m.is_durable or on.any_profile:
        for a in range(whole(n)):
            c0, c1, c2, _ = philox(_U(w.buyer[a]), _U(0), _U(t), w.buyer_tail[1, a], k0, k1)
            w.lived[4, a] = unit(c0)
            w.lived[5, a] = unit(c1)
            w.lived[6, a] = unit(c2)


@subframe
def carry_out(
    first: Any,
    last: Any,
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
    row: Any,
) -> None:
    """Carry out the accepted among at most 256 orders, in the order of consumers, and let buyers talk."""
    n = 0
    for order in range(first, last):
        if w.order_state[order] == ACCEPTED:
            brand_id = m.brand_id[w.order_choice[order]]
            w.buyer[n] = w.order_consumer[order]
            w.buyer_tail[0, n] = tail(draws.EXPERIENCE, brand_id, _U(0))
            w.buyer_tail[1, n] = tail(draws.PURCHASE, brand_id, _U(0))
            w.shopper[n] = order
            n += 1
    draw_for_buyers(n, t, k0, k1, m, on, w)
    for a in range(n):
        i = np.int64(w.buyer[a])
        j = np.int64(w.order_choice[w.shopper[a]])
        in_group = w.order_group[w.shopper[a]] > 0
        is_referred = pay(i, j, t, in_group, m, p, plan, on, s, row)
        count_purchase(i, j, t, in_group, is_referred, m, p, world, on, s, w, row)
        live_through(i, j, a, t, m, p, plan, world, on, s, w, row)


@part
def accept_all(w: Any, row: Any) -> None:
    """Accept every order, where stock cannot run out."""
    for n in range(w.n[N_ORDERS]):
        j = w.order_choice[n]
        if j >= 0:
            row[j, _ORDERS] += 1
            w.order_state[n] = ACCEPTED
        else:
            w.order_state[n] = DROPPED
