#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the headers of an answer ask for: when to come back, how long it is good, what to send next time and what to remember."""
import os
import time

from harness import DAY, HOUR, main, row

MINUTE = 60
MARK = "never-to-be-kept"
REASONS = ("cold", "stale", "due", "kid", "sig", "clock", "manual")     # all but force and flush


def http_date(host, seconds, form="%a, %d %b %Y %H:%M:%S GMT"):
    """So many s after the provider's time."""
    return time.strftime(form, time.gmtime(time.time() + host.provider_clock + seconds))


def near(wanted):
    """Within the seconds that a test takes."""
    return lambda got: abs(got - wanted) <= 3


def sent_headers(host):
    """Of the last request, by name; the harness counts requests and forgets them."""
    return {name: value for name, value in host.requests()[-1]["headers"].items() if name != "Host"}


def nobody_asks(host):
    for reason in REASONS:
        options = ("--kid-hash", "0123456789abcdef") if reason in ("kid", "sig") else ()
        host.fetch(reason, outcome="retry-after", asked=0, options=options)


@row("B02", "429 with Retry-After: 120", cases=["absent", "stale"])
def too_many_requests(host, state):
    if state == "stale":
        host.stale("a")
    decide = {"absent": lambda **how: host.unavailable("a", **how), "stale": lambda **how: host.allow("a", cache="stale", **how)}[state]
    host.serve(status=429, headers={"Retry-After": "120"})
    decide(waits=True)
    host.refresh_failed("http-429", http=429, next=1)
    host.asked(1)
    nobody_asks(host)
    host.pass_time(105)
    decide(waits=False)
    host.unavailable("new", reason="suppressed", waits=False)
    nobody_asks(host)
    host.expect("status of refresh", host.ctl("refresh", "corp").returncode, 1)
    host.asked(0)
    host.publish("a")
    host.expect("status of refresh --force", host.ctl("refresh", "--force", "corp").returncode, 0)
    host.asked(1)
    host.allow("a", waits=False)


@row("B02", "429 with Retry-After: 120, after it", cases=["absent", "stale"])
def asked_again(host, state):
    if state == "stale":
        host.stale("a")
    host.serve(status=429, headers={"Retry-After": "120"})
    host.fetch("cold", outcome="http-429", asked=1)
    host.publish("a", "new")
    host.pass_time(122)
    host.allow("new", waits=True)
    host.asked(2)
    host.allow("a", waits=False)


@row("B03", "503 with Retry-After as a date, our clock off", cases=[HOUR, -HOUR])
def retry_at(host, ahead):
    host.clocks(DAY + ahead, DAY, provider=DAY)             # a day later than the build, before which no clock can be
    host.cached("a")
    host.clocks(DAY + ahead + 2 * HOUR, DAY + 2 * HOUR, provider=DAY + 2 * HOUR)
    host.serve(status=503, headers={"Retry-After": http_date(host, 120)})
    host.keep("http-5xx", http=503)
    state = host.state()
    host.expect("s to wait", (state["retry_b"] - state["attempt_b"]) / 1000, near(120))
    nobody_asks(host)


@row("B04", "Retry-After that is no sensible number",
     cases=["99999999", "99999999999999999999999", "-5", "soon", "120 s", "1.5", "", "Thu, 01 Jan 1970 00:00:00 GMT"])
def retry_oddly(host, value):
    host.stale("a")
    host.serve(status=503, headers={"Retry-After": value})
    host.keep("http-5xx", http=503)
    state = host.state()
    if not value.startswith("9"):
        host.expect("end of Retry-After", state["retry_b"], 0)
        host.pass_time((state["next_b"] - state["attempt_b"]) / 1000 + 1)
        host.fetch("stale", outcome="http-5xx", asked=1)    # the back-off alone counts
        return
    host.expect("ms to wait", state["retry_b"] - state["attempt_b"], lambda wait: HOUR * 1000 <= wait <= (HOUR + 3) * 1000)
    host.pass_time(HOUR - 5)
    nobody_asks(host)
    host.pass_time(8)
    host.fetch("manual", outcome="http-5xx", asked=1)


