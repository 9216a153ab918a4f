"""Records of what Python, numpy, pandas, polars and scikit-learn have and skops does not take."""

import datetime
import decimal
import json
import pathlib
import sys
from collections import OrderedDict
from importlib import import_module
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.neighbors import BallTree, KDTree
from sklearn.tree import BaseDecisionTree
from sklearn.tree._tree import Tree
from sklearn.utils import Bunch
from skorch.history import History

from sklearn_imbgen.nn.checkpoint import plain_history
from sklearn_imbgen.persistence._records import SCALARS, Kind, Packer, Unpacker
from sklearn_imbgen.persistence._trust import is_safe_function, safe_name

NEIGHBOR_TREES = {"KDTree": KDTree, "BallTree": BallTree}
LEAF_SIZE = 4  # its place in their state
METRICS = {
    "EuclideanDistance64": "euclidean",
    "ManhattanDistance64": "manhattan",
    "ChebyshevDistance64": "chebyshev",
    "MinkowskiDistance64": "minkowski",
}
# of the nodes of a decision tree
LEAF = -1


# -- Python ------------------------------------------------------------------------------------


def _is_json(value: Any) -> bool:
    """Whether JSON gives the value back as it is; much shorter than skops' node per number."""
    if type(value) in SCALARS:
        return True
    if type(value) is list:
        return all(map(_is_json, value))
    if type(value) is dict:
        return all(type(key) is str and _is_json(item) for key, item in value.items())
    return False


def _is_mapping(value: Any) -> bool:
    # JSON knows text as keys only
    return type(value) in (dict, OrderedDict) and not all(type(key) is str for key in value)


def _pack_mapping(packer: Packer, value: dict[Any, Any], path: str) -> dict[str, Any]:
    pairs = [
        (packer.pack(key, f"{path}.{i}"), packer.pack(item, f"{path}.{key}"))
        for i, (key, item) in enumerate(value.items())
    ]
    return {"ordered": type(value) is OrderedDict, "pairs": pairs}


def _make_mapping(unpacker: Unpacker, ordered: bool, pairs: list[Any]) -> Any:
    kind = OrderedDict if ordered else dict
    return kind((unpacker.unpack(key), unpacker.unpack(value)) for key, value in pairs)


def _pack_ordered(packer: Packer, value: OrderedDict[str, Any], path: str) -> Any:
    return OrderedDict((k, packer.pack(v, f"{path}.{k}")) for k, v in value.items())


def _pack_type(packer: Packer, value: type, path: str) -> Any:
    known = value.__module__ in ("builtins", "numpy")
    return value if known else {"type": packer.name(value, path)}


def _by_text(kind: Any, write: Any, read: Any) -> Kind:
    return Kind(
        kind,
        lambda packer, value, path: {"text": write(value)},
        lambda unpacker, text: read(text),
    )


# -- numpy -------------------------------------------------------------------------------------


def _is_object_array(value: Any) -> bool:
    return type(value) is np.ndarray and value.dtype == object


def _pack_objects(packer: Packer, value: np.ndarray, path: str) -> dict[str, Any]:
    return {"shape": list(value.shape), "items": packer.pack(value.ravel().tolist(), path)}


def _make_objects(unpacker: Unpacker, shape: Any, items: Any) -> np.ndarray:
    items = unpacker.unpack(items)
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(unpacker.unpack(shape))


def _pack_dtype(packer: Packer, value: np.dtype, path: str) -> dict[str, Any]:
    if value.names is not None:
        raise TypeError(f"{path}: a dtype with fields cannot be stored.")
    return {"text": value.str}


# -- pandas and polars -------------------------------------------------------------------------


