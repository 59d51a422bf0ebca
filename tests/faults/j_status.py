#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What jwksctl status says in every state that the other groups bring a host into: what is the case, why, and until when."""
import contextlib
import json
import os
import re
import shutil
import signal
import time

from harness import DAY, HOUR, WELL_KNOWN, main, mount, row, wait_for

STATES = {}
FRESH = {"state": "fresh", "usable": True, "clock_wrong": False}
STALE = {"state": "stale", "usable": True}
ABSENT = {"state": "absent", "usable": False, "age": None, "validated": None, "generation": None, "keys": 0}
KID = ("--kid-hash", "0123456789abcdef")


def state(name, code, *lines, **members):
    """Its function brings it about, or returns what does while it lasts.  `code`: the exit status; `lines`: of the text; a member
    that is a pair of numbers: so many seconds from now."""
    def register(function):
        STATES[name] = (function, code, lines, members)
        return function
    return register


def look(host, code, lines, members):
    said, now = host.status(code), time.time() + host.wall
    for name, wanted in members.items():
        if isinstance(wanted, tuple):
            host.expect(f"{name}, from now", said[name] - now if said[name] else None,
                        lambda seconds, wanted=wanted: seconds is not None and wanted[0] - 2 <= seconds <= wanted[1] + 1)
        else:
            host.expect(name, said[name], wanted)
    text = host.ctl("status", "corp")
    host.expect("status of the text", text.returncode, code)
    for line in (f"corp: {said['state']}$", *lines):
        host.expect(f"/{line}/ in {text.stdout}", bool(re.search(f"^ *{line}", text.stdout, re.M)), True)
    host.expect("first line for all", host.ctl("status").stdout.split("\n")[0],
                lambda line: line.startswith("1 of 1 " if code == 0 else "corp "))


# --- ages ---

@state("never fetched", 1, "last attempt  none since the boot", "next attempt  not held back", **ABSENT, outcome="", last_attempt=None,
       held_back="", next_attempt=None)
def never_fetched(host):
    pass


@state("fresh", 0, "last attempt  .* ago: new .HTTP 200.; failures in a row: 0$", "next attempt  not held back", **FRESH, outcome="new",
       http=200, failures=0, ttl=3600, max_stale=DAY, via="origin", note="", last_attempt=(-60, 0), validated=(-60, 0))
def fresh(host):
    host.cached("a")


