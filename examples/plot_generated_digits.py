"""
Do generated digits look like digits?
=====================================

The question of Figure 2.6 of the dissertation: are the rows that a sampler makes for the
rare class recognisable, and are they more than copies of the few originals? Here 8s are
rare, and the rows of SMOTE and GLGAN can be looked at.
"""

# %%
# Fourteen 8s are left to learn from, beside 146 1s. The other 8s are kept out: they show
# what new rows of the class look like.
import matplotlib.pyplot as plt
import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.datasets import load_digits
from sklearn.metrics import pairwise_distances

from sklearn_imbgen import GLGAN
from sklearn_imbgen.datasets import make_binary_imbalance
from sklearn_imbgen.inspection import ResamplingDisplay

MINORITY = 8
X, y = load_digits(return_X_y=True)
split = make_binary_imbalance(X, y, ratio=0.1, majority=1, minority=MINORITY, random_state=0)
samplers = {"SMOTE": SMOTE(random_state=0), "GLGAN": GLGAN(random_state=0)}
resampled = {
    name: sampler.fit_resample(split.X_train, split.y_train) for name, sampler in samplers.items()
}

# %%
# Originals above, then a sample of what each method made. Most of both can be read as 8s;
# GLGAN's vary more, and one or the other of them could be read as a 1.
ResamplingDisplay.from_resampled(
    split.X_train,
    split.y_train,
    resampled,
    label=MINORITY,
    image_shape=(8, 8),
    n_images=12,
    random_state=0,
)

# %%
# Below each original the new row that lies nearest to it. SMOTE's is often the original
# itself but for shades of grey, since it lies on a line that begins there. GLGAN's differs
# in single pixels.
originals = split.X_train[split.y_train == MINORITY]
made = {name: table[len(split.X_train) :] for name, (table, _) in resampled.items()}
nearest = {
    f"{name}, the new row nearest to the original above": rows[
        pairwise_distances(originals, rows).argmin(axis=1)
    ].reshape(-1, 8, 8)
    for name, rows in made.items()
}
largest = split.X_train.max()
ResamplingDisplay(
    originals.reshape(-1, 8, 8) / largest,
    {name: images / largest for name, images in nearest.items()},
    label=MINORITY,
).plot()

# %%
# How far is each row from the nearest of the fourteen originals? The 8s that were kept out
# are the measure. New rows of both methods lie nearer than they do: neither makes all the
# variety that real 8s have. GLGAN gets further, and SMOTE is often next to an original. No
# row is a copy. Which of both helps a classifier is another question, asked in the example
# "Let the search choose the over-sampler".
groups = {
    "8s that were kept out": (split.X_test[split.y_test == MINORITY], "#000000", "-", 3.0),
    "SMOTE": (made["SMOTE"], "#0072B2", "--", 2.0),
    "GLGAN": (made["GLGAN"], "#D55E00", "-.", 2.0),
}
figure, ax = plt.subplots(figsize=(7, 4.6), layout="constrained")
for name, (rows, color, line, width) in groups.items():
    distances = pairwise_distances(rows, originals).min(axis=1)
    print(f"{name:22}median distance {np.median(distances):5.1f}")
    ax.ecdf(distances, label=name, color=color, linestyle=line, linewidth=width)
ax.set(
    title="New rows lie nearer to the originals than real 8s do, SMOTE's the most",
    xlabel="distance to the nearest original (Euclidean, grey levels 0 to 16)",
    ylabel="share of rows up to it",
)
figure.legend(loc="outside lower center", ncols=3, frameon=False)
plt.show()
