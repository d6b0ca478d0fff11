from __future__ import annotations

import cv2
import numpy as np
import pytest

from mien.core.types import FloatArray, Image
from mien.evaluation import robustness
from mien.evaluation.emotion_data import EmotionSet
from mien.evaluation.robustness import CONDITIONS, blurred, changed, compressed, dark, shifted, small, turned
from mien.models import zoo
from mien.models.emotion import EmotionModel


def texture() -> Image:
    noise = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 1), np.uint8)


def detail(image: Image) -> float:
    return float(cv2.Laplacian(image, cv2.CV_32F).var())


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_change_is_pure_and_keeps_the_shape(name: str) -> None:
    for change in CONDITIONS[name]:
        crop = texture()
        once = change(crop)
        assert once.shape == crop.shape
        assert once.dtype == np.uint8
        assert np.array_equal(crop, texture()), "the crop that was given is not touched"
        assert np.array_equal(once, change(crop)), "the same answer twice"
        assert not np.array_equal(once, crop)


def test_blur_small_and_jpeg_take_detail() -> None:
    crop = texture()
    assert detail(blurred(crop)) < 0.3 * detail(crop)
    assert detail(blurred(crop, 3)) < detail(blurred(crop, 1))
    assert detail(small(crop)) < 0.5 * detail(crop)
    apart = [np.abs(compressed(crop, q).astype(int) - crop).mean() for q in (95, 30, 5)]
    assert apart[0] < apart[1] < apart[2]


def test_half_the_pixels_of_a_picture_without_detail_are_enough() -> None:
    ramp = np.tile(np.linspace(0, 200, 48).astype(np.uint8), (48, 1))
    assert np.abs(small(ramp)[:, 2:-2].astype(int) - ramp[:, 2:-2]).max() <= 3


def test_darkness_leaves_a_share_of_the_light_and_adds_noise() -> None:
    grey = np.full((48, 48), 200, np.uint8)
    seen = dark(grey, light=0.2, noise=4)
    assert seen.mean() == pytest.approx(40, abs=0.5)
    assert seen.std() == pytest.approx(4, abs=0.3)
    assert dark(grey, light=0.5, noise=0).tolist() == np.full((48, 48), 100).tolist()


def test_turning_by_a_right_angle_is_exact() -> None:
    crop = texture()
    assert np.abs(turned(crop, 90).astype(int) - np.rot90(crop)).max() <= 1


def test_shifting_moves_right_and_down_and_repeats_the_edge() -> None:
    crop = texture()
    moved = shifted(crop, 6 / 48, 12 / 48)
    assert np.array_equal(moved[12:, 6:], crop[:-12, :-6])
    assert np.array_equal(moved[0, 6:], crop[0, :-6])


class ByBrightness(EmotionModel):
    """Says surprise on bright pictures and sadness on dark ones; sure of both."""

    def logits(self, crops: Image) -> dict[str, FloatArray]:
        bright = crops.mean((1, 2)) > 80
        eight = np.zeros((len(crops), 8), np.float32)
        eight[np.arange(len(crops)), np.where(bright, 2, 3)] = 9
        seven = np.zeros((len(crops), 7), np.float32)
        seven[np.arange(len(crops)), np.where(bright, 5, 4)] = 9
        return {"emotion": eight, "fer2013": seven}


def test_agreement_and_accuracy_of_a_model_that_looks_at_brightness_alone() -> None:
    model = ByBrightness(zoo.load("emotion"))
    images = np.stack([np.full((48, 48), grey, np.uint8) for grey in (200, 180, 160, 20)])
    votes = 10 * np.eye(10, dtype=np.float32)[[2, 2, 2, 2]]
    data = EmotionSet("grey", images, np.array([5, 5, 5, 5]), votes, None, np.zeros(4, bool))
    conditions = robustness.evaluate(model, data)["conditions"]
    assert list(conditions) == ["clean", *CONDITIONS]
    assert conditions["clean"] | {"agreement": 1, "fer2013": 0.75, "ferplus": 0.75} == conditions["clean"]
    assert conditions["blur"]["agreement"] == 1
    assert conditions["low light"]["agreement"] == 0.25, "three bright ones turn dark"
    assert conditions["low light"]["ferplus"] == 0
    assert conditions["low light"]["certain"] == 1


def test_a_condition_of_several_changes_is_their_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robustness, "CONDITIONS", {"half": (lambda crop: crop, lambda crop: crop // 8)})
    model = ByBrightness(zoo.load("emotion"))
    images = np.full((2, 48, 48), 200, np.uint8)
    data = EmotionSet("grey", images, np.array([5, 5]), None, None, np.zeros(2, bool))
    assert robustness.evaluate(model, data)["conditions"]["half"]["agreement"] == 0.5


def test_changing_a_set_keeps_its_labels() -> None:
    data = EmotionSet("one", texture()[None], np.array([3]), None, None, np.zeros(1, bool))
    worse = changed(data, blurred)
    assert np.array_equal(worse.images[0], blurred(texture()))
    assert worse.fer_label is data.fer_label
