"""The age and gender network: a plain trunk and two linear heads over its mean."""

from __future__ import annotations

from typing import Any, Final

from torch import Tensor, nn

from mien.core.errors import InputError
from mien.training.blocks import fuse, trunk

SIDE: Final = 96
"""Of the input, in pixels."""
AGES: Final = 101
"""Classes of the age head: whole years 0–100; whoever is older counts as 100."""
ARCHS: Final[dict[str, dict[str, Any]]] = {
    "ag-s": {"widths": (16, 32, 64, 96), "depths": (1, 2, 3, 2), "strides": (2, 2, 2, 2)},
    "ag-m": {"widths": (32, 64, 128, 128), "depths": (1, 2, 3, 2), "strides": (2, 2, 2, 2)},
}
"""The widest that both files stay below the limit of what ships."""


class AttributeNet(nn.Module):
    """RGB ``[n, 3, 96, 96]`` → logits of the age in years ``[n, 101]`` and of "female" ``[n, 1]``."""

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], strides: tuple[int, ...]) -> None:
        super().__init__()
        self.trunk = trunk(3, widths, depths, strides)
        self.dropout = nn.Dropout(0.2)
        self.age = nn.Linear(widths[-1], AGES)
        self.gender = nn.Linear(widths[-1], 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.dropout(self.trunk(x).mean((2, 3)))
        return self.age(y), self.gender(y)

    def fuse(self) -> AttributeNet:
        """Turn every block into one convolution, in place; for export, after `eval`."""
        self.trunk = fuse(self.trunk)
        return self


def build(arch: str) -> AttributeNet:
    """Return a fresh network by name.

    Raises:
        InputError: no architecture goes by that name.
    """
    if arch not in ARCHS:
        raise InputError(f"unknown architecture {arch!r}: use one of {', '.join(ARCHS)}")
    return AttributeNet(**ARCHS[arch])
