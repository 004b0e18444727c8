"""How `make docs` builds the site out of this folder's Markdown; what Sphinx complains of ends the build."""

import os
import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
# Pages whose text stands elsewhere in the repository: here they are one sentence that says where.
BROUGHT_IN = {
    "changelog": ROOT / "CHANGELOG.md",
    "comfyui": ROOT / "clients" / "comfyui" / "README.md",
    "contributing": ROOT / "CONTRIBUTING.md",
    "model-card": ROOT / "mmgt_core" / "demo_weights" / "MODEL_CARD.md",
}
PAGE_OF = {text: DOCS / f"{page}.md" for page, text in BROUGHT_IN.items()}
LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)\s]*)?\)")

project = "MMGT"
author = "the MMGT contributors"
project_copyright = "2026, the MMGT contributors"
release = version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

extensions = ["myst_parser", "sphinx_copybutton", "sphinx_llms_txt"]
myst_heading_anchors = 3  # links between pages name headings

html_theme = "pydata_sphinx_theme"
html_title = "MMGT"
html_sourcelink_suffix = ""
html_show_sphinx = False
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "navbar_persistent": ["search-button"],  # the theme's wider one is not named by the words on it
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "quick-start": []}

llms_txt_summary = "One portrait and one speech recording in, a video of that person speaking and gesturing out."
llms_txt_uri_template = "_sources/{docname}{suffix}"  # relative: the site may lie under any path
llms_txt_exclude = ["index", "using", "running", "method"]


def setup(app: Sphinx) -> None:
    """Let pages come in from elsewhere, and links to those places lead to them."""
    app.connect("source-read", read_page)
    app.connect("build-finished", keep_sources, priority=400)  # before llms.txt is made of them


def read_page(app: Sphinx, page: str, source: list[str]) -> None:
    """Give Sphinx a page's text with links as they are within the site."""
    if page in BROUGHT_IN:
        app.env.note_dependency(str(BROUGHT_IN[page]))
    source[0] = text_of(page, source[0])


def keep_sources(app: Sphinx, error: Exception | None) -> None:
    """Lay the text of pages that were brought in beside the site, where each page's Markdown lies."""
    for page in BROUGHT_IN if error is None else ():
        (Path(app.outdir) / "_sources" / f"{page}.md").write_text(text_of(page, ""))


def text_of(page: str, text: str) -> str:
    """Return a page's text, each link to a file turned to the page that holds it."""
    here, home = (DOCS / page).parent, (DOCS / page).parent
    if page in BROUGHT_IN:
        text, here = BROUGHT_IN[page].read_text(), BROUGHT_IN[page].parent

    def turned(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(here / link[1]))
        if not target.exists():
            return link[0]  # Sphinx says so
        return f"]({os.path.relpath(PAGE_OF.get(target, target), home)}{link[2] or ''})"

    return LINK.sub(turned, text)
