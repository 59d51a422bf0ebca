#!/usr/bin/python3
"""paramiko_login.py PORT USER HOST-KEY TOKEN-FILE COMMAND: logs in to 127.0.0.1 by keyboard-interactive with the whole token as
the first answer and nothing as every other, and runs the command."""
# SPDX-License-Identifier: Apache-2.0
import socket
import sys

import paramiko

port, user, host_key, token_file, command = sys.argv[1:]
with open(token_file, encoding="ascii") as file:
    answers = [file.read().rstrip("\n")]


def answer(_title, instructions, prompts):
    print(instructions, *(text for text, _echo in prompts), file=sys.stderr)
    return [answers.pop() if answers else "" for _ in prompts]


transport = paramiko.Transport(socket.create_connection(("127.0.0.1", int(port)), timeout=30))
try:
    with open(host_key, encoding="ascii") as file:
        known = file.read().split()[1]
    transport.start_client(timeout=30)
    if transport.get_remote_server_key().get_base64() != known:
        sys.exit("another host key")
    transport.auth_timeout = 60
    transport.auth_interactive(user, answer)
    channel = transport.open_session(timeout=30)
    channel.exec_command(command)
    sys.stdout.write(channel.makefile().read().decode())
    sys.exit(channel.recv_exit_status())
except paramiko.AuthenticationException as refused:
    sys.exit(f"refused: {refused}")
finally:
    transport.close()
