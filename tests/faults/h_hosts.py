#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The programs that ask us: with threads, without descriptors, unloading us at once, as nobody in particular, by hand."""
import contextlib
import os
import re
import resource
import subprocess

from compiled import LIBRARIES, compiled, flags, library, sources
from harness import HOUR, SERVICE, TESTS, main, row, wait_for

AS_ALICE = ("setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups")
HANDLES = 100
DESCRIPTORS = 10000
EMPTY = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


# --- in one process ---

def threads(host, *arguments):
    return compiled(host, "threads" + "".join(arguments), *arguments, os.path.join(TESTS, "faults/threads.c"), "-lpam", "-pthread")


def all_let_in(host, program, kid, environment):
    mark = len(host.log.lines)
    done = subprocess.run([program, SERVICE, "alice", host.token_file(kid), str(HANDLES)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120, check=False, cwd="/", env={**EMPTY, **environment})
    host.expect(f"what it says ({kid})", done.stdout.splitlines()[:1], [f"yes {HANDLES} of {HANDLES}"])
    host.expect(f"its errors ({kid})", done.stderr[-3000:], "")
    host.expect(f"its exit status ({kid})", done.returncode, 0)
    allowed = lambda: [line for line in host.log.lines[mark:] if "decision=allow" in line]
    wait_for(3, lambda: len(allowed()) == HANDLES)
    host.expect("lines of decision", len(allowed()), HANDLES)


@row("H01", "100 PAM handles in parallel", cases=["as built", "ThreadSanitizer"])
def in_parallel(host, case):
    environment = {}
    program = threads(host)
    if case == "ThreadSanitizer":
        program = threads(host, "-fsanitize=thread")
        module = compiled(host, "pam_jwks.so", "-fsanitize=thread", "-shared", "-fPIC", *flags(host), *sources("pam_jwks"), *library(),
                          *LIBRARIES, "-lpam")
        host.write(f"/etc/pam.d/{SERVICE}", "".join(f"{kind} required {module} conf={host.conf_file}\n" for kind in ("auth", "account")))
        host.write(host.path("not-ours"), "race:libaudit.so\n")      # libpam's own lines of audit
        environment = {"TSAN_OPTIONS": f"suppressions={host.path('not-ours')} print_suppressions=0"}
    host.publish("a")
    all_let_in(host, program, "a", environment)             # cold
    host.asked(1)
    all_let_in(host, program, "a", environment)             # fresh
    host.asked(0)
    host.publish("a", "b")
    all_let_in(host, program, "b", environment)             # a new kid
    host.asked(1)
    host.pass_time(2 * HOUR)
    all_let_in(host, program, "a", environment)             # stale
    host.asked(1)


def host_program(host):
    return compiled(host, "host", os.path.join(TESTS, "e2e/host.c"), "-lpam", "-lcrypto")


def many_descriptors():
    """In the child, before it becomes the host."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS + 100, DESCRIPTORS + 100))
    for descriptor in range(1000, DESCRIPTORS):
        os.dup2(0, descriptor)


def descriptors_of(process):
    return sorted(int(name) for name in os.listdir(f"/proc/{process}/fd"))


@row("H02", "descriptors", cases=["0, 1, 2 closed", "10,000 open", "RLIMIT_NOFILE 16"])
def descriptors(host, case):
    spoils = {"0, 1, 2 closed": ["close=012"], "10,000 open": ["open"], "RLIMIT_NOFILE 16": ["nofile=16"]}[case]
    program, token = host_program(host), host.token_file("a")
    for behaviour in ({"delay": 1}, {}):                    # cold, and fresh
        host.publish("a", **behaviour)
        with subprocess.Popen([program, SERVICE, "alice", token, *spoils], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              cwd="/", env=EMPTY, preexec_fn=many_descriptors if case == "10,000 open" else None) as process:
            if behaviour:
                host.expect("the helper is seen waiting", wait_for(5, lambda: open_in_helpers(host)), True)
                host.expect("descriptors in the helper", open_in_helpers(host), lambda found: found and max(found) < 32)
            said = process.communicate(timeout=30)[0]
        host.expect("what it says", said, "pam: 0\nLOGGED-IN as alice\n")
        host.expect("its exit status", process.returncode, 0)
        host.asked(1 if behaviour else 0)


def open_in_helpers(host):
    """All descriptors of jwks-fetch itself, once it has any besides those it was given."""
    found = set()
    for process in host.helpers():
        with contextlib.suppress(OSError):
            if os.path.basename(os.readlink(f"/proc/{process}/exe")) == "jwks-fetch":
                found.update(descriptors_of(process))
    return found


@row("H03", "module unloaded right after it started a refresh")
def unloaded(host):
    host.cached("a", age=HOUR - 60)
    host.publish("a", "b", delay=1)
    with subprocess.Popen([threads(host), SERVICE, "alice", host.token_file("a"), "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, cwd="/", env=EMPTY) as process:
        host.expect("what it says", process.stdout.readline(), "yes 1 of 1\n")
        host.expect("helpers at work after it", wait_for(1, host.helpers), True)
        host.expect("helper gone", wait_for(10, lambda: not host.helpers()), True)
        host.expect("the host lives", process.poll(), None)
        rest = process.communicate(timeout=10)[0]
    host.expect("what it says of its memory", rest, "")
    host.expect("its exit status", process.returncode, 0)
    host.asked(1)
    host.expect("kids", host.kids(), ["a", "b"])
    host.allow("b", waits=False)


# --- as nobody in particular ---

@row("H04", "screen locker as an ordinary user", cases=["fresh", "stale", "stale in an outage", "expired", "absent"])
def screen_locker(host, case):
    if case != "absent":
        host.cached("a", age={"fresh": 0, "expired": 25 * HOUR}.get(case, 2 * HOUR))
        host.write(host.starts, "")
    if case == "stale in an outage":
        host.serve(status=503)
        host.fetch("stale", outcome="http-5xx", asked=1)
        host.forget_requests()
    mark = len(host.log.lines)
    for _ in range(2):
        if case in ("expired", "absent"):
            host.unavailable("a", "unreachable|stale", waits=False, wrapper=AS_ALICE, within=3)
        else:
            host.allow("a", case.split(" ", maxsplit=1)[0], waits=False, wrapper=AS_ALICE, within=1.5)
    host.expect("helpers started", host.started(), [])
    host.expect("lines in the log", len(host.log.lines) - mark, 2)
    host.asked(0)


@row("H05", "no systemd")
def no_systemd(host):
    """harness.py hides it from all groups: what they show, they show without it."""
    for path in ("/run/systemd/system", "/run/systemd/private", "/run/systemd/journal", "/run/dbus/system_bus_socket"):
        host.expect(path, os.path.exists(path), False)
    with open("/proc/1/comm", encoding="ascii") as file:
        host.expect("the first process", file.read().strip(), lambda name: name != "systemd")
    os.rmdir(host.run_dir)                                  # nor has anybody made that
    host.publish("a")
    host.allow("a", waits=True)
    host.pass_time(HOUR)
    host.expect("the timer's command, as cron runs it", host.run_timer(), 0)
    host.asked(2)
    host.allow("a", waits=False)


def by_hand(host, *before):
    return subprocess.run([*before, host.helper, "--conf", host.conf_file, "--issuer", "corp", "--reason", "force"], cwd="/", text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)


@row("H06", "jwks-fetch by hand", cases=["an ordinary user", "root", "root with a user's real uid"])
def started_by_hand(host, case):
    host.cached("a")
    before = [(entry.name, entry.stat().st_mtime_ns, entry.stat().st_ino) for folder in (host.state_dir, host.run_dir)
              for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)]
    done = by_hand(host, *{"an ordinary user": AS_ALICE, "root": (),
                           "root with a user's real uid": ("setpriv", "--ruid", "alice")}[case])
    host.expect("its exit status", done.returncode, 2)
    host.expect("its message", done.stderr, lambda text: re.match("jwks-fetch: .*\n$", text) is not None)
    after = [(entry.name, entry.stat().st_mtime_ns, entry.stat().st_ino) for folder in (host.state_dir, host.run_dir)
             for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)]
    host.expect("the files", after, before)
    host.asked(0)
    host.allow("a", waits=False)


if __name__ == "__main__":
    main()
