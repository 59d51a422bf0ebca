#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A provider that lies and stalls: an HTTPS server on 127.0.0.1, steered by a file.

    provider.py FOLDER [LISTENER...]

FOLDER gets a CA of its own, ca.pem; ports.json, {"good": 12345, ...}, once all listeners are up; and requests.log, a line
of JSON for each request: time, listener, path, headers.  script.json is read again for every connection:

    {"clock": 0,                                      s that the Date of its answers is ahead
     "connections": ["close", "reset", "hang"],       what becomes of the next connections, before TLS; then "serve"
     "certificate": "expired",                        a listener's name: from now on all answer as that one does
     "/path": BEHAVIOUR or [BEHAVIOUR, ...]}          one after the other, the last one stays

    BEHAVIOUR: status (200), reason, headers {name: value or [value, ...]}, and one of
               body (text), body_file (name in FOLDER), json (any value), fill (so many octets), raw (the whole answer);
               delay (s before the answer), pause (s between octets of the body), cut (octets of the body sent),
               length (another Content-Length; null: none), chunked (true), end ("close" or "reset")

LISTENER is one of good, wrong-host, expired, not-yet, self-signed, unknown-ca, sha1, no-intermediate, old-tls; all of them
by default.  A path that is not in the script is 404.  SIGTERM ends it.
"""
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

HOST = "127.0.0.1"
LISTENERS = ["good", "wrong-host", "expired", "not-yet", "self-signed", "unknown-ca", "sha1", "no-intermediate", "old-tls"]
CA_CONF = """
[ca]
default_ca = us
[us]
dir = {folder}
database = $dir/index
serial = $dir/serial
new_certs_dir = $dir
policy = any
unique_subject = no
default_md = sha256
[any]
commonName = supplied
[leaf]
subjectAltName = {names}
[authority]
basicConstraints = critical, CA:true
"""


class Pki:
    """Certificates made with openssl(1): good ones, and one of each kind that must be refused."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "pki")
        os.mkdir(self.folder)
        for name, text in (("index", ""), ("serial", "01\n")):
            with open(self.path(name), "w", encoding="ascii") as file:
                file.write(text)
        for ca in ("ca", "other-ca"):
            self.self_signed(ca, "authority")
        self.issue("intermediate", "ca", section="authority")

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, cwd=self.folder)

    def config(self, names="DNS:localhost,DNS:provider.example,IP:127.0.0.1"):
        with open(self.path("conf"), "w", encoding="ascii") as file:
            file.write(CA_CONF.format(folder=self.folder, names=names))
        return self.path("conf")

    def key_and_request(self, name):
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")

    def self_signed(self, name, section="leaf"):
        self.key_and_request(name)
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-signkey", f"{name}.key", "-days", "800", "-extfile", self.config(),
                     "-extensions", section, "-out", f"{name}.pem")

    def issue(self, name, ca="ca", section="leaf", digest="sha256", days=(-1, 800), **config):
        day = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400 * d)) for d in days]
        self.key_and_request(name)
        self.openssl("ca", "-batch", "-notext", "-config", self.config(**config), "-cert", f"{ca}.pem", "-keyfile", f"{ca}.key",
                     "-md", digest, "-startdate", day[0], "-enddate", day[1], "-extensions", section,
                     "-in", f"{name}.csr", "-out", f"{name}.pem")

    def make(self, listener):
        kinds = {
            "wrong-host": {"names": "DNS:elsewhere.example"},
            "expired": {"days": (-3, -1)},
            "not-yet": {"days": (1, 2)},
            "unknown-ca": {"ca": "other-ca"},
            "sha1": {"digest": "sha1"},
            "no-intermediate": {"ca": "intermediate"},
        }
        if listener == "self-signed":
            self.self_signed(listener)
        else:
            self.issue(listener, **kinds.get(listener, {}))

    def context(self, listener):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if listener in ("sha1", "old-tls"):
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        if listener == "old-tls":
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.load_cert_chain(self.path(f"{listener}.pem"), self.path(f"{listener}.key"))
        return context


