"""An encoder is chosen that really encodes."""

import os

import av
import numpy as np
import pytest

from mmgt_core.media.encoders import CAREFUL, HARDWARE, QUICK, encodes, result_encoder
from mmgt_core.media.film_streams import Encoder
from mmgt_core.media.video_writer import VideoWriter


@pytest.mark.parametrize("encoder", [CAREFUL, QUICK])
def test_what_is_built_in_encodes_at_every_size_of_ours(encoder: Encoder) -> None:
    assert encodes(encoder, 128, 128)
    assert encodes(encoder, 512, 512)


@pytest.mark.parametrize(
    "encoder",
    [
        Encoder("no_such_encoder", {}, 1),
        Encoder("libx264", {"preset": "no-such-preset"}, 1),
    ],
)
def test_what_does_not_open_does_not_encode(encoder: Encoder) -> None:
    assert not encodes(encoder, 128, 128)


@pytest.mark.skipif(os.path.exists("/dev/nvidiactl"), reason="a GPU's encoder may open here")
def test_a_listed_encoder_without_its_driver_does_not_encode_and_x264_stands_in() -> None:
    assert HARDWARE.name in av.codecs_available

    assert not encodes(HARDWARE, 512, 512)
    assert result_encoder("cuda", 512, 512) is CAREFUL


def test_beside_networks_on_the_cpu_no_gpu_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmgt_core.media.encoders.encodes", lambda *_: pytest.fail("a GPU was tried"))

    assert result_encoder("cpu", 512, 512) is CAREFUL


def test_a_writer_takes_the_encoder_that_it_is_given(tmp_path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for name, encoder in (("careful.mp4", CAREFUL), ("quick.mp4", QUICK)):
        with VideoWriter(tmp_path / name, 64, 64, None, 3, encoder) as writer:
            for _ in range(3):
                writer.write(picture)

    assert b"subme=7" in (tmp_path / "careful.mp4").read_bytes()
    assert b"subme=2" in (tmp_path / "quick.mp4").read_bytes()
