#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What jwksctl says to programs is what jwksctl(8) promises them; from standard input.

    ctlcheck.py status [ISSUER MEMBER...]    --json of `status`: checked whole; the values of these members
    ctlcheck.py keys [ISSUER]                --json of `keys`: checked whole; `KID TYPE ALGORITHM VANISHED DENIED` for each
    ctlcheck.py explain [MEMBER...]          --json of `explain`: checked whole; the values of these members
    ctlcheck.py check [LEVEL TEXT]           --json of `check`: checked whole; how many such findings have TEXT in their `why`
    ctlcheck.py prometheus [SAMPLE...]       the text format 0.0.4: checked whole; the values of these samples
    ctlcheck.py members                      the members and metrics that the two above know, for the manual page
"""
import json
import re
import sys

TEXTS = "name issuer id state note ttl_from via outcome held_back".split()
BOOLEANS = "usable in_flight clock_wrong".split()
NUMBERS = "keys vanished failures missing_kids coalesced".split()
OPTIONAL = "age ttl max_stale generation validated last_attempt http next_attempt next_kid_attempt kid_interval".split()
COUNTS = "dropped reasons outcomes suppressed".split()
STATES = "fresh due stale expired absent file fault".split()
METRICS = """jwks_state jwks_usable jwks_clock_wrong jwks_issuer_info jwks_age_seconds jwks_ttl_seconds jwks_max_stale_seconds
jwks_generation jwks_validated_timestamp_seconds jwks_keys jwks_keys_vanished jwks_last_attempt_timestamp_seconds
jwks_last_attempt_http_status jwks_failures_in_a_row jwks_next_attempt_timestamp_seconds
jwks_next_kid_attempt_timestamp_seconds jwks_kid_interval_seconds jwks_missing_kids jwks_coalesced_total jwks_keys_dropped
jwks_fetches_total jwks_fetch_outcomes_total jwks_suppressed_total""".split()
KEY = {"kid": (str, type(None)), "type": str, "algorithm": (str, type(None)), "thumbprint": str, "vanished": bool, "denied": bool}

ANSWER = {"decision": str, "reason": (str, type(None)), "detail": str, "advice": str}
EXPLAIN = {**ANSWER, "version": str, "time": int, "service": str, "user": (str, type(None)), "characters": int,
           "rest": (dict, type(None)), "problems": list, "hints": list, "issuer": (str, type(None)), "accounts": list,
           "expires": (int, type(None)), "rules": list}
RULE_TEXTS = "reason claim value found wanted option setting origin".split()


def once(pairs):
    assert len(pairs) == len(dict(pairs)), f"a member stands twice: {pairs}"
    return dict(pairs)


def is_number(value):
    return type(value) is int and value >= 0


def read(text, members):
    assert text.isascii() and text.endswith("}\n"), "not ASCII, or no whole line"
    document = json.loads(text, object_pairs_hook=once)
    assert set(document) == {"version", "time", "issuers"} and is_number(document["time"]), document.keys()
    for issuer in document["issuers"]:
        assert set(issuer) == set(members), f"members: {set(issuer) ^ set(members)}"
        assert issuer["state"] in STATES, issuer["state"]
        assert type(issuer["usable"]) is bool
    return {issuer["name"]: issuer for issuer in document["issuers"]}


def status_of(text):
    """The issuers of `status --json` by their names."""
    issuers = read(text, TEXTS + BOOLEANS + NUMBERS + OPTIONAL + COUNTS)
    for issuer in issuers.values():
        assert all(type(issuer[name]) is str for name in TEXTS)
        assert all(type(issuer[name]) is bool for name in BOOLEANS)
        assert all(is_number(issuer[name]) for name in NUMBERS), issuer
        assert all(issuer[name] is None or is_number(issuer[name]) for name in OPTIONAL), issuer
        for name in COUNTS:
            assert all(re.fullmatch("[a-z0-9-]+", key) and is_number(count) and count > 0 for key, count in issuer[name].items())
        assert (issuer["held_back"] == "") == (issuer["next_attempt"] is None), "held back without an end, or the reverse"
        assert issuer["held_back"] == "" or issuer["outcome"] != "", "held back without a reason"
        assert issuer["failures"] == 0 or issuer["outcome"] != ""
        assert issuer["usable"] or issuer["state"] not in ("fresh", "due", "stale", "file") or issuer["clock_wrong"] or \
            issuer["keys"] == 0, "unusable without a reason"
        assert issuer["state"] != "fault" or issuer["note"] != "", "a fault without a reason"
    return issuers


def status(arguments):
    issuers = status_of(sys.stdin.read())
    if arguments:
        print(*(json.dumps(issuers[arguments[0]][name]).strip('"') for name in arguments[1:]))


def keys(arguments):
    issuers = read(sys.stdin.read(), "name issuer state usable note keys".split())
    for issuer in issuers.values():
        for key in issuer["keys"]:
            assert set(key) == set(KEY) and all(isinstance(key[name], kind) for name, kind in KEY.items()), key
            assert re.fullmatch("[A-Za-z0-9_-]{43}", key["thumbprint"])
    for key in issuers[arguments[0]]["keys"] if arguments else []:
        print(*(json.dumps(key[name]) for name in ("kid", "type", "algorithm", "vanished", "denied")))


def check_answer(answer):
    assert answer["decision"] in ("allow", "deny", "unavailable", "fault"), answer
    assert (answer["decision"] == "allow") == (answer["reason"] is None), answer
    assert answer["advice"] and (answer["reason"] is None or answer["detail"]), answer


def explain_of(text):
    assert text.isascii() and text.endswith("]}\n"), "not ASCII, or no whole document"
    document = json.loads(text, object_pairs_hook=once)
    assert set(document) == set(EXPLAIN), set(document) ^ set(EXPLAIN)
    assert all(isinstance(document[name], kind) for name, kind in EXPLAIN.items()), document
    check_answer(document)
    if document["rest"] is not None:
        assert set(document["rest"]) == set(ANSWER) and document["decision"] == "fault", document
        check_answer(document["rest"])
    assert all(type(text) is str for name in ("problems", "hints", "accounts") for text in document[name])
    for rule in document["rules"]:
        assert set(rule) == {"rule", "holds", *RULE_TEXTS} and type(rule["holds"]) is bool, rule
        assert all(rule[name] is None or type(rule[name]) is str for name in RULE_TEXTS), rule
        assert rule["holds"] == (rule["reason"] is None), rule
        assert (rule["option"] is None) == (rule["origin"] is None), f"an option without a line, or the reverse: {rule}"
    return document


def explain(arguments):
    document = explain_of(sys.stdin.read())
    print(*(json.dumps(document[name]).strip('"') for name in arguments))


FINDING = {"level": str, "what": str, "why": str, "fix": (str, type(None))}


def check(arguments):
    text = sys.stdin.read()
    assert text.isascii() and text.endswith("]}\n"), "not ASCII, or no whole document"
    document = json.loads(text, object_pairs_hook=once)
    assert set(document) == {"version", "time", "findings"} and document["findings"], document.keys()
    for finding in document["findings"]:
        assert set(finding) == set(FINDING) and all(isinstance(finding[name], kind) for name, kind in FINDING.items()), finding
        assert finding["level"] in ("ok", "warning", "error") and (finding["fix"] is None) == (finding["level"] == "ok"), finding
    if arguments:
        print(sum(finding["level"] == arguments[0] and arguments[1] in finding["why"] for finding in document["findings"]))


LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{" + LABEL + "(?:," + LABEL + r")*\})? (-?[0-9]+)")


def prometheus(arguments):
    text = sys.stdin.read()
    assert text.endswith("\n"), "no end of line at the end"
    heads, ended, samples, family = {}, set(), {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            ended.add(family)
            family = line.split(" ")[2]
            assert family not in heads and len(line.split(" ", 3)[3]) > 0, line
            heads[family] = None
        elif line.startswith("# TYPE "):
            name, kind = line.split(" ")[2:]
            assert name == family and heads[name] is None, f"{line}: not behind its HELP"
            assert kind == ("counter" if name.endswith("_total") else "gauge"), line
            heads[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, f"no sample: {line}"
            assert match[1] == family and heads[family], f"{line}: not with its metric"
            assert match[1] + match[2] not in samples, f"{line}: twice"
            samples[match[1] + match[2]] = match[3]
    assert set(heads) == set(METRICS), set(heads) ^ set(METRICS)
    assert samples, "no samples"
    print(*(samples.get(name, "none") for name in arguments))


def members():
    print(*TEXTS, *BOOLEANS, *NUMBERS, *OPTIONAL, *COUNTS, *KEY, *METRICS, *EXPLAIN, "rule", "holds", *RULE_TEXTS, *FINDING,
          "version", "time", "issuers", "findings", sep="\n")


if __name__ == "__main__":
    if sys.argv[1] == "members":
        members()
    else:
        {"status": status, "keys": keys, "explain": explain, "check": check, "prometheus": prometheus}[sys.argv[1]](sys.argv[2:])
