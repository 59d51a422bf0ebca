#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clocks that are wrong, that jump, that stop: no key gets younger, no expired token is let in, and all is well once they are right."""
import os
import subprocess
import time

from harness import DAY, HOUR, main, row, skip


def uptime():
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def first_login(host, **headers):
    """Keys fetched by a login; returns a token that is good for 60 days by a clock that is right."""
    host.publish("a", headers=headers)
    token = host.token("a", iat=int(time.time()) - 60, exp=int(time.time()) + 60 * DAY)
    host.allow(token, waits=True)
    host.asked(1)
    return token


def refused(host, token):
    """As the clock cannot be right; a refresh starts, which cannot believe a certificate of another time."""
    host.unavailable(token, "clock", waits=False)
    host.asked(0)
    host.logged("refresh-fail issuer=corp reason=clock outcome=tls-verify ")


@row("G01", "wall clock a day back, same boot")
def day_back(host):
    token = first_login(host)
    host.pass_time(600)
    host.wall_wrong_by(-DAY)
    refused(host, token)
    host.wall_wrong_by(0)
    host.allow(token, waits=False)
    host.asked(0)
    host.pass_time(HOUR - 700)
    host.allow(token, "due", waits=False)       # as old as it would be without all this
    host.asked(1)


@row("G02", "wall clock a day ahead, same boot", cases=["not synchronised", "synchronised"])
def day_ahead(host, discipline):
    token = first_login(host)
    host.wall_wrong_by(DAY)
    said = 0 if discipline == "synchronised" else 5                 # TIME_OK, TIME_ERROR
    cache = "fresh" if discipline == "synchronised" else "due"      # believed, so expired, so asked again; not believed
    strace = ("strace", "-e", f"inject=adjtimex,clock_adjtime:retval={said}")
    host.allow(token, cache, waits=cache == "fresh", strace=strace)
    host.asked(1)


@row("G03", "wall clock ten years ahead")
def years_ahead(host):
    token = first_login(host)
    host.wall_wrong_by(3652 * DAY)
    host.deny(token, "expired", waits=False)
    host.asked(0)
    host.expect("status of the timer", host.run_timer(), 1)
    host.refresh_failed("tls-verify")
    host.wall_wrong_by(0)
    host.allow(token, waits=False)
    host.asked(0)


@row("G04", "keys fetched while the clock was a day ahead")
def mended(host):
    host.wall_wrong_by(DAY)
    token = first_login(host)
    host.wall_wrong_by(0)
    host.unavailable(token, "clock", waits=False)                   # earlier than the newest keys
    host.asked(0)
    host.pass_time(310)                         # as often as the timer comes
    host.unavailable(token, "clock", waits=False)                   # once more, while a refresh asks the provider's clock
    host.asked(1)
    host.allow(token, waits=False)                                  # which agrees with ours
    host.asked(0)


@row("G05", "reboot with the clock at 1970")
def epoch(host):
    token = first_login(host)
    os.unlink(host.file("state", "run"))
    with host.reboot(wrong=-int(time.time())):
        refused(host, token)
        host.expect("state", host.status(code=1)["state"], "stale") # never better
        host.expect("kids", host.kids(), ["a"])
        host.clocks(host.provider_clock, host.boot)
        host.allow(token, waits=False)
        host.asked(0)


@row("G06", "suspend of 8 hours", cases=["keys for an hour", "keys for a day"])
def suspend(host, ttl):
    if ttl == "keys for a day":
        token = first_login(host, **{"Cache-Control": f"max-age={DAY}"})
        host.pass_time(8 * HOUR)
        host.allow(token, "due", waits=False)
        host.asked(1)
        return
    token = first_login(host)
    host.pass_time(8 * HOUR)
    host.allow(token, waits=True)               # stale, so asked again at once
    host.asked(1)
    host.pass_time(8 * HOUR)
    host.serve(status=503)
    host.login(token, "decision=allow", "cache=stale", "age=288[0-9][0-9]", waits=True)
    host.asked(1)


@row("G07", "state file of an earlier boot")
def earlier_boot(host):
    host.publish("a")
    published = host.script["/jwks"]
    host.serve(status=503, headers={"Retry-After": "600"})
    host.unavailable("a", "provider", waits=True)
    host.asked(1)
    host.serve(**published)
    host.unavailable("a", "suppressed", waits=False)                # it is to be left alone
    host.asked(0)
    with host.reboot():                          # and run_dir survives
        host.allow("a", waits=True)
        host.asked(1)


@row("G08", "reader in another time namespace")
def time_namespace(host):
    there = ("unshare", "--time", "--boottime", str(60 - uptime()), "--fork")
    if subprocess.run([*there, "true"], capture_output=True, check=False).returncode != 0:
        skip("no time namespace can be made here")
    there = {"strace": (*there, "strace")}
    token = first_login(host)
    host.pass_time(1200)
    host.allow(token, waits=False, **there)     # 20 min by the wall clock
    host.asked(0)
    host.pass_time(2 * HOUR)
    here = host.head()["tns"]
    host.allow(token, waits=True, **there)      # stale by it, so asked again
    host.asked(1)
    host.expect("time namespace of the keys", host.head()["tns"], lambda tns: tns != here)
    host.wall_wrong_by(-200)
    host.allow(token, waits=True)               # that set is from elsewhere and from later, its age unknown, so asked again
    host.asked(1)


@row("G09", "leap second, slewing")
def slewing(host):
    token = first_login(host)
    for seconds in (1, -1, 2, 60, -60):
        host.wall_wrong_by(seconds)
        host.allow(token, waits=False)
        host.asked(0)


if __name__ == "__main__":
    main()
