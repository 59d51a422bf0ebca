# SPDX-License-Identifier: Apache-2.0
"""C4, C9: max_lifetime, max_token_age and max_auth_age need their claim, and 0 is no time; the skew is 60 s."""
from case import ABSENT, NOW, accept, conf, reject, token

LIFETIME, TOKEN_AGE, AUTH_AGE = conf("max_lifetime = 1h"), conf("max_token_age = 5m"), conf("max_auth_age = 12h")
HALF_DAY = 43200


def lives(iat, exp):
    return token(iat=iat, exp=exp)


def signed_on(auth_time):
    return token(auth_time=auth_time)


def no(name, made, says, text):
    reject(name, "claim", made, says, conf=text)


accept("max-lifetime-exactly", lives(NOW - 10, NOW + 3590), conf=LIFETIME)
no("max-lifetime-and-a-second", lives(NOW - 10, NOW + 3591), "lives 3601 s", LIFETIME)
no("max-lifetime-and-half-a-second", lives(NOW - 10.5, NOW + 3590), "max_lifetime", LIFETIME)
no("max-lifetime-without-iat", token(iat=ABSENT), "no `iat`, which max_lifetime needs", LIFETIME)
no("max-lifetime-with-iat-zero", token(iat=0), "max_lifetime", LIFETIME)
accept("no-max-lifetime-and-a-token-of-years", lives(NOW - 10, NOW + 100000000))

accept("max-token-age-exactly-with-the-skew", token(iat=NOW - 360), conf=TOKEN_AGE)
no("max-token-age-and-a-second", token(iat=NOW - 361), "`iat` is 361 s ago", TOKEN_AGE)
no("max-token-age-without-iat", token(iat=ABSENT), "`iat`", TOKEN_AGE)
no("max-token-age-with-iat-zero", token(iat=0), "`iat`", TOKEN_AGE)
accept("no-max-token-age-and-an-old-token", token(iat=NOW - 86400))

accept("max-auth-age-exactly-with-the-skew", signed_on(NOW - HALF_DAY - 60), conf=AUTH_AGE)
no("max-auth-age-and-a-second", signed_on(NOW - HALF_DAY - 61), "`auth_time` is 43261 s ago", AUTH_AGE)
accept("max-auth-age-ahead-within-the-skew", signed_on(NOW + 60), conf=AUTH_AGE)
no("max-auth-age-ahead-beyond-the-skew", signed_on(NOW + 61), "`auth_time`", AUTH_AGE)
no("max-auth-age-without-auth-time", signed_on(ABSENT), "auth_time", AUTH_AGE)
no("max-auth-age-with-auth-time-zero", signed_on(0), "`auth_time` is 0", AUTH_AGE)
for name, value in (("string", str(NOW)), ("true", True), ("null", None), ("array", [NOW]), ("negative", -1),
                    ("in-milliseconds", NOW * 1000),
                    ("largest-int64", 2**63 - 1), ("object", {})):
    no(f"max-auth-age-with-auth-time-{name}", signed_on(value), "`auth_time`", AUTH_AGE)
accept("no-max-auth-age-and-no-auth-time", signed_on(ABSENT))
no("max-auth-age-is-not-satisfied-by-iat", token(auth_time=ABSENT, iat=NOW - 1), "auth_time", AUTH_AGE)
reject("max-auth-age-of-nothing", "config", token(), "max_auth_age", conf=conf("max_auth_age = 0"))
