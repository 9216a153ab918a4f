"""
A table of numbers, integers and categories
===========================================

Samplers of this package take pandas tables as they are: nothing has to be encoded, and
what comes back has the same columns and dtypes. Are the values right, too? One column
of each kind is compared here, originals against new rows.
"""

# %%
# scikit-learn's diabetes patients in their own units; the tenth whose illness went on
# fastest is the rare class. Blood sugar is cut into bands, so that the table has a
# category with four values beside one with two.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTENC
from sklearn.datasets import load_diabetes

from sklearn_imbgen import GLGAN

BLACK, BLUE, ORANGE, GREY = "#000000", "#0072B2", "#E69F00", "#BBBBBB"

patients = load_diabetes(as_frame=True, scaled=False)
measured = patients.data
table = pd.DataFrame(
    {
        "age": measured["age"].astype(int),
        "sex": pd.Categorical(measured["sex"].map({1: "first", 2: "second"})),
        "body mass index": measured["bmi"],
        "blood pressure": measured["bp"],
        "cholesterol": measured["s1"].astype(int),
        "blood sugar": pd.cut(
            measured["s6"], [0, 80, 90, 100, 200], labels=["to 80", "to 90", "to 100", "above"]
        ),
    }
)
course = np.where(patients.target >= patients.target.quantile(0.9), "fast", "slow")
print(table.dtypes)
print(pd.Series(course).value_counts())

# %%
# SMOTENC is what imbalanced-learn has for such tables. Both find out by themselves, or by
# "auto", which columns are categories.
samplers = {"SMOTENC": SMOTENC("auto", random_state=0), "GLGAN": GLGAN(random_state=0)}
new = {}
for name, sampler in samplers.items():
    resampled, _ = sampler.fit_resample(table, course)
    print(f"{name} keeps the dtypes:", resampled.dtypes.equals(table.dtypes))
    new[name] = resampled.iloc[len(table) :]
print(new["GLGAN"].head())

# %%
# Left, how often each value of the category occurs; right, the share of rows up to each
# value of a number. Nobody comes out best: GLGAN keeps the shares of the category better,
# SMOTENC the numbers. GLGAN's rows are older and heavier than the originals, since it keeps
# the candidates that are most clearly of their class. None drifts to the slow class.
groups = {
    "slow (majority)": (table[course == "slow"], GREY, "", ":"),
    "fast (minority)": (table[course == "fast"], BLACK, "", "-"),
    "SMOTENC": (new["SMOTENC"], BLUE, "//", "--"),
    "GLGAN": (new["GLGAN"], ORANGE, "..", "-."),
}
figure, axes = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
bands = table["blood sugar"].cat.categories
for place, (name, (rows, color, hatch, line)) in enumerate(groups.items()):
    shares = 100 * rows["blood sugar"].value_counts(normalize=True)[bands]
    axes[0].bar(
        np.arange(len(bands)) + 0.2 * (place - 1.5),
        shares,
        0.2,
        label=name if place < 2 else f"{name}, new rows of fast",
        color=color,
        hatch=hatch,
        edgecolor="white" if hatch else color,
    )
    for ax, column in zip(axes[1:], ("body mass index", "age"), strict=True):
        ax.ecdf(rows[column], color=color, linestyle=line, linewidth=2)
axes[0].set_xticks(range(len(bands)), bands)
axes[0].set(title="A category", xlabel="blood sugar (mg/dl)", ylabel="share of rows (%)")
axes[1].set(title="A number", xlabel="body mass index (kg/m²)", ylabel="share of rows up to it")
axes[2].set(title="An integer", xlabel="age (years)", ylabel="share of rows up to it")
figure.legend(loc="outside lower center", ncols=4, frameon=False)
plt.show()
