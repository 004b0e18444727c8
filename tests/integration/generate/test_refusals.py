"""What cannot be used is refused within seconds, by name and number, before any model loads, and leaves no file."""

import os
import struct
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmgt_core.config import PRESETS
from tests.integration.generate.command import PORTRAIT, TINY, film_of, generate, record
from tests.unit.media.identities import DAY, Recipe
from tests.unit.media.recordings import SAMPLES, encode_sound

MAX_CPU_S = 10


def png_of(width, height):
    """A small PNG file whose header promises many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def silence(path):
    encode_sound(path, np.zeros(16_000), 16_000)


def eleven_minutes(path):
    soundfile.write(path, np.zeros(660 * 8_000, np.int16), 8_000, format="FLAC")


def cut_mp3(path):
    path.write_bytes(
        encode_sound(path, np.sin(np.arange(16_000)), 16_000, container="mp3", codec="mp3").read_bytes()[:100]
    )


def playlist(path):
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{SAMPLES / 'speech.wav'}\n#EXT-X-ENDLIST\n")


BAD_AUDIO = {
    "silent": (silence, "audio: silent; nothing reaches -60 dB"),
    "short": (lambda path: record(path, 0.31), "audio: 0.31 s long; at least 0.5 s is needed"),
    "long by its header": (eleven_minutes, "audio: 660.0 s long; the limit is 600 s"),
    "text": (lambda path: path.write_text("not a recording\n" * 500), "audio: the file cannot be decoded"),
    "playlist": (playlist, "audio: the file cannot be decoded"),
    "cut mp3": (cut_mp3, "audio: "),
    "empty": (lambda path: path.touch(), "audio: the file cannot be decoded: the file is empty"),
    "missing": (lambda path: None, "audio: PATH cannot be opened: No such file or directory"),
    "folder": (lambda path: path.mkdir(), "audio: PATH is not a file"),
    "pipe": (os.mkfifo, "audio: PATH is not a file"),
}
BAD_IMAGES = {
    "no person": (lambda path: Image.new("RGB", (512, 512), "teal").save(path), "image: 0 people"),
    "tiny": (
        lambda path: Image.open(PORTRAIT).resize((200, 300)).save(path),
        "image: 200 x 300 pixels; the short side must have at least 256",
    ),
    "cut": (lambda path: path.write_bytes(PORTRAIT.read_bytes()[:50_000]), "image: the file is damaged or ends early"),
    "bomb": (
        lambda path: path.write_bytes(png_of(6_500, 6_500)),
        "image: 6500 x 6500 pixels; the limit is 40",
    ),
    "huge bomb": (
        lambda path: path.write_bytes(png_of(60_000, 60_000)),
        "image: its pixels are far over the limit",
    ),
    "gif": (lambda path: Image.new("RGB", (512, 512)).save(path, "GIF"), "image: it is not a PNG, JPEG or WebP image"),
    "text": (lambda path: path.write_text("a portrait"), "image: it is not a PNG, JPEG or WebP image"),
    "missing": (lambda path: None, "image: PATH cannot be opened: No such file or directory"),
    "folder": (lambda path: path.mkdir(), "image: PATH is not a file"),
}
BAD_KEYPOINTS = {
    "another shape": (np.zeros((12, 133, 3)), "shape (12, 133, 3); (frames, 134, 3) is needed"),
    "no frame": (np.zeros((0, 134, 3)), ""),
    "shares": (np.linspace(0.1, 0.9, 1_206).reshape(3, 134, 3), "x and y lie in 0.30 to 0.90, as shares (0 to 1) do"),
    "not numbers": (np.full((12, 134, 3), "x"), "values of type <U1"),
    "NaN": (np.where(np.arange(134)[:, None] == 7, np.nan, np.zeros((12, 134, 3))), "36 values are not finite"),
    "beyond float32": (np.full((1, 134, 3), 1e300), "402 values are not finite"),
    "far away": (np.full((12, 134, 3), 9e9), "a value of 9e+09; pixels of the 512 canvas reach to 8192"),
}


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Run with good inputs but for the given options, and without the chosen preset's weights.

    Exit status 3 therefore means that the input was judged before any model was looked for.
    """
    folder = tmp_path / "results"
    folder.mkdir()
    good = record(tmp_path / "good.wav", 0.5)

    def run(*options, audio=good, image=PORTRAIT, out=folder / "out.mp4", preset="mmgt-512"):
        began_s = time.process_time()
        options = ("--audio", audio, "--weights", tmp_path / "none", "--save", "all", *options)
        done = generate(out, *options, image=image, preset=preset)
        assert time.process_time() - began_s < MAX_CPU_S
        assert list(folder.iterdir()) == []
        assert done.stdout == ""
        return done

    return run


