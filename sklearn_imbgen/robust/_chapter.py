"""Methods of chapters 4 and 5 by the names of their tables; image settings of 4.5.1."""

from typing import Any

_FROM_START = {"class_weight": "effective", "reweight_start": 0}
_DEFERRED = {"class_weight": "effective", "reweight_start": 0.8}

CHAPTER_METHODS: dict[str, dict[str, Any]] = {
    "CE": {},
    "Focal": {"criterion": "focal"},
    "LDAM": {"criterion": "ldam"},
    "CB-Reweight": {**_FROM_START},
    "CB-Focal": {"criterion": "focal", **_FROM_START},
    "DRCB-CE": {**_DEFERRED},
    "DRCB-Focal": {"criterion": "focal", **_DEFERRED},
    "DRCB-LDAM": {"criterion": "ldam", **_DEFERRED},
}

# adversarial training on the batches as they are
_VANILLA: dict[str, Any] = {
    "n_supplementary": 0,
    "mixing": None,
    "averaging_start": None,
    "class_weight": None,
    "separation_weight": 0.0,
    "criterion": "ce",
    "mixing__concentration": 1.0,
}
# t = 3 stands in no table of chapter 5, which leaves it to the user
_DATA_AUG = {**_VANILLA, "n_supplementary": 3, "mixing": "remix"}

IMB_MIX_METHODS: dict[str, dict[str, Any]] = {
    "vanilla": _VANILLA,
    "resample": {**_VANILLA, "iterator_train__class_weight": "effective"},
    "reweight": {**_VANILLA, **_FROM_START},
    "mixup": {**_VANILLA, "mixing": "mixup"},
    "remix": {**_VANILLA, "mixing": "remix"},
    "data_aug": _DATA_AUG,
    "Imb-Mix": {**_DATA_AUG, "averaging_start": 0.8},
}


def method_parameters(method: str, methods: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Parameters of a method of section 4.5.1 or 5.5.1; ValueError with the known names."""
    if method not in methods:
        raise ValueError(f"method must be one of {', '.join(methods)}; got {method!r}.")
    return dict(methods[method])


def image_settings(norm: str = "linf", criterion: Any = None) -> dict[str, Any]:
    """Network, attack and schedule of section 4.5.1 for 32 x 32 images in [0, 1].

    ResNet-18, PGD-10, 200 epochs from a learning rate of 0.1, multiplied by 0.01 after 160
    and 180. Batch size, momentum and weight decay are not in the chapter; these are the
    usual ones. Meant for a GPU. When class weights set in is left to the method: deferred ones
    at 0.8 of the epochs, the chapter's 160. Section 5.5.1 differs by ``max_epochs=250``.

    Parameters
    ----------
    norm : {"linf", "l2"}, default="linf"
        Epsilon 8/255 with steps of 2/255, or 128/255 with steps of 15/255 (section 4.5.4).
    criterion : str or loss class, default=None
        Also that loss, where it is "ldam" with the scale of its authors; None leaves it to
        the estimator.

    Returns
    -------
    dict
        Parameters for :class:`AdversarialClassifier`, :class:`SRATClassifier` and
        :class:`ImbMixClassifier`, and for their ``from_chapter``.

    Examples
    --------
    >>> from sklearn_imbgen.robust import SRATClassifier, image_settings
    >>> SRATClassifier(**image_settings(), device="cpu").n_steps
    10
    """
    radius, step = {"linf": (8, 2), "l2": (128, 15)}[norm]
    settings: dict[str, Any] = {
        "module__width": 64,
        "module__blocks": (2, 2, 2, 2),
        "norm": norm,
        "epsilon": radius / 255,
        "attack__step_size": step / 255,
        "n_steps": 10,
        "attack__clip_values": (0.0, 1.0),
        "max_epochs": 200,
        "batch_size": 128,
        "lr": 0.1,
        "callbacks__learning_rate_schedule__milestones": (160, 180),
        "callbacks__learning_rate_schedule__factor": 0.01,
        "optimizer__momentum": 0.9,
        "optimizer__weight_decay": 5e-4,
    }
    if criterion is not None:
        settings["criterion"] = criterion
    if criterion == "ldam":
        settings |= {"criterion__scale": 30.0, "criterion__scale_warmup": 0}
    return settings
