# SPDX-License-Identifier: Apache-2.0
"""U1, U2: an account's name is [a-z_][a-z0-9_-]{0,31}, byte for byte; the account database is not asked here."""
from case import accept, reject, token

ANYBODY = "user\n"


def yes(name, account):
    accept(f"name-{name}", token(preferred_username=account), account, request=ANYBODY)


def no(name, account, says="no account name", reason="unmapped"):
    reject(f"name-{name}", reason, token(preferred_username=account), says, request=ANYBODY)


yes("of-one-letter", "a")
yes("of-32-letters", "a" * 32)
yes("underscore-first", "_apt")
yes("digits-and-minus-within", "a-1_b-")
no("of-33-letters", "a" * 33)
no("upper-case", "Nobody", '"Nobody"')
no("all-upper-case", "ROOT")
no("minus-first", "-nobody")
no("plus-first", "+nobody")
no("at-first", "@nobody")
no("hash-first", "#0")
no("percent-first", "%wheel")
no("digits-only", "0")
no("digit-first", "0root")
no("colon-within", "nobody:x:0")
no("slash-within", "nobody/../root")
no("backslash-within", "CORP\\nobody")
no("dot-within", "no.body")
no("dot-dot", "..")
no("dollar-behind", "nobody$")
no("plus-within", "nobody+root")
no("at-within", "nobody@example.com")
no("comma-within", "nobody,root")
no("star", "*")
no("tilde", "~root")
no("command", "$(id)")
no("quote", "nobody'")
no("space-before", " nobody")
no("space-behind", "nobody ", '"nobody "')
no("space-within", "no body")
no("space-alone", " ")
no("tab-behind", "nobody\t", "\\x09")
no("newline-behind", "nobody\n", "\\x0a")
no("newline-and-root-behind", "nobody\nroot")
no("carriage-return-behind", "nobody\r")
no("escape-character", "\x1b[31mnobody", "\\x1b[31m")
no("del-behind", "nobody\x7f")
no("nul-escape-behind", "nobody\0", "\\u0000", "malformed")
no("nul-escape-and-more", "root\0.example.com", "\\u0000", "malformed")
no("bidi-override", "\u202eydobon", "\\xe2\\x80\\xae")
no("zero-width-space", "nobody\u200b")
no("soft-hyphen", "no\u00adbody")
no("fullwidth", "\uff4eobody")
no("fullwidth-root", "\uff52\uff4f\uff4f\uff54")
no("cyrillic", "n\u043ebody")
no("long-s", "dae\u017fmon")
no("kelvin-sign", "\u212aevin")
no("combining-accent", "nobody\u0301")
no("no-break-space-behind", "nobody\u00a0")
no("next-line-behind", "nobody\u0085")
no("byte-order-mark-before", "\ufeffnobody")
