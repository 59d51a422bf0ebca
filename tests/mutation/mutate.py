#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks one rule of the verifier after the other, and wants a unit test to turn red each time: README, beside this file.

    mutate.py SOURCES FOLDER [NAME-PATTERN]

SOURCES has a ./configure and stays as it is.  FOLDER, which must be one that trusted files may lie in, gets a build of it, and
then a folder for each mutant.  One line a mutant, PASS or FAIL, also appended to the file $JWKS_RESULTS; the exit status is 0
only if there was a mutant and none failed.
"""
import fnmatch
import glob
import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

WORKERS = os.cpu_count() + 1    # some programs wait
SECONDS = 60                    # for a program, or four times what it took before anything was broken
SKIPPED = 77
CONFIGURE = ["-q", "--disable-hardening", "--disable-dependency-tracking", "CFLAGS=-O0"]
STRONGEST = "check_cases"       # tried where the file's own programs stay green
SHARED = {"libjwkscore": "libjwkscore/.libs/libjwkscore.so.0", "pam_jwks": "pam_jwks/.libs/pam_jwks.so"}
LOADING = ("check_log", "check_login", "check_nomem_session", "check_pam", "check_session")     # who loads them
output = threading.Lock()


class Mutant:
    """One block of a list: name, `FILE [PROGRAM...]`, then lines with `- ` (old text) and with `+ ` (the new one)."""

    def __init__(self, place, lines):
        if len(lines) < 4 or re.fullmatch(r"((-.*\n)+(\+.*\n)+)+", "\n".join(lines[2:]) + "\n") is None:
            raise SystemExit(f"{place}: no mutant")
        self.place, self.name = place, lines[0]
        self.file, *self.programs = lines[1].split()
        if not self.file.endswith(".c"):
            raise SystemExit(f"{place}: {self.file} is no object's source")
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


def run(command, folder):
    """What it says."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise Broken(done.stdout)
    return done.stdout


class Build:
    """Everything that nobody broke, and which command made it, without libtool and make, which take longer than all the rest."""

    def __init__(self, sources, folder, programs):
        self.sources, self.folder, self.commands = sources, folder, {}
        os.makedirs(folder)
        run([f"{sources}/configure", *CONFIGURE], folder)
        said = run(["make", "-s", "V=1", f"-j{os.cpu_count()}", "--output-sync=target", "pam_jwks/pam_jwks.la",
                    *(f"tests/{name}" for name in programs)], folder)
        for line in re.findall("^libtool: (?:compile|link): +(.* -o .*)", said, re.MULTILINE):
            command = shlex.split(line)
            made = command[command.index("-o") + 1]
            self.commands[made.replace("tests/.libs/", "tests/").removesuffix(".0.0")] = command

    def again(self, made, target, *first, source=None):
        """As that file was made TARGET is made, from the same files or from another source, with FIRST before all of them."""
        command = list(self.commands[made])
        command[command.index("-o") + 1] = target
        if source is not None:
            command[command.index("-c") + 1] = source
        run([command[0], *first, *command[1:]], self.folder)


class Place:
    """A folder where a file is broken, or none: what is linked there begins with its object, and so takes it for the build's."""

    def __init__(self, build, folder, file=None, text=None):
        self.build, self.folder, self.part, self.broken = build, folder, None, []
        self.env = dict(os.environ, CK_FORK="no", top_srcdir=build.sources, top_builddir=folder,
                        LD_LIBRARY_PATH=os.path.dirname(self.path(SHARED["libjwkscore"])))
        if file is not None:
            self.take(file, text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def take(self, file, text):
        self.part, name = os.path.split(file)
        self.broken = [self.path("broken.o")]
        with open(self.path(name), "w", encoding="utf-8") as source:
            source.write(text)
        self.build.again(f"{self.part}/.libs/{name[:-2]}.o", *self.broken, "-iquote", os.path.join(self.build.sources, self.part),
                         source=self.path(name))

    def share(self):
        """What hosts load: in these two all objects of the build are linked, and of two that are the same the first is taken."""
        for part, library in SHARED.items():
            target = self.path(library)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if part == self.part:
                self.build.again(library, target, "-Wl,-z,muldefs", *self.broken)
            elif not os.path.exists(target):
                os.symlink(os.path.join(self.build.folder, library), target)

    def program(self, name, seconds):
        """Linked, and run without libcheck's forks, so that nothing outlives it: its status, or "timeout"."""
        if name in LOADING:
            self.share()
        made = f"tests/{name}"
        linked = any(word.startswith(f"{self.part}/") and word.endswith(".a") for word in self.build.commands[made])
        self.build.again(made, self.path(name), *(self.broken if linked else []))
        with subprocess.Popen([self.path(name)], cwd=self.build.folder, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return "timeout"


def killer(place, programs, spent):
    """Which program turned red, or None."""
    for name in programs:
        result = place.program(name, max(SECONDS, 4 * spent[name]))
        if result not in (0, SKIPPED):
            return f"{name}: timeout" if result == "timeout" else name
    return None


def judge(mutant, build, folder, spent):
    with open(os.path.join(build.sources, mutant.file), encoding="utf-8") as file:
        broken = mutant.applied(file.read())
    if broken is None:
        return report("FAIL", f"{mutant.name}: out of date: {mutant.place} is not once in {mutant.file}")
    programs = mutant.order(spent)
    try:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            found = killer(Place(build, own, mutant.file, broken), programs, spent)
    except Broken as error:
        return report("FAIL", f"{mutant.name}: {mutant.place} does not compile", str(error))
    if found is None:
        return report("FAIL", f"{mutant.name}: no test notices ({' '.join(programs)})")
    return report("PASS", f"{mutant.name} ({found})")


def in_parallel(function, items):
    """FUNCTION(item) for each, in this order, by as many threads as there are workers."""
    waiting, errors = queue.SimpleQueue(), []
    for item in items:
        waiting.put(item)

    def work():
        try:
            while not errors:
                function(waiting.get_nowait())
        except queue.Empty:
            pass
        except BaseException as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def measure(name, build, folder, spent):
    """Before anything is broken each program must be green; one that skips itself is asked no more."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder) as own:
        result = Place(build, own).program(name, 10 * SECONDS)
    if result == 0:
        spent[name] = time.monotonic() - start
    elif result != SKIPPED:
        raise Broken(f"{name} is red in sources that nobody broke: {result}")


def prove(mutants, known, sources, folder):
    """Everything green first, then one mutant after the other, those that take longest first; the exit status."""
    spent, results = {}, []
    asked = sorted({name for mutant in mutants for name in mutant.order(known)})
    try:
        build = Build(sources, os.path.join(folder, "build"), asked)
        in_parallel(lambda name: measure(name, build, folder, spent), asked)
    except Broken as error:
        report("FAIL", "nothing can be shown", str(error))
        return 1
    in_parallel(lambda mutant: results.append(judge(mutant, build, folder, spent)),
                sorted(mutants, key=lambda mutant: -sum(spent[name] for name in mutant.order(spent)[:1])))
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
