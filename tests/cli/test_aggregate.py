import numpy as np
import pandas as pd
import pytest

from sklearn_imbgen.cli._aggregate import agreement_in_words
from sklearn_imbgen.crowd import DawidSkene, MajorityVote
from sklearn_imbgen.metrics import annotator_report

LABELS = np.array(["007", "None"])


@pytest.fixture
def wide():
    """Seven workers, one of them always wrong, and 60 samples, two labels in three given."""
    rng = np.random.RandomState(0)
    truth = np.arange(60) % 4 == 0
    wrong = rng.uniform(size=(60, 7)) < [0.1, 0.1, 0.1, 0.1, 0.2, 0.2, 1.0]
    votes = LABELS[(truth[:, None] ^ wrong).astype(int)].astype(object)
    votes[(np.arange(60)[:, None] + np.arange(7)) % 3 == 0] = None
    frame = pd.DataFrame(votes, columns=[f"w{i}" for i in range(7)])
    frame.insert(0, "task", [f"s{i:02d}" for i in range(60)])
    return frame


@pytest.fixture
def long(wide):
    """The same with one row per vote, and a column that does not matter."""
    votes = wide.melt(id_vars="task", var_name="worker", value_name="label").dropna()
    return votes.assign(seconds=1.5)


def read(name):
    return pd.read_csv(name, dtype={"label": str}, keep_default_na=False)


def succeed(result):
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".parquet"])
def test_labels_and_probabilities_of_dawid_skene(extension, run, save, long, wide):
    save(long, f"votes{extension}")
    succeed(run("aggregate", f"votes{extension}", "-o", "labels.csv"))
    made = read("labels.csv")
    expected = DawidSkene().fit(wide.drop(columns="task"))
    assert list(made.columns) == ["task", "label", "probability_007", "probability_None"]
    by_sample = made.set_index("task").loc[wide["task"]]
    assert by_sample["label"].tolist() == expected.labels_.tolist()
    np.testing.assert_allclose(by_sample.iloc[:, 1:], expected.label_proba_, atol=1e-4)


def test_samples_keep_the_order_of_their_first_vote(run, save, long):
    long = long.sample(frac=1, random_state=0)
    save(long)
    succeed(run("aggregate", "in.csv", "-o", "labels.csv"))
    assert read("labels.csv")["task"].tolist() == long["task"].unique().tolist()


@pytest.mark.parametrize("extension", [".csv", ".parquet"])
def test_one_column_per_worker(extension, run, save, wide, long):
    save(wide.rename(columns={"task": "item"}), f"wide{extension}")
    save(long)
    options = ("--wide", "--sample", "item")
    succeed(run("aggregate", f"wide{extension}", "-o", f"labels{extension}", *options))
    succeed(run("aggregate", "in.csv", "-o", "same.csv"))
    made = read("labels.csv") if extension == ".csv" else pd.read_parquet("labels.parquet")
    same = read("same.csv").set_index("task").loc[made["item"]]
    assert made["label"].tolist() == same["label"].tolist()


def test_columns_may_have_other_names_and_numbers_stay_numbers(run, save):
    votes = pd.DataFrame({"item": [5, 5, 6], "who": [1, 2, 1], "answer": [10, 10, 20]})
    save(votes, "in.parquet")
    names = ("--sample", "item", "--worker", "who", "--label", "answer")
    succeed(run("aggregate", "in.parquet", "-o", "out.parquet", "--method", "majority", *names))
    made = pd.read_parquet("out.parquet")
    assert made.to_dict("list") == {
        "item": [5, 6],
        "answer": [10, 20],
        "probability_10": [1.0, 0.0],
        "probability_20": [0.0, 1.0],
    }


def test_majority_gives_shares_of_the_vote(run, save, wide):
    save(wide)
    options = ("--wide", "--method", "majority", "--quiet")
    result = succeed(run("aggregate", "in.csv", "-o", "labels.csv", *options))
    assert result.output == ""
    expected = MajorityVote().fit(wide.drop(columns="task"))
    made = read("labels.csv")
    assert made["label"].tolist() == expected.labels_.tolist()
    np.testing.assert_allclose(made.iloc[:, 2:], expected.label_proba_)


def test_settings_reach_dawid_skene(run, save, wide):
    save(wide)
    options = ("--wide", "--prior", "uniform", "--smoothing", "3", "--max-iter", "50")
    succeed(run("aggregate", "in.csv", "-o", "labels.csv", *options))
    aggregator = DawidSkene(prior="uniform", smoothing=3, max_iter=50)
    expected = aggregator.fit(wide.drop(columns="task")).label_proba_
    np.testing.assert_allclose(read("labels.csv").iloc[:, 2:], expected)


