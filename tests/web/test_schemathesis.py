"""The API against its own description: no answer that it does not describe, no fault of ours, whatever is asked."""

import shutil
from dataclasses import replace

import pytest
from asking import TOKEN, connect
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from fidelia.web.api import router

schemathesis = pytest.importorskip("schemathesis")

from schemathesis import checks  # noqa: E402
from schemathesis.generation import GenerationMode  # noqa: E402
from schemathesis.specs.openapi import checks as of_openapi  # noqa: E402

HEADERS = {"Host": "127.0.0.1:8765", "Authorization": f"Bearer {TOKEN}"}
CHECKS = [
    checks.not_a_server_error,
    of_openapi.status_code_conformance,
    of_openapi.content_type_conformance,
    of_openapi.response_headers_conformance,
    of_openapi.response_schema_conformance,
]
ALL = FastAPI()
ALL.include_router(router)
OPERATIONS = [(method.upper(), path) for path, methods in ALL.openapi()["paths"].items() for method in methods]


@pytest.fixture(scope="module")
def copied(served, tmp_path_factory: pytest.TempPathFactory):
    """The description of a server over a copy of the folder with one run that was done; nobody does new ones."""
    settings, dataset, run = served
    folder = tmp_path_factory.mktemp("asked") / "served"
    shutil.copytree(settings.folder, folder)
    app = connect(replace(settings, folder=folder)).app
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers=HEADERS), dataset.id, run.id


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_any_answer_is_one_that_is_described(copied, method: str, path: str, mode: GenerationMode) -> None:
    """Of what fits the description, half is asked of the run and the data that are there."""
    api, dataset, run = copied
    operation = api[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.path_parameters or operation.query or operation.body):
        pytest.skip("nothing can be wrong with it")

    @given(operation.as_strategy(generation_mode=mode), st.booleans())
    @examples(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case, there: bool) -> None:
        if there and mode is GenerationMode.POSITIVE and method != "DELETE":
            if "id" in case.path_parameters:
                case.path_parameters["id"] = dataset if "datasets" in path else run
            if isinstance(case.body, dict) and "dataset" in case.body:
                case.body["dataset"] = dataset
        refused = [of_openapi.negative_data_rejection] if mode is GenerationMode.NEGATIVE else []
        case.call_and_validate(headers=HEADERS, checks=CHECKS + refused)

    ask()
