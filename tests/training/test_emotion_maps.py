from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mien.core.errors import ModelError
from mien.models import zoo
from mien.training.emotion.maps import OUTPUTS, WithMaps
from mien.training.emotion.net import EmotionNet, build
from mien.training.emotion.ship import KEEP_OUTPUTS
from mien.training.emotion.train import SPEC
from mien.training.export import Exportable, export
from mien.training.quantise import in_batches, quantise


@pytest.fixture
def net() -> EmotionNet:
    torch.manual_seed(0)
    return build("fer-s").eval()


def test_the_logits_stay_and_are_means_of_the_maps(net: EmotionNet) -> None:
    pictures = torch.randn(3, 1, 48, 48)
    with torch.no_grad():
        emotion, fer2013 = net(pictures)
        outputs = dict(zip(OUTPUTS, WithMaps(net)(pictures), strict=True))
    assert torch.equal(outputs["emotion"], emotion)
    assert torch.equal(outputs["fer2013"], fer2013)
    assert torch.allclose(outputs["maps"].mean((2, 3)) + net.emotion.bias, emotion, atol=1e-5)


def test_both_files_explain_and_decide_as_without_maps(net: EmotionNet, tmp_path: Path) -> None:
    net.fuse()
    pictures = np.random.default_rng(0).normal(0, 0.8, (32, 1, 48, 48)).astype(np.float32)
    shape = (1, 1, 48, 48)
    files = {}
    for name, maker, outputs in (("plain", net, OUTPUTS[:2]), ("with", WithMaps(net), OUTPUTS)):
        model = Exportable(maker, name, "emotion", SPEC, shape, outputs, {0: "faces"})
        export(model, tmp_path)
        quantise(tmp_path, name, in_batches(pictures), keep_outputs=KEEP_OUTPUTS)
        files[name] = zoo.parse(
            name, zoo.read_manifest(tmp_path / "manifest.json")["models"][name], tmp_path / "weights"
        )
    bias = net.emotion.bias.detach().numpy()
    for precision in zoo.PRECISIONS:
        plain, explained = (zoo.open_checked(files[name], precision) for name in ("plain", "with"))
        assert np.array_equal(plain.run(pictures)["emotion"], explained.run(pictures, ["emotion"])["emotion"])
        got = explained.run(pictures)
        assert got["maps"].shape == (32, 8, *got["maps"].shape[2:])
        # In int8 the head is rounded and the maps are not: the two agree to a few steps of the logits' scale.
        off = np.abs(got["maps"].mean((2, 3)) + bias - got["emotion"]).max()
        assert off <= (1e-3 if precision == "fp32" else 0.05) * np.abs(got["emotion"]).max()
        assert set(explained.spec.files[precision].golden) == {"emotion", "fer2013"}
        with pytest.raises(ModelError, match="maps"):
            plain.run(pictures, ["maps"])
