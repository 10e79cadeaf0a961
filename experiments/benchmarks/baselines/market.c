/* The market core in C, as one writes it to be fast on one processor; compiled for one number of brands and lines.

   Consumers stand in blocks of BLOCK. What every consumer needs in every step (memory, goodwill, limits of draws)
   lies in arrays, and loops over them have no branches, so that gcc vectorizes them. What only the few need lies
   in one Person (64 bytes with two brands): a shopper, viewer, buyer or receiver costs one cache line. The few are
   gathered into lists, worked through side by side, and written back.

   Draws are Philox4x32-10, addressed by consumer, purpose, step and stream under the key (seed, replicate). Chances
   of everybody are compared with 16 bits, rounded to nearest; one call serves eight draws. A choice is one
   draw from its logit shares. Ties of a buyer beyond the first SLOTS are leapt along by geometric steps.

   Under a constant plan fatigue is exposure times a number that depends on the step alone, so it is not kept; when
   that number has settled, neither are the chances to notice worked out again. Sums of goodwill, belief and customers
   are carried along instead of counted. Messages are put down by the receiver's block, in which they are read. */
#include "chance.h"

#include <stdlib.h>
#include <string.h>
#ifdef __AVX512VBMI2__
#include <immintrin.h>
#endif

/* Given on the command line: BRANDS, LINES, MOST_LINES of a brand, FIRST_LINE {of each brand, and LINES}, HAS_CLICK {of each line}. */
enum { BLOCK = 2048, CALLS = BLOCK / 8, WIDTH = 16, SLOTS = 20, LONG_AGO = -10000 };
enum { NOTICE, SHOP, CLICK, BUY, TALK, REST_STRONG, REST_WEAK }; /* streams */
enum { BY_SEARCH, BY_ADVERTISING, BY_FRIEND, TOUCH = 3, WAS_REACHED = 4 }; /* marks */
enum { NEEDS, CONSIDERED, PURCHASES, FIRST_PURCHASES, REPEAT, SWITCHED, CUSTOMERS, AWARE, MEMORY, GOODWILL, BELIEF,
       REVENUE, NOTICED, REACHED, NEWLY_REACHED, CLICKS, CONVERTED, POSITIVE, NEGATIVE, SATISFACTION, PROMOTERS,
       DETRACTORS, REVIEWS, REVIEW_VALUE, SOURCE, SERIES = SOURCE + 3 };
static const int first_line[BRANDS + 1] = FIRST_LINE, has_click[LINES] = HAS_CLICK;

typedef struct {
    float belief, evidence, habit, fixed; /* fixed: utility that does not change */
    uint16_t found;                       /* chance to find the brand online, in 1/65536 */
    int16_t visit, click, read;           /* steps; read: 0 never, else one more than the step */
} Relation;

typedef struct {
    Relation brand[BRANDS];
    float sharing;
    uint32_t first_tie;       /* strong ties come first */
    uint16_t n_strong, n_ties, reading;
    int8_t latest;
    uint8_t bought;           /* one bit a brand */
} Person;

typedef struct {
    float memory[BRANDS][BLOCK], goodwill[BRANDS][BLOCK];
    uint16_t limit[LINES + 1][BLOCK]; /* chance to notice each line, and of a need, in 1/65536 */
    uint8_t mark[BRANDS][BLOCK];
    Person person[BLOCK];
} __attribute__((aligned(64))) Block;

typedef struct { float strength[LINES][BLOCK], exposure[BRANDS][BLOCK]; } Media;
typedef struct { uint32_t where; float value; } Message; /* where: brand * BLOCK + place in its block */

typedef struct {
    float wear_out, fatigue_carryover, goodwill_carryover, memory_retention, gain_ad, gain_contact, visit_steps,
        review_evidence, review_half, quality_weight, goodwill_weight, habit_weight, experience_sd, evidence_limit,
        habit_retention, review_intercept, review_surprise, p_strong, p_weak, talk_base, surprise_unit, loss_factor,
        message_weight, people;
} Terms;

typedef struct {
    int64_t n_blocks, n_steps;
    Terms p;
    float price[BRANDS], quality[BRANDS], click_intercept[LINES];
    double review_count[BRANDS], review_sum[BRANDS];
    const Block *start;
    const Media *media;
    const int32_t *neighbors;
    const int64_t *first_slot; /* where the messages to each block begin */
    Block *block;              /* what changes, from here on */
    Message *mail[2];          /* by parity of the step in which they are read */
    int32_t *n_mail[2];
} Market;

