#!/usr/bin/python3
"""typed.py TOKEN-FILE SIZE COMMAND...: runs the command at a terminal of its own, and pastes the next SIZE characters of the
token at every prompt for one, as a person does."""
# SPDX-License-Identifier: Apache-2.0
import os
import pty
import re
import select
import sys

token_file, size, *command = sys.argv[1:]
with open(token_file, "rb") as file:
    token = file.read().strip()
parts = [token[i:i + int(size)] for i in range(0, len(token), int(size))]

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen = b""
while select.select([terminal], [], [], 60)[0]:
    try:
        text = os.read(terminal, 4096)
    except OSError:  # the terminal was hung up: the command is done
        break
    sys.stdout.buffer.write(text.replace(b"\r", b""))
    seen += text
    if re.search(rb"Token[^:\n]*: $", seen):
        seen = b""
        os.write(terminal, (parts.pop(0) if parts else b"") + b"\n")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
