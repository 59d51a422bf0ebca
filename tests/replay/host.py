# SPDX-License-Identifier: Apache-2.0
"""A host for replays: one jwks.conf, a provider, the library in this process and jwks-fetch beside it, all on the test clock."""
import base64
import ctypes
import datetime
import functools
import glob
import hashlib
import http.server
import json
import os
import pwd
import ssl
import subprocess
import threading
import time
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

WELL_KNOWN = "/.well-known/openid-configuration"
PR_SET_CHILD_SUBREAPER = 36
AGES = 500 * 86400                              # longer than any history: what certificates and tokens are good for


def base64url(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


class Key:
    """One P-256 key for each kid: what rotates is the kid, not the kind."""
    def __init__(self, kid):
        self.kid = kid
        self.private = ec.generate_private_key(ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig",
                    "x": base64url(numbers.x.to_bytes(32, "big")), "y": base64url(numbers.y.to_bytes(32, "big"))}

    def token(self, claims, header=None):
        parts = [header or {"alg": "ES256", "kid": self.kid}, claims]
        text = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        r, s = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}".encode()


def make_certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.timezone.utc)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(today - datetime.timedelta(days=1))
                   .not_valid_after(today + datetime.timedelta(seconds=AGES))
                   .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
                   .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256()))
    path = os.path.join(folder, "ca.pem")
    with open(path, "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open(os.path.join(folder, "key.pem"), "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
    return path


class Handler(http.server.BaseHTTPRequestHandler):
    """https://localhost:PORT/SOURCE: discovery and keys of each source."""
    def log_message(self, *_):                  # pylint: disable=arguments-differ
        pass

    def do_GET(self):                           # pylint: disable=invalid-name
        status, body, headers = self.server.answer(self.path, self.headers.get("If-None-Match"))
        self.send_response(status)
        for field, value in headers.items():
            self.send_header(field, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp=None):
        return super().date_time_string(self.server.clock())


class Provider(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder, clock, asked):
        super().__init__(("127.0.0.1", 0), Handler)
        self.clock, self.asked, self.fails = clock, asked, lambda: False
        self.documents, self.headers = {}, {}
        self.url = f"https://localhost:{self.server_address[1]}"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(make_certificate(folder), os.path.join(folder, "key.pem"))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        """The handshake comes with the first read, in the connection's own thread."""
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        pass                                    # a client that went away; what it did not get it will miss

    def answer(self, path, validator):
        if path not in self.documents:
            return 404, b"", {}
        body = self.documents[path]
        headers = {"Content-Type": "application/json", "ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"'}
        if self.headers.get(path):
            headers["Cache-Control"] = self.headers[path]
        if not self.asked(path):
            return 503, b"", {}
        if validator == headers["ETag"]:
            return 304, b"", headers
        return 200, body, headers


class Request(ctypes.Structure):                # struct jwkscore_request
    _fields_ = [("size", ctypes.c_size_t), ("service", ctypes.c_char_p), ("user", ctypes.c_char_p), ("token", ctypes.c_char_p),
                ("token_length", ctypes.c_size_t), ("key", ctypes.c_char_p), ("key_length", ctypes.c_size_t),
                ("now", ctypes.c_int64), ("max_wait", ctypes.c_int)]


class Error(ctypes.Structure):                  # struct jwkscore_error
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 256)]


class KeyUse(ctypes.Structure):                 # struct jwkscore_key_use
    _fields_ = [("size", ctypes.c_size_t), ("kid", ctypes.c_char_p), ("algorithm", ctypes.c_char_p), ("cache", ctypes.c_char_p),
                ("age", ctypes.c_int64), ("max_stale", ctypes.c_int64), ("vanished", ctypes.c_int), ("note", ctypes.c_char_p)]


class Verdict(NamedTuple):
    reason: str                                 # "ok", or the log's word
    cache: str
    message: str                                # why not, or which file of the cache was passed over, and why


class Library:
    """libjwkscore in this process, as a PAM module has it in sshd's."""
    def __init__(self, path, conf):
        self.so = ctypes.CDLL(path)
        self.so.jwkscore_config_new.restype = ctypes.c_void_p
        self.so.jwkscore_version.restype = self.so.jwkscore_reason.restype = ctypes.c_char_p
        self.so.jwkscore_now.restype = ctypes.c_int64
        self.so.jwkscore_identity_key.restype = ctypes.POINTER(KeyUse)
        assert b"test clock" in self.so.jwkscore_version(), "a build without a test clock"
        self.config = ctypes.c_void_p(self.so.jwkscore_config_new())
        error = Error()
        assert self.so.jwkscore_config_load(self.config, conf.encode(), ctypes.byref(error)) == 0, error.message

    def decide(self, token):
        request = Request(size=ctypes.sizeof(Request), token=token, token_length=len(token), now=self.so.jwkscore_now())
        identity, error = ctypes.c_void_p(), Error()
        status = self.so.jwkscore_authenticate(self.config, ctypes.byref(request), ctypes.byref(identity), ctypes.byref(error))
        if status != 0:
            return Verdict(self.so.jwkscore_reason(status).decode(), "", error.message.decode())
        used = self.so.jwkscore_identity_key(identity).contents
        verdict = Verdict("ok", used.cache.decode(), used.note.decode())
        self.so.jwkscore_identity_free(identity)
        return verdict


