"""What happens on real sockets: resets, cut answers, certificates, and an environment that interferes."""

import logging
from pathlib import Path

import pytest

from audiencesync.errors import AnswerLost, ConfigError, SalesforceRefused, SalesforceUnavailable
from audiencesync.records import WriteOptions
from audiencesync.salesforce import bulk, rows
from audiencesync.salesforce.session import Session
from audiencesync.salesforce.transport import Anonymous, Bearer, Timeout, Transport

from .helpers import (
    CountingMeter,
    HeldClock,
    Step,
    answer,
    grant,
    hang_up,
    make_certificates,
    raw,
    reset,
    scripted_server,
    silence,
    token_document,
)

JOB = "7505e000000001AAAQ"
CSV = '"sf__Id","sf__Created","Email"\n"00Q","true","zoë@example.org"\n'.encode()
EXPIRED = answer(b'[{"errorCode":"INVALID_SESSION_ID","message":"x"}]', status="401 Unauthorized")


def _session(url: str, pem: str, *, ca: Path | None = None, timeout: Timeout = (5, 5)) -> Session:
    return Session.connect(
        grant(pem, login_url=url),
        api_version="66.0",
        ca_bundle=ca,
        meter=CountingMeter(),
        clock=HeldClock(),
        timeout=timeout,
    )


def _token(url: str) -> bytes:
    return str(token_document(url)).replace("'", '"').encode()


def _signed_in(steps: list[Step]) -> list[Step]:
    """A token first. The server's address is not known yet, so it is read off the request."""

    def token(connection: object) -> None:
        host, port = connection.getsockname()  # type: ignore[attr-defined]
        answer(_token(f"http://{host}:{port}"))(connection)  # type: ignore[arg-type]

    return [token, *steps]


@pytest.mark.parametrize(
    "trouble",
    [
        hang_up,
        reset,
        raw(b"HTTP/1.1 200 OK\r\nContent-"),
        answer(b'[{"success": true', length=400),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,"),
        raw(b"\x00\x01 not http at all\r\n\r\n"),
        answer(b"not gzip", headers=["Content-Encoding: gzip"]),
    ],
)
def test_a_broken_answer_to_a_write_is_a_lost_answer(pem: str, trouble: Step) -> None:
    with (
        scripted_server(_signed_in([trouble])) as server,
        _session(server.url, pem) as session,
        pytest.raises(AnswerLost),
    ):
        rows.update(session, "Lead", [{"Id": "00Q"}], WriteOptions())

    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        hang_up,
        reset,
        raw(b"HTTP/1.1 200 OK\r\nContent-"),
        answer(b"null"),
        answer(b'{"a": ', length=400),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,"),
        answer(b"not gzip", headers=["Content-Encoding: gzip"]),
    ],
)
def test_a_broken_answer_to_a_read_is_asked_for_again(pem: str, trouble: Step) -> None:
    steps = _signed_in([trouble, answer(b'{"a": 1}')])
    with scripted_server(steps) as server, _session(server.url, pem) as session:
        assert session.get_json("limits", "limits") == {"a": 1}


def test_silence_is_not_waited_for_beyond_the_time_out(pem: str) -> None:
    steps = _signed_in([silence(1)])
    with (
        scripted_server(steps) as server,
        _session(server.url, pem, timeout=(2, 0.3)) as session,
        pytest.raises(AnswerLost),
    ):
        session.write("collections", "PATCH", "composite/sobjects", document={})


def test_nothing_listening_means_that_nothing_was_sent(pem: str) -> None:
    with scripted_server([]) as server:
        url = server.url

    with _session(url, pem) as session, pytest.raises(SalesforceUnavailable, match="could not be reached"):
        session.write("collections", "PATCH", "composite/sobjects", document={})


