#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many at once, and who may stand in their way: one request, whole files, and a lock that strangers do not get."""
import glob
import os
import subprocess
import time

from crowd import FORK, Crowd, SshKey, library, pam_login, timed, together
from harness import SERVICE, SLACK, main, row

READERS, BY_PAM, GENERATIONS = 200, 10, 1000


@row("E01", "200 processes start cold together")
def cold_together(host):
    host.publish("a")
    found = together([lambda token=host.token("a"): timed(lambda: pam_login(SERVICE, token)) for _ in range(READERS)])
    host.expect("let in", [got_in for got_in, _ in found].count(True), READERS)
    host.expect("s of the slowest", max(seconds for _, seconds in found), lambda seconds: seconds <= 8 + SLACK)
    host.settle()
    host.logged("decision=allow .*cache=fresh", times=READERS)
    host.logged("refresh-ok issuer=corp reason=cold outcome=new ", times=1)
    host.asked(1)


def read_on(stop, read):
    """How often it has read, and what was not as it should be."""
    os.nice(19)                                 # or the writer has no turn
    number, wrong = 0, []
    while not stop.is_set():
        result = read()
        number += 1
        if result not in (True, ("ok", "fresh", "")):
            wrong.append(result)
        time.sleep(2)
    return number, wrong[:3]


@row("E02", "200 readers while 1,000 generations are written")
def readers_and_writer(host):
    host.cached("a", *[f"key-{number}" for number in range(30)])
    token, stop = host.token("a"), FORK.Event()
    by_pam = lambda: read_on(stop, lambda: pam_login(SERVICE, token))

    def by_the_library():
        reader = library(host)
        return read_on(stop, lambda: tuple(reader.decide(token.encode())))

    before = host.head()["gen"]
    crowd = Crowd([by_pam] * BY_PAM + [by_the_library] * (READERS - BY_PAM)).go()
    loop = 'for i in $(seq "$1"); do "$2" --conf "$3" --issuer corp --reason force || exit 1; done'
    command = host.as_owner("sh", "-c", loop, "sh", str(GENERATIONS), host.helper, host.conf_file)
    try:
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, timeout=600, check=False)
    finally:
        stop.set()
    results = crowd.results()
    host.expect("status of 1,000 fetches", done.returncode, 0)
    host.expect("generations", host.head()["gen"] - before, GENERATIONS)
    host.expect("readers that read less than 3 times", [number for number, _ in results if number < 3], [])
    host.expect("wrong reads", [wrong for _, wrong in results if wrong], [])
    host.logged("decision=(deny|unavailable|fault)", times=0)
    host.logged("cache-(unsafe|corrupt)", times=0)
    host.allow("a", waits=False)


@row("E05", "lock is something else", cases=["directory", "FIFO", "symbolic link", "foreign"])
def strange_lock(host, case):
    host.stale("a")
    lock, target = host.file("lock", "run"), host.path("target")
    host.write(target, "untouched")
    os.unlink(lock)
    if case == "directory":
        os.mkdir(lock)
    elif case == "FIFO":
        os.mkfifo(lock, 0o600)
        os.chown(lock, host.owner.pw_uid, host.owner.pw_gid)
    elif case == "symbolic link":
        os.symlink(target, lock)
    else:
        host.write(lock, "", 0o666)             # root's
    host.allow("a", cache="stale", within=1.5)
    host.logged(r"^<82>.*nostate issuer=corp reason=stale outcome=nostate ", times=1)
    host.fetch("force", outcome="nostate", asked=0)
    host.asked(0)
    with open(target, encoding="ascii") as file:
        host.expect("what the link led to", file.read(), "untouched")
    (os.rmdir if case == "directory" else os.unlink)(lock)
    host.fetch("stale", outcome="new", asked=1)


@row("E06", "ordinary user and the lock")
def users_locks(host):
    host.stale("a")
    alice = ["setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups"]
    done = subprocess.run([*alice, "flock", "-n", host.file("lock", "run"), "true"], capture_output=True, text=True, check=False)
    host.expect("alice opens the lock", "Permission denied" in done.stderr, True)
    files = [host.file(), host.file("state", "run")]
    holders = [subprocess.Popen([*alice, "sh", "-c", 'exec 3<"$1"; flock -x 3 && echo held && exec sleep 60', "sh", path],
                                stdout=subprocess.PIPE, text=True) for path in files]
    host.expect("alice holds", [holder.stdout.readline() for holder in holders], ["held\n"] * 2)
    host.allow("a", cache="fresh", waits=True, within=1.5)
    host.asked(1)
    host.fetch("force", outcome="new", asked=1)
    host.allow("a", waits=False)
    for holder in holders:
        holder.kill()
        holder.wait()
        holder.stdout.close()


@row("E11", "timer, PAM and AuthorizedKeysCommand at once", cases=["stale", "absent"])
def three_at_once(host, state):
    if state == "stale":
        host.stale("a")
    host.publish("a", delay=0.7)
    key = SshKey(host, "ours")
    token = host.token("a", nonce=key.nonce())
    key.certify(token)
    found = together([host.run_timer, lambda: pam_login(SERVICE, token), key.offer])
    host.expect("timer, PAM", found[:2], [0, True])
    host.expect("line for sshd", found[2], lambda answer: answer[0] == 0 and answer[1].startswith("cert-authority,principals=\"alice\","))
    host.logged("jwks-authorized-keys.*decision=allow user=alice issuer=corp .*cache=fresh ", times=1)
    host.asked(1)
    host.logged("refresh-ok issuer=corp reason=(due|stale|cold) ", times=1)
    host.logged("refresh-skipped issuer=corp .*outcome=coalesced", times=2)
    host.allow("a", waits=False)


@row("E12", "64 sources due at once")
def many_sources(host):
    names = [f"i{number}" for number in range(63)]
    host.conf(issuers={name: [f"issuer = {host.url}/{name}"] for name in names})
    host.publish("a", delay=0.2)
    start = time.monotonic()
    host.expect("status of --due", host.run_timer(), 0)
    host.expect("s", time.monotonic() - start, lambda seconds: seconds < 30)
    begun = sorted(request["time"] for request in host.requests())
    at_once = [sum(begin <= other < begin + 0.2 for other in begun) for begin in begun]
    host.expect("at once", max(at_once), lambda number: 2 <= number <= 4)
    host.logged("refresh-ok issuer=", times=64)
    host.expect("sets", len(glob.glob(host.path("state", "*.jwks"))), 64)
    host.asked(64)
    host.allow("a", waits=False)
    host.login(host.token("a", iss=f"{host.url}/{names[-1]}"), "decision=allow", f"issuer={names[-1]}", waits=False)


if __name__ == "__main__":
    main()
