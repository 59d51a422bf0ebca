#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""New keys and invented ones: a rotation is found at once, a flood costs the provider little and the others nothing."""
import glob
import random
import re
import time

from crowd import Crowd, Sshd, SshKey, pam_login, timed
from harness import DAY, HOUR, SERVICE, main, row

FLOODERS, FLOOD, BY_SSH = 10, 10000, 50         # processes, tokens, and those of them that go through sshd
AHEAD = 2                                       # fetches that a flood has at once: a rotation and its repeat


def invented(host, number=1):
    """Tokens of kids that no provider has, signed as well as any."""
    key, tokens = host.key("invented"), []
    for _ in range(number):
        key.kid = f"{random.getrandbits(64):016x}"
        tokens.append(host.token("invented"))
    return tokens


def forged(token):
    head, signature = token.rsplit(".", 1)
    return f"{head}.{signature[:20]}{'A' if signature[20] != 'A' else 'B'}{signature[21:]}"


def let_in(tokens):
    """How many of them PAM lets in, one after the other."""
    return sum(pam_login(SERVICE, token) for token in tokens)


def started_for(host, reason):
    return [line for line in host.started() if f"--reason {reason}" in line]


def flood_for(host, seconds):
    """One invented kid every 30 s."""
    for token in invented(host, seconds // 30):
        let_in([token])
        host.pass_time(30)


@row("D01", "new kid at once, fresh set")
def rotation(host):
    host.cached("a")
    host.publish("a", "b")
    host.allow("b", waits=True, within=3)
    host.asked(1)
    host.logged('refresh-ok issuer=corp reason=kid outcome=new .*added="b"')
    host.expect("99 more", let_in([host.token("b")] * 99), 99)
    host.logged('decision=allow .*kid="b" .*cache=fresh', times=100)
    host.allow("a", waits=False)
    host.asked(0)


@row("D02", "key published before its use", cases=["by the timer", "by a login"])
def published_ahead(host, way):
    host.cached("a")
    host.publish("a", "b")
    host.pass_time(3300)                        # due, not stale
    if way == "by the timer":
        host.expect("status of --due", host.run_timer(), 0)
    else:
        host.allow("a", cache="due", waits=False)
    host.asked(1)
    host.logged('refresh-ok issuer=corp reason=due .*added="b"')
    for kid in ("b", "a"):
        host.allow(kid, waits=False)
    host.asked(0)


# No 10,000 answers can be given to ten sshd in a minute: after each refusal PAM waits for 2 s, which an application may turn off
# and sshd does not.  So ten processes ask PAM without that pause, and ten sshd take part.
@row("D03", "10,000 random kids over 10 parallel processes and 10 sshd")
def random_kids(host):
    host.cached("a")
    tokens, good = invented(host, FLOOD), host.token("a")
    sshd = Sshd(host, most=FLOODERS + 1)
    try:
        flood = Crowd([lambda mine=tokens[number:BY_SSH:FLOODERS]: sshd.log_in(mine) for number in range(FLOODERS)] +
                      [lambda mine=tokens[BY_SSH + number::FLOODERS]: let_in(mine) for number in range(FLOODERS)]).go()
        host.logged("decision=(deny|unavailable) .*reason=(unknown-key|suppressed)")
        host.allow(good, waits=False)
        host.expect("refused before a good one, by sshd", sshd.log_in([good]), 0)
        host.pass_time(60)
        host.expect("refused, let in", flood.results(), [BY_SSH // FLOODERS] * FLOODERS + [0] * FLOODERS)
    finally:
        sshd.end()
    host.logged("decision=(deny|unavailable) user=alice issuer=corp .*reason=(unknown-key|suppressed|unreachable) ", times=FLOOD)
    # All who flood may find the bucket full before anybody has taken from it: at first, and when the minute has passed.
    host.expect("helpers", len(host.started()), lambda number: AHEAD < number <= 4 + 2 * 2 * FLOODERS)
    host.allow("a", waits=False)
    host.asked(lambda number: AHEAD < number <= 4)


@row("D04", "1,000 tokens in 10 min: known kid, bad signature")
def bad_signatures(host):
    host.cached("a", age=600)
    token = host.token("a")
    for _ in range(10):
        host.expect("let in", let_in([forged(token)] * 100), 0)
        host.settle()                           # or the minute that passes is one of the request's, too
        host.pass_time(60)
    host.logged("decision=deny .*reason=signature ", times=1000)
    host.expect("helpers for a signature", len(started_for(host, "sig")), lambda number: number >= 1)
    host.expect("helpers that somebody waits for", [line for line in host.started() if "--wait-ms" in line], [])
    host.allow("a", waits=False)
    host.asked(lambda number: 1 <= number <= 5)


@row("D05", "one wrong kid every 10 s for 1 h")
def one_wrong_kid(host):
    host.cached("a")
    token, = invented(host)
    for _ in range(HOUR // 10):
        host.expect("let in", let_in([token]), 0)
        host.pass_time(10)
    host.logged("decision=deny .*reason=unknown-key ", times=HOUR // 10)
    host.expect("interval", host.state()["kid_interval"], 60)
    host.allow("a")
    host.asked(lambda number: 3 <= number <= 6)


@row("D06", "flood stops", cases=["interval after 3 * 1800 s", "interval after 4 * 1800 s", "new kid after 900 s"])
def flood_stops(host, case):
    host.cached("a")
    flood_for(host, HOUR)
    host.expect("interval in the flood", host.state()["kid_interval"], 900)
    host.logged("kid-flood issuer=corp ")
    host.asked(lambda number: 6 <= number <= 8)
    host.pass_time(int(case.split(" ")[2]) * 1800 if "*" in case else 900)
    if "new kid" in case:
        host.publish("a", "b")
        host.allow("b", waits=True, within=3)
        host.expect("tokens", host.state()["kid_tokens"], 2)
    else:
        host.deny(invented(host)[0], "unknown-key")
    host.expect("interval", host.state()["kid_interval"], 112 if "3 *" in case else 60)
    host.allow("a", waits=False)
    host.asked(1)


@row("D07", "flood while a scheduled refresh is due", cases=["by a login", "by the timer"])
def due_in_flood(host, way):
    host.conf("refresh_interval = 5m")
    host.cached("a")
    flood_for(host, 2760)                       # the flood's next fetch would be at 3600 s
    host.fetch("force", outcome="new")
    host.pass_time(280)
    host.forget_requests()
    host.unavailable(invented(host)[0], "suppressed", waits=False)
    host.asked(0)
    if way == "by a login":
        host.allow("a", cache="due", waits=False)
    else:
        host.expect("status of --due", host.run_timer(), 0)
    host.asked(1)
    host.logged("refresh-ok issuer=corp reason=due ")
    host.unavailable(invented(host)[0], "suppressed", waits=False)
    host.allow("a", waits=False)
    host.asked(0)


@row("D08", "two issuers with one jwks_uri, one with another")
def three_sources(host):
    other = host.url + "/other"
    host.conf(issuers={"two": [f"issuer = {host.url}/two"], "three": [f"issuer = {host.url}/three", f"jwks_uri = {other}"]})
    host.publish("a")
    host.serve("/other", json=host.jwks(("a", 1)))
    host.login("a", "decision=allow", "issuer=corp")
    host.asked(1)
    host.serve(status=503)                      # what corp has is not for the other
    host.unavailable(host.token("a", iss=host.url + "/two"), "provider")
    host.asked(1)
    host.pass_time(120)
    host.publish("a")
    for issuer, material in (("two", 0), ("three", 1)):
        host.login(host.token("a", material, iss=f"{host.url}/{issuer}"), "decision=allow", f"issuer={issuer}")
        host.asked(1)
    for issuer, material in (("", 1), ("/two", 1), ("/three", 0)):
        host.deny(host.token("a", material, iss=host.url + issuer), "signature", waits=False)
    host.allow("a", waits=False)
    host.asked(0)
    host.expect("sources", len(glob.glob(host.path("state", "*.jwks"))), 3)


def opened_of_cache(decision):
    return re.findall(r'openat\(.*"(state|run|[0-9a-f]{32}\.[a-z]+)"', decision.trace)


@row("D09", "a hopeless token", cases=["issuer", "audience", "expired", "algorithm", "too-long"])
def hopeless(host, reason):
    now = int(time.time())
    wrong = {"issuer": {"iss": "https://elsewhere.example"}, "audience": {"aud": "web"}, "expired": {"exp": now - HOUR}}
    if reason == "algorithm":
        host.conf("algorithms = RS256")
    token = host.token("a", **wrong.get(reason, {}))
    if reason == "too-long":                    # for pamtester's conversation, too
        host.expect("let in", let_in([token + (2 ** 20 - len(token)) * "A"]), 0)
        host.logged("decision=deny .*reason=too-long ", times=1)
    else:
        host.expect("opened of the cache", opened_of_cache(host.deny(token, reason, waits=False)), [])
    host.expect("helpers", host.started(), [])
    host.asked(0)
    host.conf()
    host.publish("a")
    host.expect("control: opened of the cache by a good one", "state" in opened_of_cache(host.allow("a")), True)


@row("D10", "token without kid", cases=["1 key", "3 keys"])
def without_kid(host, keys):
    host.cached(*"abc"[:int(keys[0])])
    now = int(time.time())
    token = host.key("a").token({"iss": host.url, "aud": "ssh", "sub": "alice", "iat": now, "exp": now + DAY}, {"alg": "ES256"})
    host.tokens.append(token.decode())
    if keys == "1 key":
        host.allow(token.decode(), waits=False)
    else:
        host.deny(token.decode(), "unknown-key", waits=False)
    host.allow("a", waits=False)
    host.asked(0)
    host.expect("helpers", host.started(), [])


@row("D11", "new material under an old kid", cases=["set 400 s old", "set 200 s old"])
def new_material(host, case):
    host.cached("a", age=int(case.split(" ")[1]))
    host.publish(("a", 1))
    host.deny(host.token("a", 1), "signature", waits=False)
    if case == "set 200 s old":
        host.expect("helpers", host.started(), [])
        host.allow("a", waits=False)
        host.asked(0)
        return
    host.asked(1)
    host.logged("refresh-ok issuer=corp reason=sig outcome=new ")
    host.allow(host.token("a", 1), waits=False)
    host.deny("a", "signature", waits=False)    # withdrawn
    host.expect("tokens: rewarded", host.state()["kid_tokens"], 2)
    host.asked(0)


@row("D12", "6 SSH keys, each with the same token of an unknown kid")
def six_keys(host):
    host.cached("a")
    host.publish("a", delay=0.5)
    token, = invented(host)
    keys = [SshKey(host, number).certify(token) for number in range(6)]
    found = [timed(key.offer) for key in keys]
    host.expect("answers", [answer for answer, _ in found], [(0, "", "")] * 6)
    host.logged("jwks-authorized-keys.*decision=deny user=alice issuer=corp .*reason=unknown-key ", times=6)
    host.expect("s, all together", sum(seconds for _, seconds in found), lambda seconds: 0.5 <= seconds <= 3)
    host.expect("helpers", len(host.started()), 1)
    host.asked(1)
    host.logged("refresh-ok issuer=corp reason=kid ")
    host.allow("a", waits=False)


if __name__ == "__main__":
    main()
