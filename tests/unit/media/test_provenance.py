import contextlib
import io
import os
import shutil
import socket
import stat
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import av
import numpy as np
import pytest
from c2pa import Builder, C2paSignerInfo, C2paSigningAlg, Context, Reader, Settings, Signer
from cryptography import x509

from mmgt_core.media import provenance
from mmgt_core.media.provenance import (
    ABSENT,
    FACTS_LABEL,
    INVALID,
    VALID,
    GenerationFacts,
    NotAnMP4,
    ProvenanceReport,
    SigningFailed,
    VideoUnreadable,
    read_provenance,
    sign_video,
    verify_video,
)
from mmgt_core.media.signing_identity import (
    CHAIN_FILE,
    KEY_FILE,
    IdentityUnusable,
    ensure_identity,
    load_identity,
)
from mmgt_core.media.video_writer import VideoWriter
from tests.unit.media.recordings import SAMPLES, encode_sound, speech

CONSENTED_AT = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
FACTS = GenerationFacts("mmgt-demo", is_trained=False, seed=7, request_id="req_1", consented_at=CONSENTED_AT)
MAKE_IDENTITY = """
import sys, pathlib
from mmgt_core.media.signing_identity import ensure_identity
print("ready", flush=True)
sys.stdin.readline()
print(ensure_identity(pathlib.Path(sys.argv[1])).certificate_chain_pem.replace("\\n", ""))
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    sound = encode_sound(folder / "speech.flac", *speech(0.8), codec="flac")
    frames = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    with VideoWriter(folder / "film.mp4", 64, 64, sound=sound, num_frames=len(frames)) as writer:
        for frame in frames:
            writer.write(frame)
    return folder / "film.mp4"


@pytest.fixture(scope="module")
def identity_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys") / "identity"
    ensure_identity(folder)
    return folder


@pytest.fixture(scope="module")
def identity(identity_folder):
    return load_identity(identity_folder)


@pytest.fixture
def unmarked(tmp_path, film):
    return shutil.copy(film, tmp_path / "video.mp4")


@pytest.fixture
def marked(unmarked, identity):
    sign_video(unmarked, identity, FACTS)
    return unmarked


def boxes(content):
    """Kind, position and size of each top-level box."""
    found, position = [], 0
    while position < len(content):
        size, kind = struct.unpack_from(">I4s", content, position)
        found.append((kind, position, size))
        position += size
    return found


def decoded(path):
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray() for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    return np.stack(pictures), sound


def change_byte(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_an_unmarked_video_has_no_mark(unmarked):
    assert read_provenance(unmarked) == ProvenanceReport(is_present=False)


def test_a_marked_video_says_who_made_it_with_what_and_when(marked):
    report = read_provenance(marked)

    assert (report.is_present, report.is_valid, report.is_trusted) == (True, True, False)
    assert (report.signer, report.is_ai_generated, report.problems) == ("MMGT self-made signer", True, ())
    assert report.generator.startswith("MMGT 0.")
    assert abs(datetime.now(UTC) - report.created_at) < timedelta(minutes=1)


def test_the_mark_carries_the_facts_of_the_generation(marked):
    with marked.open("rb") as video, Reader("video/mp4", video) as reader:
        assertions = {item["label"]: item["data"] for item in reader.get_active_manifest()["assertions"]}

    assert assertions[FACTS_LABEL] == {
        "preset": "mmgt-demo",
        "is_trained": False,
        "seed": 7,
        "request_id": "req_1",
        "consented_at": "2026-11-03T12:00:00+00:00",
    }
    assert assertions["c2pa.actions.v2"]["actions"][0]["action"] == "c2pa.created"


def test_a_mark_is_trusted_by_its_own_anchor_and_by_no_other(marked, identity, tmp_path):
    stranger = ensure_identity(tmp_path / "stranger")

    assert read_provenance(marked, identity.trust_anchor_pem).is_trusted
    assert not read_provenance(marked, stranger.trust_anchor_pem).is_trusted


def test_the_marked_video_plays_the_same_frames_and_sound(film, marked):
    before, after = decoded(film), decoded(marked)

    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_array_equal(after[1], before[1])


def test_the_index_of_a_marked_video_still_stands_before_its_frames(marked):
    kinds = [kind for kind, _, _ in boxes(marked.read_bytes())]

    assert kinds.index(b"uuid") < kinds.index(b"moov") < kinds.index(b"mdat")


@pytest.mark.parametrize("kind", [b"moov", b"mdat", b"uuid"])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_one_changed_byte_makes_the_mark_invalid(marked, kind, share):
    content = marked.read_bytes()
    position, size = next((at, size) for found, at, size in boxes(content) if found == kind)
    change_byte(marked, position + int(size * share))

    report = read_provenance(marked)

    assert (report.is_present, report.is_valid, report.is_trusted) == (True, False, False)
    assert report.problems


def test_frames_of_another_video_under_the_mark_are_invalid(marked, unmarked, film, identity):
    content = marked.read_bytes()
    kind, position, size = boxes(content)[1]
    plain = bytearray(film.read_bytes())
    plain[-1] ^= 1
    _, ftyp_at, ftyp_size = boxes(bytes(plain))[0]
    marked.write_bytes(plain[: ftyp_at + ftyp_size] + content[position : position + size] + plain[ftyp_size:])

    assert kind == b"uuid"
    assert not read_provenance(marked).is_valid


def test_signing_again_replaces_the_mark(marked, identity):
    num_bytes = marked.stat().st_size

    sign_video(marked, identity, replace(FACTS, request_id="req_2"))

    assert read_provenance(marked).is_valid
    assert marked.stat().st_size == num_bytes


def test_signing_leaves_one_file_with_its_rights(unmarked, identity):
    unmarked.chmod(0o640)

    sign_video(unmarked, identity, FACTS)

    assert [found.name for found in unmarked.parent.iterdir()] == ["video.mp4"]
    assert stat.S_IMODE(unmarked.stat().st_mode) == 0o640


@pytest.mark.parametrize("content", [b"", b"hello", b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", b"\0\0\0\0ftyp"])
def test_what_is_no_mp4_is_told_and_left_as_it_was(tmp_path, identity, content):
    path = tmp_path / "video.mp4"
    path.write_bytes(content)

    with pytest.raises(NotAnMP4, match="not an MP4"):
        read_provenance(path)
    with pytest.raises(NotAnMP4, match="not an MP4"):
        sign_video(path, identity, FACTS)
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("video.mp4", content)]


@pytest.mark.parametrize("name", ["portrait.png", "speech.wav"])
def test_a_picture_or_a_recording_is_no_mp4(name):
    with pytest.raises(NotAnMP4):
        read_provenance(SAMPLES / name)


def test_a_cut_off_video_is_unreadable(marked):
    marked.write_bytes(marked.read_bytes()[:-100])

    with pytest.raises(VideoUnreadable, match=r"claims \d+ bytes of the \d+ left"):
        read_provenance(marked)


def test_a_missing_video_is_unreadable(tmp_path, identity):
    with pytest.raises(VideoUnreadable, match="No such file"):
        read_provenance(tmp_path / "none.mp4")
    with pytest.raises(VideoUnreadable, match="No such file"):
        sign_video(tmp_path / "none.mp4", identity, FACTS)


def test_a_video_of_endlessly_many_boxes_is_unreadable(unmarked):
    unmarked.write_bytes(unmarked.read_bytes() + b"\0\0\0\x08free" * 10_001)

    with pytest.raises(VideoUnreadable, match="more than 10000 parts"):
        read_provenance(unmarked)


def test_a_garbled_mark_is_present_and_invalid(marked):
    content = bytearray(marked.read_bytes())
    _, position, size = boxes(bytes(content))[1]
    content[position + 24 : position + size] = os.urandom(size - 24)
    marked.write_bytes(content)

    report = read_provenance(marked)

    assert (report.is_present, report.is_valid) == (True, False)
    assert report.problems


def test_a_mark_over_the_limit_is_refused_unread(marked, monkeypatch):
    monkeypatch.setattr(provenance, "_MAX_MARK_BYTES", 1000)

    report = read_provenance(marked)

    assert not report.is_valid
    assert "the limit is 1000" in report.problems[0]


def test_a_mark_that_lies_elsewhere_is_never_fetched(unmarked, identity):
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=note_connection, args=(server, connections), daemon=True).start()
        unmarked.write_bytes(marked_elsewhere(unmarked, identity, server.getsockname()[1]))

        report = read_provenance(unmarked)

        assert connections == []
    assert (report.is_present, report.is_valid) == (True, False)
    assert "remote manifest" in report.problems[0]


def note_connection(server, connections):
    with contextlib.suppress(OSError):  # the end of the test closes the server
        connections.append(server.accept()[0].close())


def marked_elsewhere(path, identity, port):
    info = C2paSignerInfo(
        C2paSigningAlg.ES256, identity.certificate_chain_pem.encode(), identity.private_key_pem.encode(), None
    )
    result = io.BytesIO()
    created = {"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}
    claim = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}]}
    unchecked = Context(Settings.from_dict({"version": 1, "verify": {"verify_after_sign": False}}))
    with path.open("rb") as video, Builder(claim, unchecked) as builder, Signer.from_info(info) as signer:
        builder.set_no_embed()
        builder.set_remote_url(f"http://127.0.0.1:{port}/mark.c2pa")
        builder.sign(signer, "video/mp4", video, result)
    return result.getvalue()


def test_a_certificate_that_may_not_sign_is_told_and_leaves_the_video(unmarked, identity):
    before = unmarked.read_bytes()
    root_only = replace(identity, certificate_chain_pem=identity.trust_anchor_pem)

    with pytest.raises(SigningFailed):
        sign_video(unmarked, root_only, FACTS)

    assert [(found.name, found.read_bytes()) for found in unmarked.parent.iterdir()] == [("video.mp4", before)]


def test_verify_answers_json_and_a_status_of_its_own_for_each_outcome(tmp_path, film, marked, identity_folder):
    nowhere = tmp_path / "none"

    absent = verify_video(film, [nowhere])
    valid = verify_video(marked, [nowhere])
    trusted = verify_video(marked, [identity_folder])
    change_byte(marked, marked.stat().st_size - 1)
    invalid = verify_video(marked, [identity_folder])

    assert [item.exit_code for item in (absent, valid, trusted, invalid)] == [ABSENT, VALID, VALID, INVALID]
    assert [item.body["is_trusted"] for item in (absent, valid, trusted, invalid)] == [False, False, True, False]
    assert (valid.body["file"], valid.body["problems"]) == ("video.mp4", [])
    assert datetime.fromisoformat(valid.body["created_at"])


def test_an_identity_is_made_once_and_private(tmp_path):
    folder = tmp_path / "new" / "identity"

    made, loaded = ensure_identity(folder), ensure_identity(folder)

    assert made == loaded
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / KEY_FILE)] == [0o700, 0o600]
    assert [path.name for path in folder.parent.iterdir()] == ["identity"]


def test_processes_that_start_at_once_get_the_same_identity(tmp_path):
    command = [sys.executable, "-c", MAKE_IDENTITY, str(tmp_path / "identity")]
    makers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for maker in makers:
        assert maker.stdout.readline() == "ready\n"

    for maker in makers:
        maker.stdin.write("\n")
        maker.stdin.flush()
    chains = {maker.communicate(timeout=60)[0] for maker in makers}

    assert [maker.returncode for maker in makers] == [0] * 4
    assert len(chains) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["identity"]


def test_the_key_never_shows_in_a_representation(identity):
    assert "PRIVATE" in identity.private_key_pem
    assert "PRIVATE" not in repr(identity)


def test_the_root_of_a_self_made_identity_can_sign_nothing_more(identity_folder, identity):
    leaf, root = x509.load_pem_x509_certificates(identity.certificate_chain_pem.encode())

    leaf.verify_directly_issued_by(root)
    assert sorted(path.name for path in identity_folder.iterdir()) == [CHAIN_FILE, KEY_FILE]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder, other: (folder / KEY_FILE).unlink(), "cannot be read"),
        (lambda folder, other: (folder / CHAIN_FILE).write_text("no certificate"), "cannot be read"),
        (lambda folder, other: shutil.copy(other / KEY_FILE, folder / KEY_FILE), "not the key of the first"),
    ],
)
def test_an_unusable_identity_is_told(tmp_path, identity_folder, spoil, message):
    folder = tmp_path / "identity"
    ensure_identity(folder)
    spoil(folder, identity_folder)

    with pytest.raises(IdentityUnusable, match=message):
        ensure_identity(folder)
