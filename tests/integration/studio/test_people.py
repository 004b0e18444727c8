"""Laws of who uses the studio: with a key or none, by keyboard alone, in either theme, and each sees their own."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.integration.studio.conftest import Studio, Visit, Visitor
from tests.integration.studio.test_journeys import VIDEO_PAGE, give_sample

ENOUGH_TABS = 80


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of that name has the focus."""
    for _ in range(ENOUGH_TABS):
        page.keyboard.press("Tab")
        said = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
        if name in str(page.evaluate(said)) or name in str(page.evaluate(labels_of_focused())):
            return
    raise AssertionError(f"Tab never came to {name!r}")


def labels_of_focused() -> str:
    return "[...(document.activeElement.labels ?? [])].map((label) => label.textContent).join(' ')"


def test_a_key_is_asked_for_once_and_a_wrong_one_is_told(visitor: Visitor, studio: Studio) -> None:
    visit = visitor(None)
    visit.refusals.add(401)
    page = visit.open()
    page.get_by_label("API key").fill("mmgt_wrong")
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("alert")).to_contain_text("does not know this key")
    page.get_by_label("API key").fill(studio.keys["alice"])
    page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("heading", name="A portrait, a voice, a video")).to_be_visible()

    page.reload()

    expect(page.get_by_role("heading", name="A portrait, a voice, a video")).to_be_visible()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_label("API key")).to_be_visible()


def test_tenants_see_their_own_videos_only(visitor: Visitor, studio: Studio) -> None:
    video_id = studio.make_video("alice", **{"metadata[title]": "Hers alone"})
    hers, his = visitor("alice"), visitor("bob")
    his.refusals.add(404)

    hers.open("/library")
    his.open("/library")
    expect(hers.page.get_by_role("link", name="Hers alone")).to_be_visible()
    expect(his.page.get_by_text("No videos yet")).to_be_visible()
    his.open(f"/videos/{video_id}")

    expect(his.page.get_by_role("heading", name="This video is not here")).to_be_visible()


def test_a_video_is_made_by_keyboard_alone(visitor: Visitor) -> None:
    page = visitor().open()
    page.get_by_role("button", name="Woman").wait_for()
    tab_to(page, "Woman")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Everything is fine")).to_be_visible()
    tab_to(page, "The person shown agreed")
    page.keyboard.press("Space")
    tab_to(page, "Make the video")
    page.keyboard.press("Enter")

    page.wait_for_url(VIDEO_PAGE)
    expect(page.get_by_text("Signed by this server")).to_be_visible()


def test_the_library_is_walked_selected_from_and_emptied_by_keyboard(visitor: Visitor, studio: Studio) -> None:
    for name in ("Walk 1", "Walk 2"):
        studio.make_video("bob", **{"metadata[title]": name, "metadata[walk]": "yes"})
    visit = visitor("bob")
    page = visit.open("/library")
    page.get_by_role("searchbox").fill("walk=yes")
    expect(page.get_by_role("article")).to_have_count(2)
    page.get_by_role("link", name="Walk 2").focus()
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name="Walk 1")).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_text("2 selected")).to_be_visible()

    visit.refusals.add(404)  # of a picture that was on its way when its video went
    page.get_by_role("region", name="2 selected").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    expect(page.get_by_role("article")).to_have_count(0)
    with studio.client("bob") as client:
        assert client.get("/v1/videos", params={"metadata[walk]": "yes"}).json()["data"] == []


def create(visit: Visit, studio: Studio) -> None:
    visit.open()
    visit.page.get_by_role("button", name="Woman").wait_for()


def filled(visit: Visit, studio: Studio) -> None:
    visit.open()
    give_sample(visit.page)
    visit.page.get_by_text("More", exact=True).click()
    visit.page.get_by_text("The same request in code").click()


def watch(visit: Visit, studio: Studio) -> None:
    visit.open(f"/videos/{studio.start_video('alice', num_inference_steps='100')}")
    visit.page.get_by_role("progressbar").wait_for()


def result(visit: Visit, studio: Studio) -> None:
    visit.open(f"/videos/{studio.make_video('alice')}")
    visit.page.get_by_text("The same in code").click()
    visit.page.get_by_text("Signed by this server").wait_for()


def library(visit: Visit, studio: Studio) -> None:
    studio.make_video("alice")
    visit.open("/library")
    visit.page.get_by_role("article").first.wait_for()


def compare(visit: Visit, studio: Studio) -> None:
    first, second = studio.make_video("alice"), studio.make_video("alice")
    visit.open(f"/compare?a={first}&b={second}")
    visit.page.get_by_role("button", name="Play both").wait_for()


def question(visit: Visit, studio: Studio) -> None:
    visit.open(f"/videos/{studio.make_video('alice')}")
    visit.page.get_by_role("button", name="Delete").click()
    visit.page.get_by_role("dialog").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", [create, filled, watch, result, library, compare, question])
def test_axe_finds_nothing(visitor: Visitor, studio: Studio, view: Callable[..., None], theme: str) -> None:
    visit = visitor(color_scheme=theme, reduced_motion="reduce")
    view(visit, studio)

    found = Axe().run(visit.page)

    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_where_a_key_is_asked_for(visitor: Visitor, theme: str) -> None:
    visit = visitor(None, color_scheme=theme)
    visit.refusals.add(401)
    visit.open().get_by_label("API key").wait_for()

    found = Axe().run(visit.page)

    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("view", [create, filled, result, library])
def test_nothing_is_wider_than_the_screen(
    visitor: Visitor, studio: Studio, view: Callable[..., None], width: int
) -> None:
    visit = visitor(viewport={"width": width, "height": 800})
    view(visit, studio)

    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
