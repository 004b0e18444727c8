"""One video by the real pipeline, through a real worker: the canary, the networks, the encoder, the mark."""

import io
import json
import wave
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from jobs.job import ErrorCode, Job, JobOptions, JobStatus, PreviewEnd, fragment_key, input_key, new_job_id
from mmgt_core.media.provenance import read_provenance
from tests.integration.worker.conftest import Make
from tests.integration.worker.service import ROOT, Service
from tests.integration.worker.test_sandbox import png_that_claims

RENDER_S = 240.0
CROP = "20,0,420,420"


@pytest.fixture(scope="module")
def service(make_service: Make) -> Service:
    service = make_service(
        MMGT_WORKER__SCRIPTED_PIPELINE="",
        MMGT_LEASES__LEASE_S="30",
        MMGT_LIMITS__MAX_IMAGE_PIXELS=str(10**12),
        MMGT_WORKER__PREFLIGHT_MEMORY_BYTES="400000000",
    )
    service.start_worker("render-0", wait=False)
    return service


def test_the_demo_preset_renders_the_sample(service: Service, tmp_path: Path) -> None:
    samples, folder = ROOT / "samples", new_job_id()
    inputs = {"image": input_key(folder, "image", ".png"), "audio": input_key(folder, "audio", ".wav")}
    service.storage.put_file(inputs["image"], samples / "portrait.png", "image/png")
    service.storage.put_bytes(inputs["audio"], one_second_of(samples / "speech.wav"), "audio/wav")

    job = service.create(
        inputs=inputs,
        options=JobOptions(seed=7, num_inference_steps=1, crop=CROP, framing="4:5", captions="vtt"),
        transcript="And so, my fellow…",
    )
    done = service.until_ended(job.id, timeout_s=RENDER_S)

    assert done.status is JobStatus.COMPLETED, done.failure
    service.storage.fetch_file(done.results["video"], tmp_path / "video.mp4")
    service.until(lambda: (shown := service.job(done.id).preview) is not None and shown.end is PreviewEnd.WHOLE)
    shown = service.job(done.id).preview
    fragments = (fragment_key(done.id, done.attempt, number) for number in range(shown.num_fragments if shown else 0))
    preview = b"".join(b"".join(service.storage.stream(key)) for key in fragments)
    assert lengths_of(io.BytesIO(preview)) == lengths_of(tmp_path / "video.mp4")
    manifest = json.loads(b"".join(service.storage.stream(done.results["manifest"])))
    assert read_provenance(tmp_path / "video.mp4").is_valid
    captions = content_of(service, done, "captions").decode()
    assert captions.startswith("WEBVTT\n\n00:00:00.")
    assert captions.endswith("\nAnd so, my fellow…\n")
    assert texts_in(tmp_path / "video.mp4") == ["And so, my fellow…"]
    assert manifest["captions"]["timed_by"] == "alignment"
    assert manifest["options"]["seed"] == 7
    assert manifest["crop"] == CROP
    assert manifest["framing"]["square"] == {"x": -1.0, "y": 0.0, "width": 420.0, "height": 420.0}
    assert done.size == "x".join(map(str, size_of(tmp_path / "video.mp4"))) == "410x512"
    assert manifest["pipeline_seconds"] > 0
    assert "photograph" in {warning.code for warning in done.warnings}
    assert done.seconds == manifest["num_frames"] / 25


def test_poses_alone_then_rendered_are_the_frames_of_the_direct_job_bit_by_bit(
    service: Service, tmp_path: Path
) -> None:
    samples, folder = ROOT / "samples", new_job_id()
    inputs = {"image": input_key(folder, "image", ".png"), "audio": input_key(folder, "audio", ".wav")}
    service.storage.put_file(inputs["image"], samples / "presenters" / "man.png", "image/png")
    service.storage.put_bytes(inputs["audio"], one_second_of(samples / "speech.wav"), "audio/wav")
    wished = JobOptions(seed=11, num_inference_steps=1, gesture_strength=0.5, smoothing=0.3, start_pose="portrait")

    direct = service.until_ended(service.create(inputs=inputs, options=wished).id, RENDER_S)
    alone = service.create(inputs=inputs, options=replace(wished, until="poses"))
    poses = service.until_ended(alone.id, RENDER_S)
    taken_over = inputs | {"poses": poses.results["keypoints"]}
    rendered = service.until_ended(service.create(inputs=taken_over, options=wished).id, RENDER_S)

    ended = (direct, poses, rendered)
    assert [job.status for job in ended] == [JobStatus.COMPLETED] * 3, [job.failure for job in ended]
    assert set(poses.results) == {"pose", "keypoints", "manifest"}
    assert (poses.seconds, poses.size, poses.percent) == (direct.seconds, "512x512", 100)
    assert "video.preview" not in service.event_types(poses.id)
    manifests = [json.loads(content_of(service, job, "manifest")) for job in ended]
    assert [told["until"] for told in manifests] == ["video", "poses", "video"]
    assert [told["takes_over_poses"] for told in manifests] == [False, False, True]
    assert "pose_diffusion" not in manifests[2]["stage_seconds"]
    keypoints = [content_of(service, job, "keypoints") for job in ended]
    assert keypoints[0] == keypoints[1] == keypoints[2]
    np.testing.assert_array_equal(pictures_of(service, direct), pictures_of(service, rendered))
    (tmp_path / "pose.mp4").write_bytes(content_of(service, poses, "pose"))
    assert read_provenance(tmp_path / "pose.mp4").is_valid


