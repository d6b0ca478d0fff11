from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mien.core.errors import InputError
from mien.core.labels import EMOTIONS, FER2013
from mien.evaluation.emotion_data import EmotionSet
from mien.models import zoo
from mien.models.emotion import EmotionModel
from mien.training.emotion import ship
from mien.training.emotion.yardsticks import LEAST_RATE, YARDSTICKS, Plateau, Recipe, Yardstick, mini_xception, train
from mien.training.export import export


def bright(n: int, seed: int) -> EmotionSet:
    """Pictures whose brightness is their class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n) * 3
    images = np.clip(rng.normal(60 + 40 * labels, 12, (48, 48, n)), 0, 255).astype(np.uint8).transpose(2, 0, 1)
    return EmotionSet("bright", images.copy(), labels, None, None, np.zeros(n, bool))


def test_mini_xception_has_its_authors_size() -> None:
    count = sum(p.numel() for p in mini_xception().parameters())
    assert count == pytest.approx(58_000, rel=0.03)


@pytest.mark.parametrize("arch", YARDSTICKS)
def test_the_eight_are_the_seven_in_their_places_and_never_contempt(arch: str) -> None:
    net = Yardstick(arch).eval()
    with torch.no_grad():
        eight, seven = net(torch.randn(3, 1, 48, 48))
    assert torch.equal(eight[:, EMOTIONS.index("happiness")], seven[:, FER2013.index("happiness")])
    assert torch.equal(eight[:, EMOTIONS.index("anger")], seven[:, FER2013.index("anger")])
    assert (torch.softmax(eight, 1)[:, EMOTIONS.index("contempt")] < 1e-3).all()


def test_the_rate_falls_and_the_run_ends_when_the_loss_stands_still() -> None:
    plateau = Plateau(1e-3, patience=2)
    assert plateau.take(1.0)
    assert plateau.take(0.9)
    assert not plateau.take(0.95)
    assert plateau.rate == 1e-3
    assert not plateau.take(0.9)
    assert plateau.rate == pytest.approx(1e-4)
    assert plateau.take(0.8), "a better one starts the count anew"
    for _ in range(7):
        plateau.take(0.8)
    assert not plateau.over
    plateau.take(0.8)
    assert plateau.over
    assert plateau.rate >= LEAST_RATE


class Stop(Exception):
    pass


def test_it_trains_stops_goes_on_and_is_measured_like_the_others(tmp_path: Path) -> None:
    data, dev = bright(96, 0), bright(48, 1)
    recipe = Recipe("mini-xception", epochs=4, batch=16, rate=3e-3)
    seen: list[float] = []

    def stop_after_two(line: dict[str, float]) -> None:
        seen.append(line["dev_loss"])
        if len(seen) == 2:
            raise Stop

    with pytest.raises(Stop):
        train(recipe, data, dev, tmp_path / "run", stop_after_two)
    train(recipe, data, dev, tmp_path / "run", stop_after_two)
    assert len(seen) == 4
    export(ship.exportable(tmp_path / "run"), tmp_path / "zoo")
    model = EmotionModel(zoo.open_checked(zoo.catalogue(tmp_path / "zoo" / "manifest.json")["emotion"], "fp32"))
    logits = model.logits(dev.images)["fer2013"]
    chosen = float(torch.nn.functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(dev.fer_label)))
    assert chosen == pytest.approx(min(seen), abs=0.02), "the epoch with the least loss is kept"


def test_nothing_to_learn_is_refused(tmp_path: Path) -> None:
    none = bright(8, 0)
    unlabelled = EmotionSet(none.name, none.images, np.full(8, -1), None, None, none.leave_out)
    with pytest.raises(InputError, match="seven"):
        train(Recipe(epochs=1), unlabelled, none, tmp_path, lambda _: None)
