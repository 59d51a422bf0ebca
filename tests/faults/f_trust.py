#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files and folders that others could have written, or that are not what they were: they count as absent, and no good key is lost."""
import contextlib
import ctypes
import hashlib
import os
import shutil
import socket
import stat
import struct
import subprocess
import threading

from harness import main, row, skip, wait_for

ALICE = 64101
IN_MODIFY, IN_ATTRIB, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_NONBLOCK = 0x2, 0x4, 0x40, 0x80, 0x100, 0x200, 0o4000
AT_ONCE = 3                                                 # s: libpam makes whoever is refused wait for 2 or so


def look(path):
    """All that must not change of it."""
    found = os.stat(path)
    with open(path, "rb") as file:
        return found.st_uid, found.st_gid, found.st_mode, found.st_mtime_ns, found.st_nlink, hashlib.sha256(file.read()).hexdigest()


# --- folders ---

@contextlib.contextmanager
def other_state_dir(host, path):
    before, host.state_dir = host.state_dir, path
    try:
        yield
    finally:
        host.state_dir = before


def replace_by_link(path):
    os.rename(path, path + ".real")
    os.symlink(path + ".real", path)


FOLDERS = {"0777": lambda path: os.chmod(path, 0o777), "group-writable": lambda path: os.chmod(path, 0o775),
           "a user's": lambda path: os.chown(path, ALICE, ALICE), "a symbolic link": replace_by_link}


@row("F01", "state_dir that is not to be trusted", cases=[kind + where for where in ("", ", one level up") for kind in FOLDERS])
def unsafe_folder(host, case):
    kind, _, above = case.partition(",")
    parent = host.path("up")
    shutil.rmtree(parent, ignore_errors=True)
    os.mkdir(parent)
    os.rename(host.state_dir, os.path.join(parent, "state"))
    with other_state_dir(host, os.path.join(parent, "state")):
        host.conf()
        host.cached("a")
        FOLDERS[kind](parent if above else host.state_dir)
        host.fetch("force", outcome="fs", asked=0)
        if kind == "a user's" and not above:                # then the keys in it are not that user's, nor is run_dir
            host.unavailable("a", waits=True, within=AT_ONCE)
            host.logged("^<82>.*: nostate .*detail=\"cache-unsafe: ")
        else:
            host.login("a", "decision=fault", "reason=unsafe-file", waits=False, within=AT_ONCE)
            host.logged("^<82>.*jwks-fetch.*: cache-unsafe issuer=corp ")
        host.asked(0)
        mend(host, parent if above else host.state_dir)
        host.allow("a", waits=False)


def mend(host, path):
    if os.path.islink(path):
        os.unlink(path)
        os.rename(path + ".real", path)
    owner = host.owner if path == host.state_dir else None
    os.chown(path, owner.pw_uid if owner else 0, owner.pw_gid if owner else 0)
    os.chmod(path, 0o755)


# --- files ---

def passed_over(host, event, target=None, left_alone=True):
    """What lies in the place of the keys is as if absent, to a login and to a refresh, which replaces it if it can."""
    before = look(target) if target else None
    host.serve(status=503)
    host.unavailable("a", "provider", within=AT_ONCE)
    host.logged(f"decision=unavailable .*note=\"{event}: ")
    host.logged(f"jwks-fetch.*: {event} issuer=corp ")
    host.asked(1)
    host.publish("a")
    host.fetch("force", outcome="new", asked=1)
    host.allow("a", waits=False)
    host.expect("the target", look(target) if target else None, before)
    if left_alone:
        host.expect("what is there now", stat.S_ISREG(os.lstat(host.file()).st_mode), True)


@row("F02", "ID.jwks a symbolic link", cases=["to /etc/shadow", "to a user's file"])
def linked_file(host, case):
    host.cached("a")
    target = "/etc/shadow"
    if case != "to /etc/shadow":
        target = host.path("alice's")
        shutil.copyfile(host.file(), target)
        os.chown(target, ALICE, ALICE)
    path = host.file()
    os.unlink(path)
    os.symlink(target, path)
    passed_over(host, "cache-unsafe", target)


