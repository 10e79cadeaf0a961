"""The store: what it says, what it notices, and what it survives."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiment_tools import DESIGN

import simulator as sim
from simulator.errors import ScenarioError, StoreError
from simulator.experiment.design_file import Design
from simulator.experiment.treatments import evaluate
from simulator.outcomes import experiment_store
from simulator.outcomes.folder_lock import LOCK, FolderLock, writer_of
from simulator.outcomes.shards import Rows, rows_digest, shard_files

STORED = Path(__file__).parent / "stored"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a complete store; tests that change one copy it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "four.toml").write_text(DESIGN.format(points=4))
    sim.sweep(folder / "four.toml", out=folder / "store")
    return folder / "store"


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copied"))


def test_outcomes_are_those_of_evaluate(finished: Path, design: Design) -> None:
    results = sim.open_results(finished)
    expected = evaluate(
        design.scenarios[0],
        design.treatments(),
        seed=design.seed,
        replicates=design.replicates,
        metrics=design.metrics,
    )
    assert np.array_equal(results.rows.values.reshape(expected.shape), expected)
    assert results.is_complete
    assert results.digest == results.manifest["digest"]


def test_views_agree(finished: Path, design: Design) -> None:
    results = sim.open_results(finished)
    frame = results.to_dataframe()
    assert len(frame) == 4 * 2 * 3
    one = frame[(frame.point == 2) & (frame.strategy == "mass") & (frame.replicate == 1)]
    assert float(one.price.iloc[0]) == design.points[2].factors["price"]
    pytest.importorskip("xarray")
    array = results.to_xarray()
    assert float(array.profit.sel(strategy="mass", replicate=1)[0, 2]) == float(one.profit.iloc[0])
    assert list(array.price.values) == [point.factors["price"] for point in design.points]
    pytest.importorskip("polars")
    assert results.to_polars().shape == frame.shape


def test_sql_agrees_with_the_frame(finished: Path) -> None:
    pytest.importorskip("duckdb")
    results = sim.open_results(finished)
    answer = results.sql(
        "select strategy, avg(profit) as mean from outcomes where price > 9 group by 1 order by 1"
    )
    frame = results.to_dataframe().query("price > 9").groupby("strategy").profit.mean()
    assert dict(zip(answer.strategy, answer["mean"], strict=True)) == pytest.approx(frame.to_dict())
    with pytest.raises(ScenarioError, match="nothing_such"):
        results.sql("select nothing_such from outcomes")


def test_estimates_agree_with_the_plain_ones(finished: Path) -> None:
    from simulator.outcomes.statistics import estimate

    results = sim.open_results(finished)
    table = results.summary(["profit", "sales"], confidence=0.9)
    frame = results.to_dataframe()
    for row in table.itertuples():
        values = frame[frame.treatment == row.treatment][row.metric].to_numpy(float)
        plain = estimate(values, 0.9)
        assert (row.mean, row.sd, row.n) == pytest.approx((plain.mean, plain.sd, plain.n))
        assert (row.lower, row.upper) == pytest.approx(
            (plain.mean - plain.half_width, plain.mean + plain.half_width)
        )
        assert (row.q05, row.q50, row.q95) == pytest.approx((plain.q05, plain.q50, plain.q95))


def test_estimates_leave_undefined_outcomes_out() -> None:
    from simulator.outcomes.summary import _described

    values = np.array([[[1.0], [np.nan], [3.0], [5.0]], [[np.nan]] * 4])
    found = _described(values, 0.95, np.array([False]))
    assert found["mean"][0, 0] == 3
    assert found["n_undefined"].tolist() == [[1], [4]]
    assert (found["q50"][0, 0], found["sd"][0, 0]) == (3, 2)
    assert np.isnan([found[name][1, 0] for name in ("mean", "lower", "q05", "sd")]).all()


def test_a_summary_flatters_nobody_who_rarely_gets_there(tmp_path: Path) -> None:
    """Where some replicates reach 50 % and others do not, their mean time is unknown, as in a comparison."""
    scenario = sim.load_scenario("minimal", {"population.consumers": 60})
    names = ["none", "random_targeting"]
    asked = {"purpose": "A test", "scenario": scenario, "strategies": names, "replicates": 20, "seed": 3}
    results = sim.sweep(Design.from_dict({"experiment": asked}))
    compared = sim.compare(scenario, strategies=names, n_replicates=20, seed=3)
    n_partly = 0
    for metric in ("time_to_10pct", "time_to_50pct", "cost_per_order", "cost_per_incremental_buyer", "sales"):
        for row in results.summary(metric).itertuples():
            plain = compared.estimates[row.strategy][metric]
            n_partly += 0 < row.n < 20
            told = [row.mean, row.sd, row.q05, row.q50, row.q95, row.n, row.n_undefined]
            expected = [plain.mean, plain.sd, plain.q05, plain.q50, plain.q95, plain.n, plain.n_undefined]
            assert told == pytest.approx(expected, nan_ok=True), (metric, row.strategy)
            assert row.upper - row.mean == pytest.approx(plain.half_width, nan_ok=True)
    assert n_partly == 2, "the example has metrics that are partly undefined"


def test_the_digest_does_not_depend_on_order_but_on_every_number() -> None:
    rng = np.random.default_rng(1)
    rows = Rows(
        np.repeat(np.arange(3, dtype=np.int32), 4),
        np.tile(np.arange(4), 3),
        rng.normal(size=(12, 2)),
        np.ones(12),
        np.zeros(12),
        np.zeros(12, np.int32),
        ("",) * 12,
    )
    keys, metrics = ["a", "b", "c"], ["profit", "sales"]
    digest = rows_digest(rows, keys, 7, metrics)
    assert rows_digest(rows.take(rng.permutation(12)), keys, 7, metrics) == digest
    halves = [rows.take(np.arange(12)[part::2]) for part in (0, 1)]
    assert rows_digest(Rows.concatenate(halves, 2), keys, 7, metrics) == digest
    changed = rows.take(np.arange(12))
    changed.values[5, 1] = np.nextafter(changed.values[5, 1], 2)
    others = [
        rows_digest(changed, keys, 7, metrics),
        rows_digest(rows, keys, 8, metrics),
        rows_digest(rows, ["a", "b", "d"], 7, metrics),
        rows_digest(rows, keys, 7, ["profit", "revenue"]),
        rows_digest(rows.take(np.arange(11)), keys, 7, metrics),
    ]
    assert len({digest, *others}) == 6


@pytest.mark.parametrize("damaged", ["[]", '{"failures": null}', '{"failures": [{"what": 1}]}', "{"])
def test_a_damaged_file_of_failures_keeps_nobody_from_going_on(
    copied: Path, design: Design, damaged: str
) -> None:
    before = sim.open_results(copied).digest
    (copied / "failures.json").write_text(damaged)
    assert not sim.open_results(copied).failures
    assert sim.sweep(design, out=copied).digest == before


@pytest.mark.parametrize("damage", ["altered", "cut short", "removed", "swapped"])
def test_a_damaged_shard_is_named_and_run_again(copied: Path, design: Design, damage: str) -> None:
    first, second = shard_files(copied)[:2]
    before = sim.open_results(copied).digest
    if damage == "altered":
        data = bytearray(first.read_bytes())
        data[len(data) // 2] ^= 1
        first.write_bytes(data)
    elif damage == "cut short":
        first.write_bytes(first.read_bytes()[:-20])
    elif damage == "swapped":
        first.write_bytes(second.read_bytes())
    else:
        first.unlink()
    with pytest.raises(StoreError, match=rf"{re.escape(first.name)}.*call the sweep again"):
        sim.open_results(copied).check()
    told: list[str] = []
    again = sim.sweep(design, out=copied, say=told.append)
    assert again.digest == before
    assert "all as they were written" in sim.open_results(copied).check()
    if damage != "removed":
        assert any(first.name in sentence for sentence in told)
        assert first.with_name(f"{first.name}.damaged").exists()


def test_an_altered_manifest_is_noticed(copied: Path) -> None:
    place = copied / "manifest.json"
    manifest = json.loads(place.read_bytes())
    manifest["points"][0]["factors"]["price"] = 1.0
    place.write_text(json.dumps(manifest))
    with pytest.raises(StoreError, match="altered file"):
        sim.open_results(copied).check()


def test_a_finished_experiment_is_not_run_again(copied: Path, design: Design, monkeypatch) -> None:
    before = [(file.name, file.stat().st_mtime_ns) for file in shard_files(copied)]
    monkeypatch.setattr("simulator.experiment.backends.run_task", None)
    sim.sweep(design, out=copied)
    assert [(file.name, file.stat().st_mtime_ns) for file in shard_files(copied)] == before


def test_another_experiment_is_refused(copied: Path, design: Design) -> None:
    with pytest.raises(StoreError, match="the same seed as asked for now, 6"):
        sim.sweep(design.changed(seed=6), out=copied)
    with pytest.raises(StoreError, match="the same scenarios"):
        sim.sweep(design.changed(consumers=50), out=copied)


@pytest.mark.parametrize("strategies", [("none", "precision"), ("mass", "none")])
def test_other_strategies_are_not_taken_for_those_that_are_stored(
    copied: Path, design: Design, strategies: tuple[str, ...]
) -> None:
    other = replace(design, strategies=strategies)
    told = rf"strategies = none, mass; expected .*, {', '.join(strategies)}"
    with pytest.raises(StoreError, match=told):
        sim.sweep(other, out=copied)


@pytest.mark.parametrize(
    ("entry", "change"),
    [
        ("scenario_digests", lambda found: [found[0][::-1]]),
        ("strategies", lambda found: found[::-1]),
        ("points", lambda found: found[::-1]),
        ("treatments", lambda found: found[::-1]),
        ("metrics", lambda found: found[::-1]),
        ("seed", lambda found: found + 1),
        ("balance", lambda found: "scenario"),
        ("trajectory_version", lambda found: found - 1),
        ("treatment_keys", lambda found: found[::-1]),
    ],
)
def test_every_entry_of_the_identity_is_compared(
    copied: Path, design: Design, entry: str, change: Callable[[Any], Any]
) -> None:
    place = copied / "manifest.json"
    manifest = json.loads(place.read_bytes())
    manifest[entry] = change(manifest[entry])
    place.write_text(json.dumps(manifest))
    before = {file.name for file in shard_files(copied)}
    with pytest.raises(StoreError) as raised:
        sim.sweep(design, out=copied)
    assert [fault.place for fault in raised.value.faults] == [f"{copied}: {entry}"]
    assert {file.name for file in shard_files(copied)} == before


def test_other_content_is_left_alone(tmp_path: Path, design: Design, finished: Path) -> None:
    (tmp_path / "thesis.txt").write_text("chapter one")
    with pytest.raises(StoreError, match="a folder with other content"):
        sim.sweep(design, out=tmp_path)
    with pytest.raises(StoreError, match="a file"):
        sim.sweep(design, out=tmp_path / "thesis.txt")
    assert [item.name for item in tmp_path.iterdir() if item.name != "four.toml"] == ["thesis.txt"]
    from simulator.outcomes.store import check_place

    with pytest.raises(StoreError, match=r"results of another kind \(experiment\)"):
        check_place(finished)


def test_more_replicates_are_added(copied: Path, design: Design, tmp_path: Path) -> None:
    kept = {file.name for file in shard_files(copied)}
    more = sim.sweep(design.changed(n_replicates=5), out=copied)
    assert kept < {file.name for file in shard_files(copied)}
    assert more.digest == sim.sweep(design.changed(n_replicates=5), out=tmp_path / "at once").digest
    judged = sim.sweep(design.changed(purpose="evaluate", n_replicates=2), out=copied)
    assert judged.is_complete
    assert set(judged.summary("sales", block="evaluate").n) == {2}
    assert set(judged.summary("sales", block="select").n) == {5}


def test_a_full_disk_leaves_what_is_stored(tmp_path: Path, design: Design, monkeypatch) -> None:
    write, left = experiment_store.write_flushed, [6]

    def write_until_full(path: Path, data: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            path.write_bytes(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, data)

    place = tmp_path / "store"
    monkeypatch.setattr(experiment_store, "write_flushed", write_until_full)
    with pytest.raises(StoreError, match="No space left on device.*make room.*call again to go on"):
        sim.sweep(design, out=place)
    monkeypatch.undo()
    kept = shard_files(place)
    assert len(kept) == 3, "three of the six writes are the identity, the scenario and the manifest"
    assert not list(place.rglob("*partial*"))
    assert not writer_of(place)
    assert sim.sweep(design, out=place).digest == sim.sweep(design, out=tmp_path / "other").digest
    assert set(kept) <= set(shard_files(place))


def test_a_full_file_system_is_told(tmp_path: Path, design: Design) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs more rights")
    try:
        with pytest.raises(StoreError, match="No space left on device"):
            sim.sweep(design.changed(n_replicates=100), out=place / "store")
        kept = len(sim.open_results(place / "store").rows)
        subprocess.run(["mount", "-o", "remount,size=4m", str(place)], check=True)
        results = sim.sweep(design.changed(n_replicates=100), out=place / "store")
        assert results.is_complete
        assert 0 <= kept < len(results.rows)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_one_writer_at_a_time(tmp_path: Path, design: Design) -> None:
    place = tmp_path / "store"
    place.mkdir()
    with FolderLock(place), pytest.raises(StoreError, match=rf"written to by process {os.getpid()} on host"):
        sim.sweep(design, out=place)
    assert not writer_of(place)
    sim.sweep(design, out=place)


def test_a_lock_file_of_a_dead_process_is_taken_over(tmp_path: Path, design: Design) -> None:
    place = tmp_path / "store"
    place.mkdir()
    (place / LOCK).write_text(json.dumps({"process": 999_999, "host": "gone", "since": "yesterday"}))
    assert sim.sweep(design, out=place).is_complete


def test_strays_of_killed_writers_are_removed(copied: Path, design: Design) -> None:
    stray = copied / "shards" / ".t000000-r0000000000-0.parquet.partial-1"
    stray.write_bytes(b"half")
    sim.sweep(design, out=copied)
    assert not stray.exists()


def test_an_older_comparison_is_read() -> None:
    results = sim.open_results(STORED / "layout-1")
    assert results.manifest["layout"] == 1
    assert results.manifest["strategies"] == ["none", "mass"]
    frame = results.to_dataframe()
    assert frame.groupby("strategy").replicate.count().to_dict() == {"none": 4, "mass": 4}
    assert results.summary("profit").n.tolist() == [4, 4]
    assert "all as they were written" in results.check()
    assert results.digest == json.loads((STORED / "layout-1" / "manifest.json").read_bytes())["digest"]


def test_an_older_experiment_is_read() -> None:
    results = sim.open_results(STORED / "layout-2")
    assert results.manifest["layout"] == 2
    assert results.is_complete
    assert "all as they were written" in results.check()
    assert len(results.to_dataframe()) == 8


def test_a_later_layout_is_refused(copied: Path) -> None:
    place = copied / "manifest.json"
    manifest = json.loads(place.read_bytes())
    place.write_text(json.dumps({**manifest, "layout": 99}))
    with pytest.raises(StoreError, match="layout 99; expected a layout up to 2; install version"):
        sim.open_results(copied)


def test_a_later_layout_is_not_gone_on_with(copied: Path, design: Design) -> None:
    place = copied / "manifest.json"
    place.write_text(json.dumps({**json.loads(place.read_bytes()), "layout": 99}))
    before = content_of(copied)
    with pytest.raises(StoreError, match="layout 99; expected a layout up to 2; install version"):
        sim.sweep(design.changed(n_replicates=5), out=copied)
    assert content_of(copied) == before


@pytest.mark.parametrize("left", [None, 0, 200], ids=["no manifest", "an empty one", "one cut short"])
def test_shards_are_kept_where_the_manifest_is_lost(copied: Path, design: Design, left: int | None) -> None:
    """Whatever of them there is: more replicates than are asked for now, fewer, and what failed."""
    more = sim.sweep(design.changed(purpose="evaluate", n_replicates=2), out=copied)
    lose_manifest(copied, left)
    shards = shard_files(copied)
    shards.pop().unlink()
    kept = [file.stat().st_mtime_ns for file in shards]
    with pytest.raises(StoreError, match="call the sweep again with the same folder"):
        sim.open_results(copied)
    with pytest.raises(StoreError, match="seed = 5; expected the same seed"):
        sim.sweep(design.changed(seed=6), out=copied)
    told: list[str] = []
    again = sim.sweep(design.changed(purpose="evaluate", n_replicates=2), out=copied, say=told.append)
    sim.sweep(design, out=copied)
    again = sim.open_results(copied)
    assert told[0].startswith("the manifest was lost") and again.is_complete
    assert again.digest == more.digest and again.manifest["replicates"] == more.manifest["replicates"]
    assert [file.stat().st_mtime_ns for file in shards] == kept
    assert "all as they were written" in again.check()


@pytest.mark.parametrize("left", [None, 200])
def test_shards_that_nothing_tells_the_experiment_of_are_left_alone(
    copied: Path, design: Design, left: int | None
) -> None:
    lose_manifest(copied, left)
    (copied / "identity.json").unlink()
    before = content_of(copied)
    for ask in (lambda: sim.sweep(design, out=copied), lambda: sim.open_results(copied)):
        with pytest.raises(StoreError, match=r"put back a copy of manifest\.json, or choose another folder"):
            ask()
    assert content_of(copied) == before


def lose_manifest(folder: Path, left: int | None) -> None:
    """Remove a manifest, or leave some of its bytes."""
    place = folder / "manifest.json"
    data = place.read_bytes()
    place.unlink()
    if left is not None:
        place.write_bytes(data[:left])


def content_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file in a folder by its name."""
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_an_experiment_that_is_killed_before_its_first_shard_keeps_nobody_out(
    copied: Path, design: Design, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="the same seed"):
        sim.sweep(design.changed(seed=6), out=copied)
    for shard in shard_files(copied):
        shard.unlink()
    (copied / "scenarios" / "mine.toml").write_text("")
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest["scenarios"].append({"file": "scenarios/older.toml"})
    (copied / "manifest.json").write_text(json.dumps(manifest))
    (copied / "scenarios" / "older.toml").write_text("")
    later = sim.sweep(design.changed(seed=6), out=copied)
    assert later.digest == sim.sweep(design.changed(seed=6)).digest and later.manifest["seed"] == 6
    assert {file.name for file in (copied / "scenarios").iterdir()} == {"minimal.toml", "mine.toml"}
    later.check()


