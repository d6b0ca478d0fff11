from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from attributing import Brightness, stand_in

from mien.core.errors import MissingDependencyError, ModelError
from mien.core.types import Faces, FloatArray, Image
from mien.models import attributes, zoo
from mien.models.attributes import expected, quantile, read_grey, sigmoid


def crops(*values: int) -> Image:
    return np.stack([np.full((96, 96, 3), value, np.uint8) for value in values])


def spike(*years: int) -> FloatArray:
    return np.eye(101, dtype=np.float32)[list(years)]


def test_faces_are_read_in_small_batches() -> None:
    session = Brightness()
    used = stand_in(session)
    years, female = used.predict(crops(*range(60, 79)))
    assert session.batches == [8, 8, 3]
    assert years.shape == (19, 101)
    assert years.sum(1) == pytest.approx(np.ones(19), abs=1e-5)
    assert expected(years) == pytest.approx(np.arange(60, 79) / 2.55, abs=0.1)
    assert female == pytest.approx(np.full(19, 0.5))


def test_no_faces_need_no_network() -> None:
    session = Brightness()
    years, female = stand_in(session).predict(np.empty((0, 96, 96, 3), np.uint8))
    assert (years.shape, female.shape, session.batches) == ((0, 101), (0,), [])
    ages = stand_in().ages(years)
    assert ages.age.shape == ages.low.shape == ages.high.shape == (0,)


def test_the_manifest_calibrates() -> None:
    age, gender = stand_in().logits(crops(128, 90))
    plain, _ = stand_in().calibrated(age, gender)
    soft, _ = stand_in(temperature=4.0).calibrated(age, gender)
    assert soft == pytest.approx(plain**0.25 / (plain**0.25).sum(1, keepdims=True), abs=1e-5)
    _, female = stand_in(gender_temperature=2.0).calibrated(age, np.array([3.0, -3.0], np.float32))
    assert female == pytest.approx([0.8176, 0.1824], abs=1e-4)


def test_the_interval_holds_four_in_five_and_is_widened() -> None:
    even = np.full((1, 101), 1 / 101, np.float32)
    ages = stand_in().ages(even)
    assert (ages.age[0], ages.low[0], ages.high[0]) == pytest.approx((50, 9.6, 90.4), abs=1e-3)
    wider = stand_in(interval=3.0).ages(even)
    assert (wider.low[0], wider.high[0]) == pytest.approx((6.6, 93.4), abs=1e-3)
    far = stand_in(interval=30.0).ages(even)
    assert (far.low[0], far.high[0]) == (0, 100), "nobody is younger than 0"


def test_quantiles_by_hand() -> None:
    assert quantile(spike(30, 0, 100), 0.5) == pytest.approx([30, 0, 100])
    two = 0.5 * (spike(20) + spike(40))
    assert [float(quantile(two, share)[0]) for share in (0.25, 0.5, 0.75)] == pytest.approx([20, 20.5, 40])
    rng = np.random.default_rng(0)
    some = rng.dirichlet(np.ones(101), 50).astype(np.float32)
    low, middle, high = (quantile(some, share) for share in (0.1, 0.5, 0.9))
    assert (low < middle).all()
    assert (middle < high).all()


def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e4, 0, 1e4], np.float32)).tolist() == [0, 0.5, 1]


def test_small_and_poor_faces_are_unfit() -> None:
    faces = Faces.from_boxes([[0, 0, 31, 32], [0, 0, 33, 32], [0, 0, 100, 100]])
    assert stand_in().unfit(faces).tolist() == [True, False, False]
    assert stand_in(min_face=64).unfit(faces).tolist() == [True, True, False]
    assert stand_in().unfit(faces.replace(reason=[-1, -1, 3])).tolist() == [True, False, True]


def test_uncertain_are_infants_the_unfit_and_genders_in_doubt() -> None:
    age = np.array([2.9, 3.1, 30, 30, 30], np.float32)
    female = np.array([0.99, 0.99, 0.79, 0.19, 0.99], np.float32)
    ages, genders = stand_in().uncertain(age, female, np.array([0, 0, 0, 0, 1], bool))
    assert ages.tolist() == [True, False, False, False, True]
    assert genders.tolist() == [True, False, True, False, True]


def test_a_network_without_the_outputs_is_refused() -> None:
    with pytest.raises(ModelError, match="has no output gender: it has age, other"):
        stand_in(Brightness("age", "other"))


def test_grey_faces_are_enlarged() -> None:
    greys = np.stack([np.full((48, 48), value, np.uint8) for value in (51, 102)])
    age, female = read_grey(stand_in(), greys)
    assert age == pytest.approx([20, 40], abs=0.1)
    assert female == pytest.approx([0.5, 0.5])
    age, female = read_grey(stand_in(), greys[:0])
    assert age.shape == female.shape == (0,)


def test_a_picture_is_read_in_the_right_colours() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[..., 2] = 255  # BGR: red
    used = stand_in()
    _, female = used.predict(used.align(image, Faces.from_boxes([[50, 50, 150, 150]])))
    assert female[0] > 0.99


def test_a_copy_without_the_model_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(zoo, "catalogue", lambda: {})
    with pytest.raises(MissingDependencyError, match="mien train attributes"):
        attributes.load()
    spec = dataclasses.replace(
        stand_in().spec, files={"int8": zoo.ModelFile(tmp_path / "attributes.int8.onnx", "0" * 64, {}, 0.0)}
    )
    monkeypatch.setattr(zoo, "catalogue", lambda: {"attributes": spec})
    with pytest.raises(MissingDependencyError, match=r"attributes\.int8\.onnx, which this copy of Mien comes without"):
        attributes.load()
    spec.files["int8"].path.write_bytes(b"something else")
    with pytest.raises(ModelError, match="was altered"):
        attributes.load()


def test_only_what_is_wanted_is_filled() -> None:
    faces = Faces.from_boxes([[0, 0, 100, 100]] * 2)
    years, female = spike(1, 40), np.array([0.9, 0.1], np.float32)
    age = stand_in().fill(faces, years, female, np.array([False, False]), ["age"])
    assert age.age is not None
    assert (age.age.tolist(), age.gender, age.gender_uncertain) == ([1, 40], None, None)
    assert age.age_uncertain is not None
    assert age.age_uncertain.tolist() == [True, False]
    gender = stand_in().fill(faces, years, female, np.array([False, True]), ["gender"])
    assert gender.gender_uncertain is not None
    assert (gender.age, gender.age_low, gender.gender_uncertain.tolist()) == (None, None, [True, True])


def test_the_licence_is_said_when_it_is_switched_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    used = stand_in()
    monkeypatch.setattr(zoo, "catalogue", lambda: {"attributes": used.spec})
    monkeypatch.setattr(zoo, "load", lambda *_: used.model)
    attributes.load()
    assert "non-commercial" in caplog.text
