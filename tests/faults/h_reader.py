#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""All rows of C and F: whoever reads what lies in their caches, or is published, makes no mistake with memory.

By a reader with two sanitizers, one under valgrind, and two fuzzers.
"""
import contextlib
import glob
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys

from compiled import LIBRARIES, compiled, flags, library_objects, sources
from harness import ROWS, TESTS, Host, main, row, skip

CHECKED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
FUZZED_SECONDS = 10
WITHOUT = ("jwks_fetch.c", "syscalls.c")            # its main(), and what needs libseccomp
AS_ALICE = ("setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups")    # who may look, and start nothing


def checked_library(host):
    """For a reader and for fuzzers."""
    return library_objects(host, "library-checked", *CHECKED, "-fsanitize=fuzzer-no-link", compiler="clang")


class Reader:
    """reader.c, alive from the first question to the end."""
    def __init__(self, name, command, errors):
        self.name, self.errors = name, errors
        with open(errors, "wb") as file:
            self.process = subprocess.Popen([*AS_ALICE, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True,
                                            cwd="/", env={"PATH": "/usr/bin:/bin", "UBSAN_OPTIONS": "print_stacktrace=1"})

    def ask(self, conf, token):
        try:
            self.process.stdin.write(f"{conf} alice {token}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return "dead"
        return self.process.stdout.readline().strip() or "dead"

    def end(self):
        """Its exit status, and what it has complained of."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        status = self.process.wait(60)
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return status, file.read()[-3000:]


class Watched(Host):
    """A host at whose cache, and at whose provider's documents, the readers look as well, before and after everybody else."""
    readers = ()

    def start_readers(self):
        if self.readers:
            return
        if shutil.which("valgrind") is None:
            skip("there is no valgrind")
        source = os.path.join(TESTS, "faults/reader.c")
        libraries = os.path.join(self.prefix, "lib")
        plain = compiled(self, "reader", *flags(self), source, "-L" + libraries, "-Wl,-rpath," + libraries, "-ljwkscore")
        checked = compiled(self, "reader-checked", *CHECKED, *flags(self), source, *checked_library(self), *LIBRARIES, compiler="clang")
        watched = ["valgrind", "-q", "--leak-check=full", "--error-exitcode=99", "--exit-on-first-error=yes", plain]
        self.readers = [Reader(name, command, self.path(name + ".err"))
                        for name, command in (("sanitizers", [checked]), ("valgrind", watched))]
        self.questions, self.texts = 0, set()

    def question(self, conf, token):
        """What all readers say."""
        said = {reader.name: reader.ask(conf, token) for reader in self.readers}
        self.questions += 1
        self.expect("readers that live and agree", said, lambda said: "dead" not in said.values() and len(set(said.values())) <= 1)
        return next(iter(said.values()), None)

    def log_in(self, token, *arguments, **options):
        if not token.isprintable() or " " in token:
            return super().log_in(token, *arguments, **options)
        said = self.question(self.conf_file, token)
        decision = super().log_in(token, *arguments, **options)
        if self.readers and not decision.waited and not options and decision.word == "allow":
            self.expect("what the readers say", said, "ok")         # so they do read
        return decision

    def fetch(self, *arguments, **options):
        outcome = super().fetch(*arguments, **options)
        if self.readers:
            for path in glob.glob(os.path.join(self.state_dir, "*.jwks")):
                self.collect("envelope", path)
            self.question(self.conf_file, self.token("nobody's"))
        return outcome

    def script_is(self, script):
        """What is published is also a set that an administrator may put into a file."""
        super().script_is(script)
        for behaviours in script.values() if self.readers else ():
            for behaviour in behaviours if isinstance(behaviours, list) else [behaviours]:
                if isinstance(behaviour, dict) and ("json" in behaviour or "body" in behaviour):
                    self.read_as_file(json.dumps(behaviour["json"]) if "json" in behaviour else behaviour["body"])

    def read_as_file(self, text):
        if text in self.texts:
            return
        self.texts.add(text)
        path, conf = self.path("set.jwks"), self.path("set.conf")
        with open(path, "wb") as file:
            file.write(text.encode("utf-8", "surrogatepass"))
        self.write(conf, f"[issuer corp]\nissuer = {self.url}\naudience = ssh\nuser_claim = sub\njwks_file = {path}\n")
        self.collect("keyset", path)
        self.question(conf, self.token("nobody's"))

    def collect(self, target, path):
        """As a seed for its fuzzer."""
        folder = self.path("corpus", target)
        os.makedirs(folder, exist_ok=True)
        if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path) <= 65536:
            with open(path, "rb") as file:
                name = hashlib.sha256(file.read()).hexdigest()
            shutil.copyfile(path, os.path.join(folder, name))


def watched(function):
    """A row of C or F, with the readers."""
    def run(host, *arguments):
        host.start_readers()
        before = host.questions
        function(host, *arguments)
        host.expect("questions asked", host.questions - before, lambda number: number > 0)
    return run


for file in sorted(glob.glob(os.path.join(TESTS, "faults/[cf]_*.py"))):
    importlib.import_module(os.path.basename(file)[:-3])
ROWS[:] = [(number, name, cases, watched(function)) for number, name, cases, function in ROWS]


@row("H07", "nothing to complain of at the end", cases=["sanitizers", "valgrind"])
def nothing_left(host, case):
    for reader in host.readers:
        if reader.name == case:
            host.expect("status and complaints", reader.end(), (0, ""))
            return
    skip("it was not started")


@row("H07", "fuzzer from the same inputs", cases=["envelope", "keyset"])
def fuzzed(host, target):
    fuzz = os.path.join(TESTS, "fuzz")
    fetch = [path for path in sources("jwks_fetch") if os.path.basename(path) not in WITHOUT] if target == "keyset" else []
    program = compiled(host, "fuzz_" + target, *CHECKED, "-fsanitize=fuzzer", *flags(host),
                       *(os.path.join(fuzz, name + ".c") for name in (target, "fuzz")), *fetch, *checked_library(host), *LIBRARIES,
                       *(["-lcurl", "-Wl,--wrap=key_check_thoroughly"] if fetch else []), compiler="clang")
    corpus = host.path("corpus", target)
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(host.path("found"), exist_ok=True)
    done = subprocess.run([program, f"-max_total_time={FUZZED_SECONDS}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=32768",
                           f"-artifact_prefix={host.path('found')}/", corpus, os.path.join(fuzz, "seeds", target)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=300, check=False)
    host.expect("its exit status", done.returncode, 0)
    if done.returncode != 0:
        host.failures.append(done.stderr[-3000:])


if __name__ == "__main__":
    if "H07" in sys.argv[4:]:
        del sys.argv[4:]                        # its inputs are the rows of C and F
    main(Watched)
