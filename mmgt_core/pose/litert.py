"""Small LiteRT networks whose files an installed package carries; nothing of that package is imported."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from mmgt_core.errors import WeightsError
from mmgt_core.keypoints import Float32Array

_CARRIER = "mediapipe"
_CARRIER_VERSION = "0.10.21"


class LiteRTNetwork:
    """One network: an image in, its outputs by name."""

    def __init__(self, path: Path) -> None:
        """Raises: WeightsError: no network that this runtime can read."""
        try:
            self._interpreter = Interpreter(model_path=str(path))
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise WeightsError(f"{path} is not a LiteRT network that can be run") from error
        self._input = self._interpreter.get_input_details()[0]
        self._outputs = self._interpreter.get_output_details()

    @property
    def input_size(self) -> int:
        """Side of the square image that it takes, in pixels."""
        return int(self._input["shape"][1])

    def run(self, image: Float32Array) -> dict[str, Float32Array]:
        """Args: image: (size, size, 3) float32. Returns: each output, its batch axis of one removed."""
        self._interpreter.set_tensor(self._input["index"], image[None].astype(np.float32))
        self._interpreter.invoke()
        return {output["name"]: self._interpreter.get_tensor(output["index"])[0] for output in self._outputs}


def carried_network(name: str) -> LiteRTNetwork:
    """Open one of the carrier's networks.

    Args:
        name: folder and file below its modules, e.g. "pose_detection/pose_detection".

    Raises:
        WeightsError: the carrier package or the file is absent.
    """
    spec = find_spec(_CARRIER)
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0]) / "modules" / f"{name}.tflite" if folders else None
    if path is None or not path.is_file():
        raise WeightsError(
            f"the default keypoint detector needs {name}.tflite, which the package {_CARRIER}=={_CARRIER_VERSION} "
            f"carries; install it with `pip install --no-deps {_CARRIER}=={_CARRIER_VERSION}`, or choose DWPose"
        )
    return LiteRTNetwork(path)
