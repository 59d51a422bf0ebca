#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An ssh-agent with one security key, made of software: it signs as the hardware would (OpenSSH's PROTOCOL.u2f, .agent).

    sk_agent.py SOCKET TYPE FILE

TYPE is sk-ssh-ed25519@openssh.com or sk-ecdsa-sha2-nistp256@openssh.com.  The public key is written to FILE.pub; a certificate
of it is offered as soon as there is FILE-cert.pub.  Whoever asks has touched it.
"""
import base64
import hashlib
import os
import socketserver
import struct
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

FAILURE, REQUEST_IDENTITIES, IDENTITIES, SIGN_REQUEST, SIGN_RESPONSE = 5, 11, 12, 13, 14
APPLICATION = b"ssh:"
TOUCHED = 1


def string(octets):
    return struct.pack(">I", len(octets)) + octets


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def take(octets):
    """The first string, and what is behind it."""
    length, = struct.unpack(">I", octets[:4])
    return octets[4:4 + length], octets[4 + length:]


class Key:
    def __init__(self, kind):
        self.kind = kind.encode()
        self.ecdsa = "ecdsa" in kind
        self.counter = 0
        if self.ecdsa:
            self.secret, form = ec.generate_private_key(ec.SECP256R1()), ("X962", "UncompressedPoint")
        else:
            self.secret, form = ed25519.Ed25519PrivateKey.generate(), ("Raw", "Raw")
        point = self.secret.public_key().public_bytes(getattr(serialization.Encoding, form[0]),
                                                      getattr(serialization.PublicFormat, form[1]))
        self.blob = string(self.kind) + (string(b"nistp256") if self.ecdsa else b"") + string(point) + string(APPLICATION)

    def sign(self, data):
        self.counter += 1
        facts = struct.pack(">BI", TOUCHED, self.counter)
        signed = hashlib.sha256(APPLICATION).digest() + facts + hashlib.sha256(data).digest()
        if self.ecdsa:
            signature = b"".join(map(mpint, decode_dss_signature(self.secret.sign(signed, ec.ECDSA(hashes.SHA256())))))
        else:
            signature = self.secret.sign(signed)
        return string(self.kind) + string(signature) + facts


class Conversation(socketserver.StreamRequestHandler):
    def answer(self, request):
        key, path = self.server.key, self.server.path + "-cert.pub"
        if request[0] == SIGN_REQUEST:
            data, _ = take(take(request[1:])[1])
            return bytes([SIGN_RESPONSE]) + string(key.sign(data))
        if request[0] != REQUEST_IDENTITIES:
            return bytes([FAILURE])
        blobs = [key.blob]
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                blobs.insert(0, base64.b64decode(file.read().split()[1]))
        return struct.pack(">BI", IDENTITIES, len(blobs)) + b"".join(string(blob) + string(b"") for blob in blobs)

    def handle(self):
        while True:
            head = self.rfile.read(4)
            if len(head) < 4:
                return
            self.wfile.write(string(self.answer(self.rfile.read(struct.unpack(">I", head)[0]))))


def main():
    path, kind, file = sys.argv[1:]
    with socketserver.ThreadingUnixStreamServer(path, Conversation) as server:
        server.daemon_threads = True
        server.key, server.path = Key(kind), file
        with open(file + ".pub", "w", encoding="ascii") as public:
            public.write(f"{kind} {base64.b64encode(server.key.blob).decode()}\n")
        server.serve_forever()


if __name__ == "__main__":
    main()
