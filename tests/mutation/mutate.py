#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks one rule of the verifier after the other, and wants a unit test to turn red each time: README, beside this file.

    mutate.py SOURCES FOLDER [NAME-PATTERN]

SOURCES has a ./configure and stays as it is.  FOLDER, which must be one that trusted files may lie in, gets two copies of
it, each with a build of its own.  One line a mutant, PASS or FAIL, also appended to the file $JWKS_RESULTS; the exit status
is 0 only if there was a mutant and none failed.
"""
import fnmatch
import glob
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

WORKERS = 2
SECONDS = 60                 # for a program, or four times what it took before anything was broken
SKIPPED = 77
CONFIGURE = ["--disable-hardening", "CFLAGS=-g -O0"]
ARCHIVE = "libjwkscore/libjwkscore-internal.la"
STRONGEST = "check_cases"    # tried where the file's own programs stay green
WITH_MODULE = ("check_pam", "check_session", "check_nomem_session")
output = threading.Lock()


class Mutant:
    """One block of a list: name, `FILE [PROGRAM...]`, then lines with `- ` (old text) and with `+ ` (the new one)."""

    def __init__(self, place, lines):
        if len(lines) < 4 or re.fullmatch(r"((-.*\n)+(\+.*\n)+)+", "\n".join(lines[2:]) + "\n") is None:
            raise SystemExit(f"{place}: no mutant")
        self.place, self.name = place, lines[0]
        self.file, *self.programs = lines[1].split()
        self.changes, last = [], "+"
        for line in lines[2:]:
            if line[0] == "-" and last == "+":
                self.changes.append(([], []))
            last = line[0]
            self.changes[-1]["-+".index(last)].append(line[2:])

    def applied(self, source):
        """The broken source; None: the list is out of date."""
        for old, new in self.changes:
            if source.count("\n".join(old)) != 1:
                return None
            source = source.replace("\n".join(old), "\n".join(new))
        return source

    def order(self, known):
        """Who is asked, first those that the list names, then those of the file."""
        stem = os.path.splitext(os.path.basename(self.file))[0]
        own = [f"check_{stem}"] + sorted(name for name in known if name.startswith(f"check_{stem}_"))
        general = {"libjwkscore": [STRONGEST], "client": []}.get(self.file.split("/")[0], ["check_pam"])
        return [name for name in dict.fromkeys(self.programs + own + general) if name in known]


def read_list(path):
    """The mutants of one list; blocks stand between empty lines, and comments begin with #."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    block = []
    for number, line in enumerate(lines + [""], 1):
        if line and line[0] != "#":
            block.append(line)
        elif not line and block:
            yield Mutant(f"{os.path.basename(path)}:{number - len(block)}", block)
            block = []


def report(word, text, detail=""):
    with output:
        print(f"{word}  mutation: {text}", flush=True)
        for line in detail.splitlines()[-20:]:
            print(f"      {line}", flush=True)
        if os.environ.get("JWKS_RESULTS"):
            with open(os.environ["JWKS_RESULTS"], "a", encoding="utf-8") as results:
                results.write(word + "\n")
    return word


class Broken(Exception):
    """Something else than a test was red."""


