#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rows of a run as JSON, with ratios, our aims, and what the machine was: results.py AIMS ROUNDS VERSION ROWS

    {"machine": {...}, "parts": {PART: {NAME: {"beside": NAME, "measures": {MEASURE: number},
                                               "ratios": {MEASURE: number}, "aims": [...]}}}}
"""
import datetime
import json
import os
import platform
import subprocess
import sys

PACKAGES = ["libc6", "gcc", "libssl-dev", "libjson-c-dev",
            "libjwt-dev", "libcjose-dev", "liboauth2-dev", "libjose-dev", "librhonabwy-dev"]
COMPARED = ("us", "instructions")       # the memory of two processes is no ratio: most of it is shared


def read_rows(path):
    """The parts, in the order of the file."""
    parts = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            part, name, beside, measure, value = line.rstrip("\n").split("\t")
            entry = parts.setdefault(part, {}).setdefault(
                name, {"beside": beside, "measures": {}, "ratios": {}, "aims": []})
            entry["measures"][measure] = float(value)
    return parts


def measured(entries, name, measure):
    return entries[name]["measures"].get(measure) if name in entries else None


def add_ratios(entries):
    for entry in entries.values():
        for measure in COMPARED:
            value, other = entry["measures"].get(measure), measured(entries, entry["beside"], measure)
            if value is not None and other:
                entry["ratios"][measure] = round(value / other, 3)


def judge(value, limit, other):
    """What it is, in the terms of the limit, and whether that is met."""
    kind, number = (limit[0], float(limit[1:])) if limit[0] in "x+" else ("", float(limit))
    reached = {"x": lambda: value / other, "+": lambda: value - other, "": lambda: value}[kind]()
    return {"reached": round(reached, 2), "met": reached <= number}


def add_aims(path, parts):
    """Only of what was measured in this run."""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("|") for line in file if line.strip() and not line.startswith("#")]
    for part, name, measure, limit, beside in lines:
        entries = parts.get(part, {})
        value, other = measured(entries, name, measure), measured(entries, beside, measure)
        if value is not None and (other is not None or not beside):
            entries[name]["aims"].append(
                {"measure": measure, "limit": limit, "beside": beside, **judge(value, limit, other)})


def versions():
    """Of Debian's packages that are installed."""
    try:
        told = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n", *PACKAGES], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    except FileNotFoundError:
        return {}
    found = [line.split() for line in told.splitlines()]
    return {package: version for status, package, version in found if status == "installed"}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"date": datetime.date.today().isoformat(), "system": platform.freedesktop_os_release()["PRETTY_NAME"],
            "kernel": platform.release(), "cpu": models[0] if models else platform.machine(),
            "processors": os.cpu_count(), "load": round(os.getloadavg()[0], 2), "versions": versions()}


def main():
    aims, rounds, version, rows = sys.argv[1:]
    parts = read_rows(rows)
    for entries in parts.values():
        add_ratios(entries)
    add_aims(aims, parts)
    json.dump({"machine": {"version": version, "rounds": int(rounds), **machine()}, "parts": parts}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
