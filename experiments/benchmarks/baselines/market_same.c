/* The market core in C with the engine's draws: the same addresses, the same order of floating-point operations, sums
   in whole numbers, so that every series has the engine's bits. Compiled for one number of brands and lines.

   Consumers stand in blocks of BLOCK, which lie in groups of LANES as the dense streams address them. What everybody
   needs in every step lies in arrays, and loops over them have no branches; what only the few need lies in one Person
   (64 bytes with two brands). The few of a block are gathered into lists, worked through side by side, and written
   back. Nothing is known of the plan: impressions, clutter and fatigue are worked out in every step. */
#include "market_same.h"

/* ---- messages ---- */
static void read_mail(Now *now, Block *b, int64_t which) {
    Market *m = now->m;
    int32_t *contacts = now->contacts, *heard = now->heard;
    int n_mail = m->n_mail[now->t & 1][which], n = 0;
    const Message *mail = m->mail[now->t & 1] + m->first_slot[which];
    if (n_mail == 0) return;
    uint16_t list[BRANDS * BLOCK + 1];
    float weight[BRANDS * BLOCK], value[BRANDS * BLOCK], memory[BRANDS * BLOCK];
    float *all_memory = (float *)b->memory, limit = m->p.evidence_limit;
    uint8_t *all_marks = (uint8_t *)b->mark;
    for (int k = 0; k < n_mail; k++) {
        uint32_t where = mail[k].where;
        __builtin_prefetch(&b->person[where % BLOCK], 1);
        list[n] = (uint16_t)where;
        n += contacts[where] == 0;
        contacts[where] += 1;
        heard[where] += mail[k].value;
    }
    for (int a = 0; a < n; a++) {
        int where = list[a];
        float number = (float)contacts[where];
        weight[a] = (float)(contacts[where] * now->message_weight) / 4096.0f;
        value[a] = (float)heard[where] / 4096.0f;
        memory[a] = 1.0f - (1.0f - all_memory[where]) * exact_exponential(number * now->log_contact);
    }
    for (int a = 0; a < n; a++) {
        int where = list[a], j = where / BLOCK;
        Relation *r = &b->person[where % BLOCK].brand[j];
        contacts[where] = heard[where] = 0;
        all_memory[where] = memory[a];
        all_marks[where] = (uint8_t)((all_marks[where] & ~TOUCH) | BY_FRIEND);
        if (weight[a] > 0.0f) {
            float belief = (r->evidence * r->belief + value[a]) / (r->evidence + weight[a]);
            now->belief[j] += units(belief) - units(r->belief);
            r->belief = belief;
            r->evidence = at_most(r->evidence + weight[a], limit);
        }
    }
    m->n_mail[now->t & 1][which] = 0;
}

INLINE void tell(Market *m, int parity, uint32_t who, int j, int32_t value) {
    int64_t which = who / BLOCK;
    Message *slot = m->mail[parity] + m->first_slot[which] + m->n_mail[parity][which]++;
    slot->where = (uint32_t)j * BLOCK + who % BLOCK;
    slot->value = value;
}

