"""Every file of the folder of cases beside the repository gives its right result, by the service's road and by mmgt's.

The folder's README says what each file is, and what is right.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.content_kinds import AUDIOS, IMAGES, VIDEOS, kind_of
from formats.signatures import head_of
from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.inputs import InputFiles, Inputs, InputWishes, prepare_inputs
from mmgt_core.pipelines.progress import RunControl
from tests.integration.generate.command import mmgt
from worker.inspection import Question, inspect

ROOT = Path(__file__).parents[3]
CASES = ROOT.parent / "shared" / "cases"
PRESENTER, SPEECH = ROOT / "samples" / "presenters" / "man.png", ROOT / "samples" / "speech.wav"
SPEECH_FRAMES = 275
OF_ONE_ROAD = {"driving_video_sampled"}
"""Before rendering, only some pictures of a film are looked at."""
ENOUGH_S = 300.0
"""For pictures of a film: how many a busy machine sees in the service's few seconds is not asked here."""
KINDS = {"image": IMAGES, "audio": AUDIOS, "driving_video": VIDEOS}


@dataclass(frozen=True)
class Case:
    """What is right for a file.

    Attributes:
        name: of the file.
        field: the input that it is.
        num_frames: of the video, where it is accepted.
        warnings: their codes.
        heard_db: level of what the method hears, in dB of full scale.
        refused: words of the message, where it is refused.
    """

    name: str
    field: str
    num_frames: int = SPEECH_FRAMES
    warnings: frozenset[str] = frozenset()
    heard_db: float | None = None
    refused: str | None = None


def sound(name: str, num_frames: int, heard_db: float, *warnings: str) -> Case:
    return Case(name, "audio", num_frames, frozenset(warnings), heard_db)


def picture(name: str, *warnings: str) -> Case:
    return Case(name, "image", warnings=frozenset(warnings))


def film(name: str, num_frames: int, *warnings: str) -> Case:
    return Case(name, "driving_video", num_frames, frozenset({"lengths_differ", *warnings}))


TABLE = [
    film("hflip.mp4", 50),
    film("rot90_mirror.mp4", 15),
    film("mjpeg.mov", 15),
    film("two_people.mp4", 50, "driving_video_several_people"),
    Case("browser_camera.webm", "driving_video", refused="no person in"),
    sound("two_tracks.mp4", 50, -20.0, "sound_track_chosen"),
    sound(
        "cat_id3.mp3", 85, -20.3
    ),  # 3.2 s of speech, and the lead-in and padding of each half, which it does not state
    sound("lead_zero.mp3", 40, -20.1),
    sound("antiphase.wav", 40, -19.6, "sound_channel_chosen"),
    sound("antiphase_90.wav", 40, -19.6, "sound_channel_chosen"),
    sound("six_ch_centre.wav", 14, -17.7),
    sound("ext_24in32.wav", 40, -19.6),
    sound("browser_voice.mp4", 48, -17.9),
    Case("empty.m4a", "audio", refused="the file is empty"),
    picture("png_ztxt_big.png"),
    picture("png_itxt_big.png"),
    picture("png_iccp_big.png", "image_profile_ignored"),
    picture("png_exif_bad.png"),
    picture("png_crc_bad_text.png"),
    picture("rational_m1_0.jpg"),
    picture("no_eoi.jpg"),
    picture("icc_p3.jpg"),
    picture("icc_prophoto.jpg"),
    picture("turned_90.png", "image_turned"),
    Case("keypoints_0_to_1.npy", "driving_keypoints", refused="512 canvas"),
]
SENT = [case for case in TABLE if case.field in KINDS]
ACCEPTED = [case for case in TABLE if case.refused is None]
READ_ALIKE = [case for case in ACCEPTED if case.field != "driving_video" or case.num_frames < 20]
"""Longer films are looked for people in one road only: of each picture it takes a second on a busy core."""
REFUSED = [case for case in TABLE if case.refused is not None]


@pytest.fixture(autouse=True)
def _beside() -> None:
    if not CASES.is_dir():
        pytest.skip("the folder of cases does not lie beside this repository")


def files_of(case: Case) -> dict[str, Path]:
    return {"image": PRESENTER, "audio": SPEECH, case.field: CASES / case.name}


def named(case: Case) -> str:
    return case.name


def test_every_file_of_the_folder_stands_in_the_table() -> None:
    assert {path.name for path in CASES.iterdir() if path.name != "README.md"} == {case.name for case in TABLE}


@pytest.mark.parametrize("case", SENT, ids=named)
def test_the_service_lets_in_every_file_but_an_empty_one(case: Case) -> None:
    content = (CASES / case.name).read_bytes()

    assert (kind_of(head_of(content), KINDS[case.field]) is not None) == bool(content)


@pytest.mark.parametrize("case", SENT, ids=named)
def test_the_service_finds_in_it_what_is_right(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.inspection._FILM_S", ENOUGH_S)
    files = {field: str(path) for field, path in files_of(case).items()}

    answer = inspect(Question(files, weights="none"), lambda told: None)

    messages = [finding["message"] for finding in answer["findings"]]
    if case.refused is not None:
        assert [finding["param"] for finding in answer["findings"]] == [case.field]
        assert case.refused in messages[0]
        return
    assert messages == []
    assert answer["num_frames"] == case.num_frames
    assert {warning["code"] for warning in answer["warnings"]} - OF_ONE_ROAD == case.warnings


def read_as_generate_does(case: Case) -> Inputs:
    paths: dict[str, Any] = files_of(case)
    detector = partial(load_detector, Path("none"), MMGT_DEMO)
    return prepare_inputs(InputFiles(**paths), InputWishes(), MediaLimits(), detector, RunControl())


@pytest.mark.parametrize("case", READ_ALIKE, ids=named)
def test_the_command_reads_of_it_what_is_right(case: Case) -> None:
    inputs = read_as_generate_does(case)

    assert inputs.num_frames == case.num_frames
    assert {warning.code for warning in inputs.warnings} == case.warnings


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_the_command_refuses_it_with_status_3_and_a_sentence(case: Case, tmp_path: Path) -> None:
    files = [word for field, path in files_of(case).items() for word in (f"--{field.replace('_', '-')}", path)]

    done = mmgt("generate", *files, "--out", tmp_path / "out.mp4", "--preset", "mmgt-demo")

    assert done.status == 3, done.stderr
    assert f"mmgt: {case.field}: " in done.stderr
    assert str(case.refused) in done.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("case", [case for case in TABLE if case.heard_db is not None], ids=named)
def test_the_method_hears_it_at_its_level(case: Case) -> None:
    samples = decode_audio(CASES / case.name, MediaLimits()).waveform.samples

    assert 20 * np.log10(samples.std()) == pytest.approx(case.heard_db, abs=0.2)
