# SPDX-License-Identifier: Apache-2.0
"""H8: `typ` says what kind of token it is, in any case, with or without `application/`, and otherwise as a whole."""
from case import ABSENT, accept, conf, reject, token

ACCESS, EITHER = conf("token_type = access"), conf("token_type = id access")


def of(typ):
    return token(head={"typ": typ})


def no(name, typ, says="typ", **files):
    reject(f"typ-{name}", "type", of(typ), says, **files)


for name, typ in (("absent", ABSENT), ("jwt", "JWT"), ("jwt-lower-case", "jwt"), ("jwt-media-type", "application/jwt"),
                  ("jwt-media-type-upper-case", "APPLICATION/JWT")):
    accept(f"typ-{name}", of(typ))
no("access-token-where-id-is-wanted", "at+jwt")
no("access-token-media-type-where-id-is-wanted", "application/at+jwt")
no("logout-token", "logout+jwt")
no("security-event", "secevent+jwt")
no("dpop-proof", "dpop+jwt")
no("dpop-id-token-without-key", "dpop+id_token")
no("request-object", "oauth-authz-req+jwt")
no("jose", "JOSE")
no("empty", "", "not a string")
no("null", None, "not a string")
no("number", 1, "not a string")
no("array", ["JWT"], "not a string")
no("space-behind", "JWT ")
no("with-parameter", "JWT; charset=utf-8")
no("prefix-twice", "application/application/jwt")
no("prefix-alone", "application/")
no("other-prefix", "text/jwt")
no("longer", "JWTX")
no("shorter", "JW")
no("tab-behind", "JWT\t")

accept("typ-access-where-access-is-wanted", of("at+jwt"), conf=ACCESS)
accept("typ-access-media-type", of("application/at+jwt"), conf=ACCESS)
accept("typ-access-upper-case", of("AT+JWT"), conf=ACCESS)
no("jwt-where-access-is-wanted", "JWT", conf=ACCESS)
no("absent-where-access-is-wanted", ABSENT, conf=ACCESS)
no("dpop-id-token-where-access-is-wanted", "dpop+id_token", conf=ACCESS)
accept("typ-access-where-either-is-wanted", of("at+jwt"), conf=EITHER)
accept("typ-id-where-either-is-wanted", of("JWT"), conf=EITHER)
no("logout-token-where-either-is-wanted", "logout+jwt", conf=EITHER)
