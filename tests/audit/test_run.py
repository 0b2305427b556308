"""Totals are the same however the work is split, whoever does it, and whatever is lost on the way."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audit.made import question
from yolo_assign_trace.audit import run as run_module
from yolo_assign_trace.audit import workers
from yolo_assign_trace.audit.run import audit
from yolo_assign_trace.audit.shard import Shard, audit_shard
from yolo_assign_trace.audit.store import PLAN
from yolo_assign_trace.audit.tally import Tally
from yolo_assign_trace.audit.workers import TRIES, Pool, dask_pool, process_pool
from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.entries import Dataset

ASKED = question("8.3.253", [(320, 320), (640, 640)], image_size=(640, 427), keep=20)
FILES, BATCHES = 700, 16


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Plain files, odd ones, empty and broken ones, small boxes and crowded ones."""
    folder, random = tmp_path_factory.mktemp("many"), np.random.RandomState(5)
    for number in range(FILES):
        count = random.choice([0, 1, 7, 40])
        centres, sides = random.uniform(0.1, 0.9, (count, 2)), random.choice([0.004, 0.02, 0.1, 0.2], (count, 2))
        rows = [
            f"{random.randint(5)} " + " ".join(f"{v:.5f}" for v in row)
            for row in np.concatenate([centres, sides], axis=1)
        ]
        rows += {0: ["0 .5 .5 .5"], 1: rows[:1], 2: ["0 .5 .5 0 .1"]}.get(number % 50, [])
        (folder / f"{number:04d}.txt").write_text("\n".join(rows))
    return open_dataset(folder)


