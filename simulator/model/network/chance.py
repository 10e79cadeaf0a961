"""Addressed uniforms, and logarithm and exponential with the same bits on every machine.

The C library's ``log`` and ``exp`` differ in the last bit between platforms, which could move a tie. The
two functions here use only additions, multiplications, divisions and exact scalings by powers of two.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simulator.compiled import kernel, rule
from simulator.model.philox import philox

_HIGH = np.uint32(5)
_LOW = np.uint32(6)
_WORD = 1.0 / 4294967296.0
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_INVERSE_LN2 = 1.44269504088896338700
_SQRT_HALF = 0.70710678118654752440


@kernel
def words(stream: Any, first: Any, second: Any, third: Any, key0: Any, key1: Any) -> Any:
    """Return the four random words at one address of a network stream."""
    return philox(
        np.uint32(first),
        np.uint32(second),
        np.uint32(third),
        np.uint32(stream),
        np.uint32(key0),
        np.uint32(key1),
    )


@rule("f8(u4, u4)")
def fraction(high: Any, low: Any) -> Any:
    """Return a uniform in [0, 1) with 53 random bits from two words."""
    upper = np.float64(high >> _HIGH) * 67108864.0
    return (upper + np.float64(low >> _LOW)) * (1.0 / 9007199254740992.0)


@kernel
def uniforms(stream: Any, first: Any, second: Any, third: Any, key0: Any, key1: Any) -> Any:
    """Return two uniforms in [0, 1) with 53 random bits each, at one address of a network stream."""
    w0, w1, w2, w3 = words(stream, first, second, third, key0, key1)
    return fraction(w0, w1), fraction(w2, w3)


@rule("b1(u4, f8)")
def coin(word: Any, probability: Any) -> Any:
    """Return whether an event of this probability happens, by one word (resolution 2^-32)."""
    return np.float64(word) * _WORD < probability


@rule("i8(f8, i8)")
def below(uniform: Any, n: Any) -> Any:
    """Return a whole number from 0 to n - 1; a uniform below 1 never reaches n (n up to 2^31)."""
    return np.int64(uniform * np.float64(n))


@rule("f8(f8)")
def natural_log(x: Any) -> Any:
    """Return the natural logarithm of a positive finite number.

    With x = m 2^e and m in [sqrt(1/2), sqrt(2)), log x = e log 2 + 2 artanh((m - 1)/(m + 1)), whose odd
    series is cut after the term of power 21: relative error below 1e-15.
    """
    mantissa, exponent = math.frexp(x)
    small = mantissa < _SQRT_HALF
    mantissa = mantissa * 2.0 if small else mantissa
    power = np.float64(exponent) - (1.0 if small else 0.0)
    z = (mantissa - 1.0) / (mantissa + 1.0)
    square = z * z
    series = 0.0
    for odd in range(21, 1, -2):
        series = (series + 1.0 / np.float64(odd)) * square
    return power * _LN2_HIGH + (power * _LN2_LOW + 2.0 * (z + z * series))


@rule("f8(f8)")
def natural_exp(x: Any) -> Any:
    """Return the exponential of a number between -700 and 700.

    With x = k log 2 + r and |r| at most log(2)/2, exp x = 2^k exp r, whose series is cut after the term
    of power 14: relative error below 1e-15.
    """
    k = math.floor(x * _INVERSE_LN2 + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    series = 1.0
    for power in range(14, 0, -1):
        series = 1.0 + series * r / np.float64(power)
    return math.ldexp(series, int(k))