def test_good_inputs_come_as_far_as_the_missing_weights(refused):
    done = refused()

    assert done.status == 4
    assert "mmgt weights pull" in done.message


@pytest.mark.parametrize("kind", BAD_AUDIO)
def test_bad_audio_is_refused_by_name(refused, tmp_path, kind):
    make, message = BAD_AUDIO[kind]
    path = tmp_path / "speech.wav"
    make(path)

    done = refused(audio=path)

    assert (done.status, "mmgt: " + message.replace("PATH", str(path)) in done.stderr) == (3, True), done.stderr


def test_silence_that_is_allowed_is_no_fault(refused, tmp_path):
    silence(tmp_path / "speech.wav")

    assert refused("--allow-silence", audio=tmp_path / "speech.wav").status == 4  # as far as good inputs come


@pytest.mark.parametrize("kind", BAD_IMAGES)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bad_image_is_refused_by_name(refused, tmp_path, kind):
    make, message = BAD_IMAGES[kind]
    path = tmp_path / "portrait.png"
    make(path)

    done = refused(image=path)

    assert (done.status, "mmgt: " + message.replace("PATH", str(path)) in done.stderr) == (3, True), done.stderr


@pytest.fixture
def sketcher(monkeypatch):
    """A preset that was trained on drawings alone, and whose weights are not there."""
    monkeypatch.setitem(PRESETS, "sketcher", replace(TINY, name="sketcher", is_trained=True))


def test_a_photograph_is_warned_of_by_a_preset_that_only_draws_before_the_weights_are_looked_for(refused, sketcher):
    done = refused(preset="sketcher")

    assert (done.status, "warning: image: a photograph, but sketcher" in done.stderr) == (4, True), done.stderr


