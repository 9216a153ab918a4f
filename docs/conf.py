"""Settings of the documentation site; ``make docs`` builds it."""

import re
import warnings
from pathlib import Path
from typing import Any

from skorch import NeuralNetClassifier

from sklearn_imbgen import __version__

OF_ALL_CLASSIFIERS = {"fit", "partial_fit", "predict", "predict_proba", "score"}
ROOT = Path(__file__).parents[1]

project = "sklearn_imbgen"
author = "the sklearn_imbgen developers"
version = release = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
}
html_show_sourcelink = False
# pages without others below them
html_sidebars = {page: [] for page in ("coming_from_smote", "when_does_it_help", "api")}
copyright = author

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
autodoc_typehints = "none"  # the types stand in the docstrings
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "auto_examples",
    "matplotlib_animations": False,
    "show_memory": False,
    "min_reported_time": 5,
    "remove_config_comments": True,
    "download_all_examples": False,
    "abort_on_example_error": False,
    "only_warn_on_example_error": True,
}
# what an example warns of is for its reader; nothing is hidden from the build's own warnings
warnings.filterwarnings("ignore", category=UserWarning, message=".*Agg.*cannot be shown")


def _rewrite(_app: Any, docname: str, source: list[str]) -> None:
    """Point links of the pages, written for a reader of the repository, into the site."""
    up = "../" * docname.count("/")
    text = source[0]
    text = re.sub(r"\]\((?:\.\./)+README\.md(#[^)]*)?\)", rf"]({up}results.md\1)", text)
    text = re.sub(r"\]\((?:\.\./)+CHANGELOG\.md\)", f"]({up}changelog.md)", text)
    text = re.sub(r"\]\((?:\.\./)+examples/(\w+)\.py\)", rf"]({up}auto_examples/\1.rst)", text)
    # what else lies outside is read in the repository
    text = re.sub(
        r"\[([^]]+)\]\((?:\.\./)+(?:tests|benchmarks|sklearn_imbgen)/[^)]*\)", r"\1", text
    )
    source[0] = text


def _skip(_app: Any, _kind: str, name: str, member: Any, skip: bool, _options: Any) -> bool:
    """Leave out what estimators inherit from other libraries, and the seams that nets override."""
    home = getattr(member, "__module__", None) or ""
    is_seam = hasattr(NeuralNetClassifier, name) and name not in OF_ALL_CLASSIFIERS
    return skip or is_seam or not home.startswith("sklearn_imbgen")


def setup(app: Any) -> None:
    """Connect the two functions above."""
    app.connect("source-read", _rewrite)
    app.connect("autodoc-skip-member", _skip)