def _of_pandas(value: Any) -> dict[str, Any] | None:
    pd = sys.modules.get("pandas")
    if pd is None:
        return None
    if value is pd.NA or value is pd.NaT:
        return {"what": "missing", "text": repr(value)}
    if isinstance(value, pd.Series):
        content = {"items": value.tolist(), "index": value.index, "name": value.name}
        return {"what": "series", **content}
    if isinstance(value, pd.MultiIndex):
        return {"what": "multi", "items": value.tolist(), "names": list(value.names)}
    if isinstance(value, pd.Index):
        content = {"items": value.tolist(), "dtype": value.dtype, "name": value.name}
        return {"what": "index", **content}
    if isinstance(value, pd.CategoricalDtype):
        return {"what": "category", "items": value.categories, "ordered": value.ordered}
    if isinstance(value, pd.Interval):
        return {"what": "interval", "items": [value.left, value.right], "closed": value.closed}
    if isinstance(value, pd.Timestamp):
        return {"what": "timestamp", "text": value.isoformat(), "unit": value.unit}
    if isinstance(value, pd.Timedelta):
        return {"what": "timedelta", "text": value.isoformat(), "unit": value.unit}
    if isinstance(value, pd.Period):
        return {"what": "period", "text": str(value), "unit": value.freqstr}
    if isinstance(value, pd.api.extensions.ExtensionDtype):
        return {"what": "dtype", "text": str(value)}
    return None


def _of_polars(value: Any) -> dict[str, Any] | None:
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(value, polars.DataType):
        return None
    return {"what": "polars", "text": type(value).__name__}


def _is_frame(value: Any) -> bool:
    return _of_pandas(value) is not None or _of_polars(value) is not None


def _pack_frame(packer: Packer, value: Any, path: str) -> dict[str, Any]:
    """What makes an index, series, date or column type of pandas, or a type of polars, anew."""
    content = _of_pandas(value) or _of_polars(value)
    assert content is not None
    try:
        again = _frame(content)
        same = again is value or (
            again.equals(value) if hasattr(value, "equals") else again == value
        )
    except (TypeError, ValueError):
        # a type with parameters that its text does not tell
        same = False
    if not same:
        raise TypeError(f"{path}: the {type(value).__name__} {value!r} cannot be stored")
    return {key: packer.pack(part, f"{path}.{key}") for key, part in content.items()}


def _make_frame(unpacker: Unpacker, **content: Any) -> Any:
    return _frame(unpacker.unpack(content))


def _frame(content: dict[str, Any]) -> Any:
    what, items, text = content["what"], content.get("items"), content.get("text")
    if what == "polars":
        polars = import_module("polars")
        kind = getattr(polars, str(text))
        if not (isinstance(kind, type) and issubclass(kind, polars.DataType)):
            raise ValueError(f"{text} is no type of polars")
        return kind()
    pd = import_module("pandas")
    makers = {
        "missing": lambda: {"<NA>": pd.NA, "NaT": pd.NaT}[str(text)],
        "series": lambda: pd.Series(
            items, index=content["index"], name=content["name"], dtype=object
        ),
        "multi": lambda: pd.MultiIndex.from_tuples(items, names=content["names"]),
        "index": lambda: pd.Index(items, dtype=content["dtype"], name=content["name"]),
        "category": lambda: pd.CategoricalDtype(items, ordered=content["ordered"]),
        "interval": lambda: pd.Interval(*items, closed=content["closed"]),  # type: ignore[misc]
        "timestamp": lambda: pd.Timestamp(text).as_unit(content["unit"]),
        "timedelta": lambda: pd.Timedelta(text).as_unit(content["unit"]),
        "period": lambda: pd.Period(text, freq=content["unit"]),
        "dtype": lambda: pd.api.types.pandas_dtype(text),
    }
    if what not in makers:
        raise ValueError(f"there is no type of columns called {what!r}")
    return makers[what]()


# -- scikit-learn ------------------------------------------------------------------------------


def _pack_neighbors(packer: Packer, value: Any, path: str) -> dict[str, Any]:
    """Of a tree of neighbors what it was grown from: growing it again follows no numbers."""
    data, *_, metric, sample_weight = value.__getstate__()
    leaf_size = value.__getstate__()[LEAF_SIZE]
    name = METRICS.get(type(metric).__name__)
    if name is None or sample_weight is not None:
        raise TypeError(
            f"{path}: a {type(value).__name__} of {type(metric).__name__} cannot be stored; "
            'take one of the usual metrics, or algorithm="brute".'
        )
    power = {"p": float(metric.__getstate__()[0])} if name == "minkowski" else {}
    kind = type(value).__name__
    return {"kind": kind, "data": np.asarray(data), "leaf_size": leaf_size, "metric": name, **power}


def _make_neighbors(
    unpacker: Unpacker, kind: str, data: Any, leaf_size: int, metric: str, **power: float
) -> Any:
    if kind not in NEIGHBOR_TREES or metric not in METRICS.values():
        raise ValueError(f"there is no {kind!r} of {metric!r}")
    return NEIGHBOR_TREES[kind](data, leaf_size=leaf_size, metric=metric, **power)


