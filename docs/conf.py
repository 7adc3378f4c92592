"""The documentation site: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pages import write_pages
from substitutions import words

import fidelia

project, author, release = "fidelia", "The fidelia developers", fidelia.__version__
copyright = author  # noqa: A001 - Sphinx's name
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
]
exclude_patterns = ["_build", "experiments", "made", "measured"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = "fidelia"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1b5fc7", "color-brand-content": "#1b5fc7"},
    "dark_css_variables": {"color-brand-primary": "#78aeff", "color-brand-content": "#78aeff"},
}
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "substitution"]
myst_substitutions = words()
autodoc_typehints = "none"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

write_pages()


def setup(app):
    """Lead links between files of the repository to the pages that they became."""
    app.connect("source-read", lambda _app, _name, source: source.__setitem__(0, onto_site(source[0])))
    app.connect("include-read", lambda _app, _path, _name, content: content.__setitem__(0, onto_site(content[0])))


def onto_site(text):
    """Return a page's text with links as they stand on the site."""
    return text.replace("](../benchmarks/RESULTS.md", "](results.md").replace("](../docs/", "](")
