"""
Robust on rare classes: SRAT and its features
=============================================

Adversarial training makes a classifier withstand small changes of its input, mostly on
the frequent classes. SRAT pulls the features of a class together, pushes classes apart,
and lets class weights act late in training. What that does to rare classes under attack,
and how the features look, is seen here on digits.
"""

# %%
# The digits 5 to 9 keep a twentieth of the rows, five each. Test rows have all classes
# alike. Pixels go from 0 to 1, so that epsilon, which an attack may change each pixel by,
# is a share of the range from black to white.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import silhouette_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_imbgen.datasets import make_step_imbalance
from sklearn_imbgen.inspection import FeatureSpaceDisplay, RobustnessDisplay
from sklearn_imbgen.robust import AdversarialClassifier, SRATClassifier

EPSILON = 0.1
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, stratify=y, random_state=0)
X_train, y_train, _ = make_step_imbalance(
    X_train, y_train, imbalance_ratio=20, minority_classes=range(5, 10), random_state=0
)

# %%
# Three nets with the same network, attack, learning rate and epochs. The third has the loss
# (margins that grow for rare classes) and the late weights of SRAT without the separation of
# features. Under attack the rare classes gain most of what they gain by loss and weights;
# the separation adds little on this small set, more where nobody attacks.
shared = {"epsilon": EPSILON, "n_steps": 5, "lr": 0.05, "max_epochs": 60, "random_state": 0}
margins = {"criterion": "ldam", **shared}
nets = {
    "adversarial training": AdversarialClassifier(**shared),
    "SRAT without separation": SRATClassifier(separation_weight=0, **margins),
    "SRAT": SRATClassifier(separation_weight=0.3, **margins),
}
models = {
    name: make_pipeline(MinMaxScaler(), net).fit(X_train, y_train) for name, net in nets.items()
}
print(f"{'accuracy in %':24}{'frequent':>10}{'rare':>8}{'attacked: frequent':>20}{'rare':>8}")
for name, model in models.items():
    standard = model.predict(X_test) == y_test
    scaled = model[0].transform(X_test)
    attacked = model[-1].perturb(scaled, y_test)
    robust = model[-1].predict(attacked) == y_test
    rare = y_test >= 5
    shares = [100 * right[group].mean() for right in (standard, robust) for group in (~rare, rare)]
    print(f"{name:24}" + "{:10.1f}{:8.1f}{:20.1f}{:8.1f}".format(*shares))

# %%
# Accuracy of each class, without and under attack by twenty steps of projected gradient
# descent, and the means as the attack grows. First plain adversarial training:
RADII = (0.05, 0.15, 0.2)
RobustnessDisplay.from_estimator(models["adversarial training"], X_test, y_test, epsilons=RADII)

# %%
# Then SRAT. The attacked rare classes are far from the frequent ones still.
RobustnessDisplay.from_estimator(models["SRAT"], X_test, y_test, epsilons=RADII)

# %%
# What enters the last layer for attacked test rows of five digits, 1 and 3 frequent, 5, 8
# and 9 rare. t-SNE shows who is neighbour of whom; the silhouette, computed before it, is 1
# where classes lie apart and 0 where they mix. Attacked, the classes mix in all three nets,
# with SRAT a little less; the map alone would not tell.
shown = np.isin(y_test, [1, 3, 5, 8, 9])
figure, axes = plt.subplots(1, 3, figsize=(12, 4.6), layout="constrained")
for ax, name in zip(axes, nets, strict=True):
    net = models[name][-1]
    rows = models[name][0].transform(X_test[shown])
    features = net.extract_features(net.perturb(rows, y_test[shown]))
    FeatureSpaceDisplay.from_features(
        features,
        y_test[shown],
        title=f"{name}\nsilhouette {silhouette_score(features, y_test[shown]):.2f}",
        ax=ax,
    )
    ax.get_legend().remove()
handles = axes[0].get_legend_handles_labels()
figure.legend(*handles, loc="outside lower center", ncols=5, frameon=False)
plt.show()
