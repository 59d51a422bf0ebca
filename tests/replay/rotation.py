#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Replays how real providers changed their keys, on the test clock, with the real library and the real jwks-fetch.

    rotation.py PREFIX CLOCK [--days N] [--timer MINUTES] [--markdown FILE] [HISTORY...]

PREFIX: where a build with --enable-test-clock=CLOCK is installed.  HISTORY: tests/vectors/realworld/rotation-*.tsv, all of them
by default.  --days: of each history the N days (4 or more) in which most changed, not all of it.  Needs root, and a user jwks.

Each history is walked twice, with key_grace 0 and 48h, as a source of its own of one jwks.conf.  Every half hour the provider
publishes what it published then and the timer's `jwks-fetch --due` runs; every hour, five minutes later, each key is tried that
is published, will be again, or was fetched within the last 49 hours.  It must be accepted if, and only if, it is published, in
the set that was fetched last, or was fetched within key_grace.  Requests are counted by who asks: the timer against S + D of the
cache's formula, logins against R + K.  (Discovery counts as the timer's, whoever happens to find it due.)
"""
import argparse
import datetime
import glob
import os
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True               # the sources stay as they are
import host  # pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.abspath(__file__))
HOUR, DAY, GRACE = 3600, 86400, 48 * 3600
SLACK = 120                                     # s around the end of a grace in which either answer is right
AHEAD = 1.05                                    # of the formula: 5 % more is allowed
# Cache-Control as it was captured (http-headers.tsv); without one the cache assumes an hour.
HEADERS = {"google": "public, max-age=21532, must-revalidate, no-transform", "entra-common": "max-age=86400, private",
           "entra-organizations": "max-age=86400, private"}


def read_history(path):
    """[(seconds, (kid, ...)), ...], from the full hour before the first one."""
    with open(path, encoding="ascii") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    return [(int(datetime.datetime.fromisoformat(when).timestamp()), tuple(kids.split())) for when, kids in rows]


class History:
    def __init__(self, path, days):
        self.name = os.path.basename(path)[len("rotation-"):-len(".tsv")]
        self.sets = read_history(path)
        self.first = self.sets[0][0] // HOUR * HOUR
        self.last = self.sets[-1][0] + HOUR
        self.last_use = {kid: when for when, kids in self.sets for kid in kids}
        if days:
            early = days * DAY - GRACE - 2 * HOUR   # so that a grace ends within them
            busiest = max((when // HOUR * HOUR for when, _ in self.sets), key=lambda t: self.changes(t, t + early))
            self.first = max(self.first, min(busiest, self.last // HOUR * HOUR - days * DAY))
            self.last = min(self.last, self.first + days * DAY)
        self.kids = sorted({*self.published(self.first),
                            *(kid for when, kids in self.sets if self.first <= when < self.last for kid in kids)})

    def changes(self, begin, end):
        """Whether a kid leaves the set for good between them, and how often the set changes."""
        left = any(self.last_use[kid] == before and begin <= when < end
                   for (before, kids), (when, _) in zip(self.sets, self.sets[1:]) for kid in kids)
        return left, sum(begin <= when < end for when, _ in self.sets)

    def published(self, when):
        return [kids for changed, kids in self.sets if changed <= max(when, self.sets[0][0])][-1]

    def unannounced(self):
        """How often a kid was published that the set before it did not have."""
        return sum(bool(set(new) - set(old)) for (_, old), (when, new) in zip(self.sets, self.sets[1:])
                   if self.first <= when < self.last)


class Source:
    """One history with one key_grace: what was published, fetched and decided."""
    def __init__(self, history, grace):
        self.history, self.grace = history, grace
        self.name = f"{history.name}-{grace // HOUR}h"
        self.headers = HEADERS.get(history.name)
        self.fetched = {}                       # kid: when a fetch last brought it, in the history's time
        self.held = ()                          # kids of the last fetch
        self.playing = True                     # its history has not ended yet
        self.requests = {"timer": 0, "logins": 0}
        self.logins = self.misses = 0
        self.refused = {"published": 0, "away": 0, "withdrawn": 0}
        self.wrong = []

    def kind(self, kid, now):
        if kid in self.history.published(now):
            return "published"
        return "away" if now < self.history.last_use[kid] else "withdrawn"

    def fetch(self, now):
        self.held = self.history.published(now)
        self.fetched.update({kid: now for kid in self.held})

    def tried(self, now):
        """Those published first: they must not suffer from refreshes for the others."""
        kids = [kid for kid in self.history.kids
                if self.kind(kid, now) == "published" or
                kid in self.fetched and (self.kind(kid, now) == "away" or now - self.fetched[kid] < GRACE + HOUR)]
        return sorted(kids, key=lambda kid: self.kind(kid, now) != "published")

    def judge(self, kid, now, verdict):
        kind, age = self.kind(kid, now), now - self.fetched.get(kid, 0)
        allowed = verdict.reason == "ok"
        wanted = kind == "published" or kid in self.held or age < self.grace
        self.logins += 1
        self.misses += not wanted
        if not allowed and (kind != "withdrawn" or age < GRACE):
            self.refused[kind] += 1
        if allowed != wanted and (not self.grace or abs(age - self.grace) > SLACK):
            self.wrong.append(f"{self.name}: {kind} key {kid}, fetched {age} s ago: {verdict}")
        if allowed and verdict.cache != "fresh":
            self.wrong.append(f"{self.name}: the timer left the set {verdict.cache}")

    def judge_requests(self, days):
        scheduled, asked = self.requests["timer"], self.requests["logins"]
        most = AHEAD * (30 + 1) * days + 2      # S + D, and the first fetch of each
        if scheduled > most:
            self.wrong.append(f"{self.name}: the timer asked {scheduled} times, and not at most {most:.0f}")
        most = self.history.unannounced() + min(self.misses, 100 * days)
        if asked > most:
            self.wrong.append(f"{self.name}: logins asked {asked} times, and not at most {most:.0f}")

    def row(self, days):
        total = sum(self.requests.values())
        return [self.history.name, f"{days:.0f}", len(self.history.kids), self.history.unannounced(),
                f"{self.grace // HOUR} h" if self.grace else "0", self.logins, *self.refused.values(),
                f"{self.requests['timer'] / days:.1f}", f"{self.requests['logins'] / days:.1f}",
                f"{total / days:.1f}", f"{30 + 1 + self.history.unannounced() / days:.1f}"]


COLUMNS = ["provider", "days", "kids", "rotations", "key_grace", "logins", "refused: published", "refused: away",
           "refused: withdrawn", "a day: by timer", "by logins", "together", "formula"]
PAGE = """# Rotations of real providers, replayed