def content_of(service: Service, job: Job, variant: str) -> bytes:
    return b"".join(service.storage.stream(job.results[variant]))


def pictures_of(service: Service, job: Job) -> np.ndarray:
    """Every plane of every picture, as the decoder gives it."""
    with av.open(io.BytesIO(content_of(service, job, "video"))) as film:
        return np.stack([frame.to_ndarray() for frame in film.decode(video=0)])


def test_a_transparent_backdrop_is_stored_as_a_marked_layer_beside_a_matte(service: Service, tmp_path: Path) -> None:
    samples, folder = ROOT / "samples", new_job_id()
    inputs = {"image": input_key(folder, "image", ".png"), "audio": input_key(folder, "audio", ".wav")}
    service.storage.put_file(inputs["image"], samples / "portrait.png", "image/png")
    service.storage.put_bytes(inputs["audio"], one_second_of(samples / "speech.wav"), "audio/wav")

    job = service.create(inputs=inputs, options=JobOptions(seed=7, num_inference_steps=1, backdrop="transparent"))
    done = service.until_ended(job.id, timeout_s=RENDER_S)

    assert done.status is JobStatus.COMPLETED, done.failure
    assert {"video", "matte", "transparent"} <= set(done.results)
    for variant, name in (("video", "a.mp4"), ("matte", "b.mp4"), ("transparent", "c.mov")):
        service.storage.fetch_file(done.results[variant], tmp_path / name)
        assert read_provenance(tmp_path / name).is_valid
        assert lengths_of(tmp_path / name)[0] == 25
    with av.open(str(tmp_path / "c.mov")) as film:
        opacity = next(film.decode(video=0)).to_ndarray(format="rgba")[..., 3]
    assert ((opacity > 250).mean() > 0.2, (opacity < 5).mean() > 0.2) == (True, True)


def test_a_picture_that_no_memory_suffices_for_ends_its_job_and_no_worker(service: Service, tmp_path: Path) -> None:
    service.until(lambda: any(worker.is_ready for worker in service.store.workers()), RENDER_S)
    worker = service.child_of(service.workers[0])
    folder = new_job_id()
    inputs = {"image": input_key(folder, "image", ".png"), "audio": input_key(folder, "audio", ".wav")}
    bomb = png_that_claims(tmp_path / "bomb.png", 12_000)  # 432 MB of pixels
    service.storage.put_file(inputs["image"], bomb, "image/png")
    service.storage.put_file(inputs["audio"], ROOT / "samples" / "speech.wav", "audio/wav")

    done = service.until_ended(service.create(inputs=inputs).id, timeout_s=RENDER_S)

    assert done.failure is not None
    assert (done.failure.code, done.failure.param) == (ErrorCode.IMAGE_UNREADABLE, "image")
    assert "limits of memory" in done.failure.message
    assert service.child_of(service.workers[0]) == worker


def size_of(video: Path) -> tuple[int, int]:
    with av.open(str(video)) as film:
        stream = film.streams.video[0]
        return stream.width, stream.height


def texts_in(video: Path) -> list[str]:
    """Of its caption track."""
    with av.open(str(video)) as film:
        return [bytes(packet)[2:].decode() for packet in film.demux(subtitles=0) if packet.size > 2]


def lengths_of(film: io.BytesIO | Path) -> tuple[int, int]:
    """Pictures, and blocks of sound."""
    with av.open(film) as opened:
        frames = list(opened.decode(*opened.streams.video, *opened.streams.audio))
    pictures = sum(isinstance(frame, av.VideoFrame) for frame in frames)
    return pictures, len(frames) - pictures


def one_second_of(path: Path) -> bytes:
    content = io.BytesIO()
    with wave.open(str(path)) as source, wave.open(content, "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(source.getframerate()))
    return content.getvalue()
