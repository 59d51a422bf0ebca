#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A fleet on the test clock: hosts with a cache and a machine id each, the real jwks-fetch, and one provider.

    fleet.py PREFIX CLOCK SAMECHANCE [--hosts N] [--clones N] [--hours N] [--flood MINUTES] [--record FILE]

PREFIX: where a build with --enable-test-clock=CLOCK is installed; SAMECHANCE: samechance.c as a shared object.  Needs root, a user
jwks, and mounts of its own: each host sees its own /etc/machine-id.

All --hosts boot in the same second.  After --hours the provider answers nobody for an hour; an hour later its one key is replaced
without notice, while people log in; at last, for so many minutes, nearly all tokens name a kid that nobody ever published.  Then
two hours and the outage with --clones, hosts without jitter: one machine id for all, a timer without RandomizedDelaySec, and
SAMECHANCE in the place of the back-off's chance.  The timer's delays come from a fixed seed, the back-off's from the kernel.

Each line of the output is `pass NAME` or `fail NAME: why`.  FILE gets the counts of fleetpage.py.
"""
import argparse
import collections
import ctypes
import heapq
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True                  # the sources stay as they are
import host  # pylint: disable=wrong-import-position

HOUR, AT_ONCE, SAMPLE = 3600, 4, 25
CLONES_HOURS = 2                                # before the outage: a herd does not settle
FIRST_POINT = 0.70 * HOUR                       # of age: before it the timer has nothing to do on any host (CACHE 4)
ON_BOOT, EVERY, RANDOMIZED = 45, 300, 60        # jwks-refresh.timer
LOGIN_GAP, FLOOD_GAP, LEAST_GAP = 300, 20, 5    # s between two logins of a host, in the mean; and at least
ROTATION = HOUR // 2
GOOD = 20                                       # in a flood one token in so many is a good one
SHARE = 0.01                                    # of the hosts may come back in any one second (J01)
HOST_DAY = 86400 / (0.80 * HOUR) + 1            # S + D of CACHE 17
FLOOD_MOST = ((0, 2), (60, 3), (180, 4), (420, 5), (900, 6), (1800, 7), (2700, 8))      # requests of a host (CACHE 7)
CLONE_FS, CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x200, 0x20000, 0x1000, 0x4000, 0x40000

libc = ctypes.CDLL(None, use_errno=True)
Asked = collections.namedtuple("Asked", "second discovery by")     # a line of the provider's log; by: host and token, None: a timer


def system(call, *arguments):
    if getattr(libc, call)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), call)


def enter(namespace):
    """For this thread, and for the processes that it starts."""
    system("setns", namespace, CLONE_NEWNS)


def this_namespace():
    return os.open("/proc/thread-self/ns/mnt", os.O_RDONLY)


def namespace_with(machine_id):
    """In which /etc/machine-id is that file; the thread is in it then."""
    system("unshare", CLONE_NEWNS)
    system("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    system("mount", machine_id.encode(), b"/etc/machine-id", None, MS_BIND, None)
    return this_namespace()


class Issuer:
    """Its one key, and that one's successor."""
    name, grace, playing, headers = "corp", 0, True, None

    def __init__(self):
        self.history, self.kids = self, ["before", "after"]

    def published(self, now):
        return [self.kids[now]]


class Member(host.Host):
    """One host of a fleet."""
    def __init__(self, fleet, folder, prefix, machine_id):
        os.mkdir(folder)
        super().__init__(fleet, folder, prefix)
        with open(os.path.join(folder, "machine-id"), "w", encoding="ascii") as file:
            file.write(machine_id + "\n")
        enter(fleet.home)
        self.namespace = namespace_with(file.name)
        self.validated = None

    def start_fetch(self, *arguments, **options):
        enter(self.namespace)
        return super().start_fetch(*arguments, **options)

    def age(self, now):
        """Of its keys at the least; None: it has none."""
        if self.validated is None or now - self.validated >= FIRST_POINT:
            self.validated = max((head["validated_w"] for head in self.heads()), default=None)
        return None if self.validated is None else now - self.validated

    def decide(self, token):
        enter(self.namespace)
        return self.library.decide(token)


