"""The networks' tensors in a plain safetensors file."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_imbgen.persistence import load_weights, save_weights
from tests.persistence.conftest import ESTIMATORS, assert_same, fit, make_rows
from tests.persistence.doctoring import Hostile
from tests.registry import NETWORK_SAMPLERS
from tests.robust.registry import ROBUST_CLASSIFIERS

WITH_NETWORKS = [
    *NETWORK_SAMPLERS,
    *ROBUST_CLASSIFIERS,
    *("CrowdLayerClassifier", "ICEDClassifier", "MBEMClassifier"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def scrambled(estimator):
    """A copy whose networks have forgotten what they learned."""
    copy = deepcopy(estimator)
    for value in vars(copy).values():
        if isinstance(value, torch.nn.Module):
            with torch.no_grad():
                for parameter in value.parameters():
                    parameter.copy_(parameter.flip(0))
    return copy


@pytest.mark.parametrize("name", WITH_NETWORKS)
def test_weights_come_back(name, path):
    estimator = deepcopy(fit(name))
    other = scrambled(estimator)
    with pytest.raises(AssertionError):
        assert_same(deepcopy(estimator), deepcopy(other))
    save_weights(estimator, path)
    assert load_weights(other, path) is other
    assert_same(estimator, other)


def test_names_are_those_of_attributes_and_layers(path):
    sampler = fit("GLGAN")
    save_weights(sampler, path)
    tensors = load_file(path)
    networks = {name.partition(".")[0] for name in tensors}
    assert networks == {"encoder", "decoder", "generator", "discriminator", "classifier"}
    assert_array_equal(tensors["encoder.0.weight"], sampler.encoder_[0].weight.detach())
    with safe_open(path, "pt") as file:
        assert file.metadata()["estimator"] == "GLGAN"


def test_the_loss_of_a_net_is_no_network(path):
    save_weights(fit("SRATClassifier"), path)
    assert {name.partition(".")[0] for name in load_file(path)} == {"module"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("encoder.0.bias"), "it has no 'encoder.0.bias'"),
        (lambda t: t.update(more=torch.zeros(1)), "it has 'more', which the estimator has not"),
        (
            lambda t: t.update({"decoder.0.0.weight": torch.zeros(2, 3)}),
            r"'decoder.0.0.weight' has the shape \(2, 3\) in the file and \(16, 4\)",
        ),
        (
            lambda t: t.update({"encoder.0.bias": t["encoder.0.bias"].double()}),
            "'encoder.0.bias' has the dtype torch.float64 in the file and torch.float32",
        ),
    ],
)
def test_the_first_tensor_that_differs_is_named(change, message, path):
    sampler = deepcopy(fit("LatentSMOTE"))
    before = [parameter.clone() for parameter in sampler.encoder_.parameters()]
    save_weights(scrambled(sampler), path)
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    with pytest.raises(ValueError, match=rf"safetensors' does not fit this LatentSMOTE: {message}"):
        load_weights(sampler, path)
    assert all(map(torch.equal, before, sampler.encoder_.parameters()))


def test_hostile_and_damaged_files_are_refused(path, tmp_path):
    sampler, hostile = fit("LatentSMOTE"), Hostile(tmp_path / "hacked")
    save_weights(sampler, path)
    sound = path.read_bytes()
    torch.save({"a": hostile}, path)
    contents = [path.read_bytes(), pickle.dumps(hostile), b"", sound[:-1], b"\xff" * 99]
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"model\.safetensors' is no safetensors file"):
            load_weights(sampler, path)
    assert not (tmp_path / "hacked").exists()


def test_other_estimators_have_no_weights(path):
    with pytest.raises(TypeError, match="SWIM has no networks of its own"):
        save_weights(fit("SWIM"), path)
    with pytest.raises(TypeError, match="give the step"):
        save_weights(make_pipeline(fit("MBEMClassifier")), path)
    with pytest.raises(NotFittedError):
        save_weights(clone(ESTIMATORS["GLGAN"]), path)
    with pytest.raises(TypeError, match="those of an estimator"):
        save_weights(np.eye(2), path)
    assert not path.exists()


def test_weights_work_in_torch_alone(path):
    clf = fit("MBEMClassifier")
    save_weights(clf, path)
    tensors = load_file(path)
    rows = torch.from_numpy(clf._codec.encode(make_rows()[0]))
    hidden = rows
    for layer in (0, 2):
        weight, bias = (tensors[f"module.encoder.{layer}.{kind}"] for kind in ("weight", "bias"))
        hidden = (hidden @ weight.T + bias).relu()
    logits = hidden @ tensors["module.head.weight"].T + tensors["module.head.bias"]
    np.testing.assert_allclose(logits.softmax(1), clf.predict_proba(make_rows()[0]), atol=1e-5)
