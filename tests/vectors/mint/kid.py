# SPDX-License-Identifier: Apache-2.0
"""K1 to K3: kid is bytes to compare, within one issuer's set; a token without one is verified only where one key fits."""
import keys
from case import ABSENT, accept, conf, key_set, only, reject, token
from jose import jwk, thumbprint

NO_KID = {"kid": ABSENT}
TWO_ISSUERS = conf(after="""[issuer two]
issuer = https://two.example.com
audience = ssh-prod
user_claim = preferred_username
jwks_file = @here@/two.json
""")
TWO = {"iss": "https://two.example.com", "key": keys.STRANGERS_P256}


def of(kid, **changes):
    return token(head={"kid": kid}, **changes)


def unknown(name, kid, says=None, **files):
    reject(f"kid-{name}", "unknown-key", of(kid), f'no key "{kid if says is None else says}"', **files)


# Type and size
for name, kid in (("number", 1), ("null", None), ("array", ["p256"]), ("object", {}), ("true", True), ("empty", ""),
                  ("of-257-bytes", "k" * 257)):
    reject(f"kid-{name}", "malformed", of(kid), "`kid`")
accept("kid-of-256-bytes", of("k" * 256), jwks=only(keys.P256, "k" * 256))
accept("kid-with-any-characters", of('a "b"\n\u00e9/../*%s'), jwks=only(keys.P256, 'a "b"\n\u00e9/../*%s'))
reject("kid-of-257-bytes-in-the-set-too", "malformed", of("k" * 257), "`kid`", jwks=only(keys.P256, "k" * 257))
reject("kid-number-in-the-set-too", "malformed", of(1), "`kid`", jwks=only(keys.P256, 1))

# Nothing but the same bytes
unknown("unknown", "other")
unknown("other-case", "P256")
unknown("prefix", "p25")
unknown("longer", "p2567")
unknown("space-behind", "p256 ")
unknown("space-before", " p256")
unknown("pattern", "*")
unknown("path", "../../../../etc/passwd")
unknown("path-of-the-set", "jwks.json")
unknown("command", "p256|/usr/bin/id")
unknown("sql", "p256' OR '1'='1")
unknown("format", "%s%n%x")
unknown("control-characters", "p256\r\nroot", "p256\\x0d\\x0aroot")
unknown("index", "1")
unknown("thumbprint-of-the-key", thumbprint(keys.P256))
unknown("fullwidth", "\uff50256", "\\xef\\xbd\\x90256")
accept("kid-path-like-in-both", of("../../x"), jwks=only(keys.P256, "../../x"))
unknown("where-the-key-has-none", "p256", jwks=only(keys.P256, None))

# None at all
accept("kid-missing-and-one-key-fits", token(head=NO_KID))
accept("kid-missing-and-in-the-set-too", token(head=NO_KID), jwks=only(keys.P256, None))
accept("kid-missing-and-the-other-is-for-encryption", token(head=NO_KID),
       jwks=key_set(jwk(keys.P256, "a"), jwk(keys.MORE[0], "b", use="enc")))
accept("kid-missing-and-one-key-under-two-kids", token(head=NO_KID), jwks=key_set(jwk(keys.P256, "a"), jwk(keys.P256, "b")))
reject("kid-missing-and-two-keys-fit", "unknown-key", token(head=NO_KID), "several fit",
       jwks=key_set(jwk(keys.P256, "a"), jwk(keys.MORE[0], "b")))
reject("kid-missing-and-two-keys-without-one-fit", "unknown-key", token(head=NO_KID), "several fit",
       jwks=key_set(jwk(keys.P256), jwk(keys.MORE[0])))
reject("kid-missing-and-no-key-fits", "unknown-key", token(head=NO_KID), "none fits ES256",
       jwks=key_set(jwk(keys.ED, "ed")))
reject("kid-missing-and-one-strangers-key-fits", "signature", token(head=NO_KID), "does not verify",
       jwks=only(keys.STRANGERS_P256))

# Two issuers
SAME = only(keys.STRANGERS_P256, "p256")
OTHER = only(keys.STRANGERS_P256, "theirs")
accept("kid-the-same-and-the-first-signs", token(), conf=TWO_ISSUERS, two=SAME)
accept("kid-the-same-and-the-second-signs", token(**TWO), conf=TWO_ISSUERS, two=SAME)
reject("kid-the-same-and-the-wrong-one-signs", "signature", token(key=keys.STRANGERS_P256),
       "does not verify",
       conf=TWO_ISSUERS, two=SAME)
reject("kid-the-same-and-the-first-signs-for-the-second", "signature", token(iss=TWO["iss"]),
       "does not verify",
       conf=TWO_ISSUERS, two=SAME)
reject("kid-from-another-issuer", "unknown-key", token(head={"kid": "theirs"}, key=keys.STRANGERS_P256),
       'issuer corp has no key "theirs"',
       conf=TWO_ISSUERS, two=OTHER)
accept("kid-from-its-own-issuer", token(head={"kid": "theirs"}, **TWO), conf=TWO_ISSUERS, two=OTHER)
reject("kid-missing-and-another-issuers-key-fits", "unknown-key", token(head=NO_KID, key=keys.STRANGERS_P256), "none fits",
       conf=TWO_ISSUERS, two=OTHER, jwks=key_set(jwk(keys.ED, "ed")))
