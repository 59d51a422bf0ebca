# SPDX-License-Identifier: Apache-2.0
"""C1, K1: `iss` is byte for byte the configured issuer."""
from case import ABSENT, ISSUER, accept, claims, conf, reject, token
from jose import text

SLASH = ISSUER + "/"


def no(name, iss, says=None, **files):
    reject(f"iss-{name}", "issuer", token(iss=iss), "`iss`" if says is None else says, **files)


def other(name, iss, **files):
    no(name, iss, f'iss "{iss}"'[:60], **files)


accept("iss-exact", token())
accept("iss-with-an-escaped-slash", token(payload=text(claims()).replace(b"https://", rb"https:\/\/")))
no("missing", ABSENT)
no("null", None)
no("number", 1)
no("true", True)
no("array", [ISSUER])
no("object", {"iss": ISSUER})
other("empty", "")
other("slash-behind", SLASH)
other("host-in-capitals", ISSUER.replace("login.example.com", "LOGIN.EXAMPLE.COM"))
other("path-in-capitals", ISSUER.replace("corp", "Corp"))
other("scheme-in-capitals", ISSUER.replace("https", "HTTPS"))
other("port-443", ISSUER.replace(".com/", ".com:443/"))
other("dot-behind-the-host", ISSUER.replace(".com/", ".com./"))
other("percent-encoded", ISSUER.replace("corp", "%63orp"))
other("dot-segments", ISSUER.replace("corp", "x/../corp"))
other("double-slash", ISSUER.replace("/corp", "//corp"))
other("http", ISSUER.replace("https", "http"))
other("prefix", ISSUER[:-1])
other("longer", ISSUER + "x")
other("first-character", "H" + ISSUER[1:])
other("last-character", ISSUER[:-1] + "q")
other("without-scheme", ISSUER.removeprefix("https://"))
other("space-before", " " + ISSUER)
other("space-behind", ISSUER + " ")
other("query", ISSUER + "?x=1")
other("fragment", ISSUER + "#x")
other("user-part", ISSUER.replace("login", "login.example.com@evil"))
other("below-ours", ISSUER + "/evil")
other("ours-as-a-subdomain", ISSUER.replace(".com/", ".com.evil.org/"))
other("section-name", "corp")
other("pattern", "https://login.example.com/*")
no("cyrillic-o", ISSUER.replace("corp", "c\u043erp"), "c\\xd0\\xbe")
reject("iss-newline-behind", "issuer", token(iss=ISSUER + "\n"), "corp\\x0a")
reject("iss-nul-behind", "malformed", token(payload=text(claims()).replace(b'corp"', rb'corp\u0000"')), "\\u0000")
reject("iss-in-the-header-only", "issuer", token(head={"iss": ISSUER}, iss=ABSENT), "`iss`")

accept("iss-with-slash-where-it-is-configured", token(iss=SLASH), conf=conf(issuer=SLASH))
reject("iss-without-slash-where-it-is-configured", "issuer", token(), "no configured issuer", conf=conf(issuer=SLASH))
reject("iss-where-nothing-is-configured", "issuer", token(), "no configured issuer", conf="# nobody is trusted\n")
