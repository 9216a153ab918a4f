import numpy as np
import pandas as pd
import pytest
from sklearn.neural_network import MLPClassifier

from sklearn_imbgen.cli import _compare
from sklearn_imbgen.cli._compare import CLASSIFIERS, digits_study, table_study
from sklearn_imbgen.cli._tables import read_table

PNG = b"\x89PNG"


def test_digits(run, tmp_path):
    result = run("compare", "--folds", 2, "--classifiers", "linear-svc,adaboost")
    assert result.exit_code == 0, result.output
    assert "classes   4: 181, 7: 179" in result.stdout
    assert "thinned to 0.05" in result.stdout
    for title in ("MCC", "macro F1", "balanced accuracy", "seconds"):
        assert title in result.stdout
    lines = result.stdout.splitlines()
    for method in ("none", "smote", "glgan"):
        assert sum(line.startswith(method) for line in lines) == 2
    assert sum("mean of 2" in line for line in lines) == 3
    assert "comparing" in result.stderr
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_mixed_table(name, run, save, frame, tmp_path):
    save(frame.astype({"colour": "category"}), name)
    result = run(
        *("compare", name, "--target", "label", "--folds", 2, "--categorical", "colour,code"),
        *("--classifiers", "linear-svc", "--methods", "none,random,smote,glgan"),
        *("--picture", "map.png", "--quiet"),
    )
    assert result.exit_code == 0, result.output
    assert "sampler, one-hot and StandardScaler" in result.stdout
    assert "mean of" not in result.stdout
    for method in ("none", "random", "smote", "glgan"):
        assert f"\n{method} " in result.stdout
    assert "comparing" not in result.stderr
    assert (tmp_path / "map.png").read_bytes().startswith(PNG)


def test_nothing_to_draw(run, save, numeric, tmp_path):
    save(numeric)
    result = run(
        *("compare", "in.csv", "--target", "label", "--methods", "none"),
        *("--classifiers", "linear-svc", "--folds", 2),
    )
    assert result.exit_code == 0, result.output
    assert "no picture: no method made rows" in result.stderr
    assert not list(tmp_path.rglob("*.png"))


def test_warnings_are_counted(run, save, numeric, monkeypatch):
    def hasty(**options):
        return MLPClassifier(max_iter=1, **options)

    monkeypatch.setitem(CLASSIFIERS, "mlp", hasty)
    save(numeric)
    result = run(
        *("compare", "in.csv", "--target", "label", "--methods", "none,smote"),
        *("--classifiers", "mlp", "--folds", 2, "--quiet"),
    )
    assert result.exit_code == 0, result.output
    assert "imbgen: warning: ConvergenceWarning, 4 time(s) in 4 fits: " in result.stderr


def test_only_training_parts_of_digits_are_thinned():
    study = digits_study(ratio=0.1, n_folds=4, seed=3)
    tested = np.concatenate([test for _, test in study.splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(study.y)))
    for train, test in study.splits:
        assert not set(train) & set(test)
        n_majority, n_minority = (study.y[train] == 4).sum(), (study.y[train] == 7).sum()
        assert n_minority == round(0.1 * n_majority)
        assert abs((study.y[test] == 4).sum() - (study.y[test] == 7).sum()) <= 2


def test_only_the_sampler_differs(save, frame):
    table = read_table(save(frame), "label", ["colour", "code"])
    for study in (digits_study(), table_study(table, "t", n_folds=5)):
        pipelines = [
            _compare._pipeline(study, method, "adaboost", 0, 7) for method in ("none", "smote")
        ]
        steps = [[repr(step) for _, step in pipeline.steps] for pipeline in pipelines]
        assert sum(a != b for a, b in zip(*steps, strict=True)) == 1


def test_scores_do_not_depend_on_the_other_methods(save, numeric):
    study = table_study(read_table(save(numeric), "label"), "t", n_folds=2)
    alone = _compare.compare(study, ["smote"], ["adaboost"], quiet=True).scores
    among = _compare.compare(study, ["none", "smote"], ["adaboost"], quiet=True).scores
    among = among[among["method"] == "smote"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.drop(columns="seconds"), among.drop(columns="seconds"))


def test_scores_per_class_are_of_the_same_predictions(save, frame):
    table = read_table(save(frame), "label", ["colour", "code"])
    study = table_study(table, "t", n_folds=3)
    scores, per_class, _ = _compare.compare(study, ["none", "smote"], ["adaboost"], quiet=True)
    of_fold = per_class.groupby(["method", "classifier", "fold"], sort=False)
    for class_score, score in (("F1", "macro F1"), ("recall", "balanced accuracy")):
        np.testing.assert_allclose(of_fold[class_score].mean(), scores[score])
    assert per_class["class"].unique().tolist() == ["common", "rare"]
    assert (of_fold["rows"].sum() == [17, 17, 17, 17, 16, 16]).all()