typedef struct {
    Market *m;
    int32_t t;
    float rise; /* fatigue by exposure */
    Keys key;
    double *row, sum[BRANDS][3], reviews[BRANDS][2]; /* sums of goodwill, belief and customers */
    double (*history)[BRANDS][2];
    float heard[BRANDS * BLOCK], contacts[BRANDS * BLOCK]; /* in the block at hand; left zero */
    float *news_value[BRANDS], *news_weight[BRANDS]; /* of the reviews since each step's reading */
} Now;
enum { OF_GOODWILL, OF_BELIEF, OF_CUSTOMERS };

#define COUNT(brand, series) now->row[(brand) * SERIES + (series)]
INLINE int whole(int n) { return (n + WIDTH - 1) & -WIDTH; }

/* ---- draws ---- */
static void draw_for_all(const Now *now, int64_t b, uint32_t purpose, uint16_t *out) {
    Keys key = now->key;
    Word *words = (Word *)out;
    uint32_t first = (uint32_t)(b * CALLS), t = (uint32_t)now->t;
    for (int q = 0; q < CALLS; q++) philox(&key, first + (uint32_t)q, purpose, t, NOTICE, words + q, CALLS);
}

static void draw_for_few(const Now *now, int n, const uint32_t *who, uint32_t purpose, uint32_t stream,
                         uint32_t (*out)[BLOCK]) {
    Keys key = now->key;
    for (int a = 0; a < whole(n); a++) philox(&key, who[a], purpose, (uint32_t)now->t, stream, out[0] + a, BLOCK);
}

/* Lists who draws below a limit; what follows the last is filled up to a whole vector. */
static int list_below(const uint16_t *draw, const uint16_t *limit, uint16_t *list) {
    int n = 0;
#ifdef __AVX512VBMI2__
    __m512i place = _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12,
                                     11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (int k = 0; k < BLOCK; k += 32) {
        __mmask32 hit = _mm512_cmplt_epu16_mask(_mm512_loadu_si512(draw + k), _mm512_loadu_si512(limit + k));
        _mm512_storeu_si512(list + n, _mm512_maskz_compress_epi16(hit, place));
        n += __builtin_popcount(hit);
        place = _mm512_add_epi16(place, _mm512_set1_epi16(32));
    }
#else
    for (int k = 0; k < BLOCK; k++) { list[n] = (uint16_t)k; n += draw[k] < limit[k]; }
#endif
    for (int a = n; a < whole(n); a++) list[a] = list[n - 1];
    return n;
}

/* ---- messages ---- */
static void read_mail(Now *now, Block *b, int64_t which) {
    float *heard = now->heard, *contacts = now->contacts;
    Market *m = now->m;
    int n_mail = m->n_mail[now->t & 1][which], n = 0;
    const Message *mail = m->mail[now->t & 1] + m->first_slot[which];
    if (n_mail == 0) return;
    uint16_t list[BRANDS * BLOCK + 1];
    float number[BRANDS * BLOCK], value[BRANDS * BLOCK], memory[BRANDS * BLOCK];
    float *all_memory = (float *)b->memory;
    uint8_t *all_marks = (uint8_t *)b->mark;
    for (int k = 0; k < n_mail; k++) {
        uint32_t where = mail[k].where;
        __builtin_prefetch(&b->person[where % BLOCK], 1);
        __builtin_prefetch(all_memory + where, 1);
        __builtin_prefetch(all_marks + where, 1);
        list[n] = (uint16_t)where;
        n += contacts[where] == 0.0f;
        contacts[where] += 1.0f;
        heard[where] += mail[k].value;
    }
    float log_keep = logarithm(1.0f - m->p.gain_contact);
    for (int a = 0; a < n; a++) {
        number[a] = contacts[list[a]]; value[a] = heard[list[a]]; memory[a] = all_memory[list[a]];
        contacts[list[a]] = heard[list[a]] = 0.0f;
    }
    for (int a = 0; a < n; a++) memory[a] = 1.0f - (1.0f - memory[a]) * exponential(number[a] * log_keep);
    float w = m->p.message_weight;
    for (int a = 0; a < n; a++) {
        int j = list[a] / BLOCK;
        Relation *r = &b->person[list[a] % BLOCK].brand[j];
        float more = r->evidence + w * number[a];
        float belief = (r->evidence * r->belief + w * value[a]) / more;
        now->sum[j][OF_BELIEF] += belief - r->belief;
        r->belief = belief;
        r->evidence = at_most(more, m->p.evidence_limit);
        all_memory[list[a]] = memory[a];
        all_marks[list[a]] = (uint8_t)((all_marks[list[a]] & ~TOUCH) | BY_FRIEND);
    }
    m->n_mail[now->t & 1][which] = 0;
}