/* ---- attention ---- */
static void remember(Now *now, Block *b, int j, int at, const int32_t *seen) {
    const Terms p = now->m->p;
    float *OWN memory = b->memory[j] + at, *OWN goodwill = b->goodwill[j] + at, rest[LANES] = {0};
    uint8_t *OWN mark = b->mark[j] + at;
    int32_t n_seen = 0, n_reached = 0, n_new = 0, n_aware = 0, remembered = 0, liked = 0;
    for (int n = 0; n <= MOST_LINES; n++) {
        float left = now->left[n];
        for (int k = 0; k < LANES; k++) rest[k] = seen[k] >= n ? left : rest[k];
    }
    for (int k = 0; k < LANES; k++) {
        float x = 1.0f - (1.0f - p.memory_retention * memory[k]) * rest[k];
        memory[k] = x;
        remembered += units(x);
        n_aware += x >= 0.5f;
    }
    for (int k = 0; k < LANES; k++) {
        float x = p.goodwill_carryover * goodwill[k] + (float)seen[k];
        goodwill[k] = x;
        liked += units(x);
        n_seen += seen[k];
    }
    for (int k = 0; k < LANES; k++) {
        uint8_t is_reached = seen[k] > 0;
        n_reached += is_reached;
        n_new += (uint8_t)(is_reached & (mark[k] < WAS_REACHED));
        mark[k] = is_reached ? WAS_REACHED | BY_ADVERTISING : mark[k];
    }
    COUNT(j, NOTICED) += n_seen; COUNT(j, REACHED) += n_reached; COUNT(j, NEWLY_REACHED) += n_new;
    COUNT(j, MEMORY) += remembered; COUNT(j, GOODWILL) += liked; COUNT(j, AWARE) += n_aware;
}

/* What happens to everybody in a group: attention, memory, needs. */
static void attend(Now *now, Block *b, const Media *media, uint32_t group, int at) {
    const Market *m = now->m;
    const Terms p = m->p;
    float clear[LANES], fresh[LANES], own[LANES];
    uint32_t word[LANES];
    int32_t seen[LANES], n_needs = 0;
    memset(clear, 0, sizeof clear);
    for (int h = 0; h < LINES; h++) {
        float rate = now->rate[h], cap = m->line[h].cap;
        for (int k = 0; k < LANES; k++) clear[k] += at_most(rate * media->weight[h][at + k], cap);
    }
    for (int k = 0; k < LANES; k++) clear[k] = 1.0f / (1.0f + clear[k] / p.clutter_half);
    for (int j = 0; j < BRANDS; j++) {
        float *fatigue = b->fatigue[j] + at;
        memset(own, 0, sizeof own);
        memset(seen, 0, sizeof seen);
        for (int k = 0; k < LANES; k++) fresh[k] = exact_exponential(-p.wear_out * fatigue[k]);
        for (int h = first_line[j]; h < first_line[j + 1]; h++) {
            const float *weight = media->weight[h] + at, *relevance = media->relevance[h] + at;
            float rate = now->rate[h], cap = m->line[h].cap, attention = m->line[h].attention;
            uint8_t *hit = now->hit[h] + at;
            if (!(rate > 0.0f)) continue;
            draw_for_all(now, group, m->line[h].channel, tail(NOTICE, m->id[j], m->line[h].slot), word);
            for (int k = 0; k < LANES; k++) {
                float x = at_most(rate * weight[k], cap);
                float chance = 1.0f - exact_exponential(-(x * attention * relevance[k] * fresh[k] * clear[k]));
                int noticed = uniform(word[k]) < chance;
                own[k] += x;
                seen[k] += noticed;
                hit[k] = (uint8_t)noticed;
            }
        }
        for (int k = 0; k < LANES; k++) fatigue[k] = p.fatigue_carryover * fatigue[k] + own[k];
        remember(now, b, j, at, seen);
    }
    draw_for_all(now, group, 0, NEED, word);
    float season = m->season[now->t];
    for (int k = 0; k < LANES; k++) {
        float chance = 1.0f - exact_exponential(-(b->need_rate[at + k] * season));
        int needs = uniform(word[k]) < chance;
        now->wants[at + k] = (uint8_t)needs;
        n_needs += needs;
    }
    for (int j = 0; j < BRANDS; j++) COUNT(j, NEEDS) += n_needs;
}

/* ---- what a brand is worth to the few ---- */
typedef struct {
    int n;
    uint16_t list[BLOCK + 32];
    uint32_t who[LIST];
} List;

static void number(List *l, int64_t which) {
    for (int a = 0; a < whole(l->n); a++) l->who[a] = (uint32_t)(which * BLOCK) + l->list[a];
}

