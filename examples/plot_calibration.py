"""
Probabilities after resampling
==============================

A classifier that was trained on resampled rows answers as if all classes were
alike in size. Calibration on real rows brings the real frequencies back. Three
classes, of which the rarest has 4 % of the rows.
"""

# %%
# Three parts with the real class sizes: to train on, to calibrate on, to judge by.
import matplotlib.pyplot as plt
import numpy as np
from imblearn.pipeline import make_pipeline
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.calibration import calibrate_on_real_rows
from sklearn_imbgen.over_sampling import LatentSMOTE

X, y = make_classification(
    n_samples=8000,
    n_features=8,
    n_informative=5,
    n_classes=3,
    weights=[0.8, 0.16],
    n_clusters_per_class=1,
    class_sep=0.8,
    random_state=0,
)
labels = np.array(["common", "less common", "rare"])
y = labels[y]
X_rest, X_test, y_rest, y_test = train_test_split(X, y, stratify=y, test_size=0.5, random_state=0)
X_train, X_real, y_train, y_real = train_test_split(
    X_rest, y_rest, stratify=y_rest, test_size=0.25, random_state=0
)

# %%
# The same classifier four times. The second way of calibration needs no rows set aside:
# ``CalibratedClassifierCV`` fits the Pipeline in folds, and the sampler in it acts in ``fit``
# only, so each fold's calibration sees real rows.
pipeline = make_pipeline(StandardScaler(), LatentSMOTE(random_state=0), LogisticRegression())
plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_rest, y_rest)
in_folds = CalibratedClassifierCV(pipeline, cv=3, ensemble=False).fit(X_rest, y_rest)
resampled = pipeline.fit(X_train, y_train)
calibrated = calibrate_on_real_rows(resampled, X_real, y_real)
models = {
    "no resampling": plain,
    "LatentSMOTE": resampled,
    "LatentSMOTE, calibrated on held-out rows": calibrated,
    "LatentSMOTE, calibrated in folds": in_folds,
}

# %%
# Brier score and log loss judge the probabilities, balanced accuracy the labels. Resampling
# spoils the first two and raises the third; calibration takes both back.
probabilities = {name: model.predict_proba(X_test) for name, model in models.items()}
print(f"{'':42}{'Brier':>8}{'log loss':>10}{'balanced accuracy':>19}")
for name, proba in probabilities.items():
    brier = brier_score_loss(y_test, proba, scale_by_half=False)
    balanced = balanced_accuracy_score(y_test, labels[proba.argmax(axis=1)])
    print(f"{name:42}{brier:8.3f}{log_loss(y_test, proba):10.3f}{balanced:19.3f}")

# %%
# A class's curve on the diagonal means: of the rows with a probability of 0.3, three in ten
# are of the class. Below it, the classifier promises too much.
looks = [("#555555", "s"), ("#D55E00", "o"), ("#0072B2", "^"), ("#009E73", "D")]
figure, axes = plt.subplots(1, 3, figsize=(12, 5), sharey=True, layout="constrained")
for code, (label, ax) in enumerate(zip(labels, axes, strict=True)):
    ax.plot([0, 1], [0, 1], color="black", linestyle=":", label="perfect")
    for (name, proba), (color, marker) in zip(probabilities.items(), looks, strict=True):
        observed, predicted = calibration_curve(
            y_test == label, proba[:, code], n_bins=8, strategy="quantile"
        )
        ax.plot(predicted, observed, color=color, marker=marker, markersize=5, label=name)
    ax.set_title(f"{label} ({(y_test == label).mean():.0%} of the rows)")
    ax.set_xlabel("mean predicted probability of the class")
axes[0].set_ylabel("share of rows that are of the class")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
plt.show()
