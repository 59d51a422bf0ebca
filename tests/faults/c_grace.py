#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys that go: withdrawn by the provider, denied by the administrator, vanished for a while."""
from harness import DAY, HOUR, main, row
from kinds import thumbprint

MINUTE = 60


def vanished(host, kid):
    return host.login(kid, "decision=allow", "key=vanished", waits=False)


def current(host, kid):
    decision = host.login(kid, "decision=allow", waits=False)
    host.expect("vanished", "key=vanished" in decision.line, False)


def fetch_until(host, seconds):
    """So much later, with a fetch every half hour, the last one then."""
    while seconds > 0:
        host.pass_time(min(seconds, 30 * MINUTE))
        host.fetch("manual", outcome="new", asked=1)
        seconds -= 30 * MINUTE
    host.forget_requests()


@row("C19", "the set shrinks by one key", cases=["by hand", "by the login itself"])
def shrinks(host, how):
    host.cached("a", "b")
    host.allow("b", waits=False)
    host.publish("a")
    if how == "by hand":
        host.fetch("manual", outcome="new", asked=1)
        host.deny("b", "unknown-key", waits=True)           # which looks once whether it is back
        host.asked(2)
    else:
        host.pass_time(2 * HOUR)
        host.deny("b", "unknown-key", waits=True)
        host.asked(1)
    host.logged('refresh-ok issuer=corp .*removed="b"', times=1)
    host.allow("a", waits=False)


@row("C20", "denied_key names every key", cases=["fresh", "due", "stale"])
def all_denied(host, state):
    host.cached("a", "b", age={"fresh": 0, "due": 55 * MINUTE, "stale": 2 * HOUR}[state])
    host.conf("denied_key = a", f"denied_key = {thumbprint(host.key('b').jwk)}")
    before, started = host.content(), len(host.started())
    for kid in ("a", "b"):
        host.deny(kid, "denied-key", waits=False)
    host.asked(0)
    host.expect("helpers started", len(host.started()) - started, 0)
    host.expect("the cached set is untouched", host.content() == before, True)
    host.conf()
    host.allow("b", cache="fresh" if state == "stale" else state)
    host.settle()


@row("C21", "denied_key names a cached kid, issuer down", cases=["fresh", "stale", "expired", "absent"])
def denied_offline(host, state):
    if state != "absent":
        host.cached("a", "b", age={"fresh": 0, "stale": 2 * HOUR, "expired": DAY + HOUR}[state])
    host.script_is({"connections": ["reset"] * 50})
    host.conf("denied_key = a")
    started = len(host.started())
    host.deny("a", "denied-key", waits=False)
    host.expect("helpers started", len(host.started()) - started, 0)
    if state in ("fresh", "stale"):
        host.allow("b", cache=state)
    host.asked(0)


@row("C23", "a key leaves the set", cases=["key_grace 0", "key_grace 2h"])
def leaves(host, grace):
    host.conf(grace.replace(" ", " = "))
    host.cached("a", "b")
    host.publish("a")
    fetch_until(host, MINUTE)                               # it has been gone for a minute at most
    host.expect("kids", host.kids()[0], "a")
    if grace == "key_grace 2h":
        vanished(host, "b")
        fetch_until(host, 110 * MINUTE)
        vanished(host, "b")
        host.pass_time(8 * MINUTE)
        vanished(host, "b")
        host.asked(0)
        host.pass_time(2 * MINUTE)
    host.deny("b", "unknown-key", waits=True)
    host.asked(1)
    current(host, "a")


@row("C24", "the same key comes back within the grace")
def comes_back(host):
    host.conf("key_grace = 2h")
    host.cached("a", "b")
    host.publish("a")
    fetch_until(host, 90 * MINUTE)
    vanished(host, "b")
    host.publish("b", "a")
    fetch_until(host, MINUTE)
    current(host, "b")
    host.expect("gone", host.head()["gone"], [])
    host.publish("a")
    fetch_until(host, 110 * MINUTE)
    vanished(host, "b")                                     # 3 h 20 min after it was missing for the first time
    host.asked(0)
    host.pass_time(12 * MINUTE)
    host.deny("b", "unknown-key", waits=True)
    host.asked(1)
    current(host, "a")


@row("C25", "the kid of a vanished key has new material")
def new_material(host):
    host.conf("key_grace = 2h")
    host.cached("a", "b")
    host.publish("a")
    fetch_until(host, MINUTE)
    vanished(host, "b")
    host.publish("a", ("b", 1))
    fetch_until(host, MINUTE)
    host.expect("kids", (host.kids(), host.head()["gone"]), (["a", "b"], []))
    host.deny(host.token("b", 0), "signature", waits=False)
    current(host, host.token("b", 1))
    current(host, "a")
    host.asked(0)


@row("C27", "jwksctl flush during a grace", cases=["issuer up", "issuer down"])
def flushed(host, issuer):
    host.conf("key_grace = 2h")
    host.cached("a", "b")
    host.publish("a")
    fetch_until(host, MINUTE)
    vanished(host, "b")
    if issuer == "issuer down":
        host.serve(status=503)
    validated = host.head()["validated_b"]
    done = host.ctl("flush", "corp")
    host.asked(1)
    host.expect("kids", (host.kids(), host.head()["gone"]), (["a"], []))
    host.expect("previous generation", host.file("prev"), None)
    if issuer == "issuer down":
        host.expect("exit status", done.returncode, 2)
        host.expect("what it says", done.stderr, lambda text: "fetch failed" in text and "last validated keys stay: 1" in text)
        host.expect("stamp of the validation", host.head()["validated_b"], validated)
        host.refresh_failed("http-5xx", http=503)
        host.unavailable("b", waits=False)
    else:
        host.expect("exit status", (done.returncode, done.stderr), (0, ""))
        host.deny("b", "unknown-key", waits=True)
    current(host, "a")
    host.settle()


if __name__ == "__main__":
    main()