typedef struct { /* of those on a list, side by side */
    float taste_x[LIST], taste_y[LIST], sensitivity[LIST], online[LIST], memory[LIST], goodwill[LIST],
        belief[LIST], evidence[LIST], habit[LIST], days[LIST], utility[LIST];
    int32_t visit[LIST], read[LIST], region[LIST];
} Known;

static void gather_traits(const Block *b, const List *l, Known *k) {
    for (int a = 0; a < whole(l->n); a++) {
        const Person *person = &b->person[l->list[a]];
        k->taste_x[a] = person->taste_x; k->taste_y[a] = person->taste_y;
        k->sensitivity[a] = person->sensitivity; k->online[a] = person->online; k->region[a] = person->region;
    }
}

static void gather_relation(const Now *now, const Block *b, int j, const List *l, Known *k) {
    const float *days = now->m->days + j * now->m->n_regions;
    for (int a = 0; a < whole(l->n); a++) {
        const Relation *r = &b->person[l->list[a]].brand[j];
        k->belief[a] = r->belief; k->evidence[a] = r->evidence; k->habit[a] = r->habit;
        k->visit[a] = r->visit; k->read[a] = r->read;
        k->memory[a] = b->memory[j][l->list[a]]; k->goodwill[a] = b->goodwill[j][l->list[a]];
        k->days[a] = days[k->region[a]];
    }
}

static void judge(const Now *now, int j, int n, Known *k) {
    const Terms p = now->m->p;
    const Brand at = now->m->brand[j];
    for (int a = 0; a < whole(n); a++) {
        float dx = k->taste_x[a] - at.x, dy = k->taste_y[a] - at.y, distance = dx * dx + dy * dy;
        float product = p.category_value + p.quality_weight * k->belief[a] - p.fit_weight * distance
                        - p.delay_weight * k->days[a] - p.friction;
        float relation = p.goodwill_weight * exact_logarithm(1.0f + k->goodwill[a]) + p.habit_weight * k->habit[a]
                         + p.trust_weight * at.trust;
        k->utility[a] = product + relation - k->sensitivity[a] * at.price;
    }
}

static void click(Now *now, Block *b, int64_t which, int j, int h) {
    const Line *line = &now->m->line[h];
    List l;
    Known k;
    uint32_t word[4][LIST];
    uint8_t clicks[LIST];
    l.n = list_marked(now->hit[h], BLOCK, l.list);
    number(&l, which);
    fetch(b, l.n, l.list);
    draw_for_few(now, l.n, l.who, line->channel, tail(CLICK, now->m->id[j], line->slot), word);
    gather_traits(b, &l, &k);
    gather_relation(now, b, j, &l, &k);
    judge(now, j, l.n, &k);
    for (int a = 0; a < whole(l.n); a++)
        clicks[a] = uniform(word[0][a]) < logistic(line->click_intercept + k.utility[a]);
    for (int a = 0; a < l.n; a++)
        if (clicks[a]) {
            b->person[l.list[a]].brand[j].visit = b->person[l.list[a]].brand[j].click = (int16_t)now->t;
            COUNT(j, CLICKS)++;
        }
}

/* ---- choice ---- */
/* Who considers a brand reads of it, or not, what has been written since the latest reading. */
static void read_reviews(Now *now, int j, int n, const int32_t *OWN reads, Known *OWN k) {
    float value[LIST], weight[LIST], limit = now->m->p.evidence_limit;
    int32_t learned = 0, t = now->t;
    for (int a = 0; a < whole(n); a++) {
        value[a] = now->news_value[j][k->read[a] + 1];
        weight[a] = now->news_weight[j][k->read[a] + 1];
    }
    for (int a = 0; a < whole(n); a++) {
        float evidence = k->evidence[a], belief = k->belief[a], w = weight[a];
        int learns = reads[a] & (w >= 0.0f);
        float after = learns ? (evidence * belief + value[a]) / (evidence + w) : belief;
        learned += a < n ? units(after) - units(belief) : 0;
        k->belief[a] = after;
        k->evidence[a] = learns ? at_most(evidence + w, limit) : evidence;
        k->read[a] = reads[a] ? t : k->read[a];
    }
    now->belief[j] += learned;
}

