"""Small made-up trajectories whose every number is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulator.model.observation import INDEX, N_SERIES
from simulator.outcomes.trajectories import Trajectories


@pytest.fixture
def random_trajectories() -> Callable[..., Trajectories]:
    """Return a maker of trajectories whose replicate r is the same whichever replicates are made."""

    def make(
        replicates=range(4), strategies=("none", "mass"), *, seed=3, names=("A", "B"), ids=(1, 2), **more
    ):
        counts = np.stack(
            [
                [
                    np.random.default_rng([seed, r, ord(name[0])]).integers(0, 1 << 40, (6, 2, N_SERIES))
                    for r in replicates
                ]
                for name in strategies
            ]
        )
        fields = {
            "strategies": tuple(strategies),
            "replicates": tuple(replicates),
            "seed": seed,
            "engine": "numba",
            "brands": tuple(names),
            "brand_ids": tuple(ids),
            "focal": 0,
            "counts": counts,
            "n_consumers": 50,
            "people_per_consumer": 12.5,
        }
        return Trajectories(**{**fields, **more})

    return make


@pytest.fixture
def written_trajectories() -> Callable[..., Trajectories]:
    """Return a maker of trajectories from recorded series by strategy and brand, zero elsewhere."""

    def make(
        series: dict[tuple[str, str], dict[str, list[float]]], *, n_steps=4, n_consumers=100, people=10.0
    ):
        strategies = tuple(dict.fromkeys(strategy for strategy, _ in series))
        brands = tuple(dict.fromkeys(brand for _, brand in series))
        counts = np.zeros((len(strategies), 1, n_steps, len(brands), N_SERIES), dtype=np.int64)
        for (strategy, brand), by_name in series.items():
            for name, values in by_name.items():
                counts[strategies.index(strategy), 0, :, brands.index(brand), INDEX[name]] = values
        return Trajectories(
            strategies=strategies,
            replicates=(0,),
            seed=0,
            engine="numba",
            brands=brands,
            brand_ids=tuple(range(1, len(brands) + 1)),
            focal=0,
            counts=counts,
            n_consumers=n_consumers,
            people_per_consumer=people,
        )

    return make