INLINE void tell(Market *m, int parity, int32_t who, int j, float value) {
    int64_t which = who / BLOCK;
    Message *slot = m->mail[parity] + m->first_slot[which] + m->n_mail[parity][which]++;
    slot->where = (uint32_t)(j * BLOCK + who % BLOCK);
    slot->value = value;
}

/* Goes from told to told along ties of one strength, each told with chance 1 - exp(-rate); returns how many. */
static int leap(Now *now, uint32_t who, uint32_t stream, const int32_t *neighbor, int tie, int end, float rate, int j,
                float value) {
    float per_leap = -1.0f / at_least(rate, 1e-20f);
    uint32_t w[4];
    int n = 0;
    for (uint32_t k = 0;; k++) {
        if (k % 4 == 0) philox(&now->key, who, k / 4, (uint32_t)now->t, stream, w, 1);
        float next = (float)tie + floorf(logarithm(unit(w[k % 4])) * per_leap);
        if (next >= (float)end) return n;
        tie = (int)next + 1;
        tell(now->m, ~now->t & 1, neighbor[tie - 1], j, value);
        n++;
    }
}

/* ---- attention ---- */
static void set_limits(const Now *now, Block *b, const Media *media) {
    float wear = now->m->p.wear_out * now->rise, fresh[BLOCK];
    for (int j = 0; j < BRANDS; j++) {
        for (int k = 0; k < BLOCK; k++) fresh[k] = exponential(-wear * media->exposure[j][k]);
        for (int h = first_line[j]; h < first_line[j + 1]; h++)
            for (int k = 0; k < BLOCK; k++) {
                float chance = 1.0f - exponential(-media->strength[h][k] * fresh[k]);
                b->limit[h][k] = (uint16_t)(int32_t)at_most(chance * 65536.0f + 0.5f, 65535.0f);
            }
    }
}

static void notice(Now *now, Block *b, int j, uint16_t (*draw)[BLOCK]) {
    const Terms p = now->m->p;
    uint16_t seen[BLOCK];
    float keep_ad = 1.0f - p.gain_ad, keep = p.memory_retention, carry = p.goodwill_carryover, memory = 0.0f;
    int n_seen = 0, n_reached = 0, n_new = 0, n_aware = 0;
    memset(seen, 0, sizeof seen);
    for (int h = first_line[j]; h < first_line[j + 1]; h++)
        for (int k = 0; k < BLOCK; k++) seen[k] += draw[h][k] < b->limit[h][k];
    for (int k = 0; k < BLOCK; k++) {
        int n = seen[k];
        float left = 1.0f;
        for (int h = 1; h <= MOST_LINES; h++) left = n >= h ? left * keep_ad : left;
        float x = 1.0f - (1.0f - keep * b->memory[j][k]) * left;
        b->memory[j][k] = x;
        b->goodwill[j][k] = carry * b->goodwill[j][k] + (float)n;
        memory += x;
        n_aware += x >= 0.5f;
        n_seen += n;
    }
    for (int k = 0; k < BLOCK; k++) {
        uint8_t is_reached = seen[k] > 0, mark = b->mark[j][k];
        n_reached += is_reached;
        n_new += (uint8_t)(is_reached & (mark < WAS_REACHED));
        b->mark[j][k] = is_reached ? WAS_REACHED | BY_ADVERTISING : mark;
    }
    COUNT(j, NOTICED) += n_seen; COUNT(j, REACHED) += n_reached; COUNT(j, NEWLY_REACHED) += n_new;
    COUNT(j, MEMORY) += memory; COUNT(j, AWARE) += n_aware;
}

