"""
Many workers, few labels each
=============================

The shape of a real crowd such as LabelMe or music genres: ten classes, half of
them rare, more than forty workers, and about four labels per row, so that most
of the label matrix is empty. The workers are simulated, the digits are
scikit-learn's.
"""

# %%
# Half of the classes are thinned to a tenth. Every worker confuses classes in a
# way of their own; one always guesses.
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.crowd import AggregateThenFit, DawidSkene, ICEDClassifier, MajorityVote
from sklearn_imbgen.datasets import make_crowd_labels, make_step_imbalance
from sklearn_imbgen.inspection import AnnotatorDisplay
from sklearn_imbgen.metrics import krippendorff_alpha

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
X_train, y_train, _ = make_step_imbalance(X_train, y_train, imbalance_ratio=10, random_state=0)
crowd = make_crowd_labels(
    y_train, n_workers=44, error_rate=(0.2, 0.7), coverage=4, n_spammers=1, random_state=0
)
labels = crowd.worker_labels
print(f"{(labels < 0).mean():.0%} of the label matrix is empty")
print(f"agreement of the workers (Krippendorff's alpha): {krippendorff_alpha(labels):.2f}")

# %%
# Balanced accuracy on test rows with all classes alike. Most workers have few
# labels of any rare class, which is where the rows themselves have to help.
regression = LogisticRegression(max_iter=1000)
models = {
    "MajorityVote": AggregateThenFit(MajorityVote(), regression, class_weight="balanced"),
    "DawidSkene": AggregateThenFit(DawidSkene(), regression, class_weight="balanced"),
    "ICED": ICEDClassifier(random_state=0),
}
for name, model in models.items():
    fitted = make_pipeline(StandardScaler(), model).fit(X_train, labels)
    right = np.mean(fitted[-1].labels_ == y_train)
    score = balanced_accuracy_score(y_test, fitted.predict(X_test))
    print(f"{name:14}inferred labels {right:.3f}   test {score:.3f}")

# %%
# The workers as ICED sees them: those with the most labels.
AnnotatorDisplay.from_estimator(models["ICED"], labels, n_matrices=6)
