import socket
import ssl
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from jobs.urls import Refusal, UrlRefused, UrlRules, validate_url
from tests.unit.worker.receivers import drips, is_silent, receiving, says
from worker.outbound import OutboundClient, ReceiverUnreachable

STRICT = UrlRules()
LOOPBACK = UrlRules(allow_loopback=True)
CONNECTED = []
sys.addaudithook(lambda event, details: CONNECTED.append(details[1]) if event == "socket.connect" else None)

HOSTILE_URLS = [
    ("https://2130706433/", Refusal.HOST),
    ("https://0x7f000001/", Refusal.HOST),
    ("https://0x7f.0.0.1/", Refusal.HOST),
    ("https://017700000001/", Refusal.HOST),
    ("https://0177.0.0.1/", Refusal.HOST),
    ("https://127.1/", Refusal.HOST),
    ("https://127.0.1/", Refusal.HOST),
    ("https://127.0.0.1./", Refusal.HOST),
    ("https://example.com.0x7f/", Refusal.HOST),
    ("https://08.8.8.8/", Refusal.HOST),
    ("https://1.2.3.256/", Refusal.HOST),
    ("https://1.2.3.4.5/", Refusal.HOST),
    ("https://127.0.0.1/", Refusal.ADDRESS),
    ("https://127.255.255.254/", Refusal.ADDRESS),
    ("https://0.0.0.0/", Refusal.ADDRESS),
    ("https://0.1.2.3/", Refusal.ADDRESS),
    ("https://10.0.0.1/", Refusal.ADDRESS),
    ("https://100.64.0.1/", Refusal.ADDRESS),
    ("https://100.127.255.255/", Refusal.ADDRESS),
    ("https://168.63.129.16/", Refusal.ADDRESS),
    ("https://169.254.169.254/latest/meta-data/", Refusal.ADDRESS),
    ("https://172.16.0.1/", Refusal.ADDRESS),
    ("https://172.31.255.255/", Refusal.ADDRESS),
    ("https://192.0.0.192/", Refusal.ADDRESS),
    ("https://192.168.1.1/", Refusal.ADDRESS),
    ("https://198.18.0.1/", Refusal.ADDRESS),
    ("https://203.0.113.1/", Refusal.ADDRESS),
    ("https://224.0.0.1/", Refusal.ADDRESS),
    ("https://239.255.255.255/", Refusal.ADDRESS),
    ("https://240.0.0.1/", Refusal.ADDRESS),
    ("https://255.255.255.255/", Refusal.ADDRESS),
    ("https://[::]/", Refusal.ADDRESS),
    ("https://[::1]/", Refusal.ADDRESS),
    ("https://[::ffff:127.0.0.1]/", Refusal.ADDRESS),
    ("https://[::ffff:8.8.8.8]/", Refusal.ADDRESS),
    ("https://[::ffff:a9fe:a9fe]/", Refusal.ADDRESS),
    ("https://[::127.0.0.1]/", Refusal.ADDRESS),
    ("https://[64:ff9b::7f00:1]/", Refusal.ADDRESS),
    ("https://[64:ff9b:1::1]/", Refusal.ADDRESS),
    ("https://[2002:7f00:1::]/", Refusal.ADDRESS),
    ("https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", Refusal.ADDRESS),
    ("https://[2001:db8::1]/", Refusal.ADDRESS),
    ("https://[fc00::1]/", Refusal.ADDRESS),
    ("https://[fd00:ec2::254]/", Refusal.ADDRESS),
    ("https://[fe80::1]/", Refusal.ADDRESS),
    ("https://[fe80::1%25eth0]/", Refusal.ADDRESS),
    ("https://[fec0::1]/", Refusal.ADDRESS),
    ("https://[ff02::1]/", Refusal.ADDRESS),
    ("https://localhost/", Refusal.HOST),
    ("https://LOCALHOST./", Refusal.HOST),
    ("https://api.localhost/", Refusal.HOST),
    ("https://valkey/", Refusal.HOST),
    ("https:///path", Refusal.HOST),
    ("https://exa%6dple.com/", Refusal.HOST),
    ("https://-example.com/", Refusal.HOST),
    ("https://a..example.com/", Refusal.HOST),
    ("https://user@example.com/", Refusal.USERINFO),
    ("https://user:password@example.com/", Refusal.USERINFO),
    ("https://@example.com/", Refusal.USERINFO),
    ("https://example.com@127.0.0.1/", Refusal.USERINFO),
    ("https://example.com:22/", Refusal.PORT),
    ("https://example.com:6379/", Refusal.PORT),
    ("https://example.com:0/", Refusal.PORT),
    ("https://example.com:80/", Refusal.PORT),
    ("https://example.com:99999/", Refusal.MALFORMED),
    ("https://example.com:x/", Refusal.MALFORMED),
    ("https://[::1/", Refusal.MALFORMED),
    ("https://example.com\\@127.0.0.1/", Refusal.MALFORMED),
    ("https://example.com/\r\nX: y", Refusal.MALFORMED),
    ("https://example.com /", Refusal.MALFORMED),
    (" https://example.com/", Refusal.MALFORMED),
    ("https://①②⑦.⓪.⓪.①/", Refusal.MALFORMED),
    ("https://127。0。0。1/", Refusal.MALFORMED),
    ("https://example.com/" + "a" * 2048, Refusal.MALFORMED),
    ("http://example.com/", Refusal.SCHEME),
    ("ftp://example.com/", Refusal.SCHEME),
    ("file:///etc/passwd", Refusal.SCHEME),
    ("gopher://127.0.0.1:6379/_", Refusal.SCHEME),
    ("//example.com/", Refusal.SCHEME),
    ("example.com", Refusal.SCHEME),
]

