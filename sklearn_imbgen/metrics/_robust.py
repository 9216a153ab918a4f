"""Accuracy under attack: score, scorer and report per class."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_imbgen.metrics._attack import Attack, AttackedRows
from sklearn_imbgen.metrics._class_accuracy import (
    ClassAccuracyReport,
    accuracy_of_classes,
    mean_of_classes,
    report_columns,
    training_sizes,
)

AVERAGES = ("micro", "macro")


def robust_accuracy_score(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    epsilon: float | None = None,
    norm: str | None = None,
    n_steps: int = 20,
    attack: Any = "pgd",
    units: str = "net",
    average: str = "micro",
    random_state: Any = 0,
    **attack_options: Any,
) -> float:
    """Share of the rows that are classified correctly, also under attack.

    A row counts only if it is right both unattacked and attacked, so that the score is
    never above the accuracy.

    Parameters
    ----------
    estimator : fitted classifier, Pipeline or search
        Its last step has ``perturb``, as
        :class:`~sklearn_imbgen.robust.SRATClassifier` has, or ``attack`` is
        "black_box". Samplers of a Pipeline are left out.
    X : array-like or DataFrame of n_samples rows
        As ``estimator.predict`` takes them.
    y : array-like of shape (n_samples,)
        True labels.
    epsilon : float, default=None
        Radius of the ball around a row in which it may be changed. None is what the
        net was trained with.
    norm : {"linf", "l2"}, default=None
        Of that ball. None is what the net was trained with, or "linf".
    n_steps : int, default=20
        Of "pgd", and iterations of "black_box".
    attack : {"pgd", "fgsm", "autoattack", "black_box"} or callable, default="pgd"
        The first three, and a callable, are those of ``perturb``. "black_box" needs
        predictions of tables only: HopSkipJump of adversarial-robustness-toolbox (extra
        "robust"), a thousand times slower, so that a hundred rows are many.
    units : {"net", "raw"}, default="net"
        "net" measures epsilon in what the last step gets, behind the transformers of a
        Pipeline. "raw" measures it in the columns of X; for gradients the transformers
        must then scale and shift each feature for itself, as StandardScaler does.
    average : {"micro", "macro"}, default="micro"
        "macro" is the mean of the accuracies of the classes in y.
    random_state : int, RandomState instance or None, default=0
        Of the attack's random starts and directions.
    **attack_options : dict
        Others of ``perturb``, such as ``loss="margin"`` or ``clip_values``; of
        "black_box" ``clip_values``, ``feature_scale``, ``feature_mask`` and what HopSkipJump
        takes, such as ``init_eval``. In the units that ``units`` says. What is not given is as
        the net was trained, but for ``feature_scale`` in raw units, which is 1.

    Returns
    -------
    float
        Between 0 and the accuracy.

    Raises
    ------
    TypeError
        If the last step has no ``perturb`` and the attack needs it.
    ValueError
        If a parameter is not valid, or if the transformers do not allow ``units="raw"``.

    Notes
    -----
    An attack that finds nothing proves nothing: the score is an upper bound. Stronger
    attacks ("autoattack", ``loss="margin"``, more steps) lower it.

    With ``MinMaxScaler(clip=True)`` the attacked rows stay in its range, as the net would
    see them; a row that the scaler cut starts from there.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.metrics import robust_accuracy_score
    >>> from sklearn_imbgen.robust import AdversarialClassifier
    >>> X, y = make_classification(class_sep=2.0, random_state=0)
    >>> net = AdversarialClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> net.score(X, y) >= robust_accuracy_score(net, X, y, epsilon=0.1)
    True
    """
    if average not in AVERAGES:
        raise ValueError(f"average must be one of {AVERAGES}; got {average!r}.")
    settings = Attack(norm, n_steps, attack, units, random_state, attack_options)
    rows = AttackedRows(estimator, X, y, settings)
    robust = rows.withstand(epsilon)
    if average == "micro":
        return float(robust.mean())
    return mean_of_classes(accuracy_of_classes(rows.labels_, np.unique(rows.labels_), robust))


def robust_scorer(**options: Any) -> "RobustScorer":
    """Make a scorer of the accuracy under attack, for ``scoring`` of a search.

    Parameters
    ----------
    **options : dict
        Of :func:`robust_accuracy_score`. Give ``epsilon``: without it each net is
        attacked as it was trained, and a search over epsilon compares unlike things.

    Returns
    -------
    RobustScorer
        A callable ``(estimator, X, y)``.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_imbgen.metrics import robust_scorer
    >>> from sklearn_imbgen.robust import AdversarialClassifier
    >>> X, y = make_classification(class_sep=2.0, random_state=0)
    >>> net = AdversarialClassifier(max_epochs=2, random_state=0)
    >>> scorer = robust_scorer(epsilon=0.1, n_steps=5)
    >>> scorer
    robust_scorer(epsilon=0.1, n_steps=5)
    >>> cross_val_score(net, X, y, cv=3, scoring=scorer).shape
    (3,)
    """
    Attack(
        **{name: options[name] for name in ("norm", "n_steps", "units") if name in options}
    ).check()
    if options.get("average", "micro") not in AVERAGES:
        raise ValueError(f"average must be one of {AVERAGES}; got {options['average']!r}.")
    return RobustScorer(options)


class RobustScorer:
    """What :func:`robust_scorer` returns; options are those of :func:`robust_accuracy_score`."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Score the predictions for attacked X."""
        return robust_accuracy_score(estimator, X, y, **self._options)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"robust_scorer({options})"