class Site:
    """What hosts share: the time, a provider, its keys, and tokens signed with them.

    Who asks the provider, `timer` or `logins`, is counted in each source's `requests`; discovery is always the timer's.
    """
    def __init__(self, folder, clock, sources):
        self.folder, self.clock_file, self.phase, self.now = folder, clock, "timer", {}
        self.sources = {source.name: source for source in sources}
        os.chmod(folder, 0o755)
        self.offset = 0
        self.set_clock(time.time())
        self.keys = {kid: Key(kid) for source in sources for kid in source.history.kids}
        self.provider = Provider(folder, lambda: time.time() + self.offset, self.asked)
        for source in sources:
            url = f"{self.provider.url}/{source.name}"
            self.provider.documents[f"/{source.name}{WELL_KNOWN}"] = json.dumps({"issuer": url, "jwks_uri": url}).encode()
        self.tokens = {(name, kid): self.mint(name, self.keys[kid]) for name, source in self.sources.items() for kid in source.history.kids}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.provider.shutdown()
        os.unlink(self.clock_file)

    def mint(self, name, key):
        now = int(time.time())
        return key.token({"iss": f"{self.provider.url}/{name}", "aud": "replay", "sub": "alice", "iat": now - 60,
                          "exp": now + AGES})

    def set_clock(self, when):
        """Wall and boot clock go on together."""
        self.offset = when - time.time()
        with open(self.clock_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{int(self.offset)} {int(self.offset * 1000)}\n")
        os.rename(self.clock_file + ".new", self.clock_file)

    def publish(self, source, now):
        self.now[source.name] = now
        path = f"/{source.name}"
        self.provider.headers[path] = source.headers
        self.provider.documents[path] = json.dumps({"keys": [self.keys[kid].jwk for kid in source.history.published(now)]}).encode()

    def asked(self, path):
        """Counts a request; false: it is not to be answered."""
        source = self.sources[path.split("/")[1]]
        if not source.playing:
            return True
        source.requests["timer" if path.endswith(WELL_KNOWN) else self.phase] += 1
        if self.provider.fails():
            source.failed += 1
            return False
        if not path.endswith(WELL_KNOWN):
            source.fetch(self.now[source.name])
        return True


class Host:
    """One jwks.conf with a cache, the library in this process and jwks-fetch beside it."""
    def __init__(self, site, folder, prefix):
        self.folder, self.prefix = folder, prefix
        self.owner = pwd.getpwnam("jwks")
        self.helper = os.path.join(prefix, "libexec/pam-jwks/jwks-fetch")
        self.conf = os.path.join(folder, "jwks.conf")
        for name in ("state", "run"):
            os.mkdir(os.path.join(folder, name))
            os.chown(os.path.join(folder, name), self.owner.pw_uid, self.owner.pw_gid)
        self.write_conf(site)

    @functools.cached_property
    def library(self):
        """As long as nobody logs in nobody needs it."""
        return Library(os.path.join(self.prefix, "lib/libjwkscore.so.0"), self.conf)

    def write_conf(self, site):
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(f"[global]\nstate_dir = {self.folder}/state\nrun_dir = {self.folder}/run\nfetch_helper = {self.helper}\n")
            for source in site.sources.values():
                file.write(f"[issuer {source.name}]\nissuer = {site.provider.url}/{source.name}\naudience = replay\n"
                           f"user_claim = sub\nca_file = {site.folder}/ca.pem\nkey_grace = {source.grace // 3600}h\n")

    def start_fetch(self, *arguments, **options):
        """jwks-fetch, as its owner."""
        return subprocess.Popen([self.helper, "--conf", self.conf, *arguments], user=self.owner.pw_uid, group=self.owner.pw_gid,
                                extra_groups=[], stdin=subprocess.DEVNULL, **options)

    def run_timer(self, check=True):
        status = self.start_fetch("--due", stderr=None if check else subprocess.DEVNULL).wait()    # it ends itself
        assert status == 0 or not check, f"jwks-fetch ended with {status}"

    def heads(self):
        """The second line of each set in the cache."""
        for path in glob.glob(os.path.join(self.folder, "state", "*.jwks")):
            with open(path, encoding="utf-8") as file:
                yield json.loads(file.read().split("\n")[1])


class Machine(Site):
    """A site with one host."""
    def __init__(self, folder, prefix, clock, sources):
        super().__init__(folder, clock, sources)
        self.host = Host(self, folder, prefix)

    def run_timer(self, check=True):
        self.phase = "timer"
        self.host.run_timer(check)

    def log_in(self, source, kid):
        self.phase = "logins"
        return self.host.library.decide(self.tokens[source.name, kid])


def adopt_orphans():
    """What the library leaves behind becomes a child of this process."""
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, "no subreaper"


def wait_for_children():
    """For helpers that nobody waited for, while time stands still."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
