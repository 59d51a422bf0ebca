#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The results of a run (results.py) as a picture, by gnuplot: plot.py RESULTS.json FILE.svg

Above, what a decision costs over OpenSSL's verification alone, by algorithm; below, whole processes over one that only is linked
to libcrypto.  Strokes are what we aim at.  Nothing is filled behind it, and every colour is one that is seen on white and on black.
"""
import json
import subprocess
import sys
import textwrap

LIMIT = "evp"
COLOURS = ["#2f81f7", "#8250df", "#d4a72c", "#3fb950", "#e5534b", "#9e7b5a", "#39a5a5", "#c364c5", "#9aa0a6"]
HEAD = """
set terminal svg size 900,760 font 'sans-serif,13'
set output {output}
set multiplot
set border 3 linecolor '#808080'
set tics nomirror textcolor '#808080'
set title textcolor '#808080'
set key outside top center horizontal samplen 1.5 textcolor '#808080'
set grid ytics linecolor '#808080' linewidth 0.3
set style fill solid noborder
set bmargin 4
"""


def quoted(text):
    """For gnuplot; a string in double quotes can have lines."""
    return json.dumps(text, ensure_ascii=False)


def bars_of(entries, series):
    """{label of a group: [(series, measure, entry)...]} of what was measured; `series` says where a name belongs."""
    groups = {}
    for name, entry in entries.items():
        for label, one, measure in series(name):
            if measure in entry["ratios"]:
                groups.setdefault(label, []).append((one, measure, entry))
    return groups


def aims_for(entry, measure):
    return [float(aim["limit"][1:]) for aim in entry["aims"]
            if (aim["measure"], aim["beside"], aim["limit"][0]) == (measure, entry["beside"], "x")]


def panel(title, entries, series):
    """Bars in groups along x, a colour each series; strokes are aims."""
    groups = bars_of(entries, series)
    names = list(dict.fromkeys(one for bars in groups.values() for one, _, _ in bars))
    width = len(names) + 1
    points, aims, tics = {name: [] for name in names}, [], []
    for at, (label, bars) in enumerate(groups.items()):
        tics.append(f"{quoted(label)} {at * width + (len(names) - 1) / 2}")
        for one, measure, entry in bars:
            x = at * width + names.index(one)
            points[one].append(f"{x} {entry['ratios'][measure]}")
            aims += [f"{x - 0.5} {limit} 1 0" for limit in aims_for(entry, measure)]
    blocks = [f"$bars{i} << END\n" + "\n".join(points[name]) + "\nEND" for i, name in enumerate(names)]
    plots = [f"$bars{i} using 1:2:(0.9) with boxes linecolor '{COLOURS[i]}' title {quoted(name)}" for i, name in enumerate(names)]
    if aims:
        blocks.append("$aims << END\n" + "\n".join(aims) + "\nEND")
        plots.append("$aims with vectors nohead linewidth 3 linecolor '#f0883e' title 'aim'")
    return "\n".join([*blocks, f"set title {quoted(title)}", f"set xtics ({', '.join(tics)})",
                      f"set xrange [-1:{len(groups) * width - 1}]", "plot " + ", ".join(plots)])


def of_decision(name):
    """A group each algorithm, a series each way."""
    algorithm, way = name.split("/")
    return [] if way == LIMIT else [(algorithm, way, "us")]


def of_process(name):
    """A group each process, time and instructions."""
    label = textwrap.fill(name, 16)
    return [(label, "time", "us"), (label, "instructions", "instructions")]


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        parts = json.load(file)["parts"]
    script = [HEAD.format(output=quoted(target))]
    panels = [("decide", "One decision: time over OpenSSL’s verification alone (logarithmic)", of_decision,
               "set logscale y 2\nset yrange [0.5:*]"),
              ("process", "Whole processes, over one that is linked to libcrypto", of_process,
               "unset logscale y\nset yrange [0:*]")]
    for at, (part, title, series, options) in enumerate(panels):
        if part in parts:
            script += [f"set size 1,0.5\nset origin 0,{0.5 - at / 2}", options, panel(title, parts[part], series)]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


if __name__ == "__main__":
    main()
