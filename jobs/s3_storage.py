"""Object storage in a bucket of any S3-compatible store: one client for work, one for signing public URLs."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import boto3  # type: ignore[import-untyped]
from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
)

from jobs.errors import ObjectNotFound, StorageUnavailable
from jobs.local_storage import last_byte, write_new
from jobs.patience import Patience, patiently
from jobs.settings import StorageSettings
from jobs.storage import ObjectFacts

MISSING = {"404", "NoSuchKey", "NotFound"}
PASSING = {408, 429}  # statuses below 500 that say "later"
_TRIES_AT_ONCE = 3  # the library's own, all within half a second: for a connection that the store closed meanwhile
_COPY_BYTES = 1 << 20

T = TypeVar("T")


class _Away(StorageUnavailable):
    """The store does not answer now, or says "later"; who has patience asks again."""


class S3Storage:
    """Objects in one bucket."""

    def __init__(self, settings: StorageSettings) -> None:
        self._bucket = settings.bucket
        self._patience_s = settings.patience_s
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
        arguments = {"ExtraArgs": {"ContentType": content_type}, "Config": self._transfer}
        self._ask(key, lambda: self._client.upload_file(str(path), self._bucket, key, **arguments))
        return self._existing(key)

    def put_bytes(self, key: str, content: bytes, content_type: str) -> ObjectFacts:
        """Store few bytes under a key, whole or not at all."""
        arguments = {"Bucket": self._bucket, "Key": key, "ContentType": content_type}
        self._ask(key, lambda: self._client.put_object(Body=content, **arguments))
        return self._existing(key)

    def head(self, key: str) -> ObjectFacts | None:
        """Return the object's facts; None if there is none."""
        try:
            return self._existing(key)
        except ObjectNotFound:
            return None

    def stream(self, key: str, first: int = 0, last: int | None = None, chunk_bytes: int = 65536) -> Iterator[bytes]:
        """Yield the bytes from `first` to `last` inclusive, in chunks; after an outage reading goes on."""
        facts = self._existing(key)
        return self._read(facts, first, last_byte(facts, first, last), chunk_bytes)

    def fetch_file(self, key: str, path: Path) -> None:
        """Copy an object into a new local file."""
        write_new(path, self.stream(key, chunk_bytes=_COPY_BYTES))

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy an object within the store."""
        source = {"Bucket": self._bucket, "Key": source_key}
        self._ask(source_key, lambda: self._client.copy(source, self._bucket, target_key, Config=self._transfer))

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
        # Page by page, because the library's own iterator ends without a word when it is asked again after an error.
        where = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            page = self._ask(prefix, partial(self._client.list_objects_v2, **where))
            for row in page.get("Contents", []):
                etag = row["ETag"].strip('"')
                yield ObjectFacts(row["Key"], row["Size"], etag, row["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            where["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, key: str) -> None:
        """Delete an object; nothing happens if there is none."""
        try:
            self._ask(key, lambda: self._client.delete_object(Bucket=self._bucket, Key=key))
        except ObjectNotFound:  # not every store hides it
            return

    def remove_unfinished(self, older_than_s: float) -> int:
        """End uploads in parts that began so long ago: their parts lie under no key that a list shows."""
        oldest = datetime.now(UTC) - timedelta(seconds=older_than_s)
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket)
        with _answers(self._bucket):
            left = [row for page in pages for row in page.get("Uploads", []) if row["Initiated"] < oldest]
            for row in left:
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=row["Key"], UploadId=row["UploadId"])
        return len(left)

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
        answer = self._ask(key, lambda: self._client.head_object(Bucket=self._bucket, Key=key))
        etag = answer["ETag"].strip('"')
        return ObjectFacts(key, answer["ContentLength"], etag, answer["LastModified"].timestamp())

    def _ask(self, key: str, act: Callable[[], T]) -> T:
        def once() -> T:
            with _answers(key):
                return act()

        return patiently(once, _Away, self._patience_s)

    def _read(self, facts: ObjectFacts, first: int, last: int, chunk_bytes: int) -> Iterator[bytes]:
        """The same object to its end, or an error; not every store heeds `IfMatch`."""
        whole = {"Bucket": self._bucket, "Key": facts.key, "IfMatch": f'"{facts.etag}"'}
        patience = Patience(self._patience_s)
        while first <= last:
            try:
                with _answers(facts.key):
                    answer = self._client.get_object(Range=f"bytes={first}-{last}", **whole)
                    if answer["ETag"].strip('"') != facts.etag:
                        raise StorageUnavailable(f"{facts.key}: it was replaced while it was read")
                    with closing(answer["Body"]) as body:
                        for chunk in body.iter_chunks(chunk_bytes):
                            first += len(chunk)
                            patience.renew()
                            yield chunk
                if first <= last:
                    raise _Away(f"{facts.key}: broken off at byte {first} of {last + 1}")
            except _Away as error:
                patience.wait(error)


@contextmanager
def _answers(key: str) -> Iterator[None]:
    """Say in our errors what the client library says in its own."""
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as error:
        answer = error if isinstance(error, ClientError) else error.__context__  # an upload's error wraps the store's
        if not isinstance(answer, ClientError):
            raise _Away(f"{key}: {error}") from error
        if answer.response["Error"]["Code"] in MISSING:
            raise ObjectNotFound(key) from error
        status = answer.response["ResponseMetadata"]["HTTPStatusCode"]
        raise (_Away if status >= 500 or status in PASSING else StorageUnavailable)(f"{key}: {error}") from error


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
        retries={"mode": "standard", "total_max_attempts": _TRIES_AT_ONCE},
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
