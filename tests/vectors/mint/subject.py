# SPDX-License-Identifier: Apache-2.0
"""C7, C8, C10: `sub` is needed; what is made for something else than a login is none."""
from case import ABSENT, accept, conf, reject, token


def no(name, sub, reason="claim", says="no `sub`"):
    reject(f"sub-{name}", reason, token(sub=sub), says)


accept("sub-of-255-bytes", token(sub="s" * 255))
accept("sub-of-one-byte", token(sub="s"))
accept("sub-with-any-printable-characters", token(sub='auth0|a b"\\/\u00e9\u4e2d'))
no("missing", ABSENT)
no("empty", "")
no("of-256-bytes", "s" * 256)
no("of-128-characters-of-two-bytes", "\u00e9" * 128)
no("number", 1)
no("null", None)
no("true", True)
no("array", ["s"])
no("object", {"x": "s"})
no("with-newline", "a\nb")
no("with-escape-character", "a\x1b[2Jb")
no("with-del", "a\x7fb")
no("with-c1-control-character", "a\u009bb")
no("with-nul", "a\0b", "malformed", "\\u0000")
no("with-tab", "a\tb")

accept("claims-that-nobody-knows", token(jti="1", nonce="n", may_act={"sub": "x"}, event="x", actor="y", sid="s"))
for claim in ("events", "act"):
    for name, value in (("object", {"x": {}}), ("null", None), ("false", False), ("empty", {})):
        reject(f"{claim}-{name}", "claim", token(**{claim: value}), f"`{claim}`")
for option in ("issuer", "audience", "user_claim"):
    reject(f"conf-without-{option.replace('_', '-')}", "config", token(), option, conf=conf(**{option: None}))
reject("conf-with-an-unknown-option", "config", token(), "require_exp", conf=conf("require_exp = no"))
