"""Elementary functions with the same bits everywhere.

The C library's ``exp`` and ``log`` differ between platforms and between scalar and vector code. These
polynomials use nothing but IEEE additions, multiplications and bit shifts in 32 bits, so a loop over them
is vectorized and every engine and machine agrees. Relative errors are about 1e-7.

References
----------
Moshier, Cephes mathematical library (forms of ``expf`` and ``logf``).
Giles (2010), Approximating the erfinv function (single-precision form), for the normal quantile.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.compiled import rule

F = np.float32
I = np.int32  # noqa: E741

ZERO = F(0.0)
ONE = F(1.0)
HALF = F(0.5)
_EXP_LOW = F(-87.0)
_EXP_HIGH = F(88.0)
_LOG2E = F(1.44269504088896341)
_LN2_HIGH = F(0.693359375)
_LN2_LOW = F(-2.12194440e-4)
_E5, _E4, _E3 = F(1.9875691500e-4), F(1.3981999507e-3), F(8.3334519073e-3)
_E2, _E1, _E0 = F(4.1665795894e-2), F(1.6666665459e-1), F(5.0000001201e-1)
_BIAS = I(127)
_MANTISSA_BITS = I(23)
_MANTISSA = I(0x007FFFFF)
_ONE_BITS = I(0x3F800000)
_SQRT2 = F(1.41421356237)
_L8, _L7, _L6 = F(7.0376836292e-2), F(-1.1514610310e-1), F(1.1676998740e-1)
_L5, _L4, _L3 = F(-1.2420140846e-1), F(1.4249322787e-1), F(-1.6668057665e-1)
_L2, _L1, _L0 = F(2.0000714765e-1), F(-2.4999993993e-1), F(3.3333331174e-1)
_SMALLEST = F(1.17549435e-38)
_TO_UNIT = F(5.9604644775390625e-08)
_HALF_UNIT = F(2.98023223876953125e-08)
_EIGHT = np.uint32(8)


@rule("f4(f4)")
def exponential(x: Any) -> Any:
    """Return e to the power x; x is held within -87 and 88, where the result is finite and normal."""
    x = min(max(x, _EXP_LOW), _EXP_HIGH)
    n = np.floor(x * _LOG2E + HALF)
    r = x - n * _LN2_HIGH
    r = r - n * _LN2_LOW
    y = ((((_E5 * r + _E4) * r + _E3) * r + _E2) * r + _E1) * r + _E0
    y = y * (r * r) + r + ONE
    power = I((I(n) + _BIAS) << _MANTISSA_BITS).view(np.float32)
    return y * power


@rule("f4(f4)")
def logarithm(x: Any) -> Any:
    """Return the natural logarithm of x > 0; smaller arguments are read as the smallest normal number."""
    x = F(max(x, _SMALLEST))
    bits = x.view(np.int32)
    exponent = I((bits >> _MANTISSA_BITS) - _BIAS)
    m = I((bits & _MANTISSA) | _ONE_BITS).view(np.float32)
    is_large = m > _SQRT2
    m = m * HALF if is_large else m
    e = F(exponent) + (ONE if is_large else ZERO)
    z = m - ONE
    y = (((((((_L8 * z + _L7) * z + _L6) * z + _L5) * z + _L4) * z + _L3) * z + _L2) * z + _L1) * z + _L0
    square = z * z
    y = y * z * square
    y = y + e * _LN2_LOW
    y = y - HALF * square
    return z + y + e * _LN2_HIGH


@rule("f4(f4)")
def logistic(x: Any) -> Any:
    """Return 1 / (1 + exp(-x))."""
    return ONE / (ONE + exponential(-x))


@rule("f4(u4)")
def unit(word: Any) -> Any:
    """Return a uniform number in [0, 1) with 24 bits from one random word.

    An event of probability p happens when ``unit(word) < p``, so an impossible event never does.
    """
    return F(I(word >> _EIGHT)) * _TO_UNIT


@rule("f4(f4)")
def gumbel(u: Any) -> Any:
    """Return a standard Gumbel draw from a uniform u in [0, 1): -ln(-ln(u)), with 0 read as 2^-25.

    A uniform number has 24 bits: anything added to the largest would round to 1, whose draw is infinite.
    """
    return -logarithm(-logarithm(max(u, _HALF_UNIT)))


_G = tuple(
    F(c)
    for c in (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
              -0.00125372503, -0.00417768164, 0.246640727, 1.50140941)
)  # fmt: skip
_T = tuple(
    F(c)
    for c in (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
              -0.0076224613, 0.00943887047, 1.00167406, 2.83297682)
)  # fmt: skip
_G0, _G1, _G2, _G3, _G4, _G5, _G6, _G7, _G8 = _G
_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7, _T8 = _T
_FIVE = F(5.0)
_TWO_AND_HALF = F(2.5)
_THREE = F(3.0)
_TWO = F(2.0)


@rule("f4(f4)")
def normal(u: Any) -> Any:
    """Return the standard normal quantile of a uniform u in [0, 1), with 0 read as 2^-25."""
    x = _TWO * max(u, _HALF_UNIT) - ONE
    w = -logarithm((ONE - x) * (ONE + x))
    s = w - _TWO_AND_HALF
    a = (((((((_G0 * s + _G1) * s + _G2) * s + _G3) * s + _G4) * s + _G5) * s + _G6) * s + _G7) * s + _G8
    t = np.sqrt(max(w, ZERO)) - _THREE
    b = (((((((_T0 * t + _T1) * t + _T2) * t + _T3) * t + _T4) * t + _T5) * t + _T6) * t + _T7) * t + _T8
    return _SQRT2 * (a if w < _FIVE else b) * x


#: Whole units of one, in which sums are kept.
FRACTION = 65536.0
_FRACTION = F(FRACTION)


@rule("i8(f4)")
def fixed_point(x: Any) -> Any:
    """Return a quantity in whole units of 1/65536, rounded down, so that sums have no order."""
    return np.int64(np.floor(x * _FRACTION))


@rule("f4(i8, i8)")
def mean_of_units(total: Any, count: Any) -> Any:
    """Return the mean of quantities whose sum is kept in units of 1/65536; count > 0."""
    return F(np.float64(total) / (np.float64(count) * FRACTION))


@rule("f4(f4, f4, f4, f4)")
def squared_distance(from_x: Any, from_y: Any, to_x: Any, to_y: Any) -> Any:
    """Return the squared distance between two points of the plane of tastes."""
    dx = from_x - to_x
    dy = from_y - to_y
    return dx * dx + dy * dy
