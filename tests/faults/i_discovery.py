#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where the keys are is a lie, a mistake or out of reach; a configuration that is wrong lets nobody in."""
import json
import os
import re

from harness import DAY, HOUR, WELL_KNOWN, main, row

OTHER = "127.0.0.1"                             # another host by its name; the provider's certificate has it, too
FRESH = {"Cache-Control": "max-age=3600", "ETag": '"v1"'}


def discovers(host, *lines):
    """The issuer's keys are found by discovery."""
    host.conf("discovery", *lines)
    host.serve(WELL_KNOWN, json={"issuer": host.url, "jwks_uri": host.jwks_uri})


def paths(host):
    """What was asked since the last time."""
    host.settle()
    asked = [request["path"] for request in host.requests()]
    host.forget_requests()
    return asked


def misled(host, outcome, detail, **document):
    """With nothing cached there is no login, and no request for keys; a host that knows the address goes on with it."""
    discovers(host)
    host.publish("a")
    host.serve(WELL_KNOWN, **document)
    host.unavailable("a", "provider", waits=True, within=8)
    host.refresh_failed(outcome, detail=re.escape(detail))
    host.expect("asked", paths(host), [WELL_KNOWN])
    host.expect("cached", (host.file("jwks"), host.file("disc")), (None, None))

    discovers(host, "max_stale = 7d")
    host.pass_time(60)
    host.cached("a", age=DAY)
    address = host.content("disc")
    host.serve(WELL_KNOWN, **document)
    host.allow("a", cache="fresh", waits=True)
    host.expect("asked", paths(host), [WELL_KNOWN, "/jwks"])
    host.logged(f"<84>.*discovery-fail issuer=corp outcome={outcome} .*detail=\"{re.escape(detail)}")
    host.expect("the address is as before", host.content("disc") == address, True)


@row("I01", "issuer differs", cases=["slash", "case", "port", "scheme"])
def other_issuer(host, how):
    other = {"slash": host.url + "/", "case": host.url.replace("localhost", "Localhost"),
             "port": host.url.replace("localhost:", "localhost:1"), "scheme": host.url.replace("https", "http")}[how]
    misled(host, "discovery", f"its issuer is {other} and ours {host.url}\"", json={"issuer": other, "jwks_uri": host.jwks_uri})
    host.deny(host.token("a", iss=other), "issuer", waits=False)
    host.asked(0)


@row("I02", "jwks_uri", cases=["http", "relative", "missing", "over 2048 bytes", "user part", "fragment"])
def bad_address(host, how):
    uri, words = {
        "http": (f"http://localhost:{host.ports['good']}/jwks", "is not an https:// URL"),
        "relative": ("/jwks", "is not an https:// URL"),
        "missing": (None, "is missing"),
        "over 2048 bytes": (host.jwks_uri.ljust(2049, "s"), "is too long"),
        "user part": (f"https://a@localhost:{host.ports['good']}/jwks", "user part"),
        "fragment": (host.jwks_uri + "#a", "fragment"),
    }[how]
    misled(host, "discovery", "its jwks_uri ", json={"issuer": host.url, "jwks_uri": uri})
    host.logged(f"refresh-fail issuer=corp .*its jwks_uri .*{words}")


@row("I02", "jwks_uri of 2048 bytes, on another host: used")
def good_address(host):
    discovers(host)
    path = "/jwks".ljust(2048 - len(host.url) + len("localhost") - len(OTHER), "s")
    uri = host.url.replace("localhost", OTHER) + path
    host.expect("length", len(uri), 2048)
    host.serve(WELL_KNOWN, json={"issuer": host.url, "jwks_uri": uri})
    host.serve(path, json=host.jwks("a"))
    host.allow("a", cache="fresh", waits=True)
    host.expect("asked", paths(host), [WELL_KNOWN, path])


def validators(host, path):
    """What the last request for that path was conditional on."""
    headers = host.requests(path)[-1]["headers"]
    return headers.get("If-None-Match"), headers.get("If-Modified-Since")


