#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many processes that log in at once, with the library, while jwks-fetch writes.

    load.py PREFIX CLOCK warm
    load.py PREFIX CLOCK soak SECONDS

warm: 8 processes make 10,000 decisions, every other of them on a forged token, while 200 generations and more of the set are
written.  soak: 4 processes log in all the time at 20 issuers whose keys are good for five minutes, while the test clock runs 20
times as fast as ours and in one minute of ten of its own the provider answers nobody.  Each line is `pass NAME` or `fail NAME: why`.

    load.py PREFIX CLOCK read CONF PAUSE LEAST <TASKS        what these processes run, and until TASKS ends
"""
import collections
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True                  # the sources stay as they are
import host  # pylint: disable=wrong-import-position

READERS, DECISIONS, GENERATIONS = 8, 10000, 200
PEOPLE, ISSUERS, SPEED, TIMER = 4, 20, 20, 300
DOWN, OF = 60, 600                              # s of the test clock


class Source:
    """One key that stays; a second one, if it is `changing`, that is another each time."""
    grace, playing, failed = 0, True, 0

    def __init__(self, name, changing, headers):
        self.name, self.changing, self.headers, self.history = name, changing, headers, self
        self.kids = ["stays", "odd", "even"]
        self.requests = {"timer": 0, "logins": 0}

    def published(self, now):
        return [self.kids[0], *self.kids[1 + now % 2:2 + now % 2]] if self.changing else self.kids[:1]

    def fetch(self, _now):
        pass


def read(library, pause, least):
    """The first line of the input: [[token, the right verdict, whether its keys must be fresh], ...]."""
    tasks = json.loads(sys.stdin.readline())
    seen, wrong, count = collections.Counter(), [], 0
    while count < least or not select.select([sys.stdin], [], [], 0)[0]:
        token, wanted, fresh = tasks[count % len(tasks)]
        verdict = library.decide(token.encode())
        count += 1
        seen[verdict.cache or verdict.reason] += 1
        if verdict.reason != wanted or fresh and (verdict.cache != "fresh" or verdict.message):
            wrong.append(f"{wanted} was wanted: {verdict}")
        time.sleep(pause)
    print(json.dumps({"seen": seen, "wrong": len(wrong), "examples": wrong[:3]}))


class Readers:
    """Processes that each have the library; ended by `finish`."""
    def __init__(self, machine, many, pause, least, tasks):
        command = [sys.executable, __file__, *sys.argv[1:3], "read", machine.host.conf, str(pause), str(least)]
        self.processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(many)]
        for process in self.processes:
            process.stdin.write(json.dumps(tasks) + "\n")
            process.stdin.flush()

    def stop(self):
        for process in self.processes:
            process.stdin.close()

    def running(self):
        return any(process.poll() is None for process in self.processes)

    def answers(self):
        """How often what was seen, and examples of what was wrong."""
        seen, examples = collections.Counter(), []
        for process in self.processes:
            answer = json.loads(process.stdout.read())
            seen.update(answer["seen"])
            examples += answer["examples"]
            if process.wait() != 0:
                examples.append(f"a reader ended with {process.returncode}")
        return seen, examples


def verdict(name, good, why):
    print(f"pass {name} ({why})" if good else f"fail {name}: {why}", flush=True)


def warm(machine, source):
    generation = failed = 0

    def write():
        machine.publish(source, generation)
        return machine.host.start_fetch("--issuer", source.name, "--reason", "force").wait() != 0
    failed += write()
    forged = machine.mint(source.name, host.Key("stays"))
    readers = Readers(machine, READERS, 0.02, DECISIONS // READERS,
                      [[machine.tokens[source.name, "stays"].decode(), "ok", True], [forged.decode(), "signature", False]])
    while generation < GENERATIONS or readers.running():
        generation += 1
        failed += write()
        if generation == GENERATIONS:
            readers.stop()
    seen, wrong = readers.answers()
    stored = max(head["gen"] for head in machine.host.heads())
    verdict(f"{GENERATIONS} generations are written and none fails", failed == 0 and stored == generation + 1,
            f"{stored} of {generation + 1} stored, {failed} failed")
    verdict(f"{DECISIONS} decisions of {READERS} processes meanwhile: none is wrong, none finds a file that it must pass over",
            not wrong and seen.total() >= DECISIONS and set(seen) == {"fresh", "signature"}, " ".join([str(dict(seen)), *wrong[:3]]))


def soak(machine, sources, seconds):
    began, started, ticks, now = time.time(), time.monotonic(), 0, 0
    machine.provider.fails = lambda: machine.passed % OF >= OF - DOWN
    readers = Readers(machine, PEOPLE, 0.05, 1, [[machine.tokens[source.name, "stays"].decode(), "ok", False] for source in sources])
    while now < seconds:
        now = time.monotonic() - started
        machine.passed = now * SPEED
        machine.set_clock(began + machine.passed)
        if machine.passed >= ticks * TIMER:
            ticks += 1
            machine.run_timer(check=False)
        time.sleep(0.05)
    readers.stop()
    seen, wrong = readers.answers()
    host.wait_for_children()
    asked, failed = sum(sum(source.requests.values()) for source in sources), sum(source.failed for source in sources)
    verdict(f"{seconds} s, the provider down for a tenth of the time: no login fails",
            not wrong and set(seen) <= {"fresh", "due", "stale"}, " ".join([str(dict(seen)), *wrong[:3]]))
    verdict("and it was down when somebody asked", failed > 0, f"{asked} requests, {failed} of them failed")


def main():
    prefix, clock, what, *rest = sys.argv[1:]
    if what == "read":
        return read(host.Library(os.path.join(prefix, "lib/libjwkscore.so.0"), rest[0]), float(rest[1]), int(rest[2]))
    sources = [Source("load", True, None)] if what == "warm" else [Source(f"soak-{n}", False, "max-age=300") for n in range(ISSUERS)]
    folder = tempfile.mkdtemp(prefix="jwks-load.", dir="/var/lib")
    host.adopt_orphans()
    try:
        with host.Machine(folder, prefix, clock, sources) as machine:
            for source in sources:
                machine.publish(source, 0)
            if what == "warm":
                return warm(machine, sources[0])
            machine.passed = 0
            machine.run_timer()
            return soak(machine, sources, int(rest[0]))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
