"""Parts of the Imb-Mix benchmark: which methods, and what is tried beyond chapter 5."""

from typing import Any

from robust_methods import COMPARE, Builder
from robust_parts import Part

from sklearn_imbgen.robust import ImbMixClassifier

# rows of Tables 5.1 to 5.7, and of Figures 5.2 to 5.7
TABLES = ("vanilla", "resample", "reweight", "mixup", "remix", "Imb-Mix")
FIGURES = ("vanilla", "data_aug", "Imb-Mix")
DEFERRED: dict[str, Any] = {"class_weight": "effective", "reweight_start": 0.8}
ALONE: dict[str, Any] = {"separation_weight": 0.0}


def _chapter(method: str, **own: Any) -> Builder:
    return lambda **common: ImbMixClassifier.from_chapter(method, **{**common, **own})


def _default(**own: Any) -> Builder:
    return lambda **common: ImbMixClassifier(**{**common, **own})


# with it the class weights are deferred ones
LDAM: dict[str, Any] = {"criterion": "ldam"}

RIVALS: dict[str, Builder] = {
    **{f"{name}, chapter" if name == "Imb-Mix" else name: _chapter(name) for name in TABLES},
    "balanced softmax": COMPARE["balanced softmax"],
    "SRAT-LDAM": COMPARE["SRAT-LDAM"],
    "SRAT": COMPARE["SRAT"],
    "Imb-Mix": _default(),
    "Imb-Mix, LDAM": _default(**LDAM),
}
# what the classifier owes to its parts, and to settings that the chapter leaves open
ABLATION: dict[str, Builder] = {
    "Imb-Mix": _default(),
    "no averaging": _default(averaging_start=None),
    "averaging from 0.5": _default(averaging_start=0.5),
    "no mixing": _default(mixing=None),
    "mixup": _default(mixing="mixup"),
    "no supplementary rows": _default(n_supplementary=0),
    "3 supplementary rows": _default(n_supplementary=3),
    "balancing supplementary rows": _default(n_supplementary="auto"),
    "noise scale 0.5": _default(supplementary__noise_scale=0.5),
    "concentration 1": _default(mixing__concentration=1.0),
    "no separation": _default(**ALONE),
    "LDAM": _default(**LDAM),
}

# with the losses of chapter 4
TOGETHER: dict[str, Builder] = {
    "Imb-Mix": _default(),
    "Imb-Mix, no separation": _default(**ALONE),
    "Imb-Mix, cross entropy": _default(criterion="ce"),
    "Imb-Mix, cross entropy, no separation": _default(criterion="ce", **ALONE),
    "Imb-Mix, LDAM": _default(**LDAM),
    "balanced softmax": COMPARE["balanced softmax"],
    "DRCB-CE": COMPARE["DRCB-CE"],
    "SRAT-CE": COMPARE["SRAT-CE"],
    "SRAT-LDAM": COMPARE["SRAT-LDAM"],
    "SRAT": COMPARE["SRAT"],
}

PARTS = {
    "tables": Part(RIVALS),
    "averaging": Part(
        {
            **{name: _chapter(name) for name in FIGURES},
            **{
                f"{name}, deferred weights": _chapter(name, **DEFERRED)
                for name in FIGURES
                if name != "vanilla"
            },
        },
        quantity="method",
    ),
    "parts": Part(ABLATION),
    "together": Part(TOGETHER),
}
