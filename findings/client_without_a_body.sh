#!/usr/bin/env bash
# Guess: in a schema of a multipart body, `anyOf` of `required` beside `properties` (one of two files must come) is ignored by a
# client generator, becomes a union, or is refused.
# Seen (openapi-python-client 0.29.1, 2026-11-29): generation ends with 0 and no warning, also under --fail-on-warning; the call
# takes `body: Any` and never uses it: what goes out has a multipart content type and nothing behind it. Without the `anyOf`
# there is a typed class whose files are sent.
# Follows: say "one of these" in words, and let the server refuse.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openapi-python-client==0.29.1
cd "$folder"; export PATH="$folder/venv/bin:$PATH" # it calls its own ruff
venv/bin/python - <<'PYTHON'
import json
import subprocess
from pathlib import Path

FILE = {"type": "string", "format": "binary"}


def generated_call(name: str, more: dict[str, object]) -> tuple[int, str]:
    """Exit status of the generator, and the function that puts the request together."""
    body = {"type": "object", "properties": {"image": FILE, "audio": FILE, "video": FILE}, "required": ["image"], **more}
    content = {"multipart/form-data": {"schema": body}}
    operation = {
        "operationId": "make", "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": "made"}},
    }
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/v": {"post": operation}}}
    Path(f"{name}.json").write_text(json.dumps(document))
    command = [
        "venv/bin/openapi-python-client", "generate", "--path", f"{name}.json", "--meta", "none",
        "--fail-on-warning", "--output-path", name,
    ]
    status = subprocess.run(command, capture_output=True).returncode
    text = Path(name, "api", "default", "make.py").read_text()
    return status, text[text.index("def _get_kwargs") : text.index("return _kwargs")]


plain_status, plain = generated_call("plain", {})
either_status, either = generated_call("either", {"anyOf": [{"required": ["audio"]}, {"required": ["video"]}]})
print(f"plain: exit {plain_status}; files are sent: {'to_multipart' in plain}")
print(f"with anyOf: exit {either_status}; files are sent: {'to_multipart' in either}; body: Any: {'body: Any' in either}")
seen = (plain_status, "to_multipart" in plain, either_status, "to_multipart" in either, "body: Any" in either)
raise SystemExit(seen != (0, True, 0, False, True))
PYTHON
