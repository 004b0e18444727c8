"""What `/openapi.json` says beside the routes: who the API is for, its keys, and the problem that every error is."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.schemas import ProblemBody

DESCRIPTION = """\
One reference image and one speech recording in; a video of that person speaking and gesturing out.

Create a job with `POST /v1/videos`, follow it by polling, by `GET /v1/videos/{id}/events`, or by webhook, and download
`GET /v1/videos/{id}/content`. The shape is that of the OpenAI Videos API, so its SDKs poll, list, download and delete.
"""
OPEN_PATHS = ("/livez", "/readyz")


def describe(app: FastAPI) -> None:
    """Make the app tell its schema with problems and keys in it; built at the first question."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title="MMGT", version="1", description=DESCRIPTION, routes=app.routes)
            components = schema.setdefault("components", {})
            add_problem(components.setdefault("schemas", {}))
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            for path, operations in schema["paths"].items():
                for operation in operations.values():
                    operation["security"] = [] if path in OPEN_PATHS else [{"key": []}, {}]
                    leave_out_foreign_problems(operation["responses"])
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def leave_out_foreign_problems(responses: dict[str, Any]) -> None:
    """Take away the 422 that FastAPI adds to every route with a parameter: ours are problems, where there are any."""
    if "application/problem+json" not in responses.get("422", {}).get("content", {"application/problem+json": None}):
        del responses["422"]


def add_problem(schemas: dict[str, Any]) -> None:
    """Put the problem body, to which every route's errors refer, among the schemas."""
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemBody"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
