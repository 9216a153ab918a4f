"""
Where new rows lie: SMOTE and GLGAN
===================================

SMOTE makes new rows on the lines between rows of the rare class. GLGAN makes points on
such lines in a latent space, lets them vary, and turns them back into rows with a
generator. Both kinds of new rows are shown in one latent space here, with the originals.
"""

# %%
# Two digits of scikit-learn, 1 frequent and 8 rare.
import matplotlib.pyplot as plt
import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.datasets import load_digits

from sklearn_imbgen import GLGAN
from sklearn_imbgen.datasets import make_binary_imbalance
from sklearn_imbgen.inspection import LatentSpaceDisplay
from sklearn_imbgen.metrics import fidelity_report

MAJORITY, MINORITY = 1, 8
X, y = load_digits(return_X_y=True)
split = make_binary_imbalance(X, y, ratio=0.1, majority=MAJORITY, minority=MINORITY, random_state=0)
for digit in (MAJORITY, MINORITY):
    print(f"digit {digit}: {np.sum(split.y_train == digit)} rows")

# %%
# Both samplers add rows until the classes are equal. New rows stand after the originals.
glgan = GLGAN(random_state=0)
samplers = {"SMOTE": SMOTE(random_state=0), "GLGAN": glgan}
new = {}
for name, sampler in samplers.items():
    X_resampled, _ = sampler.fit_resample(split.X_train, split.y_train)
    new[name] = X_resampled[len(split.X_train) :]

# %%
# GLGAN's encoder takes any rows to its latent space, those of SMOTE as well. The plane is
# that of the originals in both panels. SMOTE's rows stay on threads between the fourteen
# originals; GLGAN's fill the room around them. Some of them come close to the 1s.
figure, axes = plt.subplots(1, 2, figsize=(11, 5.4), sharex=True, sharey=True, layout="constrained")
latent = glgan.encode(split.X_train)
for ax, (name, rows) in zip(axes, new.items(), strict=True):
    LatentSpaceDisplay.from_arrays(
        latent,
        split.y_train,
        glgan.encode(rows),
        np.full(len(rows), MINORITY),
        title=f"{name}: {len(rows)} new rows of class {MINORITY}",
        ax=ax,
    )
    ax.get_legend().remove()
axes[1].set_ylabel("")
handles = axes[0].get_legend_handles_labels()
figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False)

# %%
# A map of two dimensions leaves most of the variance out, so figures beside it, against 8s
# that neither sampler has seen: the distance to the nearest of them (1: as far as these are
# from each other), and the share of new rows that lie nearer to unseen 1s. By both, SMOTE
# is the more careful one. That GLGAN's rows reach further is what they are for, and its
# price.
unseen = {digit: split.X_test[split.y_test == digit] for digit in (MAJORITY, MINORITY)}
for name, rows in new.items():
    report = fidelity_report(unseen[MINORITY], rows, X_other=unseen[MAJORITY], random_state=0)
    print(
        f"{name}: distance to the nearest unseen 8 {report['nearest_original_distance']:.2f}, "
        f"nearer to 1s {report['intrusion_rate']:.0%}"
    )
plt.show()
