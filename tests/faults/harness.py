# SPDX-License-Identifier: Apache-2.0
"""What the rows of tests/faults share: one host in namespaces of its own, a provider that lies, and what holds after every row.

A row is a function with one parameter, the host:

    @row("B05", "404 and 410", cases=["404", "410"])
    def gone(host, status):
        host.cached("a")                                # a good set, fetched
        host.serve(status=int(status))                  # from now on; provider.py says what it can do
        host.fetch("manual", outcome="http-4xx", asked=1)
        host.allow("a", cache="fresh", waits=False)     # one login by pam_jwks.so, and what its line in the log must say

Each case is one line, PASS or FAIL.  A row that cannot be had here calls skip().  After each case the host is asked whether the
invariants of every row hold: Host.end.
"""
import contextlib
import fcntl
import glob
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import uuid
from typing import NamedTuple

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[1:1] = [TESTS, os.path.join(TESTS, "replay")]
import ctlcheck  # pylint: disable=wrong-import-position
import fetchtool  # pylint: disable=wrong-import-position
from host import Key  # pylint: disable=wrong-import-position

WELL_KNOWN = "/.well-known/openid-configuration"
SLACK = 1.0                                     # s that a busy machine may take beyond a promised wait
HOUR, DAY = 3600, 86400
SERVICE = "jwks-fault"
COST = """import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], pass_fds=[3])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(status)"""
TRACED = "%network,pipe2,fcntl,poll,ppoll,openat,adjtimex,clock_adjtime"       # of a login; only what is traced can be injected
ROWS = []


class Skip(Exception):
    pass


def skip(reason):
    raise Skip(reason)


def row(number, name, cases=(None,)):
    def register(function):
        ROWS.append((number, name, cases, function))
        return function
    return register


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, stdin=subprocess.DEVNULL)


