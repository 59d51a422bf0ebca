# SPDX-License-Identifier: Apache-2.0
"""J1 to J11: JSON that every parser reads alike.  `"x"` is a claim that nobody looks at, so only its text can be wrong."""
from case import CLAIMS, accept, claims_with, reject, token
from jose import text

GOOD = text(CLAIMS)
HEADER = b'{"alg":"ES256","kid":"p256","typ":"JWT"%s}'


def payload_with(inserted):
    return token(payload=claims_with(inserted))


def header_with(inserted):
    return token(head=HEADER % (b"," + text(inserted)))


def no(name, what, inserted):
    reject(f"json-{name}", "malformed", payload_with(inserted), f"payload: JSON: {what}")


def yes(name, inserted):
    accept(f"json-{name}", payload_with(inserted))


# Members that are there twice
yes("same-member-in-two-objects", '"x":{"a":1},"y":{"a":1}')
no("duplicate-claim", "duplicate member", '"sub":"someone-else"')
no("duplicate-claim-of-the-same-value", "duplicate member", '"sub":"248289761001"')
no("duplicate-claim-by-escape", "duplicate member", r'"\u0073ub":"someone-else"')
no("duplicate-nested", "duplicate member", '"x":{"a":1,"b":2,"a":3}')
no("duplicate-nested-by-escape", "duplicate member", r'"x":{"a":1,"\u0061":3}')
no("duplicate-in-array", "duplicate member", '"x":[1,{"a":1,"a":1}]')
no("duplicate-empty-name", "duplicate member", '"":1,"":2')
no("duplicate-beyond-ascii", "duplicate member", '"\u00e9":1,"\\u00E9":2')
no("duplicate-among-a-hundred", "duplicate member", ",".join(f'"x{i}":0' for i in [*range(100), 50]))
yes("a-hundred-members", ",".join(f'"x{i}":0' for i in range(100)))
yes("names-that-differ-by-case", '"x":1,"X":2')
yes("names-that-differ-by-normal-form", '"\u00e9":1,"e\u0301":2')
reject("json-duplicate-in-header", "malformed", header_with('"alg":"ES256"'), "header: JSON: duplicate member")
reject("json-duplicate-in-header-by-escape", "malformed", header_with(r'"\u0061lg":"none"'),
       "header: JSON: duplicate member")

# Strings
yes("escaped-control-character", r'"x":"\u0001"')
yes("every-short-escape", r'"x":"\"\\\/\b\f\n\r\t"')
yes("surrogate-pair", r'"x":"\ud83d\ude00"')
yes("four-byte-utf8", '"x":"\U0001f600"')
yes("del-in-string", '"x":"\x7f"')
no("nul-escape-in-value", "\\u0000", r'"x":"a\u0000b"')
no("nul-escape-in-name", "\\u0000", r'"sub\u0000x":"a"')
no("nul-byte-in-string", "control character", b'"x":"a\x00b"')
no("lone-high-surrogate", "lone surrogate", r'"x":"\ud83d"')
no("lone-low-surrogate", "lone surrogate", r'"x":"\ude00"')
no("surrogates-the-wrong-way-round", "lone surrogate", r'"x":"\ude00\ud83d"')
no("high-surrogate-and-text", "lone surrogate", r'"x":"\ud83dabcdef"')
no("lone-surrogate-in-name", "lone surrogate", r'"\ud800":1')
no("overlong-utf8-of-two", "wrong UTF-8", b'"x":"\xc1\xa1"')
no("overlong-nul", "wrong UTF-8", b'"x":"\xc0\x80"')
no("overlong-utf8-of-three", "wrong UTF-8", b'"x":"\xe0\x80\xaf"')
no("overlong-utf8-of-four", "wrong UTF-8", b'"x":"\xf0\x80\x80\xaf"')
no("surrogate-in-utf8", "wrong UTF-8", b'"x":"\xed\xa0\x80"')
no("beyond-unicode", "wrong UTF-8", b'"x":"\xf4\x90\x80\x80"')
no("utf8-cut-short", "wrong UTF-8", b'"x":"\xe2\x82"')
no("latin-1", "wrong UTF-8", b'"x":"\xe9"')
no("raw-tab-in-string", "control character", '"x":"a\tb"')
no("raw-newline-in-string", "control character", '"x":"a\nb"')
no("unknown-escape", "wrong escape", r'"x":"\x41"')
no("short-unicode-escape", "wrong escape", r'"x":"\u041"')
no("unicode-escape-that-is-not-hex", "wrong escape", r'"x":"\u00g1"')
no("single-quotes", "no value", "\"x\":'a'")
no("single-quoted-name", "no member name", "'x':1")
no("unquoted-name", "no member name", "x:1")
no("unclosed-string", "end of text", '"x":"a')

