"""What is prepared of a filmed person blinks where the person does, though the detector hardly sees lids move."""

import io

import numpy as np

from mmgt_core.keypoints import FACE
from mmgt_core.pose.eyelids import blinks, eye_opening
from mmgt_core.pose.framing import CropChoice, choose_frame, crop_image
from mmgt_core.pose.landmarks import LandmarkDetector
from mmgt_core.training.preparation.tracking import track_person
from tests.unit.pose.photographs import photograph
from tests.unit.pose.shut_eyes import with_lids_drawn_down

NUM_FRAMES, BLINK = 40, range(20, 25)


def test_lids_of_a_prepared_film_shut_where_the_persons_do() -> None:
    image, detector = photograph("portrait.png"), LandmarkDetector()
    (person,) = detector.detect(image)
    shut = with_lids_drawn_down(image, person.keypoints, 1.0)
    frame = choose_frame((image.shape[0], image.shape[1]), person, CropChoice.auto())

    track = track_person([shut if at in BLINK else image for at in range(NUM_FRAMES)], frame, detector, io.BytesIO())

    openness = eye_opening(track.keypoints) / eye_opening(track.keypoints)[0]
    as_found = eye_opening(detector.detect(crop_image(shut, frame))[0].keypoints[None])
    assert [list(blink) for blink in blinks(openness)] == [list(BLINK)]
    assert float(as_found[0]) > 0.6 * float(eye_opening(track.keypoints)[0])  # by itself it would not be a blink
    assert np.isfinite(track.keypoints[:, FACE]).all()
    assert track.is_known.all()