def wait_for(seconds, condition):
    """Whether it holds, at the latest after that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Decision(NamedTuple):
    word: str                                   # allow, deny, unavailable, fault
    line: str                                   # of the log
    pam: bool                                   # whether PAM says that the person is in
    seconds: float
    waited: bool                                # whether the module ever polled the helper's pipe
    trace: str

    def __str__(self):
        return f"{self.line or 'no decision in the log'} ({self.seconds:.2f} s, {'waited' if self.waited else 'no wait'})"


class Log:
    """/dev/log of this mount namespace."""
    def __init__(self, path):
        self.lines = []
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        listener.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self.receive, args=(listener,), daemon=True).start()

    def receive(self, listener):
        while True:
            self.lines.append(listener.recv(65536).rstrip(b"\0\n").decode("utf-8", "backslashreplace"))


class Host:
    """`corp` is its issuer, at self.url; alice may log in to it, and everything of it is below self.folder."""

    def __init__(self, folder, prefix, clock):
        self.folder, self.prefix, self.clock_file = folder, prefix, clock
        os.chmod(folder, 0o755)
        self.private_files()
        self.owner = pwd.getpwnam("jwks")
        self.helper = os.path.join(prefix, "libexec/pam-jwks/jwks-fetch")
        self.conf_file = self.path("jwks.conf")
        self.state_dir, self.run_dir = self.path("state"), self.path("run")
        self.log = Log("/dev/log")
        self.keys, self.tokens, self.failures = {}, [], []
        self.name, self.mark, self.asked_before, self.allowed_litter = "", 0, 0, 0
        self.wall = self.boot = 0               # what the clocks are moved by, s
        self.make_shim()
        os.mkdir(self.path("provider"))
        self.script_is({})
        self.provider = self.start_provider()
        with open(self.path("provider", "ports.json"), encoding="ascii") as file:
            self.ports = json.load(file)
        self.url = f"https://localhost:{self.ports['good']}"
        self.jwks_uri = self.url + "/jwks"
        self.ca = self.path("provider", "ca.pem")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, path, text, mode=0o644):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def private_files(self):
        """An /etc of this mount namespace: accounts, names and PAM's services are its own.

        The folder is mounted, and not its files: whoever replaces one of those outside would take the mount away.
        """
        with open("/etc/passwd", encoding="utf-8") as file:
            users = [line for line in file if not re.match("(jwks|alice|bob):", line)]
        users += ["jwks:x:960:960::/nonexistent:/usr/sbin/nologin\n", "alice:x:64101:64101::/:/bin/sh\n",
                  "bob:x:64102:64102::/:/bin/sh\n"]
        files = {"passwd": "".join(users), "group": "root:x:0:\nshadow:x:42:\ntty:x:5:\njwks:x:960:\nalice:x:64101:\nbob:x:64102:\n",
                 "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
                 "hosts": "127.0.0.1 localhost\n::1 ip6-localhost\n", "resolv.conf": "nameserver 127.0.0.1\n"}
        subprocess.run(["cp", "-a", "/etc", self.path("etc")], check=True)
        for name, text in files.items():
            if os.path.islink(self.path("etc", name)):
                os.unlink(self.path("etc", name))
            self.write(self.path("etc", name), text)
        mount("--bind", self.path("etc"), "/etc")
        mount("-t", "tmpfs", "-o", "mode=755", "pam", "/etc/pam.d")
        self.write("/etc/pam.d/other", "auth required pam_deny.so\naccount required pam_deny.so\n")
        for folder in ("/run/systemd", "/run/dbus"):    # H05: no row finds a systemd
            if os.path.isdir(folder):
                mount("-t", "tmpfs", "-o", "mode=755", "none", folder)
        os.makedirs(os.path.dirname(self.clock_file), exist_ok=True)
        mount("-t", "tmpfs", "-o", "mode=755", "clock", os.path.dirname(self.clock_file))

    def make_shim(self):
        """What the configuration calls jwks-fetch: it writes down each start, and becomes the real one."""
        self.shim, self.starts = self.path("jwks-fetch"), self.path("starts")
        self.write(self.starts, "")
        os.chown(self.starts, self.owner.pw_uid, self.owner.pw_gid)
        self.write(self.shim, f'#!/bin/sh\necho "$*" >>{self.starts}\nexec {self.helper} "$@"\n', 0o755)

    def start_provider(self):
        process = subprocess.Popen(["/usr/bin/python3", "-W", "ignore", os.path.join(TESTS, "provider.py"), self.path("provider")],
                                   stdin=subprocess.DEVNULL)
        if not wait_for(60, lambda: os.path.exists(self.path("provider", "ports.json"))):
            raise RuntimeError("the provider did not start")
        return process

    # --- a row: before it, in it, after it ---

    def begin(self, name):
        self.name, self.failures, self.tokens, self.allowed_litter = name, [], [], 0
        self.umount_below(self.folder)
        for folder in (self.state_dir, self.run_dir):
            if os.path.islink(folder) or os.path.isfile(folder):
                os.unlink(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder, 0o755)
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)
        self.script = {}
        self.clocks(0, 0)                       # which writes the script, too
        self.names()
        self.keys = {}
        self.pam()
        self.conf()
        self.forget_requests()
        self.write(self.starts, "")
        self.mark = len(self.log.lines)

    def names(self, *lines):
        """/etc/hosts: who has which address, beside localhost."""
        text = "".join(f"{line}\n" for line in ("127.0.0.1 localhost", "::1 ip6-localhost", *lines))
        self.write(self.path("etc", "hosts"), text)

    @staticmethod
    def counter(name):
        """Of this network namespace: OutRsts, PassiveOpens, ListenOverflows, ..."""
        for path in ("/proc/net/snmp", "/proc/net/netstat"):
            with open(path, encoding="ascii") as file:
                lines = [line.split() for line in file]
            for heads, values in zip(lines[::2], lines[1::2]):
                if name in heads:
                    return int(values[heads.index(name)])
        raise KeyError(name)

    def umount_below(self, folder):
        with open("/proc/self/mounts", encoding="utf-8") as file:
            points = [line.split(" ")[1] for line in file]
        for point in reversed([point for point in points if point.startswith(folder + "/") and point != os.path.dirname(self.clock_file)
                               and not point.startswith(self.path("etc"))]):
            subprocess.run(["umount", "-l", point], check=True)

    def expect(self, what, got, wanted):
        """`wanted` is a value, or a predicate."""
        if not (wanted(got) if callable(wanted) else got == wanted):
            self.failures.append(f"{what} is {got!r}" + ("" if callable(wanted) else f", not {wanted!r}"))

    def end(self):
        """The invariants: nobody of ours is left, no lock, no temporary file; no part of a token in the log."""
        self.expect("processes left after 15 s", wait_for(15, lambda: not self.helpers()) or self.helpers(), True)
        for path in glob.glob(os.path.join(self.run_dir, "*.lock")):
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as lock:
                    self.expect(f"held: {path}", self.lockable(lock), True)
        litter = glob.glob(os.path.join(self.state_dir, ".tmp.*")) + glob.glob(os.path.join(self.run_dir, ".tmp.*"))
        self.expect("temporary files", len(litter), lambda number: number <= self.allowed_litter)
        self.expect("tokens in the log", self.token_in_log(), None)

    @staticmethod
    def lockable(lock):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def token_in_log(self):
        pieces = {token[start:start + 20] for token in self.tokens[:50] for start in range(len(token) - 19)}
        for line in self.log.lines[self.mark:]:
            for word in re.findall("[A-Za-z0-9_.-]{20,}", line):
                if any(word[start:start + 20] in pieces for start in range(len(word) - 19)):
                    return line
        return None

    def helpers(self):
        """Processes of jwks-fetch, of what stands before it, and of a login that becomes it: while it does, it has no words."""
        found, ours = [], {self.helper.encode(), self.shim.encode(), b"pamtester"}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/cmdline", "rb") as file:
                        words = file.read().split(b"\0")
                    with open(f"/proc/{entry}/stat", "rb") as file:
                        is_alive = b") Z " not in file.read()
                except OSError:                 # it has gone
                    continue
                if (words == [b""] and is_alive) or ours & set(words[:2]):
                    found.append(int(entry))
        return found

    # --- clocks: all of the host's are moved, and the provider's with the wall clock unless it says otherwise ---

    def clocks(self, wall, boot, provider=None):
        self.wall, self.boot = int(wall), int(boot)
        self.write(self.clock_file + ".new", f"{self.wall} {self.boot * 1000}\n")
        os.rename(self.clock_file + ".new", self.clock_file)
        self.provider_clock = self.wall if provider is None else provider
        if hasattr(self, "script"):
            self.script_is(self.script)

    def pass_time(self, seconds):
        self.clocks(self.wall + seconds, self.boot + seconds)

    def wall_wrong_by(self, seconds):
        """The provider's clock is right, and as much time has passed for it as by the boot clock."""
        self.clocks(self.boot + seconds, self.boot, provider=self.boot)

    @contextlib.contextmanager
    def reboot(self, wrong=0):
        """Another boot id, and a boot clock that begins at 30 s; the wall clock goes on, or is wrong from now on."""
        provider, boot_id = self.provider_clock, "/proc/sys/kernel/random/boot_id"
        self.write(self.path("boot_id"), f"{uuid.uuid4()}\n")
        mount("--bind", self.path("boot_id"), boot_id)
        try:
            self.clocks(provider + wrong, 30 - int(time.clock_gettime(time.CLOCK_BOOTTIME)), provider=provider)
            yield
        finally:
            subprocess.run(["umount", boot_id], check=True)

    # --- what the host is told ---

    def conf(self, *lines, issuers=None, start=()):
        """`lines` go to the issuer `corp`, `start` to [global], `issuers` are more sections: {name: lines}."""
        text = [f"[global]\nstate_dir = {self.state_dir}\nrun_dir = {self.run_dir}\nfetch_helper = {self.shim}\n"]
        text += [line + "\n" for line in start]
        sections = {"corp": (f"issuer = {self.url}", *lines), **(issuers or {})}
        for name, section in sections.items():
            text += [f"[issuer {name}]\naudience = ssh\nuser_claim = sub\n"] + [line + "\n" for line in section]
            if not any(re.match("(jwks_uri|jwks_file) *=|discovery", line) for line in section):
                text.append(f"jwks_uri = {self.jwks_uri}\n")
            if not any(re.match("(ca_file|jwks_file) *=", line) for line in section):
                text.append(f"ca_file = {self.ca}\n")
        self.write(self.conf_file, "".join(line for line in text if line != "discovery\n"))

    def pam(self, *options):
        module = f"{self.prefix}/lib/security/pam_jwks.so conf={self.conf_file} {' '.join(options)}"
        self.write(f"/etc/pam.d/{SERVICE}", f"auth required {module}\naccount required {module}\nsession required pam_permit.so\n")

    # --- the provider ---

    def script_is(self, script):
        self.script = script
        path = self.path("provider", "script.json")
        self.write(path + ".new", json.dumps({"clock": getattr(self, "provider_clock", 0), **script}))
        os.rename(path + ".new", path)

    def serve(self, path="/jwks", sequence=None, **behaviour):
        """From now on, on that path; `sequence` are behaviours of which the last one stays."""
        self.script_is({**self.script, path: sequence or behaviour})

    def key(self, kid, material=0):
        return self.keys.setdefault((kid, material), Key(kid))

    def jwks(self, *kids):
        """Public keys as provider.py's `json`; a kid is a name, a (name, material) pair, or a JWK as it is."""
        return {"keys": [kid if isinstance(kid, dict) else self.key(*kid if isinstance(kid, tuple) else (kid,)).jwk for kid in kids]}

    def publish(self, *kids, **behaviour):
        self.serve(json=self.jwks(*kids), **behaviour)

    def requests(self, path=None):
        try:
            with open(self.path("provider", "requests.log"), encoding="utf-8") as file:
                found = [json.loads(line) for line in file]
        except FileNotFoundError:
            return []
        return [request for request in found if path is None or request["path"] == path]

    def forget_requests(self):
        self.write(self.path("provider", "requests.log"), "")

    def asked(self, number):
        """N since the last time that it was asked, or since forget_requests()."""
        self.settle()
        self.expect("N", len(self.requests()), number)
        self.forget_requests()

    # --- logins ---

    def token(self, kid, material=0, **claims):
        now = int(time.time() + self.wall)
        claims = {"iss": self.url, "aud": "ssh", "sub": "alice", "iat": now - 60, "exp": now + 60 * DAY, **claims}
        token = self.key(kid, material).token(claims).decode()
        self.tokens.append(token)
        return token

    def token_file(self, kid, **claims):
        """The path of a file with one, for programs that want it so."""
        path = self.path("token")
        self.write(path, self.token(kid, **claims) + "\n", 0o600)
        return path

    def log_in(self, token, user="alice", wrapper=(), strace=("strace",)):
        """One login through PAM as pamtester makes it, watched by strace, which may have more options, or be started by another."""
        trace, mark = self.path("trace"), len(self.log.lines)
        command = [*strace, "-qq", "-o", trace, "-e", f"trace={TRACED}", *wrapper, "pamtester", SERVICE, user,
                   "authenticate"]
        start = time.monotonic()
        done = subprocess.run(command, input=token + "\n", text=True, capture_output=True, timeout=90, check=False, cwd="/")
        seconds = time.monotonic() - start
        found = lambda: [line for line in self.log.lines[mark:] if f"pamtester: pam_jwks({SERVICE}:auth): decision=" in line]
        wait_for(2, found)
        line = found()[-1] if found() else ""
        word = re.search("decision=([a-z]+)", line)
        with open(trace, encoding="utf-8", errors="replace") as file:
            calls = file.read()
        decision = Decision(word.group(1) if word else "none", line[line.find("decision="):] if line else "", done.returncode == 0,
                            seconds, self.polled_pipe(calls), calls)
        self.expect("lines of decision", len(found()), 1)
        self.expect("network calls of the reader", re.findall(".*AF_INET.*", calls), [])      # libpam's audit is a netlink
        self.expect("libcurl in the reader", "libcurl" in calls, False)
        return decision

    @staticmethod
    def polled_pipe(calls):
        pipes = re.findall(r"pipe2\(\[(\d+), ", calls)
        pipes += [copy for pipe, copy in re.findall(r"fcntl\((\d+), F_DUPFD\w*, \d+\) += (\d+)", calls) if pipe in pipes]
        return any(re.search(rf"\bp?poll\(\[\{{fd={pipe}\b", calls) for pipe in pipes)

    def login(self, kid_or_token, *words, user="alice", waits=None, within=None, **how):
        """The decision's line has all `words`; waits: whether it waited; within: s that it may take."""
        token = kid_or_token if kid_or_token.count(".") == 2 else self.token(kid_or_token)
        decision = self.log_in(token, user, **how)
        for word in words:
            if not re.search(rf"(^| ){word}( |$)", decision.line):
                self.failures.append(f"not {word}: {decision}")
        self.expect("PAM's answer", decision.pam, decision.word == "allow")
        if waits is not None and decision.waited != waits:
            self.failures.append(f"{'no wait' if waits else 'a wait'}: {decision}")
        if within is not None and decision.seconds > within + SLACK:
            self.failures.append(f"more than {within} s: {decision}")
        return decision

    def allow(self, kid, cache="fresh", **options):
        return self.login(kid, "decision=allow", f"cache={cache}", **options)

    def deny(self, kid, reason, **options):
        return self.login(kid, "decision=deny", f"reason={reason}", **options)

    def unavailable(self, kid, reason="[a-z]+", **options):
        return self.login(kid, "decision=unavailable", f"reason={reason}", **options)

    # --- the helper by itself ---

    def started(self):
        """Command lines of jwks-fetch since the row began."""
        with open(self.starts, encoding="utf-8") as file:
            return file.read().splitlines()

    def settle(self):
        """Time stands still for those that nobody waits for."""
        self.expect("helpers gone after 12 s", wait_for(12, lambda: not self.helpers()), True)

    def as_owner(self, *command):
        return ["setpriv", "--reuid", "jwks", "--regid", "jwks", "--clear-groups", *command]

    def fetch(self, reason="manual", issuer="corp", outcome=None, asked=None, wait_ms=8000, options=(), wrapper=(), timeout=30):
        """One run of jwks-fetch that somebody waits for; returns the outcome in its answer, `none` where there is none."""
        read, write = os.pipe()
        command = self.as_owner(*wrapper, self.helper, "--conf", self.conf_file, "--issuer", issuer, "--reason", reason, "--wait-ms",
                                str(wait_ms), *options)
        before, start = len(self.requests()), time.monotonic()      # bash: dash knows no descriptor of two digits
        shell = ["bash", "-c", f"exec 3>&{write}; [ {write} = 3 ] || exec {write}>&-; exec {shlex.join(command)}"]
        done = subprocess.run(shell, pass_fds=(write,), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, check=False)
        self.last_seconds = time.monotonic() - start
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            answer = pipe.read()
        got = fetchtool.OUTCOMES[int.from_bytes(answer[4:6], "big")] if answer[:4] == b"JKR1" else "none"
        self.last_answer, self.last_run = answer, done
        if outcome is not None:
            self.expect(f"outcome of {reason}", got, outcome if callable(outcome) else lambda got: re.fullmatch(outcome, got))
        if asked is not None:
            self.expect(f"N of {reason}", len(self.requests()) - before, asked)
        return got

    def cost(self, reason="manual", **options):
        """Such a run's s of CPU and MiB of memory, with all of its processes; a small parent, whose memory counts too, asks the kernel."""
        self.fetch(reason, wrapper=("/usr/bin/python3", "-ISc", COST), **options)
        cpu, memory = self.last_run.stdout.split()
        return float(cpu), int(memory) / 1024

    def keep(self, outcome, kid="a", reason="stale", asked=1, **fields):
        """A refresh of a stale set fails so; the file is byte for byte what it was, and its key verifies without a wait."""
        before, failures = self.content(), self.state().get("fail_n")
        self.fetch(reason, outcome=outcome, asked=asked)
        self.refresh_failed(outcome, **fields)
        self.expect("the cached set is untouched", self.content() == before, True)
        self.expect("failures", self.state().get("fail_n"), failures + 1)
        self.allow(kid, cache="stale", waits=False)
        self.asked(asked)

    def run_timer(self):
        return subprocess.run(self.as_owner(self.helper, "--conf", self.conf_file, "--due"), cwd="/", stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, check=False).returncode

    def ctl(self, *arguments):
        return subprocess.run([f"{self.prefix}/sbin/jwksctl", "--config", self.conf_file, *arguments], cwd="/", text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)

    def status(self, code=None, issuer="corp"):
        """What `status --json` says of an issuer: all of it as jwksctl(8) promises; `code` is the exit status that it has."""
        done = self.ctl("status", "--json")
        if code is not None:
            self.expect("status of jwksctl status", done.returncode, code)
        return ctlcheck.status_of(done.stdout)[issuer]

    # --- the cache ---

    def file(self, kind="jwks", folder="state"):
        """The one file of that kind (jwks prev disc state lock), or None."""
        found = glob.glob(os.path.join(self.state_dir if folder == "state" else self.run_dir, f"*.{kind}"))
        return found[0] if found else None

    def written(self):
        """(path, content) of each file that the cache's owner has left, wherever it may write."""
        found = subprocess.run(["find", self.folder, "/tmp", "/var/tmp", "/dev/shm", "-uid", str(self.owner.pw_uid), "-type", "f"],
                               text=True, capture_output=True, check=False).stdout.splitlines()
        for path in found:
            with open(path, "rb") as file:
                yield path, file.read()

    def content(self, *which):
        with open(self.file(*which), "rb") as file:
            return file.read()

    def head(self, kind="jwks", folder="state"):
        path = self.file(kind, folder)
        return fetchtool.read_cache_file(path)[0] if path else {}

    def state(self):
        path = self.file("state", "run")
        if path is None:
            return {}
        head, body = fetchtool.read_cache_file(path)
        return {**head, **body}

    def kids(self):
        return [key.get("kid") for key in fetchtool.read_cache_file(self.file())[1]["keys"]] if self.file() else []

    def cached(self, *kids, age=0, **behaviour):
        """The provider publishes these, the host has fetched them, and so many seconds have passed since."""
        self.publish(*kids, **behaviour)
        self.fetch("manual", outcome="new")
        self.logged("refresh-ok")
        self.forget_requests()
        if age:
            self.pass_time(age)

    def stale(self, *kids, **behaviour):
        self.cached(*kids, age=2 * HOUR, **behaviour)

    def logged(self, pattern, times=None):
        """A line of the log since the row began; `times`: exactly so many."""
        found = lambda: [line for line in self.log.lines[self.mark:] if re.search(pattern, line)]
        wait_for(0.2 if times == 0 else 3, lambda: len(found()) >= (times or 1))
        if times is None:
            self.expect(f"/{pattern}/ in the log", bool(found()), True)
        else:
            self.expect(f"lines /{pattern}/ in the log", len(found()), times)

    def refresh_failed(self, outcome, **fields):
        rest = "".join(f".* {name}=\"?{value}" for name, value in fields.items())
        self.logged(f"refresh-fail issuer=corp .*outcome={outcome}\\b{rest}")


