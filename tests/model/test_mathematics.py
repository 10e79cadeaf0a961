"""The elementary functions against the C library and scipy, over their whole range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri

from simulator.model.mathematics import exponential, fixed_point, gumbel, logarithm, logistic, normal, unit

pytestmark = pytest.mark.usefixtures("rules_for_python")

ULP = 2.0**-24
SMALLEST_NORMAL = 2.0**-126


def apply(function, arguments: np.ndarray) -> np.ndarray:
    return np.array([function(a) for a in arguments.astype(np.float32)], np.float64)


def uniforms() -> np.ndarray:
    """Return uniform numbers as draws make them: both ends closely, the rest evenly."""
    end = np.arange(2000)
    inside = np.linspace(2000, 2**24 - 2001, 20_000).astype(np.int64)
    return np.concatenate([end, inside, 2**24 - 2000 + end]) * 2.0**-24


def test_exponential_has_a_relative_error_below_two_units_in_the_last_place() -> None:
    x = np.linspace(-87, 88, 40_001).astype(np.float32)
    error = apply(exponential, x) / np.exp(x.astype(np.float64)) - 1
    assert np.abs(error).max() < 2 * ULP
    assert exponential(0.0) == 1.0


def test_exponential_is_held_where_it_would_leave_the_normal_numbers() -> None:
    assert exponential(-1e30) == exponential(-87.0) > SMALLEST_NORMAL
    assert exponential(1e30) == exponential(88.0) < np.finfo(np.float32).max


def test_logarithm_has_a_relative_error_below_two_units_in_the_last_place() -> None:
    mantissas = np.linspace(1, 2, 101)[:-1]
    x = np.concatenate([mantissas * 2.0**k for k in range(-126, 128)]).astype(np.float32)
    near_one = (1 + np.arange(-500, 500) * 2.0**-23).astype(np.float32)
    for arguments in (x, near_one):
        exact = np.log(arguments.astype(np.float64))
        error = np.abs(apply(logarithm, arguments) - exact)
        assert (error <= 2 * ULP * np.abs(exact)).all()
    assert logarithm(1.0) == 0.0


def test_logarithm_reads_what_is_no_positive_normal_number_as_the_smallest() -> None:
    assert logarithm(0.0) == logarithm(-3.0) == logarithm(1e-42) == logarithm(SMALLEST_NORMAL)


def test_exponential_and_logarithm_undo_each_other() -> None:
    x = np.linspace(-80, 80, 4001)
    back = apply(logarithm, apply(exponential, x))
    assert np.abs(back - x).max() < 1e-5


def test_logistic_against_the_closed_form() -> None:
    x = np.linspace(-80, 80, 8001).astype(np.float32)
    exact = 1 / (1 + np.exp(-x.astype(np.float64)))
    values = apply(logistic, x)
    assert np.abs(values / exact - 1).max() < 4 * ULP
    assert logistic(0.0) == 0.5
    assert 0 < logistic(-1e30) < 1e-37
    assert logistic(1e30) == 1.0


def test_uniform_numbers_have_24_bits_below_one() -> None:
    assert unit(np.uint32(0)) == 0.0
    assert unit(np.uint32(255)) == 0.0
    assert unit(np.uint32(256)) == 2.0**-24
    assert unit(np.uint32(0x8000_0000)) == 0.5
    assert unit(np.uint32(0xFFFF_FFFF)) == 1 - 2.0**-24


def test_normal_quantile_over_all_uniform_numbers() -> None:
    """The error is below 1e-6, or that part of the quantile where this is more; 0 is read as 2^-25."""
    u = uniforms()
    exact = ndtri(np.maximum(u, 2.0**-25))
    error = np.abs(apply(normal, u) - exact)
    assert (error <= 1e-6 * np.maximum(1, np.abs(exact))).all()


def test_normal_quantile_at_its_ends() -> None:
    least, most = normal(0.0), normal(1 - 2.0**-24)
    assert least == pytest.approx(ndtri(2.0**-25), abs=1e-4)
    assert 5.1 < most < 5.5


def test_normal_quantile_never_falls_but_by_rounding() -> None:
    u = np.sort(uniforms())
    assert np.diff(apply(normal, u)).min() > -1e-6


def test_gumbel_over_all_uniform_numbers() -> None:
    """The error is below 1e-6, or that part of the draw where this is more; 0 is read as 2^-25."""
    u = uniforms()
    exact = -np.log(-np.log(np.maximum(u, 2.0**-25)))
    error = np.abs(apply(gumbel, u) - exact)
    assert (error <= 1e-6 * np.maximum(1, np.abs(exact))).all()


def test_gumbel_at_its_ends() -> None:
    assert gumbel(0.0) == pytest.approx(-math.log(25 * math.log(2)), rel=1e-6)
    assert 16 < gumbel(1 - 2.0**-24) < 18


def test_fixed_point_rounds_down() -> None:
    assert fixed_point(0.5) == 32768
    assert fixed_point(-0.5) == -32768
    assert fixed_point(2.0**-17) == 0
    assert fixed_point(-(2.0**-17)) == -1
