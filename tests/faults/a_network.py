#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A network that fails, stalls, lies about names: good keys stay, nobody waits longer than promised, and it is asked no more."""
import json
import socket
import threading
import time

from harness import DAY, HOUR, SLACK, main, row, wait_for

NAME = "provider.example"                       # the provider's certificate has it; who has it, Host.names says
NOBODY = "127.0.0.2"                            # refuses every connection


class NameServer:
    """The only one there is; it answers every question with `code`, or, where that is None, none."""
    CODES = {"NXDOMAIN": 3, "SERVFAIL": 2, "silent": None}

    def __init__(self):
        self.code, self.questions = None, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, sender = self.socket.recvfrom(512)
            self.questions += 1
            if self.code is not None:
                self.socket.sendto(question[:2] + bytes([0x81, 0x80 | self.code]) + question[4:], sender)

    def begin(self, word):
        self.code, self.questions = self.CODES[word], 0


NAME_SERVER = NameServer()


class Silent:
    """A port whose queue of connections is full, so that the kernel answers no SYN."""
    def __init__(self, family, address, port=0):
        self.listening = socket.create_server((address, port), family=family, backlog=0)
        self.port = self.listening.getsockname()[1]
        self.queued = socket.create_connection((address, self.port))

    def close(self):
        self.queued.close()
        self.listening.close()


def by_name(host, *lines):
    """The issuer's keys are at NAME, which is known."""
    host.conf(f"jwks_uri = https://{NAME}:{host.ports['good']}/jwks", *lines)
    host.names(f"127.0.0.1 {NAME}")


def failed_once(host, outcome, mean=30):
    """One failure is in the log and in the state, and its back-off is in force: 5 s in the mean where there are no keys."""
    host.settle()
    host.refresh_failed(outcome, failures=1)
    state = host.state()
    host.expect("failures", state.get("fail_n"), 1)
    host.expect("back-off", (state["next_b"] - state["attempt_b"]) / 1000, lambda pause: mean / 2 <= pause <= mean * 1.5)


def is_over(host, start, seconds):
    """What began then took no longer, its helper included."""
    host.settle()
    host.expect("s that it took", time.monotonic() - start, lambda took: took <= seconds + SLACK)


def gives_up(host, after, asked, **fields):
    """A refresh that somebody waits for times out so many seconds after it began, and the old key `a` stays."""
    host.keep("timeout", asked=asked, **fields)
    host.expect("given up after s", host.last_seconds, lambda took: after - 0.5 <= took <= after + SLACK)


@row("A01", "DNS: no such name; stale", cases=["NXDOMAIN", "SERVFAIL"])
def no_such_name(host, answer):
    by_name(host)
    host.stale("a")
    host.names()
    NAME_SERVER.begin(answer)
    host.allow("a", cache="stale", waits=True, within=1.5)
    failed_once(host, "dns")
    host.expect("questions", NAME_SERVER.questions, lambda number: number > 0)
    NAME_SERVER.begin(answer)
    host.allow("a", cache="stale", waits=False)
    host.fetch("stale", outcome="backoff")
    host.expect("questions within the back-off", NAME_SERVER.questions, 0)
    host.asked(0)


@row("A02", "DNS server never answers; stale")
def no_name_server(host):
    by_name(host)
    host.stale("a")
    host.names()
    NAME_SERVER.begin("silent")
    start = time.monotonic()
    host.allow("a", cache="stale", waits=True, within=1.5)
    is_over(host, start, 10)
    failed_once(host, "dns")
    host.expect("questions", NAME_SERVER.questions, lambda number: number > 0)
    host.allow("a", cache="stale", waits=False)
    host.asked(0)


def mend_after(host, event):
    """Once that number has changed NAME is the provider's; a second try is no sooner than 100 ms after the first."""
    before = event()

    def mend():
        if wait_for(10, lambda: event() != before):
            host.names(f"127.0.0.1 {NAME}")

    thread = threading.Thread(target=mend)
    thread.start()
    return thread


@row("A03", "broken once, then ok; absent", cases=["refused", "reset", "closed", "name not found"])
def broken_once(host, fault):
    by_name(host)
    host.publish("a")
    mending = None
    opened = host.counter("PassiveOpens")
    if fault == "refused":
        host.names(f"{NOBODY} {NAME}")
        mending = mend_after(host, lambda: host.counter("OutRsts"))
    elif fault == "name not found":
        host.names()
        NAME_SERVER.begin("SERVFAIL")
        mending = mend_after(host, lambda: NAME_SERVER.questions)
    else:
        host.script_is({**host.script, "connections": ["reset" if fault == "reset" else "close", "serve"]})
    host.allow("a", cache="fresh", waits=True, within=8)
    host.settle()
    if mending is not None:
        mending.join()
    host.expect("connections", host.counter("PassiveOpens") - opened, 1 if mending else 2)
    host.logged("refresh-fail", times=0)
    host.expect("failures, next attempt", (host.state()["fail_n"], host.state()["next_b"]), (0, 0))
    host.asked(1)


@row("A04", "SYN never answered; absent")
def never_connected(host):
    silent = Silent(socket.AF_INET, "127.0.0.1")
    dropped = host.counter("ListenOverflows")
    host.conf(f"jwks_uri = https://127.0.0.1:{silent.port}/jwks")
    host.unavailable("a", "unreachable", waits=True, within=8)
    failed_once(host, "timeout", mean=5)
    host.expect("SYNs dropped", host.counter("ListenOverflows") - dropped, lambda number: number > 0)
    since = time.clock_gettime(time.CLOCK_BOOTTIME) + host.boot - host.state()["attempt_b"] / 1000
    host.pass_time(-int(since))                 # the back-off began with the attempt, and may be no longer than 2.5 s
    dropped = host.counter("ListenOverflows")
    host.unavailable("a", "suppressed", waits=False)
    host.logged("decision=unavailable .*next attempt in [1-8] s")
    host.expect("SYNs in the back-off", host.counter("ListenOverflows") - dropped, 0)
    silent.close()