class Server:
    def __init__(self, folder, listeners):
        self.folder = folder
        self.lock = threading.Lock()
        self.used, self.contexts = {}, {}
        pki = Pki(folder)
        with open(pki.path("ca.pem"), "rb") as source, open(os.path.join(folder, "ca.pem"), "wb") as target:
            target.write(source.read())
        ports = {}
        for name in listeners:
            pki.make(name)
            self.contexts[name] = pki.context(name)
            listening = socket.create_server((HOST, 0), backlog=512)
            ports[name] = listening.getsockname()[1]
            threading.Thread(target=self.accept, args=(name, listening), daemon=True).start()
        temporary = os.path.join(folder, "ports.tmp")
        with open(temporary, "w", encoding="ascii") as file:
            json.dump(ports, file)
        os.rename(temporary, os.path.join(folder, "ports.json"))

    def script(self):
        with open(os.path.join(self.folder, "script.json"), encoding="utf-8") as file:
            return json.load(file)

    def next_of(self, key, choices, last_stays):
        """The next of a list of behaviours; where the script changes a list, it begins anew."""
        marker = json.dumps(choices)
        with self.lock:
            known, index = self.used.get(key, (marker, 0))
            if known != marker:
                index = 0
            self.used[key] = (marker, index + 1)
        if index < len(choices):
            return choices[index]
        return choices[-1] if last_stays and choices else None

    def accept(self, name, listening):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=self.serve, args=(name, connection), daemon=True).start()

    def serve(self, name, connection):
        fate = self.next_of("connections", self.script().get("connections", []), False)
        try:
            if fate == "hang":
                time.sleep(30)
            elif fate is None or fate == "serve":
                connection.settimeout(30)
                context = self.contexts[self.script().get("certificate", name)]
                connection = context.wrap_socket(connection, server_side=True)
                self.answer(name, connection)
            if fate == "reset":
                reset(connection)
            connection.close()
        except OSError:                 # the client went away, as many of these tests want it to
            connection.close()

    def answer(self, name, connection):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < 65536:
            more = connection.recv(4096)
            if not more:
                return
            head += more
        lines = head.decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        with self.lock, open(os.path.join(self.folder, "requests.log"), "a", encoding="utf-8") as log:
            log.write(json.dumps({"time": time.time(), "listener": name, "path": path, "headers": fields}) + "\n")
        body = head.split(b"\r\n\r\n", 1)[1]
        while len(body) < int(fields.get("Content-Length", 0)):
            body += connection.recv(4096) or b" "       # one that does not come ends in an answer, too
        self.behave(connection, self.behaviour(path, body))

    def behaviour(self, path, _body):
        behaviour = self.script().get(path, {"status": 404, "body": "no such path"})
        return self.next_of(path, behaviour, True) if isinstance(behaviour, list) else behaviour

    def body(self, behaviour):
        if "body_file" in behaviour:
            with open(os.path.join(self.folder, behaviour["body_file"]), "rb") as file:
                return file.read()
        if "json" in behaviour:
            return json.dumps(behaviour["json"]).encode()
        if "fill" in behaviour:
            return b" " * behaviour["fill"]
        return behaviour.get("body", "").encode()

    def behave(self, connection, behaviour):
        time.sleep(behaviour.get("delay", 0))
        if "raw" in behaviour:
            connection.sendall(behaviour["raw"].encode("latin-1"))
            return
        body = self.body(behaviour)
        headers = {"Content-Type": "application/json", "Connection": "close",
                   "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + self.script().get("clock", 0)))}
        headers.update(behaviour.get("headers", {}))
        if behaviour.get("chunked"):
            headers["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif behaviour.get("length", 0) is not None:
            headers["Content-Length"] = str(behaviour.get("length", len(body)))
        head = f"HTTP/1.1 {behaviour.get('status', 200)} {behaviour.get('reason', 'Because')}\r\n"
        for field, values in headers.items():
            for value in values if isinstance(values, list) else [values]:
                if value is not None:
                    head += f"{field}: {value}\r\n"
        connection.sendall(head.encode("latin-1") + b"\r\n")
        self.send_body(connection, body[:behaviour.get("cut", len(body))], behaviour.get("pause", 0))
        if behaviour.get("end") == "reset":
            time.sleep(0.2)             # or what was sent is thrown away with the connection
            reset(connection)
        elif behaviour.get("end") != "close":
            connection.unwrap()

    def send_body(self, connection, body, pause):
        if not pause:
            connection.sendall(body)
        for octet in body if pause else b"":
            connection.sendall(bytes([octet]))
            time.sleep(pause)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(os.path.abspath(sys.argv[1]), sys.argv[2:] or LISTENERS)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