static void click(Now *now, Block *b, int64_t which, int j, int h, const uint16_t *draw) {
    const Terms p = now->m->p;
    uint16_t list[BLOCK + 32];
    uint32_t who[BLOCK], word[4][BLOCK];
    float utility[BLOCK], goodwill[BLOCK];
    int n = list_below(draw, b->limit[h], list);
    for (int a = 0; a < whole(n); a++) who[a] = (uint32_t)(which * BLOCK) + list[a];
    draw_for_few(now, n, who, (uint32_t)h, CLICK, word);
    for (int a = 0; a < whole(n); a++) {
        const Relation *r = &b->person[list[a]].brand[j];
        utility[a] = r->fixed + p.quality_weight * r->belief + p.habit_weight * r->habit;
        goodwill[a] = b->goodwill[j][list[a]];
    }
    uint8_t clicks[BLOCK];
    float base = now->m->click_intercept[h], scale = p.goodwill_weight;
    for (int a = 0; a < whole(n); a++) {
        float e = exponential(-base - utility[a] - scale * logarithm(1.0f + goodwill[a]));
        clicks[a] = unit(word[0][a]) * (1.0f + e) < 1.0f;
    }
    for (int a = 0; a < n; a++)
        if (clicks[a]) {
            b->person[list[a]].brand[j].visit = b->person[list[a]].brand[j].click = (int16_t)now->t;
            COUNT(j, CLICKS) += 1.0;
        }
}

/* ---- choice ---- */
typedef struct { /* the shoppers of a block, side by side */
    int n;
    uint16_t list[BLOCK + 32];
    uint32_t who[BLOCK], word[(BRANDS + 1) / 2][4][BLOCK];
    float odds[BRANDS][BLOCK];
} Shoppers;

static void weigh(Now *now, Block *b, int j, Shoppers *s) {
    const Terms p = now->m->p;
    const float *value = now->news_value[j], *weight = now->news_weight[j];
    float memory[BLOCK], goodwill[BLOCK], belief[BLOCK], evidence[BLOCK], other[BLOCK], odds[BLOCK];
    float learned = 0.0f;
    int32_t found[BLOCK], reading[BLOCK], visit[BLOCK], read[BLOCK], n_considered = 0;
    const uint32_t *w = s->word[j / 2][j % 2], *w_reading = s->word[j / 2][2];
    int n = s->n, t = now->t, shift = 16 * (j % 2), patience = (int)p.visit_steps;
    for (int a = 0; a < whole(n); a++) {
        const Person *person = &b->person[s->list[a]];
        const Relation *r = &person->brand[j];
        memory[a] = b->memory[j][s->list[a]];
        goodwill[a] = b->goodwill[j][s->list[a]];
        belief[a] = r->belief; evidence[a] = r->evidence; other[a] = r->fixed + p.habit_weight * r->habit;
        found[a] = r->found; reading[a] = person->reading; visit[a] = r->visit; read[a] = r->read;
    }
    for (int a = 0; a < whole(n); a++) {
        int is_found = (int32_t)(w[a] & 0xffff) < found[a], is_recent = t - visit[a] <= patience;
        int is_recalled = (float)(int32_t)(w[a] >> 16) + 0.5f < memory[a] * 65536.0f;
        int considers = is_found | is_recent | is_recalled;
        int reads = considers & ((int32_t)(w_reading[a] >> shift & 0xffff) < reading[a]);
        float w_all = weight[read[a]], v_all = value[read[a]];
        float more = reads ? w_all : 0.0f, news = reads ? v_all : 0.0f;
        float after = (evidence[a] * belief[a] + news) / (evidence[a] + more);
        float utility = other[a] + p.quality_weight * after + p.goodwill_weight * logarithm(1.0f + goodwill[a]);
        odds[a] = considers ? exponential(utility) : 0.0f;
        learned += a < n ? after - belief[a] : 0.0f;
        n_considered += a < n ? considers : 0;
        belief[a] = after;
        evidence[a] = at_most(evidence[a] + more, p.evidence_limit);
        visit[a] = is_found ? t : visit[a];
        read[a] = reads ? t + 1 : read[a];
    }
    for (int a = 0; a < n; a++) {
        Relation *r = &b->person[s->list[a]].brand[j];
        r->belief = belief[a]; r->evidence = evidence[a]; r->visit = (int16_t)visit[a]; r->read = (int16_t)read[a];
    }
    memcpy(s->odds[j], odds, (size_t)whole(n) * sizeof(float));
    COUNT(j, CONSIDERED) += n_considered;
    now->sum[j][OF_BELIEF] += learned;
}