@state("due", 0, state="due", usable=True, age=lambda age: age // 10 == 342)
def due(host):
    host.cached("a", age=int(0.95 * HOUR))


@state("stale", 1, **STALE)
def stale(host):
    host.stale("a")


@state("expired", 1, state="expired", usable=False, keys=1)
def expired(host):
    host.cached("a", age=25 * HOUR)


@state("keys that vanished", 0, "keys  .* 1 usable, 1 vanished", **FRESH, keys=1, vanished=1)
def vanished(host):
    host.conf("key_grace = 2h")
    host.cached("a", "b")
    host.publish("b")
    host.fetch("manual", outcome="new")


@state("keys that cannot be used", 0, "keys .* 2 not usable: kty 1, oct 1$", **FRESH, keys=1, dropped={"kty": 1, "oct": 1})
def dropped(host):
    host.cached("a", {"kty": "AKP", "kid": "b"}, {"kty": "oct", "k": "AAAA"})


@state("from a mirror", 0, "generation .* from mirror 1$", **FRESH, via="mirror 1")
def mirrored(host):
    host.conf(f"mirror = {host.url}/mirror")
    host.publish("a", path="/mirror")
    host.serve(status=503)
    host.fetch("cold", outcome="new")


@state("another boot", 0, "last attempt  none since the boot", **FRESH, outcome="", last_attempt=None, failures=0, reasons={}, outcomes={},
       held_back="")
def rebooted(host):
    host.cached("a")
    host.serve(status=503)
    host.fetch("manual", outcome="http-5xx")
    return host.reboot()


@state("clock turned back", 1, "corp: clock: this host's clock is earlier than it can be", state="fresh", usable=False, clock_wrong=True)
def clock_wrong(host):
    host.cached("a")
    host.wall_wrong_by(-DAY)


# --- what holds refreshes back ---

@state("back-off, fresh", 0, "last attempt  .* ago: http-5xx .HTTP 503.; failures in a row: 1$", "next attempt  held back by backoff for ",
       **FRESH, outcome="http-5xx", http=503, failures=1, held_back="backoff", next_attempt=(15, 45))
def failed_fresh(host):
    host.cached("a")
    host.serve(status=503)
    host.fetch("manual", outcome="http-5xx")


@state("back-off after a timeout", 0, "last attempt  .* ago: timeout; failures in a row: 1$", "next attempt  held back by backoff for ",
       **FRESH, outcome="timeout", http=None, failures=1, held_back="backoff", next_attempt=(8, 45))
def timed_out(host):
    host.cached("a")
    host.serve(delay=20)
    host.fetch("manual", outcome="timeout")


@state("back-off, stale", 1, "next attempt  held back by backoff for ", **STALE, outcome="http-5xx", failures=2, held_back="backoff",
       next_attempt=(30, 90))
def failed_stale(host):
    host.stale("a")
    host.serve(status=503)
    for _ in range(2):
        host.fetch("manual", outcome="http-5xx")


@state("back-off, absent", 1, "next attempt  held back by backoff for ", **ABSENT, outcome="http-5xx", failures=1, held_back="backoff",
       next_attempt=(2, 8), suppressed={"backoff": 1})
def failed_absent(host):
    host.serve(status=503)
    host.fetch("cold", outcome="http-5xx")
    host.fetch("cold", outcome="backoff")


@state("back-off that is over", 0, "last attempt  .* ago: http-5xx", "next attempt  not held back", outcome="http-5xx", failures=1,
       held_back="", next_attempt=None)
def failed_before(host):
    failed_fresh(host)
    host.pass_time(60)


@state("Retry-After", 0, "next attempt  held back by retry-after for (2 min|1 min 5[0-9] s)$", **FRESH, outcome="http-429", http=429,
       held_back="retry-after", next_attempt=(120, 120), suppressed={"retry-after": 1})
def retry_after(host):
    host.cached("a")
    host.serve(status=429, headers={"Retry-After": "120"})
    host.fetch("manual", outcome="http-429")
    host.fetch("manual", outcome="retry-after")


@state("flood", 0, "unknown keys  held back by flood for .*; listed as missing: 2$", "corp: flood: ", **FRESH, missing_kids=2,
       kid_interval=60, next_kid_attempt=(55, 60), held_back="", suppressed={"flood": 1})
def flood(host):
    host.cached("a")
    for kid, outcome in (("1", "unchanged|new"), ("2", "unchanged|new"), ("3", "flood")):
        host.fetch("kid", outcome=outcome, options=("--kid-hash", 16 * kid))


@state("a key that is not there", 0, "unknown keys  not held back; listed as missing: 1$", **FRESH, missing_kids=1, next_kid_attempt=None,
       suppressed={"negative": 1})
def negative(host):
    host.cached("a")
    host.fetch("kid", outcome="unchanged|new", options=KID)
    host.fetch("kid", outcome="negative", options=KID)


@state("under way", 0, "next attempt  one is under way$", state="due", in_flight=True, outcome="helper", failures=0, held_back="")
def under_way(host):
    due(host)
    host.publish("a", delay=1.5)
    host.allow("a", cache="due", waits=False)
    host.expect("request", wait_for(3, lambda: host.requests("/jwks")), bool)


@state("helper killed", 0, "last attempt  .* ago: helper", state="due", in_flight=False, outcome="helper", failures=1,
       held_back="backoff", next_attempt=lambda until: until is not None)
def killed(host):
    under_way(host)
    for helper in host.helpers():
        os.kill(helper, signal.SIGKILL)
    host.pass_time(10)                          # as long as one lives, so it is known to be none


# --- files ---

def spoil(host, how, *kinds):
    for kind in kinds:
        how(host.file(kind))


def append(path):
    with open(path, "a", encoding="utf-8") as file:
        file.write("x")


@state("damaged, the one before it used", 0, "corp: cache-corrupt: [0-9a-f]{32}.jwks: ", **FRESH, generation=1,
       note=lambda note: note.startswith("cache-corrupt: "))
def damaged(host):
    host.cached("a")
    host.fetch("manual", outcome="new")
    spoil(host, append, "jwks")


@state("damaged", 1, "corp: cache-corrupt: ", **ABSENT, note=lambda note: note.startswith("cache-corrupt: "))
def all_damaged(host):
    damaged(host)
    spoil(host, append, "prev")


@state("unsafe", 1, "corp: cache-unsafe: ", **ABSENT, note=lambda note: note.startswith("cache-unsafe: "))
def unsafe(host):
    host.cached("a")
    spoil(host, lambda path: os.chmod(path, 0o666), "jwks")


@state("unsafe folder", 2, "corp: .*", state="fault", usable=False, note=lambda note: "state" in note, next_attempt=None)
def unsafe_folder(host):
    host.cached("a")
    os.chmod(host.state_dir, 0o777)


@state("no run_dir", 0, "corp: .*/run: ", "last attempt  none since the boot", **FRESH, note=lambda note: "/run" in note, outcome="")
def no_run_dir(host):
    host.cached("a")
    shutil.rmtree(host.run_dir)


@state("nothing can be written down", 0, **FRESH, outcome="new", generation=1)
def nostate(host):
    host.cached("a")
    read_only(host.run_dir)
    host.fetch("manual", outcome="nostate")


def read_only(folder):
    mount("--bind", folder, folder)
    mount("-o", "remount,bind,ro", folder)


@state("copy in run_dir", 0, **FRESH, outcome="new", generation=2, keys=2)
def overflow(host):
    host.cached("a")
    read_only(host.state_dir)
    host.publish("a", "b")
    host.fetch("manual", outcome="new")
    host.expect("copy", host.file("jwks", "run"), bool)


@state("no room for keys", 1, "last attempt  .* ago: nopersist", **ABSENT, outcome="nopersist")
def nopersist(host):
    read_only(host.state_dir)
    mount("-t", "tmpfs", "-o", f"mode=755,size=12k,uid={host.owner.pw_uid},gid={host.owner.pw_gid}", "run", host.run_dir)
    host.publish(*(f"key {number}" for number in range(80)))
    host.fetch("cold", outcome="nopersist")


# --- a jwks_file ---

def key_file(host, text):
    host.conf(f"jwks_file = {host.path('corp.jwks')}")
    host.write(host.path("corp.jwks"), text)


@state("jwks_file", 0, state="file", usable=True, keys=1, id="", age=None, max_stale=None, outcome="", next_attempt=None)
def good_file(host):
    key_file(host, json.dumps(host.jwks("a")))


@state("jwks_file, broken", 2, "corp: .*", state="fault", usable=False, note=lambda note: note != "")
def broken_file(host):
    key_file(host, "{")


@state("jwks_file, without a usable key", 1, state="file", usable=False, keys=0, dropped={"oct": 1})
def useless_file(host):
    key_file(host, '{"keys":[{"kty":"oct","k":"AAAA"}]}')


# --- each way to fail ---

def failing(host, outcome):
    port = lambda listener: f"jwks_uri = https://localhost:{host.ports[listener]}/jwks"
    conf = {"dns": "jwks_uri = https://nosuch.example/jwks", "connect": "jwks_uri = https://localhost:1/jwks",
            "tls": port("old-tls"), "tls-verify": port("expired"), "discovery": "discovery"}
    if outcome in conf:
        host.conf(conf[outcome])
    host.serve(WELL_KNOWN, json={"issuer": "https://elsewhere.example", "jwks_uri": host.jwks_uri})
    host.serve(**{"http-3xx": {"status": 301}, "http-4xx": {"status": 404}, "http-429": {"status": 429},
                  "http-other": {"status": 204}, "too-large": {"fill": 600000}, "encoding": {"headers": {"Content-Encoding": "gzip"}},
                  "not-json": {"body": "{"}, "no-keys": {"body": "{}"}, "no-usable": {"body": '{"keys":[{"kty":"x"}]}'}}.get(outcome, {}))
    host.fetch("cold", outcome=outcome)


@row("J04", "jwksctl status", cases=list(STATES))
def status(host, case):
    bring_about, code, lines, members = STATES[case]
    with bring_about(host) or contextlib.nullcontext():
        look(host, code, lines, members)


@row("J04", "jwksctl status after each way to fail",
     cases="dns connect tls tls-verify http-3xx http-4xx http-429 http-other too-large encoding not-json no-keys no-usable "
           "discovery".split())
def failed(host, outcome):
    failing(host, outcome)
    look(host, 1, (f"last attempt  .* ago: {outcome}\\b.*; failures in a row: 1$", "next attempt  held back by backoff for "),
         {**ABSENT, "outcome": outcome, "failures": 1, "held_back": "backoff", "next_attempt": (2, 8), "outcomes": {outcome: 1}})


@row("J04", "jwksctl status of several, and of none")
def several(host):
    more = {"other": (f"issuer = {host.url}/other",), "filed": (f"issuer = {host.url}/filed", f"jwks_file = {host.path('filed.jwks')}")}
    host.conf(issuers=more)
    host.cached("a")
    host.write(host.path("filed.jwks"), "{")
    host.expect("states", [host.status(2, name)["state"] for name in ("corp", "other", "filed")], ["fresh", "absent", "fault"])
    host.expect("the first alone", host.ctl("status", "--json", "corp").returncode, 0)
    host.expect("one that there is not", host.ctl("status", "--json", "nosuch").returncode, 64)
    host.conf("bogus = 1")
    host.expect("a broken configuration", host.ctl("status", "--json").returncode, 2)


if __name__ == "__main__":
    main()