@pytest.mark.parametrize("kind", BAD_KEYPOINTS)
def test_bad_driving_keypoints_are_refused_by_name(refused, tmp_path, kind):
    values, message = BAD_KEYPOINTS[kind]
    np.save(tmp_path / "poses.npy", values)

    done = refused("--driving-keypoints", tmp_path / "poses.npy")

    assert (done.status, f"mmgt: driving_keypoints: {message}" in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize("kind", ["text", "missing", "archive", "promising more than it has"])
def test_what_is_no_npy_file_is_refused(refused, tmp_path, kind):
    path = tmp_path / "poses.npy"
    if kind == "text":
        path.write_text("1 2 3")
    elif kind == "archive":
        np.savez(path.open("wb"), np.zeros((12, 134, 3)))
    elif kind != "missing":
        np.save(path, np.zeros((120, 134, 3)))
        path.write_bytes(path.read_bytes()[:-1])

    done = refused("--driving-keypoints", path)

    assert (done.status, done.message.startswith("mmgt: driving_keypoints: ")) == (3, True), done.stderr


def test_a_driving_video_without_a_person_is_refused_with_the_number_of_frames(refused, tmp_path):
    driving = film_of([np.full((256, 256, 3), 90, np.uint8)] * 15, tmp_path / "grey.mp4")

    done = refused("--driving-video", driving)

    assert (done.status, "driving_video: no person in 15 of its 15 frames" in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize("kind", ["text", "missing", "small"])
def test_what_is_no_picture_or_too_small_a_one_is_refused_as_backdrop(refused, tmp_path, kind):
    path = tmp_path / "backdrop.png"
    if kind == "text":
        path.write_text("no picture")
    elif kind == "small":
        Image.new("RGB", (255, 300)).save(path)

    done = refused("--backdrop-image", path)

    assert (done.status, done.message.startswith("mmgt: backdrop_image: ")) == (3, True), done.stderr
    assert kind != "small" or "255 x 300 pixels; the short side must have at least 256" in done.message


@pytest.mark.parametrize("kind", ["text", "missing", "a recording"])
def test_what_is_no_film_is_refused_as_driving_video(refused, tmp_path, kind):
    path = tmp_path / "driving.mp4"
    if kind == "text":
        path.write_text("no film")
    elif kind == "a recording":
        record(tmp_path / "it.wav", 0.5).rename(path)

    done = refused("--driving-video", path)

    assert (done.status, done.message.startswith("mmgt: driving_video: ")) == (3, True), done.stderr


@pytest.mark.parametrize(
    ("crop", "message"),
    [
        ("left", "crop: 'left'; auto, none or x,y,w,h"),
        ("0,0,300,299", "crop: 300 x 299 pixels; width and height must be equal"),
        ("0,0,100,100", "crop: 100 pixels wide; at least 256 are needed"),
        ("9000,0,300,300", "crop: 9000,0,300,300 reaches to 9300, 300; the image is"),
    ],
)
def test_a_bad_crop_is_refused_with_its_numbers(refused, crop, message):
    done = refused("--crop", crop)

    assert (done.status, f"mmgt: {message}" in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--save", "pose,smell"), "--save has smell; it takes"),
        (("--preset", "mmgt-9000"), "there is no preset mmgt-9000; there are mmgt-512, mmgt-demo"),
        (("--steps", "0"), "num_inference_steps is 0; it must be 1 to 100"),
        (("--steps", "101"), "num_inference_steps is 101; it must be 1 to 100"),
        (("--guidance-scale", "0.5"), "guidance_scale is 0.5; it must be 1 to 20"),
        (("--guidance-scale", "nan"), "guidance_scale is nan; it must be 1 to 20"),
        (("--quality", "best"), "'best' is not one of"),
        (("--quality", "turbo", "--preset", "mmgt-512"), "mmgt-512 has no turbo; it has exact"),
        (("--seed", "-1"), "seed is -1; it must be 0 to"),
        (("--mask-motion", "fast"), "'fast' is not one of"),
        (("--driving-video", "a.mp4", "--driving-keypoints", "a.npy"), "exclude each other"),
        (("--driving-keypoints", "a.npy", "--loop"), "--loop is for generated poses"),
        (("--lips", "audio"), "--lips is for driving poses"),
        (("--until", "poses", "--save", "masks"), "--until poses writes keypoints, pose"),
        (("--framing", "3:2"), "'3:2' is not one of"),
        (("--backdrop", "green"), "backdrop is 'green'; it must be keep, transparent or #rrggbb"),
        (("--backdrop", "#ffffff", "--backdrop-image", "a.png"), "exclude each other"),
        (("--backdrop", "transparent", "--framing", "4:5"), "transparent is for --framing square, not 4:5"),
        (("--save", "matte"), "--save has matte; it takes"),
        (("--save", "transparent", "--backdrop", "#ffffff"), "--save has transparent; it takes"),
        (("--start-pose", "sitting"), "'sitting' is not one of"),
        (("--gesture-strength", "1.6"), "gesture_strength is 1.6; it must be 0 to 1.5"),
        (("--head-strength", "nan"), "head_strength is nan; it must be 0 to 1.5"),
        (("--smoothing", "-1"), "smoothing is -1.0; it must be 0 to 1"),
    ],
)
def test_wrong_usage_is_told_as_such(refused, options, message):
    done = refused(*options)

    assert (done.status, message in done.message) == (2, True), done.stderr


def test_speech_must_be_given_unless_a_film_has_it(tmp_path):
    done = generate(tmp_path / "out.mp4", "--driving-keypoints", tmp_path / "poses.npy")

    assert (done.status, "--audio is missing" in done.message) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("out.avi", "must end with .mp4"),
        ("folder.mp4", "which is a folder"),
        ("good.wav/out.mp4", "nothing can be written there"),
        ("/proc/1/out.mp4", "nothing can be written there"),
        ("x" * 250 + ".mp4", "nothing can be written there"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_the_work(refused, tmp_path, out, message):
    (tmp_path / "folder.mp4").mkdir()

    done = refused(out=tmp_path / out)

    assert (done.status, message in done.message) == (2, True), done.stderr


def test_an_input_is_never_overwritten(refused, tmp_path):
    driving = film_of([np.full((256, 256, 3), 90, np.uint8)] * 15, tmp_path / "film.mp4")
    before = driving.read_bytes()

    done = refused("--driving-video", driving, out=driving)

    assert (done.status, "would overwrite the input" in done.message) == (2, True), done.stderr
    assert driving.read_bytes() == before


def test_an_identity_that_cannot_sign_is_refused_before_the_work(refused, tmp_path):
    folder = Recipe(begins=2 * DAY).write(tmp_path / "identity")

    done = refused("--identity", folder)

    assert (done.status, f"mmgt: {folder}: certificate 1 of the chain is valid from" in done.stderr) == (1, True)