HOSTILE_ANSWERS = [
    ["127.0.0.1"],
    ["93.184.215.14", "127.0.0.1"],
    ["93.184.215.14", "10.0.0.1"],
    ["169.254.169.254"],
    ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::1"],
    ["::ffff:10.0.0.1"],
    ["64:ff9b::a00:1"],
    ["fe80::1%2"],
    ["2002:a00:1::1"],
    ["100.100.100.200"],
]


def client(rules=LOOPBACK, resolver=None, timeout_s=3.0, tls=None):
    return OutboundClient(
        rules,
        timeout_s,
        4096,
        tls or httpcore.default_ssl_context(),
        resolver or (lambda host, port: ["127.0.0.1"]),
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate for receiver.example and 127.0.0.1 that is its own authority: both sides' TLS settings."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + key_pem)
    return path


@pytest.fixture
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    return context


@pytest.fixture
def trusting_tls(authority):
    return ssl.create_default_context(cafile=authority)


@pytest.mark.parametrize(("url", "reason"), HOSTILE_URLS, ids=[url[:50] for url, _ in HOSTILE_URLS])
def test_a_hostile_url_is_refused_without_a_connection_or_a_look_up(url, reason):
    asked, before = [], len(CONNECTED)

    with pytest.raises(UrlRefused) as refused:
        client(STRICT, lambda host, port: asked.append(host) or ["93.184.215.14"]).post(url, b"{}", {})

    assert refused.value.reason is reason
    assert (asked, CONNECTED[before:]) == ([], [])


@pytest.mark.parametrize("addresses", HOSTILE_ANSWERS, ids=",".join)
def test_a_name_with_any_address_that_is_not_public_is_refused_without_a_connection(addresses):
    before = len(CONNECTED)

    with pytest.raises(UrlRefused) as refused:
        client(STRICT, lambda host, port: addresses).post("https://receiver.example/", b"{}", {})

    assert refused.value.reason is Refusal.ADDRESS
    assert CONNECTED[before:] == []


def test_a_name_that_changes_its_address_is_looked_up_once_and_the_checked_address_is_called():
    answers = iter([["127.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]])
    before = len(CONNECTED)
    with receiving(says(200)) as receiver:
        answer = client(resolver=lambda host, port: next(answers)).post(
            f"http://rebinding.example:{receiver.port}/", b"{}", {}
        )

        assert answer.status == 200
        assert CONNECTED[before:] == [("127.0.0.1", receiver.port)]
    assert len(list(answers)) == 2


def test_a_name_that_has_become_private_at_the_next_delivery_is_refused():
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    sender = client(resolver=lambda host, port: next(answers))
    with receiving(says(200)) as receiver:
        url = f"http://rebinding.example:{receiver.port}/"
        sender.post(url, b"{}", {})

        with pytest.raises(UrlRefused):
            sender.post(url, b"{}", {})

        assert receiver.num_connections == 1


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com/a?b=c", "https://93.184.215.14/", "https://[2606:4700::1]/"]
)
def test_an_ordinary_url_is_accepted(url):
    target = validate_url(url, STRICT)

    assert (target.scheme, target.port) == ("https", 443)


def test_plain_http_is_accepted_on_its_own_port_where_the_operator_says_so():
    rules = UrlRules(allow_http=True)

    assert validate_url("http://hooks.example.com/", rules).port == 80
    for url in ("http://hooks.example.com:8080/", "http://127.0.0.1/", "http://localhost/"):
        with pytest.raises(UrlRefused):
            validate_url(url, rules)


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "[fd00::1]", "[::ffff:127.0.0.1]"])
def test_loopback_rules_permit_no_other_special_address(address):
    with pytest.raises(UrlRefused):
        validate_url(f"http://{address}:8000/", LOOPBACK)


def test_a_refusal_tells_nothing_that_may_be_secret():
    with pytest.raises(UrlRefused) as refused:
        validate_url("https://user:hunter2@example.com/?token=hunter2", STRICT)

    assert "hunter2" not in str(refused.value)


def test_the_body_and_headers_arrive_with_the_original_host():
    with receiving(says(204, "Retry-After: 7")) as receiver:
        answer = client().post(f"http://receiver.example:{receiver.port}/hook?a=b", b'{"x":1}', {"webhook-id": "msg_1"})

    lines, body = receiver.requests[0]
    assert (answer.status, answer.retry_after, answer.body) == (204, "7", b"")
    assert lines[0] == "POST /hook?a=b HTTP/1.1"
    assert {f"Host: receiver.example:{receiver.port}", "webhook-id: msg_1", "Content-Length: 7"} <= set(lines)
    assert body == b'{"x":1}'


def test_an_address_of_version_6_is_called_with_brackets_in_its_host():
    with receiving(says(200), family=socket.AF_INET6) as receiver:
        client(resolver=lambda host, port: [host]).post(f"http://[::1]:{receiver.port}/", b"", {})

    assert f"Host: [::1]:{receiver.port}" in receiver.requests[0][0]


def test_the_certificate_and_the_server_name_are_those_of_the_original_host(server_tls, trusting_tls):
    with receiving(says(200), server_tls) as receiver:
        answer = client(tls=trusting_tls).post(f"https://receiver.example:{receiver.port}/", b"{}", {})

    assert answer.status == 200
    assert receiver.server_names == ["receiver.example"]


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_is_not_accepted(server_tls, trusting_tls, host):
    with receiving(says(200), server_tls) as receiver, pytest.raises(ReceiverUnreachable, match="certificate"):
        client(tls=trusting_tls).post(f"https://{host}:{receiver.port}/", b"{}", {})

    assert receiver.requests == []


def test_a_certificate_of_an_unknown_authority_is_not_accepted(server_tls):
    with receiving(says(200), server_tls) as receiver, pytest.raises(ReceiverUnreachable, match="certificate"):
        client().post(f"https://receiver.example:{receiver.port}/", b"{}", {})

    assert receiver.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(status):
    with (
        receiving(says(200)) as elsewhere,
        receiving(says(status, f"Location: http://127.0.0.1:{elsewhere.port}/")) as hook,
    ):
        answer = client().post(f"http://receiver.example:{hook.port}/", b"{}", {})

        assert (answer.status, elsewhere.num_connections) == (status, 0)


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    with receiving(says(502)) as proxy, receiving(says(200)) as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answer = client().post(f"http://receiver.example:{receiver.port}/", b"{}", {})

        assert (answer.status, proxy.num_connections) == (200, 0)


@pytest.mark.parametrize(
    "answer",
    [
        says(200, body=b"x" * 5_000_000),
        drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"),
    ],
)
def test_of_a_big_answer_only_the_beginning_is_read(answer):
    with receiving(answer) as receiver:
        got = client().post(f"http://receiver.example:{receiver.port}/", b"{}", {})

    assert (got.status, got.body) == (200, b"x" * 4096)


@pytest.mark.parametrize(
    "answer",
    [
        is_silent,
        drips(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", b"x"),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "slow head", "slow body", "endless interim answers"],
)
def test_a_receiver_that_takes_its_time_is_cut_at_the_time_for_everything(answer):
    with receiving(answer) as receiver:
        began_s = time.monotonic()
        with pytest.raises(ReceiverUnreachable):
            client(timeout_s=0.4).post(f"http://receiver.example:{receiver.port}/", b"{}", {})

    assert time.monotonic() - began_s < 2


def test_a_resolver_that_hangs_is_cut_too():
    answered = threading.Event()
    began_s = time.monotonic()

    with pytest.raises(ReceiverUnreachable):
        client(timeout_s=0.4, resolver=lambda host, port: answered.wait(30) and []).post(
            "https://slow.example/", b"{}", {}
        )
    answered.set()

    assert time.monotonic() - began_s < 10


def test_the_next_address_is_tried_when_one_does_not_answer():
    with receiving(says(200)) as receiver:
        answer = client(resolver=lambda host, port: ["::1", "127.0.0.1"]).post(
            f"http://receiver.example:{receiver.port}/", b"{}", {}
        )

    assert answer.status == 200


def no_address(host, port):
    raise socket.gaierror(socket.EAI_NONAME, "unknown name")


@pytest.mark.parametrize("resolver", [no_address, lambda host, port: []], ids=["unknown", "empty"])
def test_a_name_without_an_address_is_unreachable(resolver):
    with pytest.raises(ReceiverUnreachable, match=r"gone\.example"):
        client(resolver=resolver).post("https://gone.example/", b"{}", {})


def test_a_closed_port_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(ReceiverUnreachable):
        client().post(f"http://receiver.example:{port}/", b"{}", {})


@pytest.mark.parametrize("garbage", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_an_answer_that_is_no_http_is_unreachable(garbage):
    with receiving(lambda receiver, stream: stream.sendall(garbage)) as receiver, pytest.raises(ReceiverUnreachable):
        client().post(f"http://receiver.example:{receiver.port}/", b"{}", {})