/* Lists who buys each brand; n_buyers by brand. */
static void shop(Now *now, Block *b, int64_t which, Shoppers *s, uint16_t (*buyer)[BLOCK], int *n_buyers) {
    float total[BLOCK];
    for (int a = 0; a < whole(s->n); a++) s->who[a] = (uint32_t)(which * BLOCK) + s->list[a];
    for (int q = 0; q < (BRANDS + 1) / 2; q++) draw_for_few(now, s->n, s->who, (uint32_t)q, SHOP, s->word[q]);
    for (int a = 0; a < whole(s->n); a++) total[a] = 1.0f;
    for (int j = 0; j < BRANDS; j++) {
        COUNT(j, NEEDS) += s->n;
        weigh(now, b, j, s);
        for (int a = 0; a < whole(s->n); a++) total[a] += s->odds[j][a];
    }
    for (int a = 0; a < whole(s->n); a++) total[a] *= unit(s->word[0][3][a]);
    for (int j = 0; j < BRANDS; j++) {
        int n = 0;
        for (int a = 0; a < s->n; a++) {
            buyer[j][n] = s->list[a];
            n += (total[a] >= 0.0f) & (total[a] < s->odds[j][a]);
            total[a] -= s->odds[j][a];
        }
        for (int a = n; a < whole(n); a++) buyer[j][a] = buyer[j][n - 1];
        n_buyers[j] = n;
    }
}

/* ---- purchase ---- */
typedef struct { /* the buyers of a brand in a block, side by side */
    uint32_t who[BLOCK], word[12][BLOCK], told[BLOCK];
    float satisfied[BLOCK], surprise[BLOCK], intensity[BLOCK], belief[BLOCK], evidence[BLOCK], memory[BLOCK];
    int32_t n_strong[BLOCK], n_ties[BLOCK];
} Buyers;

static void experience(Now *now, int n, int j, Buyers *y) {
    const Terms p = now->m->p;
    float quality = now->m->quality[j], satisfaction = 0.0f, learned = 0.0f, n_posted = 0.0f, posted_value = 0.0f;
    float n_promoters = 0.0f, n_detractors = 0.0f;
    for (int a = 0; a < whole(n); a++) {
        float x = quality + p.experience_sd * normal(unit(y->word[0][a]));
        x = at_most(at_least(x, -2.0f), 2.0f);
        float surprise = x - y->belief[a], felt = fabsf(surprise);
        float after = (y->evidence[a] * y->belief[a] + x) / (y->evidence[a] + 1.0f);
        float chance = 1.0f / (1.0f + exponential(-p.review_intercept - p.review_surprise * felt));
        float posted = floorf(p.people * chance + unit(y->word[1][a])), loss = surprise < 0.0f ? p.loss_factor : 1.0f;
        y->intensity[a] *= p.talk_base + at_most(felt / p.surprise_unit, 2.0f) * loss;
        float counts = a < n ? 1.0f : 0.0f; /* not what fills up a vector */
        learned += counts * (after - y->belief[a]);
        satisfaction += counts * x;
        n_promoters += x >= 1.0f ? counts : 0.0f;
        n_detractors += x < 0.0f ? counts : 0.0f;
        n_posted += counts * posted;
        posted_value += counts * posted * x;
        y->satisfied[a] = x;
        y->surprise[a] = surprise;
        y->belief[a] = after;
        y->evidence[a] = at_most(y->evidence[a] + 1.0f, p.evidence_limit);
    }
    now->sum[j][OF_BELIEF] += learned;
    now->reviews[j][0] += n_posted; now->reviews[j][1] += posted_value;
    COUNT(j, SATISFACTION) += satisfaction; COUNT(j, PROMOTERS) += n_promoters; COUNT(j, DETRACTORS) += n_detractors;
    COUNT(j, REVIEWS) += n_posted / p.people; COUNT(j, REVIEW_VALUE) += posted_value / p.people;
}

