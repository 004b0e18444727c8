"""Object storage in a bucket of any S3-compatible store: one client for work, one for signing public URLs."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from jobs.errors import ObjectNotFound, StorageUnavailable
from jobs.local_storage import last_byte
from jobs.settings import StorageSettings
from jobs.storage import ObjectFacts

MISSING = {"404", "NoSuchKey", "NotFound"}
BROKEN_STREAM = (IncompleteReadError, ReadTimeoutError, ResponseStreamingError)


class S3Storage:
    """Objects in one bucket."""

    def __init__(self, settings: StorageSettings) -> None:
        self._bucket = settings.bucket
        self._attempts = settings.attempts
        self._client = _client(settings, settings.endpoint_url)
        # A URL signed for the internal host name would not work outside.
        public_url = settings.public_endpoint_url
        self._signer = _client(settings, public_url) if public_url else None
        self._transfer = TransferConfig(
            multipart_threshold=settings.multipart_bytes,
            multipart_chunksize=settings.multipart_bytes,
            max_concurrency=4,
        )

    def put_file(self, key: str, path: Path, content_type: str) -> ObjectFacts:
        """Store a file's bytes under a key, whole or not at all; return what the store confirmed."""
        with _answers(key):
            self._client.upload_file(
                str(path), self._bucket, key, ExtraArgs={"ContentType": content_type}, Config=self._transfer
            )
        return self._existing(key)

    def put_bytes(self, key: str, content: bytes, content_type: str) -> ObjectFacts:
        """Store few bytes under a key, whole or not at all."""
        with _answers(key):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type)
        return self._existing(key)

    def head(self, key: str) -> ObjectFacts | None:
        """Return the object's facts; None if there is none."""
        try:
            return self._existing(key)
        except ObjectNotFound:
            return None

    def stream(self, key: str, first: int = 0, last: int | None = None, chunk_bytes: int = 65536) -> Iterator[bytes]:
        """Yield the bytes from `first` to `last` inclusive, in chunks; a broken connection is resumed."""
        facts = self._existing(key)
        return self._read(key, first, last_byte(facts, first, last), chunk_bytes)

    def fetch_file(self, key: str, path: Path) -> None:
        """Copy an object into a new local file."""
        with _answers(key):
            self._client.download_file(self._bucket, key, str(path), Config=self._transfer)

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy an object within the store."""
        with _answers(source_key):
            source = {"Bucket": self._bucket, "Key": source_key}
            self._client.copy(source, self._bucket, target_key, Config=self._transfer)

    def presign(self, key: str, expires_s: int, file_name: str | None = None) -> str | None:
        """Return a URL at the public endpoint; None where none is set."""
        if self._signer is None:
            return None
        params = {"Bucket": self._bucket, "Key": key}
        if file_name is not None:
            params["ResponseContentDisposition"] = f'attachment; filename="{file_name}"'
        return str(self._signer.generate_presigned_url("get_object", Params=params, ExpiresIn=expires_s))

    def list(self, prefix: str) -> Iterator[ObjectFacts]:
        """Yield what lies under a prefix, in order of keys."""
        with _answers(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                for row in page.get("Contents", []):
                    etag = row["ETag"].strip('"')
                    yield ObjectFacts(row["Key"], row["Size"], etag, row["LastModified"].timestamp())

    def delete(self, key: str) -> None:
        """Delete an object; nothing happens if there is none."""
        try:
            with _answers(key):
                self._client.delete_object(Bucket=self._bucket, Key=key)
        except ObjectNotFound:  # not every store hides it
            return

    def check(self) -> None:
        """Raise StorageUnavailable unless the store answers and the bucket exists."""
        try:
            with _answers(self._bucket):
                self._client.head_bucket(Bucket=self._bucket)
        except ObjectNotFound as error:
            raise StorageUnavailable(f"bucket {self._bucket} does not exist") from error

    def make_bucket(self) -> None:
        """Make the bucket unless it exists."""
        try:
            self.check()
        except StorageUnavailable:
            with _answers(self._bucket):
                self._client.create_bucket(Bucket=self._bucket)

    def _existing(self, key: str) -> ObjectFacts:
        with _answers(key):
            answer = self._client.head_object(Bucket=self._bucket, Key=key)
        etag = answer["ETag"].strip('"')
        return ObjectFacts(key, answer["ContentLength"], etag, answer["LastModified"].timestamp())

    def _read(self, key: str, first: int, last: int, chunk_bytes: int) -> Iterator[bytes]:
        broken: Exception | None = None
        for _ in range(self._attempts):
            if first > last:
                return
            with _answers(key):
                answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes={first}-{last}")
            try:
                with closing(answer["Body"]) as body:
                    for chunk in body.iter_chunks(chunk_bytes):
                        first += len(chunk)
                        yield chunk
            except BROKEN_STREAM as error:
                broken = error
        if first <= last:
            raise StorageUnavailable(f"{key}: broken off at byte {first} of {last + 1}") from broken


@contextmanager
def _answers(key: str) -> Iterator[None]:
    """Say in our errors what the client library says in its own."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise ObjectNotFound(key) from error
        raise StorageUnavailable(f"{key}: {error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnavailable(f"{key}: {error}") from error


def _client(settings: StorageSettings, endpoint_url: str | None) -> Any:  # noqa: ANN401
    assert settings.access_key is not None
    assert settings.secret_key is not None
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=settings.connect_timeout_s,
        read_timeout=settings.read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        max_pool_connections=32,
    )
    session = boto3.session.Session()  # clients of the shared default session are not made safely by several threads
    return session.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=settings.region,
        aws_access_key_id=settings.access_key.get_secret_value(),
        aws_secret_access_key=settings.secret_key.get_secret_value(),
        config=config,
    )