static void consider(Now *now, int j, int n, uint32_t (*word)[LIST], int32_t *OWN considers, Known *OWN k) {
    const Terms p = now->m->p;
    float coverage = now->m->brand[j].coverage;
    int32_t reads[LIST], n_considered = 0, t = now->t;
    for (int a = 0; a < whole(n); a++) {
        int is_found = uniform(word[1][a]) < coverage * k->online[a];
        int is_recent = (float)(t - k->visit[a]) <= p.visit_steps;
        considers[a] = (uniform(word[0][a]) < k->memory[a]) | is_recent | is_found;
        reads[a] = considers[a] & (uniform(word[3][a]) < p.reading * k->online[a]);
        k->visit[a] = is_found ? t : k->visit[a];
        n_considered += a < n ? considers[a] : 0;
    }
    COUNT(j, CONSIDERED) += n_considered;
    read_reviews(now, j, n, reads, k);
}

static void weigh(Now *now, Block *b, int j, const List *l, Known *k, float *OWN best, int32_t *OWN chosen) {
    uint32_t word[4][LIST];
    int32_t considers[LIST];
    draw_for_few(now, l->n, l->who, 0, tail(SEARCH, now->m->id[j], 0), word);
    gather_relation(now, b, j, l, k);
    consider(now, j, l->n, word, considers, k);
    judge(now, j, l->n, k);
    for (int a = 0; a < whole(l->n); a++) {
        float total = k->utility[a] + gumbel(uniform(word[2][a]));
        int is_better = considers[a] & (total > best[a]);
        chosen[a] = is_better ? j + 1 : chosen[a];
        best[a] = is_better ? total : best[a];
    }
    for (int a = 0; a < l->n; a++) {
        Relation *r = &b->person[l->list[a]].brand[j];
        r->belief = k->belief[a]; r->evidence = k->evidence[a];
        r->visit = (int16_t)k->visit[a]; r->read = (int16_t)k->read[a];
    }
}

static void shop(Now *now, Block *b, int64_t which, List *buyers) {
    List l;
    Known k;
    uint32_t word[4][LIST];
    float best[LIST];
    int32_t chosen[LIST];
    l.n = list_marked(now->wants, BLOCK, l.list);
    number(&l, which);
    fetch(b, l.n, l.list);
    draw_for_few(now, l.n, l.who, 0, OUTSIDE, word);
    for (int a = 0; a < whole(l.n); a++) {
        best[a] = gumbel(uniform(word[0][a]));
        chosen[a] = 0;
    }
    gather_traits(b, &l, &k);
    for (int j = 0; j < BRANDS; j++) weigh(now, b, j, &l, &k, best, chosen);
    for (int j = 0; j < BRANDS; j++) {
        List *y = &buyers[j];
        y->n = 0;
        for (int a = 0; a < l.n; a++) {
            y->list[y->n] = l.list[a];
            y->n += chosen[a] == j + 1;
        }
        for (int a = y->n; a < whole(y->n); a++) y->list[a] = y->list[y->n - 1];
        number(y, which);
    }
}

/* ---- purchase ---- */
typedef struct { /* the buyers of a brand in a block, side by side */
    uint32_t word[4][LIST];
    float satisfied[LIST], surprise[LIST], intensity[LIST], belief[LIST], evidence[LIST], review[LIST],
        strong[LIST], weak[LIST];
    int32_t said[LIST];
} Buyers;