@row("I03", "jwks_uri moves to another host", cases=["which works", "which fails at first"])
def moves(host, how):
    discovers(host, "max_stale = 7d")
    host.cached("a", headers=FRESH, age=2 * HOUR)
    host.fetch("stale", outcome="new")
    host.expect("validators sent to the old address", validators(host, "/jwks"), (FRESH["ETag"], None))

    new = host.url.replace("localhost", OTHER) + "/new"
    host.serve(WELL_KNOWN, json={"issuer": host.url, "jwks_uri": new})
    host.serve("/new", **({"status": 503} if how == "which fails at first" else {"json": host.jwks("a", "b"), "headers": FRESH}))
    host.pass_time(DAY)
    host.forget_requests()
    host.allow("a", cache="stale" if how == "which fails at first" else "fresh", waits=True)
    host.settle()
    host.logged(f'<84>.*jwks-uri-changed issuer=corp from="{host.jwks_uri}" to="{new}"', times=1)
    host.expect("validators sent to the new address", validators(host, "/new"), (None, None))
    host.expect("asked", paths(host), [WELL_KNOWN, "/new"])
    if how == "which fails at first":
        host.refresh_failed("http-5xx", failures=1)
        host.allow("a", cache="stale", waits=False)
        host.serve("/new", json=host.jwks("a", "b"), headers=FRESH)
        host.pass_time(60)
        host.fetch("stale", outcome="new")
        host.expect("validators sent after the failure", validators(host, "/new"), (None, None))
        host.expect("asked", paths(host), ["/new"])
    host.allow("b", waits=False)
    host.pass_time(2 * HOUR)
    host.fetch("stale", outcome="new")
    host.expect("validators of the new address", validators(host, "/new"), (FRESH["ETag"], None))


@row("I04", "discovery down, address cached", cases=["503", "dead"])
def no_discovery(host, fault):
    discovers(host, "max_stale = 7d")
    host.cached("a")
    host.serve(WELL_KNOWN, **({"status": 503} if fault == "503" else {"raw": ""}))
    for day in range(1, 8):
        host.pass_time(DAY - 60 * (day == 7))   # the last login is a minute before seven days have passed
        host.allow("a", cache="fresh", waits=True, within=1.5)
        host.expect(f"asked on day {day}", paths(host), [WELL_KNOWN] * (1 if fault == "503" else 2) + ["/jwks"])
        host.allow("a", cache="fresh", waits=False)
        host.expect("failures", host.state()["fail_n"], 0)
    host.logged(f"discovery-fail issuer=corp outcome={'http-5xx' if fault == '503' else 'connect'}", times=7)
    host.pass_time(2 * HOUR)
    host.allow("a", cache="stale", waits=True)  # the address is too old; the keys are not
    host.expect("asked after 7 days", set(paths(host)), {WELL_KNOWN})


@row("I04", "discovery hangs, address cached")
def discovery_hangs(host):
    discovers(host, "max_stale = 7d")
    host.cached("a", age=DAY)
    host.serve(WELL_KNOWN, delay=20)
    host.allow("a", cache="stale", waits=True, within=1.5)
    host.expect("asked", paths(host), [WELL_KNOWN, "/jwks"])
    host.allow("a", cache="fresh", waits=False)
    host.pass_time(2 * HOUR)
    host.asked(0)


@row("I05", "discovery answers with", cases=["HTML", "1 MiB"])
def wrong_document(host, what):
    if what == "HTML":
        misled(host, "not-json", "HTML: a captive portal", body="<html>Welcome</html>", headers={"Content-Type": "text/html"})
    else:
        misled(host, "too-large", "over 131072 octets", fill=1 << 20)


@row("I06", "helper called with an unknown issuer name")
def unknown_name(host):
    host.stale("a")
    host.fetch("stale", issuer="nosuch", outcome="config", asked=0)
    host.expect("its exit status", host.last_run.returncode, 2)
    host.logged('refused detail="no such issuer section"')
    host.expect("failures of the issuer that is known", host.state()["fail_n"], 0)
    host.allow("a", cache="fresh", waits=True)
    host.asked(1)