static void keep_purchase(Now *now, Block *b, int n, const uint16_t *list, int j, const Buyers *y) {
    const Terms p = now->m->p;
    int n_first = 0, n_converted = 0, latest[BRANDS + 1] = {0}, source[4] = {0}, n_unaware = 0;
    float learned = 0.0f;
    for (int a = 0; a < n; a++) {
        Person *person = &b->person[list[a]];
        Relation *r = &person->brand[j];
        latest[person->latest + 1]++;
        source[b->mark[j][list[a]] & TOUCH]++;
        n_first += !(person->bought >> j & 1);
        n_converted += now->t - r->click <= (int)p.visit_steps;
        n_unaware += y->memory[a] < 0.5f;
        learned += 1.0f - y->memory[a];
        person->latest = (int8_t)j;
        person->bought |= (uint8_t)(1 << j);
        for (int other = 0; other < BRANDS; other++) person->brand[other].habit *= p.habit_retention;
        r->habit += 1.0f - p.habit_retention;
        r->visit = r->click = LONG_AGO;
        r->belief = y->belief[a]; r->evidence = y->evidence[a];
        b->memory[j][list[a]] = 1.0f;
    }
    for (int other = 0; other < BRANDS; other++) {
        COUNT(other, other == j ? REPEAT : SWITCHED) += latest[other + 1];
        now->sum[other][OF_CUSTOMERS] -= latest[other + 1];
    }
    now->sum[j][OF_CUSTOMERS] += n;
    for (int k = 0; k < 3; k++) COUNT(j, SOURCE + k) += source[k];
    COUNT(j, PURCHASES) += n; COUNT(j, REVENUE) += n * (double)now->m->price[j];
    COUNT(j, FIRST_PURCHASES) += n_first; COUNT(j, CONVERTED) += n_converted;
    COUNT(j, MEMORY) += learned; COUNT(j, AWARE) += n_unaware;
}

static void talk(Now *now, Block *b, int n, const uint16_t *list, int j, Buyers *y) {
    const Terms p = now->m->p;
    int32_t strong[BLOCK], weak[BLOCK];
    for (int a = 0; a < whole(n); a++) {
        strong[a] = (int32_t)((1.0f - exponential(-p.p_strong * y->intensity[a])) * 65536.0f + 0.5f);
        weak[a] = (int32_t)((1.0f - exponential(-p.p_weak * y->intensity[a])) * 65536.0f + 0.5f);
        y->told[a] = 0;
    }
    for (int slot = 0; slot < SLOTS; slot++)
        for (int a = 0; a < whole(n); a++) {
            int32_t draw = (int32_t)(y->word[2 + slot / 2][a] >> 16 * (slot % 2) & 0xffff);
            int32_t limit = slot < y->n_strong[a] ? strong[a] : slot < y->n_ties[a] ? weak[a] : 0;
            y->told[a] |= (uint32_t)(draw < limit) << slot;
        }
    int n_told[2] = {0};
    for (int a = 0; a < n; a++) {
        const Person *person = &b->person[list[a]];
        const int32_t *neighbor = now->m->neighbors + person->first_tie;
        int count = __builtin_popcount(y->told[a]), n_strong = y->n_strong[a], n_ties = y->n_ties[a];
        int weak_from = n_strong > SLOTS ? n_strong : SLOTS;
        float rate = y->intensity[a], value = y->satisfied[a];
        for (uint32_t told = y->told[a]; told; told &= told - 1)
            tell(now->m, ~now->t & 1, neighbor[__builtin_ctz(told)], j, value);
        if (n_strong > SLOTS)
            count += leap(now, y->who[a], REST_STRONG, neighbor, SLOTS, n_strong, rate * p.p_strong, j, value);
        if (n_ties > weak_from)
            count += leap(now, y->who[a], REST_WEAK, neighbor, weak_from, n_ties, rate * p.p_weak, j, value);
        n_told[y->surprise[a] < 0.0f] += count;
    }
    COUNT(j, POSITIVE) += n_told[0]; COUNT(j, NEGATIVE) += n_told[1];
}

static void buy(Now *now, Block *b, int64_t which, int n, const uint16_t *list, int j) {
    Buyers y;
    if (n == 0) return;
    for (int a = 0; a < whole(n); a++) {
        const Person *person = &b->person[list[a]];
        __builtin_prefetch(now->m->neighbors + person->first_tie);
        __builtin_prefetch(now->m->neighbors + person->first_tie + 15);
        y.who[a] = (uint32_t)(which * BLOCK) + list[a];
        y.belief[a] = person->brand[j].belief; y.evidence[a] = person->brand[j].evidence;
        y.intensity[a] = person->sharing; y.n_strong[a] = person->n_strong; y.n_ties[a] = person->n_ties;
        y.memory[a] = b->memory[j][list[a]];
    }
    draw_for_few(now, n, y.who, 0, BUY, y.word);
    for (uint32_t k = 0; k < (SLOTS - 4) / 8; k++) draw_for_few(now, n, y.who, k, TALK, y.word + 4 + 4 * k);
    experience(now, n, j, &y);
    keep_purchase(now, b, n, list, j, &y);
    talk(now, b, n, list, j, &y);
}

