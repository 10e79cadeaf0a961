/* The engine's elementary functions, operation by operation (simulator/model/mathematics.py), so that loops over them
   give the same bits: compile without -ffast-math and with -ffp-contract=off. Generator and minima as in chance.h. */
#pragma once
#include "chance.h"

INLINE float uniform(uint32_t word) { return (float)(int32_t)(word >> 8) * 0x1p-24f; }

INLINE float exact_exponential(float x) { /* Cephes */
    x = at_most(at_least(x, -87.0f), 88.0f);
    float n = floorf(x * 1.44269504088896341f + 0.5f), r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float y = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r
               + 1.6666665459e-1f) * r + 5.0000001201e-1f;
    y = y * (r * r) + r + 1.0f;
    union { int32_t i; float f; } power = {((int32_t)n + 127) << 23};
    return y * power.f;
}

INLINE float exact_logarithm(float x) { /* Cephes */
    union { float f; int32_t i; } bits = {at_least(x, 1.17549435e-38f)}, m;
    m.i = (bits.i & 0x007fffff) | 0x3f800000;
    int is_large = m.f > 1.41421356237f;
    float e = (float)((bits.i >> 23) - 127) + (is_large ? 1.0f : 0.0f), z = (is_large ? m.f * 0.5f : m.f) - 1.0f;
    float y = (((((((7.0376836292e-2f * z - 1.1514610310e-1f) * z + 1.1676998740e-1f) * z - 1.2420140846e-1f) * z
                 + 1.4249322787e-1f) * z - 1.6668057665e-1f) * z + 2.0000714765e-1f) * z - 2.4999993993e-1f) * z
              + 3.3333331174e-1f;
    float square = z * z;
    y = y * z * square;
    y = y + e * -2.12194440e-4f;
    y = y - 0.5f * square;
    return z + y + e * 0.693359375f;
}

INLINE float logistic(float x) { return 1.0f / (1.0f + exact_exponential(-x)); }
INLINE float gumbel(float u) { return -exact_logarithm(-exact_logarithm(at_least(u, 0x1p-25f))); }

INLINE float exact_normal(float u) { /* quantile, Giles (2010) */
    float x = 2.0f * at_least(u, 0x1p-25f) - 1.0f, w = -exact_logarithm((1.0f - x) * (1.0f + x)), s = w - 2.5f;
    float a = (((((((2.81022636e-08f * s + 3.43273939e-07f) * s - 3.5233877e-06f) * s - 4.39150654e-06f) * s
                  + 0.00021858087f) * s - 0.00125372503f) * s - 0.00417768164f) * s + 0.246640727f) * s + 1.50140941f;
    float t = sqrtf(at_least(w, 0.0f)) - 3.0f;
    float b = (((((((-0.000200214257f * t + 0.000100950558f) * t + 0.00134934322f) * t - 0.00367342844f) * t
                  + 0.00573950773f) * t - 0.0076224613f) * t + 0.00943887047f) * t + 1.00167406f) * t + 2.83297682f;
    return 1.41421356237f * (w < 5.0f ? a : b) * x;
}

/* Whole units of 1/65536, rounded down; x within +-32767. */
INLINE int32_t units(float x) { return (int32_t)floorf(x * 65536.0f); }