def test_what_another_run_has_added_between_check_and_lock_counts(
    copied: Path, design: Design, monkeypatch
) -> None:
    lock = FolderLock.__enter__

    def late(self: FolderLock) -> FolderLock:
        monkeypatch.setattr(FolderLock, "__enter__", lock)
        sim.sweep(design.changed(n_replicates=5), out=copied)
        return lock(self)

    monkeypatch.setattr(FolderLock, "__enter__", late)
    results = sim.sweep(design, out=copied)
    assert results.manifest["replicates"] == [[0, 5]] and results.is_complete


def test_one_of_anything_is_told_as_one(design: Design, tmp_path: Path) -> None:
    """Among many counts that are told, those of the smallest experiment there is."""
    plan = replace(design, strategies=("none",), points=design.points[:1], replicates=range(1))
    results = sim.sweep(plan, out=tmp_path / "store", threads=1)
    assert results.check().startswith("1 shard, all as they were written, with 1 of 1 replicate;")
    assert "1 treatment, 1 point\n  1 of 1 replicate, complete" in repr(results)
    with pytest.raises(ScenarioError, match="1 factor; expected none where points are listed"):
        factor = {"path": "brands.Ours.price", "kind": "levels", "levels": [9.0, 11.0]}
        Design.from_dict(
            {
                "experiment": {"purpose": "A test", "scenario": "tiny", "strategies": ["none"]},
                "design": {"kind": "points"},
                "points": [{"brands.Ours.price": 9.0}],
                "factors": [factor],
            }
        )