@row("B11", "304 to our validator", cases=["ETag", "Last-Modified"])
def not_modified(host, name):
    value, field = {"ETag": ('"v1"', "If-None-Match"), "Last-Modified": ("Wed, 21 Oct 2015 07:28:00 GMT", "If-Modified-Since")}[name]
    host.stale("a", headers={name: value, "Cache-Control": "max-age=600"})
    before, body = host.head(), host.content().splitlines()[2]
    host.serve(status=304, length=None, headers={"Cache-Control": "max-age=1200"})
    host.fetch("stale", outcome="unchanged", asked=1)
    host.expect("validators sent", {field: sent_headers(host).get(field)}, {field: value})
    after = host.head()
    host.expect("ttl", (before["ttl"], after["ttl"], after["ttl_from"]), (600, 1200, "max-age"))
    host.expect("s between the validations", (after["validated_b"] - before["validated_b"]) / 1000, near(2 * HOUR))
    host.expect("stamp of the fetch", after["fetched_b"], before["fetched_b"])
    host.expect("answers 304", after["not_modified"], 1)
    host.expect("the body is as it was", host.content().splitlines()[2] == body, True)
    host.logged("refresh-ok issuer=corp .*outcome=unchanged")
    host.allow("a", waits=False)
    host.asked(1)


@row("B11", "304 that nobody asked for", cases=["by hand", "without a validator"])
def not_asked_for(host, how):
    host.stale("a", headers={"ETag": '"v1"'} if how == "by hand" else {})
    host.serve(status=304, length=None)
    host.keep("http-3xx", http=304, reason="manual" if how == "by hand" else "stale")


ETAGS = {"weak": 'W/"weak"', "of 256 octets": '"' + "v" * 254 + '"', "of 257 octets": '"' + "v" * 255 + '"',
         "of 16 KiB": '"' + "v" * 16382 + '"', "with CR": '"a\rX-Evil: yes"', "with LF": '"a\nX-Evil: yes"',
         "folded": '"a\r\n X-Evil: yes"', "not ASCII": '"a\u00e9"', "without quotes": "bare", "with a quote inside": '"a"b"'}


@row("B12", "ETag", cases=ETAGS)
def validators(host, case):
    value, used = ETAGS[case], case in ("weak", "of 256 octets")
    host.stale("a", headers={"ETag": value})
    host.expect("stored", host.head()["etag"], value if used else "")
    host.fetch("stale", outcome="new", asked=1)
    host.expect("sent", {name: text for name, text in sent_headers(host).items() if name not in ("User-Agent", "Accept")},
                {"If-None-Match": value} if used else {})
    host.allow("a", waits=False)


def idle(host, minutes):
    """The timer's requests in that time of a host that nobody logs in to: minutes since the last fetch."""
    found = []
    for passed in range(5, minutes + 1, 5):
        host.pass_time(5 * MINUTE)
        host.run_timer()
        found += [passed] * len(host.requests())
        host.forget_requests()
    return found


TTLS = {"max-age=0": (300, "minimum"), "no-store": (300, "minimum"), "no-cache": (300, "minimum"), "max-age=-1": (3600, "default"),
        "max-age=1e99": (3600, "default"), 'max-age="60"': (300, "minimum"), 'max-age="600"': (600, "max-age"),
        "max-age=600, max-age=60": (300, "minimum"), "max-age=900, max-age=600": (600, "max-age"),
        "private, max-age=600": (600, "max-age"), "max-age=99999999999999999999": (86400, "maximum"), "no header": (3600, "default")}


@row("B13", "Cache-Control", cases=TTLS)
def cache_control(host, header):
    host.cached("a", headers={} if header == "no header" else {"Cache-Control": header})
    head = host.head()
    host.expect("ttl", (head["ttl"], head["ttl_from"]), TTLS[header])
    host.allow("a", waits=False)
    host.expect("minutes at which an idle host asks", idle(host, 60), lambda found: len(found) == 1 and 42 <= found[0] < 60)
    host.allow("a", cache="fresh|due|stale")


