#!/usr/bin/python3
"""syslogd.py SOCKET FILE: writes every message sent to the datagram socket to the file, one a line, until it is ended."""
# SPDX-License-Identifier: Apache-2.0
import os
import socket
import sys

path, log = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
with open(log, "ab", buffering=0) as out:
    listener.bind(path)
    os.chmod(path, 0o666)
    while True:
        out.write(listener.recv(65536).rstrip(b"\0\n") + b"\n")
