"""Tables that come in partitions: what is learned from, what is made, what is passed on."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.base import clone

from sklearn_imbgen.exceptions import FewSamplesWarning
from sklearn_imbgen.over_sampling import SWIM, resample_partitions
from sklearn_imbgen.over_sampling._streaming._plan import plan_rows, rows_to_add
from tests.registry import SAMPLERS

CITIES = ["Bonn", "Lyon", "Oslo"]
N_ROWS, N_RARE = 600, 30


@pytest.fixture
def table():
    """570 rows of class "common" and 30 of class "rare"; values tell the row."""
    rng = np.random.RandomState(0)
    rare = np.arange(N_ROWS) % 20 == 0
    return pd.DataFrame(
        {
            "size": rng.normal(size=N_ROWS) + 2 * rare,
            "label": np.where(rare, "rare", "common"),
            "row": np.arange(N_ROWS),
            "city": pd.Categorical(rng.choice(CITIES, size=N_ROWS)),
            "new": rng.rand(N_ROWS) < 0.5,
            "visits": pd.array(rng.poisson(3, size=N_ROWS), dtype="Int16"),
        }
    )


def cut(table, size):
    return [table[start : start + size] for start in range(0, len(table), size)]


def resample(partitions, sampler=None, **limits):
    """Everything that comes out, as one table."""
    sampler = SWIM(random_state=0) if sampler is None else sampler
    return pd.concat(resample_partitions(sampler, partitions, "label", **limits))


class Spy(SWIM):
    """Remembers what it was trained on."""

    def _fit_to_strategy(self, X, y, sampling_strategy):
        self.seen = X, y
        return super()._fit_to_strategy(X, y, sampling_strategy)


def test_originals_pass_and_new_rows_follow_in_partitions(sampler, table):
    partitions = cut(table, 100)
    made = list(resample_partitions(sampler, partitions, "label", rows_per_partition=400))
    assert all(got is expected for got, expected in zip(made, partitions, strict=False))
    assert [len(part) for part in made[6:]] == [400, 140]
    assert all((part.dtypes == table.dtypes).all() for part in made)
    whole = pd.concat(made)
    assert whole.index.tolist() == list(range(1140))
    assert whole["label"].value_counts().to_dict() == {"common": 570, "rare": 570}
    new = whole[N_ROWS:]
    assert set(new["label"]) == {"rare"}
    assert set(new["city"]) <= set(CITIES)
    # all rare rows have a number that is a multiple of 20; the new ones stay in their range
    assert new["row"].between(0, N_ROWS - 1).all()
    assert not whole.isna().any(axis=None)


@pytest.mark.parametrize("name", ["GLGAN", "SWIM"])
def test_neither_partitions_nor_runs_change_the_rows(table, name):
    sampler = clone(SAMPLERS[name])
    limits = {"max_training_rows": 100, "rows_per_partition": 256}
    expected = resample(cut(table, 600), sampler, **limits)
    for size in (600, 250, 7):
        pd.testing.assert_frame_equal(resample(cut(table, size), sampler, **limits), expected)
    other = resample(cut(table, 600), sampler.set_params(random_state=1), **limits)
    assert not other[N_ROWS:].equals(expected[N_ROWS:])


def test_the_sample_has_every_minority_row_and_a_uniform_rest(table):
    spy = Spy(random_state=0)
    resample(cut(table, 100), spy, max_training_rows=130)
    X, y = spy.seen
    assert Counter(y.tolist()) == {"common": 100, "rare": 30}
    assert X["row"][y == "rare"].tolist() == list(range(0, 600, 20))
    rest = X["row"][y == "common"]
    assert rest.is_monotonic_increasing
    assert rest.is_unique
    assert rest.between(0, 299).sum() == pytest.approx(50, abs=15)
    # no row of the sample is more likely than another
    counts = np.zeros(N_ROWS)
    for seed in range(200):
        plan = plan_rows({"common": 570, "rare": 30}, "auto", seed,
                         max_training_rows=130, max_minority_rows=99)  # fmt: skip
        codes = (np.arange(N_ROWS) % 20 == 0).astype(int)
        positions, keys = plan.candidates(codes, 0)
        counts[positions[plan.chosen(codes[positions], keys)]] += 1
    assert (counts[codes == 1] == 200).all()
    share = counts[codes == 0] / 200
    assert share.mean() == pytest.approx(100 / 570)
    assert share.std() == pytest.approx(np.sqrt(100 / 570 * 470 / 570 / 200), rel=0.15)


def test_more_minority_rows_than_the_sample_are_all_kept(table):
    spy = Spy(random_state=0)
    resample(cut(table, 100), spy, max_training_rows=10)
    # and the majority stays the majority
    assert Counter(spy.seen[1].tolist()) == {"common": 31, "rare": 30}
    assert spy.majority_ == "common"


def test_a_minority_too_large_to_keep_is_sampled_with_a_warning(table):
    spy = Spy(random_state=0)
    with pytest.warns(FewSamplesWarning, match=r"max_minority_rows=12.*'rare' \(12 of 30\)"):
        whole = resample(cut(table, 100), spy, max_training_rows=40, max_minority_rows=12)
    assert Counter(spy.seen[1].tolist()) == {"common": 28, "rare": 12}
    assert Counter(whole["label"]) == {"common": 570, "rare": 570}


@pytest.mark.parametrize(
    ("strategy", "n_new"),
    [("auto", 540), (0.5, 255), ({"rare": 40}, 10), (lambda y: {"rare": sum(y == "common")}, 540)],
)
def test_the_strategy_counts_the_whole_table(table, strategy, n_new):
    sampler = SWIM(sampling_strategy=strategy, random_state=0)
    whole = resample(cut(table, 100), sampler, max_training_rows=40)
    assert len(whole) == N_ROWS + n_new
    assert sampler.sampling_strategy is strategy
    assert sampler.sampling_strategy_ == {"rare": n_new}
    assert len(sampler.sample(3, label="rare")) == 3


def test_balanced_classes_pass_without_training(table):
    table["label"] = np.arange(N_ROWS) % 2
    sampler = SWIM(random_state=0)
    pd.testing.assert_frame_equal(resample(cut(table, 100), sampler), table)
    assert not hasattr(sampler, "majority_")


def test_several_classes_grow_each_by_its_count(table):
    table["label"] = np.select([table["row"] < 20, table["row"] < 60], [2, 7], 1)
    whole = resample(cut(table, 50), max_training_rows=200, rows_per_partition=500)
    assert Counter(whole["label"]) == {1: 540, 2: 540, 7: 540}
    assert whole["label"].dtype == table["label"].dtype


def test_a_class_that_does_not_grow_is_in_the_sample(table):
    table["label"] = np.select([table["row"] < 5, table["row"] < 60], ["tiny", "rare"], "common")
    spy = Spy(sampling_strategy={"rare": 100}, random_state=0)
    resample(cut(table, 50), spy, max_training_rows=100)
    assert Counter(spy.seen[1].tolist()) == {"rare": 55, "common": 56, "tiny": 2}


def test_categories_are_united(table):
    parts = [part.assign(city=part["city"].cat.remove_unused_categories())
             for part in (table[table["city"] == city] for city in reversed(CITIES))]  # fmt: skip
    parts[0]["label"] = parts[0]["label"].astype("category")
    parts[1:] = [part.assign(label=part["label"].astype("category")) for part in parts[1:]]
    made = list(resample_partitions(SWIM(random_state=0), parts, "label"))
    assert all(part["city"].dtype.categories.tolist() == CITIES[::-1] for part in made)
    assert [part["city"].tolist() for part in made[:3]] == [part["city"].tolist() for part in parts]
    assert pd.concat(made)["label"].dtype == "category"


def test_record_batches_pass_and_new_ones_follow(table):
    pa = pytest.importorskip("pyarrow")
    batches = pa.Table.from_pandas(table, preserve_index=False).to_batches(max_chunksize=100)
    made = list(resample_partitions(SWIM(random_state=0), batches, "label"))
    assert all(got is given for got, given in zip(made, batches, strict=False))
    assert all(batch.schema.equals(batches[0].schema) for batch in made)
    expected = resample(cut(table, 100)).reset_index(drop=True)
    pd.testing.assert_frame_equal(pa.Table.from_batches(made).to_pandas(), expected)


class Once:
    """Partitions of which the second reading lacks one."""

    def __init__(self, partitions):
        self.partitions = partitions

    def __iter__(self):
        partitions, self.partitions = self.partitions, self.partitions[1:]
        return iter(partitions)


def spoil(table, column, value):
    table = table.copy()
    table.loc[433, column] = value
    return cut(table, 100)


BAD = {
    "missing": (lambda t: spoil(t, "size", np.nan), "NaN: row 433, column 'size'"),
    "infinite": (lambda t: spoil(t, "size", np.inf), "infinity: row 433, column 'size'"),
    "no category": (lambda t: spoil(t, "city", None), "NaN: row 433, column 'city'"),
    "no label": (lambda t: spoil(t, "label", None), "NaN: row 433, column 'label'"),
    "no target": (lambda t: cut(t.drop(columns="label"), 100), "there is no column 'label'"),
    "one class": (lambda t: cut(t.assign(label=1), 100), "more than 1 class"),
    "other columns": (lambda t: [t, t.drop(columns="size")], "partition 1 has the columns"),
    "other types": (
        lambda t: [t, t.astype({"row": float})],
        "'row' is float64 in partition 1 and int64 before",
    ),
    "no rows": (lambda t: [t[:0]], "hold no rows"),
    "two readings": (lambda t: Once(cut(t, 100)), "500 rows in the first pass and 400"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_partitions_are_named(table, case):
    spoiled, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        resample(spoiled(table))


def test_what_cannot_work_is_refused_at_the_call(table):
    with pytest.raises(TypeError, match=r"SMOTE\(\); it must be an over-sampler"):
        resample_partitions(SMOTE(), [table], "label")
    with pytest.raises(TypeError, match="list_iterator, which can be iterated over only once"):
        resample_partitions(SWIM(), iter([table]), "label")
    with pytest.raises(TypeError, match="partition 0 is a ndarray"):
        resample([np.zeros((3, 2))])
    with pytest.raises(ValueError, match="rows_per_partition must be an integer of at least 1"):
        resample_partitions(SWIM(), [table], "label", rows_per_partition=0)


def test_unknown_classes_of_a_strategy_are_named():
    with pytest.raises(ValueError, match=r"sampling_strategy names 'c'.* are 'a', 'b'"):
        rows_to_add({"a": 9, "b": 3}, {"c": 9})


def test_unreliable_rows_are_reported_as_in_fit_resample(table, monkeypatch):
    reviewed = []
    monkeypatch.setattr(SWIM, "_review", lambda self, code, rows: reviewed.append(len(rows)))
    resample(cut(table, 100))
    assert reviewed == [540]


def test_of_classes_too_large_to_keep_the_smallest_are_kept_whole():
    counts = {"a": 9000, "b": 30, "c": 500, "d": 6000}
    with pytest.warns(FewSamplesWarning, match=r"'b' \(30 of 30\), 'c' \(85 of 500\)"):
        plan = plan_rows(counts, "auto", 0, max_training_rows=300, max_minority_rows=200)
    assert plan.to_learn == {"a": 100, "b": 30, "c": 85, "d": 85}


def test_batches_cover_the_new_rows_and_have_seeds_of_their_own():
    limits = {"max_training_rows": 100, "max_minority_rows": 1000}
    plan = plan_rows({"a": 900, "b": 30, "c": 500}, "auto", 0, **limits)
    batches = plan.batches(400)
    sizes = [("b", 400), ("b", 400), ("b", 70), ("c", 400)]
    assert [(batch.label, batch.n_rows) for batch in batches] == sizes
    assert len({batch.seed for batch in batches}) == 4