def refused(host, reason, *words):
    """Nobody is let in, nothing is fetched, and login, helper and jwksctl say the same; all is well once it is mended."""
    host.fetch("stale", outcome="config", asked=0)
    said = [host.login("a", "decision=fault", f"reason={reason}", waits=False).line, host.last_run.stderr, host.ctl("status").stderr]
    for line in said:
        for word in words:
            host.expect(f"{word!r} in {line!r}", word in line, True)
    host.asked(0)


def checked(host, *words):
    """`jwksctl check` finds one error that has all of the words, or no errors where there are none."""
    done = host.ctl("check", "--offline", "--sshd", "/nonexistent")
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    host.expect("jwksctl check", (done.returncode == 2, [line for line in errors if all(word in line for word in words)][:1] != []),
                (bool(words), bool(words)))
    if not words:
        host.expect("its errors", errors, [])


@row("I07", "two sections with one issuer")
def twins(host):
    host.stale("a")
    host.conf(issuers={"twin": [f"issuer = {host.url}"]})
    with open(host.conf_file, encoding="utf-8") as file:
        lines = [number for number, line in enumerate(file, 1) if line == f"issuer = {host.url}\n"]
    host.expect("lines", len(lines), 2)
    refused(host, "config", "[issuer twin]", "[issuer corp]", *[f"{host.conf_file}:{number}" for number in lines])
    checked(host, "configuration: ", "[issuer twin]", "[issuer corp]", *[f"{host.conf_file}:{number}" for number in lines])
    host.conf()
    checked(host)
    host.allow("a", cache="fresh", waits=True)


@row("I08", "configuration", cases=["group-writable", "world-writable", "foreign", "in a folder of others"])
def unsafe_configuration(host, how):
    host.conf_file = host.path("conf", "jwks.conf")
    os.makedirs(host.path("conf"), exist_ok=True)
    host.conf()
    host.pam()
    host.stale("a")
    spoil, mend = {
        "group-writable": (lambda: os.chmod(host.conf_file, 0o664), lambda: os.chmod(host.conf_file, 0o644)),
        "world-writable": (lambda: os.chmod(host.conf_file, 0o646), lambda: os.chmod(host.conf_file, 0o644)),
        "foreign": (lambda: os.chown(host.conf_file, 64101, 0), lambda: os.chown(host.conf_file, 0, 0)),
        "in a folder of others": (lambda: os.chown(host.path("conf"), 64101, 0), lambda: os.chown(host.path("conf"), 0, 0)),
    }[how]
    spoil()
    try:
        why = "64101" if how in ("foreign", "in a folder of others") else "writable by others"
        refused(host, "unsafe-file", host.path("conf"), why)
        checked(host, "configuration: ", host.path("conf"), why, "; fix: ch")
    finally:
        mend()
    checked(host)
    host.allow("a", cache="fresh", waits=True)


@row("I09", "jwks_file", cases=["good", "broken", "not root's", "group-writable", "with jwks_uri"])
def key_file(host, how):
    path = host.path("corp.jwks")
    host.write(path, "{\"keys\":" if how == "broken" else json.dumps(host.jwks("a")), 0o664 if how == "group-writable" else 0o644)
    os.chown(path, 64101 if how == "not root's" else 0, 0)
    host.conf(f"jwks_file = {path}", *([f"jwks_uri = {host.jwks_uri}"] if how == "with jwks_uri" else []))
    host.publish("a", "b")
    if how == "good":
        host.allow("a", cache="file", waits=False)
        host.deny("b", "unknown-key", waits=False)
        host.expect("status", host.ctl("status").returncode, 0)
        checked(host)
        host.fetch("cold", outcome="config", asked=0)
    elif how == "with jwks_uri":
        refused(host, "config", "jwks_file excludes jwks_uri")
        checked(host, "configuration: ", "jwks_file excludes jwks_uri")
    else:
        host.login("a", "decision=fault", f"reason={'config' if how == 'broken' else 'unsafe-file'}", waits=False)
        host.logged(f"decision=fault .*cache=file .*{path}")
        host.expect("status", host.ctl("status").returncode, 2)
        checked(host, "issuer corp: no usable keys: fault: " if how == "broken" else f"jwks_file: {path}")
    host.expect("helpers started", [line for line in host.started() if line != "--confinement"], [])      # by jwksctl check
    host.asked(0)


if __name__ == "__main__":
    main()