def _pack_tree(packer: Packer, value: Tree, path: str) -> dict[str, Any]:
    state = value.__getstate__()
    return {
        "n_features": value.n_features,
        "n_classes": np.asarray(value.n_classes),
        "max_depth": int(state["max_depth"]),
        "nodes": _columns(state["nodes"]),
        "values": state["values"],
    }


def _make_tree(
    unpacker: Unpacker, n_features: int, n_classes: Any, max_depth: int, nodes: Any, values: Any
) -> Tree:
    n_classes = np.asarray(n_classes, dtype=np.intp)
    tree = Tree(int(n_features), n_classes, len(n_classes))
    table = _node_table(nodes, tree.__getstate__()["nodes"].dtype)
    inner = table["left_child"] != LEAF
    depth = _depth(table["left_child"], table["right_child"], inner)
    if depth != max_depth:
        raise ValueError("a tree has another depth than it says")
    _check_columns(table["feature"][inner], tree.n_features)
    state = {"max_depth": depth, "node_count": len(table), "nodes": table, "values": values}
    tree.__setstate__(state)
    return tree


def _pack_predictor(packer: Packer, value: TreePredictor, path: str) -> dict[str, Any]:
    if value.nodes["is_categorical"].any():
        raise TypeError(f"{path}: a tree that splits by categories cannot be stored.")
    return {"nodes": _columns(value.nodes)}


def _make_predictor(unpacker: Unpacker, nodes: Any) -> TreePredictor:
    table = _node_table(nodes, PREDICTOR_RECORD_DTYPE)
    inner = table["is_leaf"] == 0
    _depth(table["left"], table["right"], inner)
    if table["is_categorical"].any():
        raise ValueError("a tree splits by categories")
    nothing = np.zeros((0, 8), dtype=np.uint32)
    return TreePredictor(table, nothing, nothing)


def _columns(nodes: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(nodes[name]) for name in nodes.dtype.names or ()}


def _node_table(columns: dict[str, np.ndarray], dtype: np.dtype) -> np.ndarray:
    if tuple(columns) != dtype.names or len({len(one) for one in columns.values()}) != 1:
        raise ValueError("the nodes of a tree have other fields than those of scikit-learn")
    table = np.zeros(len(next(iter(columns.values()))), dtype=dtype)
    for name, column in columns.items():
        table[name] = column
    return table


def _depth(left: np.ndarray, right: np.ndarray, inner: np.ndarray) -> int:
    """Depth of a tree, whose node numbers scikit-learn follows without a look.

    ``ValueError`` if they do not form a tree.
    """
    parents, children = np.flatnonzero(inner), np.stack([left[inner], right[inner]])
    # behind their parents, so that no way leads round, and each of one parent
    sound = (children > parents).all() and (children < len(inner)).all()
    if not len(inner) or not sound or len(np.unique(children)) != children.size:
        raise ValueError("the nodes of a tree do not form a tree")
    depth, level = 0, np.zeros(1, dtype=np.intp)
    while len(level := level[inner[level]]):
        depth, level = depth + 1, np.concatenate([left[level], right[level]])
    return depth


def _check_columns(features: np.ndarray, n_features: int) -> None:
    if (features < 0).any() or (features >= n_features).any():
        raise ValueError("a tree splits by a column that the rows do not have")


def check_trees(objects: list[Any]) -> None:
    """Refuse trees that look at columns which their estimator does not hand them."""
    for one in objects:
        if any(needed > given for needed, given in _columns_of_trees(one)):
            raise ValueError(f"the trees of {type(one).__name__} are of rows with more columns")


