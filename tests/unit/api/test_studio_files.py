"""Laws of the studio's files: a page of its own for each visit, assets as they were built, and no page without them."""

from pathlib import Path

import pytest

from api.studio.files import read_studio


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "studio-1.js").write_bytes(b"one")
    (tmp_path / "assets" / "studio-1.js.gz").write_bytes(b"packed")
    (tmp_path / "assets" / "woman-2.png").write_bytes(b"picture")
    (tmp_path / "index.html").write_text('<script nonce="{{nonce}}"></script>')
    return tmp_path


def test_every_visit_has_a_nonce_of_its_own_which_the_policy_names(built: Path) -> None:
    studio = read_studio(built)

    first, second = studio.visit(), studio.visit()
    nonce = first.html.split('"')[1]

    assert first.html != second.html
    assert f"'nonce-{nonce}'" in first.headers["Content-Security-Policy"]
    assert "unsafe" not in first.headers["Content-Security-Policy"]


def test_assets_are_what_was_built(built: Path) -> None:
    assets = read_studio(built).assets

    assert set(assets) == {"studio-1.js", "woman-2.png"}
    assert (assets["studio-1.js"].content, assets["studio-1.js"].packed) == (b"one", b"packed")
    assert (assets["woman-2.png"].media_type, assets["woman-2.png"].packed) == ("image/png", None)


def test_a_studio_that_was_not_built_says_so(tmp_path: Path) -> None:
    studio = read_studio(tmp_path)

    assert studio.assets == {}
    assert "make studio" in studio.visit().html
