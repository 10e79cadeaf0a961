/* What market_same.c holds: records, draws as the engine addresses them, lists of the few. */
#pragma once
#include "exact.h"

#include <stdlib.h>
#include <string.h>
#ifdef __AVX512VBMI2__
#include <immintrin.h>
#endif

/* Given on the command line: BRANDS, LINES, MOST_LINES of a brand, FIRST_LINE {of each brand, and LINES}, HAS_CLICK {of each line}. */
enum { LANES = 256, BLOCK = 8 * LANES, QUAD = LANES / 4, WIDTH = 16, LIST = BLOCK + WIDTH, TIES = 1024, MOST_TIES = 2 * TIES + WIDTH };
enum { NOTICE = 1, NEED, SEARCH, OUTSIDE, EXPERIENCE, CLICK, TIE = 8 }; /* streams */
enum { BY_SEARCH, BY_ADVERTISING, BY_FRIEND, TOUCH = 3, WAS_REACHED = 4 }; /* marks */
enum { LONG_AGO = -30000, NEVER = -1 };
#define IS_STRONG 0x80000000u
#define OWN restrict /* nothing else points there */
enum { NEEDS, CONSIDERED, PURCHASES, FIRST_PURCHASES, REPEAT, SWITCHED, CUSTOMERS, AWARE, MEMORY, GOODWILL, BELIEF,
       REVENUE, NOTICED, REACHED, NEWLY_REACHED, CLICKS, CONVERTED, POSITIVE, NEGATIVE, SATISFACTION, PROMOTERS,
       DETRACTORS, REVIEWS, REVIEW_VALUE, SOURCE, SERIES = SOURCE + 3 };
static const int first_line[BRANDS + 1] = FIRST_LINE, has_click[LINES] = HAS_CLICK;

typedef struct {
    float belief, evidence, habit;
    int16_t visit, click, read, unused; /* steps */
} Relation;

typedef struct {
    float taste_x, taste_y, sensitivity, online, sharing;
    uint8_t region, bought, latest, unused; /* bought: one bit a brand; latest: one more than the brand, or 0 */
    Relation brand[BRANDS];
} Person;

typedef struct {
    float memory[BRANDS][BLOCK], goodwill[BRANDS][BLOCK], fatigue[BRANDS][BLOCK], need_rate[BLOCK];
    uint8_t mark[BRANDS][BLOCK];
    Person person[BLOCK];
} __attribute__((aligned(64))) Block;

typedef struct { float weight[LINES][BLOCK], relevance[LINES][BLOCK]; } Media;
typedef struct { uint32_t where; int32_t value; } Message; /* where: brand * BLOCK + place in its block */

typedef struct {
    float wear_out, fatigue_carryover, clutter_half, goodwill_carryover, memory_retention, gain_ad, gain_contact,
        visit_steps, reading, review_evidence, review_half, category_value, quality_weight, fit_weight,
        goodwill_weight, habit_weight, trust_weight, delay_weight, friction, experience_sd, evidence_limit,
        habit_retention, review_intercept, review_surprise, p_strong, p_weak, talk_base, surprise_unit, loss_factor,
        credibility;
} Terms;

typedef struct { float x, y, price, quality, trust, coverage; } Brand; /* price: against the reference, less one */
typedef struct { float attention, cap, click_intercept; uint32_t channel, slot; } Line;

typedef struct {
    int64_t n_blocks, n_steps, n_regions;
    double people;
    Terms p;
    Brand brand[BRANDS];
    uint32_t id[BRANDS];
    Line line[LINES];
    int64_t listed[BRANDS], review_count[BRANDS], review_sum[BRANDS], belief[BRANDS], customers[BRANDS];
    const float *rate;         /* [step][line], impressions by weight */
    const float *season;       /* [step] */
    const float *days;         /* [brand][region] */
    const Block *start;
    const Media *media;
    const uint32_t *arcs;      /* receiver, and the highest bit where the tie is strong */
    const uint32_t *first_arc; /* by consumer */
    const int64_t *first_slot; /* where the messages to each block begin */
    Block *block;              /* what changes, from here on */
    Message *mail[2];          /* by parity of the step in which they are read */
    int32_t *n_mail[2];
} Market;

typedef struct {
    Market *m;
    int32_t t, message_weight;        /* in units of 1/4096 */
    Keys key;
    const float *rate;
    int64_t *row, belief[BRANDS], customers[BRANDS], reviews[BRANDS][2];
    int64_t (*history)[BRANDS][2];
    float log_contact, left[MOST_LINES + 1]; /* left: of what is forgotten, by lines noticed */
    int32_t contacts[BRANDS * BLOCK], heard[BRANDS * BLOCK]; /* in the block at hand; left zero */
    float *news_value[BRANDS], *news_weight[BRANDS]; /* of the reviews since each step; place 0: since ever */
    uint8_t wants[BLOCK], hit[LINES + 1][BLOCK];
} Now;

#define COUNT(brand, series) now->row[(brand) * SERIES + (series)]
INLINE int whole(int n) { return (n + WIDTH - 1) & -WIDTH; }
INLINE uint32_t tail(uint32_t stream, uint32_t brand, uint32_t slot) { return stream | brand << 8 | slot << 16; }

/* ---- draws ---- */
static void draw_for_all(const Now *now, uint32_t group, uint32_t second, uint32_t last, uint32_t *out) {
    Keys key = now->key;
    uint32_t t = (uint32_t)now->t;
    for (uint32_t q = 0; q < QUAD; q++) philox(&key, group * QUAD + q, second, t, last, out + q, QUAD);
}

static void draw_for_few(const Now *now, int n, const uint32_t *who, uint32_t second, uint32_t last,
                         uint32_t (*out)[LIST]) {
    Keys key = now->key;
    uint32_t t = (uint32_t)now->t;
    for (int a = 0; a < whole(n); a++) philox(&key, who[a], second, t, last, out[0] + a, LIST);
}

/* Lists who is marked among a multiple of 32; what follows the last is filled up to a whole vector. */
static int list_marked(const uint8_t *mark, int end, uint16_t *list) {
    int n = 0;
#ifdef __AVX512VBMI2__
    __m512i place = _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12,
                                     11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (int k = 0; k < end; k += 32) {
        __m256i marks = _mm256_loadu_si256((const __m256i *)(mark + k));
        __mmask32 hit = _mm256_test_epi8_mask(marks, marks);
        _mm512_storeu_si512(list + n, _mm512_maskz_compress_epi16(hit, place));
        n += __builtin_popcount(hit);
        place = _mm512_add_epi16(place, _mm512_set1_epi16(32));
    }
#else
    for (int k = 0; k < end; k++) { list[n] = (uint16_t)k; n += mark[k] != 0; }
#endif
    for (int a = n; a < whole(n); a++) list[a] = list[n - 1];
    return n;
}

static void fetch(const Block *b, int n, const uint16_t *list) {
    for (int a = 0; a < n; a++) __builtin_prefetch(&b->person[list[a]], 1);
}
