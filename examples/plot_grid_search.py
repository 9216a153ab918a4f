"""
Let the search choose the over-sampler
======================================

Whether SMOTE, a generative sampler or none at all is best depends on the data and on the
classifier. In imbalanced-learn's Pipeline the sampler is a step like any other, and the
step itself can be searched over: rivals and their parameters stand in one grid.
"""

# %%
# The ten digits of scikit-learn; 5 to 9 keep a twentieth of the rows, nine each. Test rows
# are set aside before.
import matplotlib.pyplot as plt
import numpy as np
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_imbgen import GLGAN
from sklearn_imbgen.datasets import make_step_imbalance
from sklearn_imbgen.over_sampling import SWIM, LatentSMOTE

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
X_train, y_train, _ = make_step_imbalance(
    X_train, y_train, imbalance_ratio=14, minority_classes=range(5, 10), random_state=0
)
print(np.bincount(y_train))

# %%
# The rival without a sampler is "passthrough". A list of grids lets each sampler have
# parameters of its own. The samplers act on the rows a model is trained on, never on those
# it is scored on: the Pipeline sees to that. Balanced accuracy counts each class alike.
# GLGAN warns (UnreliableSamplesWarning) of classes whose new rows may do harm, and asks to
# compare it with SMOTE and with no sampler: that is what the search does.
pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("sampler", "passthrough"),
        ("classify", LinearSVC(random_state=0)),
    ]
)
grid = [
    {"sampler": ["passthrough", SWIM(random_state=0)]},
    {"sampler": [SMOTE(random_state=0)], "sampler__k_neighbors": [2, 5]},
    {"sampler": [LatentSMOTE(random_state=0)], "sampler__latent_dim": [16]},
    {"sampler": [GLGAN(random_state=0)]},
]
search = GridSearchCV(
    pipeline,
    grid,
    scoring="balanced_accuracy",
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
)
search.fit(X_train, y_train)
print(f"best: {search.best_params_}")

# %%
# Test rows have all classes alike, and are many more than those of a fold.
fitted = {"best of the search": search.best_estimator_}
for name, sampler in (("SMOTE", SMOTE(random_state=0)), ("no sampler", "passthrough")):
    fitted[name] = clone(pipeline).set_params(sampler=sampler).fit(X_train, y_train)
print("balanced accuracy on test rows")
for name, model in fitted.items():
    print(f"{name:20}{balanced_accuracy_score(y_test, model.predict(X_test)):.3f}")


# %%
# The score of each candidate. With nine rows of each rare class the folds differ by more than
# the candidates do. What the picture says is that SMOTE does next to nothing for this linear
# classifier, and that two samplers look worth more rows and more folds.
def name_of(params):
    """What a candidate is called in the picture."""
    sampler = params["sampler"]
    name = "no sampler" if sampler == "passthrough" else type(sampler).__name__
    others = [
        f"{key.removeprefix('sampler__')}={value}"
        for key, value in params.items()
        if key != "sampler"
    ]
    return "\n".join([name, *others])


results = search.cv_results_
folds = np.array([results[f"split{i}_test_score"] for i in range(search.n_splits_)])
order = np.argsort(results["mean_test_score"])
places = np.arange(len(order))

figure, ax = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for fold in folds[:, order]:
    ax.plot(fold, places, "o", color="#56B4E9", markersize=5, label="one fold")
ax.hlines(places, folds.min(axis=0)[order], folds.max(axis=0)[order], color="#BBBBBB", zorder=0)
means = results["mean_test_score"][order]
ax.plot(means, places, "D", color="#D55E00", markersize=9, label="mean of the folds")
ax.set_yticks(places, [name_of(results["params"][i]) for i in order])
ax.set(
    title="Candidates of the search, the best on top",
    xlabel="balanced accuracy (share)",
    ylabel="step 'sampler'",
    ylim=(-0.5, len(order) - 0.5),
)
handles, labels = ax.get_legend_handles_labels()
figure.legend(handles[-2:], labels[-2:], loc="outside lower center", ncols=2, frameon=False)
plt.show()
