#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who is killed, stopped or never started: whole files, a free lock, a pause from the stamp on, and nobody who waits too long."""
import glob
import os
import re
import resource
import signal
import subprocess
import time

from crowd import decide_as_owner, together
from harness import SERVICE, SLACK, TRACED, main, row, wait_for

HELPER_LIFE = 10                                # s
PAM_PAUSE = 2.5                                 # s at most, after a refusal
FORKS = "clone,clone3,fork,vfork"
ELF_OF_S390 = b"\x7fELF\2\2\1" + bytes(9) + b"\0\2\0\x16" + bytes(44)


def begin_fetch(host, reason="manual", wrapper=()):
    """A helper in the background, from whom nobody waits for an answer."""
    command = [*wrapper, host.helper, "--conf", host.conf_file, "--issuer", "corp", "--reason", reason]
    return subprocess.Popen(host.as_owner(*command), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def asking(host):
    """The provider has been asked; it need not have answered."""
    host.expect("asked within 5 s", wait_for(5, host.requests), True)


def lock_is_free(host):
    with open(host.file("lock", "run"), "rb") as lock:
        return host.lockable(lock)


def temporaries(host):
    return glob.glob(host.path("*", ".tmp.*"))


# Before which system call the helper is killed: the last of these, one after the other; "" is any.  What is handed to them cannot
# be seen, since nobody of its user may look into the helper.
STEPS = {
    "after the lock": ("flock", ""),
    "after the stamp": ("renameat", ""),
    "in the write": ("fallocate", "fallocate", "write"),
    "before fsync": ("fsync",),
    "before the exchange": ("renameat2",),
    "after the exchange, before the rename to .prev": ("renameat2", "renameat"),
    "before the directory's fsync": ("fsync", "fsync"),
}


def find_step(calls, step):
    """Name and number of the system call, as `strace -e inject=` counts them."""
    wanted = list(STEPS[step])
    for index, name in enumerate(calls):
        if wanted[0] in ("", name):
            wanted.pop(0)
            if not wanted:
                return name, calls[:index + 1].count(name)
    raise AssertionError(f"no {step} in the trace")


def traced(host, *options):
    """The system calls of the writer in a forced refresh."""
    path = host.path("calls")
    host.write(path, "", 0o666)
    host.fetch("force", wrapper=["strace", "-qq", "-o", path, *options])
    with open(path, encoding="utf-8", errors="replace") as file:
        return re.findall(r"^(\w+)\(", file.read(), re.MULTILINE)


@row("E03", "helper killed", cases=list(STEPS))
def helper_killed(host, step):
    stamped, exchanged = step != "after the lock", "exchange," in step or "directory" in step
    host.cached("a")
    name, number = find_step(traced(host), step)
    host.stale("a")
    host.publish("a", "b")
    host.forget_requests()
    traced(host, "-e", f"inject={name}:signal=KILL:when={number}")
    host.expect("status", host.last_run.returncode, -signal.SIGKILL)
    host.settle()
    host.asked(0 if step in ("after the lock", "after the stamp") else 1)
    host.expect("keys", host.kids(), ["a", "b"] if exchanged else ["a"])
    host.expect("the lock is free", lock_is_free(host), True)
    host.expect("temporary files", len(temporaries(host)), 1 if re.search("write|fsync|exchange", step) and "directory" not in step else 0)
    state = host.state()
    host.expect("failures", state["fail_n"], 1 if stamped else 0)
    if stamped:
        host.expect("back-off", state["next_b"] - state["attempt_b"], lambda pause: 15000 <= pause <= 45000)
        host.allow("a", cache="fresh" if exchanged else "stale", within=1.5)
        host.pass_time(HELPER_LIFE)             # nobody believes in it any more
        host.allow("a", cache="fresh" if exchanged else "stale", waits=False)
        host.asked(0)
    host.pass_time(60)
    host.fetch("stale" if not exchanged else "force", outcome="new", asked=1)
    host.expect("temporary files after the next holder", temporaries(host), [])
    for kid in "ab":
        host.allow(kid, waits=False)


def timeouts(host):
    return sum("outcome=lock-timeout" in line for line in host.log.lines[host.mark:])


@row("E04", "lock holder stopped for 60 s", cases=["continued within its life", "continued after it"])
def holder_stopped(host, case):
    host.stale("a")
    host.publish("a", delay=1)
    begun = time.monotonic()
    holder = begin_fetch(host)
    asking(host)
    holder.send_signal(signal.SIGSTOP)
    host.expect("the lock is free", lock_is_free(host), False)
    host.allow("a", cache="stale", waits=True, within=1.5)
    host.fetch("manual", outcome="lock-timeout", wait_ms=300)
    host.expect("status of --due", host.run_timer(), 0)
    host.pass_time(60)
    host.allow("a", cache="stale", waits=True, within=1.5)
    if case == "continued after it":
        time.sleep(max(0, begun + HELPER_LIFE + 0.2 - time.monotonic()))
    host.expect("gave up", wait_for(5, lambda: timeouts(host) == 3), True)
    host.expect("the lock is free", lock_is_free(host), False)
    holder.send_signal(signal.SIGCONT)
    host.expect("status of the holder", holder.wait(timeout=HELPER_LIFE), -signal.SIGALRM if case == "continued after it" else 1)
    host.asked(1)
    host.expect("keys", host.kids(), ["a"])
    host.expect("failures", host.state()["fail_n"], 1)
    host.publish("a", "b")
    host.allow("a", cache="fresh", waits=True)
    host.asked(1)


@row("E07", "PAM process killed while it waits", cases=["provider answers", "provider is silent"])
def caller_killed(host, case):
    host.stale("a")
    host.publish("a", "b", delay=1 if case == "provider answers" else 60)
    caller = subprocess.Popen(["pamtester", SERVICE, "alice", "authenticate"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, cwd="/")
    caller.stdin.write(host.token("a").encode() + b"\n")
    caller.stdin.close()
    asking(host)
    caller.kill()
    host.expect("status of the killed", caller.wait(), -signal.SIGKILL)
    host.expect("helpers work on", bool(host.helpers()), True)
    host.settle()
    host.expect("the lock is free", lock_is_free(host), True)
    host.expect("failures", host.state()["fail_n"], 0 if case == "provider answers" else 1)
    host.logged("refresh-ok issuer=corp reason=stale" if case == "provider answers" else "refresh-fail .*outcome=timeout")
    host.allow("a", cache="fresh" if case == "provider answers" else "stale", waits=False)
    host.asked(1)


@row("E08", "helper does not run", cases=["missing", "not executable", "wrong architecture", "hangs in the loader"])
def broken_helper(host, case):
    host.stale("a")
    whole, host.shim = host.shim, host.path("broken")
    fifo = host.path("fifo")
    try:
        host.write(host.shim, f"#!/bin/sh\nread never <{fifo}\n", 0o644 if case == "not executable" else 0o755)
        if case == "wrong architecture":
            with open(host.shim, "wb") as file:
                file.write(ELF_OF_S390)
        elif case == "missing":
            os.unlink(host.shim)
        elif case == "hangs in the loader":
            os.mkfifo(fifo)
        host.conf()
        begun = time.monotonic()
        host.allow("a", cache="stale", within=1.5)
        if case == "hangs in the loader":
            host.expect("helpers that hang", len(host.helpers()), 1)
            gone = wait_for(begun + HELPER_LIFE + SLACK - time.monotonic(), lambda: not host.helpers())
            host.expect("gone after 10 s", gone, True)
        os.unlink(host.file())
        host.login("a", "decision=(unavailable|fault)", within=8 + PAM_PAUSE)
        host.asked(0)
    finally:
        host.settle()
        for path in (host.shim, fifo):
            if os.path.lexists(path):
                os.unlink(path)
        host.shim = whole
    host.conf()
    host.allow("a")


@row("E09", "helper out of memory")
def no_memory(host):
    host.stale("a")
    host.publish("a", "b")
    before, outcomes = host.content(), []
    for mebibytes in (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512):
        failures = host.state()["fail_n"]
        outcomes.append(host.fetch("force", wrapper=["prlimit", f"--as={mebibytes << 20}"]))
        if outcomes[-1] == "new":
            break
        host.expect("the cached set is untouched", host.content() == before, True)
        if len(host.requests()) or outcomes[-1] not in ("none", "config", "fs"):
            host.expect(f"failures counted at {mebibytes} MiB", host.state()["fail_n"], failures + 1)
        host.forget_requests()
    host.expect("outcomes", outcomes, lambda found: found[-1] == "new" and "helper" in found)
    host.refresh_failed("helper")
    for kid in "ab":
        host.allow(kid, waits=False)


@row("E10", "fork gives EAGAIN", cases=["to the caller: RLIMIT_NPROC", "to the caller: injected", "to the helper"])
def no_fork(host, case):
    host.stale("a")
    if case == "to the caller: RLIMIT_NPROC":   # which root does not have
        token = host.token("a")

        def decide():
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
            return decide_as_owner(host, token)

        host.expect("verdict", together([decide]), [("ok", "stale", "")])
        host.expect("helpers", host.started(), [])
        host.asked(0)
    elif case == "to the caller: injected":
        host.allow("a", cache="stale", within=1.5, wrapper=["-e", f"trace={TRACED},{FORKS}", "-e", f"inject={FORKS}:error=EAGAIN"])
        host.expect("helpers", host.started(), [])
        host.asked(0)
    else:
        host.fetch("stale", outcome="helper", asked=0, wrapper=["prlimit", "--nproc=1"])
        host.refresh_failed("helper", failures=1)
        host.expect("failures", host.state()["fail_n"], 1)
        host.allow("a", cache="stale", waits=False)
    host.pass_time(60)
    host.allow("a", waits=True)


@row("E13", "writer killed while its network child runs")
def writer_killed(host):
    host.stale("a")
    host.publish("a", "b", delay=60)
    writer = begin_fetch(host)
    asking(host)
    host.expect("processes of the helper", len(host.helpers()), 3)      # writer, starter, network child
    writer.kill()
    writer.wait()
    host.expect("gone after 1 s", wait_for(1, lambda: not host.helpers()), True)
    host.expect("the lock is free", lock_is_free(host), True)
    host.expect("keys", host.kids(), ["a"])
    host.expect("failures", host.state()["fail_n"], 1)
    host.pass_time(HELPER_LIFE)
    host.allow("a", cache="stale", waits=False)
    host.asked(1)


if __name__ == "__main__":
    main()
