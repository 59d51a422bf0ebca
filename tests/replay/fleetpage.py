#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""fleetpage.py RECORD FOLDER: FOLDER/fleet.md and FOLDER/fleet.svg, of what fleet.py has recorded.  Needs gnuplot."""
import json
import os
import subprocess
import sys

PAGE = """# A fleet and its provider

Made by `tests/e2e/fleet.sh --page`, which takes half an hour as root on Debian 12; do not edit.  {hosts} simulated hosts ask one
provider over HTTPS.  Each has a cache of its own, and a machine id: a mount namespace of its own shows it another /etc/machine-id.
What fetches is the real jwks-fetch, and who logs in asks the real library, on a test clock that goes on a second after the other.
jwks-refresh.timer is imitated as it stands in data/ (45 s after the boot, then every 5 minutes, each time up to 60 s later), and
is not started where a host's keys are so young that no host would ask; one in 25 of these starts is made all the same, and asked
for nothing.  A request is what the provider's log has, at the time of the test clock; discovery counts, too.

*Without jitter* are {clones} hosts with one machine id, a timer without RandomizedDelaySec, and a jwks-fetch that draws the same
number on every host for its back-off (tests/replay/samechance.c).  Their outage begins after two hours, and
their steady hour is the one before it.

{table}

- *start*: all hosts boot in the same second, with empty caches; the first two minutes.
- *steady*: hours {steady_from:.0f} to {steady_to:.0f} after it, without logins, so that nobody but the timer asks.  The formula
  S + D allows {formula:.2f} a second.
- *outage*: the provider answers every request with 503, for an hour.  Those are the requests that failed.
- *return*: the hour after it.  {back}
- *rotation*: the one key is replaced by another, without notice.  On each host somebody logs in every five minutes in the mean,
  with a token of the new key; half an hour.
- *flood*: on each host a token comes every 20 seconds in the mean, and 19 of 20 name a kid that nobody ever published; {flood:.0f}
  minutes.  *Without the bucket* is no measurement but a model: each such token would be one request.  It is left out in the other
  rows, where no bucket is asked.

![Requests in a second, with jitter and without](fleet.svg)

The picture shows, of each minute (at the start: of each second), the second with the most requests.

What was judged:

{judged}

Chance has its part: a host comes back when its back-off has ended and its timer starts it, which no other host knows of.  So in
some seconds there are more of them than in the mean, and a run in twenty may see 6 of 500 hosts in one second.
"""
COLUMNS = ["", "requests in one second, at most", "in the mean", "of a host", "without jitter: at most", "in the mean", "of a host",
           "without the bucket: at most", "in the mean"]
ROWS = ["start", "steady", "outage", "return", "rotation", "flood"]
PLOT = """
set terminal svg size 960,840 font "sans-serif,12" background "white" dynamic
set output "{output}"
set multiplot layout 3,2
set logscale y
set yrange [0.8:9000]
set ytics (1, 10, 100, 1000)
set grid y
set key top right samplen 1
{data}
{panels}
"""
PANEL = """
set title "{title}"
set xlabel "{unit}"
set xrange [0:{end}]
plot {curves}
"""
# title, phases, unit, s of one step of the unit, s of one point
PANELS = [("start: all boot at once", ["start"], "seconds", 1, 1),
          ("until they are steady", ["start", "settling", "steady"], "hours", 3600, 60),
          ("outage of an hour", ["outage"], "minutes", 60, 60), ("return", ["return"], "minutes", 60, 60),
          ("rotation without notice", ["rotation"], "minutes", 60, 60), ("flood of invented kids", ["flood"], "minutes", 60, 60)]
CURVES = {"clones": ("without jitter", "impulses lw 2 lc rgb '#e0a080'"),
          "model": ("without the bucket (model)", "lines lc rgb '#c04040'"),
          "fleet": ("as it is", "points pt 7 ps 0.35 lc rgb '#204a87'")}


def length(record, phase):
    begin, end = record["phases"][phase]
    return end - begin


def load(record, phase):
    """[most in a second, in the mean, of a host]"""
    counts = [requests for _, requests, _ in record["counts"][phase]]
    return [str(max(counts)), f"{sum(counts) / length(record, phase):.2f}", f"{sum(counts) / record['hosts']:.1f}"]


def model(record):
    """Every invented kid a request."""
    counts = [count for _, count in record["invented"]]
    return [str(max(counts)), f"{sum(counts) / length(record, 'flood'):.2f}"]


def table(fleet, clones):
    rows = [COLUMNS]
    for phase in ROWS:
        without = load(clones, phase) if phase in clones["counts"] else ["", "", ""]
        rows.append([phase, *load(fleet, phase), *without, *(model(fleet) if phase == "flood" else ["", ""])])
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def returning(name, record):
    most = max(hosts for _, _, hosts in record["counts"]["return"])
    return f"{name} {most} of the {record['hosts']} hosts ({100 * most / record['hosts']:.1f} %) come back in one second at most"


def points(counts, step):
    """[(time, most in a second), ...], one for each STEP seconds in which anybody asked."""
    most = {}
    for second, count in counts:
        most[second // step * step] = max(count, most.get(second // step * step, 0))
    return sorted(most.items())


def curve(records, name, phases):
    """[(second since the panel's beginning, requests), ...]"""
    record = records["fleet" if name == "model" else name]
    if phases[0] not in record["counts"] or name == "model" and phases != ["flood"]:
        return []
    began = record["phases"][phases[0]][0]
    if name == "model":
        return [(second - began, n) for second, n in record["invented"]]
    return [(record["phases"][phase][0] - began + second, n) for phase in phases for second, n, _ in record["counts"][phase]]


def draw(records, output):
    data, panels = [], []
    for number, (title, phases, unit, scale, step) in enumerate(PANELS):
        curves = []
        for name, (label, style) in CURVES.items():
            some = points(curve(records, name, phases), step)
            if some:
                block = f"${name}_{number}"
                data += [f"{block} << END", *(f"{second / scale:g} {count}" for second, count in some), "END"]
                curves.append(f"{block} with {style} title '{label}'")
        end = sum(length(records["fleet"], phase) for phase in phases) / scale
        panels.append(PANEL.format(title=title, unit=unit, end=f"{end:g}", curves=", ".join(curves)))
    subprocess.run(["gnuplot"], input=PLOT.format(output=output, data="\n".join(data), panels="".join(panels)), text=True, check=True)


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        records = json.load(file)
    folder, fleet, clones = sys.argv[2], records["fleet"], records["clones"]
    draw(records, os.path.join(folder, "fleet.svg"))
    text = PAGE.format(hosts=fleet["hosts"], clones=clones["hosts"], table=table(fleet, clones), formula=fleet["formula"],
                       steady_from=fleet["phases"]["steady"][0] / 3600, steady_to=fleet["phases"]["steady"][1] / 3600,
                       back=f"{returning('With jitter', fleet)}, {returning('without', clones)}.", flood=length(fleet, "flood") / 60,
                       judged="\n".join(f"- {line}" for line in fleet["judged"] + clones["judged"]))
    with open(os.path.join(folder, "fleet.md"), "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
