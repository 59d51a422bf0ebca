# SPDX-License-Identifier: Apache-2.0
"""C3 to C6: exp, nbf and iat are numbers between 1970 and 2100, within the skew of 60 s; now is 2090-01-01."""
from case import ABSENT, NOW, accept, claims_with, conf, reject, token

LAST = 4133980799  # the end of 2100
NO_SKEW, MOST_SKEW = "[global]\nclock_skew = 0\n", "[global]\nclock_skew = 300\n"


def no(name, reason, says, **changes):
    reject(name, reason, token(**changes), says)


def with_times(inserted, *taken):
    """The good claims without some, and with text in their place: numbers in other spellings."""
    return token(payload=claims_without(taken, inserted))


def claims_without(taken, inserted):
    payload = claims_with(inserted)
    for name, value in (("exp", NOW + 300), ("iat", NOW - 10)):
        payload = payload.replace(f'"{name}":{value},'.encode(), b"", 1) if name in taken else payload
    return payload


# The edges
accept("exp-a-second-before-the-end-of-the-skew", token(exp=NOW - 59, iat=NOW - 600))
no("exp-at-the-end-of-the-skew", "expired", "expired 60 s ago", exp=NOW - 60, iat=NOW - 600)
no("exp-long-ago", "expired", "expired", exp=NOW - 86400, iat=NOW - 90000)
no("exp-zero", "expired", "expired", exp=0, iat=ABSENT)
accept("exp-one-second-ahead-without-skew", token(exp=NOW + 1), conf=conf(before=NO_SKEW))
reject("exp-now-without-skew", "expired", token(exp=NOW), "expired 0 s ago", conf=conf(before=NO_SKEW))
accept("exp-299-seconds-ago-with-the-largest-skew", token(exp=NOW - 299, iat=NOW - 400), conf=conf(before=MOST_SKEW))
reject("exp-300-seconds-ago-with-the-largest-skew", "expired", token(exp=NOW - 300, iat=NOW - 400), "expired 300 s",
       conf=conf(before=MOST_SKEW))
reject("skew-over-300", "config", token(), "clock_skew", conf=conf(before="[global]\nclock_skew = 301\n"))
accept("nbf-at-the-end-of-the-skew", token(nbf=NOW + 60))
no("nbf-a-second-beyond-the-skew", "not-yet-valid", "`nbf` is 61 s", nbf=NOW + 61)
accept("iat-at-the-end-of-the-skew", token(iat=NOW + 60))
no("iat-a-second-beyond-the-skew", "not-yet-valid", "`iat` is 61 s", iat=NOW + 61)
reject("nbf-one-second-ahead-without-skew", "not-yet-valid", token(nbf=NOW + 1), "`nbf`", conf=conf(before=NO_SKEW))
accept("nbf-now-without-skew", token(nbf=NOW), conf=conf(before=NO_SKEW))
accept("nbf-and-iat-missing", token(iat=ABSENT))
accept("nbf-and-iat-zero", token(iat=0, nbf=0))

# Their order
accept("nbf-a-second-before-exp", token(nbf=NOW + 30, exp=NOW + 31))
no("nbf-at-exp", "claim", "`nbf` is not before `exp`", nbf=NOW + 30, exp=NOW + 30)
no("nbf-after-exp", "claim", "`nbf` is not before `exp`", nbf=NOW + 30, exp=NOW + 20)
accept("iat-a-second-before-exp", token(iat=NOW + 30, exp=NOW + 31))
no("iat-at-exp", "claim", "`iat` is not before `exp`", iat=NOW + 30, exp=NOW + 30)
no("iat-after-exp", "claim", "`iat` is not before `exp`", iat=NOW + 30, exp=NOW + 20)

# Types
no("exp-missing", "claim", "no `exp`", exp=ABSENT)
no("exp-under-another-case-of-its-name", "claim", "no `exp`", exp=ABSENT, EXP=NOW + 300)
for claim in ("exp", "nbf", "iat"):
    for name, value in (("string", str(NOW)), ("empty-string", ""), ("true", True), ("false", False), ("null", None),
                        ("array", [NOW]),
                        ("object", {"x": NOW}), ("iso-8601", "2090-01-01T00:00:00Z"), ("negative", -1),
                        ("in-milliseconds", NOW * 1000),
                        ("after-2100", LAST + 1), ("of-18-zeros", 10**18), ("largest-int64", 2**63 - 1),
                        ("beyond-int64", 2**63)):
        no(f"{claim}-{name}", "claim", f"`{claim}` is not a time", **{claim: value})
    no(f"{claim}-of-20-digits", "malformed", "19 digits", **{claim: 10**19})

# Spellings of numbers
accept("exp-end-of-2100", token(exp=LAST))
accept("exp-fraction-down-to-a-second-before-the-end", token(exp=NOW - 58.5, iat=NOW - 600))
no("exp-fraction-down-to-the-end-of-the-skew", "expired", "expired 60 s ago", exp=NOW - 59.5, iat=NOW - 600)
accept("nbf-fraction-up-to-the-end-of-the-skew", token(nbf=NOW + 59.5))
no("nbf-fraction-up-beyond-the-skew", "not-yet-valid", "61 s", nbf=NOW + 60.5)
no("iat-fraction-up-beyond-the-skew", "not-yet-valid", "61 s", iat=NOW + 60.5)
accept("exp-with-exponent", with_times('"exp":3.7869123e9', "exp"))
accept("exp-with-a-fraction-of-zero", with_times('"exp":3786912300.000', "exp"))
reject("exp-with-a-large-exponent", "claim", with_times('"exp":1e300', "exp"), "`exp` is not a time")
reject("exp-with-a-small-exponent", "expired", with_times('"exp":3786912300e-3', "exp", "iat"), "expired")
reject("exp-with-a-long-fraction-below-the-edge", "expired", with_times('"exp":3786911940.99999999999999999999', "exp"),
       "expired 60 s")
reject("exp-minus-zero", "expired", with_times('"exp":-0', "exp", "iat"), "expired")
reject("exp-negative-fraction", "claim", with_times('"exp":-0.5', "exp", "iat"), "`exp` is not a time")
reject("nbf-a-hair-beyond-the-skew", "not-yet-valid", with_times('"nbf":3786912060.00000000000000000001'), "`nbf` is 61 s")
reject("exp-twice", "malformed", with_times(f'"exp":{NOW + 400}'), "duplicate member")

# A clock that cannot be right
reject("clock-in-2001", "clock", token(), "clock", request="now 1000000000\n")
reject("clock-in-2001-and-a-token-of-then", "clock", token(exp=1000000300, iat=1000000000, auth_time=1), "clock",
       request="now 1000000000\n")
accept("clock-a-minute-later", token(), request=f"now {NOW + 60}\n")
reject("clock-an-hour-later", "expired", token(), "expired 3300 s", request=f"now {NOW + 3600}\n")