/* ---- a step, a replicate ---- */
static void live(Now *now, int64_t which, int is_settled) {
    Block *b = now->m->block + which;
    uint16_t draw[LINES + 1][BLOCK] __attribute__((aligned(64))), buyer[BRANDS][BLOCK];
    int n_buyers[BRANDS];
    Shoppers shoppers;
    for (int h = 0; h <= LINES; h++) draw_for_all(now, which, (uint32_t)h, draw[h]);
    shoppers.n = list_below(draw[LINES], b->limit[LINES], shoppers.list);
    for (int a = 0; a < shoppers.n; a++) __builtin_prefetch(&b->person[shoppers.list[a]], 1);
    read_mail(now, b, which);
    if (!is_settled) set_limits(now, b, now->m->media + which);
    for (int j = 0; j < BRANDS; j++) {
        notice(now, b, j, draw);
        for (int h = first_line[j]; h < first_line[j + 1]; h++)
            if (has_click[h]) click(now, b, which, j, h, draw[h]);
    }
    shop(now, b, which, &shoppers, buyer, n_buyers);
    for (int j = 0; j < BRANDS; j++) buy(now, b, which, n_buyers[j], buyer[j], j);
}

/* What reviews since each step's reading are worth; place 0: since ever, place k: since step k - 1. */
static void open_step(Now *now) {
    const Terms p = now->m->p;
    memcpy(now->history[now->t + 1], now->reviews, sizeof now->reviews);
    for (int j = 0; j < BRANDS; j++)
        for (int since = 0; since <= now->t; since++) {
            double n = now->reviews[j][0] - now->history[since][j][0];
            double weight = n > 0.0 ? p.review_evidence * n / (n + p.review_half) : 0.0;
            now->news_weight[j][since] = (float)weight;
            now->news_value[j][since] = n > 0.0 ? (float)((now->reviews[j][1] - now->history[since][j][1]) / n * weight) : 0;
        }
}

static void close_step(Now *now) {
    for (int j = 0; j < BRANDS; j++) {
        now->sum[j][OF_GOODWILL] = now->m->p.goodwill_carryover * now->sum[j][OF_GOODWILL] + COUNT(j, NOTICED);
        COUNT(j, GOODWILL) = now->sum[j][OF_GOODWILL];
        COUNT(j, BELIEF) = now->sum[j][OF_BELIEF];
        COUNT(j, CUSTOMERS) = now->sum[j][OF_CUSTOMERS];
    }
}

/* Runs one replicate; out: n_steps x BRANDS x SERIES zeros; sum: the start's sums of goodwill, belief, customers. */
void play(Market *m, uint32_t seed, uint32_t replicate, const double *sum, double *out) {
    Now now = {.m = m, .rise = 0.0f, .key = round_keys(seed, replicate)};
    now.history = calloc((size_t)m->n_steps + 1, sizeof *now.history);
    float *news = malloc(2 * BRANDS * (size_t)m->n_steps * sizeof(float));
    for (int j = 0; j < BRANDS; j++) {
        now.news_value[j] = news + 2 * j * m->n_steps;
        now.news_weight[j] = news + (2 * j + 1) * m->n_steps;
        now.reviews[j][0] = m->review_count[j];
        now.reviews[j][1] = m->review_sum[j];
    }
    memcpy(now.sum, sum, sizeof now.sum);
    memcpy(m->block, m->start, (size_t)m->n_blocks * sizeof(Block));
    for (int side = 0; side < 2; side++) memset(m->n_mail[side], 0, (size_t)m->n_blocks * sizeof(int32_t));
    int is_settled = 0;
    for (int64_t t = 0; t < m->n_steps; t++) {
        now.t = (int32_t)t;
        now.row = out + t * BRANDS * SERIES;
        open_step(&now);
        for (int64_t which = 0; which < m->n_blocks; which++) live(&now, which, is_settled);
        close_step(&now);
        float next = m->p.fatigue_carryover * now.rise + 1.0f;
        is_settled = fabsf(next - now.rise) <= 1e-6f * next;
        now.rise = next;
    }
    free(news);
    free(now.history);
}

/* Sizes, so that the caller can see that it means the same. */
int64_t sizes(int which) { return which == 0 ? BLOCK : which == 1 ? (int64_t)sizeof(Block) : (int64_t)sizeof(Market); }
