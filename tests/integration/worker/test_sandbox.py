"""Laws of the sandbox: a file that fills, stalls or kills its decoder becomes a finding or no answer, and no more."""

import json
import struct
import threading
import wave
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from jobs.job import input_key, new_job_id
from jobs.settings import StoreSettings
from tests.integration.worker.alone import place_alone, settings_alone
from tests.waiting import comes_true
from worker.errors import SandboxLost
from worker.preflight import look_at_inputs
from worker.sandbox import Bounds, Sandbox
from worker.workplace import Workplace

SAMPLES = Path(__file__).parents[3] / "samples"
PORTRAIT, SPEECH = SAMPLES / "portrait.png", SAMPLES / "speech.wav"
START_S = 60.0  # the decoders are imported
LONG_S, SHORT_S = 60.0, 0.001
MUCH_BYTES, LITTLE_BYTES = 2_000_000_000, 20_000_000
ANY_SIZE = {"max_image_pixels": 10**12}


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[tuple[Sandbox, Sandbox]]:
    """One with hardly any memory and one with hardly any time; started side by side."""
    both = Sandbox(Bounds(LONG_S, LONG_S, LITTLE_BYTES)), Sandbox(Bounds(SHORT_S, SHORT_S, MUCH_BYTES))
    for sandbox in both:
        sandbox.keep()
    assert comes_true(lambda: all(sandbox.is_ready for sandbox in both), START_S)
    yield both
    for sandbox in both:
        sandbox.stop()


@pytest.fixture
def small(sandboxes: tuple[Sandbox, Sandbox]) -> Sandbox:
    return sandboxes[0]


@pytest.fixture
def hurried(sandboxes: tuple[Sandbox, Sandbox]) -> Sandbox:
    return sandboxes[1]


@pytest.fixture
def place(store_settings: StoreSettings, tmp_path: Path) -> Iterator[Workplace]:
    place = place_alone(settings_alone(store_settings, tmp_path))
    yield place
    place.store.close()


def ask(sandbox: Sandbox, image: Path = PORTRAIT, audio: Path = SPEECH, **limits: int) -> dict[str, Any]:
    return sandbox.ask({"files": {"image": str(image), "audio": str(audio)}, "limits": limits, "weights": "nowhere"})


def processes_of(sandbox: Sandbox) -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if str(sandbox._socket) in child.cmdline()]


def blamed(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["code"], finding["param"]) for finding in answer["findings"]]


def png_that_claims(path: Path, side_px: int) -> Path:
    """A picture of hardly any bytes, for which a decoder takes three for each pixel at once."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes((1 + 3 * side_px) * 2))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def silence(path: Path, seconds: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * seconds))
    return path


def test_a_picture_that_claims_too_many_pixels_is_refused_before_it_is_decoded(small: Sandbox, tmp_path: Path) -> None:
    answer = ask(small, image=png_that_claims(tmp_path / "bomb.png", 20_000))

    assert blamed(answer) == [("image_too_large", "image")]


def test_a_backdrop_that_claims_too_many_pixels_is_refused_by_its_own_name(small: Sandbox, tmp_path: Path) -> None:
    files = {"image": str(PORTRAIT), "audio": str(SPEECH)}
    files["backdrop_image"] = str(png_that_claims(tmp_path / "bomb.png", 20_000))

    answer = small.ask({"files": files, "limits": {}, "weights": "nowhere"})

    assert blamed(answer) == [("backdrop_image_too_large", "backdrop_image")]


def test_a_picture_that_no_memory_suffices_for_is_called_unreadable(small: Sandbox, tmp_path: Path) -> None:
    answer = ask(small, image=png_that_claims(tmp_path / "bomb.png", 12_000), **ANY_SIZE)

    assert blamed(answer) == [("image_unreadable", "image")]
    assert "limits of memory" in answer["findings"][0]["message"]  # it was not the file's end that was missed


def test_when_the_picture_alone_can_be_decoded_the_sound_is_to_blame(small: Sandbox, tmp_path: Path) -> None:
    answer = ask(small, audio=silence(tmp_path / "long.wav", 590))

    assert blamed(answer) == [("audio_unreadable", "audio")]


def test_what_dies_while_a_person_is_looked_for_is_about_the_image(small: Sandbox) -> None:
    answer = ask(small)

    assert blamed(answer) == [("image_unreadable", "image")]
    assert "a person could not be looked for" in answer["findings"][0]["message"]


def test_a_look_that_takes_its_time_holds_up_no_other(small: Sandbox, tmp_path: Path) -> None:
    slow = threading.Thread(target=ask, args=(small,), kwargs={"audio": silence(tmp_path / "long.wav", 590)})
    slow.start()

    answer = ask(small, image=png_that_claims(tmp_path / "bomb.png", 20_000))
    was_first = slow.is_alive()
    slow.join()

    assert blamed(answer) == [("image_too_large", "image")]
    assert was_first


def test_a_file_that_takes_too_long_gets_no_answer(hurried: Sandbox) -> None:
    assert ask(hurried)["timed_out"]


def test_after_a_decoder_died_the_next_question_is_answered(small: Sandbox, tmp_path: Path) -> None:
    ask(small, image=png_that_claims(tmp_path / "bomb.png", 12_000), **ANY_SIZE)

    answer = ask(small, image=SPEECH)

    assert "not a PNG, JPEG or WebP" in answer["findings"][0]["message"]


def asked_by_a_create(place: Workplace, image: Path) -> dict[str, Any] | None:
    """What preflight answers about stored inputs; None where a create makes its job without an answer."""
    job_id = new_job_id()
    keys = {"image": input_key(job_id, "image", ".png"), "audio": input_key(job_id, "audio", ".wav")}
    place.storage.put_file(keys["image"], image, "image/png")
    place.storage.put_file(keys["audio"], SPEECH, "audio/wav")
    look_at_inputs(place, job_id, keys, {"crop": "auto"})
    store = place.settings.store
    with redis.Redis.from_url(store.url.get_secret_value()) as client:
        found = client.lpop(f"{store.key_prefix}preflight:{job_id}")
    return None if found is None else json.loads(found)


def test_a_bomb_is_a_finding_that_a_create_reads(place: Workplace, small: Sandbox, tmp_path: Path) -> None:
    answer = asked_by_a_create(replace(place, sandbox=small), png_that_claims(tmp_path / "bomb.png", 20_000))

    assert answer is not None
    assert blamed(answer) == [("image_too_large", "image")]


def test_where_nothing_can_be_said_in_time_a_create_is_told_nothing(place: Workplace, hurried: Sandbox) -> None:
    assert asked_by_a_create(replace(place, sandbox=hurried), PORTRAIT) is None
    assert asked_by_a_create(replace(place, sandbox=None), PORTRAIT) is None
    assert list(place.scratch.iterdir()) == []


def test_a_sandbox_that_died_is_lost_until_it_is_started_again(small: Sandbox) -> None:
    (died,) = processes_of(small)
    died.kill()
    died.wait()

    with pytest.raises(SandboxLost):
        ask(small)
    small.keep()

    (started,) = processes_of(small)
    assert started.pid != died.pid