@pytest.mark.parametrize("trouble", [hang_up, raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"), silence(1)])
def test_a_handshake_that_fails_means_that_nothing_was_sent(trouble: Step) -> None:
    """Not a byte of the request leaves before the handshake is done."""
    with scripted_server([trouble], whole=False) as server:
        url = server.url.replace("http://", "https://")
        with pytest.raises(SalesforceUnavailable, match="could not be reached"):
            Transport(timeout=(0.3, 0.3)).send("PATCH", url, auth=Bearer("t"), what="PATCH x", data=b"{}")


def test_an_unknown_authority_is_refused_with_the_way_out(pem: str, tmp_path: Path) -> None:
    _, tls = make_certificates(tmp_path)
    with (
        scripted_server([hang_up], tls=tls) as server,
        _session(server.url, pem) as session,
        pytest.raises(SalesforceRefused, match="certificate") as caught,
    ):
        session.write("collections", "PATCH", "composite/sobjects", document={})

    assert "ca_bundle" in caught.value.hint
    assert server.requests == []


def test_a_certificate_for_another_host_is_refused(pem: str, tmp_path: Path) -> None:
    ca, tls = make_certificates(tmp_path, name="salesforce.example")
    with (
        scripted_server([hang_up], tls=tls) as server,
        _session(server.url, pem, ca=ca) as session,
        pytest.raises(SalesforceRefused, match="certificate"),
    ):
        session.get_json("limits", "limits")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_in_the_environment_does_not_displace_the_configured_one(
    pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """requests prefers the environment to `session.verify`; simple-salesforce users trip over it."""
    ca, tls = make_certificates(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = make_certificates(tmp_path / "other")
    monkeypatch.setenv(variable, str(other))

    with scripted_server([answer(b"{}")], tls=tls) as server:
        got = Transport(ca_bundle=ca).send("GET", server.url, auth=Anonymous(), what="GET")

    assert got.status_code == 200


def test_a_bundle_in_the_environment_serves_when_none_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, tls = make_certificates(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))

    with scripted_server([answer(b"{}")], tls=tls) as server:
        got = Transport().send("GET", server.url, auth=Anonymous(), what="GET")

    assert got.status_code == 200


def test_a_missing_bundle_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ConfigError, match="environment"):
        Transport().send("GET", "https://127.0.0.1:9", auth=Anonymous(), what="GET")


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_configured_bundle_without_certificates_is_named_at_once(
    pem: str, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match="ca_bundle"):
        _session("https://localhost:1", pem, ca=path)


def test_netrc_replaces_neither_the_token_nor_its_absence(pem: str, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrc password netrc\n")
    with scripted_server(_signed_in([answer(b"{}")])) as server, _session(server.url, pem) as session:
        session.get_json("limits", "limits")

    sign_in, read = server.requests
    assert b"authorization" not in sign_in.lower()
    assert b"Authorization: Bearer 00Dxx!AQtoken1" in read


def test_a_proxy_of_the_environment_is_used(pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(_signed_in([answer(b"{}")])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        with _session("http://localhost:1", pem) as session:
            session.get_json("limits", "limits")

    assert proxy.lines[0].startswith("POST http://localhost:1/services/oauth2/token")


def test_addresses_are_not_logged(pem: str, caplog: pytest.LogCaptureFixture) -> None:
    """An address holds the query, and the query holds match values."""
    caplog.set_level(logging.DEBUG)
    with scripted_server(_signed_in([answer(b"{}")])) as server, _session(server.url, pem) as session:
        session.get_json("query", "query", params={"q": "canary"})

    assert "canary" in server.lines[1]
    assert "canary" not in caplog.text


def test_cookies_are_not_kept(pem: str) -> None:
    steps = _signed_in([answer(b"{}", headers=["Set-Cookie: BrowserId=x"]), answer(b"{}")])
    with scripted_server(steps) as server, _session(server.url, pem) as session:
        session.get_json("limits", "limits")
        session.get_json("limits", "limits")

    assert b"cookie" not in server.requests[2].lower()


def test_an_upload_is_streamed_and_begins_anew_after_a_renewal(pem: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"Email\n" + b"someone@example.org\n" * 50_000)
    steps = _signed_in([EXPIRED, *_signed_in([answer(b"", status="201 Created")])])
    with scripted_server(steps) as server, _session(server.url, pem) as session:
        bulk.upload(session, JOB, path)

    for request in (server.requests[1], server.requests[3]):
        head, _, body = request.partition(b"\r\n\r\n")
        assert body == path.read_bytes()
        assert b"Content-Type: text/csv; charset=UTF-8" in head
        assert f"Content-Length: {path.stat().st_size}".encode() in head


@pytest.mark.parametrize(
    "cut",
    [
        answer(CSV[:20], length=len(CSV)),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n" + CSV[:8] + b"\r\n"),
        answer(b"<html>busy</html>", headers=["Content-Type: text/html"]),
        answer(b"busy", status="503 Service Unavailable"),
        reset,
    ],
)
def test_a_cut_result_file_is_fetched_again_whole(pem: str, tmp_path: Path, cut: Step) -> None:
    """B14: bytes stay bytes, whatever charset the header leaves out."""
    path = tmp_path / "ok.csv"
    steps = _signed_in([cut, answer(CSV, headers=["Content-Type: text/csv"])])
    with scripted_server(steps) as server, _session(server.url, pem) as session:
        bulk.download(session, JOB, "successfulResults", path)

    assert path.read_bytes() == CSV
    assert [entry.name for entry in tmp_path.glob("ok.csv*")] == ["ok.csv"]


def test_a_cut_page_of_results_leaves_nothing_of_itself(pem: str, tmp_path: Path) -> None:
    pages = [
        answer(b"h\n1\n", headers=["Sforce-Locator: x"]),
        answer(b"h\n" + b"2" * 300_000, length=400_000),
        answer(b"h\n2\n", headers=["Sforce-Locator: null"]),
    ]
    with scripted_server(_signed_in(pages)) as server, _session(server.url, pem) as session:
        bulk.download(session, JOB, "successfulResults", tmp_path / "ok.csv")

    assert (tmp_path / "ok.csv").read_bytes() == b"h\n1\n2\n"


def test_a_result_file_that_never_comes_whole_leaves_nothing(pem: str, tmp_path: Path) -> None:
    steps = _signed_in([answer(CSV[:20], length=len(CSV))] * 5)
    with (
        scripted_server(steps) as server,
        _session(server.url, pem) as session,
        pytest.raises(SalesforceUnavailable),
    ):
        bulk.download(session, JOB, "failedResults", tmp_path / "bad.csv")

    assert list(tmp_path.glob("bad.csv*")) == []
