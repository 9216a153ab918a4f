"""Which names a skorch net takes as parameters, and what to say of others."""

import inspect
from collections.abc import Iterable
from typing import Any

# skorch's rarer parameters, and ours of that kind: taken where given, as skorch takes module__*.
RARE = (
    "iterator_train",
    "iterator_valid",
    "dataset",
    "classes",
    "predict_nonlinearity",
    "use_caching",
    "torch_load_kwargs",
    "compile",
    "mixed_precision",
)


def named_parts(kind: Any) -> list[str] | None:
    """Names of what a class or function takes; None if it takes anything."""
    parameters = inspect.signature(kind).parameters.values()
    if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters):
        return None
    return [p.name for p in parameters]


def first_unknown(net: Any, names: Iterable[str], plain_names: Iterable[str]) -> str | None:
    """The first name that is no parameter of a net, or None.

    ``plain_names`` are those without a prefix; ``net._parts_of`` tells what may follow one.
    """
    for name in names:
        prefix, _, part = name.partition("__")
        if not part:
            if name not in plain_names:
                return name
            continue
        known = net._parts_of(prefix)
        if prefix not in net.prefixes_ or (known is not None and part not in known):
            return name
    return None


def known_beside(net: Any, name: str) -> str:
    """A sentence with the parameters that a net has in place of an unknown one."""
    prefix, _, part = name.partition("__")
    known = net._parts_of(prefix) if part and prefix in net.prefixes_ else None
    if known is not None:
        return f"Known are {', '.join(f'{prefix}__{part}' for part in known) or 'none'}."
    names = [name for name in net._get_param_names() if "__" not in name]
    prefixes = ", ".join(f"{prefix}__*" for prefix in net.prefixes_)
    return f"Known are {', '.join(dict.fromkeys([*names, *RARE]))}, {prefixes}."
