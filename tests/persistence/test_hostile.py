"""No file makes load_model run code; each one that tries is refused with its name."""

import json
import pickle
import pkgutil
import struct
from contextlib import suppress
from zipfile import ZIP_DEFLATED

import numpy as np
import pytest
import torch
from imblearn.utils.testing import all_estimators
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNet

from sklearn_imbgen.persistence import _model, load_model, save_model, trusted_types
from sklearn_imbgen.persistence._trust import Trust, name_of
from sklearn_imbgen.robust import AdversarialClassifier
from tests.persistence.conftest import fit
from tests.persistence.doctoring import (
    Hostile,
    change_json,
    members,
    node,
    pickled_array,
    plain,
    put,
    record,
    write,
)


class UsersNet(AdversarialClassifier):
    """A net whose class the caller trusts, and not what a file has it unpickle."""


@pytest.fixture
def target(tmp_path):
    """A folder that exists if code of a file has run."""
    return tmp_path / "hacked"


@pytest.fixture
def path(tmp_path):
    """A sound model file, to be made hostile."""
    path = tmp_path / "model.skops"
    save_model(fit("SWIM"), path)
    return path


def assert_refused(path, target, match="", **arguments):
    with pytest.raises(ValueError, match=rf"model\.skops'.*{match}"):
        load_model(path, **arguments)
    assert not target.exists()


def test_the_canary_sings(target):
    pickle.loads(pickle.dumps(Hostile(target)))
    assert target.exists()


@pytest.mark.parametrize(
    "kind",
    ["ObjectNode", "ConstructorFromReduceNode", "FunctionNode", "TypeNode", "ListNode", "TreeNode"],
)
def test_a_foreign_type_is_not_made(path, target, kind):
    more = {"__reduce__": {"args": plain((str(target),))}}
    content = [] if kind == "ListNode" else plain([str(target)])
    put(path, node(kind, "os.mkdir", content, **more))
    assert_refused(path, target, r"not trusted: os\.mkdir")


def test_a_function_is_not_called(path, target):
    function, arguments = node("FunctionNode", "os.mkdir"), plain((str(target),))
    parts = {"func": function, "args": arguments, "kwds": plain({}), "namespace": plain({})}
    put(path, node("PartialNode", "functools.partial", parts))
    assert_refused(path, target, r"not trusted: functools\.partial, os\.mkdir")


def test_a_method_is_not_called(path, target):
    owner = {"func": "set_params", "obj": node("ObjectNode", "sklearn.svm._classes.SVC", plain({}))}
    put(path, node("MethodNode", "sklearn.svm._classes.SVC", owner))
    assert_refused(path, target, r"not trusted: .*SVC\.set_params")


def test_an_operator_is_not_called(path, target):
    put(path, node("OperatorFuncNode", "operator.methodcaller", attrs=plain(("mkdir",))))
    assert_refused(path, target, r"not trusted: operator\.methodcaller")


@pytest.mark.parametrize("kind", [AdversarialClassifier, UsersNet])
def test_a_net_does_not_unpickle(path, target, kind):
    # what skorch's __setstate__ reads
    state = plain({"device": "cpu", "__cuda_dependent_attributes__": None})
    attributes = pickle.dumps({"module_": Hostile(target)})
    state["content"]["__cuda_dependent_attributes__"] = node(
        "BytesNode", "builtins.bytes", file="evil.bin"
    )
    put(path, node("ObjectNode", name_of(kind), state), evil_bin=attributes)
    assert_refused(path, target, f"Untrusted types.*{kind.__name__}", trusted=[kind])


@pytest.mark.parametrize(
    "hostile",
    [
        record("type", type="os.mkdir"),
        record("type", type="builtins.eval"),
        record("type", type="functools.partial"),
        record("module", type="subprocess.Popen", state={}),
        record("module", type="os.mkdir", state={}),
        record("net", type="os.mkdir", state={}),
        record("pickle", text=""),
        record("torch_dtype", text="torch.load"),
        record("function", name="os.mkdir"),
        record("function", name="sklearn.externals.joblib.load"),
        record("tensor", key="missing", parameter=False, grad=False),
        record("frame", what="pickle"),
        # trusted for another purpose
        record("module", type="torch.optim.sgd.SGD", state={}),
    ],
    ids=lambda hostile: str(hostile["content"]["content"])[-60:-20],
)
def test_a_record_names_no_foreign_type(path, target, hostile):
    put(path, hostile)
    assert_refused(path, target, "(not trusted|there is no|is no dtype|is no Module|missing)")


