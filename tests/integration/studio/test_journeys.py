"""Laws of the studio's journeys: from a portrait and a voice to a video, and what may come in between."""

import re

from playwright.sync_api import Page, expect

from tests.integration.studio.conftest import PRESENTERS, Studio, Visitor

VIDEO_PAGE = re.compile(r"/videos/video_\w+$")


def give_sample(page: Page) -> None:
    page.get_by_role("button", name="Woman").click()
    expect(page.get_by_text("Everything is fine")).to_be_visible()


def make(page: Page) -> None:
    page.get_by_role("button", name="Make the video").click()
    page.wait_for_url(VIDEO_PAGE)


def test_a_video_is_made_watched_shown_made_anew_compared_and_deleted(visitor: Visitor, studio: Studio) -> None:
    visit = visitor()
    page = visit.open()
    give_sample(page)
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Name").fill("Journey")
    page.get_by_label("Seed").fill("7")
    page.get_by_label("The person shown agreed").check()
    make(page)
    expect(page.get_by_role("heading", name="Journey")).to_be_visible()
    expect(page.get_by_text("Signed by this server")).to_be_visible()
    first = page.url
    with page.expect_download() as kept:
        page.get_by_role("button", name="Video", exact=True).click()

    page.get_by_role("button", name="Make another").click()
    page.wait_for_url(lambda url: url != first and bool(VIDEO_PAGE.search(url)))
    page.get_by_role("link", name="Compare with the one before").click()
    expect(page.locator(".compare video")).to_have_count(2)
    page.go_back()
    visit.refusals.add(404)  # of a file that was on its way when its video went
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/library")
    expect(page.get_by_role("link", name="Journey")).to_have_count(1)

    with studio.client("alice") as client:
        video = client.get(first.replace("/videos/", "/v1/videos/")).json()
    assert (video["seed"], video["metadata"]) == (7, {"title": "Journey"})
    assert kept.value.suggested_filename == "Journey.mp4"
    assert kept.value.path().read_bytes()[4:8] == b"ftyp"


def test_motion_and_masks_run_in_step_with_the_video(visitor: Visitor, studio: Studio) -> None:
    page = visitor().open(f"/videos/{studio.make_video('alice')}")
    main = page.locator(".screen video")
    expect(page.locator(".beside video")).to_have_count(2)
    for player in page.locator("video").all():
        expect(player).to_have_js_property("readyState", 4)

    main.evaluate("(player) => { player.currentTime = 0.12 }")

    for player in page.locator("video").all():
        expect(player).to_have_js_property("currentTime", 0.12)


def test_a_draft_outlives_a_reload(visitor: Visitor) -> None:
    page = visitor().open()
    give_sample(page)
    page.get_by_text("9:16").click()

    page.reload()

    expect(page.get_by_text("woman.wav", exact=True)).to_be_visible()
    expect(page.get_by_label("9:16")).to_be_checked()
    expect(page.get_by_text("Everything is fine")).to_be_visible()


def test_a_video_is_found_again_after_a_reload_and_a_lost_network(visitor: Visitor, studio: Studio) -> None:
    video_id = studio.start_video("alice", num_inference_steps="60")
    visit = visitor()
    page = visit.open(f"/videos/{video_id}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.reload()
    expect(page.get_by_role("progressbar")).to_be_visible()

    visit.cut_off(True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    visit.cut_off(False)

    expect(page.locator(".result")).to_be_visible()
    expect(page).to_have_title(re.compile("Ready"))


def test_a_video_that_is_cancelled_says_so_and_can_be_made_again(visitor: Visitor, studio: Studio) -> None:
    page = visitor().open(f"/videos/{studio.start_video('alice', num_inference_steps='100')}")
    page.get_by_role("button", name="Cancel this video").click()
    expect(page.get_by_role("heading", name="It was cancelled")).to_be_visible()

    with studio.client("alice") as client:
        status = client.get(page.url.replace("/videos/", "/v1/videos/")).json()["status"]
    page.get_by_role("button", name="Make it again").click()
    page.wait_for_url(lambda url: bool(VIDEO_PAGE.search(url)))

    assert status == "cancelled"
    page.get_by_role("button", name="Cancel this video").click()


def test_files_that_cannot_be_used_say_why_and_what_to_do(visitor: Visitor) -> None:
    visit = visitor()
    visit.refusals.add(415)
    page = visit.open()
    give_sample(page)
    picture = page.locator("input[accept^='image/png']")
    sound = page.locator("input[accept^='audio']")

    picture.set_input_files({"name": "cut.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n cut"})
    expect(page.locator(".checks li.bad")).to_contain_text("Save it as PNG or JPEG")
    picture.set_input_files(PRESENTERS / "man.png")
    sound.set_input_files({"name": "noise.wav", "mimeType": "audio/wav", "buffer": b"RIFF no sound"})
    expect(page.locator(".checks li.bad")).to_contain_text("or as WAV or MP3")
    expect(page.get_by_role("button", name="Make the video")).to_be_disabled()
    picture.set_input_files({"name": "big.png", "mimeType": "image/png", "buffer": bytes(20_000_001)})
    expect(page.get_by_role("alert")).to_have_text("big.png has 20 MB; the server takes 20 MB.")
    picture.set_input_files({"name": "text.txt", "mimeType": "text/plain", "buffer": b"words"})
    expect(page.get_by_role("alert")).to_contain_text("neither a picture nor a recording")


def test_a_recording_of_the_microphone_is_a_voice_and_a_still_of_the_camera_a_portrait(visitor: Visitor) -> None:
    page = visitor(permissions=["microphone", "camera"]).open()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_text("0:01")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("recording.webm", exact=True)).to_be_visible()
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Take the picture").click()

    expect(page.get_by_text("camera.png", exact=True)).to_be_visible()
    expect(page.locator(".checks li.bad")).to_contain_text("shows one person")  # the test device shows a clock
    expect(page.locator(".checks li", has_text="The recording can be used")).to_have_class("good")


def test_a_crop_that_is_moved_by_keys_is_looked_at_and_used(visitor: Visitor) -> None:
    page = visitor().open()
    give_sample(page)
    crop = page.get_by_role("group", name="Crop")
    crop.focus()
    for _ in range(5):
        crop.press("-")
    crop.press("ArrowDown")
    with page.expect_response("**/validate?looks=true") as looked:
        pass
    x, y, width, height = map(int, looked.value.json()["crop"].split(","))

    assert width == height < 512
    assert x > 0
    assert y > x
    expect(page.get_by_role("button", name="Crop around the person")).to_be_visible()


KEEP_FORMS = """
const send = window.fetch;
window.forms = [];
window.fetch = (path, how) => {
  if (how?.body instanceof FormData) window.forms.push([path, ...how.body].map((part) => part.toString()));
  return send(path, how);
};
"""


def test_backdrop_and_captions_reach_the_service_as_they_were_chosen(visitor: Visitor) -> None:
    visit = visitor()
    visit.page.add_init_script(KEEP_FORMS)
    page = visit.open()
    give_sample(page)
    page.get_by_text("Green", exact=True).click()
    page.get_by_text("More", exact=True).click()
    page.get_by_label("What is said").fill("Good morning.")
    make(page)
    expect(page.get_by_text("Signed by this server")).to_be_visible()

    sent = [form for form in page.evaluate("window.forms") if form[0] == "/v1/videos"]
    assert len(sent) == 1
    assert {"backdrop,#00b140", "captions,vtt", "transcript,Good morning."} < set(sent[0])