class Fleet(host.Site):
    def __init__(self, folder, prefix, clock, size, samechance):
        self.issuer, self.log, self.down, self.second, self.by = Issuer(), [], False, 0, None
        self.chance, self.delay = random.Random(size), 0 if samechance else RANDOMIZED
        super().__init__(folder, clock, [self.issuer])
        self.environment = {"LD_PRELOAD": samechance} if samechance else {}
        self.home = this_namespace()
        system("unshare", CLONE_FS)             # from the provider's threads, or this one could not move
        self.members = [Member(self, os.path.join(folder, f"host-{n}"), prefix, f"{0 if samechance else n + 1:032x}")
                        for n in range(size)]
        self.events, self.order, self.began = [], itertools.count(), time.time()
        self.invented_at, self.judged = collections.Counter(), []
        self.verdicts, self.idle = collections.Counter(), {"left out": 0, "run": 0, "asked": 0}
        self.publish(self.issuer, 0)

    def __exit__(self, *_):
        enter(self.home)
        for namespace in (self.home, *(member.namespace for member in self.members)):
            os.close(namespace)
        super().__exit__()

    def asked(self, path):
        self.log.append(Asked(self.second, path.endswith(host.WELL_KNOWN), self.by))
        return not self.down

    # --- what is to happen: in each second first the timers, then the logins, all of them at its beginning ---

    def plan(self, when, login, member):
        heapq.heappush(self.events, (int(when), login is not None, next(self.order), login, member))

    def boot(self):
        for member in self.members:
            self.plan(ON_BOOT + self.chance.uniform(0, self.delay), None, member)

    def people(self, begin, gap, login):
        """From then on, as people do: LOGIN on each host at random."""
        for member in self.members:
            self.plan(begin + self.chance.expovariate(1 / gap), (login, gap), member)

    def run(self, until):
        while self.events[0][0] < until:
            self.second, ticking, logins = self.events[0][0], [], []
            while self.events and self.events[0][0] == self.second:
                _, _, _, login, member = heapq.heappop(self.events)
                if login:
                    logins.append((member, *login))
                else:
                    ticking.append(member)
            self.tick(ticking)
            for member, login, gap in logins:
                self.log_in(member, login)
                self.plan(self.second + LEAST_GAP + self.chance.expovariate(1 / (gap - LEAST_GAP)), (login, gap), member)
        self.second = until

    def stop_people(self):
        self.events = [event for event in self.events if event[3] is None]
        heapq.heapify(self.events)

    # --- and how ---

    def tick(self, members):
        """The timer's start where there may be something to do; and now and then where there is not."""
        busy = []
        for member in members:
            self.plan(self.second + EVERY + self.chance.uniform(0, self.delay), None, member)
            age = member.age(self.began + self.second)
            if age is None or age >= FIRST_POINT:
                busy.append(member)
                continue
            self.idle["left out"] += 1
            if self.idle["left out"] % SAMPLE == 0:
                before = len(self.log)
                self.fetch([member])
                self.idle["run"] += 1
                self.idle["asked"] += len(self.log) - before
        for first in range(0, len(busy), AT_ONCE):
            self.fetch(busy[first:first + AT_ONCE])

    def fetch(self, members):
        self.set_clock(self.began + self.second)
        for process in [member.start_fetch("--due", env=self.environment, stderr=subprocess.DEVNULL) for member in members]:
            process.wait()                      # it ends itself after ten seconds

    def log_in(self, member, login):
        self.set_clock(self.began + self.second)
        name, token = login(self)
        self.by = member, name
        verdict = member.decide(token)
        if verdict.cache != "fresh":
            host.wait_for_children()
        self.by = None
        self.verdicts[name, verdict.reason] += 1
        if name == "invented":
            self.invented_at[self.second] += 1

    def good(self):
        return "good", self.tokens["corp", "after"]

    def invented(self):
        """A token that differs from a good one in its kid."""
        if self.chance.randrange(GOOD) == 0:
            return self.good()
        header = {"alg": "ES256", "kid": f"invented-{next(self.order)}"}
        return "invented", b".".join([host.base64url(json.dumps(header).encode()).encode(),
                                      *self.tokens["corp", "after"].split(b".")[1:]])

    # --- what came of it ---

    def requests(self, begin, end):
        return [asked for asked in self.log if begin <= asked.second < end]

    def verdict(self, name, good, why):
        self.judged.append(f"pass {name} ({why})" if good else f"fail {name}: {why}")
        print(self.judged[-1], flush=True)