@row("F03", "file of another owner, 0666, set-id", cases=["a user's", "0666", "0664", "setuid", "setgid"])
def unsafe_file(host, case):
    host.cached("a")
    path = host.file()
    os.chown(path, 0, 0)                                    # root's is as good as the owner's
    host.allow("a", waits=False)
    modes = {"0666": 0o666, "0664": 0o664, "setuid": 0o4644, "setgid": 0o2644}
    os.chown(path, ALICE if case == "a user's" else host.owner.pw_uid, host.owner.pw_gid)
    os.chmod(path, modes.get(case, 0o644))
    passed_over(host, "cache-unsafe")


def listen_there(path):
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        listener.bind(path)


THINGS = {"FIFO": os.mkfifo, "device": lambda path: os.mknod(path, stat.S_IFCHR | 0o644, os.makedev(1, 5)), "socket": listen_there,
          "directory": os.mkdir}


@row("F04", "no file in its place", cases=THINGS)
def no_file(host, case):
    host.cached("a")
    path = host.file()
    os.unlink(path)
    THINGS[case](path)
    os.chown(path, host.owner.pw_uid, host.owner.pw_gid)
    passed_over(host, "cache-corrupt" if case == "socket" else "cache-unsafe", left_alone=case != "directory")
    host.expect("a copy in run_dir", host.file(folder="run") is not None, case == "directory")


class Watch:
    """What becomes of the names in a folder, by inotify: (event, name) in their order."""
    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(IN_NONBLOCK)
        mask = IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE
        if self.fd < 0 or libc.inotify_add_watch(self.fd, folder.encode(), mask) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def events(self):
        found = []
        with contextlib.suppress(BlockingIOError):
            while octets := os.read(self.fd, 65536):
                while octets:
                    _, mask, _, length = struct.unpack_from("iIII", octets)
                    found.append((mask, octets[16:16 + length].rstrip(b"\0").decode()))
                    octets = octets[16 + length:]
        return found


def watch_modes(path, seen, stop):
    while not stop.is_set():
        with contextlib.suppress(FileNotFoundError):
            found = os.lstat(path)
            seen.add((found.st_uid, found.st_gid, stat.filemode(found.st_mode)))


@row("F05", "owner and mode through a replace", cases=["state_dir", "run_dir"])
def replaced(host, case):
    host.cached("a")
    folder = getattr(host, case)
    name = os.path.basename(host.file() if case == "state_dir" else host.file("state", "run"))
    watch, seen, stop = Watch(folder), set(), threading.Event()
    watcher = threading.Thread(target=watch_modes, args=(os.path.join(folder, name), seen, stop))
    watcher.start()
    for _ in range(5):
        host.fetch("force", outcome="new", asked=1)
    stop.set()
    watcher.join()
    events = [event for event, changed in watch.events() if changed == name]
    os.close(watch.fd)
    host.expect("names given", events.count(IN_MOVED_TO), lambda number: number >= 5)
    host.expect("other events", [event for event in events if event not in (IN_MOVED_TO, IN_MOVED_FROM)], [])
    host.expect("owners and modes seen", seen, {(host.owner.pw_uid, host.owner.pw_gid, "-rw-r--r--")})
    host.allow("a", waits=False)


@row("F06", "another source's file, of the right owner", cases=["of another issuer", "of the same issuer, other settings"])
def other_source(host, case):
    if case == "of another issuer":
        host.serve("/other", json=host.jwks("theirs"))
        host.conf(issuers={"other": ("issuer = https://other.example", f"jwks_uri = {host.url}/other")})
        host.fetch("manual", issuer="other", outcome="new", asked=1)
    else:
        host.conf(f"mirror = {host.url}/other")
        host.cached("theirs")
    theirs = host.file()
    host.conf()
    host.publish("a")
    host.fetch("manual", outcome="new", asked=1)
    ours = {os.path.join(host.state_dir, name) for name in os.listdir(host.state_dir) if name.endswith(".jwks")} - {theirs}
    host.expect("our files", len(ours), 1)
    shutil.copyfile(theirs, ours.pop())
    host.serve(status=503)
    host.unavailable("theirs", "provider")
    host.logged("note=\"cache-corrupt: .*belongs to another source")
    host.publish("a")
    host.fetch("force", outcome="new", asked=1)
    host.allow("a", waits=False)


