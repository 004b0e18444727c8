"""The arithmetic around the two keypoint networks, with recorded network outputs standing for the networks."""

from collections.abc import Iterator

import numpy as np

from mmgt_core.keypoints import Float32Array, normalise, without_legs_flat
from mmgt_core.parity.case import GoldenCase, Produced
from mmgt_core.pose.dwpose import dwpose_keypoints


def run_dwpose_glue(case: GoldenCase) -> Iterator[Produced]:
    """Both networks' inputs, every person's keypoints, and the condition that stage 1 gets."""
    detector_inputs: list[Float32Array] = []
    pose_inputs: list[Float32Array] = []

    def run_detector(pixels: Float32Array) -> Float32Array:
        detector_inputs.append(pixels)
        return case["in/det_pred_fp16"].float().numpy()

    def run_pose(pixels: Float32Array) -> tuple[Float32Array, Float32Array]:
        person = len(pose_inputs)
        pose_inputs.append(pixels)
        return case[f"in/simcc_x_{person}"].numpy(), case[f"in/simcc_y_{person}"].numpy()

    people = dwpose_keypoints(case["in/image_rgb_uint8"].numpy(), run_detector, run_pose)
    yield "mid/det_input_uint8", detector_inputs[0].astype(np.uint8)
    yield "mid/pose_input_0", pose_inputs[0]
    yield "out/n_person", np.array(len(people))
    yield "out/raw_keypoints_402", people.reshape(len(people), -1)
    yield "out/normalized_402", normalise(people[0])
    yield "out/init_feature_masked", without_legs_flat(normalise(people[0]))[None]
