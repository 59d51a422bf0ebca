#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The results of a run (results.py) as a table, for a terminal or in Markdown: table.py [--markdown] RESULTS.json"""
import json
import sys

UNITS = {"us": "µs"}


def measures_of(entries):
    """{measure: whether it has ratios}, in the order of the run."""
    found = {}
    for entry in entries.values():
        for measure in entry["measures"]:
            found[measure] = found.get(measure, False) or measure in entry["ratios"]
    return found


def shown(value):
    return f"{value:,.{value < 1000 and value != int(value):d}f}"


def verdict(entry, aim):
    reached = f"{aim['reached']:.2f}" if aim["limit"].startswith("x") else f"{aim['reached']:.4g}"
    beside = f" {aim['beside']}" if aim["beside"] not in ("", entry["beside"]) else ""
    measure, met = UNITS.get(aim["measure"], aim["measure"]), "met" if aim["met"] else "NOT MET"
    return f"{measure} {reached}, wanted {aim['limit']}{beside}: {met}"


def cells_of(entry, measures):
    """The value and, where the measure has one, the ratio of each; what was not measured is empty."""
    for measure, compared in measures.items():
        yield shown(entry["measures"][measure]) if measure in entry["measures"] else ""
        if compared:
            yield f"{entry['ratios'][measure]:.2f}" if measure in entry["ratios"] else ""


def table_of(part, entries):
    """Lines of cells, the heads first; the last cell of each is about aims."""
    measures = measures_of(entries)
    heads = [head for measure, compared in measures.items() for head in [UNITS.get(measure, measure)] + ["ratio"] * compared]
    yield [part, *heads, "aims"]
    for name, entry in entries.items():
        yield [name, *cells_of(entry, measures), "; ".join(verdict(entry, aim) for aim in entry["aims"])]


def print_plain(table):
    heads, *rows = table
    widths = [8 if head == "ratio" else 14 for head in heads[1:-1]]
    print()
    for name, *cells, aims in (heads, *rows):
        print((f"{name:<44}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths)) + "  " + aims).rstrip())


def print_markdown(table):
    (part, *heads, aims), *rows = table
    print(f"\n| {part} | {' | '.join(heads)} | {aims} |\n|---|{'---:|' * len(heads)}---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def main():
    *options, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    machine = results["machine"]
    print("{date}: pam-jwks {version}; {cpu}, {processors} processors, load {load}; {system}, Linux {kernel}; "
          "medians of {rounds} rounds".format(**machine), *map(" ".join, machine["versions"].items()), sep="; ")
    for part, entries in results["parts"].items():
        (print_markdown if options else print_plain)(table_of(part, entries))


if __name__ == "__main__":
    main()