# Numbers
yes("integer-of-19-digits", '"x":9999999999999999999')
yes("number-just-finite", '"x":1.7e308')
yes("number-in-every-form", '"x":[0,-0,1.5,-1e-5,1E+2]')
no("integer-of-20-digits", "integer of more than 19", '"x":10000000000000000000')
no("number-too-large", "number too large", '"x":1e999')
no("number-just-too-large", "number too large", '"x":1.8e308')
no("negative-number-too-large", "number too large", '"x":-1e999')
no("leading-zero", "wrong number", '"x":01')
no("leading-plus", "no value", '"x":+1')
no("no-digit-behind-the-point", "wrong number", '"x":1.')
no("no-digit-before-the-point", "no value", '"x":.5')
no("no-exponent", "wrong number", '"x":1e')
no("minus-alone", "wrong number", '"x":-')
no("hexadecimal", "no comma", '"x":0x10')
no("nan", "no value", '"x":NaN')
no("infinity", "no value", '"x":Infinity')
no("minus-infinity", "wrong number", '"x":-Infinity')

# Grammar
no("literal-in-capitals", "no value", '"x":True')
no("comma-at-the-end", "no member name", '"x":1,')
no("comma-at-the-end-of-an-array", "no value", '"x":[1,]')
no("no-comma", "no comma", '"x":1 "y":2')
no("no-colon", "no colon", '"x" 1')
no("comment", "no value", '"x":/* one */1')
no("line-comment", "no comma", '"x":1 // one\n')
no("bracket-for-brace", "no comma", '"x":{"a":1]')
no("form-feed-as-space", "no value", '"x":\f1')
no("no-break-space", "no value", '"x":\u00a01')
yes("white-space", '"x" :\t[ 1 ,\r\n2 ] ')
yes("depth-32", f'"x":{"[" * 31}{"]" * 31}')
no("depth-33", "more than 32 levels", f'"x":{"[" * 32}{"]" * 32}')
no("depth-of-thousands", "more than 32 levels", f'"x":{"[" * 5000}')

# The whole text
accept("json-space-around", token(payload=b" \r\n\t" + GOOD + b"\n"))
reject("json-junk-behind", "malformed", token(payload=GOOD + b"x"), "more text after")
reject("json-second-object-behind", "malformed", token(payload=GOOD + b"{}"), "more text after")
reject("json-nul-behind", "malformed", token(payload=GOOD + b"\0"), "more text after")
reject("json-bom", "malformed", token(payload=b"\xef\xbb\xbf" + GOOD), "no object")
reject("json-utf16", "malformed", token(payload=GOOD.decode().encode("utf-16-le")), "payload: JSON: no member name")
reject("json-cut", "malformed", token(payload=GOOD[:-1]), "end of text")
reject("json-array-at-the-top", "malformed", token(payload=b"[" + GOOD + b"]"), "no object")
reject("json-string-at-the-top", "malformed", token(payload='"sub"'), "no object")
reject("json-number-at-the-top", "malformed", token(payload="1"), "no object")
reject("json-null-at-the-top", "malformed", token(payload="null"), "no object")
reject("json-space-alone", "malformed", token(payload="   "), "no object")

# The header is read by the same rules
accept("json-header-with-space-and-escape", token(head=rb' { "alg" : "\u0045S256" , "kid":"p256"} '))
reject("json-header-nul-escape", "malformed", header_with(r'"x":"\u0000"'), "header: JSON: \\u0000")
reject("json-header-overlong", "malformed", header_with(b'"x":"\xc1\xa1"'), "header: JSON: wrong UTF-8")
reject("json-header-single-quotes", "malformed", header_with("'x':1"), "header: JSON: no member name")
reject("json-header-number-too-large", "malformed", header_with('"x":1e999'), "header: JSON: number too large")
reject("json-header-bom", "malformed", token(head=b"\xef\xbb\xbf" + HEADER % b""), "header: JSON: no object")
reject("json-header-junk-behind", "malformed", token(head=HEADER % b"" + b"x"), "header: JSON: more text after")
reject("json-header-array", "malformed", token(head=b"[" + HEADER % b"" + b"]"), "header: JSON: no object")
reject("json-header-depth-33", "malformed", header_with(f'"x":{"[" * 32}{"]" * 32}'), "header: JSON: more than 32")
accept("json-header-depth-32", header_with(f'"x":{"[" * 31}{"]" * 31}'))