static void experience(const Now *now, int n, int j, Buyers *y) {
    const Terms p = now->m->p;
    float quality = now->m->brand[j].quality;
    double message_weight = now->message_weight;
    for (int a = 0; a < whole(n); a++) {
        float x = quality + p.experience_sd * exact_normal(uniform(y->word[0][a]));
        x = at_most(at_least(x, -2.0f), 2.0f);
        float surprise = x - y->belief[a], felt = fabsf(surprise), loss = surprise < 0.0f ? p.loss_factor : 1.0f;
        float intensity = y->intensity[a] * (p.talk_base + at_most(felt / p.surprise_unit, 2.0f) * loss);
        y->satisfied[a] = x;
        y->surprise[a] = surprise;
        y->belief[a] = (y->evidence[a] * y->belief[a] + x) / (y->evidence[a] + 1.0f);
        y->evidence[a] = at_most(y->evidence[a] + 1.0f, p.evidence_limit);
        y->review[a] = logistic(p.review_intercept + p.review_surprise * felt);
        y->strong[a] = 1.0f - exact_exponential(-(p.p_strong * intensity));
        y->weak[a] = 1.0f - exact_exponential(-(p.p_weak * intensity));
    }
    for (int a = 0; a < whole(n); a++)
        y->said[a] = (int32_t)floor(message_weight * (double)y->satisfied[a] + 0.5);
}

static void review(Now *now, int n, int j, const Buyers *y) {
    double people = now->m->people;
    for (int a = 0; a < n; a++) {
        float satisfied = y->satisfied[a];
        int32_t value = units(satisfied);
        COUNT(j, SATISFACTION) += value;
        COUNT(j, PROMOTERS) += satisfied >= 1.0f;
        COUNT(j, DETRACTORS) += satisfied < 0.0f;
        int64_t posted = (int64_t)floor(people * (double)y->review[a] + (double)uniform(y->word[1][a]));
        double share = (double)posted / people;
        COUNT(j, REVIEWS) += (int64_t)floor(share * 65536.0);
        COUNT(j, REVIEW_VALUE) += (int64_t)floor(share * (double)satisfied * 65536.0);
        now->reviews[j][0] += posted;
        now->reviews[j][1] += posted * value;
    }
}

static void keep_purchase(Now *now, Block *b, const List *l, int j, const Buyers *y) {
    const Terms p = now->m->p;
    int n_first = 0, n_converted = 0, latest[BRANDS + 1] = {0}, source[4] = {0}, n_unaware = 0;
    int64_t learned = 0, recalled = 0;
    for (int a = 0; a < l->n; a++) {
        Person *person = &b->person[l->list[a]];
        Relation *r = &person->brand[j];
        float *memory = &b->memory[j][l->list[a]];
        latest[person->latest]++;
        source[b->mark[j][l->list[a]] & TOUCH]++;
        n_first += !(person->bought >> j & 1);
        n_converted += (float)(now->t - r->click) <= p.visit_steps;
        n_unaware += *memory < 0.5f;
        recalled += 65536 - units(*memory);
        learned += units(y->belief[a]) - units(r->belief);
        person->latest = (uint8_t)(j + 1);
        person->bought |= (uint8_t)(1 << j);
        for (int other = 0; other < BRANDS; other++) person->brand[other].habit *= p.habit_retention;
        r->habit += 1.0f - p.habit_retention;
        r->visit = r->click = LONG_AGO;
        r->belief = y->belief[a]; r->evidence = y->evidence[a];
        *memory = 1.0f;
    }
    for (int other = 0; other < BRANDS; other++) {
        COUNT(other, other == j ? REPEAT : SWITCHED) += latest[other + 1];
        now->customers[other] -= latest[other + 1];
    }
    now->customers[j] += l->n;
    now->belief[j] += learned;
    for (int k = 0; k < 3; k++) COUNT(j, SOURCE + k) += source[k];
    COUNT(j, PURCHASES) += l->n; COUNT(j, REVENUE) += l->n * now->m->listed[j];
    COUNT(j, FIRST_PURCHASES) += n_first; COUNT(j, CONVERTED) += n_converted;
    COUNT(j, MEMORY) += recalled; COUNT(j, AWARE) += n_unaware;
}

