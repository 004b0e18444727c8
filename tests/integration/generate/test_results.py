"""What a run writes: the same for the same seed, and on request what shows how it came about."""

import json

import av
import numpy as np
import pytest
from PIL import Image

from mmgt_core.config import MMGT_DEMO, SamplingOptions
from mmgt_core.keypoints import RIGHT_HAND
from mmgt_core.media.provenance import read_provenance
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.pose_sampling import PoseWishes
from mmgt_core.quality import VideoSampling
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.types import PoseSequence
from tests.integration.generate.command import TINY, Finished, frames_of, generate, record
from tests.unit.media.recordings import SAMPLES, encode_sound


@pytest.fixture
def driven(half_a_second, moving_poses):
    """Generate half a second from given poses."""

    def run(out, *options) -> Finished:
        driven_wholly = ("--driving-keypoints", moving_poses, "--lips", "driving")
        done = generate(out, "--audio", half_a_second, *driven_wholly, *options)
        assert done.status == 0, done.stderr
        return done

    return run


def test_the_same_seed_and_inputs_give_the_same_frames_and_another_seed_others(tmp_path, half_a_second):
    for name, seed in (("first", 7), ("again", 7), ("other", 8)):
        done = generate(tmp_path / f"{name}.mp4", "--audio", half_a_second, "--seed", seed, "--save", "keypoints")
        assert done.status == 0, done.stderr

    first, again, other = (tmp_path / f"{name}.mp4" for name in ("first", "again", "other"))
    np.testing.assert_array_equal(frames_of(first), frames_of(again))  # the mark tells the time of its making
    assert np.abs(frames_of(first).astype(int) - frames_of(other)).mean() > 1


def test_everything_can_be_saved_beside_the_video(tmp_path, driven, moving_poses):
    done = driven(tmp_path / "me.mp4", "--save", "all", "--seed", 5)

    names = ["me.mp4", "me.keypoints.npy", "me.manifest.json", "me.masks.mp4", "me.pose.mp4", "me.thumbnail.jpg"]
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in names]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    keypoints = np.load(tmp_path / "me.keypoints.npy")
    np.testing.assert_array_equal(keypoints, np.load(moving_poses)[:12])
    for name in ("me.pose.mp4", "me.masks.mp4"):
        assert frames_of(tmp_path / name).shape == (12, 512, 512, 3)
        with av.open(str(tmp_path / name)) as film:
            assert not film.streams.audio
    with Image.open(tmp_path / "me.thumbnail.jpg") as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", (TINY.resolution, TINY.resolution))


def test_a_transparent_backdrop_brings_a_marked_layer_with_opacity_and_a_matte(tmp_path, driven):
    done = driven(tmp_path / "me.mp4", "--backdrop", "transparent", "--save", "matte,manifest")

    names = ["me.mp4", "me.manifest.json", "me.matte.mp4", "me.transparent.mov"]
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in names]
    with av.open(str(tmp_path / "me.transparent.mov")) as film:
        assert (film.streams.video[0].codec_context.name, len(film.streams.audio)) == ("prores", 1)
        layers = [frame.to_ndarray(format="rgba") for frame in film.decode(video=0)]
    mattes = frames_of(tmp_path / "me.matte.mp4")
    assert (len(layers), mattes.shape) == (12, (12, 64, 64, 3))
    assert np.abs(np.stack(layers)[..., 3].astype(int) - mattes[..., 0]).mean() < 4
    assert json.loads((tmp_path / "me.manifest.json").read_text())["backdrop"] == "transparent"
    for name in ("me.mp4", "me.matte.mp4", "me.transparent.mov"):
        assert read_provenance(tmp_path / name).is_valid


def test_behind_the_person_stands_what_was_asked_for_and_before_it_what_is_rendered(tmp_path, driven):
    driven(tmp_path / "plain.mp4")
    driven(tmp_path / "green.mp4", "--backdrop", "#00c000", "--save", "matte")
    Image.new("RGB", (300, 400), (200, 0, 0)).save(tmp_path / "red.png")
    driven(tmp_path / "red.mp4", "--backdrop-image", tmp_path / "red.png", "--framing", "photo")

    opacity = frames_of(tmp_path / "green.matte.mp4")[..., 0]
    plain, green = (frames_of(tmp_path / name).astype(int) for name in ("plain.mp4", "green.mp4"))
    assert np.abs(green[opacity < 5] - (0, 192, 0)).mean() < 6
    assert np.abs(green - plain)[opacity > 250].mean() < 6
    assert (opacity > 250).mean() > 0.1
    corner = frames_of(tmp_path / "red.mp4")[:, :20, -20:].astype(int)
    assert np.abs(corner - (200, 0, 0)).max() <= 8


