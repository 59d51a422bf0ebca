#!/usr/bin/python3
"""listener.py PORT-FILE RECORD: takes every connection to a port of 127.0.0.1, answers none, and writes each down."""
# SPDX-License-Identifier: Apache-2.0
import os
import socket
import sys

port_file, record = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
with open(port_file + ".new", "w", encoding="ascii") as file:
    print(listener.getsockname()[1], file=file)
os.rename(port_file + ".new", port_file)
with open(record, "ab", buffering=0) as out:
    while True:
        connection, peer = listener.accept()
        out.write(b"connection 127.0.0.1:%d\n" % peer[1])
        connection.close()
