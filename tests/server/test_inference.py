"""The networks by themselves: by a public client of the Open Inference Protocol, and by hand."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
import tritonclient.http as triton
from model_serving import model_server
from serving import WAIT, MakeServer, Running

from mien.core.settings import AnalyzerSettings
from mien.core.types import FloatArray
from mien.live.fake import FakeEngine
from mien.models import oip, zoo
from mien.models.networks import Networks
from mien.server.services import Backend

KEY = "a key that is long enough"
INFER = "/v2/models/emotion/infer"
PREDICT = "/v1/models/emotion:predict"


@pytest.fixture(scope="module")
def address(_clean_environment: None) -> Iterator[str]:
    with model_server() as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(address.removeprefix("http://"))
    yield client
    client.close()


@pytest.fixture(scope="module")
def faces() -> FloatArray:
    return np.random.default_rng(5).normal(0, 0.5, (3, 1, 48, 48)).astype(np.float32)


@pytest.fixture(scope="module")
def expected(faces: FloatArray) -> dict[str, FloatArray]:
    return zoo.load("emotion").run(faces)


def message(values: FloatArray, **more: Any) -> dict[str, Any]:
    return {"inputs": [oip.describe("image", values.shape, data=values.ravel().tolist())], **more}


def test_a_public_client_finds_its_way(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert client.is_model_ready("emotion")
    assert client.is_model_ready("emotion", zoo.find("emotion").version)
    assert not client.is_model_ready("emotion", "1")
    assert not client.is_model_ready("telepathy")


@pytest.mark.parametrize("name", ["emotion", "face-detector", "face-landmarks"])
def test_a_public_client_reads_every_model(client: triton.InferenceServerClient, name: str) -> None:
    spec, told = zoo.find(name), client.get_model_metadata(name)
    (entry,) = told["inputs"]
    assert (told["versions"], entry["name"], entry["datatype"]) == ([spec.version], "image", "FP32")
    assert [w in (-1, s) for w, s in zip(entry["shape"], spec.golden_shape, strict=True)] == [True] * 4
    assert {out["name"] for out in told["outputs"]} >= set(spec.files["int8"].golden)
    assert told["parameters"]["sha256"] == spec.files["int8"].sha256


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_a_public_client_gets_what_the_network_computes(
    client: triton.InferenceServerClient,
    faces: FloatArray,
    expected: dict[str, FloatArray],
    binary_in: bool,
    binary_out: bool,
) -> None:
    tensor = triton.InferInput("image", list(faces.shape), "FP32")
    tensor.set_data_from_numpy(faces, binary_data=binary_in)
    asked = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in ("fer2013", "emotion")]
    answer = client.infer("emotion", [tensor], outputs=asked, request_id="seven")
    assert answer.get_response()["id"] == "seven"
    assert answer.get_response()["model_version"] == zoo.find("emotion").version
    for name in ("fer2013", "emotion"):
        assert np.array_equal(answer.as_numpy(name), expected[name])
    assert answer.as_numpy("maps") is None


def test_all_outputs_come_when_none_is_named(address: str, faces: FloatArray, expected: dict[str, FloatArray]) -> None:
    answer = httpx2.post(address + INFER, json=message(faces), timeout=WAIT).json()
    assert [out["name"] for out in answer["outputs"]] == list(expected)
    flat = message(faces, parameters={"binary_data_output": True}, outputs=[{"name": "emotion"}])
    got = httpx2.post(address + INFER, json=flat, timeout=WAIT)
    head, rest = oip.split(got.content, got.headers[oip.HEADER])
    assert np.array_equal(oip.tensors(head["outputs"], rest, 1000)["emotion"], expected["emotion"])


def test_nested_data_is_taken_as_well(address: str, faces: FloatArray, expected: dict[str, FloatArray]) -> None:
    nested = {"inputs": [oip.describe("image", faces.shape, data=faces.tolist())], "outputs": [{"name": "emotion"}]}
    (out,) = httpx2.post(address + INFER, json=nested, timeout=WAIT).json()["outputs"]
    assert np.allclose(np.reshape(out["data"], out["shape"]), expected["emotion"], atol=1e-6)


ONE = [1, 1, 48, 48]
GOOD = oip.describe("image", ONE, data=[0.0] * 2304)
BAD: dict[str, Any] = {
    "no object": [],
    "no inputs": {},
    "two inputs": {"inputs": [GOOD, {**GOOD, "name": "other"}]},
    "another input": {"inputs": [{**GOOD, "name": "other"}]},
    "no name": {"inputs": [{"shape": ONE}]},
    "no tensor": {"inputs": ["image"]},
    "another type": {"inputs": [{**GOOD, "datatype": "UINT8"}]},
    "another size": {"inputs": [oip.describe("image", [1, 1, 2, 2], data=[0.0] * 4)]},
    "another rank": {"inputs": [oip.describe("image", [2304], data=[0.0] * 2304)]},
    "no shape": {"inputs": [{**GOOD, "shape": None}]},
    "a negative shape": {"inputs": [{**GOOD, "shape": [-1, 1, 48, 48]}]},
    "a huge shape": {"inputs": [{**GOOD, "shape": [2**40, 1, 48, 48]}]},
    "a shape of floats": {"inputs": [{**GOOD, "shape": [1.0, 1, 48, 48]}]},
    "too few values": {"inputs": [{**GOOD, "data": [0.0] * 2303}]},
    "ragged": {"inputs": [{**GOOD, "data": [[0.0] * 2303, [0.0]]}]},
    "texts": {"inputs": [{**GOOD, "data": ["a"] * 2304}]},
    "nothing for a number": {"inputs": [{**GOOD, "data": [None] * 2304}]},
    "too many": {"inputs": [oip.describe("image", [65, 1, 48, 48], data=[0.0] * (65 * 2304))]},
    "no such output": {"inputs": [GOOD], "outputs": [{"name": "joy"}]},
    "an output that is none": {"inputs": [GOOD], "outputs": [3]},
    "classes": {"inputs": [GOOD], "outputs": [{"name": "emotion", "parameters": {"classification": 3}}]},
    "bytes that are not there": {"inputs": [{**GOOD, "parameters": {"binary_data_size": 9216}}]},
    "a size that is none": {"inputs": [{**GOOD, "parameters": {"binary_data_size": -4}}]},
    "parameters that are none": {"inputs": [GOOD], "parameters": 3},
    "a long id": {"inputs": [GOOD], "id": "a" * 257},
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_400_with_a_reason(address: str, case: str) -> None:
    answer = httpx2.post(address + INFER, json=BAD[case], timeout=WAIT)
    assert (answer.status_code, list(answer.json())) == (400, ["error"]), answer.text
    assert len(answer.json()["error"]) > 10


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("9999", b"{}"),
        ("-1", b"{}"),
        ("x", b"{}"),
        ("2", b"{}" + bytes(8)),
        ("1", b"{}"),
    ],
)
def test_lengths_that_lie_are_refused(address: str, header: str, body: bytes) -> None:
    answer = httpx2.post(address + INFER, content=body, headers={oip.HEADER: header}, timeout=WAIT)
    assert answer.status_code == 400


def test_values_that_are_no_numbers_are_refused(address: str) -> None:
    data = struct.pack("<f", float("nan")) * 2304
    entry = oip.describe("image", ONE, parameters={"binary_data_size": len(data)})
    body, length = oip.join({"inputs": [entry]}, [data])
    answer = httpx2.post(address + INFER, content=body, headers={oip.HEADER: str(length)}, timeout=WAIT)
    assert (answer.status_code, "finite" in answer.json()["error"]) == (400, True)


def test_a_detector_says_which_sizes_it_takes(address: str) -> None:
    entry = oip.describe("image", [1, 3, 50, 64], data=[0.0] * (3 * 50 * 64))
    answer = httpx2.post(f"{address}/v2/models/face-detector/infer", json={"inputs": [entry]}, timeout=WAIT)
    assert (answer.status_code, "multiples of 32" in answer.json()["error"]) == (400, True)


def test_models_and_versions_that_are_not_there(address: str) -> None:
    for path in ("/v2/models/telepathy", "/v2/models/emotion/versions/1", "/v1/models/telepathy"):
        assert httpx2.get(address + path).status_code == 404
    assert httpx2.get(f"{address}/v2/models").json()["models"] == ["emotion", "face-detector", "face-landmarks"]
    assert httpx2.post(f"{address}/v1/models/emotion/versions/2:predict", json={}).status_code == 404


def test_a_body_that_is_too_large(faces: FloatArray) -> None:
    with model_server(max_body=1024) as address:
        answer = httpx2.post(address + INFER, json=message(faces), timeout=WAIT)
        assert answer.status_code == 413


def test_predictions_by_row(address: str, faces: FloatArray, expected: dict[str, FloatArray]) -> None:
    named = [{"image": row} for row in faces.tolist()]
    for instances in (faces.tolist(), named):
        answer = httpx2.post(address + PREDICT, json={"instances": instances}, timeout=WAIT).json()
        assert np.allclose([row["emotion"] for row in answer["predictions"]], expected["emotion"], atol=1e-6)
    zeros = np.zeros((1, 1, 112, 112)).tolist()
    answer = httpx2.post(f"{address}/v1/models/face-landmarks:predict", json={"instances": zeros}, timeout=WAIT)
    assert np.shape(answer.json()["predictions"]) == (1, 136)


def test_predictions_by_column(address: str, faces: FloatArray, expected: dict[str, FloatArray]) -> None:
    for inputs in (faces.tolist(), {"image": faces.tolist()}):
        answer = httpx2.post(address + PREDICT, json={"inputs": inputs}, timeout=WAIT).json()
        assert np.allclose(answer["outputs"]["fer2013"], expected["fer2013"], atol=1e-6)


def test_the_state_of_a_model_for_tensorflow_clients(address: str) -> None:
    (version,) = httpx2.get(f"{address}/v1/models/emotion").json()["model_version_status"]
    assert version["state"] == "AVAILABLE"
    told = httpx2.get(f"{address}/v1/models/emotion/metadata").json()["metadata"]["signature_def"]["signature_def"]
    dims = told["serving_default"]["inputs"]["image"]["tensor_shape"]["dim"]
    assert [dim["size"] for dim in dims] == ["-1", "1", "48", "48"]


ROW = np.zeros((1, 48, 48)).tolist()
BAD_PREDICT: dict[str, Any] = {
    "neither": {},
    "both": {"instances": [ROW], "inputs": [ROW]},
    "no list": {"instances": "x"},
    "no rows": {"instances": []},
    "another name": {"instances": [{"picture": ROW}]},
    "another shape": {"instances": [[0.0]]},
    "ragged": {"instances": [ROW, [[0.0]]]},
    "too many": {"instances": [0] * 65},
    "another signature": {"instances": [ROW], "signature_name": "other"},
    "too deep": {"inputs": json.loads("[" * 100 + "]" * 100)},
}


@pytest.mark.parametrize("case", BAD_PREDICT)
def test_what_cannot_be_predicted_is_400_with_a_reason(address: str, case: str) -> None:
    answer = httpx2.post(address + PREDICT, json=BAD_PREDICT[case], timeout=WAIT)
    assert (answer.status_code, list(answer.json())) == (400, ["error"]), answer.text


def test_a_key_is_needed_but_for_probes(faces: FloatArray) -> None:
    with model_server(api_key=KEY) as address:
        assert httpx2.get(f"{address}/v2/health/ready").status_code == 200
        refused = httpx2.post(address + INFER, json=message(faces), timeout=WAIT)
        assert (refused.status_code, "key" in refused.json()["error"]) == (401, True)
        shown = {"authorization": f"Bearer {KEY}"}
        assert httpx2.post(address + INFER, json=message(faces), headers=shown, timeout=WAIT).status_code == 200
        assert (
            'mien_inference_seconds_count{model="emotion"} 1.0' in httpx2.get(f"{address}/metrics", headers=shown).text
        )


def test_pages_of_others_are_kept_out(address: str) -> None:
    answer = httpx2.post(address + INFER, json={}, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert httpx2.get(f"{address}/v2", headers={"host": "elsewhere.example"}).status_code == 400


def test_mien_serve_answers_too(make_server: MakeServer, faces: FloatArray, expected: dict[str, FloatArray]) -> None:
    backend = Backend(FakeEngine(), {}, networks=Networks(AnalyzerSettings(attributes_allowed=False)))
    running: Running = make_server(loader=lambda _: backend)
    (out, *_) = httpx2.post(running.http + INFER, json=message(faces), timeout=WAIT).json()["outputs"]
    assert np.allclose(np.reshape(out["data"], out["shape"]), expected["emotion"], atol=1e-6)
    assert httpx2.get(f"{running.http}/v1/models/emotion").status_code == 200
    assert httpx2.get(f"{running.http}/v1/models/emotion_model").status_code == 404  # this backend has no S5 model


def test_a_server_without_networks_says_so(server: Running) -> None:
    answer = httpx2.get(f"{server.http}/v2/models/emotion")
    assert (answer.status_code, "no networks" in answer.json()["error"]) == (404, True)
