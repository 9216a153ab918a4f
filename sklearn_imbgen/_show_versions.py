"""Report of the environment for bug reports."""

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "sklearn-imbgen",
    "numpy",
    "scipy",
    "scikit-learn",
    "imbalanced-learn",
    "torch",
    "skorch",
    "joblib",
    "tqdm",
    # of the extras
    "pandas",
    "pyarrow",
    "matplotlib",
    "click",
    "accelerate",
    "dask",
    "distributed",
    "skops",
    "safetensors",
    "pyautoattack",
    "adversarial-robustness-toolbox",
)


def versions() -> dict[str, str]:
    """Versions of Python, this library and what it stands on, by name."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


def show_versions() -> None:
    """Print the versions of Python, this library and what it stands on."""
    lines = versions()
    width = max(map(len, lines))
    print("\n".join(f"{name:>{width}}: {value}" for name, value in lines.items()))
