"""From what a finished run left to the network: by the name of its architecture, or by widths where it was pruned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mien.training.blocks import trunk
from mien.training.emotion.net import ARCHS, EmotionNet, build


def restore(saved: Mapping[str, Any]) -> EmotionNet:
    """Return the network of a run's ``model.pt`` (see `mien.training.loops.finished`), in evaluation mode.

    Raises:
        InputError: no architecture goes by that name.
    """
    net = build(saved["arch"]) if "widths" not in saved else with_widths(saved["arch"], saved["widths"])
    net.load_state_dict(saved["state"])
    net.eval()
    return net


def with_widths(arch: str, widths: list[int]) -> EmotionNet:
    """Return a fresh network like ``arch`` with other numbers of channels per stage."""
    shape = ARCHS[arch]
    return EmotionNet(trunk(1, widths, shape["depths"], shape["strides"]), widths[-1])


def widths_of(net: EmotionNet, arch: str) -> list[int]:
    """Return the channels of each stage of a network like ``arch``."""
    ends = [sum(ARCHS[arch]["depths"][: stage + 1]) - 1 for stage in range(len(ARCHS[arch]["depths"]))]
    blocks: list[Any] = list(net.trunk.children())
    return [int(blocks[end].conv.out_channels) for end in ends]