typedef struct { /* ties of talkers, side by side */
    int n;
    uint32_t sender[MOST_TIES], arc[MOST_TIES], topic[MOST_TIES];
    float chance[MOST_TIES];
    uint8_t is_told[MOST_TIES];
    uint16_t list[MOST_TIES + 32];
} Ties;

/* Draws all ties that are listed and puts down the messages. */
static void tell_all(Now *now, int j, const Buyers *y, Ties *s) {
    Keys key = now->key;
    uint32_t t = (uint32_t)now->t, last = tail(TIE, now->m->id[j], 0);
    int32_t n_told[2] = {0};
    for (int a = 0; a < whole(s->n); a++) {
        uint32_t word[4];
        philox(&key, s->sender[a], s->arc[a] & ~IS_STRONG, t, last, word, 1);
        s->is_told[a] = uniform(word[0]) < s->chance[a];
    }
    memset(s->is_told + s->n, 0, 32);
    int n = list_marked(s->is_told, s->n, s->list);
    for (int a = 0; a < n; a++) {
        uint32_t topic = s->topic[s->list[a]];
        tell(now->m, ~now->t & 1, s->arc[s->list[a]] & ~IS_STRONG, j, y->said[topic]);
        n_told[y->surprise[topic] < 0.0f]++;
    }
    COUNT(j, POSITIVE) += n_told[0]; COUNT(j, NEGATIVE) += n_told[1];
    s->n = 0;
}

static void talk(Now *now, const List *l, int j, const Buyers *y) {
    const uint32_t *first_arc = now->m->first_arc;
    Ties s;
    s.n = 0;
    for (int a = 0; a < l->n; a++) {
        uint32_t who = l->who[a];
        float strong = y->strong[a], weak = y->weak[a];
        for (uint32_t first = first_arc[who], end = first_arc[who + 1]; first < end; first += TIES) {
            const uint32_t *arcs = now->m->arcs + first;
            int n = (int)(end - first < TIES ? end - first : TIES);
            for (int k = 0; k < whole(n); k++) {
                s.arc[s.n + k] = arcs[k];
                s.chance[s.n + k] = arcs[k] & IS_STRONG ? strong : weak;
                s.sender[s.n + k] = who;
                s.topic[s.n + k] = (uint32_t)a;
            }
            s.n += n;
            if (s.n >= TIES) tell_all(now, j, y, &s);
        }
    }
    if (s.n > 0) tell_all(now, j, y, &s);
}

static void buy(Now *now, Block *b, const List *l, int j) {
    Buyers y;
    if (l->n == 0) return;
    for (int a = 0; a < whole(l->n); a++) {
        const Person *person = &b->person[l->list[a]];
        __builtin_prefetch(now->m->arcs + now->m->first_arc[l->who[a]]);
        __builtin_prefetch(now->m->arcs + now->m->first_arc[l->who[a]] + 15);
        y.belief[a] = person->brand[j].belief; y.evidence[a] = person->brand[j].evidence;
        y.intensity[a] = person->sharing;
    }
    draw_for_few(now, l->n, l->who, 0, tail(EXPERIENCE, now->m->id[j], 0), y.word);
    experience(now, l->n, j, &y);
    review(now, l->n, j, &y);
    keep_purchase(now, b, l, j, &y);
    talk(now, l, j, &y);
}

/* ---- a step, a replicate ---- */
static void live(Now *now, int64_t which) {
    Block *b = now->m->block + which;
    List buyers[BRANDS];
    read_mail(now, b, which);
    for (int at = 0; at < BLOCK; at += LANES)
        attend(now, b, now->m->media + which, (uint32_t)((which * BLOCK + at) / LANES), at);
    for (int j = 0; j < BRANDS; j++)
        for (int h = first_line[j]; h < first_line[j + 1]; h++)
            if (has_click[h] && now->rate[h] > 0.0f) click(now, b, which, j, h);
    shop(now, b, which, buyers);
    for (int j = 0; j < BRANDS; j++) buy(now, b, &buyers[j], j);
}

