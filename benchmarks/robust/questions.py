r"""Adversarial training on imbalanced classes, by the protocol of sections 4.5 and 5.5.

A set is a balanced one with a profile: usps-step-100 keeps a hundredth of the images of half
of its classes, usps-exp-100 ever fewer from class to class; the test part stays balanced.
Sizes for a CPU: digits, usps and mnist (at most 500 images per class, a convolutional network
of two layers, epsilon 0.1, PGD-7 in training) and cifar10-long-tailed (3720 images, a small
residual network, epsilon 8/255, PGD-5). Sizes of the dissertation, for a GPU: cifar10-step-100
and the like from DIR/cifar10.npz or cifar100.npz (X_train, y_train, X_test, y_test), with its
network, attack and schedule.

All methods of a set share network, attack, batches, epochs, learning rate and seeds; the seed
also draws the images. Accuracies are means over the classes, in percent. "under" are the half
of the classes with the fewest images. "robust" is PGD-20 on the cross entropy with a random
start; "both attacks" is right under that and under PGD-20 on the margin, which large logits
cannot hide from. An image counts only if it is right unattacked as well.

"Imb-Mix, chapter" is algorithm 5.1 with three supplementary examples per minority row; "Imb-Mix"
is ImbMixClassifier as it comes, which defers class weights as well.

    python -m benchmarks robust                                  # digits-step-20
    python -m benchmarks robust --sets usps-step-100 usps-exp-100 mnist-step-100 mnist-exp-100 \
        cifar10-long-tailed --data-dir DIR --jobs 2 --output FILE.csv
    python -m benchmarks robust --sets cifar10-step-100 --data-dir DIR --device cuda
    python -m benchmarks robust --norm l2                        # table 4.7
    python -m benchmarks robust-weights --plot FILE.png          # figure 4.5
    python -m benchmarks imb-mix --sets usps-exp-10 usps-exp-100 usps-step-10 usps-step-100 \
        --data-dir DIR --jobs 2 --output FILE.csv                # tables 5.1 to 5.6
    python -m benchmarks imb-mix-averaging --plot FILE.png       # figures 5.2 to 5.7
"""

from functools import partial
from typing import Any

from benchmarks.question import Question
from benchmarks.robust import methods, tables
from benchmarks.robust.scoring import BOTH, ROBUST, STANDARD, run
from benchmarks.robust.sets import check


def question(asked: dict[str, methods.Method], chapter: int, **own: Any) -> Question:
    """A question about trainings; the tables of a chapter stand beside it."""
    return Question(
        about=__doc__ or "",
        run=partial(run, asked, chapter),
        methods=asked,
        measures=(*STANDARD, *ROBUST, *BOTH),
        report=partial(tables.report, chapter),
        sets=("digits-step-20",),
        check=check,
        seeds=3,
        flags=("norm", "device"),
        **own,
    )


def figure(asked: dict[str, methods.Method], quantity: str) -> Question:
    """A question whose methods are points on an axis."""
    places = {name: method.at for name, method in asked.items()}
    return question(asked, 4, draw=partial(tables.draw_lines, places, quantity))


QUESTIONS = {
    "robust": question(methods.TABLES_4, 4),
    "robust-weights": figure(methods.WEIGHTS, "weight of the under-represented classes"),
    "robust-separation": figure(methods.SEPARATIONS, "separation weight (lambda)"),
    "robust-ratio": figure(methods.RATIOS, "imbalance ratio K"),
    "robust-schedule": question(methods.SCHEDULE, 4),
    "robust-confirm": question(methods.CONFIRM, 4),
    "srat-parts": question(methods.SRAT_PARTS, 4),
    "imb-mix": question(methods.TABLES_5, 5),
    "imb-mix-averaging": question(methods.AVERAGING, 5, draw=tables.draw_bars),
    "imb-mix-parts": question(methods.IMB_MIX_PARTS, 5),
    "imb-mix-together": question(methods.TOGETHER, 5),
}
