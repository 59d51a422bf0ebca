#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The real sshd in a hurry, and what the real sudo and su leave to jwks-fetch of their caller."""
import contextlib
import os
import re
import socket
import subprocess
import time

from harness import SERVICE, SLACK, main, mount, row, wait_for

GRACE = 5                                               # s, sshd's LoginGraceTime
EMPTY = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def sshd_config(host, port):
    lines = [f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {host.path('hostkey')}", f"PidFile {host.path('sshd.pid')}", "UsePAM yes",
             "KbdInteractiveAuthentication yes", "PasswordAuthentication no", "PubkeyAuthentication no", f"LoginGraceTime {GRACE}"]
    for extra in (f"PAMServiceName {SERVICE}", "PerSourcePenalties no"):        # of later versions
        host.write(host.path("sshd_config"), "\n".join([*lines, extra]) + "\n")
        if subprocess.run(["/usr/sbin/sshd", "-t", "-f", host.path("sshd_config")], capture_output=True, check=False).returncode == 0:
            lines.append(extra)
    host.write(host.path("sshd_config"), "\n".join(lines) + "\n")


@contextlib.contextmanager
def sshd(host):
    """The port of a real one, whose PAM service is ours: by its name, before it could be told."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    if not os.path.isdir("/run/sshd"):
        mount("-t", "tmpfs", "-o", "mode=755", "run", "/run")
        os.mkdir("/run/sshd", 0o755)
    if not os.path.exists(host.path("hostkey")):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host.path("hostkey")], check=True, stdin=subprocess.DEVNULL)
        os.symlink("/usr/sbin/sshd", host.path(SERVICE))
    host.write(host.path("sshd.log"), "")
    sshd_config(host, port)
    with subprocess.Popen([host.path(SERVICE), "-D", "-f", host.path("sshd_config"), "-E", host.path("sshd.log")], env=EMPTY,
                          stdin=subprocess.DEVNULL) as process:
        try:
            if not wait_for(10, lambda: "Server listening" in read_text(host.path("sshd.log"))):
                raise RuntimeError(read_text(host.path("sshd.log")))
            yield port
        finally:
            process.terminate()


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def ssh(host, port, token):
    """What it says; s until PAM's decision, and until the end."""
    options = {"UserKnownHostsFile": "/dev/null", "GlobalKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "no",
               "NumberOfPasswordPrompts": "1", "PreferredAuthentications": "keyboard-interactive"}
    command = ["ssh", "-F", "none", "-p", str(port), *(f"-o{name}={value}" for name, value in options.items()), "alice@127.0.0.1",
               "echo LOGGED-IN"]
    surroundings = {**EMPTY, "SSH_ASKPASS": f"{host.prefix}/bin/jwks-askpass", "SSH_ASKPASS_REQUIRE": "force", "JWKS_TOKEN_FILE": token}
    start, mark = time.monotonic(), len(host.log.lines)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/",
                          start_new_session=True, env=surroundings) as process:
        decided = lambda: any("decision=" in line for line in host.log.lines[mark:])
        wait_for(60, lambda: decided() or process.poll() is not None)
        decision = time.monotonic() - start if decided() else None
        said = process.communicate(timeout=60)[0]
    return said, decision, time.monotonic() - start


@row("H08", "LoginGraceTime 5, absent, silent issuer", cases=["max_wait as it is", "max_wait=3"])
def grace_time(host, case):
    if "=" in case:
        host.pam(case)
    host.serve(delay=60)
    with sshd(host) as port:
        said, decision, end = ssh(host, port, host.token_file("a"))
        host.expect("what the client is told", said, "")
        host.expect("helpers started", len(host.started()), 1)
        host.expect("s until the client is gone", end, lambda seconds: seconds < GRACE + SLACK)
        if "=" in case:                                     # PAM answers first
            host.expect("s until the decision", decision, lambda seconds: seconds is not None and 3 <= seconds < GRACE)
            host.expect("what sshd says", re.findall("PAM: .* for alice", read_text(host.path("sshd.log"))), lambda said: len(said) == 1)
            host.logged("decision=unavailable .*cache=absent .*reason=unreachable")
        else:
            host.expect("s until the decision", decision, None)
            host.expect("s until sshd drops the client", end, lambda seconds: seconds > GRACE - 0.5)
        host.expect("helper gone", wait_for(10, lambda: not host.helpers()), True)
        host.publish("a")
        host.fetch("manual", outcome="new")                 # the lock is free
        host.expect("a login", ssh(host, port, host.token_file("a"))[0], "LOGGED-IN\n")


def as_caller(host, program):
    """Command and token by which alice becomes somebody else."""
    host.write(f"/etc/pam.d/{program}", read_text(f"/etc/pam.d/{SERVICE}"))
    if program == "su":
        return ["su", "bob", "-c", "id -un"], host.token_file("a", sub="bob"), "bob\n"
    host.write("/etc/sudoers", "Defaults !fqdn, !lecture, timestamp_timeout=0, passwd_tries=1\nalice ALL=(ALL:ALL) ALL\n", 0o440)
    return ["sudo", "-S", "-p", "", "id", "-un"], host.token_file("a"), "root\n"


def statuses(host):
    """Of each process of jwks-fetch: {field: value} of its /proc/PID/status."""
    found = []
    for process in host.helpers():
        with contextlib.suppress(OSError):
            if os.path.basename(os.readlink(f"/proc/{process}/exe")) == "jwks-fetch":
                found.append(dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*$", read_text(f"/proc/{process}/status"), re.MULTILINE)))
    return found


@row("H09", "effective uid 0 with a user's real uid and groups", cases=["sudo", "su"])
def helpers_ids(host, program):
    command, token, says = as_caller(host, program)
    host.publish("a", delay=2)
    as_alice = ["setpriv", "--reuid", "alice", "--regid", "alice", "--groups", "alice,shadow", *command]
    with open(token, "rb") as answer, subprocess.Popen(as_alice, stdin=answer, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                                       cwd="/", env=EMPTY) as process:
        seen = []
        while len(seen) < 2 and process.poll() is None:     # the writer and its network child
            seen = statuses(host)
            time.sleep(0.02)
        said = process.communicate(timeout=30)[0]
    host.expect("its answer", said, says)
    host.expect("processes of jwks-fetch", len(seen), lambda number: number >= 2)
    uid, gid = host.owner.pw_uid, host.owner.pw_gid
    for status in seen:
        host.expect("ids", (status["Uid"].split(), status["Gid"].split()), ([str(uid)] * 4, [str(gid)] * 4))
        host.expect("groups", status["Groups"], "")
        host.expect("capabilities", {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}, {0})
        host.expect("no_new_privs", status["NoNewPrivs"], "1")
    host.asked(1)
    host.logged(f"pam_jwks\\({program}:auth\\): decision=allow .*cache=fresh")


if __name__ == "__main__":
    main()