def run_case(host, name, function, arguments):
    try:
        host.begin(name)
        try:
            function(host, *arguments)
        finally:
            host.end()
    except Skip as reason:
        return f"SKIP  {name}: {reason}"
    except Exception:  # pylint: disable=broad-exception-caught
        host.failures.append(traceback.format_exc())
    return f"FAIL  {name}" if host.failures else f"PASS  {name}"


def main(kind=Host):
    """FOLDER PREFIX CLOCK [ROW...]"""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    host = kind(*sys.argv[1:4])
    wanted, failed = sys.argv[4:], False
    try:
        for number, name, cases, function in ROWS:
            if wanted and number not in wanted:
                continue
            for case in cases:
                arguments = () if case is None else (case,)
                start = time.monotonic()
                result = run_case(host, f"{number} {name}" + (f": {case}" if arguments else ""), function, arguments)
                print(result, flush=True)
                if result.startswith("FAIL"):
                    failed = True
                    print("".join(f"      {line}\n" for failure in host.failures for line in str(failure).splitlines()), end="")
                    print("".join(f"      log: {line}\n" for line in host.log.lines[host.mark:][-12:]), end="", flush=True)
                if os.environ.get("JWKS_TIMES"):
                    print(f"      {time.monotonic() - start:.1f} s", flush=True)
    finally:
        host.provider.terminate()
        host.umount_below(host.folder)
    sys.exit(1 if failed else 0)
