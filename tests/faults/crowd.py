# SPDX-License-Identifier: Apache-2.0
"""Many at once: functions that begin at one moment, each in a process of its own, and what they call: PAM, sshd, its command."""
import base64
import ctypes
import hashlib
import multiprocessing
import os
import shutil
import socket
import subprocess
import time

import paramiko
import harness  # pylint: disable=unused-import      # it knows where the others are
from host import Library, base64url

FORK = multiprocessing.get_context("fork")
PROMPT_ECHO_OFF, FAIL_DELAY = 1, 10             # of PAM's headers


class Crowd:
    """They wait at a gate until go(); results() are what they returned, in order."""
    def __init__(self, functions):
        self.gate = os.pipe()
        self.members = []
        for function in functions:
            results, theirs = FORK.Pipe(duplex=False)
            process = FORK.Process(target=self.run, args=(function, theirs))
            process.start()
            theirs.close()
            self.members.append((process, results))

    def run(self, function, results):
        os.close(self.gate[1])
        os.read(self.gate[0], 1)                # the end of the file: all have been started
        results.send(function())

    def go(self):
        for end in self.gate:
            os.close(end)
        return self

    def results(self, seconds=300):
        deadline = time.monotonic() + seconds
        found = []
        for process, results in self.members:
            if not results.poll(max(0, deadline - time.monotonic())):
                process.kill()
            try:
                found.append(results.recv())
            except EOFError:
                found.append("died")
            process.join()
        return found


def together(functions):
    return Crowd(functions).go().results()


class Message(ctypes.Structure):                # struct pam_message
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class Response(ctypes.Structure):               # struct pam_response
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)),
                            ctypes.POINTER(ctypes.POINTER(Response)), ctypes.c_void_p)
DELAY = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)


class Conversation(ctypes.Structure):           # struct pam_conv
    _fields_ = [("converse", CONVERSE), ("data", ctypes.c_void_p)]


LIBC = ctypes.CDLL(None)
LIBC.calloc.restype = ctypes.POINTER(Response)
LIBC.strdup.restype = ctypes.c_void_p
PAM = ctypes.CDLL("libpam.so.0")


def pam_login(service, token, user="alice"):
    """Whether PAM lets them in who answer the first prompt with the whole token, of any length; a refusal is not delayed."""
    answers = [token.encode()]

    def converse(count, messages, responses, _data):
        replies = LIBC.calloc(ctypes.c_size_t(count), ctypes.c_size_t(ctypes.sizeof(Response)))
        for index in range(count):
            if messages[index].contents.style == PROMPT_ECHO_OFF:
                replies[index].text = LIBC.strdup(answers.pop() if answers else b"")
        responses[0] = replies
        return 0

    conversation, no_delay = Conversation(CONVERSE(converse), None), DELAY(lambda *_: None)
    handle = ctypes.c_void_p()
    result = PAM.pam_start(service.encode(), user.encode(), ctypes.byref(conversation), ctypes.byref(handle))
    if result == 0:
        PAM.pam_set_item(handle, FAIL_DELAY, no_delay)
        result = PAM.pam_authenticate(handle, 0)
        PAM.pam_end(handle, result)
    return result == 0


def timed(function):
    start = time.monotonic()
    return function(), time.monotonic() - start


def library(host):
    return Library(os.path.join(host.prefix, "lib/libjwkscore.so.0"), host.conf_file)


def decide_as_owner(host, token):
    """The verdict of the library in a process of the cache's owner; it stays that."""
    os.setgroups([])
    os.setresgid(*[host.owner.pw_gid] * 3)
    os.setresuid(*[host.owner.pw_uid] * 3)
    return tuple(library(host).decide(token.encode()))


class SshKey:
    """One of somebody's keys."""
    def __init__(self, host, name):
        self.host, folder = host, host.path(f"ssh-{name}")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        self.path = os.path.join(folder, "id")
        self.keygen("-t", "ed25519", "-N", "", "-f", self.path)

    @staticmethod
    def keygen(*arguments):
        subprocess.run(["ssh-keygen", "-q", *arguments], check=True, stdin=subprocess.DEVNULL)

    def nonce(self):
        """What binds a token to it."""
        with open(self.path + ".pub", encoding="ascii") as file:
            return base64url(hashlib.sha256(base64.b64decode(file.read().split()[1])).digest())

    def certify(self, token, user="alice"):
        """By itself, with the token; for ever, as the clocks of a row are its own."""
        self.keygen("-s", self.path, "-I", "me", "-n", user, "-O", f"extension:jwks-token@pam-jwks={token}", self.path + ".pub")
        return self

    def offer(self, user="alice"):
        """What jwks-authorized-keys answers sshd, who offers the certificate to it."""
        with open(self.path + "-cert.pub", encoding="ascii") as file:
            kind, blob, _ = file.read().split(" ", 2)
        command = [f"{self.host.prefix}/libexec/pam-jwks/jwks-authorized-keys", "-c", self.host.conf_file, user, kind, blob]
        done = subprocess.run(self.host.as_owner(*command), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False, env={"PATH": "/usr/bin:/bin"})
        return done.returncode, done.stdout, done.stderr


class Sshd:
    """The real one, in the namespaces of the row, under a name by which PAM finds our service."""
    def __init__(self, host, most):
        """`most`: connections that are not logged in yet."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        folder = host.path("sshd")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        os.makedirs("/run/sshd", exist_ok=True)
        program = os.path.join(folder, harness.SERVICE)
        os.symlink("/usr/sbin/sshd", program)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(folder, "key")], check=True)
        host.write(os.path.join(folder, "config"), f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/key\nPidFile none\n"
                   "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\nPubkeyAuthentication no\n"
                   f"MaxStartups {most}\nMaxAuthTries 1000000\nLoginGraceTime 0\n" + self.newer(folder))
        self.process = subprocess.Popen([program, "-D", "-f", f"{folder}/config", "-E", f"{folder}/log"], stdin=subprocess.DEVNULL)
        if not harness.wait_for(20, self.listens):
            raise RuntimeError("sshd did not start")

    @staticmethod
    def newer(folder):
        """Since OpenSSH 9.8 the service has a name of its own, and who fails is made to wait."""
        lines = [f"PAMServiceName {harness.SERVICE}", "PerSourcePenalties no"]
        ask = ["/usr/sbin/sshd", "-t", "-f", "/dev/null", "-h", f"{folder}/key", "-o"]
        return "".join(line + "\n" for line in lines if subprocess.run([*ask, line], capture_output=True, check=False).returncode == 0)

    def listens(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def log_in(self, tokens, user="alice"):
        """One connection that tries one token after the other; how many were refused before one let it in."""
        transport = paramiko.Transport(socket.create_connection(("127.0.0.1", self.port), timeout=60))
        try:
            transport.start_client(timeout=60)
            transport.auth_timeout = 120
            for refused, token in enumerate(tokens):
                try:
                    transport.auth_interactive(user, lambda _title, _instructions, prompts, token=token: [token] * len(prompts))
                    return refused
                except paramiko.AuthenticationException:
                    pass
            return len(tokens)
        finally:
            transport.close()

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)