def plain(value: Any) -> Any:
    """Everything in a tally, to be compared."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.fixture(scope="module")
def whole(dataset: Dataset) -> Any:
    """What one shard in this process gives."""
    tally = audit(dataset, ASKED, Pool(1), shard=FILES)
    assert tally.read[0].survey.dropped == FILES // 50
    assert all(counted.without and counted.fewer and counted.shared for counted in tally.counted)
    assert all(len(counted.never) == ASKED.keep for counted in tally.counted)
    return plain(tally)


@pytest.mark.parametrize("shard", [1, 16, 48, 160, 699])
def test_shards_of_any_size(dataset, whole, shard):
    tally = plain(audit(dataset, ASKED, Pool(1), shard=shard))
    for numbers in (tally, whole):  # batches are cut in a shard, and an image that is dropped moves those behind it
        assert numbers["read"][0]["padded"] >= numbers["read"][0]["real"]
    assert without_padding(tally) == without_padding(whole)


def without_padding(tally: Any) -> Any:
    return tally | {"read": [{key: value for key, value in one.items() if key != "padded"} for one in tally["read"]]}


@pytest.mark.parametrize("boxes", [1, 100, 3000])
def test_chunks_of_any_size(dataset, whole, boxes, monkeypatch):
    monkeypatch.setattr("yolo_assign_trace.audit.shard._BOXES_AT_ONCE", boxes)
    monkeypatch.setattr("yolo_assign_trace.audit.shard._ENTRIES_AT_ONCE", 7)
    assert plain(audit(dataset, ASKED, Pool(1), shard=FILES)) == whole


@pytest.mark.parametrize("start", [ProcessPoolExecutor, ThreadPoolExecutor])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_any_executor_of_any_number_of_workers(dataset, start, count):
    in_this_process = plain(audit(dataset, ASKED, Pool(1), shard=48))
    assert plain(audit(dataset, ASKED, Pool(count, lambda: start(count)), shard=48)) == in_this_process


@pytest.mark.parametrize("processes", [1, 2, None])
def test_processes_are_as_many_as_asked_for_and_gone_at_the_end(dataset, whole, processes):
    before = multiprocessing.active_children()
    with process_pool(processes) as pool:
        started = len(multiprocessing.active_children()) - len(before)
        assert started == {1: 0, 2: 2}.get(processes, os.cpu_count())  # before anything is counted
        assert without_padding(plain(audit(dataset, ASKED, pool, shard=96))) == without_padding(whole)
    assert multiprocessing.active_children() == before


def test_few_images_are_counted_here_unless_processes_are_asked_for(dataset, monkeypatch):
    here = list[int]()

    def work(shard: Shard, **options: Any) -> Tally:
        here.append(shard.number)
        return audit_shard(shard, **options)

    monkeypatch.setattr(run_module, "audit_shard", work)
    with process_pool() as pool:
        audit(dataset, ASKED, pool)
    assert here == [0]


# --- lost workers ----------------------------------------------------------------------------------------------------


def dies_once(shard: Shard, mark: Path, number: int, work: Callable[[Shard], Tally]) -> Tally:
    """As ``work``, but the process that gets shard ``number`` is killed the first time."""
    if shard.number == number and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return work(shard)


def always_dies(shard: Shard, **_: Any) -> Tally:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def cannot(shard: Shard, **_: Any) -> Tally:
    raise ZeroDivisionError


@pytest.mark.parametrize("number", [0, 3, 14])
def test_a_killed_worker_changes_nothing(dataset, tmp_path, number, monkeypatch):
    expected = plain(audit(dataset, ASKED, Pool(1), shard=48))
    work = partial(audit_shard, question=ASKED)
    deadly = partial(dies_once, mark=tmp_path / "died", number=number, work=work)
    monkeypatch.setattr(run_module, "partial", lambda *args, **options: deadly)
    assert plain(audit(dataset, ASKED, Pool(2, lambda: ProcessPoolExecutor(2)), shard=48)) == expected
    assert (tmp_path / "died").exists()


def test_a_shard_that_kills_every_worker_is_an_error(dataset, monkeypatch):
    monkeypatch.setattr(run_module, "audit_shard", always_dies)
    with pytest.raises(InputError, match=f"lost {TRIES} times") as caught:
        audit(dataset, ASKED, Pool(2, lambda: ProcessPoolExecutor(2)), shard=48)
    assert caught.value.id == "worker-lost"


@pytest.mark.parametrize("start", [None, lambda: ProcessPoolExecutor(2)])
def test_a_defect_in_the_work_is_no_lost_worker(dataset, start, monkeypatch):
    monkeypatch.setattr(run_module, "audit_shard", cannot)
    with pytest.raises(ZeroDivisionError):
        audit(dataset, ASKED, Pool(2, start), shard=48)


# --- results that are kept -------------------------------------------------------------------------------------------


def test_a_run_goes_on_where_another_stopped(dataset, tmp_path, monkeypatch):
    folder, counted = tmp_path / "results", list[int]()

    def work(shard: Shard, **options: Any) -> Tally:
        counted.append(shard.number)
        if len(counted) == 5:
            raise KeyboardInterrupt
        return audit_shard(shard, **options)

    expected = plain(audit(dataset, ASKED, Pool(1), shard=48))
    monkeypatch.setattr(run_module, "audit_shard", work)
    with pytest.raises(KeyboardInterrupt):
        audit(dataset, ASKED, Pool(1), shard=48, folder=folder)
    assert sorted(path.name for path in folder.iterdir()) == [PLAN, *(f"shard-{i:06d}.json" for i in range(4))]
    done = list[int]()
    assert plain(audit(dataset, ASKED, Pool(1), shard=48, folder=folder, progress=done.append)) == expected
    assert counted == [0, 1, 2, 3, 4, *range(4, 15)]  # the interrupted one is counted again
    assert sum(done) == FILES
    counted.clear()
    assert plain(audit(dataset, ASKED, Pool(1), shard=48, folder=folder)) == expected
    assert counted == []


OTHERS = [
    # what is another audit
    {"asked": question("8.4.190", [(320, 320), (640, 640)], image_size=(640, 427), keep=20)},
    {"asked": question("8.3.253", image_size=(640, 427))},
    {"shard": 96},
    {"tables": Path("tables")},
    {"without": 1},
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_results_of_another_audit_are_refused(dataset, tmp_path, other):
    options = {"asked": ASKED, "shard": 48, "tables": None, "without": 0}
    few = dataclasses.replace(dataset, entries=dataset.entries[:96])
    audit(few, ASKED, Pool(1), shard=48, folder=tmp_path)
    options |= other
    few = dataclasses.replace(few, entries=few.entries[options["without"] :])
    with pytest.raises(InputError) as caught:
        audit(few, options["asked"], Pool(1), shard=options["shard"], folder=tmp_path, tables=options["tables"])
    assert caught.value.id == "other-audit"


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"read": 3}', b"\xff", b'{"read": [], "counted": [1]}'])
@pytest.mark.parametrize("name", [PLAN, "shard-000000.json"])
def test_broken_results_are_an_error_with_the_file(dataset, tmp_path, name, content):
    few = dataclasses.replace(dataset, entries=dataset.entries[:48])
    audit(few, ASKED, Pool(1), shard=48, folder=tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        audit(few, ASKED, Pool(1), shard=48, folder=tmp_path)
    assert name in caught.value.where


# --- a Dask cluster --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


def address_of(cluster: Any) -> str:
    return cluster.scheduler_address.replace("tcp://", "dask://")


def test_a_dask_cluster_counts_the_same(cluster, dataset, tmp_path):
    expected = plain(audit(dataset, ASKED, Pool(1), shard=48))
    with dask_pool(address_of(cluster)) as pool:
        assert pool.workers == 2
        assert plain(audit(dataset, ASKED, pool, shard=48)) == expected


def test_a_dask_worker_that_is_killed_changes_nothing(cluster, dataset, tmp_path, monkeypatch):
    expected = plain(audit(dataset, ASKED, Pool(1), shard=48))
    work = partial(audit_shard, question=ASKED)
    deadly = partial(dies_once, mark=tmp_path / "died", number=3, work=work)
    monkeypatch.setattr(run_module, "partial", lambda *args, **options: deadly)
    with dask_pool(address_of(cluster)) as pool:
        assert plain(audit(dataset, ASKED, pool, shard=48)) == expected
    assert (tmp_path / "died").exists()


WRONG = [
    # address, id of the error
    ("localhost:8786", "unknown-cluster"),
    ("dask://", "no-such-cluster"),
    ("dask://localhost:1", "no-such-cluster"),
    ("dask://a b:c", "no-such-cluster"),
]


@pytest.mark.parametrize(("address", "id"), WRONG)
def test_clusters_that_are_none(address, id, monkeypatch):
    if id == "no-such-cluster":
        pytest.importorskip("distributed")
        monkeypatch.setattr(workers, "PATIENCE", "1s")
    with pytest.raises(InputError) as caught, dask_pool(address):
        pass
    assert caught.value.id == id


def test_without_dask_that_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError) as caught, dask_pool("dask://localhost:8786"):
        pass
    assert (caught.value.id, caught.value.hint) == ("missing-package", "pip install 'yolo-assign-trace[dask]'")