class Tree:
    """One copy of the sources and its build."""

    def __init__(self, sources, folder):
        self.sources, self.build = os.path.join(folder, "src"), os.path.join(folder, "build")
        shutil.copytree(sources, self.sources, symlinks=True)
        os.makedirs(self.build)
        self.env = dict(os.environ, CK_FORK="no", top_srcdir=self.sources, top_builddir=self.build)
        self.run(["../src/configure", "-q"] + CONFIGURE)

    def run(self, command):
        done = subprocess.run(command, cwd=self.build, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False)
        if done.returncode:
            raise Broken(done.stdout)

    def make(self, *targets):
        self.run(["make", "-s", *targets])

    def program(self, name, seconds):
        """Built if it must be, and run without libcheck's forks, so that nothing outlives it: its status, or "timeout"."""
        self.make(*(["pam_jwks/pam_jwks.la"] if name in WITH_MODULE else []), f"tests/{name}")
        with subprocess.Popen([f"tests/{name}"], cwd=self.build, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return "timeout"

    def path(self, mutant):
        return os.path.join(self.sources, mutant.file)

    def write(self, mutant, text):
        with open(self.path(mutant), "w", encoding="utf-8") as file:
            file.write(text)

    def killer(self, mutant, limits):
        """Which program turned red, or None."""
        self.make(mutant.file.replace(".c", ".lo") if mutant.file.endswith(".c") else ARCHIVE)
        for name in mutant.order(limits):
            result = self.program(name, limits[name])
            if result not in (0, SKIPPED):
                return f"{name}: timeout" if result == "timeout" else name
        return None

    def judge(self, mutant, limits):
        with open(self.path(mutant), encoding="utf-8") as file:
            source = file.read()
        broken = mutant.applied(source)
        if broken is None:
            return report("FAIL", f"{mutant.name}: out of date: {mutant.place} is not once in {mutant.file}")
        self.write(mutant, broken)
        try:
            killer = self.killer(mutant, limits)
        except Broken as error:
            return report("FAIL", f"{mutant.name}: {mutant.place} does not compile", str(error))
        finally:
            self.write(mutant, source)
        if killer is None:
            return report("FAIL", f"{mutant.name}: no test notices ({' '.join(mutant.order(limits))})")
        return report("PASS", f"{mutant.name} ({killer})")


def in_parallel(function, items):
    """FUNCTION(worker's number, item) for each, by as many threads as there are workers."""
    waiting, errors = queue.SimpleQueue(), []
    for item in items:
        waiting.put(item)

    def work(number):
        try:
            while not errors:
                function(number, waiting.get_nowait())
        except queue.Empty:
            pass
        except BaseException as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def measure(tree, name, limits):
    """Before anything is broken each program must be green; one that skips itself is asked no more."""
    start = time.monotonic()
    result = tree.program(name, 10 * SECONDS)
    if result == 0:
        limits[name] = max(SECONDS, 4 * (time.monotonic() - start))
    elif result != SKIPPED:
        raise Broken(f"{name} is red in sources that nobody broke: {result}")


def prove(mutants, known, sources, folder):
    """Everything green first, then one mutant after the other in each tree; the exit status."""
    trees, limits, results = {}, {}, []
    asked = sorted({name for mutant in mutants for name in mutant.order(known)})
    try:
        in_parallel(lambda _, n: trees.update({n: Tree(sources, os.path.join(folder, str(n)))}), range(WORKERS))
        in_parallel(lambda n, name: measure(trees[n], name, limits), asked)
    except Broken as error:
        report("FAIL", "nothing can be shown", str(error))
        return 1
    in_parallel(lambda n, mutant: results.append(trees[n].judge(mutant, limits)),
                sorted(mutants, key=lambda mutant: mutant.file))
    return 0 if mutants and "FAIL" not in results else 1


def main():
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    sources, folder = sys.argv[1:3]
    pattern = f"*{sys.argv[3]}*" if len(sys.argv) == 4 else "*"
    here = os.path.dirname(os.path.abspath(__file__))
    mutants = [mutant for path in sorted(glob.glob(f"{here}/*.txt")) for mutant in read_list(path)
               if fnmatch.fnmatchcase(mutant.name, pattern)]
    if len({mutant.name for mutant in mutants}) != len(mutants):
        raise SystemExit("two mutants of one name")
    with open(f"{sources}/Makefile.am", encoding="utf-8") as file:
        known = set(re.findall(r"^\ttests/(check_\w+)", file.read(), re.MULTILINE))
    unknown = {name for mutant in mutants for name in mutant.programs} - known
    if unknown:
        raise SystemExit(f"no such program: {' '.join(sorted(unknown))}")
    return prove(mutants, known, sources, folder)


if __name__ == "__main__":
    sys.exit(main())
