/* The classic models in straight C, as one writes them for speed: frontier lists, stamps that are never
   cleared, one exponential draw a node for hazards, a small fast generator (xoroshiro64*, Blackman & Vigna). */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint32_t a, b; } Chance;

static inline uint32_t next(Chance *s) {
    uint32_t a = s->a, b = s->b ^ s->a;
    s->a = ((a << 26) | (a >> 6)) ^ b ^ (b << 9);
    s->b = (b << 13) | (b >> 19);
    return a * 0x9E3779BBu;
}

static Chance start(uint64_t seed) {
    Chance s = {(uint32_t)(seed * 0x9E3779B97F4A7C15u >> 32) | 1u, (uint32_t)seed * 0x85EBCA6Bu + 1u};
    for (int k = 0; k < 8; k++) next(&s);
    return s;
}

/* limit: probability of each arc times 2^32; returns all active nodes over all runs */
int64_t cascade(int64_t n, const int64_t *indptr, const int32_t *targets, const uint32_t *limit, const int32_t *seeds,
                int64_t n_seeds, int64_t runs, uint64_t seed, int32_t *sizes) {
    uint32_t *stamp = calloc(n, 4);
    int32_t *queue = malloc((n + 1) * 4);
    int64_t total = 0;
    Chance chance = start(seed);
    for (int64_t run = 0; run < runs; run++) {
        uint32_t mark = (uint32_t)run + 1;
        int64_t head = 0, tail = 0;
        for (int64_t k = 0; k < n_seeds; k++) { queue[tail++] = seeds[k]; stamp[seeds[k]] = mark; }
        while (head < tail) {
            int32_t node = queue[head++];
            for (int64_t arc = indptr[node]; arc < indptr[node + 1]; arc++) {
                int32_t target = targets[arc];
                uint32_t old = stamp[target];
                int is_new = (next(&chance) < limit[arc]) & (old != mark);
                queue[tail] = target;
                stamp[target] = is_new ? mark : old;
                tail += is_new;
            }
        }
        sizes[run] = (int32_t)tail;
        total += tail;
    }
    free(stamp); free(queue);
    return total;
}

/* seeds: n_seeds for each run */
int64_t threshold(int64_t n, const int64_t *indptr, const int32_t *targets, const int32_t *indegree,
                  const int32_t *seeds, int64_t n_seeds, int64_t runs, uint64_t seed, int32_t *sizes) {
    int32_t *missing = calloc(n, 4), *queue = malloc((n + 1) * 4), *touched = malloc(n * 4);
    int64_t total = 0;
    Chance chance = start(seed);
    for (int64_t run = 0; run < runs; run++) {
        int64_t head = 0, tail = 0, n_touched = 0;
        for (int64_t k = 0; k < n_seeds; k++) { queue[tail] = seeds[run * n_seeds + k]; missing[queue[tail++]] = -1; }
        while (head < tail) {
            int32_t node = queue[head++];
            for (int64_t arc = indptr[node]; arc < indptr[node + 1]; arc++) {
                int32_t target = targets[arc], left = missing[target];
                if (left < 0) continue;
                if (left == 0) {
                    left = (int32_t)(((uint64_t)next(&chance) * (uint64_t)indegree[target]) >> 32) + 1;
                    touched[n_touched++] = target;
                }
                left--;
                queue[tail] = target;
                tail += left == 0;
                missing[target] = left == 0 ? -1 : left;
            }
        }
        sizes[run] = (int32_t)tail;
        total += tail;
        for (int64_t k = 0; k < n_touched; k++) missing[touched[k]] = 0;
        for (int64_t k = 0; k < n_seeds; k++) missing[seeds[run * n_seeds + k]] = 0;
    }
    free(missing); free(queue); free(touched);
    return total;
}

int64_t adoption(int64_t n, const int64_t *indptr, const int32_t *targets, float innovation, float imitation,
                 const int32_t *seeds, int64_t n_seeds, int64_t steps, int64_t runs, uint64_t seed, int32_t *sizes) {
    float *left = malloc(n * 4), *hazard = malloc(n * 4);
    int32_t *queue = malloc((n + 1) * 4);
    int64_t total = 0;
    Chance chance = start(seed);
    for (int64_t run = 0; run < runs; run++) {
        int64_t tail = 0, head = 0;
        for (int64_t i = 0; i < n; i++) {
            left[i] = -logf(((next(&chance) >> 8) + 0.5f) * 0x1p-24f);
            hazard[i] = innovation;
        }
        for (int64_t k = 0; k < n_seeds; k++) { queue[tail++] = seeds[k]; left[seeds[k]] = INFINITY; }
        for (int64_t step = 0; step < steps && tail < n; step++) {
            for (; head < tail; head++)
                for (int64_t arc = indptr[queue[head]]; arc < indptr[queue[head] + 1]; arc++)
                    hazard[targets[arc]] += imitation;
            for (int64_t i = 0; i < n; i++) left[i] -= hazard[i];
            for (int64_t i = 0; i < n; i++) {
                queue[tail] = (int32_t)i;
                tail += left[i] < 0.0f;
                left[i] = left[i] < 0.0f ? INFINITY : left[i];
            }
        }
        sizes[run] = (int32_t)tail;
        total += tail;
    }
    free(left); free(hazard); free(queue);
    return total;
}
