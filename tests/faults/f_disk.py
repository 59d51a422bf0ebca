#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Folders that take no write, are full, missing or not on a usual disk, and what is left lying in them: logins go on as they can."""
import errno
import glob
import os
import stat
import subprocess
import time

from harness import DAY, HOUR, main, mount, row, skip

AS_ALICE = ("setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups")
PAGE = 4096
MANY = [f"k{number}" for number in range(40)]           # keys that fill three pages, where ID.state fills one


def snapshot(folder):
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def read_only(host, folder):
    mount("--bind", folder, folder)
    mount("-o", "remount,bind,ro", folder)


def writable_again(folder):
    subprocess.run(["umount", folder], check=True)


def small(host, folder, *options):
    """A tmpfs of 64 KiB in its place."""
    owner = f"uid={host.owner.pw_uid},gid={host.owner.pw_gid}"
    mount("-t", "tmpfs", "-o", ",".join(("size=64k,mode=755", owner, *options)), "small", folder)


def fill(folder, pages_left=0):
    path = os.path.join(folder, "filler")
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(PAGE))
        except OSError as full:
            if full.errno != errno.ENOSPC:
                raise
        file.truncate(file.tell() - pages_left * PAGE)


def fill_inodes(folder, left=0):
    made = []
    try:
        while True:
            made.append(os.path.join(folder, f"filler{len(made)}"))
            os.close(os.open(made[-1], os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except OSError as full:
        if full.errno != errno.ENOSPC:
            raise
    for path in made[len(made) - 1 - left:-1]:
        os.unlink(path)


# --- no write ---

@row("F08", "/var read-only at boot, /run fine", cases=["with keys", "without"])
def read_only_state(host, case):
    if case == "with keys":
        host.stale("a")
    read_only(host, host.state_dir)
    before = snapshot(host.state_dir)
    host.publish("a", "b")
    host.allow("b", waits=True)
    host.asked(1)
    host.logged("^<82>.*: disk-full issuer=corp detail=\"state_dir: Read-only file system\" overflow=stored")
    host.expect("state_dir", snapshot(host.state_dir), before)
    for kid in ("a", "b"):
        host.allow(kid, waits=False)
    host.expect("the copy in run_dir", host.file(folder="run") is not None, True)
    generation = host.head(folder="run")["gen"]
    writable_again(host.state_dir)
    host.pass_time(2 * HOUR)
    host.allow("b", waits=True)
    host.asked(1)
    host.expect("the copy in run_dir", host.file(folder="run"), None)
    host.expect("generation in state_dir", host.head()["gen"], generation + 1)
    host.allow("a", waits=False)


@row("F09", "run_dir takes no write", cases=["read-only", "absent, caller not root", "absent, the owner's own run"])
def no_run_dir(host, case):
    host.stale("a")
    how = {"wrapper": AS_ALICE} if case == "absent, caller not root" else {}
    if case == "read-only":
        read_only(host, host.run_dir)
        host.allow("a", "stale", waits=True, within=1.5)
    else:
        for name in os.listdir(host.run_dir):
            os.unlink(os.path.join(host.run_dir, name))
        os.rmdir(host.run_dir)
    if how:
        host.allow("a", "stale", waits=False, within=1.5, **how)
        host.expect("helpers started", host.started(), [])
    host.fetch("manual", outcome="nostate", asked=0)
    host.fetch("force", outcome="nostate", asked=0)
    host.logged("^<82>.*: nostate issuer=corp ")
    host.asked(0)
    host.pass_time(DAY)                                     # now they have expired
    if case != "absent, the owner's own run":
        host.unavailable("a", "unreachable|stale", **how)
        host.asked(0)
    host.expect("run_dir", os.path.isdir(host.run_dir), case == "read-only")


@row("F10", "run_dir absent, caller root, no tmpfiles.d")
def missing_run_dir(host):
    os.rmdir(host.run_dir)
    host.publish("a")
    host.allow("a", waits=True)
    host.asked(1)
    found = os.stat(host.run_dir)
    host.expect("owner and mode", (found.st_uid, found.st_gid, stat.filemode(found.st_mode)),
                (host.owner.pw_uid, host.owner.pw_gid, "drwxr-xr-x"))
    host.expect("state in it", host.state().get("outcome"), "new")
    host.allow("a", waits=False)


# --- full ---

@row("F11", "full disks", cases=["state_dir, and run_dir has room for the state only", "both"])
def full(host, case):
    small(host, host.state_dir)
    small(host, host.run_dir)
    host.cached("a")
    host.publish("a", *MANY)
    fill(host.state_dir)
    before = snapshot(host.state_dir)
    if case == "both":
        fill(host.run_dir)
        host.unavailable("k0", "unreachable", waits=True)
        host.logged("^<82>.*: nostate issuer=corp ")
        host.allow("a", waits=False)
        host.pass_time(2 * HOUR)
        host.allow("a", "stale", waits=True, within=1.5)
        host.asked(0)
    else:
        fill(host.run_dir, pages_left=2)
        served_once(host)
    host.expect("state_dir", snapshot(host.state_dir), before)
    for folder in (host.state_dir, host.run_dir):
        os.unlink(os.path.join(folder, "filler"))
    host.fetch("force", outcome="new", asked=1)
    host.allow("k1", waits=False)


def served_once(host):
    """Each new key is good for the one login that waited for it, and no oftener than back-off and flood limit let anybody ask."""
    for number, tokens in enumerate((1, 0)):
        host.allow(f"k{2 * number}", waits=True)
        host.asked(1)
        host.logged("^<82>.*: nopersist issuer=corp ", times=number + 1)
        host.expect("kid tokens", host.state()["kid_tokens"], tokens)
        host.expect("failures", host.state()["fail_n"], 1)
        host.unavailable(f"k{2 * number + 1}", "suppressed", waits=False)
        host.allow("a", waits=False)
        host.asked(0)
        state = host.state()
        host.pass_time((state["next_b"] - state["attempt_b"]) / 1000 + 1 if number == 0 else 0)
    host.expect("a copy in run_dir", host.file(folder="run"), None)


@row("F12", "no inodes, a name too long", cases=["no inodes at all", "no inodes in state_dir", "state_dir's name", "run_dir's name"])
def cannot_create(host, case):
    {"no inodes at all": no_inodes, "no inodes in state_dir": no_inodes_for_state}.get(case, name_too_long)(host, case)


def no_inodes_for_state(host, _):
    small(host, host.state_dir, "nr_inodes=16")
    host.stale("a")
    fill_inodes(host.state_dir)
    host.publish("a", "b")
    host.allow("b", waits=True)
    host.logged("^<82>.*: disk-full issuer=corp .*overflow=stored")
    host.asked(1)
    host.allow("a", waits=False)


def no_inodes(host, _):
    """Room for ID.state's first version and nothing else, and nobody who waits: else it would be nopersist, or nostate."""
    small(host, host.state_dir, "nr_inodes=16")
    small(host, host.run_dir, "nr_inodes=16")
    host.cached("a", age=HOUR - 60)
    before = snapshot(host.state_dir)
    os.unlink(host.file("state", "run"))
    fill_inodes(host.state_dir)
    fill_inodes(host.run_dir, left=1)
    host.allow("a", "due", waits=False)
    host.asked(1)
    host.refresh_failed("fs")
    host.logged("^<82>.*: disk-full issuer=corp .*overflow=failed")
    host.expect("what was there", {**snapshot(host.state_dir), **before}, snapshot(host.state_dir))
    host.allow("a", "due", waits=False)
    host.asked(0)


def name_too_long(host, case):
    host.cached("a")
    attribute = case.split("'", maxsplit=1)[0]
    right = getattr(host, attribute)
    setattr(host, attribute, host.path("n" * 256))
    host.conf()
    setattr(host, attribute, right)
    host.pass_time(2 * HOUR)
    if attribute == "state_dir":
        host.login("a", "decision=fault", "reason=system", waits=False)
        host.fetch("manual", outcome="fs", asked=0)
        host.refresh_failed("fs", detail=".*File name too long")
    else:
        host.allow("a", "stale", waits=True, within=1.5)
        host.fetch("manual", outcome="nostate", asked=0)
    host.asked(0)
    host.conf()
    host.allow("a", waits=True)
    host.asked(1)


# --- other file systems ---

def on_overlay(host):
    layers = host.path("layers")
    os.makedirs(layers, exist_ok=True)
    mount("-t", "tmpfs", "layers", layers)
    for name in ("lower", "upper", "work"):
        os.mkdir(os.path.join(layers, name), 0o755)
    os.chown(os.path.join(layers, "upper"), host.owner.pw_uid, host.owner.pw_gid)
    lower, upper, work = (os.path.join(layers, name) for name in ("lower", "upper", "work"))
    mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", "overlay", host.state_dir)


def on_ext4(host):
    image = host.path("ext4")
    try:
        if not os.path.exists("/dev/loop-control"):         # /dev is this namespace's own
            os.mknod("/dev/loop-control", stat.S_IFCHR | 0o600, os.makedev(10, 237))
            for number in range(16):
                os.mknod(f"/dev/loop{number}", stat.S_IFBLK | 0o600, os.makedev(7, number))
        with open(image, "wb") as file:
            file.truncate(2 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True, stdin=subprocess.DEVNULL)
        mount("-o", "loop", image, host.state_dir)
    except (OSError, subprocess.CalledProcessError) as reason:
        skip(f"no loop device here: {reason}")
    os.chown(host.state_dir, host.owner.pw_uid, host.owner.pw_gid)


def on_nfs(_):
    skip("a server for NFS is the kernel's, and this one's is not ours to start")


@row("F15", "state_dir on another file system", cases=["overlayfs", "ext4", "NFS"])
def file_system(host, case):
    {"overlayfs": on_overlay, "ext4": on_ext4, "NFS": on_nfs}[case](host)
    host.publish("a", headers={"ETag": '"1"'})
    host.allow("a", waits=True)
    host.pass_time(2 * HOUR)
    host.serve(status=304)
    host.allow("a", waits=True)
    host.logged("refresh-ok issuer=corp .*outcome=unchanged")
    host.publish("a", "b")
    host.allow("b", waits=True)
    host.asked(3)
    host.expect("generation", host.head()["gen"], 3)
    host.expect("the one before", host.head("prev").get("gen"), 2)
    os.truncate(host.file(), 100)
    host.allow("a", waits=False)
    host.fetch("force", outcome="new", asked=1)
    host.allow("b", waits=False)


# --- what is left ---

def leave(host, folder, name, age):
    path = os.path.join(folder, name)
    host.write(path, "left")
    os.chown(path, host.owner.pw_uid, host.owner.pw_gid)
    written = os.stat(path).st_mtime - age
    os.utime(path, (written, written))


@row("F16", "1,000 old temporary files")
def temporary_files(host):
    host.cached("a")
    source = os.path.basename(host.file())[:32]
    strangers = [f".tmp.{'0' * 32}.1.{'0' * 16}", f".tmp.{source}.7.young", f".tmp.{source}", "tmp." + source]
    for folder in (host.state_dir, host.run_dir):
        for number in range(1000):
            leave(host, folder, f".tmp.{source}.{number}.{number:016x}", 61)
        for name in strangers:
            leave(host, folder, name, 0 if name.endswith("young") else 61)
    host.allowed_litter = 6
    before = os.times()
    host.fetch("manual", outcome="new", asked=1)
    after = os.times()
    host.expect("s that it took", after.elapsed - before.elapsed, lambda seconds: seconds < 3)
    for folder in (host.state_dir, host.run_dir):
        left = [name for name in os.listdir(folder) if "tmp" in name]
        host.expect(f"left in {folder}", sorted(left), sorted(strangers))
    host.allow("a", waits=False)


@row("F17", "files of ids no longer configured")
def unconfigured(host):
    gone = {"gone": (f"issuer = {host.url}/gone", "discovery")}
    host.serve("/gone/.well-known/openid-configuration", json={"issuer": host.url + "/gone", "jwks_uri": host.url + "/theirs"})
    host.serve("/theirs", json=host.jwks("theirs"))
    host.publish("a")
    host.conf(issuers=gone)
    for _ in range(2):
        host.fetch("force", issuer="gone", outcome="new", asked=lambda number: number > 0)
    theirs = sorted(os.path.basename(path) for path in glob.glob(host.state_dir + "/*"))
    host.expect("suffixes", sorted(name[32:] for name in theirs), [".disc", ".jwks", ".prev"])
    leave(host, host.state_dir, "notes", 31 * DAY)
    host.conf()
    host.fetch("manual", outcome="new")
    states = sorted(glob.glob(host.run_dir + "/*.state"), key=lambda path: os.path.basename(path)[:32] == theirs[0][:32])
    ours = states[0]
    for days, left in ((29, theirs), (31, [])):
        written = time.time() - days * DAY
        for path in [os.path.join(host.state_dir, name) for name in theirs] + states:
            os.utime(path, (written, written))
        host.expect("the timer's exit status", host.run_timer(), 0)
        names = sorted(os.listdir(host.state_dir))
        host.expect("files left", [name for name in names if name in theirs], left)
        host.expect("state left", [path for path in states if os.path.exists(path)], states if left else [ours])
        host.expect("somebody else's file", "notes" in names, True)
    host.allow("a", waits=False)


if __name__ == "__main__":
    main()
