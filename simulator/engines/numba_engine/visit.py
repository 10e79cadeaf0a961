"""The sparse part of a step: what single consumers do after the dense phases.

In this order for one consumer: content is seen, advertisements are clicked,
members take part in their community, groups are settled, and whoever has a need shops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import part
from simulator.engines.numba_engine.layout import (
    ADOPTERS,
    BELIEF,
    BELONGING,
    COMMITS,
    COMMITTERS,
    COMMUNITY,
    CONTENT,
    EVIDENCE,
    GOODWILL,
    HABIT,
    IS_FOLLOWER,
    IS_MEMBER,
    IS_TURNED_AWAY,
    MEMBERS,
    MEMORY,
    N_MOVES,
    N_ORDERS,
    N_TALKS,
    PROFILE_EVIDENCE,
    PROFILE_X,
    PROFILE_Y,
    SHARES,
    TRUST,
    record,
    whole,
)
from simulator.model import draws
from simulator.model.campaigns import TERM
from simulator.model.draws import BLOCK, sparse_uniforms, tail
from simulator.model.mathematics import ONE, ZERO, F, fixed_point, gumbel, normal, unit
from simulator.model.philox import philox
from simulator.model.rules import attention, choice, community, content, precision, search
from simulator.model.rules.ledger import money

_U = np.uint32
_MINUS = F(-1e30)
_GROUP, _DISCOUNT = TERM["group"], TERM["group_discount"]
_SIZE, _DEADLINE = TERM["group_size"], TERM["group_deadline"]
_PROMOTION = TERM["promotional_share"]
_COMMUNITY, _CO_DESIGN = TERM["community"], TERM["co_design"]
_REWARD = TERM["reward_receiver"]
_VIEWS, _SHARED, _FOLLOWERS = record("content_views"), record("content_shares"), record("followers")
_DIRECT, _ONE_HOP, _DEEPER = (
    record("piece_views_direct"),
    record("piece_views_one_hop"),
    record("piece_views_deeper"),
)
_PIECE_SHARES, _CLICKS = record("piece_shares"), record("clicks")
_INTERACTIONS, _GROUP_FAILURES = record("interactions"), record("group_failures")
_CONSIDERED, _COMMITMENTS = record("considered"), record("group_commitments")
_NEEDS = record("needs")

WAITING = np.int8(-2)
OUTSIDE = np.int8(-1)
PENDING, ACCEPTED, DROPPED = np.uint8(0), np.uint8(1), np.uint8(2)
PRICE_CUT_PROGRAM, REFERRAL_PROGRAM, COMMUNITY_PROGRAM, GROUP_PROGRAM = range(4)


@part
def add_talk(i: Any, j: Any, kind: Any, piece: Any, value: Any, surprise: Any, w: Any) -> None:
    """List a consumer who has something for the neighbors."""
    n = w.n[N_TALKS]
    w.talk_consumer[n] = i
    w.talk_brand[n] = j
    w.talk_kind[n] = kind
    w.talk_piece[n] = piece
    w.talk_value[n] = value
    w.talk_surprise[n] = surprise
    w.n[N_TALKS] = n + 1


@part
def add_move(i: Any, j: Any, which: Any, change: Any, w: Any) -> None:
    """List a change that the neighbors' counts of adopters, members or committed must follow."""
    n = w.n[N_MOVES]
    w.move_consumer[n] = i
    w.move_brand[n] = j
    w.move_count[n] = which
    w.move_change[n] = change
    w.n[N_MOVES] = n + 1


@part
def learn_profile(i: Any, j: Any, z_x: Any, z_y: Any, p: Any, s: Any) -> None:
    """Let a brand learn from one observed event."""
    b = i // BLOCK
    k = i % BLOCK
    n = s.values[b, j, PROFILE_EVIDENCE, k]
    seen_x = precision.signal(s.taste[0, i], p.profile_noise, normal(z_x))
    seen_y = precision.signal(s.taste[1, i], p.profile_noise, normal(z_y))
    s.values[b, j, PROFILE_X, k] = precision.profile(s.values[b, j, PROFILE_X, k], seen_x, n)
    s.values[b, j, PROFILE_Y, k] = precision.profile(s.values[b, j, PROFILE_Y, k], seen_y, n)
    s.values[b, j, PROFILE_EVIDENCE, k] = precision.profile_evidence(n, p.profile_retention)


@part
def weeks_since_visit(i: Any, j: Any, t: Any, s: Any) -> Any:
    """Return the steps since a consumer's latest visit to a brand."""
    return F(np.int32(t) - s.visit_step[j, i])


