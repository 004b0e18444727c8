"""Laws of taking a multipart body in: bounds before bytes, no name of a client on disk, the same at any chunking."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from api.errors import RequestRefused
from api.multipart import Receiver, Upload
from api.uploads import create_parts
from jobs.settings import LimitSettings

BOUNDARY = b"bound"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
LIMITS = LimitSettings(max_image_bytes=10_000, max_audio_bytes=3_000_000, max_field_bytes=1000, max_fields=5)


def part(name: str, content: bytes, file_name: str | None = None, more: bytes = b"") -> bytes:
    about = f'; filename="{file_name}"' if file_name is not None else ""
    head = f'--bound\r\nContent-Disposition: form-data; name="{name}"{about}\r\n'.encode()
    return head + more + b"\r\n" + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--bound--\r\n"


def receive(content: bytes, folder: Path, chunk_bytes: int = 65536) -> Upload:
    receiver = Receiver(BOUNDARY, create_parts(LIMITS), LIMITS, folder)
    for chunk in chunks(content, chunk_bytes):
        receiver.feed(chunk)
        if receiver.is_worth_writing:
            receiver.write()
    receiver.write()
    return receiver.upload()


def chunks(content: bytes, chunk_bytes: int) -> Iterable[bytes]:
    return (content[i : i + chunk_bytes] for i in range(0, len(content), chunk_bytes))


def refusal(content: bytes, folder: Path) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        receive(content, folder)
    return caught.value


@pytest.mark.parametrize("chunk_bytes", [1, 2, 7, 64, 65536])
def test_a_body_reads_the_same_however_it_is_cut(tmp_path: Path, chunk_bytes: int) -> None:
    upload = receive(body(part("image", PNG, "a.png"), part("seed", b"5"), part("prompt", b"")), tmp_path, chunk_bytes)

    image = upload.files["image"]
    assert upload.fields == (("seed", "5"),)
    assert image.path.read_bytes() == PNG
    assert (image.num_bytes, image.sha256) == (len(PNG), hashlib.sha256(PNG).hexdigest())


def test_large_files_are_written_while_they_come(tmp_path: Path) -> None:
    wav = b"RIFF\0\0\0\0WAVE" + bytes(2_500_000)
    receiver = Receiver(BOUNDARY, create_parts(LIMITS), LIMITS, tmp_path)
    written = []

    for chunk in chunks(body(part("audio", wav, "a.wav")), 65536):
        receiver.feed(chunk)
        if receiver.is_worth_writing:
            receiver.write()
            written.append(sum(path.stat().st_size for path in tmp_path.iterdir()))

    assert len(written) == 2
    assert written == sorted(written)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\x", "a\0b", "", "x" * 300, "image"])
def test_a_client_file_name_never_reaches_the_disk(tmp_path: Path, name: str) -> None:
    receive(body(part("image", PNG, name)), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["part1"]


def test_a_file_field_is_a_file_also_without_a_file_name(tmp_path: Path) -> None:
    upload = receive(body(part("image", PNG)), tmp_path)

    assert set(upload.files) == {"image"}


@pytest.mark.parametrize("file_name", ["", None])
@pytest.mark.parametrize("name", ["image", "input_reference", "audio", "driving_video", "avatar", "seed", "prompt"])
def test_an_input_of_a_form_that_was_left_empty_is_absent(tmp_path: Path, name: str, file_name: str | None) -> None:
    upload = receive(
        body(part(name, b"", file_name), part("image", PNG, "a.png"), part(name, b"", file_name)), tmp_path
    )

    assert upload.fields == ()
    assert set(upload.files) == {"image"}
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [len(PNG)]


def test_a_file_without_a_byte_is_told_to_be_empty(tmp_path: Path) -> None:
    refused = refusal(body(part("image", b"", "a.png")), tmp_path)

    assert (refused.code, refused.detail) == ("unsupported_media_type", "image is empty: 0 bytes")


def test_a_file_over_its_cap_is_refused_before_it_is_kept(tmp_path: Path) -> None:
    refused = refusal(body(part("image", PNG + bytes(10_000), "a.png")), tmp_path)

    assert (refused.code, refused.param) == ("payload_too_large", "image")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0


def test_a_file_of_another_kind_is_refused_at_its_first_bytes(tmp_path: Path) -> None:
    receiver = Receiver(BOUNDARY, create_parts(LIMITS), LIMITS, tmp_path)

    with pytest.raises(RequestRefused) as caught:
        receiver.feed(part("image", b"GIF89a" + bytes(1000), "a.png")[:700])

    assert caught.value.code == "unsupported_media_type"


@pytest.mark.parametrize(
    ("parts", "code", "param"),
    [
        ((part("image", PNG, "a.png"), part("image", PNG, "b.png")), "duplicate_field", "image"),
        ((part("avatar", PNG, "a.png"),), "unknown_field", "avatar"),
        ((part("avatar", PNG, ""),), "unknown_field", "avatar"),
        ((part("avatar", b"", "a.png"),), "unknown_field", "avatar"),
        ((part("prompt", b"x" * 1001),), "payload_too_large", "prompt"),
        (tuple(part(f"f{i}", b"") for i in range(6)), "malformed_request", None),
        ((part("prompt", b"\xff\xfe"),), "malformed_request", None),
        ((part("", b"x"),), "malformed_request", None),
        ((part("n" * 257, b"x"),), "malformed_request", None),
        ((part("prompt", b"x", None, b"X-Long: " + b"y" * 10_000 + b"\r\n"),), "malformed_request", None),
        ((part("prompt", b"x", None, b"".join(b"X-%d: y\r\n" % i for i in range(100))),), "malformed_request", None),
        ((b"--bound\r\n\r\nno header\r\n",), "malformed_request", None),
        ((b"--bound\r\nContent-Disposition: attachment; name=image\r\n\r\nx\r\n",), "malformed_request", None),
        ((b"no boundary at all",), "malformed_request", None),
        ((part("image", b"", "a.png"),), "unsupported_media_type", "image"),
    ],
)
def test_what_is_wrong_with_a_body_is_told(
    tmp_path: Path, parts: tuple[bytes, ...], code: str, param: str | None
) -> None:
    refused = refusal(body(*parts), tmp_path)

    assert (refused.code, refused.param) == (code, param)


@pytest.mark.parametrize("kept_bytes", [0, 10, 60, -20, -12])
def test_a_body_that_ends_early_is_malformed(tmp_path: Path, kept_bytes: int) -> None:
    refused = refusal(body(part("prompt", b"hello"))[:kept_bytes], tmp_path)

    assert refused.code == "malformed_request"
