from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mien.core.errors import StoreError
from mien.core.types import Faces, FrameResult
from mien.store import packing
from mien.store.packing import FACE, SUMS, UNKNOWN, Rows

TABLES = arrays(np.int32, st.tuples(st.integers(0, 40), st.integers(1, 8)), elements=st.integers(UNKNOWN, 2**31 - 1))


@given(TABLES)
def test_what_is_packed_comes_back(rows: Rows) -> None:
    back = packing.unpack(packing.pack(rows))
    assert back.dtype == np.int32
    assert back.shape == rows.shape
    assert (back == rows).all()


def test_a_face_takes_few_bytes_however_restless_it_is() -> None:
    random = np.random.default_rng(3)
    scales = np.array(list(FACE.values()))
    steps = random.normal(0, 0.02, (100, len(FACE))) * scales  # ten seconds at ten results a second, every column known
    rows = np.rint(steps.cumsum(0)).astype(np.int32)
    assert len(packing.pack(rows)) / len(rows) < 40
    still = np.repeat(rows[:1], 100, axis=0)
    assert len(packing.pack(still)) / len(still) < 3


@pytest.mark.parametrize("damage", [b"", b"\1", packing.pack(np.zeros((3, 2), np.int32))[:-4], bytes(30)])
def test_damaged_blocks_are_told(damage: bytes) -> None:
    with pytest.raises(StoreError, match="damaged"):
        packing.unpack(damage)


def test_what_is_not_known_stays_unknown_and_counts_for_nothing() -> None:
    faces = Faces.from_boxes([[0, 0, 9, 9], [1e30, 0, 9, 9]]).replace(
        tracks=[5, 6], signals=[[70, np.nan, np.nan, 0.5], [np.nan] * 4], reason=[-1, 2]
    )
    rows, tracks = packing.face_rows(FrameResult(0, 0.0, 9, 9, faces), 1234, 40)
    assert tracks.tolist() == [5, 6]
    values = [dict(zip(FACE, row, strict=True)) for row in rows.tolist()]
    assert [value["reason"] for value in values] == [UNKNOWN, 2]
    assert (values[0]["satisfaction"], values[0]["attention"], values[0]["expressiveness"]) == (700, UNKNOWN, 500)
    assert values[1]["x1"] == 2**31 - 1, "beyond what can be kept"
    sums = dict(zip(SUMS, packing.contributions(rows).sum(0).tolist(), strict=True))
    assert (sums["samples"], sums["rated"], sums["shown_for"]) == (2, 0, 80)
    assert (sums["sum_satisfaction"], sums["n_satisfaction"], sums["n_attention"]) == (700, 1, 0)
    assert sum(value for name, value in sums.items() if name.startswith("ms_")) == 0


def test_faces_without_tracks_belong_to_nobody() -> None:
    rows, tracks = packing.face_rows(FrameResult(0, 0.0, 9, 9, Faces.from_boxes([[0, 0, 9, 9]])), 0, 0)
    assert (rows.shape, len(tracks)) == ((0, len(FACE)), 0)
