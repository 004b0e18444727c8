"""Laws of lip synchronisation."""

import numpy as np
import pytest
import torch

from mmgt_core.errors import WeightsError
from mmgt_core.metrics import sync
from mmgt_core.metrics.sync import MAX_OFFSET_FRAMES, lip_sync_errors, load_syncnet, mel_cepstra, sync_distances
from mmgt_core.types import SAMPLES_PER_FRAME, Waveform
from tests.unit.metrics.stand_ins import MeanColours, SoundAndMouth, save_script

CPU = torch.device("cpu")


def test_equal_embeddings_are_at_no_distance_and_others_are_less_sure() -> None:
    drawn = torch.Generator().manual_seed(0)
    seen = torch.randn(80, 16, generator=drawn)
    other = torch.randn(80, 16, generator=drawn)

    distance, confidence = sync_distances(seen, seen)
    other_distance, other_confidence = sync_distances(seen, other)

    assert distance == 0
    assert confidence > 3 > other_confidence
    assert other_distance > 3


def test_a_constant_delay_within_fifteen_frames_costs_little_and_a_longer_one_much() -> None:
    seen = torch.randn(200, 16, generator=torch.Generator().manual_seed(1))

    late, too_late = (sync_distances(seen[:-20], seen.roll(shift, 0)[:-20])[0] for shift in (MAX_OFFSET_FRAMES, 18))

    assert late < 0.6 < too_late


def test_mouth_that_opens_with_the_sound_is_nearer_than_one_that_does_not(tmp_path) -> None:
    network = load_syncnet(save_script(SoundAndMouth(), tmp_path / "syncnet.pt"), "--syncnet", CPU)
    drawn = np.random.default_rng(0)
    loudness = np.repeat(drawn.uniform(0.01, 0.5, 12), 5)
    speech = Waveform(
        (np.repeat(loudness, SAMPLES_PER_FRAME) * drawn.uniform(-1, 1, 60 * SAMPLES_PER_FRAME)).astype(np.float32)
    )
    energy = np.log(loudness**2 * 400 / 3 * 2**30)
    faces = np.repeat((energy * 10).astype(np.uint8)[:, None, None, None], 3, axis=3).repeat(8, 1).repeat(8, 2)

    own = lip_sync_errors(network, faces, speech, CPU)
    other = lip_sync_errors(network, faces[::-1], speech, CPU)

    assert own is not None
    assert other is not None
    assert own[1] > other[1]


def test_faces_are_enlarged_a_batch_at_a_time_and_batches_give_what_one_piece_gives(tmp_path, monkeypatch) -> None:
    network = load_syncnet(save_script(SoundAndMouth(), tmp_path / "syncnet.pt"), "--syncnet", CPU)
    drawn = np.random.default_rng(0)
    faces = drawn.integers(0, 255, (60, 8, 8, 3)).astype(np.uint8)
    speech = Waveform(drawn.uniform(-0.5, 0.5, 60 * SAMPLES_PER_FRAME).astype(np.float32))
    enlarge, sizes = sync.resized, []

    def remember(pixels, side):
        sizes.append(len(pixels))
        return enlarge(pixels, side)

    monkeypatch.setattr(sync, "resized", remember)
    found = lip_sync_errors(network, faces, speech, CPU)
    monkeypatch.setattr(sync, "_BATCH", 100)

    whole = lip_sync_errors(network, faces, speech, CPU)

    assert sizes == [24, 24, 19, 59]
    assert found == pytest.approx(whole, rel=1e-5)


def test_a_network_that_is_no_syncnet_is_refused_by_option_and_methods(tmp_path) -> None:
    path = save_script(MeanColours(), tmp_path / "inception.pt")

    with pytest.raises(WeightsError, match=r"--syncnet: .*inception\.pt has no method forward_lip and no forward_aud"):
        load_syncnet(path, "--syncnet", CPU)


def test_a_clip_shorter_than_a_window_has_no_synchronisation(tmp_path) -> None:
    network = load_syncnet(save_script(SoundAndMouth(), tmp_path / "syncnet.pt"), "--syncnet", CPU)
    faces = np.zeros((4, 8, 8, 3), np.uint8)

    assert lip_sync_errors(network, faces, Waveform(np.zeros(6400, np.float32)), CPU) is None


def test_cepstra_come_every_hundredth_of_a_second_and_the_first_is_the_log_energy() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)

    loud, quiet = mel_cepstra(0.5 * tone), mel_cepstra(0.05 * tone)

    assert loud.shape == (99, 13)
    np.testing.assert_allclose((loud - quiet)[:, 0], np.log(100), rtol=1e-4)
    # A tone ten times as loud has the same spectrum's shape.
    np.testing.assert_allclose(loud[:, 1:], quiet[:, 1:], atol=0.05)


@pytest.mark.parametrize("samples", [0, 100, 400, 401])
def test_cepstra_of_the_shortest_sounds_have_at_least_one_step(samples) -> None:
    assert mel_cepstra(np.zeros(samples, np.float32)).shape == (2 if samples == 401 else 1, 13)