@row("A05", "server accepts, never answers", cases=["the request", "the handshake"])
def never_answers(host, what):
    host.stale("a")
    host.script_is({**host.script, **({"/jwks": {"delay": 20}} if what == "the request" else {"connections": ["hang"]})})
    gives_up(host, after=5 if what == "the request" else 2, asked=1 if what == "the request" else 0)


@row("A06", "body at 1 byte a second")
def slow_body(host):
    host.stale("a")
    host.publish("a", "b", pause=1)
    gives_up(host, after=2.5, asked=1, detail="under 100 octets a second")


@row("A07", "broken off after half of the body", cases=["reset", "close"])
def half_body(host, end):
    host.stale("a")
    host.publish("a", "b", cut=len(json.dumps(host.jwks("a", "b"))) // 2, end=end)
    host.keep("connect")


@row("A11", "issuer down 25 h, max_stale 24 h: counted from the last validation")
def down_for_a_day(host):
    host.cached("a", headers={"Cache-Control": "max-age=300"}, age=10 * HOUR)
    host.allow("a", cache="fresh", waits=True)
    host.asked(1)
    host.serve(status=503)
    for hours in (1, 11, 12):                   # failures, of which none lengthens or shortens the keys' life
        host.pass_time(hours * HOUR - (300 if hours == 12 else 0))
        host.allow("a", cache="stale", waits=True)
    host.pass_time(600)
    host.unavailable("a", "stale", waits=True)
    host.asked(4)
    host.pass_time(HOUR)
    host.publish("a")
    host.allow("a", cache="fresh", waits=True)
    host.asked(1)


@row("A12", "IPv6 broken, IPv4 works", cases=["SYN never answered", "refused", "no route"])
def only_ipv4(host, fault):
    by_name(host)
    host.publish("a")
    host.names(f"{'2001:db8::1' if fault == 'no route' else '::1'} {NAME}", f"127.0.0.1 {NAME}")
    before = {name: host.counter(name) for name in ("ListenOverflows", "OutRsts")}
    silent = Silent(socket.AF_INET6, "::1", host.ports["good"]) if fault.startswith("SYN") else None
    host.allow("a", cache="fresh", waits=True, within=2.5)
    host.settle()
    tried = {"SYN never answered": "ListenOverflows", "refused": "OutRsts"}.get(fault)
    if tried:
        host.expect(f"IPv6 tried: {tried}", host.counter(tried), lambda number: number > before[tried])
    if silent:
        silent.close()
    host.logged("refresh-fail", times=0)
    host.asked(1)


def origin_fails(host, fault):
    if fault == "503":
        host.serve(status=503)
    else:
        host.names(f"{NOBODY} {NAME}")


@row("A13", "one mirror works", cases=[f"origin {fault}, {state}" for fault in ("503", "dead") for state in ("stale", "due", "absent")])
def mirrored(host, case):
    fault, state = case.removeprefix("origin ").split(", ")
    by_name(host, f"mirror = {host.url}/mirror")
    if state != "absent":
        host.cached("a", age={"stale": 2 * HOUR, "due": 3300}[state])
    before = host.head().get("validated_b", 0)
    host.serve("/mirror", json=host.jwks("a"))
    origin_fails(host, fault)
    host.allow("a", cache="due" if state == "due" else "fresh", waits=state != "due")
    host.settle()
    host.logged("refresh-ok issuer=corp .*outcome=new .*via=mirror 1")
    host.logged(f"origin-fail issuer=corp outcome={'http-5xx' if fault == '503' else 'connect'}")
    host.expect("via", host.head()["via"], "mirror 1")
    host.expect("validated", host.head()["validated_b"], lambda now: now > before)
    host.expect("asked", [request["path"] for request in host.requests()], (["/jwks"] if fault == "503" else []) + ["/mirror"])
    host.names(f"127.0.0.1 {NAME}")
    host.publish("a")
    host.pass_time(2 * HOUR)
    host.forget_requests()
    host.allow("a", cache="fresh", waits=True)
    host.settle()
    host.expect("asked next time", [request["path"] for request in host.requests()], ["/jwks"])
    host.expect("via", host.head()["via"], "origin")


@row("A14", "mirror works, token with an unknown kid", cases=["503", "dead"])
def unknown_kid(host, fault):
    by_name(host, f"mirror = {host.url}/mirror")
    host.cached("a")
    host.serve("/mirror", json=host.jwks("a", "b"))
    origin_fails(host, fault)
    host.unavailable("b", "provider" if fault == "503" else "unreachable", waits=True, within=3)
    failed_once(host, "http-5xx" if fault == "503" else "connect")
    host.expect("asked", [request["path"] for request in host.requests()], ["/jwks"] if fault == "503" else [])
    host.allow("a", cache="fresh", waits=False)


@row("A15", "origin and all mirrors hang")
def all_hang(host):
    host.conf(f"mirror = {host.url}/mirror1", f"mirror = {host.url}/mirror2")
    host.stale("a")
    for path in ("/jwks", "/mirror1", "/mirror2"):
        host.serve(path, delay=20)
    start = time.monotonic()
    host.allow("a", cache="stale", waits=True, within=1.5)
    is_over(host, start, 10)
    failed_once(host, "timeout")
    host.allow("a", cache="stale", waits=False)
    host.asked(lambda number: 2 <= number <= 3)


if __name__ == "__main__":
    main()
