from __future__ import annotations

import pickle

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from mien.core.errors import ModelError
from mien.models.runtime import Session, golden_input, golden_sample, refuse_external_data, self_test


def tiny(external: bool = False, nested: bool = False) -> bytes:
    """A model that doubles its input; its factor may claim to lie in another file, or inside a branch."""
    factor = numpy_helper.from_array(np.array([2.0], np.float32), "factor")
    if external:
        factor.ClearField("raw_data")
        factor.data_location = TensorProto.EXTERNAL
        entry = factor.external_data.add()
        entry.key, entry.value = "location", "/etc/passwd"
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, 2, 2])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 1, 2, 2])
    if nested:
        constant = helper.make_node("Constant", [], ["factor"], value=factor)
        graph = helper.make_graph(
            [constant, helper.make_node("Mul", ["image", "factor"], ["out"])], "g", [image], [out]
        )
    else:
        graph = helper.make_graph(
            [helper.make_node("Mul", ["image", "factor"], ["out"])], "g", [image], [out], [factor]
        )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(model.SerializeToString())


def test_a_session_computes() -> None:
    out = Session(tiny()).run(np.full((3, 1, 2, 2), 1.5, np.float32))
    assert list(out) == ["out"]
    assert (out["out"] == 3).all()


@pytest.mark.parametrize("nested", [False, True])
def test_weights_in_other_files_are_refused(nested: bool) -> None:
    with pytest.raises(ModelError, match="another file"):
        refuse_external_data(tiny(external=True, nested=nested))


@pytest.mark.parametrize("data", [b"", b"hello", pickle.dumps({"a": 1}), b"PK\x03\x04" + bytes(40), tiny()[:-7]])
def test_what_is_not_onnx_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        Session(data, "thing")


@given(st.binary(max_size=200))
def test_the_walk_ends_on_any_bytes(data: bytes) -> None:
    try:
        refuse_external_data(data)
    except ModelError:
        return
    assert len(data) > 0


def test_the_self_test_tells_right_from_wrong() -> None:
    session = Session(tiny())
    right = (2 * golden_sample(golden_input((1, 1, 2, 2)))).tolist()
    assert self_test(session, (1, 1, 2, 2), {"out": right}) < 1e-6
    assert self_test(session, (1, 1, 2, 2), {"out": [v + 1 for v in right]}) == pytest.approx(1, abs=1e-5)
    assert self_test(session, (1, 1, 2, 2), {"out": right[:2]}) == float("inf")
    with pytest.raises(ModelError, match="other"):
        self_test(session, (1, 1, 2, 2), {"other": right})


def test_the_walk_agrees_with_onnx_on_a_real_file() -> None:
    model = onnx.load_from_string(tiny())
    assert not any(t.data_location == TensorProto.EXTERNAL for t in model.graph.initializer)
    refuse_external_data(model.SerializeToString())
