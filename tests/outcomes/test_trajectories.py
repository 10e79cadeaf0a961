import numpy as np
import pytest

from simulator.errors import ScenarioError, StoreError
from simulator.model.observation import INDEX
from simulator.outcomes.trajectories import Trajectories


def test_digest_of_two_halves_is_that_of_the_whole(random_trajectories):
    whole = random_trajectories(range(10))
    halves = [random_trajectories(range(5, 10)), random_trajectories(range(5))]
    assert Trajectories.concatenate(halves).digest == whole.digest
    assert len(whole.digest) == 64


def test_digest_composes_over_strategies(random_trajectories):
    both = random_trajectories(strategies=("none", "mass"))
    apart = [random_trajectories(strategies=(name,)).hash_sum for name in ("mass", "none")]
    assert sum(apart) % (1 << 256) == both.hash_sum


def test_digest_ignores_engine_brand_names_and_brand_order(random_trajectories):
    one = random_trajectories()
    turned = random_trajectories(
        names=("Second", "First"), ids=(2, 1), engine="mesa", counts=one.counts[:, :, :, ::-1].copy(), focal=1
    )
    assert turned.digest == one.digest


@pytest.mark.parametrize("change", ["count", "seed", "strategy", "replicate", "brand id", "swap"])
def test_digest_notices(random_trajectories, change):
    one = random_trajectories()
    counts = one.counts.copy()
    counts[1, 2, 3, 0, 5] += 1
    swapped = one.counts[:, [1, 0, 2, 3]].copy()
    other = {
        "count": random_trajectories(counts=counts),
        "seed": random_trajectories(seed=4, counts=one.counts.copy()),
        "strategy": random_trajectories(strategies=("none", "mask"), counts=one.counts.copy()),
        "replicate": random_trajectories(replicates=range(1, 5), counts=one.counts.copy()),
        "brand id": random_trajectories(ids=(1, 3)),
        "swap": random_trajectories(counts=swapped),
    }[change]
    assert other.digest != one.digest


def test_series_are_in_real_units(written_trajectories):
    recorded = {
        "purchases": [1, 2, 3, 4],
        "revenue": [15_000, 0, 0, 5_000],
        "memory": [65_536, 32_768, 0, 0],
    }
    trajectories = written_trajectories({("none", "A"): recorded})
    assert trajectories.series("purchases", brand="A").tolist() == [[[10, 20, 30, 40]]]
    assert trajectories.series("revenue", brand="A").tolist() == [[[15, 0, 0, 5]]]
    assert trajectories.series("memory", brand="A").tolist() == [[[10, 5, 0, 0]]]
    assert trajectories.series("purchases").shape == (1, 1, 4, 1)


def test_unknown_names_are_answered_with_the_nearest(random_trajectories):
    with pytest.raises(ScenarioError, match='did you mean "purchases"'):
        random_trajectories().series("purchase")
    with pytest.raises(ScenarioError, match="one of A, B"):
        random_trajectories().series("purchases", brand="C")


def test_concatenate_tells_everything_that_does_not_fit(random_trajectories):
    with pytest.raises(ScenarioError) as raised:
        Trajectories.concatenate([random_trajectories(), random_trajectories(range(3, 6), seed=4)])
    text = str(raised.value)
    assert "parts[1].seed = 4" in text and "replicates = 3" in text
    with pytest.raises(ScenarioError, match="no parts"):
        Trajectories.concatenate([])


def test_recorded_numbers_cannot_be_changed(random_trajectories):
    with pytest.raises(ValueError, match="read-only"):
        random_trajectories().counts[0, 0, 0, 0, 0] = 1


def test_counts_of_another_shape_or_type_are_refused(random_trajectories):
    counts = random_trajectories().counts
    with pytest.raises(ValueError, match="shape"):
        random_trajectories(counts=counts[:, :2])
    with pytest.raises(ValueError, match="int64"):
        random_trajectories(counts=counts.astype(float))


def test_tidy_table_and_labeled_arrays_agree(random_trajectories):
    trajectories = random_trajectories()
    table = trajectories.to_dataframe()
    assert len(table) == 2 * 4 * 6 * 2
    row = table[
        (table.strategy == "mass") & (table.replicate == 2) & (table.step == 5) & (table.brand == "B")
    ]
    expected = trajectories.counts[1, 2, 5, 1, INDEX["clicks"]] * 12.5
    assert row.clicks.item() == expected
    dataset = trajectories.to_xarray()
    assert dataset["clicks"].sel(strategy="mass", replicate=2, step=5, brand="B").item() == expected
    assert dataset["revenue"].attrs["units"] == "EUR"


def test_save_and_load_restore_every_bit(random_trajectories, tmp_path):
    trajectories = random_trajectories(people_per_consumer=1 / 3, manifest={"threads": 2})
    loaded = Trajectories.load(trajectories.save(tmp_path / "some.parquet"))
    assert np.array_equal(loaded.counts, trajectories.counts)
    assert loaded.digest == trajectories.digest
    assert loaded.manifest == {"threads": 2}
    assert repr(loaded) == repr(trajectories)


def test_a_changed_file_is_noticed(random_trajectories, tmp_path):
    import pyarrow.parquet as pq

    path = random_trajectories().save(tmp_path / "some.parquet")
    table = pq.read_table(path)
    pq.write_table(table.set_column(6, table.column_names[6], table.column(7)), path)
    with pytest.raises(StoreError, match="changed file"):
        Trajectories.load(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StoreError, match="damaged"):
        Trajectories.load(path)
    with pytest.raises(StoreError, match="correct the path"):
        Trajectories.load(tmp_path / "none.parquet")


def test_a_missing_library_is_named_with_its_remedy(random_trajectories, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    with pytest.raises(ScenarioError, match="pip install"):
        random_trajectories().to_xarray()


def test_repr_says_what_it_is(random_trajectories):
    trajectories = random_trajectories((0, 1, 2, 7), names=("<A>", "B"))
    assert "0-2, 7" in repr(trajectories)
    assert "&lt;A&gt;" in trajectories._repr_html_()
