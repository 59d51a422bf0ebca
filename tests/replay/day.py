#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""J02: a day on the test clock, with logins all day, the timer every five minutes, and one answer in ten a failure.

    day.py PREFIX CLOCK

No login fails, and each source asks no more than the formula says, plus one request for each answer that failed.  There is one
login in ten seconds of the test clock: more of them read the same files and ask no more.
"""
import hashlib
import os
import random
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True                  # the sources stay as they are
import host  # pylint: disable=wrong-import-position

SOURCES, DAY, STEP, TIMER, INTERVAL = 2, 86400, 10, 300, 3600
FAILING, AHEAD = 0.10, 1.05


class Steady:
    """A provider that never rotates."""
    kids = ["only"]

    def published(self, _now):
        return self.kids


class Source:
    grace, playing, headers = 0, True, None

    def __init__(self, number):
        self.name = f"day-{number}"
        self.history = Steady()
        self.requests = {"timer": 0, "logins": 0}
        self.failed = self.logins = 0
        self.refused = []

    def fetch(self, _now):
        pass


def share(machine, issuer):
    """The point of its interval at which this host refreshes this source (CACHE 4): by machine and source."""
    head = next(head for head in machine.host.heads() if head["issuer"] == issuer)
    try:
        with open("/etc/machine-id", "rb") as file:
            seed = file.read().removesuffix(b"\n")
    except FileNotFoundError:
        seed = head["boot"].encode()
    digest = hashlib.sha256(seed + b"\0" + head["id"].encode()).digest()
    return 0.70 + 0.20 * int.from_bytes(digest[:6], "big") / 2 ** 48


def live(machine, sources):
    started = time.time()
    for elapsed in range(0, DAY, STEP):
        machine.set_clock(started + elapsed)
        if elapsed % TIMER == 0:
            machine.run_timer(check=elapsed == 0)
        for source in sources:
            verdict = machine.log_in(source, "only")
            source.logins += 1
            if verdict.reason != "ok":
                source.refused.append(verdict)
            if verdict.cache != "fresh":
                host.wait_for_children()
        if elapsed == 0:
            machine.provider.fails = lambda: machine.chance.random() < FAILING


def judge(machine, sources):
    wrong = 0
    for source in sources:
        scheduled = DAY / (INTERVAL * share(machine, f"{machine.provider.url}/{source.name}"))
        total, most = sum(source.requests.values()), AHEAD * (scheduled + 1) + 1 + source.failed
        print(f"{source.name}: {source.logins} logins, {len(source.refused)} refused; {total} requests, of which {source.failed} "
              f"failed, and at most {most:.1f} allowed")
        wrong += total > most or bool(source.refused) or source.failed == 0
        print(*source.refused[:3], sep="\n", end="")
    return wrong


def main():
    sources = [Source(number) for number in range(SOURCES)]
    folder = tempfile.mkdtemp(prefix="jwks-replay.", dir="/var/lib")
    try:
        with host.Machine(folder, *sys.argv[1:3], sources) as machine:
            machine.chance = random.Random(1)
            for source in sources:
                machine.publish(source, 0)
            host.adopt_orphans()
            live(machine, sources)
            return 1 if judge(machine, sources) else 0
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
