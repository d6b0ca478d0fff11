"""Requests made up from the API's description: none may break the server, and every answer must be one it describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serving import Running, start

from mien.live.fake import FakeEngine
from mien.server.app import create_app

# The server's own threads draw random numbers while requests are made up; Hypothesis takes that for the test's doing.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
EXAMPLES = 12
SCHEMA = schemathesis.openapi.from_dict(create_app().openapi())
ENDLESS = {"GET /api/v1/videos/events"}
"""Answers that go on for as long as somebody listens, whatever is asked."""
OPERATIONS = {
    found.ok().label: found.ok()
    for found in SCHEMA.get_all_operations()
    if isinstance(found, Ok) and found.ok().label not in ENDLESS
}
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def unlimited(_clean_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with cameras that clients may change, and without limits that would refuse what is made up."""
    kept = tmp_path_factory.mktemp("data")
    running = start(FakeEngine(), None, True, {"request_rate": 0, "allow_camera_changes": True, "data_dir": kept})
    yield running
    running.stop()


@pytest.mark.parametrize("label", OPERATIONS)
def test_made_up_requests(unlimited: Running, label: str) -> None:
    operation = OPERATIONS[label]
    modes = [mode for mode in schemathesis.GenerationMode if operation.body or mode.is_positive or operation.query]

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def send(case: Any) -> None:
        case.call_and_validate(base_url=unlimited.http, checks=CHECKS, timeout=20, allow_redirects=False)

    send()
