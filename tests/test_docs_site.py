"""Laws of the documentation's site: it builds without a warning, its links lead somewhere, it needs no other host."""

import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md"))
MAKE = (ROOT / "Makefile").read_text()
LOADS = {("script", "src"), ("link", "href"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("video", "src")}


@dataclass
class Reading(HTMLParser):
    """What one page names.

    Attributes:
        ids: places that a link can lead to.
        links: what a reader may follow.
        loads: what a browser fetches by itself.
    """

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.ids.add(value)
            if (tag, name) == ("a", "href") and value:
                self.links.append(value)
            if (tag, name) in LOADS and value:
                self.loads.append(value)


def pages_of(site: Path) -> list[Path]:
    return [
        page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts
    ]  # templates of the theme lie there


@cache
def reading_of(page: Path) -> Reading:
    reading = Reading()
    reading.feed(page.read_text())
    return reading


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built by the words of `make docs`; Sphinx ends with 1 where it has a warning."""
    folder = tmp_path_factory.mktemp("docs")
    words = MAKE.split("$(BIN)/python -m sphinx ", 1)[1].splitlines()[0].removesuffix("out/docs").split()
    built = subprocess.run([sys.executable, "-m", "sphinx", *words, folder], cwd=ROOT, capture_output=True, text=True)
    assert (built.returncode, built.stderr) == (0, "")
    return folder


def test_every_page_is_in_the_site_and_every_page_of_text_in_llms_txt(site: Path) -> None:
    listed = (site / "llms.txt").read_text()
    named = [line.split("](")[1].rstrip(")") for line in listed.splitlines() if "](" in line]
    only_lists = {Path("index"), Path("using"), Path("running"), Path("method")}

    assert [page for page in PAGES if not (site / f"{page}.html").is_file()] == []
    assert {Path(name) for name in named} == {Path(f"_sources/{page}.md") for page in PAGES if page not in only_lists}
    assert all((site / name).is_file() for name in named)


def test_what_was_brought_in_from_elsewhere_is_whole_for_people_and_for_programs(site: Path) -> None:
    every_text = (site / "llms-full.txt").read_text()

    for page, words in (("changelog", "Keep a Changelog"), ("contributing", "Rules that a test enforces")):
        assert words in (site / f"{page}.html").read_text()
        assert words in every_text


def test_every_link_within_the_site_leads_to_a_place_that_is_there(site: Path) -> None:
    dead = []
    for page in pages_of(site):
        reading = reading_of(page)
        for link in [*reading.links, *reading.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not target.is_file() or (
                parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in reading_of(target).ids
            ):
                dead.append(f"{page.relative_to(site)}: {link}")

    assert sum(len(reading_of(page).links) for page in pages_of(site)) > 1000
    assert dead == []


def test_a_browser_fetches_nothing_from_another_host(site: Path) -> None:
    foreign = [
        f"{page.relative_to(site)}: {load}"
        for page in pages_of(site)
        for load in reading_of(page).loads
        if urlsplit(load).netloc
    ]
    styles = [
        path.name for path in site.rglob("*.css") if "url(http" in path.read_text() or "url(//" in path.read_text()
    ]

    assert (foreign, styles) == ([], [])