def test_the_manifest_holds_what_it_takes_to_make_the_video_again(tmp_path, driven):
    driven(tmp_path / "me.mp4", "--save", "manifest", "--seed", 5, "--guidance-scale", 2, "--crop", "0,0,300,300")

    manifest = json.loads((tmp_path / "me.manifest.json").read_text())

    assert manifest["preset"] == "tiny"
    assert manifest["is_trained"] is False
    assert manifest["crop"] == "0,0,300,300"
    assert manifest["framing"] == {
        "framing": "square",
        "width": 64,
        "height": 64,
        "square": {"x": 0, "y": 0, "width": 64, "height": 64},
    }
    assert manifest["backdrop"] == "keep"
    assert (manifest["is_pose_driven"], manifest["lips"]) == (True, "driving")
    assert (manifest["device"], manifest["dtype"]) == ("cpu", "float32")
    assert (manifest["num_frames"], manifest["fps"], manifest["resolution"]) == (12, 25, 64)
    assert set(manifest["options"]) == {
        *(name for name in SamplingOptions.__dataclass_fields__ if name != "pose_wishes"),
        *PoseWishes.__dataclass_fields__,
        *VideoSampling.__dataclass_fields__,
        "head_guidance_scale",
    }
    assert manifest["options"]["quality"] == MMGT_DEMO.default_quality
    assert (manifest["options"]["seed"], manifest["options"]["num_inference_steps"]) == (5, 1)
    assert manifest["options"]["guidance_scale"] == 2
    assert manifest["weights"]
    assert manifest["versions"]["torch"]
    assert set(manifest["stage_seconds"]) == {"conditions", "video_diffusion", "decoding"}
    assert any("hands" in warning for warning in manifest["warnings"])


def test_the_pose_video_shows_the_person_where_the_photo_has_it(tmp_path, driven, portrait_keypoints):
    driven(tmp_path / "me.mp4", "--save", "pose")

    first = frames_of(tmp_path / "me.pose.mp4")[0]

    rows, columns = np.nonzero(first.max(axis=2) > 60)
    visible = portrait_keypoints[portrait_keypoints[:, 2] > 0.3, :2]
    drawn = np.array([columns.min(), rows.min(), columns.max(), rows.max()])
    expected = np.concatenate([visible.min(axis=0), visible.max(axis=0)]).clip(0, 511)
    np.testing.assert_allclose(drawn, expected, atol=8)  # lines and dots have a width


def test_a_new_result_replaces_an_earlier_one(tmp_path, driven):
    out = tmp_path / "me.mp4"
    out.write_bytes(b"an earlier video")

    driven(out)

    assert len(frames_of(out)) == 12


@pytest.mark.parametrize(
    "options",
    [
        ("--guidance-scale", 2),
        ("--windows", "looping"),
        ("--mask-motion", "still"),
        ("--mask-motion", "none"),
        ("--background-mask", "hands"),
        ("--background-mask", "complement"),
    ],
)
def test_every_option_changes_the_frames(tmp_path, moving_poses, plain_second, options):
    speech, plain = plain_second

    inputs = ("--audio", speech, "--driving-keypoints", moving_poses, "--lips", "driving")
    done = generate(tmp_path / "out.mp4", *inputs, *options)

    assert done.status == 0, done.stderr
    frames = frames_of(tmp_path / "out.mp4")
    assert frames.shape == plain.shape
    assert (frames != plain).any()


@pytest.fixture(scope="module")
def plain_second(media, moving_poses):
    """Speech of one second, and its frames with default options."""
    speech = record(media / "second.wav", 1.0)
    done = generate(media / "plain.mp4", "--audio", speech, "--driving-keypoints", moving_poses, "--lips", "driving")
    assert done.status == 0, done.stderr
    return speech, frames_of(media / "plain.mp4")


def test_every_wish_is_taken_together_and_told_in_the_manifest(tmp_path):
    silence = encode_sound(tmp_path / "silence.wav", np.zeros(8_000), 16_000)
    wishes = {"gesture_strength": 0.5, "head_strength": 1.25, "smoothing": 0.25, "start_pose": "portrait"}
    options = [word for name, value in wishes.items() for word in (f"--{name.replace('_', '-')}", value)]
    options += ["--allow-silence", "--loop", "--framing", "4:5", "--crop", "20,0,420,420", "--save", "manifest"]

    done = generate(tmp_path / "me.mp4", "--audio", silence, *options)

    assert done.status == 0, done.stderr
    manifest = json.loads((tmp_path / "me.manifest.json").read_text())
    assert {name: manifest["options"][name] for name in wishes} == wishes
    assert manifest["options"]["loop"] is True
    assert (manifest["crop"], manifest["framing"]["framing"]) == ("20,0,420,420", "4:5")
    assert frames_of(tmp_path / "me.mp4").shape == (12, 512, 410, 3)


def test_what_is_found_on_the_way_is_told_at_the_end_and_in_the_manifest(tmp_path, half_a_second, monkeypatch):
    def with_a_long_finger(*_):
        poses = synthetic_clip(0, 1).pose_sequence.keypoints[:12]
        poses[5:8, RIGHT_HAND.start + 12, 1] += 300
        return iter((PoseSequence(poses),))

    monkeypatch.setattr(AudioToPose, "stream", with_a_long_finger)

    presenter = SAMPLES / "presenters" / "man.png"
    done = generate(tmp_path / "me.mp4", "--audio", half_a_second, "--save", "manifest", image=presenter)

    (told,) = [line for line in done.stderr.splitlines() if "in 3 of 12 frames a generated hand" in line]
    assert told.startswith("warning: ")
    assert told.removeprefix("warning: ") in json.loads((tmp_path / "me.manifest.json").read_text())["warnings"]