def peak(requests, window=1):
    """The most in any WINDOW seconds."""
    most, first = 0, 0
    for last, asked in enumerate(requests):
        while requests[first].second <= asked.second - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def live(fleet, hours, flood):
    """{phase: (begin, end)}"""
    down = hours * HOUR
    booted = ON_BOOT + RANDOMIZED + 15
    phases = {"start": (0, booted), "settling": (booted, down // 2), "steady": (down // 2, down), "outage": (down, down + HOUR),
              "return": (down + HOUR, down + 2 * HOUR)}
    fleet.boot()
    for phase, (_, end) in phases.items():
        fleet.down = phase == "outage"
        fleet.run(end)
    if flood:
        begin = down + 2 * HOUR
        phases |= {"rotation": (begin, begin + ROTATION), "flood": (begin + ROTATION, begin + ROTATION + flood * 60)}
        fleet.publish(fleet.issuer, 1)
        fleet.people(begin, LOGIN_GAP, Fleet.good)
        fleet.run(begin + ROTATION)
        fleet.stop_people()
        fleet.people(begin + ROTATION, FLOOD_GAP, Fleet.invented)
        fleet.run(begin + ROTATION + flood * 60)
    return phases


def judge(fleet, phases):
    verdict, size = fleet.verdict, len(fleet.members)
    # With fewer hosts 1 % of them is one or two.  In ten seconds two of 60 come back in the mean; more than 12 by chance in one run
    # of some thousands, where a herd is all of them.
    window, share = (1, SHARE) if size >= 5 / SHARE else (10, 0.2)
    phase = {name: fleet.requests(*times) for name, times in phases.items()}
    hosts = {name: [asked for asked in requests if not asked.discovery] for name, requests in phase.items()}
    verdict("start: every host fetches once", len(hosts["start"]) == size, f"{len(hosts['start'])} fetches of {size} hosts")
    most = peak(hosts["start"], 10)
    verdict("start: at most a third of the hosts in any ten seconds", most <= size / 3, f"at most {most} of {size}")
    begin, end = phases["steady"]
    rate, formula = len(phase["steady"]) / (end - begin), HOST_DAY * size / 86400
    verdict("steady: no more requests than the formula says", rate <= 1.05 * formula, f"{rate:.3f}/s, formula {formula:.3f}/s")
    most = peak(hosts["return"], window)
    verdict(f"J01 return: at most {share:.0%} of the hosts in any {window} s", most <= share * size,
            f"at most {most} of {size} hosts")
    verdict("J01 return: the outage was one, and every host comes back", len(hosts["return"]) >= size <= len(hosts["outage"]),
            f"{len(hosts['outage'])} failed, {len(hosts['return'])} fetches of {size} hosts")
    judge_logins(fleet, phase, phases["flood"])
    verdict("starts of the timer that were left out would have asked nobody", fleet.idle["asked"] == 0 < fleet.idle["run"],
            f"{fleet.idle['left out']} left out, {fleet.idle['run']} of them run, {fleet.idle['asked']} requests")


def judge_logins(fleet, phase, flood):
    verdict, size = fleet.verdict, len(fleet.members)
    by_logins = {name: collections.Counter(asked.by for asked in phase[name] if asked.by and asked.by[1] == token)
                 for name, token in (("rotation", "good"), ("flood", "invented"))}
    most = max(by_logins["rotation"].values())
    verdict("rotation: one request of a host brings the new key", most == 1 and len(by_logins["rotation"]) >= 0.75 * size,
            f"{len(by_logins['rotation'])} of {size} hosts asked, each {most} times at most")
    most = max(by_logins["flood"].values())
    # One more than in a steady flood, since between kids that come slowly the bucket fills again before the interval doubles.
    allowed = 1 + max(count for after, count in FLOOD_MOST if after < flood[1] - flood[0])
    verdict(f"flood: a host asks {allowed} times at most", 2 < most <= allowed,
            f"at most {most}, {sum(by_logins['flood'].values()) / size:.1f} in the mean")
    good, invented = ({reason: n for (name, reason), n in fleet.verdicts.items() if name == kind} for kind in ("good", "invented"))
    verdict("every good login is let in, in rotation and flood", set(good) == {"ok"}, str(good))
    verdict("no invented kid is", invented and "ok" not in invented, str(invented))


def record(fleet, phases):
    """For each phase and each second in which somebody asked: [second, requests, hosts]."""
    answer = {"hosts": len(fleet.members), "formula": HOST_DAY * len(fleet.members) / 86400, "phases": phases,
              "judged": fleet.judged, "counts": {}, "invented": sorted(fleet.invented_at.items())}
    for name, times in phases.items():
        requests = fleet.requests(*times)
        every, hosts = (collections.Counter(asked.second for asked in some)
                        for some in (requests, [asked for asked in requests if not asked.discovery]))
        answer["counts"][name] = [[second - times[0], n, hosts[second]] for second, n in sorted(every.items())]
    return answer


def simulate(options, size, samechance, flood):
    started = time.monotonic()
    folder = tempfile.mkdtemp(prefix="jwks-fleet.", dir="/var/lib")
    try:
        with Fleet(folder, options.prefix, options.clock, size, samechance) as fleet:
            phases = live(fleet, options.hours if flood else CLONES_HOURS, flood)
            if flood:
                judge(fleet, phases)
            else:
                most = peak(fleet.requests(*phases["return"]))
                fleet.verdict("control: without jitter they come back together, and this harness sees it", most >= 0.9 * size,
                              f"{most} of {size} hosts in one second")
            return record(fleet, phases)
    finally:
        shutil.rmtree(folder)
        print(f"{size} hosts took {time.monotonic() - started:.0f} s", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("prefix")
    parser.add_argument("clock")
    parser.add_argument("samechance")
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--clones", type=int, default=50)
    parser.add_argument("--hours", type=int, default=3)
    parser.add_argument("--flood", type=int, default=10)
    parser.add_argument("--record")
    options = parser.parse_args()
    host.adopt_orphans()
    fleets = {"fleet": simulate(options, options.hosts, None, options.flood),
              "clones": simulate(options, options.clones, options.samechance, 0)}
    if options.record:
        with open(options.record, "w", encoding="ascii") as file:
            json.dump(fleets, file)


if __name__ == "__main__":
    main()