/* What reviews are worth to those who last read them in some step, or never; a weight below 0: there are none. */
static void open_step(Now *now) {
    const Terms p = now->m->p;
    memcpy(now->history[now->t], now->reviews, sizeof now->reviews);
    for (int j = 0; j < BRANDS; j++)
        for (int since = NEVER; since < now->t; since++) {
            int64_t n = now->reviews[j][0], total = now->reviews[j][1];
            if (since >= 0) { n -= now->history[since][j][0]; total -= now->history[since][j][1]; }
            float count = (float)n, mean = n > 0 ? (float)((double)total / ((double)n * 65536.0)) : 0.0f;
            float weight = p.review_evidence * count / (count + p.review_half);
            now->news_weight[j][since + 1] = n > 0 ? weight : -1.0f;
            now->news_value[j][since + 1] = mean * weight;
        }
}

static void open_replicate(Now *now, Market *m, uint32_t seed, uint32_t replicate, float *news) {
    const Terms p = m->p;
    now->m = m;
    now->key = round_keys(seed, replicate);
    now->message_weight = (int32_t)floorf(0.5f * p.credibility * 1.0f * 4096.0f);
    now->log_contact = exact_logarithm(1.0f - at_most(p.gain_contact, 0.999999f));
    float log_ad = exact_logarithm(1.0f - at_most(p.gain_ad, 0.999999f));
    for (int n = 0; n <= MOST_LINES; n++) now->left[n] = exact_exponential((float)n * log_ad);
    for (int j = 0; j < BRANDS; j++) {
        now->news_value[j] = news + 2 * j * (m->n_steps + 1);
        now->news_weight[j] = news + (2 * j + 1) * (m->n_steps + 1);
        now->reviews[j][0] = m->review_count[j];
        now->reviews[j][1] = m->review_sum[j];
        now->belief[j] = m->belief[j];
        now->customers[j] = m->customers[j];
    }
    memcpy(m->block, m->start, (size_t)m->n_blocks * sizeof(Block));
    for (int side = 0; side < 2; side++) memset(m->n_mail[side], 0, (size_t)m->n_blocks * sizeof(int32_t));
}

/* Runs one replicate; out: n_steps x BRANDS x SERIES zeros. */
void play(Market *m, uint32_t seed, uint32_t replicate, int64_t *out) {
    Now *now = calloc(1, sizeof *now);
    float *news = malloc(2 * BRANDS * (size_t)(m->n_steps + 1) * sizeof(float));
    now->history = calloc((size_t)m->n_steps, sizeof *now->history);
    open_replicate(now, m, seed, replicate, news);
    for (int64_t t = 0; t < m->n_steps; t++) {
        now->t = (int32_t)t;
        now->rate = m->rate + t * LINES;
        now->row = out + t * BRANDS * SERIES;
        open_step(now);
        for (int64_t which = 0; which < m->n_blocks; which++) live(now, which);
        for (int j = 0; j < BRANDS; j++) {
            COUNT(j, BELIEF) = now->belief[j];
            COUNT(j, CUSTOMERS) = now->customers[j];
        }
    }
    free(news);
    free(now->history);
    free(now);
}

/* How well lines suit tastes, which does not change: exp(-distance^2 / 2). */
void suit(int64_t n, const float *taste_x, const float *taste_y, float x, float y, float *out) {
    for (int64_t i = 0; i < n; i++) {
        float dx = taste_x[i] - x, dy = taste_y[i] - y;
        out[i] = exact_exponential(-0.5f * (dx * dx + dy * dy));
    }
}

/* Sizes, so that the caller can see that it means the same. */
int64_t sizes(int which) { return which == 0 ? BLOCK : which == 1 ? (int64_t)sizeof(Block) : (int64_t)sizeof(Market); }