def cut_while_read(host, path, length):
    """A login held at its read() of that file, which is cut meanwhile."""
    where = {}

    def held():
        for process in host.helpers():
            with contextlib.suppress(OSError, ValueError):  # it has gone, or it runs
                with open(f"/proc/{process}/syscall", encoding="ascii") as file:
                    call, descriptor = file.read().split()[:2]
                if call == "0" and os.readlink(f"/proc/{process}/fd/{int(descriptor, 16)}") == path:
                    return True
        return False

    def cut():
        where["held"] = wait_for(5, held)
        os.truncate(path, length)

    cutter = threading.Thread(target=cut)
    cutter.start()
    decision = host.allow("a", waits=False,
                          wrapper=("-P", path, "-e", "trace=read", "-e", "inject=read:delay_enter=1000000:when=1"))
    cutter.join()
    host.expect("the login was held", where["held"], True)
    return decision


@row("F07", "file cut while it is read", cases=["by an octet", "by half", "to nothing"])
def cut_file(host, case):
    if os.uname().machine != "x86_64":
        skip("it looks for read() by its number on x86_64")
    host.cached("a")
    host.fetch("force", outcome="new", asked=1)             # so that there is a generation before
    size = os.stat(host.file()).st_size
    decision = cut_while_read(host, host.file(), {"by an octet": size - 1, "by half": size // 2, "to nothing": 0}[case])
    host.expect("its note", decision.line, lambda line: "note=\"cache-corrupt: " in line and "changed while it was read" in line)
    host.fetch("force", outcome="new", asked=1)
    host.allow("a", waits=False)


# --- what it says of itself ---

def rewrite(path, change):
    """Another text under the right hash."""
    with open(path, "rb") as file:
        content = file.read()
    content = change(content[:content.rindex(b"sha256 ")])
    with open(path, "wb") as file:
        file.write(content + b"sha256 " + hashlib.sha256(content).hexdigest().encode() + b"\n")


@row("F13", "envelope of a later version")
def later_version(host):
    host.cached("a")
    rewrite(host.file(), lambda content: content)
    host.allow("a", waits=False)
    rewrite(host.file(), lambda content: content.replace(b"jwks-cache 1 keys", b"jwks-cache 2 keys", 1))
    host.allow("a", waits=True)
    host.asked(1)
    host.logged("jwks-fetch.*: cache-corrupt issuer=corp ")
    host.allow("a", waits=False)


class Proxy:
    """An HTTP proxy on 127.0.0.1 that writes down what it is asked for."""
    def __init__(self):
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):                  # closed
            while True:
                client, _ = self.listener.accept()
                line = client.recv(4096).split(b"\r\n")[0].decode("latin-1")
                self.asked.append(line)
                host, port = line.split(" ")[1].rsplit(":", 1)
                server = socket.create_connection((host, int(port)))
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self.pump, args=ends, daemon=True).start()

    @staticmethod
    def pump(source, target):
        with contextlib.suppress(OSError):
            while octets := source.recv(65536):
                target.sendall(octets)
            target.shutdown(socket.SHUT_WR)


@row("F14", "setting changed, old cache there", cases=["ca_file", "proxy", "mirror"])
def other_settings(host, case):
    host.cached("a")
    old, before = host.file(), look(host.file())
    shutil.copyfile(host.ca, host.path("other-ca.pem"))
    proxy = Proxy()
    host.conf({"ca_file": f"ca_file = {host.path('other-ca.pem')}", "proxy": f"proxy = http://127.0.0.1:{proxy.port}",
               "mirror": f"mirror = {host.url}/mirror"}[case])
    host.publish("b")
    host.allow("b", waits=True)
    host.asked(1)
    host.expect("the proxy was asked", len(proxy.asked), 1 if case == "proxy" else 0)
    host.deny("a", "unknown-key")
    host.asked(1)
    host.expect("files of keys", len([name for name in os.listdir(host.state_dir) if name.endswith(".jwks")]), 2)
    host.expect("the old one", look(old), before)
    host.conf()
    host.allow("a", waits=False)
    host.asked(0)
    proxy.listener.close()


# --- who may, by the system's policy ---

@row("F18", "SELinux enforcing")
def selinux(host):
    try:
        with open("/sys/fs/selinux/enforce", encoding="ascii") as file:
            enforcing = file.read() == "1"
    except FileNotFoundError:
        enforcing = False
    if not enforcing:
        skip("SELinux is not enforcing here")
    host.publish("a")
    host.allow("a", waits=True)
    found = subprocess.run(["ausearch", "-m", "avc", "-ts", "recent"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           check=False)
    host.expect("denials", [line for line in found.stdout.splitlines() if "jwks" in line], [])


if __name__ == "__main__":
    main()
