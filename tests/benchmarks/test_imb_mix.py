"""The Imb-Mix benchmark: its methods, the lines of its bar and its figure."""

import sys

import imb_mix
import pandas as pd
import pytest
import robust_run
from imb_mix_parts import PARTS
from imb_mix_tables import bar_lines, draw_bars
from robust_methods import settings_of
from robust_tables import MEASURES, published

SETTINGS = settings_of("usps-step-100", "linf")


def scores_of(numbers):
    rows = [
        {"set": "s", "seed": 0, "method": name, "seconds": 1.0, **dict.fromkeys(MEASURES, value)}
        for name, value in numbers.items()
    ]
    return pd.DataFrame(rows)


def test_methods_are_the_rows_of_the_tables():
    methods = PARTS["tables"].methods
    assert {"vanilla", "resample", "reweight", "mixup", "remix", "Imb-Mix"} <= set(methods)
    assert methods["vanilla"](**SETTINGS).mixing is None
    assert methods["resample"](**SETTINGS).iterator_train__class_weight == "effective"
    chapter = methods["Imb-Mix, chapter"](**SETTINGS)
    assert chapter.averaging_start == 0.8
    assert chapter.class_weight is None


@pytest.mark.parametrize("part", PARTS)
def test_all_methods_of_a_part_share_network_and_budget(part):
    shared = ("module", "epsilon", "n_steps", "max_epochs", "batch_size", "lr")
    for build in PARTS[part].methods.values():
        net = build(**SETTINGS)
        assert {name: getattr(net, name) for name in shared} == {
            name: SETTINGS[name] for name in shared
        }


def test_the_dissertation_stands_beside_its_own_sets_only():
    assert published("cifar10-exp-10", "linf", 5).loc["Imb-Mix", "robust under"] == 30.52
    assert published("cifar100-exp-10", "l2", 5).loc["vanilla", "standard overall"] == 58.17
    assert published("usps-exp-10", "linf", 5).empty


def test_lines_say_by_how_much_it_leads_and_what_averaging_does():
    lines = bar_lines(scores_of({"vanilla": 60.0, "data_aug": 64.0, "Imb-Mix": 65.0}), "s")
    assert lines[0] == "Imb-Mix, standard overall: +1.0 against the best other (data_aug)"
    assert lines[-1].startswith("averaging, Imb-Mix against data_aug: standard overall +1.0")
    lines = bar_lines(scores_of({"Imb-Mix": 65.0, "no averaging": 66.0}), "s")
    assert "averaging, Imb-Mix against no averaging: standard overall -1.0" in lines[-1]


def test_the_figure_is_drawn(tmp_path):
    draw_bars(scores_of({"vanilla": 60.0, "Imb-Mix": 65.0}), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_the_script_prints_its_table(monkeypatch, capsys):
    short = {"module__width": 2, "max_epochs": 1, "n_steps": 1}
    settings = robust_run.settings_of
    monkeypatch.setattr(robust_run, "settings_of", lambda *about: settings(*about) | short)
    words = ["imb_mix.py", "--methods", "vanilla", "Imb-Mix", "--seeds", "1"]
    monkeypatch.setattr(sys, "argv", words)
    imb_mix.main()
    assert "Imb-Mix, robust overall" in capsys.readouterr().out