def test_the_printed_report(run, save, wide):
    save(wide.assign(idle=None))
    result = succeed(run("aggregate", "in.csv", "-o", "labels.csv", "--wide"))
    n_labels = wide.drop(columns="task").notna().to_numpy().sum()
    lines = result.stdout.splitlines()
    assert lines[0] == f"votes      {n_labels} labels of 8 workers for 60 samples (4.67 each)"
    assert lines[1].startswith("agreement  Krippendorff's alpha 0.")
    assert lines[2].startswith("ties       ")
    assert lines[3] == "idle       1 worker(s) without a label: 'idle'"
    assert lines[4] == "stand out  adversary: 'w6'"
    inferred = DawidSkene().fit(wide.drop(columns="task")).labels_.tolist()
    counts = f"007: {inferred.count('007')}, None: {inferred.count('None')}"
    assert lines[5] == f"inferred   {counts}"
    assert lines[7].split() == ["worker", "labels", "error", "rate", "agreement", "looks", "like"]
    assert lines[15].split() == ["idle", "0", "-", "-", "few", "labels"]
    assert lines[-1] == "written    labels.csv"
    assert len({len(line) for line in lines[7:16]}) == 1


def test_the_report_file_has_all_figures(run, save, wide):
    save(wide)
    succeed(run("aggregate", "in.csv", "-o", "labels.csv", "--wide", "--report", "workers.csv"))
    report = pd.read_csv("workers.csv", dtype={"most_given": str}, keep_default_na=False)
    aggregator = DawidSkene().fit(wide.drop(columns="task"))
    expected = annotator_report(wide.drop(columns="task"), aggregator.labels_)
    assert set(report.columns) == {*expected, "error_rate"}
    assert report["worker"].tolist() == list(wide.columns[1:])
    assert report["most_given"].tolist() == list(expected["most_given"])
    np.testing.assert_allclose(report["recall_None"].astype(float), expected["recall_None"])
    np.testing.assert_allclose(report["error_rate"], aggregator.worker_error_rate_)


def test_many_workers_are_cut_down_on_the_screen(run, save):
    votes = pd.DataFrame(np.tile([["a"], ["b"]], (1, 30)), columns=[f"w{i}" for i in range(30)])
    save(votes.assign(task=[1, 2]))
    result = succeed(run("aggregate", "in.csv", "-o", "labels.csv", "--wide"))
    assert "the 20 workers with most labels of 30; --report has all" in result.stdout
    assert "w20" not in result.stdout


def test_a_picture_is_drawn(run, save, wide, tmp_path):
    save(wide.assign(idle=None))
    options = ("--wide", "--picture", "out/workers.png")
    result = succeed(run("aggregate", "in.csv", "-o", "labels.csv", *options))
    assert (tmp_path / "out/workers.png").read_bytes().startswith(b"\x89PNG")
    assert result.stdout.endswith("written    labels.csv, out/workers.png\n")


@pytest.mark.parametrize("extension", [".csv", ".parquet"])
def test_a_label_may_mean_not_labelled(extension, run, save):
    frame = pd.DataFrame({"task": [1, 2], "a": [0, 1], "b": [-1, 1]})
    name = save(frame, f"in{extension}").name
    result = succeed(run("aggregate", name, "-o", "labels.csv", "--wide"))
    assert "warning: -1 counts as a class here" in result.stderr
    result = succeed(run("aggregate", name, "-o", "labels.csv", "--wide", "--missing=-1"))
    assert result.stderr == ""
    assert "3 labels of 2 workers" in result.stdout
    votes = frame.melt(id_vars="task", var_name="worker", value_name="label")
    name = save(votes, f"long{extension}").name
    result = succeed(run("aggregate", name, "-o", "labels.csv", "--missing=-1"))
    assert "3 labels of 2 workers" in result.stdout


def test_a_warning_of_the_aggregator_is_one_line(run, save, wide):
    save(wide)
    result = succeed(run("aggregate", "in.csv", "-o", "labels.csv", "--wide", "--max-iter", "1"))
    assert result.stderr.startswith("imbgen: warning: ConvergenceWarning, 1 time(s) in aggregation")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        ([[0, 0], [1, 1]], "alpha 1.00: the workers agree well"),
        ([[0, 0], [1, 1], [0, 0], [1, 0], [1, 1], [0, 0], [1, 1]], "0.73: enough for tentative"),
        ([[0, 1], [1, 0]], "-0.50: the workers contradict each other"),
        ([[0, None], [1, 1]], "where samples have two labels, all are of one class"),
    ],
)
def test_agreement_in_words(votes, words):
    assert words in agreement_in_words(votes)


def repeated(votes):
    return pd.concat([votes, votes[:1]])


