"""Laws of paths and methods: `Allow` names every method that a path has, and a path that is none is a 404."""

import httpx

from jobs.job import new_job_id

VIDEO = f"/v1/videos/{new_job_id()}"
METHODS = {
    "/v1/videos": "GET, POST",
    "/v1/videos/validate": "POST",
    VIDEO: "DELETE, GET",
    f"{VIDEO}/content": "GET, HEAD",
    f"{VIDEO}/events": "GET",
    f"{VIDEO}/cancel": "POST",
    f"{VIDEO}/remix": "POST",
    f"{VIDEO}/deliveries": "GET",
    f"{VIDEO}/deliveries/msg_1/redeliver": "POST",
    "/v1/models": "GET",
    "/v1/verify": "POST",
    "/livez": "GET",
    "/openapi.json": "GET, HEAD",
}
# Of OpenAI's API, and none of ours.
FOREIGN = (
    "/v1/videos/edits", "/v1/videos/extensions", "/v1/videos/characters", "/v1/videos/characters/char_1",
    "/v1/videos/video_1/remix", "/v1/videos/edits/content", "/v1/images", "/v1/audio/speech", f"{VIDEO}/edits",
)  # fmt: skip


def test_a_405_names_every_method_that_the_path_has(alice: httpx.Client) -> None:
    for path, methods in METHODS.items():
        for method in ("PUT", "PATCH", "OPTIONS"):
            answer = alice.request(method, path)

            assert (path, answer.status_code, answer.headers.get("allow")) == (path, 405, methods)
            assert answer.json()["error"]["code"] == "method_not_allowed"


def test_a_path_that_we_do_not_have_is_a_404(alice: httpx.Client) -> None:
    for path in FOREIGN:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = alice.request(method, path)

            assert (path, method, answer.status_code) == (path, method, 404)
            assert answer.json()["error"]["code"] in ("not_found", "video_not_found")
            assert "allow" not in answer.headers
