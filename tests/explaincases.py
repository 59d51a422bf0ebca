#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""jwksctl explain decides each folder of tests/vectors/accept and reject as its `expect` says, and a login does.

    explaincases.py JWKSCTL FOLDER    FOLDER is empty, and its parents are trusted; the library is where the loader finds it

What it says to programs is checked whole by ctlcheck.py, and no piece of a token is in it, nor in what it says to people.
"""
import base64
import os
import pathlib
import shutil
import struct
import subprocess
import sys

import ctlcheck

HERE = pathlib.Path(__file__).parent
VECTORS = HERE / "vectors"
NOW = "3786912000"                  # as check_cases.c has it
LEAKED = 20                         # characters of a token in a row
CLASSES = {"ok": 0, "deny": 1, "unavailable": 2, "fault": 2}
# The clock is the host's and not --at's; and what is no SSH key at all sshd would not hand over.
OTHERWISE = {"reject/clock-in-2001": "not-yet-valid", "reject/clock-in-2001-and-a-token-of-then": "allow nobody"}


class Case:
    def __init__(self, folder, work):
        self.name = f"{folder.parent.name}/{folder.name}"
        self.token = (folder / "token").read_bytes()
        self.expect = OTHERWISE.get(self.name, (folder / "expect").read_text().split("\n")[0])
        self.arguments = {"--user": "nobody", "--at": NOW, "--service": "none"}
        self.work = work
        for name in ("jwks.conf", "jwks.json", "two.json", "map"):
            (work / name).unlink(missing_ok=True)
            if (folder / name).exists() or name.startswith("jwks"):
                shutil.copyfile(folder / name if (folder / name).exists() else VECTORS / name, work / name)
        conf = (work / "jwks.conf").read_bytes()
        (work / "jwks.conf").write_bytes(conf.replace(b"@here@", bytes(work)))
        if (folder / "request").exists():
            for line in (folder / "request").read_text().splitlines():
                self.ask(*line.split(" ", 1))

    def ask(self, what, value=None):
        if what == "user" and value is None:
            del self.arguments["--user"]
        elif what == "user":
            self.arguments["--user"] = value.strip('"')
        elif what == "key":
            self.write_key(bytes.fromhex(value))
        else:
            self.arguments["--at" if what == "now" else "--" + what] = value

    def write_key(self, blob):
        length = struct.unpack(">I", blob[:4])[0] if len(blob) >= 4 else 0
        kind = blob[4:4 + length].decode("ascii", "replace") if length < 64 else ""
        (self.work / "id.pub").write_text(f"{kind or 'ssh-ed25519'} {base64.b64encode(blob).decode()} me\n")
        self.arguments["--key"] = str(self.work / "id.pub")

    def run(self, ctl, *more):
        arguments = [part for pair in self.arguments.items() for part in pair]
        # The end of the line is taken off, and no more: what the token itself ends with stays.
        return subprocess.run([ctl, "-c", str(self.work / "jwks.conf"), "explain", *arguments, *more], input=self.token + b"\n",
                              capture_output=True, timeout=30)

    def leaks(self, output):
        pieces = {self.token[i:i + LEAKED] for i in range(len(self.token) - LEAKED + 1)}
        return any(output[i:i + LEAKED] in pieces for i in range(len(output) - LEAKED + 1))


def verdict(answer):
    return " ".join(["allow", *answer["accounts"]]) if answer["decision"] == "allow" else answer["reason"]


def complaints(case, ctl):
    """What is wrong, as texts; and the reason."""
    ran, text = case.run(ctl, "--json"), case.run(ctl)
    said = ran.stdout + ran.stderr + text.stdout + text.stderr
    if case.leaks(said):
        yield "a piece of the token is printed"
    if any(byte != 10 and not 32 <= byte <= 126 for byte in said):
        yield "a byte that is not printable"
    if ran.returncode != text.returncode:
        yield f"exit status {ran.returncode} with --json, {text.returncode} without"
    if not ran.stdout and b"id.pub: the SSH key" in ran.stderr and case.expect == "unbound" and ran.returncode == 2:
        return                      # no key, and so no question
    answer = ctlcheck.explain_of(ran.stdout.decode())
    if verdict(answer) != case.expect:
        yield f"{verdict(answer)}, not {case.expect}: {answer['detail']}"
    if ran.returncode != {"allow": 0, "deny": 1}.get(answer["decision"], 2):
        yield f"{answer['decision']}, and exit status {ran.returncode}"
    failed = [rule["reason"] for rule in answer["rules"] if not rule["holds"]]
    wanted = (answer["rest"] or answer)["reason"]
    if failed != ([wanted] if wanted else []):
        yield f"rules fail with {failed}, and it comes to {wanted}"
    line = f"decision={answer['decision']}" + (f" reason={answer['reason']}" if answer["reason"] else "")
    if f"log:      {line}\n" not in text.stdout.decode() or answer["advice"] not in text.stdout.decode():
        yield "people are told something else"


def main():
    ctl, work = sys.argv[1], pathlib.Path(sys.argv[2])
    folders = sorted(VECTORS.glob("accept/*")) + sorted(VECTORS.glob("reject/*"))
    bad, reasons = 0, set()
    for folder in folders:
        case = Case(folder, work)
        reasons.add(case.expect.split()[0])
        for complaint in complaints(case, ctl):
            print(f"FAIL {case.name}: {complaint}")
            bad += 1
    print(f"{len(folders)} cases, {bad} complaints; {' '.join(sorted(reasons))}")
    sys.exit(bad > 0 or len(folders) < 1000)


if __name__ == "__main__":
    os.umask(0o022)
    main()