def _columns_of_trees(one: Any) -> list[tuple[int, int]]:
    """Of the trees that an estimator hands its rows unseen: columns needed and given."""
    if isinstance(one, BaseDecisionTree) and hasattr(one, "tree_"):
        return [(one.tree_.n_features, one.n_features_in_)]
    if isinstance(one, BaseHistGradientBoosting) and hasattr(one, "_predictors"):
        if one._preprocessor is not None:
            raise ValueError(f"{type(one).__name__} has another estimator between rows and trees")
        trees = [tree for row in one._predictors for tree in row]
        return [(tree.nodes["feature_idx"].max() + 1, one.n_features_in_) for tree in trees]
    unchecked = isinstance(one, BaseForest | BaseGradientBoosting | IsolationForest)
    if not unchecked or not hasattr(one, "estimators_"):
        return []
    if isinstance(one, BaseGradientBoosting):
        # the trees of a step write into as many columns
        first = one.init_
        if not isinstance(first, DummyClassifier | DummyRegressor) and first != "zero":
            raise ValueError(f"{type(one).__name__} begins with {type(first).__name__}")
        row = np.zeros((1, one.n_features_in_), dtype=np.float32)
        if one._raw_predict_init(row).shape[1] != np.shape(one.estimators_)[1]:
            raise ValueError(f"{type(one).__name__} has another number of trees than of classes")
    trees = [tree.tree_ for tree in np.ravel(one.estimators_)]
    subsets = getattr(one, "estimators_features_", None)
    given = [one.n_features_in_] * len(trees)
    if subsets is not None:
        # whether they are used is told by numbers of the file as well
        given = [min(one.n_features_in_, len(subset)) for subset in subsets]
    return [(tree.n_features, width) for tree, width in zip(trees, given, strict=True)]


SPARSE = {
    kind.__name__: kind
    for kind in (sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array)
}


def _pack_sparse(packer: Packer, value: Any, path: str) -> dict[str, Any]:
    arrays = {"data": value.data, "indices": value.indices, "indptr": value.indptr}
    return {"kind": type(value).__name__, "shape": list(value.shape), **arrays}


def _make_sparse(
    unpacker: Unpacker, kind: str, shape: Any, data: Any, indices: Any, indptr: Any
) -> Any:
    if kind not in SPARSE:
        raise ValueError(f"there is no sparse matrix called {kind!r}")
    matrix = SPARSE[kind]((data, indices, indptr), shape=tuple(unpacker.unpack(shape)))
    # scipy follows the numbers without a look
    matrix.check_format(full_check=True)
    return matrix


# the first that fits
VALUES: dict[str, Kind] = {
    "print": Kind(
        # the default sink of skorch's callbacks
        lambda value: value is print,
        lambda packer, value, path: {},
        lambda unpacker: print,
    ),
    "history": Kind(
        History,
        lambda packer, value, path: {"rows": packer.pack(plain_history(value), path)},
        lambda unpacker, rows: History(unpacker.unpack(rows)),
    ),
    "json": Kind(
        lambda value: type(value) in (dict, list) and _is_json(value),
        lambda packer, value, path: {"text": json.dumps(value)},
        lambda unpacker, text: json.loads(text),
    ),
    "mapping": Kind(_is_mapping, _pack_mapping, _make_mapping),
    "bunch": Kind(
        lambda value: type(value) is Bunch,
        lambda packer, value, path: {"items": packer.pack(dict(value), path)},
        lambda unpacker, items: Bunch(**unpacker.unpack(items)),
    ),
    "ordered": Kind(lambda value: type(value) is OrderedDict, _pack_ordered),
    "objects": Kind(_is_object_array, _pack_objects, _make_objects),
    "scalar": Kind(
        np.generic,
        lambda packer, value, path: {"values": np.array([value])},
        lambda unpacker, values: values[0],
    ),
    "dtype": Kind(np.dtype, _pack_dtype, lambda unpacker, text: np.dtype(text)),
    "path": _by_text(pathlib.PurePath, str, pathlib.Path),
    "datetime": _by_text(
        datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat
    ),
    "date": _by_text(datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "decimal": _by_text(decimal.Decimal, str, decimal.Decimal),
    "function": Kind(
        is_safe_function,
        lambda packer, value, path: {"name": safe_name(value)},
        lambda unpacker, name: unpacker.trust.find_function(name),
    ),
    "type": Kind(type, _pack_type, lambda unpacker, type: unpacker.trust.find(type, object)),
    "frame": Kind(_is_frame, _pack_frame, _make_frame),
    "sparse": Kind(lambda value: type(value) in SPARSE.values(), _pack_sparse, _make_sparse),
    "neighbors": Kind(tuple(NEIGHBOR_TREES.values()), _pack_neighbors, _make_neighbors),
    "tree": Kind(Tree, _pack_tree, _make_tree),
    "tree_predictor": Kind(TreePredictor, _pack_predictor, _make_predictor),
}
