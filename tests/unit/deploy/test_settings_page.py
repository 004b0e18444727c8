from pathlib import Path

from deploy.settings_table import settings_page

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_of_settings_is_that_of_the_code():
    assert PAGE.read_text() == settings_page(), "run `python -m deploy.settings_table > docs/settings.md`"


def test_every_setting_says_what_it_means():
    rows = [line for line in settings_page().splitlines() if line.startswith("| `MMGT_")]

    assert len(rows) > 100
    assert [row for row in rows if row.endswith("|  |")] == []
