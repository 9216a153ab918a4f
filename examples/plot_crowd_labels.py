"""
Labels of a crowd, one class rare
=================================

Nine workers are asked whether a digit is an eight; about one in ten is. One of
them guesses, one turns the answers round, and all err more often on digits that
are hard to read. Who is right, and what can be learned from such labels?
"""

# %%
# The digits of scikit-learn. A network that was stopped early says how hard each
# one is (section 3.3.1.1 of the dissertation), and workers are simulated: each
# digit gets the labels of five of the nine.
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.crowd import AggregateThenFit, DawidSkene, ICEDClassifier, MajorityVote
from sklearn_imbgen.datasets import estimate_difficulty, make_crowd_labels
from sklearn_imbgen.inspection import AnnotatorDisplay, LabelInferenceDisplay

X, digit = load_digits(return_X_y=True)
truth = np.where(digit == 8, "eight", "other")
X_train, X_test, truth_train, truth_test = train_test_split(
    X, truth, test_size=0.3, stratify=truth, random_state=0
)
crowd = make_crowd_labels(
    truth_train,
    n_workers=9,
    difficulty=estimate_difficulty(X_train, truth_train, random_state=0),
    error_rate=(0.15, 0.4),
    coverage=5,
    n_spammers=1,
    n_adversaries=1,
    random_state=0,
)
print(crowd.worker_labels[:3])

# %%
# Two ways of making one label of several, each followed by the same classifier,
# and ICED, which infers labels and learns at once. The truth is passed to ICED's
# ``fit`` beside the labels of the crowd only to watch the inference. Accuracy
# alone flatters whoever calls everything "other", so the mean over both classes
# stands beside it.
classifier = LogisticRegression(max_iter=1000)
models = {
    "MajorityVote": AggregateThenFit(MajorityVote(), classifier, class_weight="balanced"),
    "DawidSkene": AggregateThenFit(DawidSkene(), classifier, class_weight="balanced"),
    "ICED": ICEDClassifier(random_state=0),
}
print(f"{'':14}{'accuracy':^20}{'balanced accuracy':^20}")
print(f"{'':14}" + 2 * f"{'labels':>10}{'test':>10}")
for name, model in models.items():
    pipeline = make_pipeline(StandardScaler(), model)
    if name == "ICED":
        pipeline.fit(X_train, truth_train, icedclassifier__crowd_labels=crowd.worker_labels)
    else:
        pipeline.fit(X_train, crowd.worker_labels)
    predicted = pipeline.predict(X_test)
    scores = [
        score(known, guessed)
        for score in (accuracy_score, balanced_accuracy_score)
        for known, guessed in ((truth_train, model.labels_), (truth_test, predicted))
    ]
    print(f"{name:14}" + "".join(f"{score:10.3f}" for score in scores))

# %%
# The workers as ICED sees them. The guesser and the adversary are the last two.
AnnotatorDisplay.from_estimator(models["ICED"], crowd.worker_labels)

# %%
# How the inference went, and of how many digits the label is doubtful.
LabelInferenceDisplay.from_estimator(models["ICED"])
