# SPDX-License-Identifier: Apache-2.0
"""C2: `aud` is ours, as a string or an element; strangers beside it only if `azp` is ours, or by leave."""
from case import ABSENT, AUDIENCE, accept, claims, conf, reject, token
from jose import text

OURS, THEIRS = AUDIENCE, "mail"
EXTRA = conf("allow_extra_audience = yes")
SEVERAL = conf(audience="ssh-prod ssh-test")


def yes(name, aud, files=None, **more):
    accept(f"aud-{name}", token(aud=aud, **more), **(files or {}))


def no(name, aud, says, files=None, **more):
    reject(f"aud-{name}", "audience", token(aud=aud, **more), says, **(files or {}))


yes("string", OURS)
yes("array-of-one", [OURS])
yes("array-with-ours-twice", [OURS, OURS])
no("missing", ABSENT, "`aud` is absent")
no("null", None, "`aud` is null")
no("number", 1, "`aud` is a number")
no("true", True, "`aud`")
no("object", {OURS: OURS}, "`aud` is an object")
no("empty", "", 'aud ""')
no("empty-array", [], "not an audience")
no("array-with-empty", [""], 'aud ""')
no("array-with-a-number", [OURS, 1], "`aud`")
no("array-with-null", [OURS, None], "`aud`")
no("array-with-true", [OURS, True], "`aud`")
no("array-with-an-object", [OURS, {"x": OURS}], "`aud`")
no("array-in-array", [[OURS]], "`aud`")
no("array-in-array-beside-ours", [OURS, [THEIRS]], "`aud`")
no("another", THEIRS, 'aud "mail"')
no("prefix", OURS[:-1], 'aud "ssh-pro"')
no("longer", OURS + "x", 'aud "ssh-prodx"')
no("upper-case", OURS.upper(), 'aud "SSH-PROD"')
no("space-behind", OURS + " ", 'aud "ssh-prod "')
no("joined-by-space", f"{THEIRS} {OURS}", 'aud "mail ssh-prod"')
no("joined-by-comma", f"{OURS},{THEIRS}", 'aud "ssh-prod,mail"')
no("array-written-in-a-string", text([OURS]).decode(), "not an audience")
no("section-name", "corp", 'aud "corp"')
no("issuer", claims()["iss"], "not an audience")
no("pattern", "*", 'aud "*"')
no("two-that-only-together-are-ours", ["ssh-", "prod"], "not an audience")
no("only-in-azp", THEIRS, 'aud "mail"', azp=OURS)
reject("aud-nul-behind", "malformed", token(payload=text(claims()).replace(b'prod"', rb'prod\u0000"')), "\\u0000")

# Strangers
BOTH = [OURS, THEIRS]
yes("with-a-stranger-and-azp-ours", BOTH, azp=OURS)
yes("with-a-stranger-in-front-and-azp-ours", [THEIRS, OURS], azp=OURS)
yes("with-an-allowed-stranger", BOTH, {"conf": EXTRA})
yes("with-an-allowed-stranger-and-azp-theirs", BOTH, {"conf": EXTRA}, azp=THEIRS)
no("with-a-stranger-and-no-azp", BOTH, "names others")
no("with-a-stranger-in-front-and-no-azp", [THEIRS, OURS], "names others")
no("with-a-stranger-and-azp-theirs", BOTH, 'azp "mail"', azp=THEIRS)
no("with-a-stranger-and-azp-empty", BOTH, 'azp ""', azp="")
no("with-a-stranger-and-azp-array", BOTH, "`azp`", azp=[OURS])
no("with-a-stranger-and-azp-in-capitals", BOTH, 'azp "SSH-PROD"', azp=OURS.upper())
no("with-an-empty-string-and-no-azp", [OURS, ""], "names others")
no("strangers-alone-where-extra-is-allowed", [THEIRS, "web"], "not an audience", {"conf": EXTRA})
no("string-stranger-where-extra-is-allowed", THEIRS, "not an audience", {"conf": EXTRA})
no("azp-number-beside-a-good-audience", OURS, "`azp`", azp=1)
yes("azp-theirs-beside-a-good-audience", OURS, azp=THEIRS)

# Several of ours
yes("second-of-ours", "ssh-test", {"conf": SEVERAL})
yes("both-of-ours", ["ssh-prod", "ssh-test"], {"conf": SEVERAL})
yes("with-a-stranger-and-azp-our-second", ["ssh-prod", THEIRS], {"conf": SEVERAL}, azp="ssh-test")
no("both-of-ours-in-one-string", "ssh-prod ssh-test", "not an audience", {"conf": SEVERAL})
no("second-of-ours-where-one-is-configured", "ssh-test", 'aud "ssh-test"')
no("azp-our-second-where-one-is-configured", BOTH, 'azp "ssh-test"', azp="ssh-test")