def unnamed(votes):
    return votes.assign(worker=[None, *votes["worker"][1:]])


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda votes: votes.drop(columns="label"), "no column 'label'; the columns are 'task'"),
        (lambda votes: votes[:0], "the table has no rows"),
        (lambda votes: votes.assign(label="a"), "labels are of one class, a"),
        (unnamed, "row 0, column 'worker' is missing"),
        (repeated, "1 row(s) repeat a pair of task and worker, first s01 and w0 in row 280"),
    ],
)
def test_bad_votes(spoil, text, fails, save, long):
    save(spoil(long))
    assert text in fails("aggregate", "in.csv", "-o", "labels.csv")


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda wide: wide[["task"]], "no worker beside the column 'task'"),
        (lambda wide: wide.drop(columns="task"), "no column 'task'; the columns are 'w0'"),
        (lambda wide: wide.assign(task="s"), "1 value(s) of column 'task' have several rows: 's'"),
        (lambda wide: wide.where(wide["task"] != "s03"), "row 3, column 'task'"),
        (
            lambda wide: wide.where((wide["task"] != "s03").to_numpy()[:, None] | (wide == "s03")),
            "1 sample(s) without any label: 's03'",
        ),
        (lambda wide: wide.rename(columns={"task": "label"}), "two columns of one name"),
        (lambda wide: wide.assign(nr=range(60)), "Column 'nr' of worker_labels holds labels that"),
    ],
)
def test_bad_wide_votes(spoil, text, fails, save, wide):
    frame = spoil(wide)
    save(frame)
    sample = "label" if "label" in frame else "task"
    assert text in fails("aggregate", "in.csv", "-o", "labels.csv", "--wide", "--sample", sample)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("-o", "labels.txt"), "labels.txt: unknown extension"),
        (("-o", "absent/labels.csv"), "the folder absent does not exist"),
        (("--report", "absent/workers.csv"), "the folder absent does not exist"),
        (("--report", "labels.csv"), "--output and --report are the same file"),
        (("--picture", "workers.bmp"), "a picture is one of .png"),
        (("--method", "vote"), "Invalid value for '--method'"),
        (("--method", "majority", "--smoothing", "1"), "belong to --method dawid-skene"),
        (("--wide", "--worker", "who"), "with --wide every column besides --sample is a worker"),
        (("--sample", "who"), "no column 'who'; the columns are 'task', 'worker', 'label'"),
        (("--sample", "worker"), "must name different columns"),
        (("--missing", "007"), "labels are of one class, None"),
        (("--smoothing", "-1"), "Invalid value for '--smoothing'"),
    ],
)
def test_bad_option_of_aggregate(options, text, fails, save, long):
    save(long[["task", "worker", "label"]])
    # every sample keeps a label of the other class
    long = long[["task", "worker", "label"]].assign(worker=long["worker"] + long["label"])
    extra = pd.DataFrame({"task": long["task"].unique(), "worker": "x", "label": "None"})
    save(pd.concat([long, extra]))
    assert text in fails("aggregate", "in.csv", "-o", "labels.csv", *options)


def test_rows_longer_than_the_header_are_refused(fails, tmp_path):
    (tmp_path / "in.csv").write_text("task,worker,label\n1,a,cat,\n2,a,dog,\n")
    line = fails("aggregate", "in.csv", "-o", "labels.csv")
    assert "more values than the header has names" in line


def test_nothing_is_read_before_the_target_is_checked(fails):
    assert "unknown extension" in fails("aggregate", "absent.csv", "-o", "labels.txt")


def test_the_votes_are_never_overwritten(run, tmp_path):
    votes = tmp_path / "votes.csv"
    votes.write_text("task,worker,label\n1,a,x\n1,b,y\n2,a,x\n")
    before = votes.read_text()
    result = run("aggregate", str(votes), "-o", str(votes))
    assert result.exit_code == 2
    assert votes.read_text() == before


def test_nothing_is_said_of_a_worker_alone(run, save, wide):
    save(wide.assign(w0=wide["w0"].fillna("007"))[["task", "w0"]])
    words = ["aggregate", "in.csv", "-o", "labels.csv", "--wide", "--report", "workers.csv"]
    shown = succeed(run(*words, "--sample", "task", "--picture", "workers.png")).output
    report = pd.read_csv("workers.csv").iloc[0]
    assert report["looks_like"] == "not known"
    assert report[["error_rate", "accuracy", "recall_007", "informativeness"]].isna().all()
    assert shown.count("not known") == 2


def test_labels_that_look_alike_are_warned_of(run, save, long):
    save(long.assign(label=long["label"].where(long.index > 3, long["label"] + " ")))
    shown = succeed(run("aggregate", "in.csv", "-o", "labels.csv")).stderr
    assert "imbgen: warning: SimilarLabelsWarning" in shown
