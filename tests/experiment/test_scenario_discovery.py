"""PRIM on planted boxes."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.experiment import scenario_discovery
from simulator.experiment.scenario_discovery import find_box

NAMES = ("a", "b", "c", "d")


def planted(n: int = 2000, noise: float = 0.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return points of the unit cube; cases lie where a > 0.6 and 0.2 < c < 0.7, apart from noise."""
    g = np.random.default_rng(seed)
    points = g.random((n, 4))
    case = (points[:, 0] > 0.6) & (points[:, 2] > 0.2) & (points[:, 2] < 0.7)
    return points, case ^ (g.random(n) < noise)


def test_a_planted_box_is_found():
    points, case = planted()
    found = find_box(points, case, NAMES)
    box = found.box
    assert box.density > 0.95 and box.coverage > 0.9
    by_factor = {r.factor: r for r in box.restrictions}
    assert set(by_factor) <= {"a", "b", "c", "d"} and {"a", "c"} <= set(by_factor)
    assert by_factor["a"].lower == pytest.approx(0.6, abs=0.03) and by_factor["a"].upper > 0.95
    assert by_factor["c"].lower == pytest.approx(0.2, abs=0.05)
    assert by_factor["c"].upper == pytest.approx(0.7, abs=0.05)
    assert by_factor["a"].p_value < 1e-6 and by_factor["c"].p_value < 1e-6


def test_noise_does_not_hide_it():
    points, case = planted(noise=0.1)
    found = find_box(points, case, NAMES)
    assert found.box.density > 0.8 and found.box.coverage > 0.55
    densities = [box.density for box in found.boxes]
    assert (np.diff(densities) > 0).all() and found.boxes[0].n_points == 2000


def test_where_nothing_is_planted_nothing_is_dense():
    """Negative control: cases at random; the chosen box is everything or hardly denser than that."""
    g = np.random.default_rng(3)
    points, case = g.random((2000, 4)), g.random(2000) < 0.3
    found = find_box(points, case, NAMES)
    assert found.box.density < 0.45 and found.box.coverage > 0.5


def test_coverage_and_density_are_those_of_the_points_in_the_box():
    points, case = planted(noise=0.05)
    for box in find_box(points, case, NAMES).boxes:
        inside = box.holds(points, NAMES)
        assert inside.sum() == box.n_points
        assert case[inside].mean() == pytest.approx(box.density)
        assert case[inside].sum() / case.sum() == pytest.approx(box.coverage)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_or_none_give_one_box_of_everything(share):
    points, _ = planted(100)
    found = find_box(points, np.full(100, bool(share)), NAMES)
    assert len(found.boxes) == 1 and found.box.restrictions == () and "everywhere" in str(found.box)


def test_values_on_a_grid_are_peeled_too():
    points = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1).reshape(-1, 2)
    found = find_box(points, points[:, 0] >= 3, ("x", "y"))
    assert found.box.density == 1 and found.box.coverage == 1
    assert found.box.restrictions[0][:2] == ("x", 3.0)
    assert len(found.to_dataframe()) == len(found.boxes)


def test_pasting_takes_back_what_peeling_gave_up():
    """Beyond an edge at 0.5 lie cases only, as far as 0.4: the face moves there, and no farther."""
    points = np.arange(100)[:, None] / 100
    case = np.where(points[:, 0] < 0.5, points[:, 0] >= 0.4, np.arange(100) % 2 == 0)
    inside, limits = scenario_discovery._pasted(points, case, points[:, 0] >= 0.5, [(0.5, np.inf)], 0.05)
    assert limits == [(0.4, np.inf)] and inside.sum() == 60


def test_boxes_are_better_for_pasting(monkeypatch):
    """Peeling a fifth of the points at a time overshoots; pasting makes most boxes denser or larger."""

    def balance(found) -> float:
        return 2 / (1 / found.box.coverage + 1 / found.box.density)

    worlds = [planted(600, 0.15, seed) for seed in range(12)]
    with_pasting = [balance(find_box(*world, NAMES, peel=0.2)) for world in worlds]
    monkeypatch.setattr(
        scenario_discovery, "_pasted", lambda points, case, inside, limits, peel: (inside, limits)
    )
    without = [balance(find_box(*world, NAMES, peel=0.2)) for world in worlds]
    assert np.mean(with_pasting) > np.mean(without) + 0.005
