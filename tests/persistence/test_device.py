"""Models trained on a GPU come to the CPU. There is no GPU here: the files say there was one."""

import io
import pickle
from copy import deepcopy

import joblib
import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.exceptions import DeviceWarning
from torch import nn

from sklearn_imbgen.persistence import load_model, save_model
from tests.persistence.conftest import assert_same, fit, make_rows
from tests.robust.registry import ROBUST_CLASSIFIERS

no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="the point is a machine without GPU")


@pytest.fixture(params=ROBUST_CLASSIFIERS)
def net(request):
    return fit(request.param, max_epochs=1)


@pytest.fixture
def on_gpu(monkeypatch):
    """Pickles say from now on that these tensors lay on a GPU."""

    def mark(tensors):
        places = {tensor.data_ptr() for tensor in tensors}
        monkeypatch.setattr(
            torch.serialization,
            "location_tag",
            lambda storage: "cuda:0" if storage.data_ptr() in places else "cpu",
        )

    return mark


@pytest.mark.parametrize("device", ["cuda", "cuda:1", torch.device("cuda"), "mps"])
def test_a_loaded_net_predicts_on_the_cpu(path, device):
    net = fit("SRATClassifier", epsilon=0.2)
    expected = net.predict_proba(make_rows()[0])
    net.set_params(device=device)
    save_model(net, path)
    net.set_params(device="cpu")
    with pytest.warns(DeviceWarning, match="SRATClassifier was trained with device='(cuda|mps)"):
        loaded = load_model(path)
    assert loaded.device == "cpu"
    assert_array_equal(loaded.predict_proba(make_rows()[0]), expected)
    loaded.partial_fit(*make_rows())


@pytest.mark.parametrize("name", ["GLGAN", "ImbMix", "ICEDClassifier"])
def test_other_estimators_keep_the_device_for_the_next_fit(name, path):
    estimator = deepcopy(fit(name)).set_params(device="cuda")
    save_model(estimator, path)
    loaded = load_model(path)
    assert loaded.device == "cuda"
    assert_same(estimator, loaded)


@no_gpu
def test_the_trick_makes_files_that_need_a_gpu(on_gpu):
    tensor = torch.zeros(2)
    on_gpu([tensor])
    with pytest.raises(RuntimeError, match="CUDA"):
        pickle.loads(pickle.dumps(tensor))


@no_gpu
@pytest.mark.filterwarnings("ignore:Requested to load data to CUDA")
@pytest.mark.parametrize("library", [pickle, joblib])
def test_a_pickled_net_of_a_gpu_loads_without_one(net, library, on_gpu):
    on_gpu(net.module_.parameters())
    buffer = io.BytesIO()
    net.set_params(device="cuda")
    library.dump(net, buffer)
    net.set_params(device="cpu")
    assert b"cuda:0" in buffer.getvalue()
    buffer.seek(0)
    with pytest.warns(DeviceWarning, match="self.device = cpu"):
        loaded = library.load(buffer)
    assert str(loaded.device) == "cpu"
    assert_same(net, loaded)
    loaded.partial_fit(*make_rows())


# of nets: computed from the rows before the network, and never moved
CPU_TENSORS = {"_statistics", "_threat", "_augmented_counts", "_generator"}


def test_a_pickle_holds_no_other_tensors_of_the_training_device(net):
    state = net.__getstate__()
    assert "_device_generator" in vars(net)
    held = {name for name, value in state.items() if holds_torch(value)}
    assert held <= CPU_TENSORS


def holds_torch(value):
    if isinstance(value, list | tuple):
        return any(map(holds_torch, value))
    return isinstance(value, torch.Tensor | torch.Generator | nn.Module)


@pytest.mark.parametrize("name", ["GLGAN", "BAGAN", "ConditionalGAN", "ImbMix", "MBEMClassifier"])
def test_pickles_of_samplers_and_crowd_classifiers_need_no_gpu(name):
    # they leave the device at the end of fit
    estimator = fit(name)
    content = pickle.dumps(estimator)
    assert b"cuda:" not in content
    assert_same(estimator, pickle.loads(content))