@row("B14", "max-age of a year")
def a_year(host):
    host.cached("a", headers={"Cache-Control": "max-age=31536000"})
    host.expect("ttl", (host.head()["ttl"], host.head()["ttl_from"]), (86400, "maximum"))
    asked = idle(host, 4 * 60)
    host.expect("minutes between an idle host's requests", [now - before for before, now in zip([0, *asked], asked)],
                lambda gaps: len(gaps) in (4, 5) and all(42 <= gap < 60 for gap in gaps))
    host.pass_time(HOUR)
    host.allow("a", cache="due", waits=False)
    host.asked(1)


AGES = {"80000": 6400, "999999999": 300, "x": 86400, "86099": 301, "86101": 300, "-5": 86400}


@row("B15", "Age", cases=AGES)
def aged(host, age):
    host.cached("a", headers={"Cache-Control": "max-age=86400", "Age": age})
    host.expect("ttl", host.head()["ttl"], AGES[age])
    host.allow("a", waits=False)


@row("B16", "Expires", cases=["0", "past", "without Date", "RFC 850", "asctime", "our clock off"])
def expires(host, case):
    if case in ("without Date", "our clock off"):
        host.clocks(10 * MINUTE, 0, provider=0)             # by ours: 600 s less than the server means
    form = {"RFC 850": "%A, %d-%b-%y %H:%M:%S GMT", "asctime": "%a %b %d %H:%M:%S %Y"}.get(case, "%a, %d %b %Y %H:%M:%S GMT")
    headers = {"Expires": "0" if case == "0" else http_date(host, -HOUR if case == "past" else HOUR, form)}
    host.cached("a", headers={**headers, **({"Date": None} if case == "without Date" else {})})
    head = host.head()
    if case in ("0", "past"):
        host.expect("ttl", (head["ttl"], head["ttl_from"]), (300, "minimum"))
    else:
        host.expect("ttl", head["ttl"], near(HOUR - (10 * MINUTE if case == "without Date" else 0)))
        host.expect("source", head["ttl_from"], "expires")
    host.allow("a", waits=False)


@row("B17", "must-revalidate, then an outage")
def must_revalidate(host):
    host.stale("a", headers={"Cache-Control": "max-age=300, must-revalidate, proxy-revalidate"})
    host.serve(status=503)
    host.allow("a", cache="stale", waits=True, within=1.5)
    host.allow("a", cache="stale", waits=False)
    host.asked(1)
    host.refresh_failed("http-5xx")
    host.pass_time(21 * HOUR)
    host.allow("a", cache="stale", waits=True, within=1.5)
    host.asked(1)


@row("B21", "headers that want to be remembered", cases=["Set-Cookie", "Alt-Svc", "Strict-Transport-Security", "WWW-Authenticate"])
def remember(host, name):
    value = {"Set-Cookie": f"session={MARK}; Max-Age=99999", "Alt-Svc": f'h2=":{host.ports["expired"]}"; ma=99999; {MARK}=1',
             "Strict-Transport-Security": f"max-age=99999; {MARK}", "WWW-Authenticate": f'Basic realm="{MARK}"'}[name]
    host.cached("a")
    host.publish("a", headers={name: value})
    sent = []
    for status in (200, 401, 200):
        host.publish("a", status=status, headers={name: value})
        host.fetch("manual", outcome="new" if status == 200 else "http-4xx", asked=1)
        sent.append(sent_headers(host))
    host.expect("what is sent next time", sent[1:], sent[:1] * 2)
    host.expect("fields sent", sorted(sent[0]), ["Accept", "Cache-Control", "User-Agent"])
    host.expect("listeners asked", {request["listener"] for request in host.requests()}, {"good"})
    host.expect("kept in", [path for path, content in host.written() if MARK.encode() in content], [])
    host.expect("files", sorted(name.split(".", 1)[1] for name in os.listdir(host.state_dir)), ["jwks", "prev"])
    host.allow("a", waits=False)
    host.asked(3)


if __name__ == "__main__":
    main()
