"""The robust benchmarks: sets by their counts, averages and tables by numbers put in."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.robust import methods
from benchmarks.robust.questions import QUESTIONS
from benchmarks.robust.scoring import class_averages, rare_weights, score
from benchmarks.robust.sets import make_split
from benchmarks.robust.tables import MEASURES, differences, report
from benchmarks.tables import published

SETTINGS = methods.settings_of("usps-step-100", "linf", 4)


def scores_of(numbers):
    rows = [
        {"set": "s", "seed": seed, "method": name, **dict.fromkeys(MEASURES, value)}
        for name, values in numbers.items()
        for seed, value in enumerate(values)
    ]
    both = {"both attacks overall": None, "both attacks under": None}
    return pd.DataFrame(rows).assign(settings="standard", seconds=1.0, **both)


def test_a_step_keeps_a_share_of_the_second_half_and_tests_on_other_balanced_rows():
    split = make_split("digits-step-20", None, seed=3)
    assert split.class_counts.tolist() == [100] * 5 + [5] * 5
    assert split.train.X.shape[1:] == (1, 8, 8)
    assert 0 <= split.train.X.min() < split.train.X.max() <= 1
    assert len(set(np.bincount(split.test.y))) <= 10
    trained = {image.tobytes() for image in split.train.X}
    assert not trained & {image.tobytes() for image in split.test.X}
    again, other = make_split("digits-step-20", None, 3), make_split("digits-step-20", None, 4)
    np.testing.assert_array_equal(split.train.X, again.train.X)
    assert np.any(split.train.X != other.train.X)


def test_exponential_classes_shrink_one_after_the_other():
    counts = make_split("digits-exp-10", None, seed=0).class_counts
    assert counts[0] == 100
    assert counts[-1] == 10
    assert (np.diff(counts) < 0).all()


def test_unknown_sets_and_missing_folders_end_with_a_line():
    with pytest.raises(SystemExit, match="--data-dir"):
        make_split("usps-step-100", None, 0)
    with pytest.raises(SystemExit, match="a set is"):
        make_split("digits-stair-100", None, 0)


def test_averages_are_over_classes_and_under_is_the_smaller_half():
    y = np.array([0, 0, 0, 0, 1, 1, 2])
    right = np.array([True, True, True, False, True, False, False])
    overall, under = class_averages(right, y, np.array([9, 1, 5]))
    assert overall == pytest.approx(100 * (0.75 + 0.5 + 0) / 3)
    # of three classes the middle one by size is no rare one
    assert under == pytest.approx(50)


def test_an_attack_can_only_take_from_what_is_right_unattacked():
    class Stub:
        def predict(self, X):
            return X[:, 0].astype(int)

    split = make_split("digits-step-20", None, 0)
    wrong_then_right = split._replace(
        test=split.test._replace(X=np.array([[1.0], [1.0]]), y=np.array([0, 1])),
        class_counts=np.array([2, 1]),
    )
    row = score(Stub(), wrong_then_right, (lambda clf, X, y: y[:, None] * 1.0,))
    assert row["standard overall"] == 50
    assert row["robust overall"] == 50


def test_the_dissertation_stands_beside_its_own_sets_only():
    def number(chapter, name, norm, method, measure):
        return published(chapter, set=name, norm=norm).set_index("method").loc[method, measure]

    assert number(4, "cifar10-step-100", "linf", "SRAT-LDAM", "robust under") == 18.89
    assert number(4, "cifar10-step-100", "l2", "SRAT-LDAM", "robust under") == 47.45
    assert number(5, "cifar10-exp-10", "linf", "Imb-Mix", "robust under") == 30.52
    assert published(5, set="usps-exp-10", norm="linf").empty


def test_tables_and_differences_by_numbers():
    scores = scores_of({"CE": [50, 52], "DRCB-LDAM": [60, 60], "SRAT-LDAM": [58, 60]})
    printed = report(4, scores)
    assert printed.startswith("s, linf: class-averaged accuracy in %, 2 seed(s)")
    assert printed.count("51.0 ± 1.0") == len(MEASURES)
    (line,) = differences(scores)
    assert line.startswith("SRAT-LDAM less DRCB-LDAM: standard overall -1.0, ")
    (line,) = differences(scores_of({"data_aug": [64.0], "Imb-Mix": [65.0]}))
    assert line.startswith("Imb-Mix less data_aug: standard overall +1.0")


@pytest.mark.parametrize("name", ["robust-separation", "imb-mix-averaging"])
def test_figures_are_drawn(name, tmp_path):
    asked = QUESTIONS[name]
    scores = scores_of({method: [50.0, 60.0] for method in list(asked.methods)[:4]})
    asked.draw(scores, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_figures_have_another_set_and_other_weights_in_the_method():
    assert methods.RATIOS["SRAT-Focal @ 5"].ratio == 5
    split = make_split("digits-step-20", None, 0)
    weights = rare_weights(split, methods.WEIGHTS["SRAT-CE @ 78"].weight)
    assert list(weights.values()) == [1.0] * 5 + [78] * 5


def test_methods_are_the_rows_of_the_tables():
    built = {name: method.build(**SETTINGS) for name, method in methods.TABLES_5.items()}
    assert {"vanilla", "resample", "reweight", "mixup", "remix", "Imb-Mix"} <= set(built)
    assert built["vanilla"].mixing is None
    assert built["Imb-Mix, chapter"].averaging_start == 0.8
    assert built["Imb-Mix, chapter"].class_weight is None


def test_whole_images_have_the_schedule_of_their_chapter():
    shared = methods.settings_of("cifar10-step-100", "linf", 4)
    built = {name: method.build(**shared) for name, method in methods.TABLES_4.items()}
    assert {net.max_epochs for net in built.values()} == {200}
    # of the README's rows, not of the chapter's
    assert methods.TABLES_4["DRCB-CE"].build(**SETTINGS).reweight_start == 0.7
    starts = {name: net.reweight_start for name, net in built.items() if net.class_weight}
    assert starts["CB-Reweight"] == starts["CB-Focal"] == 0
    assert starts["DRCB-CE"] == starts["SRAT-LDAM"] == 160
    assert built["LDAM"].get_params()["criterion__scale"] == 30
    assert "criterion__scale" not in built["CE"].get_params()
    shared = methods.settings_of("cifar10-exp-10", "linf", 5)
    assert {m.build(**shared).max_epochs for m in methods.TABLES_5.values()} == {250}


@pytest.mark.parametrize("name", QUESTIONS)
def test_all_methods_of_a_question_share_network_and_budget(name):
    shared = ("module", "epsilon", "n_steps", "max_epochs", "batch_size", "lr")
    for method, asked in QUESTIONS[name].methods.items():
        net = asked.build(**SETTINGS)
        changed = {own for own in shared if getattr(net, own) != SETTINGS[own]}
        assert changed <= {"batch_size", "lr"}
        assert not changed or method.startswith(("batches of", "learning rate"))


def test_a_question_prints_a_table_and_goes_on_from_its_file(capsys, tmp_path):
    file = tmp_path / "scores.csv"
    words = ["--quick", "--output", str(file), "--methods"]
    main(["robust", *words, "DRCB-LDAM"])
    main(["robust", *words, "DRCB-LDAM", "SRAT-LDAM"])
    out = capsys.readouterr().out
    assert "digits-step-20, linf" in out
    assert "SRAT-LDAM less DRCB-LDAM" in out
    assert pd.read_csv(file)["method"].tolist() == ["DRCB-LDAM", "SRAT-LDAM"]
    with pytest.raises(SystemExit, match="has the question 'robust'"):
        main(["imb-mix", "--quick", "--output", str(file)])


@pytest.mark.parametrize(
    ("name", "method"),
    [("robust-weights", "SRAT-CE @ 78"), ("robust-ratio", "SRAT-Focal @ 5"),
     ("imb-mix", "Imb-Mix")],
)  # fmt: skip
def test_other_questions_are_answered(name, method, capsys):
    main([name, "--quick", "--methods", method])
    assert method in capsys.readouterr().out
