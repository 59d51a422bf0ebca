# SPDX-License-Identifier: Apache-2.0
"""U3, U5, U7: from a claim to account names: a whole match, a verified address, a map that is read to its end."""
from case import ABSENT, accept, conf, reject, token

MATCH = conf(r"user_match = ([a-z_][a-z0-9_-]{0,31})@example\.com", r"user_name = \1", user_claim="email")
EITHER = conf("user_match = nobody|daemon")
MAP = conf("user_map = @here@/map", user_claim="sub")
ANYBODY = "user\n"


def mail(address, verified=True, **more):
    return token(email=address, email_verified=verified, **more)


def no_match(name, address):
    reject(f"user-match-{name}", "unmapped", mail(address), "user_match", conf=MATCH)


accept("user-match-whole", mail("nobody@example.com"), conf=MATCH)
no_match("suffix-behind", "nobody@example.com.evil.org")
no_match("text-before", "x nobody@example.com")
no_match("path-before", "https://evil.org/nobody@example.com")
no_match("newline-and-more-behind", "nobody@example.com\nx")
no_match("newline-behind", "nobody@example.com\n")
no_match("newline-and-more-before", "x\nnobody@example.com")
no_match("dot-is-a-dot", "nobody@exampleXcom")
no_match("upper-case", "Nobody@example.com")
no_match("other-domain", "nobody@example.org")
no_match("two-addresses", "nobody@example.com,daemon@example.com")
no_match("space-behind", "nobody@example.com ")
no_match("plus-part", "nobody+x@example.com")
no_match("quoted-part", '"x@evil.org"nobody@example.com')
no_match("empty-part", "@example.com")
accept("user-match-second-alternative", token(preferred_username="daemon"), "daemon", conf=EITHER, request=ANYBODY)
for name, value in (("longer-than-the-first", "nobody2"), ("ends-in-the-second", "xdaemon"), ("both", "nobodydaemon")):
    reject(f"user-match-alternatives-{name}", "unmapped", token(preferred_username=value), "user_match", conf=EITHER)
reject("user-match-that-yields-no-name", "unmapped", token(preferred_username="CORP-Nobody"), "no account name",
       conf=conf("user_match = CORP-(.*)", r"user_name = \1"))
accept("user-match-that-leaves-the-name", token(preferred_username="CORP-nobody"),
       conf=conf("user_match = CORP-(.*)", r"user_name = \1"))
reject("user-match-not-a-pattern", "config", token(), "user_match", conf=conf("user_match = (nobody"))
reject("user-name-without-user-match", "config", token(), "user_name", conf=conf("user_name = nobody"))

# An address counts where the provider says that it is verified
for name, verified in (("missing", ABSENT), ("false", False), ("string", "true"), ("number", 1), ("null", None),
                       ("array", [True])):
    reject(f"email-verified-{name}", "unmapped", mail("nobody@example.com", verified), "email_verified", conf=MATCH)
reject("email-verified-missing-by-pointer", "unmapped", mail("nobody", ABSENT), "email_verified",
       conf=conf(user_claim="/email"))
accept("email-verified-true-by-pointer", mail("nobody"), conf=conf(user_claim="/email"))
accept("email-not-verified-and-not-used", mail("daemon@example.com", False))

# The claim's type
for name, value, says in (("missing", ABSENT, "it has no `preferred_username`"), ("null", None, "is null"),
                          ("array", ["nobody"], "is an array"),
                          ("number", 1000, "is a number"), ("object", {"x": "nobody"}, "is an object"),
                          ("true", True, "preferred_username"),
                          ("empty", "", "preferred_username"), ("of-1025-bytes", "n" * 1025, "preferred_username")):
    reject(f"user-claim-{name}", "unmapped", token(preferred_username=value), says)
DEEP = conf(user_claim="/names/unix")
accept("user-claim-by-pointer", token(names={"unix": "nobody"}), conf=DEEP)
reject("user-claim-by-pointer-to-an-array", "unmapped", token(names={"unix": ["nobody"]}), "is an array", conf=DEEP)
reject("user-claim-by-pointer-and-a-claim-of-that-name", "unmapped", token(**{"/names/unix": "nobody"}), "it has no",
       conf=DEEP)
accept("user-claim-by-pointer-into-an-array", token(names=["x", "nobody"]), conf=conf(user_claim="/names/1"))

# Maps
LINES = "# who is who\n\n248289761001 nobody\nanother one daemon,nobody\n"


def mapped(name, sub, lines=LINES, reason="unmapped", says="no line for this user"):
    reject(f"user-map-{name}", reason, token(sub=sub), says, conf=MAP, map=lines)


accept("user-map-one-account", token(), conf=MAP, map=LINES)
accept("user-map-several-accounts", token(sub="another one"), "daemon nobody", conf=MAP, map=LINES)
mapped("value-not-there", "248289761002")
mapped("value-prefix", "24828976100")
mapped("value-longer", "2482897610011")
mapped("value-in-another-case", "Another one")
mapped("value-with-space-behind", "248289761001 ")
mapped("value-that-is-a-comment", "# who is")
mapped("value-that-is-an-account", "nobody")
mapped("value-pattern", "*")
mapped("line-without-account-anywhere", "248289761001", LINES + "x\n", "config", "map:5")
mapped("line-with-a-bad-account-anywhere", "248289761001", LINES + "x Root\n", "config", "map:5")
mapped("line-with-an-empty-account-anywhere", "248289761001", LINES + "x nobody,\n", "config", "map:5")
mapped("value-twice", "248289761001", LINES + "248289761001 daemon\n", "config", "map:5")
mapped("not-utf8", "248289761001", LINES.encode() + b"\xff nobody\n", "config", "UTF-8")
mapped("empty", "248289761001", "", "config", "is empty")
reject("user-map-not-there", "system", token(), "map", conf=MAP)
reject("user-map-beside-user-match", "config", token(), "user_map", conf=conf("user_map = @here@/map", "user_match = .*"))