def spoiled_nodes(name, change):
    def spoil(tree):
        nodes = tree.__getstate__()["nodes"].copy()
        change(nodes[name])
        return {"nodes": nodes}

    return spoil


def first(value):
    return lambda column: column.__setitem__(0, value)


# what scikit-learn follows without a look: each of these would read or write where nothing is
SPOILED_TREES = {
    "child beyond the end": spoiled_nodes("right_child", first(10**6)),
    "child before the root": spoiled_nodes("left_child", first(-5)),
    "way round": spoiled_nodes("left_child", first(0)),
    "column that is not": spoiled_nodes("feature", first(99)),
    "column before the first": spoiled_nodes("feature", first(-3)),
    "less deep than it is": lambda tree: {"max_depth": 0},
}


@pytest.mark.parametrize("case", SPOILED_TREES)
def test_the_nodes_of_a_tree_lead_to_nodes(path, target, case):
    forest = RandomForestClassifier(2, random_state=0).fit(np.eye(8), np.arange(8) % 2)
    tree = forest.estimators_[0].tree_
    tree.__setstate__({**tree.__getstate__(), **SPOILED_TREES[case](tree)})
    write_unchecked(forest, path)
    assert_refused(path, target, "(tree|column)")


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(),
        RandomForestClassifier(2),
        GradientBoostingClassifier(n_estimators=2),
        HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=1),
        IsolationForest(n_estimators=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_trees_look_at_no_more_columns_than_their_estimator_gives(path, target, model):
    model.fit(np.eye(8), np.arange(8) // 6)
    model.n_features_in_ = 1
    write_unchecked(model, path)
    assert_refused(path, target, "(of rows with more columns|X has 1 features)")


def test_a_boosted_model_has_a_tree_for_each_column_it_writes(path, target):
    model = GradientBoostingClassifier(n_estimators=2).fit(np.eye(9), np.arange(9) % 3)
    model.init_ = DummyClassifier(strategy="prior").fit(np.eye(9), np.arange(9) % 2)
    write_unchecked(model, path)
    assert_refused(path, target, "another number of trees")


def test_the_numbers_of_a_sparse_matrix_lead_to_cells(path, target):
    scaler = StandardScaler()
    scaler.rows_ = sparse.csr_array(np.eye(3))
    scaler.rows_.indices[0] = 10**6
    write_unchecked(scaler, path)
    assert_refused(path, target, "indices")


def write_unchecked(estimator, path):
    """Save what save_model would refuse."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_model, "_check_loads", lambda content: None)
        save_model(estimator, path)


@pytest.mark.parametrize("name", ["optimizer", "callbacks", "callbacks__print_log"])
def test_only_optimizers_and_callbacks_are_called(tmp_path, target, name):
    path = tmp_path / "model.skops"
    net = AdversarialClassifier(max_epochs=1, n_steps=0, random_state=0)
    net.fit(np.eye(4), [0, 0, 1, 1])
    foreign = torch.nn.Linear
    vars(net)[name] = [foreign] if name == "callbacks" else foreign
    write_unchecked(net, path)
    assert_refused(path, target, "is no (optimizer|callback)")


def test_a_module_keeps_no_hooks(path, target):
    hooks = {"_forward_hooks": {"0": 1}}
    parts = {"_parameters": {}, "_buffers": {}, "_modules": {}}
    put(path, record("module", type="torch.nn.modules.linear.Identity", state=hooks, **parts))
    assert_refused(path, target, "_forward_hooks cannot be set")


def test_what_the_header_says_of_types_does_not_count(tmp_path, target):
    path = tmp_path / "model.skops"
    net = UsersNet(max_epochs=1, n_steps=0, random_state=0).fit(np.eye(4), [0, 0, 1, 1])
    save_model(net, path)
    assert_refused(path, target, "not trusted: .*UsersNet")
    change_json(path, "header", lambda header: header.update(types=[]))
    assert_refused(path, target, "UsersNet' is not trusted")


def test_an_array_is_not_unpickled(path, target):
    array = node("NdArrayNode", "numpy.ndarray", type="numpy", file="evil.npy")
    put(path, array, evil_npy=pickled_array(Hostile(target)))
    assert_refused(path, target, "allow_pickle")


@pytest.mark.parametrize(
    "name", ["data.pkl", "model/data.pkl", "../up.json", "/abs.npy", "a\\b.npy"]
)
def test_a_part_with_another_name_is_refused(path, target, name):
    write(path, {**members(path), name: pickle.dumps(Hostile(target))})
    assert_refused(path, target, "which no model file does")
    assert sorted(file.name for file in path.parent.iterdir()) == ["model.skops"]


def test_other_files_are_no_models(path, target):
    hostile = Hostile(target)
    torch.save({"a": hostile}, path)
    assert_refused(path, target)
    torch.save({"a": hostile}, path, _use_new_zipfile_serialization=False)
    assert_refused(path, target, "no model file of sklearn_imbgen")
    for content in (pickle.dumps(hostile), b"", b"label,x\n1,2\n", pickled_array(hostile)):
        path.write_bytes(content)
        assert_refused(path, target, "no model file of sklearn_imbgen")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_half_a_file_is_refused(path, target, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert_refused(path, target, "damaged")


def test_a_damaged_file_gives_a_model_or_the_error(path):
    content = path.read_bytes()
    rng = np.random.RandomState(0)
    refused = 0
    for position in rng.randint(len(content), size=60):
        path.write_bytes(content[:position] + b"\xff" + content[position + 1 :])
        with suppress(ValueError):
            load_model(path)
            continue
        refused += 1
    assert refused > 30


def test_a_compressed_part_could_be_a_bomb(path, target):
    write(path, {**members(path), "bomb.npy": bytes(10**7)}, ZIP_DEFLATED)
    assert_refused(path, target, "compressed")


def test_a_part_larger_than_the_file_is_refused(path, target):
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    # the sizes in the directory: compressed and not
    content[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(content)
    assert_refused(path, target, "larger than the file")


def test_an_array_is_not_read_a_thousand_times(path, target):
    name = next(name for name in members(path) if name.endswith(".npy"))
    array = node("NdArrayNode", "numpy.ndarray", type="numpy", file=name)
    many = node("ListNode", "builtins.list", [{**array, "__id__": i} for i in range(1000)])
    put(path, many)
    assert_refused(path, target, "more than once")


def test_a_deep_file_is_refused(path, target):
    deep = plain([])
    for _ in range(300):
        deep = node("ListNode", "builtins.list", [deep])
    put(path, deep)
    assert_refused(path, target, "recursion")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 16,
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 60)
        + json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}).encode()[:60],
    ],
)
def test_wrong_tensors_are_refused(path, target, content):
    write(path, {**members(path), "tensors.safetensors": content})
    assert_refused(path, target, "damaged")


@pytest.mark.parametrize("name", ["header.json", "schema.json", "tensors.safetensors"])
def test_a_missing_part_is_named(path, target, name):
    parts = members(path)
    del parts[name]
    write(path, parts)
    assert_refused(path, target, f"it holds no {name}")


def test_what_is_no_estimator_is_refused(path, target):
    parts = members(path)
    schema = {**plain([1, 2]), "protocol": 2, "_skops_version": "0.16.0"}
    write(path, {**parts, "schema.json": json.dumps(schema)})
    assert_refused(path, target, "no estimator")


def test_the_list_of_trusted_types_is_free_of_what_calls_or_writes():
    names = trusted_types()
    roots = {name.partition(".")[0] for name in names}
    assert roots == {"imblearn", "scipy", "sklearn", "sklearn_imbgen", "skorch", "torch"}
    unwanted = {
        "Checkpoint",
        "LoadInitState",
        "Tree",
        "TrainEndCheckpoint",
        "methodcaller",
        "partial",
    }
    assert not unwanted & {name.rpartition(".")[2] for name in names}
    # not in skops' hands: it would call __setstate__, which unpickles
    for name in Trust([UsersNet, f"{UsersNet.__module__}.UsersNet"]).of_skops:
        kind = pkgutil.resolve_name(name)
        assert not issubclass(kind, NeuralNet | torch.nn.Module), name


def test_the_list_of_trusted_types_is_complete():
    found = {name_of(kind) for _, kind in all_estimators()}
    assert found <= set(trusted_types())