def class_accuracy_report(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    class_counts: Any = None,
    epsilon: float | None = None,
    norm: str | None = None,
    n_steps: int = 20,
    attack: Any = "pgd",
    units: str = "net",
    random_state: Any = 0,
    **attack_options: Any,
) -> ClassAccuracyReport:
    """Accuracy of each class, without and under attack, and the means of rare and frequent ones.

    Parameters
    ----------
    estimator, X, y
        As of :func:`robust_accuracy_score`.
    class_counts : dict of label to int, or array-like of shape (n_classes,), default=None
        Training rows of each class, an array in the order of ``classes_``. None takes
        ``class_counts_`` of the last step; behind a sampler these would be of the
        resampled rows, and it must be given.
    epsilon, norm, n_steps, attack, units, random_state, **attack_options
        As of :func:`robust_accuracy_score`.

    Returns
    -------
    ClassAccuracyReport
        A dict of arrays that prints as a table and that ``pandas.DataFrame`` takes. A row
        for each class, by label, then three means over classes, where "class" is
        "(mean)":

        - "class";
        - "group": "well-represented" or "under-represented", which is the half of the
          classes with the fewest training rows. Of an odd number the middle one is
          well-represented; of equal ones the first label counts as the larger class. The
          last mean is "overall";
        - "n_rows", "n_training_rows";
        - "accuracy";
        - "robust_accuracy": of rows that are right both unattacked and attacked.

        A class without a row in y has NaN and no part in the means.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.metrics import class_accuracy_report
    >>> from sklearn_imbgen.robust import AdversarialClassifier
    >>> X, y = make_classification(weights=[0.9], flip_y=0, random_state=0)
    >>> net = AdversarialClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> report = class_accuracy_report(net, X, y, epsilon=0.1)
    >>> report["group"].tolist()[:2], report["n_training_rows"].tolist()
    (['well-represented', 'under-represented'], [91, 9, 91, 9, 100])
    """
    settings = Attack(norm, n_steps, attack, units, random_state, attack_options)
    rows = AttackedRows(estimator, X, y, settings)
    classes, counts = training_sizes(rows, class_counts)
    robust = rows.withstand(epsilon)
    return report_columns(rows.labels_, classes, counts, rows.right_, robust)
