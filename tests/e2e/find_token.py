#!/usr/bin/python3
"""find_token.py TOKENS LOGS: names every file in the folder LOGS that holds 20 characters in a row of a file in the folder
TOKENS, and the line, but not the text.  Exit 1 if there is one."""
# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

SIZE = 20


def pieces(text):
    return {text[i:i + SIZE] for i in range(len(text) - SIZE + 1)}


tokens, logs = (sorted(p for p in pathlib.Path(d).iterdir() if p.is_file()) for d in sys.argv[1:])
secret = set().union(*(pieces(p.read_bytes().strip()) for p in tokens))
if not secret or not logs:
    sys.exit("nothing to compare")
found = [f"{p}:{n}: part of a token" for p in logs for n, line in enumerate(p.read_bytes().splitlines(), 1)
         if not secret.isdisjoint(pieces(line))]
print("\n".join(found))
sys.exit(1 if found else 0)
