"""The scripts as they are called, with the cheapest methods."""

import sys

import ablation
import oversampling
import pandas as pd
import pytest
import soak
import speed
from evaluation import CLASSIFIER_NAMES

from sklearn_imbgen.over_sampling import GLGAN, LatentSMOTE


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a script's main with these words and give what it printed."""

    def run(script, *words):
        monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, words)])
        script.main()
        return capsys.readouterr().out

    return run


def test_digits_print_all_tables_and_a_figure(call, tmp_path, monkeypatch):
    monkeypatch.setattr(oversampling, "is_installed", lambda name: name != "MDO")
    words = ["--repeats", 1, "--methods", "none", "SMOTE", "MDO", "--output", tmp_path / "s.csv"]
    printed = call(
        oversampling, *words, "--ratios", 0.05, 0.1, "--plot", tmp_path / "figures" / "r.png"
    )
    for text in ("digits, ratio 0.05", "digits, ratio 0.1", "held-out coverage", "not installed"):
        assert text in printed
    assert printed.count("wins / losses against SMOTE") == 2
    assert (tmp_path / "figures" / "r.png").stat().st_size > 1000
    assert len(pd.read_csv(tmp_path / "s.csv")) == 2 * 2 * 3


def test_unknown_sets_and_methods_that_are_not_there_are_refused(call, monkeypatch):
    with pytest.raises(SystemExit, match="2"):
        call(oversampling, "--sets", "usp")
    monkeypatch.setattr(oversampling, "is_installed", lambda name: False)
    with pytest.raises(SystemExit, match="not installed: NRAS"):
        call(oversampling, "--methods", "NRAS")


def test_the_ablation_changes_parameters_that_exist():
    for parameters in ablation.SETTINGS.values():
        ablation.make_glgan(parameters, 0, 5)._validate_params()
    assert ablation.make_glgan({}, 0, 5).get_params() == GLGAN(random_state=0).get_params()


def test_the_ablation_prints_differences_from_the_defaults(call, monkeypatch):
    stage = LatentSMOTE(steps_per_epoch=1, hidden_dims=(4,))
    small = {"latent_smote": stage, "max_epochs": 1, "autoencoder_epochs": 1}
    settings = {"defaults": small, "no adversarial stage": {**small, "max_epochs": 0}}
    monkeypatch.setattr(ablation, "SETTINGS", settings)
    printed = call(ablation, "--repeats", 1)
    assert all(name in printed for name in (*CLASSIFIER_NAMES, "no adversarial stage", "mean"))


def test_differences_are_taken_within_set_and_classifier():
    rows = [
        {"set": name, "ratio": "0.05", "method": method, "classifier": classifier, "MCC": value}
        for name, method, value in [
            ("digits", "defaults", 0.5),
            ("digits", "plain batches", 0.25),
            ("usps", "defaults", 0.125),
            ("usps", "plain batches", 0.25),
        ]
        for classifier in CLASSIFIER_NAMES
    ]
    table = ablation.difference_table(pd.DataFrame(rows))
    assert table.loc[("digits", "0.05", "plain batches"), "mean"] == "0.250 (-0.250)"
    assert table.loc[("usps", "0.05", "plain batches"), "LinearSVC"] == "0.250 (+0.125)"
    assert table.loc[("usps", "0.05", "defaults"), "LinearSVC"] == "0.125"


def test_speed_measures_in_a_new_process_up_to_its_limit():
    shape = speed.Shape(200, 3, 0.1)
    cost = speed.measure_apart("SMOTE", shape, limit=120)
    assert 0 < cost.wall < 60
    assert cost.megabytes >= 0
    assert speed.measure_apart("SMOTE", shape, limit=0.01) is None


def test_speed_compares_with_the_baselines_that_are_there(monkeypatch):
    costs = {"SMOTE": speed.Cost(0.5, 0.5, 1.0), "GLGAN": speed.Cost(2.0, 2.0, 8.0), "NRAS": None}
    monkeypatch.setattr(speed, "is_installed", lambda name: name != "CTGAN")
    monkeypatch.setattr(speed, "measure_apart", lambda name, shape, limit: costs[name])
    shape = speed.Shape(750, 256, 0.01)
    table = speed.side_by_side(["SMOTE", "GLGAN", "NRAS", "CTGAN"], (shape,), 60)
    table = table.droplevel("shape")
    assert table["times SMOTE"].to_dict() == {"SMOTE": "1", "GLGAN": "4", "NRAS": "", "CTGAN": ""}
    assert table["wall s"].tolist() == ["0.50", "2.00", "over 60", "not installed"]
    assert (table["times CTGAN"] == "").all()


def test_growth_is_the_power_of_the_rows():
    costs = {speed.Shape(n, 20, 0.01): speed.Cost(n**2 * 1e-9, 0, 0) for n in (100, 200, 400)}
    assert speed.growth(costs) == pytest.approx(2.0)


def test_the_soak_prints_what_has_grown(call):
    printed = call(soak, "--fits", 2, "--methods", "SWIM", "MajorityVote")
    assert "growth from fit 1 to fit 2" in printed
    assert [line.split()[0] for line in printed.splitlines()[2:4]] == ["SWIM", "MajorityVote"]


def test_the_soak_knows_every_estimator():
    rooms = (soak.over_sampling, soak.robust, soak.crowd)
    public = {getattr(room, name) for room in rooms for name in room.__all__}
    estimators = {kind for kind in public if isinstance(kind, type) and hasattr(kind, "fit")}
    assert {type(estimator) for estimator in soak.ESTIMATORS.values()} == estimators


def test_the_soak_sees_what_grows():
    kept = []
    assert soak.soak(lambda: kept.append(bytearray(2**20)), 12)["MB"] > 5
