#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an HTTPS server can answer: good keys stay, the outcome is named, and it is asked no more than it wants to be."""
import json
import socket

from harness import WELL_KNOWN, main, row

MINUTE = 60
PORTAL = "<!DOCTYPE html><html><body>Welcome to our hotel</body></html>"


@row("B01", "server errors", cases=[500, 502, 503, 504])
def server_error(host, status):
    host.stale("a")
    host.serve(status=status)
    paused = []
    for failures in (1, 2, 3):
        host.fetch("stale", outcome="http-5xx", asked=1)
        host.refresh_failed("http-5xx", http=status, failures=failures)
        state = host.state()
        paused.append((state["next_b"] - state["attempt_b"]) / 1000)
        host.allow("a", cache="stale", waits=False)
        host.pass_time(paused[-1] + 2)
    for number, pause in enumerate(paused):
        host.expect(f"pause {number + 1}", pause, lambda pause, mean=30 * 2 ** number: mean / 2 <= pause <= mean * 1.5)
    host.asked(3)


@row("B05", "404 and 410", cases=[404, 410])
def gone(host, status):
    host.conf("discovery")
    host.serve(WELL_KNOWN, json={"issuer": host.url, "jwks_uri": host.jwks_uri})
    host.stale("a")
    host.serve(status=status, body=PORTAL, headers={"Content-Type": "text/html"})
    host.keep("http-4xx", http=status)
    host.serve(WELL_KNOWN, json={"issuer": host.url, "jwks_uri": host.url + "/moved"})
    host.serve("/moved", json=host.jwks("a", "b"))
    host.pass_time(MINUTE)
    host.fetch("stale", outcome="new")
    host.expect("paths asked", [request["path"] for request in host.requests()], [WELL_KNOWN, "/moved"])
    host.logged("jwks-uri-changed issuer=corp")
    host.asked(2)
    for kid in "ab":
        host.allow(kid, waits=False)


@row("B06", "401 and 403 with HTML", cases=[401, 403])
def forbidden(host, status):
    host.stale("a")
    host.serve(status=status, body=PORTAL, headers={"Content-Type": "text/html", "WWW-Authenticate": 'Basic realm="x"'})
    host.keep("http-4xx", http=status)


@row("B07", "200 with an error document", cases=['{"error":"x"}', '{"error":"x","key":[]}', '{"Keys":[]}'])
def error_document(host, document):
    host.stale("a")
    host.serve(body=document)
    host.keep("no-keys", http=200)


@row("B08", "200 from a captive portal", cases=["text/html", "Text/HTML; charset=utf-8"])
def portal(host, content_type):
    host.stale("a")
    host.serve(body=PORTAL, headers={"Content-Type": content_type})
    host.keep("not-json", http=200, detail=".*captive portal or an error page")
    host.pass_time(MINUTE)
    host.publish("b", headers={"Content-Type": content_type})   # nor is a set that says it is a page
    host.keep("not-json")
    host.pass_time(10 * MINUTE)
    host.publish("a", headers={"Content-Type": "application/octet-stream"})
    host.fetch("stale", outcome="new", asked=1)


@row("B09", "other successes", cases=[202, 203, 204, 206])
def half_success(host, status):
    host.stale("a")
    host.publish("b", status=status)
    host.keep("http-other", http=status)


@row("B10", "redirects", cases=[301, 302, 303, 307, 308])
def redirect(host, status):
    host.stale("a")
    host.serve("/elsewhere", json=host.jwks("b"))
    host.write(host.path("elsewhere.json"), json.dumps(host.jwks("b")))
    with socket.create_server(("127.0.0.1", 0)) as plain:
        plain.setblocking(False)
        for target in (host.url + "/elsewhere", f"https://127.0.0.1:{host.ports['good']}/elsewhere", "/elsewhere",
                       f"http://localhost:{plain.getsockname()[1]}/", f"file://{host.path('elsewhere.json')}", host.jwks_uri):
            host.serve(status=status, headers={"Location": target})
            host.keep("http-3xx", http=status, reason="manual")
        try:
            plain.accept()
            host.failures.append("the address without TLS was asked")
        except BlockingIOError:
            pass


def padded(host, size, *kids):
    """A good set of exactly so many octets."""
    text = json.dumps(host.jwks(*kids))
    return text + " " * (size - len(text))


@row("B18", "bodies too long, too short", cases=["10 MiB, chunked", "512 KiB and 1", "512 KiB", "Content-Length too short",
                                                 "Content-Length too long", "chunked, cut"])
def body_length(host, case):
    host.stale("a")
    size = len(json.dumps(host.jwks("b")))
    host.serve(**{
        "10 MiB, chunked": {"fill": 10 << 20, "chunked": True},
        "512 KiB and 1": {"body": padded(host, (512 << 10) + 1, "b"), "chunked": True},
        "512 KiB": {"body": padded(host, 512 << 10, "a", "b"), "chunked": True},
        "Content-Length too short": {"json": host.jwks("b"), "length": size - 5},
        "Content-Length too long": {"json": host.jwks("b"), "length": size + 5},
        "chunked, cut": {"json": host.jwks("b"), "chunked": True, "cut": size // 2},
    }[case])
    if case == "512 KiB":
        host.fetch("stale", outcome="new", asked=1)
        host.allow("b", waits=False)
    elif "Content-Length" in case or "cut" in case:
        host.keep("not-json" if "short" in case else "connect")
    else:
        host.keep("too-large", detail="over 524288 octets")
    host.expect("MiB of the helper", host.cost()[1], lambda memory: memory < 64)


@row("B19", "headers too long", cases=["one of 1 MiB", "one of 40 KiB", "10,000 lines", "many 1xx answers", "31 KiB"])
def headers_length(host, case):
    host.stale("a")
    if case == "31 KiB":
        host.publish("a", "b", headers={"X-Long": "x" * 31000})
        host.fetch("stale", outcome="new", asked=1)
        host.allow("b", waits=False)
        return
    if case == "many 1xx answers":
        host.serve(raw="HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" * 1000 + "HTTP/1.1 200 OK\r\n\r\n" +
                   json.dumps(host.jwks("b")))
    else:
        host.publish("b", headers={"X-Long": {"one of 1 MiB": "x" * (1 << 20), "one of 40 KiB": "x" * (40 << 10),
                                              "10,000 lines": ["x"] * 10000}[case]})
    host.keep("too-large")
    host.expect("MiB of the helper", host.cost()[1], lambda memory: memory < 64)


NO_HTTP = {"HTTP/0.9": "", "garbage": "HTTP/banana 2OO\r\n\r\n", "HTTP/2": "HTTP/2 200\r\n\r\n", "a status and no more": "HTTP/1.1 200",
           "half a header": "HTTP/1.1 200 OK\r\nContent-Le", "half a header of a 304": "HTTP/1.1 304 Not Modified\r\nCache-Con",
           "nothing": ""}


@row("B20", "answers that are none", cases=NO_HTTP)
def no_http(host, case):
    host.stale("a", headers={"ETag": '"v1"'})
    whole = NO_HTTP[case].endswith("\r\n\r\n") or case == "HTTP/0.9"
    host.serve(raw=NO_HTTP[case] + (json.dumps(host.jwks("b")) if whole else ""))
    # libcurl cannot tell a status line that does not end from no answer, after which there is one more try
    tries = 2 if case in ("nothing", "a status and no more") else 1
    host.keep("http-other" if whole else "connect", asked=tries)


if __name__ == "__main__":
    main()
