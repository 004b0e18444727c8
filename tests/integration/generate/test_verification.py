import json
from pathlib import Path

from mmgt_core.media.provenance import ABSENT, INVALID, VALID
from tests.integration.generate.command import IDENTITY, generate, mmgt, record
from tests.unit.media.recordings import encode_film


def verified(path: Path):
    result = mmgt("verify", path, "--identity", Path(IDENTITY.name) / "identity")
    return result.status, json.loads(result.stdout)


def test_every_generated_mp4_verifies_and_a_changed_byte_shows(tmp_path):
    out = tmp_path / "out.mp4"
    assert generate(out, "--audio", record(tmp_path / "speech.wav", 0.5), "--save", "pose").status == 0

    status, body = verified(out)
    pose_status, _ = verified(tmp_path / "out.pose.mp4")
    content = bytearray(out.read_bytes())
    content[-10] ^= 1
    out.write_bytes(content)
    changed, _ = verified(out)

    assert status == pose_status == VALID
    assert body["is_ai_generated"]
    assert body["is_trusted"]
    assert changed == INVALID


def test_a_video_without_a_mark_is_told_from_one_that_was_changed(tmp_path):
    status, body = verified(encode_film(tmp_path / "film.mp4"))

    assert status == ABSENT
    assert not body["is_present"]
