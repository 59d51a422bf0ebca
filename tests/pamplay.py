#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What jwksctl check says of a service of PAM is what libpam does with it.

    pamplay.py FOLDER JWKSCTL [ARGUMENT...]

Stacks are drawn from a fixed seed: controls of every kind, jumps, includes, substacks, comments, lines that go on, mistakes.  libpam plays each of them with
pam_debug.so in the place of the module, and of one that asks for a password; its answers must be those by which the findings
of `jwksctl check` were made.
"""
import ctypes
import json
import os
import random
import subprocess
import sys

STACKS = 300
REFUSALS = ["auth_err", "authinfo_unavail", "service_err", "user_unknown", "module_unknown"]
OUTAGES = ["authinfo_unavail", "service_err", "module_unknown"]
OPEN = "everybody is let in without a token"
SHUT = "no way in without a token"
ALONE = "a good token alone lets nobody in"
NEVER = "the module is never asked"
MISREAD = "libpam does not understand what stands in brackets"
ACTIONS = ["ignore", "ok", "done", "bad", "die", "reset", "1", "2", "3"]
ANSWERS = ["success", *REFUSALS, "ignore", "default"]


class Conversation(ctypes.Structure):
    _fields_ = [("call", ctypes.c_void_p), ("data", ctypes.c_void_p)]


LIBPAM = ctypes.CDLL("libpam.so.0")
TALK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)
LIBC = ctypes.CDLL(None)
LIBC.calloc.restype = ctypes.c_void_p


@TALK
def listen(count, _messages, answers, _data):
    """pam_debug says what it does; nobody answers."""
    answers[0] = LIBC.calloc(count, 16)
    return 0


def control(draw):
    """A control of any kind, most often one that people write."""
    if draw.random() < 0.5:
        return draw.choice(["required", "requisite", "sufficient", "optional"])
    names = draw.sample(ANSWERS, draw.randint(1, 4))
    return "[" + " ".join(f"{name}={draw.choice(ACTIONS)}" for name in names) + "]"


def written(draw, line):
    """The same line otherwise: as libpam takes it, or as a slip of the pen that it does not take."""
    kind = draw.randrange(14)
    if kind == 0:
        return "# this goes on in no other line: \\\n" + line
    if kind == 1:
        return line + "  # nor does this \\"
    if kind == 2:
        return line.replace(" ", " \\ \t\n\n  # between\n ", 1)
    if kind == 3:
        return line.replace("=", " = ")
    if kind == 4:
        return line.replace("auth req", "auth REQ").replace(" suff", " Suff").replace(" include", " Include")
    if kind == 5:
        return line.replace("[success=", "[sucess=").replace("required", "[required]")
    if kind == 6 and "pam_jwks" not in line:
        return line.replace("auth ", "auht ", 1)
    return line


def lines(draw, modules):
    return [f"{draw.choice(['auth', '-auth', 'AUTH'])} {control(draw)} {module}" for module in modules]


def stack(draw):
    """(service, part): the module once, in either, among others."""
    others = [draw.choice(["pam_unix.so", "pam_unix.so", "pam_permit.so", "pam_deny.so", "pam_env.so"]) for _ in range(draw.randint(1, 5))]
    others.insert(draw.randint(0, len(others)), "pam_jwks.so")
    half = draw.randint(0, len(others))
    if draw.random() < 0.6:
        return [written(draw, line) for line in lines(draw, others)], []
    part = lines(draw, others[half:])
    service = lines(draw, others[:half])
    place = draw.randint(0, len(service))
    service.insert(place, draw.choice(["auth include part", "@include part", "auth substack part"]))
    if draw.random() < 0.5:                     # over a substack as a whole, or into what is included
        service.insert(place, f"auth [success={draw.randint(1, 2)} auth_err={draw.randint(1, 2)} default=ignore] pam_unix.so")
    return [written(draw, line) for line in service], [written(draw, line) for line in part]


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="ascii") as file:
        file.write("".join(line + "\n" for line in text))


def outcome(folder, files, ours, password):
    """libpam's answer: 0 is success.  It looks for what is included in /etc/pam.d, whatever its folder is."""
    for name, text in files.items():
        write(folder, name, [line.replace(" part", f" {folder}/part").replace("pam_jwks.so", f"pam_debug.so auth={ours}").replace("pam_unix.so", f"pam_debug.so auth={password}")
                             for line in text])
    handle, talk = ctypes.c_void_p(), Conversation(ctypes.cast(listen, ctypes.c_void_p), None)
    status = LIBPAM.pam_start_confdir(b"service", b"nobody", ctypes.byref(talk), folder.encode(), ctypes.byref(handle))
    if status != 0:
        return status
    status = LIBPAM.pam_authenticate(handle, 0x8000)
    LIBPAM.pam_end(handle, status)
    return status


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    draw, seen, wrong = random.Random(20261121), {text: 0 for text in (OPEN, SHUT, ALONE, NEVER, MISREAD)}, 0
    real, shown = os.path.join(folder, "real"), os.path.join(folder, "shown")
    os.makedirs(real)
    os.makedirs(shown)
    for _ in range(STACKS):
        service, part = stack(draw)
        files = {"service": service, "part": part}
        for name, text in files.items():
            write(shown, name, text)
        findings = json.loads(subprocess.run([*command, "--pam-dir", shown], stdout=subprocess.PIPE, check=False).stdout)["findings"]
        said = {text: any(text in finding["why"] for finding in findings) for text in seen}
        is_open = any(outcome(real, files, ours, "auth_err") == 0 for ours in REFUSALS)
        is_shut = any(outcome(real, files, ours, "success") != 0 for ours in OUTAGES)
        alone = outcome(real, files, "success", "auth_err") == 0
        if any(word.startswith("auth substack") for word in service + part) and not part:
            continue                            # an empty substack is refused by some versions
        if (said[OPEN], said[SHUT], said[ALONE] or said[NEVER] or said[MISREAD]) != (is_open, is_shut, not alone):
            wrong += 1
            print(f"libpam: open {is_open}, shut {is_shut}, a token alone {alone}; jwksctl check: {said}", *service, "-- part:", *part, sep="\n  ")
        for text in seen:
            seen[text] += said[text]
    print(f"{wrong} of {STACKS} differ; found: {seen}")
    sys.exit(wrong > 0 or not all(seen.values()))


if __name__ == "__main__":
    main()