Made by `tests/replay/rotation.py --markdown`; do not edit.  The histories (`tests/vectors/realworld/rotation-*.tsv`) say to which
kids the published set of a provider changed and when, from June to October 2024.  Each is walked on a test clock: every half hour
the provider publishes what it published then, and `jwks-fetch --due` runs; every hour a login is tried with each key that is
published, will be again, or was fetched within 49 hours.  Where `days` are fewer than the history has, they are its busiest.

- rotations: sets with a kid that the set before did not have
- refused, published: keys that were in the set at that time; there must be none
- refused, away: keys that were not in the set, and came back
- refused, withdrawn: keys that had left it for good, fetched less than 48 hours ago
- requests a day: of `--due` with all discovery, of logins with a kid that is not cached, and what the formula S + D + R allows without a flood
  (30 + 1 + rotations a day).  With key_grace 0 the logins that are refused ask too (K, at most 100 a day).

{table}

What it says: with `key_grace = 48h` nobody is refused whose key any fetch of the last two days brought, and nothing is asked for
it.  Without, a provider whose front ends disagree (Entra) locks people out now and then, and is asked more often.
The replay fails where a single login was decided otherwise than these rules say.
"""


def walk(machine, sources, timer):
    """All histories at once: `elapsed` is the time since the beginning of each."""
    started = time.time()
    longest = max(source.history.last - source.history.first for source in sources)
    for elapsed in range(0, longest, timer):
        for source in sources:
            source.playing = source.history.first + elapsed < source.history.last
            if source.playing:
                machine.publish(source, source.history.first + elapsed)
        machine.set_clock(started + elapsed)
        machine.run_timer()
        if elapsed % HOUR == HOUR // 2:
            machine.set_clock(started + elapsed + 300)
            log_in(machine, [source for source in sources if source.playing], elapsed + 300)


def log_in(machine, sources, elapsed):
    for source in sources:
        now = source.history.first + elapsed
        machine.publish(source, now)
        for kid in source.tried(now):
            source.judge(kid, now, machine.log_in(source, kid))


def table(sources):
    rows = [COLUMNS] + [source.row((source.history.last - source.history.first) / DAY) for source in sources]
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(COLUMNS))]
    lines = ["| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("prefix")
    parser.add_argument("clock")
    parser.add_argument("--days", type=int, default=0)
    parser.add_argument("--timer", type=int, default=30)
    parser.add_argument("--markdown")
    parser.add_argument("history", nargs="*")
    options = parser.parse_intermixed_args()
    paths = options.history or sorted(glob.glob(os.path.join(HERE, "../vectors/realworld/rotation-*.tsv")))
    histories = [History(path, options.days) for path in paths]
    sources = [Source(history, grace) for history in histories for grace in (0, GRACE)]
    folder = tempfile.mkdtemp(prefix="jwks-replay.", dir="/var/lib")
    try:
        with host.Machine(folder, options.prefix, options.clock, sources) as machine:
            walk(machine, sources, options.timer * 60)
    finally:
        shutil.rmtree(folder)
    for source in sources:
        source.judge_requests((source.history.last - source.history.first) / DAY)
    print(table(sources))
    wrong = [line for source in sources for line in source.wrong]
    if not any(source.misses for source in sources if source.grace):
        wrong.append("no key_grace came to its end")
    print(*wrong[:20], sep="\n")
    if options.markdown:
        with open(options.markdown, "w", encoding="utf-8") as file:
            file.write(PAGE.format(table=table(sources)))
    print(f"{sum(source.logins for source in sources)} logins, {len(wrong)} wrong")
    return 1 if wrong or not all(source.logins for source in sources) else 0


if __name__ == "__main__":
    sys.exit(main())
