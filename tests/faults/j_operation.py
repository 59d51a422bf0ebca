#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Operation: a package is replaced under the host's feet.  (J01 is in tests/e2e/fleet.sh, J02 in tests/e2e/replay.sh, J04 in j_status.py.)"""
import contextlib
import glob
import hashlib
import json
import os
import shutil
import stat
import subprocess

from harness import HOUR, main, mount, row, wait_for

PROGRAMS = ("lib/libjwkscore.so.0", "lib/security/pam_jwks.so", "libexec/pam-jwks/jwks-fetch", "libexec/pam-jwks/jwks-http.so", "sbin/jwksctl")


def installed(host):
    """The version of what is there now."""
    return subprocess.run([host.helper, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]


@contextlib.contextmanager
def package(host):
    """The installation's place holds a copy, whose files may be replaced."""
    shutil.copytree(host.prefix, host.path("package"), symlinks=True)
    mount("--bind", host.path("package"), host.prefix)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", host.prefix], check=True)
        shutil.rmtree(host.path("package"))


def install(host, old, new, between):
    """Program by program, as a package manager does: the new file takes the old one's name.  Only its version is another."""
    for program in PROGRAMS:
        path = os.path.realpath(os.path.join(host.prefix, program))
        with open(path, "rb") as file:
            content = file.read()
        with open(path + ".new", "wb") as file:
            file.write(content.replace(f"{old} (test clock)".encode(), f"{new} (test clock)".encode()))
        os.chmod(path + ".new", stat.S_IMODE(os.stat(path).st_mode))
        os.rename(path + ".new", path)
        between()


def replaced_during_refresh(host, old, new, *kids):
    """A refresh that brings the last of these has been asked for, and not been answered; logins meanwhile are as good as any."""
    host.pass_time(int(0.95 * HOUR))
    host.publish(*kids, delay=3)
    host.allow("a", cache="due", waits=False)
    host.expect("request under way", wait_for(3, lambda: host.requests("/jwks")), bool)
    install(host, old, new, between=lambda: host.allow("a", cache="due", waits=False))
    host.expect("the refresh outlived it", bool(host.helpers()), True)
    host.expect("version", installed(host), new)
    host.asked(1)
    host.expect("kids", host.kids(), list(kids))
    for kid in kids:
        host.allow(kid, waits=False)
    host.asked(0)


@row("J03", "package upgraded and downgraded during a refresh")
def replaced(host):
    with package(host):
        version = installed(host)
        later = version[:-1] + chr(ord(version[-1]) + 1)
        host.cached("a")
        replaced_during_refresh(host, version, later, "a", "b")
        replaced_during_refresh(host, later, version, "a", "b", "c")
        host.publish("a", "b", "c")
        host.pass_time(2 * HOUR)
        host.allow("c", waits=True)             # and the one that is there can do all of it
        host.asked(1)


# --- files of a later version ---

def rewrite(path, change):
    """change([first line, header, body]) changes them; the hash is made anew."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")[:3]
    first, head, body = lines[0], json.loads(lines[1]), json.loads(lines[2])
    first = change(first, head, body) or first
    content = "".join(f"{line}\n" for line in (first, json.dumps(head), json.dumps(body)))
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{content}sha256 {hashlib.sha256(content.encode()).hexdigest()}\n")


def add_members(_, head, body):
    head.update({"later": {"than": ["this"]}, "zeta": 1.5})
    body["later"] = {"number": 1}
    for key in body.get("keys", []):
        key["later"] = "text"


def make_second(first, *_):
    return first.replace("jwks-cache 1", "jwks-cache 2")


def files(host):
    return sorted(path for kind in ("jwks", "prev", "disc", "state") for folder in (host.state_dir, host.run_dir)
                  for path in glob.glob(f"{folder}/*.{kind}"))


def filled(host):
    """Every file that there can be: two generations, discovery, and a state with a pause that runs."""
    host.conf("discovery")
    host.serve("/.well-known/openid-configuration", json={"issuer": host.url, "jwks_uri": host.jwks_uri})
    host.cached("a")
    host.publish("a", "b")
    host.fetch("manual", outcome="new")
    published = host.script["/jwks"]
    host.serve(status=503, headers={"Retry-After": "600"})
    host.fetch("manual", outcome="http-5xx")
    host.serve(**published)
    host.forget_requests()
    host.expect("files", [path.rsplit(".")[-1] for path in files(host)], lambda kinds: sorted(kinds) == ["disc", "jwks", "prev", "state"])


@row("J03", "files of a later version", cases=["more members", "another kind", "version 2", "version 2, issuer down"])
def later_files(host, case):
    filled(host)
    if case == "more members":
        for path in files(host):
            rewrite(path, add_members)
        host.allow("b", waits=False)
        host.fetch("kid", outcome="retry-after", options=("--kid-hash", "0123456789abcdef"))        # the pause goes on
        host.asked(0)
        host.pass_time(2 * HOUR)
        host.allow("b", waits=True)
        host.expect("requests", [request["path"] for request in host.requests()], ["/jwks"])        # the address is known
        host.expect("generation", host.head()["gen"], 3)            # read_cache_file() says that no member of theirs is left
    elif case == "another kind":
        others = [host.file().replace(".jwks", ".grants"), os.path.join(host.state_dir, 32 * "f" + ".grants")]
        for other in others:
            shutil.copy(host.file(), other)
            rewrite(other, lambda first, *_: first.replace("keys", "grants"))
            os.utime(other, (0, 0))             # older than what is nobody's may be
        host.pass_time(2 * HOUR)
        host.expect("status of the timer", host.run_timer(), 0)
        host.expect("they are there", [os.path.exists(other) for other in others], [True, True])
        host.allow("b", waits=False)
        host.asked(1)
    else:
        for path in files(host):
            # The later version moved ours out of the way as it wrote the first of its own.
            if case == "version 2" or not path.endswith(".prev"):
                rewrite(path, make_second)
        if case == "version 2":
            host.expect("state", host.status(code=1)["state"], "absent")
            host.allow("b", waits=True)
            host.expect("requests", [request["path"] for request in host.requests()],
                        ["/.well-known/openid-configuration", "/jwks"])
            host.expect("kids", host.kids(), ["a", "b"])
        else:
            host.serve(status=503)
            host.allow("a", waits=False)
            host.asked(0)


if __name__ == "__main__":
    main()
