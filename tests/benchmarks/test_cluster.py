"""The sweeps of the benchmarks on a dask cluster."""

import argparse

import crowd
import numpy as np
import pandas as pd
import pytest
import robust_run
from cluster import parallel_options, running_on
from crowd_data import load_source
from evaluation import METHODS
from sweep import run_sweep, tasks_of

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address():
    # threads, so that no process has to import everything anew; processes are tested in
    # tests/integration/test_dask_search.py
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_a_sweep_over_a_cluster_gives_the_scores_of_one_process(address, tmp_path):
    random_state = np.random.RandomState(0)
    y = np.repeat([0, 1], 60)
    tables = {"digits": (random_state.normal(size=(120, 20)) + y[:, None], y)}
    tasks, methods = tasks_of(["digits"], [0.2], 2), {"none": METHODS["none"]}
    alone = run_sweep(tasks, tables, methods)
    path = tmp_path / "scores.csv"
    together = run_sweep(tasks, tables, methods, cluster=address, output=path)
    pd.testing.assert_frame_equal(together.drop(columns="seconds"), alone.drop(columns="seconds"))
    assert len(pd.read_csv(path)) == len(alone)


def test_trainings_over_a_cluster_give_the_scores_of_one_process(address, monkeypatch):
    short = {"module__width": 2, "max_epochs": 1, "n_steps": 1}
    settings = robust_run.settings_of
    monkeypatch.setattr(robust_run, "settings_of", lambda *about: settings(*about) | short)
    words = ("compare", ["digits-step-20"], ["CE", "SRAT-LDAM"])
    more = {"norm": "linf", "seeds": range(1), "data_dir": None}
    alone = robust_run.run_all(*words, **more)
    with running_on(address):
        together = robust_run.run_all(*words, **more)
    pd.testing.assert_frame_equal(together.drop(columns="seconds"), alone.drop(columns="seconds"))


def test_votes_over_a_cluster_give_the_scores_of_one_process(address):
    sources = {"digits": load_source("digits", None)}
    alone = crowd.run_all("aggregators", sources, ["MV"], repeats=2)
    with running_on(address, sources.values()):
        together = crowd.run_all("aggregators", sources, ["MV"], repeats=2)
    pd.testing.assert_frame_equal(together.drop(columns="seconds"), alone.drop(columns="seconds"))


def test_options():
    parser = argparse.ArgumentParser()
    parallel_options(parser, "repeats")
    assert vars(parser.parse_args([])) == {"jobs": 1, "cluster": None}
    assert parser.parse_args(["--cluster", "host:8786"]).cluster == "host:8786"