@part
def price_for(i: Any, j: Any, t: Any, m: Any, s: Any) -> Any:
    """Return what a consumer would pay for a unit, before any referral reward."""
    coupon = s.coupon[j, i] if np.int32(t) <= s.coupon_until[j, i] else ZERO
    return choice.price_after(m.price[t, j], s.price_cut[j], coupon)


@part
def is_invited(i: Any, j: Any, t: Any, s: Any) -> Any:
    """Return whether a consumer holds a valid invitation to a brand."""
    return np.int32(t) <= s.invited_until[j, i]


@part
def worth_of(i: Any, j: Any, m: Any, p: Any, world: Any, on: Any, s: Any) -> Any:
    """Return a brand's utility for a consumer before price and taste shock."""
    b = i // BLOCK
    k = i % BLOCK
    tailoring = m.tailoring[j]
    x = choice.offered_position(s.position[j, 0], s.values[b, j, PROFILE_X, k], tailoring)
    y = choice.offered_position(s.position[j, 1], s.values[b, j, PROFILE_Y, k], tailoring)
    distance = choice.misfit(s.taste[0, i], s.taste[1, i], x, y)
    region = m.cell_region[world.population.cell[i]]
    delay = choice.delay_term(p.delay_weight, m.delivery_days[j, region])
    product = choice.product_utility(
        p.category_value,
        p.quality_weight,
        s.values[b, j, BELIEF, k],
        p.fit_weight,
        distance,
        delay,
        p.friction,
    )
    relation = choice.relation_utility(
        p.goodwill_weight,
        s.values[b, j, GOODWILL, k],
        p.habit_weight,
        s.values[b, j, HABIT, k],
        p.trust_weight,
        s.values[b, j, TRUST, k],
        p.belonging_weight,
        s.values[b, j, BELONGING, k],
    )
    social = ZERO
    if on.neighbors or m.externality > 0:
        nearby = ZERO
        if on.neighbors:
            nearby = F(s.counts[ADOPTERS, j, i]) / F(max(world.in_degree[i], 1))
        share = nearby if m.is_local else F(s.base_seen[j]) / F(world.latest_brand.size)
        benefit = choice.externality_benefit(share, m.externality)
        social = choice.social_utility(p.externality_weight, benefit, p.social_weight, nearby)
    return choice.worth(product, relation, social)


@part
def utility_of(i: Any, worth: Any, price: Any, m: Any, world: Any) -> Any:
    """Return a brand's utility at a price."""
    cost = choice.price_term(world.population.price_sensitivity[i], price, m.reference_price)
    return choice.utility(worth, cost)


@part
def see_content(
    i: Any,
    j: Any,
    t: Any,
    k0: Any,
    k1: Any,
    m: Any,
    p: Any,
    plan: Any,
    world: Any,
    s: Any,
    w: Any,
    counts: Any,
) -> None:
    """Let a consumer see a piece: promoted, followed, or passed on by a neighbor."""
    b = i // BLOCK
    k = i % BLOCK
    is_direct = False
    for h in range(plan.brand.size):
        if plan.brand[h] == j and plan.is_content[h] and s.rate[h] > ZERO and w.hit[h, k]:
            is_direct = True
    mail = s.piece[j, i]
    s.piece[j, i] = 0
    follows = (s.flags[j, i] & IS_FOLLOWER) > 0
    pieces = s.pieces[j]
    if not (is_direct or mail > 0 or (follows and pieces > ZERO)):
        return
    u_view, u_share, u_follow, u_unfollow = sparse_uniforms(
        _U(i), _U(0), _U(t), tail(draws.CONTENT, m.brand_id[j], _U(0)), k0, k1
    )
    if follows and pieces > ZERO and u_view < content.view_probability(p.follower_attention, pieces):
        is_direct = True
    if is_direct and s.latest_piece[j] >= 0:
        piece = s.latest_piece[j]
        hops = np.int32(0)
    elif mail > 0:
        piece = (mail >> 2) - 1
        hops = np.int32(3) - (mail & 3)
    else:
        return
    row = counts[t, j]
    row[_VIEWS] += 1
    if hops == 0:
        counts[piece, j, _DIRECT] += 1
    elif hops == 1:
        counts[piece, j, _ONE_HOP] += 1
    else:
        counts[piece, j, _DEEPER] += 1
    value = s.piece_value[piece, j]
    promotion = plan.programs[piece, j, _PROMOTION]
    s.values[b, j, MEMORY, k] = attention.reinforced(s.values[b, j, MEMORY, k], p.memory_gain_content)
    s.values[b, j, TRUST, k] = content.trust_after_content(s.values[b, j, TRUST, k], value, p.trust_gain)
    s.touch[j, i] = CONTENT
    if follows:
        if u_unfollow < content.unfollow_probability(
            value, promotion, p.unfollow_intercept, p.follow_value, p.share_promotion
        ):
            s.flags[j, i] &= ~IS_FOLLOWER
            s.followers[j] -= 1
    elif u_follow < content.follow_probability(
        value, promotion, p.follow_intercept, p.follow_value, p.share_promotion
    ):
        s.flags[j, i] |= IS_FOLLOWER
        s.followers[j] += 1
    if u_share < content.share_probability(
        world.population.sharing[i],
        value,
        s.piece_appeal[piece, j],
        promotion,
        p.share_intercept,
        p.share_value,
        p.share_promotion,
    ):
        row[_SHARED] += 1
        counts[piece, j, _PIECE_SHARES] += 1
        add_talk(i, j, SHARES, ((piece + 1) << 2) | (3 - min(hops + 1, 3)), ZERO, ZERO, w)


