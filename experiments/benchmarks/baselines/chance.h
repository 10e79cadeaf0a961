/* Functions and draws of market.c that gcc can put into loops and vectorize. Polynomials are those of the Cephes
   library (Moshier) and of Giles (2010, erfinv in single precision); Philox4x32-10 is by Salmon et al. (2011). */
#pragma once
#include <math.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))
INLINE float at_most(float a, float b) { return a < b ? a : b; }
INLINE float at_least(float a, float b) { return a > b ? a : b; }
INLINE float unit(uint32_t word) { return (float)(int32_t)(word >> 8) * 0x1p-24f + 0x1p-25f; }

INLINE float exponential(float x) { /* Cephes */
    x = at_most(at_least(x, -87.0f), 88.0f);
    float n = floorf(x * 1.44269504f + 0.5f), r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float y = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r
               + 1.6666665459e-1f) * r + 5.0000001201e-1f;
    union { int32_t i; float f; } power = {((int32_t)n + 127) << 23};
    return (y * r * r + r + 1.0f) * power.f;
}

INLINE float logarithm(float x) { /* Cephes; x positive and normal */
    union { float f; int32_t i; } m = {x};
    int32_t e = ((m.i - 0x3f3504f3) >> 23); /* so that the mantissa is within sqrt(1/2) and sqrt(2) */
    m.i -= e << 23;
    float z = m.f - 1.0f, s = z * z;
    float y = ((((((((7.0376836292e-2f * z - 1.1514610310e-1f) * z + 1.1676998740e-1f) * z - 1.2420140846e-1f) * z
                  + 1.4249322787e-1f) * z - 1.6668057665e-1f) * z + 2.0000714765e-1f) * z - 2.4999993993e-1f) * z
               + 3.3333331174e-1f) * z * s - 0.5f * s;
    return z + y + (float)e * 0.693147181f;
}

INLINE float normal(float u) { /* quantile, Giles (2010) */
    float x = 2.0f * u - 1.0f, w = -logarithm(1.0f - x * x), s = w - 2.5f, t = sqrtf(at_least(w, 0.0f)) - 3.0f;
    float a = (((((((2.81022636e-08f * s + 3.43273939e-07f) * s - 3.5233877e-06f) * s - 4.39150654e-06f) * s
                  + 0.00021858087f) * s - 0.00125372503f) * s - 0.00417768164f) * s + 0.246640727f) * s + 1.50140941f;
    float b = (((((((-0.000200214257f * t + 0.000100950558f) * t + 0.00134934322f) * t - 0.00367342844f) * t
                  + 0.00573950773f) * t - 0.0076224613f) * t + 0.00943887047f) * t + 1.00167406f) * t + 2.83297682f;
    return 1.41421356f * (w < 5.0f ? a : b) * x;
}

typedef uint32_t __attribute__((may_alias)) Word; /* also read in halves */
typedef struct { uint64_t of[20]; } Keys; /* of ten rounds */

INLINE Keys round_keys(uint32_t seed, uint32_t replicate) {
    Keys key;
    for (uint32_t r = 0; r < 10; r++) {
        key.of[2 * r] = (uint32_t)(seed + r * 0x9E3779B9u);
        key.of[2 * r + 1] = (uint32_t)(replicate + r * 0xBB67AE85u);
    }
    return key;
}

/* Four words of one address, each put down so far apart. */
INLINE void philox(const Keys *key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, Word *out, int apart) {
    uint64_t x0 = c0, x1 = c1, x2 = c2, x3 = c3; /* the low halves count */
    #pragma GCC unroll 10
    for (int r = 0; r < 10; r++) {
        uint64_t a = (x0 & 0xffffffffu) * 0xD2511F53u, b = (x2 & 0xffffffffu) * 0xCD9E8D57u;
        x0 = (b >> 32) ^ x1 ^ key->of[2 * r];
        x2 = (a >> 32) ^ x3 ^ key->of[2 * r + 1];
        x1 = b;
        x3 = a;
    }
    out[0] = (uint32_t)x0; out[apart] = (uint32_t)x1; out[2 * apart] = (uint32_t)x2; out[3 * apart] = (uint32_t)x3;
}
