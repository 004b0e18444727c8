"""What a person types against a service: tables, JSON, files, and a sentence and a status for each refusal."""

import json
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from deploy.client_commands import run
from jobs.job import Job, JobStatus
from jobs.store import JobStore
from tests.integration.api.creating import PNG, WAV
from tests.integration.api.scripted_worker import CAPTIONS, KEYPOINTS, MODEL, VIDEO, ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp
from tests.waiting import comes_true

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def environment(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMGT_URL", served.url)
    monkeypatch.setenv("MMGT_KEY", KEYS["alice"])


def status(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        run([str(word) for word in words])
    return int(end.value.code or 0)


def test_a_video_is_listed_told_downloaded_and_deleted(
    worker: ScriptedWorker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job, out = worker.complete_one(), tmp_path / "new" / "it.mp4"

    codes = [status("list"), status("get", job.id), status("download", job.id, "--out", out), status("delete", job.id)]
    shown = capsys.readouterr().out

    assert codes == [0, 0, 0, 0]
    assert out.read_bytes() == VIDEO
    assert shown.splitlines()[0].split() == ["id", "status", "%", "seconds", "model", "created"]
    assert shown.count(f"{job.id}  completed") == 1
    assert f"{job.id} deleted" in shown
    assert status("get", job.id) == 8


def test_programs_read_the_services_own_answers(worker: ScriptedWorker, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = worker.submit(), worker.submit()

    pages = []
    for words in (("list", "--limit", 1), ("list", "--limit", 1, "--after", second.id), ("cancel", first.id)):
        assert status(*words, "--json") == 0
        pages.append(json.loads(capsys.readouterr().out))

    assert [page["data"][0]["id"] for page in pages[:2]] == [second.id, first.id]
    assert (pages[2]["id"], pages[2]["status"]) == (first.id, "cancelled")


def closed_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("get", "video_0"), 8, "video_0"),
        (("download", "video_0", "--out", "it.mp4"), 8, "video_0"),
        (("list", "--key", "wrong"), 7, "(--key or MMGT_KEY)"),
        (("list", "--limit", "0"), 2, "--limit"),
        (("list", "--url", "CLOSED"), 9, "(--url or MMGT_URL)"),
        (("list", "--url", "no address"), 9, "(--url or MMGT_URL)"),
        (("submit", "--image", "i.png", "--out", "o.mp4", "--field", "seed=-1"), 3, "seed"),
        (("submit", "--image", "i.png", "--out", "o.mp4", "--field", "seed"), 2, "NAME=VALUE"),
    ],
)
def test_each_refusal_has_its_status_and_names_option_and_variable(
    worker: ScriptedWorker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    worker.heartbeat()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "i.png").write_bytes(PNG)

    found = status(*(closed_url() if word == "CLOSED" else word for word in words))

    assert (found, message in " ".join(capsys.readouterr().err.replace("│", " ").split())) == (code, True)
    assert [path.name for path in tmp_path.glob("*.mp4*")] == []


def test_the_former_variable_of_the_key_is_named_where_it_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MMGT_API_KEY", KEYS["alice"])
    monkeypatch.delenv("MMGT_KEY")

    assert status("list") == 7
    assert "MMGT_API_KEY is not read; say --key or MMGT_KEY" in capsys.readouterr().err


def submitting(folder: Path) -> "subprocess.Popen[str]":
    """A submit under way, in a process of its own."""
    (folder / "i.png").write_bytes(PNG)
    (folder / "a.wav").write_bytes(WAV)
    words = ["submit", "--image", folder / "i.png", "--audio", folder / "a.wav", "--out", folder / "it.mp4"]
    return subprocess.Popen([sys.executable, "-m", "deploy", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_submit_cancels_its_job_and_says_so(
    worker: ScriptedWorker, store: JobStore, tmp_path: Path, number: int
) -> None:
    worker.heartbeat()
    process = submitting(tmp_path)
    ends_at_s = time.monotonic() + 60
    while not (jobs := store.list_jobs("alice").jobs) and time.monotonic() < ends_at_s:
        time.sleep(0.02)
    (job,) = jobs

    process.send_signal(number)
    _, told = process.communicate(timeout=60)

    assert (process.returncode, told.strip()) == (130, f"mmgt: interrupted; {job.id} is cancelled")
    assert store.get(job.id).status is JobStatus.CANCELLED
    assert not list(tmp_path.glob("it.mp4*"))


def test_where_the_service_is_gone_an_interrupted_submit_tells_how_to_go_on(
    worker: ScriptedWorker, served: ServedApp, store: JobStore, tmp_path: Path
) -> None:
    worker.heartbeat()
    process = submitting(tmp_path)
    ends_at_s = time.monotonic() + 60
    while not (jobs := store.list_jobs("alice").jobs) and time.monotonic() < ends_at_s:
        time.sleep(0.02)
    served.stop()
    _, told = process.communicate(timeout=120)

    assert process.returncode == 9
    assert f"{jobs[0].id} goes on there: `mmgt get {jobs[0].id} --wait`" in told


def test_a_text_is_submitted_in_words_and_the_line_by_hand_says_the_same(
    worker: ScriptedWorker, store: JobStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker.heartbeat()
    image, text = tmp_path / "portrait.png", '@home; <she> said "hi".'
    image.write_bytes(PNG)
    finishing = threading.Thread(target=lambda: worker.finish(claimed_soon(worker)))
    finishing.start()

    words = ("--text", text, "--voice", "f2", "--language", "de")
    code = status("submit", "--image", image, "--out", tmp_path / "out.mp4", *words)
    finishing.join()

    (job,) = store.list_jobs("alice").jobs
    line = capsys.readouterr().err.split("the same by hand:\n")[1]
    assert (code, (tmp_path / "out.mp4").read_bytes()) == (0, VIDEO)
    assert (job.request.text, job.request.voice, job.request.language) == (text, "f2", "de")
    assert ["--form-string", f"text={text}"] == shlex.split(line)[4:6]


def test_every_wish_about_the_picture_and_its_poses_is_a_field_of_submit(
    worker: ScriptedWorker, store: JobStore, tmp_path: Path
) -> None:
    worker.heartbeat()
    image, audio = tmp_path / "portrait.png", tmp_path / "speech.wav"
    image.write_bytes(PNG)
    audio.write_bytes(WAV)
    wishes = {
        "crop": "1,2,300,300", "framing": "9:16", "gesture_strength": 0.5, "head_strength": 1.5, "smoothing": 0.25,
        "loop": True, "start_pose": "portrait", "allow_silence": True,
    }  # fmt: skip
    fields = [word for name, value in wishes.items() for word in ("--field", f"{name}={str(value).lower()}")]
    finishing = threading.Thread(target=lambda: worker.finish(claimed_soon(worker)))
    finishing.start()

    code = status("submit", "--image", image, "--audio", audio, "--out", tmp_path / "out.mp4", *fields)
    finishing.join()

    (job,) = store.list_jobs("alice").jobs
    assert code == 0
    assert {name: getattr(job.request.options, name) for name in wishes} == wishes


def claimed_soon(worker: ScriptedWorker) -> Job:
    assert comes_true(lambda: worker.store.queue_state(MODEL).waiting)
    return worker.claim()


def rendering(worker: ScriptedWorker, number: int) -> threading.Thread:
    """A worker that brings the next jobs to their ends as they come."""

    def render() -> None:
        num_done = 0
        ends_at_s = time.monotonic() + 60
        while num_done < number and time.monotonic() < ends_at_s:
            job = worker.store.claim_next(MODEL, "scripted")
            if job is None:
                time.sleep(0.02)
                continue
            worker.fail(job) if job.request.metadata.get("fails") == str(num_done) else worker.finish(job)
            num_done += 1

    worker.heartbeat()
    thread = threading.Thread(target=render)
    thread.start()
    return thread


@pytest.fixture
def inputs(tmp_path: Path) -> list[object]:
    (tmp_path / "i.png").write_bytes(PNG)
    (tmp_path / "a.wav").write_bytes(WAV)
    return ["--image", tmp_path / "i.png", "--audio", tmp_path / "a.wav", "--out", tmp_path / "it.mp4"]


def test_several_videos_of_one_submit_are_numbered(
    worker: ScriptedWorker, tmp_path: Path, inputs: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    thread = rendering(worker, 2)

    code = status("submit", *inputs, "--n", 2, "--save", "thumbnail")
    thread.join()

    names = ["it.1.mp4", "it.1.thumbnail.jpg", "it.2.mp4", "it.2.thumbnail.jpg"]
    assert (code, sorted(path.name for path in tmp_path.glob("it*"))) == (0, names)
    assert (tmp_path / "it.2.mp4").read_bytes() == VIDEO
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / name) for name in names]


def test_one_of_several_that_fails_is_told_and_the_others_are_written(
    worker: ScriptedWorker, tmp_path: Path, inputs: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    thread = rendering(worker, 3)

    code = status("submit", *inputs, "--n", 3, "--field", "metadata[fails]=0")
    thread.join()

    assert (code, sorted(path.name for path in tmp_path.glob("it*"))) == (1, ["it.2.mp4", "it.3.mp4"])
    assert capsys.readouterr().err.count("ended as failed") == 1


def test_a_submit_until_poses_writes_these_and_no_video(
    worker: ScriptedWorker, tmp_path: Path, inputs: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    thread = rendering(worker, 1)

    code = status("submit", *inputs, "--until", "poses")
    thread.join()

    assert (code, sorted(path.name for path in tmp_path.glob("it*"))) == (0, ["it.keypoints.npy", "it.pose.mp4"])
    assert (tmp_path / "it.keypoints.npy").read_bytes() == KEYPOINTS


def test_captions_of_a_submitted_transcript_lie_beside_the_video(
    worker: ScriptedWorker, store: JobStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker.heartbeat()
    image, audio, own = tmp_path / "portrait.png", tmp_path / "speech.wav", tmp_path / "own.srt"
    image.write_bytes(PNG)
    audio.write_bytes(WAV)
    own.write_text("1\n00:00:00,100 --> 00:00:00,400\nHi\n")

    told = {"said": ("--transcript", "@home; <she> spoke", "--language", "en"), "own": ("--captions-file", own)}
    for name, words in told.items():
        finishing = threading.Thread(target=lambda: worker.finish(claimed_soon(worker)))
        finishing.start()
        out = tmp_path / f"{name}.mp4"
        assert status("submit", "--image", image, "--audio", audio, "--out", out, "--captions", "vtt", *words) == 0
        finishing.join()

    assert [(tmp_path / f"{name}.vtt").read_bytes() for name in ("said", "own")] == [CAPTIONS, CAPTIONS]
    by_file, by_words = (job.request for job in store.list_jobs("alice").jobs)
    assert (by_words.transcript, by_words.language, by_words.options.captions) == ("@home; <she> spoke", "en", "vtt")
    assert by_file.inputs["captions_file"].endswith(".srt")
    shown = capsys.readouterr()
    assert "--form-string 'transcript=@home; <she> spoke'" in shown.err
    assert str(tmp_path / "said.vtt") in shown.out.splitlines()