@part
def click(
    i: Any,
    j: Any,
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
    """Let a consumer click noticed advertisements and keep their coupons."""
    k = i % BLOCK
    for h in range(plan.brand.size):
        if plan.brand[h] != j or plan.is_content[h] or not s.rate[h] > ZERO or w.hit[h, k] == 0:
            continue
        if plan.coupon[h] > ZERO:
            s.coupon[j, i] = plan.coupon[h]
            s.coupon_until[j, i] = np.int32(t) + np.int32(p.coupon_weeks) - np.int32(1)
        if plan.has_click[h]:
            value = utility_of(i, worth_of(i, j, m, p, world, on, s), price_for(i, j, t, m, s), m, world)
            u, z_x, z_y, _ = sparse_uniforms(
                _U(i), plan.channel_id[h], _U(t), tail(draws.CLICK, m.brand_id[j], plan.slot[h]), k0, k1
            )
            if u < precision.click_probability(value, plan.click_intercept[h]):
                row[j, _CLICKS] += 1
                s.visit_step[j, i] = t
                if on.profile[j]:
                    learn_profile(i, j, z_x, z_y, p, s)


@part
def take_part(
    i: Any, j: Any, t: Any, k0: Any, k1: Any, m: Any, p: Any, plan: Any, world: Any, s: Any, w: Any, row: Any
) -> None:
    """Let a member interact, belong and perhaps leave."""
    if (s.flags[j, i] & IS_MEMBER) == 0:
        return
    b = i // BLOCK
    k = i % BLOCK
    u_interact, u_exit, _, _ = sparse_uniforms(
        _U(i), _U(0), _U(t), tail(draws.COMMUNITY, m.brand_id[j], _U(0)), k0, k1
    )
    is_served = plan.programs[t, j, _COMMUNITY] > ZERO and s.is_open[j, COMMUNITY_PROGRAM] > 0
    interacts = is_served and u_interact < community.interaction_probability(
        world.population.sharing[i], p.interaction_rate
    )
    if interacts:
        row[j, _INTERACTIONS] += 1
        s.values[b, j, MEMORY, k] = attention.reinforced(s.values[b, j, MEMORY, k], p.memory_gain_contact)
        s.touch[j, i] = COMMUNITY
        if plan.programs[t, j, _CO_DESIGN] > ZERO:
            s.wishes[j, 0] += 1
            s.wishes[j, 1] += fixed_point(s.taste[0, i])
            s.wishes[j, 2] += fixed_point(s.taste[1, i])
    belonging = community.belonging(
        s.values[b, j, BELONGING, k], p.belonging_retention, p.belonging_gain, ONE if interacts else ZERO
    )
    if u_exit < community.exit_probability(belonging, p.community_exit):
        s.flags[j, i] &= ~IS_MEMBER
        s.members[j] -= 1
        belonging = ZERO
        add_move(i, j, MEMBERS, -1, w)
    s.values[b, j, BELONGING, k] = belonging


@part
def reserve_of(j: Any, since: Any, m: Any, plan: Any) -> Any:
    """Return the most that a group discount may cost which was promised at a step."""
    price = m.price[since, j]
    return money(np.float64(choice.group_discount(price, price, plan.programs[since, j, _DISCOUNT])))


@part
def settle_group(i: Any, t: Any, m: Any, plan: Any, s: Any, w: Any, row: Any) -> Any:
    """Return the brand that a consumer buys in a completed group, -1 where the group lapses, -2 to wait on."""
    j = np.int64(s.committed_brand[i])
    since = np.int64(s.commitment_step[i])
    is_admitted = (s.flags[j, i] & IS_TURNED_AWAY) == 0
    is_complete = is_admitted and community.group_is_complete(
        s.counts[COMMITTERS, j, i], np.int32(plan.programs[since, j, _SIZE])
    )
    if is_admitted and not is_complete and t < since + np.int64(plan.programs[since, j, _DEADLINE]):
        return np.int64(-2)
    s.committed_brand[i] = -1
    s.flags[j, i] &= ~IS_TURNED_AWAY
    if is_admitted:
        s.reserved[j] -= reserve_of(j, since, m, plan)
        add_move(i, j, COMMITTERS, -1, w)
    if is_complete:
        return j
    s.visit_step[j, i] = t
    row[j, _GROUP_FAILURES] += 1
    return np.int64(-1)


@part
def read_reviews(i: Any, j: Any, t: Any, p: Any, s: Any) -> None:
    """Let a consumer read the reviews that are new to it."""
    count = s.review_history[t, j, 0]
    total = s.review_history[t, j, 1]
    since = np.int64(s.read_step[j, i])
    if since >= 0:
        count -= s.review_history[since, j, 0]
        total -= s.review_history[since, j, 1]
    s.read_step[j, i] = t
    if count == 0:
        return
    b = i // BLOCK
    k = i % BLOCK
    weight = search.review_weight(F(count), p.review_evidence, p.review_half)
    evidence = s.values[b, j, EVIDENCE, k]
    s.values[b, j, BELIEF, k] = search.belief_after_reviews(
        s.values[b, j, BELIEF, k], evidence, search.review_mean(total, count), weight
    )
    s.values[b, j, EVIDENCE, k] = search.evidence_after_message(evidence, weight, p.evidence_limit)


@part
def place_order(i: Any, selected: Any, is_group: Any, gumbel_outside: Any, gumbel_wait: Any, w: Any) -> None:
    """Write down what a shopper chose; values and totals by brand stand there already."""
    n = w.n[N_ORDERS]
    w.order_consumer[n] = i
    w.order_choice[n] = selected
    w.order_first[n] = selected
    w.order_state[n] = PENDING
    w.order_group[n] = np.uint8(is_group)
    w.order_outside[n] = gumbel_outside
    w.order_waiting[n] = gumbel_wait
    w.n[N_ORDERS] = n + 1


@part
def draw_for_shoppers(b: Any, n_busy: Any, t: Any, k0: Any, k1: Any, m: Any, s: Any, w: Any) -> None:
    """Draw what a block's shoppers need, all at once: a loop over a list is vectorized, single draws are not."""
    start = b * BLOCK
    n = 0
    for q in range(n_busy):
        k = w.busy[q]
        w.shopper[n] = start + k
        w.place[k] = n
        is_committed = s.committed_brand[start + k] >= 0
        w.occasion[n] = _U(s.commitment_step[start + k]) if is_committed else _U(t)
        n += np.int64((w.wants[k] > 0) | (s.committed_brand[start + k] >= 0))
    word = tail(draws.OUTSIDE, _U(0), _U(0))
    for a in range(whole(n)):
        c0, c1, _, _ = philox(_U(w.shopper[a]), _U(0), w.occasion[a], word, k0, k1)
        w.draws[0, a] = unit(c0)
        w.draws[1, a] = unit(c1)
    for a in range(whole(n)):
        w.draws[0, a] = gumbel(w.draws[0, a])
        w.draws[1, a] = gumbel(w.draws[1, a])
    for j in range(m.n_brands):
        word = tail(draws.SEARCH, m.brand_id[j], _U(0))
        first = 2 + 4 * j
        for a in range(whole(n)):
            c0, c1, c2, c3 = philox(_U(w.shopper[a]), _U(0), w.occasion[a], word, k0, k1)
            w.draws[first, a] = unit(c0)
            w.draws[first + 1, a] = unit(c1)
            w.draws[first + 2, a] = unit(c2)
            w.draws[first + 3, a] = unit(c3)
        for a in range(whole(n)):
            w.draws[first + 2, a] = gumbel(w.draws[first + 2, a])


@part
def shop(
    i: Any,
    t: Any,
    forced: Any,
    may_join: Any,
    m: Any,
    p: Any,
    plan: Any,
    world: Any,
    on: Any,
    s: Any,
    w: Any,
    counts: Any,
) -> None:
    """Let a consumer with a need consider brands and choose one, a group, or none."""
    b = i // BLOCK
    k = i % BLOCK
    n = w.n[N_ORDERS]
    at = w.place[k]
    online = world.population.online[i]
    outside = w.draws[0, at]
    best = outside
    selected = OUTSIDE
    best_memory = F(-1.0)
    in_group = False
    for j in range(m.n_brands):
        w.order_total[n, j] = _MINUS
        w.order_value[n, j] = _MINUS
        if m.is_available[t, j] == 0 or (forced >= 0 and forced != j):
            continue
        u_recall = w.draws[2 + 4 * j, at]
        u_online = w.draws[3 + 4 * j, at]
        shock = w.draws[4 + 4 * j, at]
        age = weeks_since_visit(i, j, t, s)
        if forced != j:
            if not search.is_considered(
                u_recall,
                s.values[b, j, MEMORY, k],
                age,
                p.visit_weeks,
                u_online,
                m.online_coverage[j],
                online,
            ):
                continue
            if search.is_found_online(u_online, m.online_coverage[j], online):
                s.visit_step[j, i] = t
            counts[t, j, _CONSIDERED] += 1
            if search.reads_reviews(w.draws[5 + 4 * j, at], p.reading_propensity, online):
                read_reviews(i, j, t, p, s)
        price = price_for(i, j, t, m, s)
        paid = price
        if is_invited(i, j, t, s):
            reward = plan.programs[s.invitation_step[j, i], j, _REWARD]
            paid = choice.price_after_reward(price, reward)
        worth = worth_of(i, j, m, p, world, on, s)
        value = utility_of(i, worth, paid, m, world)
        w.order_value[n, j] = value
        total = choice.total(value, shock)
        w.order_total[n, j] = total
        joins = False
        if forced == j:
            best = total
            selected = np.int8(j)
            continue
        if may_join and on.group[j] and plan.programs[t, j, _GROUP] > ZERO and s.group_places[j] > 0:
            odds = community.group_odds(s.counts[COMMITTERS, j, i], np.int32(plan.programs[t, j, _SIZE]))
            cheap = choice.expected_group_price(price, plan.programs[t, j, _DISCOUNT], odds)
            in_time = choice.delayed_total(utility_of(i, worth, cheap, m, world), p.delay_weight, shock)
            if in_time > total:
                total = in_time
                joins = True
        if m.is_threshold:
            push = attention.memory(ZERO, ZERO, w.noticed[j, k], attention.log_remainder(p.memory_gain_ad))
            nearby = F(s.counts[ADOPTERS, j, i]) / F(max(world.in_degree[i], 1))
            if selected == OUTSIDE and choice.adopts_by_threshold(
                nearby, push, world.population.threshold[i]
            ):
                selected = np.int8(j)
            continue
        if m.is_passive:
            if s.values[b, j, MEMORY, k] > best_memory:
                best_memory = s.values[b, j, MEMORY, k]
                is_better = total > outside
                selected = np.int8(j) if is_better else OUTSIDE
                in_group = joins and is_better
            continue
        if total > best:
            best = total
            selected = np.int8(j)
            in_group = joins
    if in_group:
        s.committed_brand[i] = selected
        s.commitment_step[i] = np.int32(t)
        s.visit_step[selected, i] = np.int32(t)
        counts[t, selected, _COMMITMENTS] += 1
        add_talk(i, selected, COMMITS, 0, ZERO, ZERO, w)
        add_move(i, selected, COMMITTERS, 1, w)
        s.has_open_need[i] = 0
        return
    s.has_open_need[i] = 0
    place_order(i, selected, forced >= 0, outside, w.draws[1, at], w)


@part
def visit(
    i: Any,
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
) -> None:
    """Take one busy consumer through the sparse phases."""
    k = i % BLOCK
    for j in range(m.n_brands):
        if on.content[j]:
            see_content(i, j, t, k0, k1, m, p, plan, world, s, w, counts)
        if on.media[j]:
            click(i, j, t, k0, k1, m, p, plan, world, on, s, w, counts[t])
        if on.community[j]:
            take_part(i, j, t, k0, k1, m, p, plan, world, s, w, counts[t])
    forced = np.int64(-1)
    may_join = True
    if s.committed_brand[i] >= 0:
        forced = settle_group(i, t, m, plan, s, w, counts[t])
        may_join = False
        if forced == -1:
            w.wants[k] = np.uint8(1)
            for j in range(m.n_brands):
                counts[t, j, _NEEDS] += 1
    if forced == -2:
        return
    if forced >= 0 or w.wants[k] > 0:
        shop(i, t, forced, may_join, m, p, plan, world, on, s, w, counts)
