"""A few-step student of the denoising UNet: the same network with other gains and biases and another last convolution.

It is kept as differences to its teacher, a hundredth of the teacher's size; all that it has in common is shared.
"""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import nn

from mmgt_core.unet.denoising_unet import DenoisingUNet

_LAST_CONVOLUTION = "conv_out.weight"


class StudentDifferences(nn.Module):
    """What a student adds to some parameters of its teacher: zeros at first. One row, so that a file stays small."""

    def __init__(self, teacher: DenoisingUNet) -> None:
        """Args: teacher: for its shapes; it may be without memory."""
        super().__init__()
        self._shapes = {
            name: value.shape
            for name, value in sorted(teacher.named_parameters())
            if value.dim() == 1 or name == _LAST_CONVOLUTION
        }
        self.values = nn.Parameter(torch.zeros(sum(shape.numel() for shape in self._shapes.values())))

    def added_to(self, teacher: DenoisingUNet) -> dict[str, torch.Tensor]:
        """The student's own parameters by name; gradients pass to the differences."""
        sizes = [shape.numel() for shape in self._shapes.values()]
        pieces = zip(self._shapes.items(), self.values.split(sizes), strict=True)
        return {name: teacher.get_parameter(name) + piece.view(shape) for (name, shape), piece in pieces}


def student_of(teacher: DenoisingUNet, differences: StudentDifferences) -> DenoisingUNet:
    """The student as a network of its own; tensors that do not differ are the teacher's, not copies."""
    shared: Mapping[int, torch.Tensor] = {id(value): value for value in [*teacher.parameters(), *teacher.buffers()]}
    student = deepcopy(teacher, dict(shared))
    for name, value in differences.added_to(teacher).items():
        path, _, leaf = name.rpartition(".")
        setattr(student.get_submodule(path), leaf, nn.Parameter(value.detach(), requires_grad=False))
    return student
