"""Write toy_yolox.onnx and toy_pose.onnx: the shapes of DWPose's networks, with an answer that can be computed by eye.

Run by hand where the `onnx` package is installed; the two files it writes are kept beside it.
The detector sees a person of 160 x 240 pixels around every cell that is purely red. The pose network puts
every keypoint where green is brightest.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

FOLDER = Path(__file__).parent
PERSON_SIZE = (160.0, 240.0)
NUM_VALUES, NUM_KEYPOINTS = 85, 133
BLUE, GREEN, RED = 0, 1, 2


def toy_yolox():
    nodes, constants, grids = [], [], []
    for stride in (8, 16, 32):
        weight = np.zeros((NUM_VALUES, 3, 1, 1), np.float32)
        bias = np.zeros(NUM_VALUES, np.float32)
        weight[4, :, 0, 0] = np.array([-1, -1, 1]) / 255  # objectness; the input is BGR
        bias[:2] = 0.5
        bias[2:4] = np.log(np.array(PERSON_SIZE) / stride)
        bias[5] = 0.9 if stride == 32 else 0.0  # persons at the coarsest layer only
        constants += [
            numpy_helper.from_array(weight, f"weight{stride}"),
            numpy_helper.from_array(bias, f"bias{stride}"),
        ]
        kernel = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
        nodes += [
            helper.make_node("AveragePool", ["images"], [f"cells{stride}"], **kernel),
            helper.make_node("Conv", [f"cells{stride}", f"weight{stride}", f"bias{stride}"], [f"map{stride}"]),
            helper.make_node("Reshape", [f"map{stride}", "flat"], [f"flat{stride}"]),
        ]
        grids.append(f"flat{stride}")
    constants.append(numpy_helper.from_array(np.array([1, NUM_VALUES, -1]), "flat"))
    nodes += [
        helper.make_node("Concat", grids, ["all"], axis=2),
        helper.make_node("Transpose", ["all"], ["output"], perm=[0, 2, 1]),
    ]
    return _model(nodes, constants, [1, 3, 640, 640], {"output": [1, 8400, NUM_VALUES]})


def toy_pose():
    pick = np.zeros((1, 3, 1, 1), np.float32)
    pick[0, GREEN] = 1
    constants = [
        numpy_helper.from_array(pick, "pick"),
        numpy_helper.from_array(np.array([1, 1, -1, 1]), "column"),
        numpy_helper.from_array(np.array([1, 1, 1, 2]), "twice"),
        numpy_helper.from_array(np.array([1, 1, -1]), "row"),
        numpy_helper.from_array(np.array([1, NUM_KEYPOINTS, 1]), "each"),
    ]
    nodes = [helper.make_node("Conv", ["input", "pick"], ["green"])]
    for name, axis in (("simcc_x", 2), ("simcc_y", 3)):
        nodes += [
            helper.make_node("ReduceMax", ["green"], [f"{name}_peak"], axes=[axis], keepdims=0),
            helper.make_node("Reshape", [f"{name}_peak", "column"], [f"{name}_column"]),
            helper.make_node("Tile", [f"{name}_column", "twice"], [f"{name}_doubled"]),
            helper.make_node("Reshape", [f"{name}_doubled", "row"], [f"{name}_row"]),
            helper.make_node("Tile", [f"{name}_row", "each"], [name]),
        ]
    return _model(nodes, constants, [1, 3, 384, 288], {"simcc_x": [1, 133, 576], "simcc_y": [1, 133, 768]})


def _model(nodes, constants, input_shape, outputs):
    name = nodes[0].input[0]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    return model


if __name__ == "__main__":
    save(toy_yolox(), FOLDER / "toy_yolox.onnx")
    save(toy_pose(), FOLDER / "toy_pose.onnx")
