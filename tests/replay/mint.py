#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mint.py FOLDER ISSUER USER SECONDS KID...: FOLDER/jwks.json, and FOLDER/KID.token that is good from now on for so long."""
import json
import os
import sys
import time

sys.dont_write_bytecode = True               # the sources stay as they are
import host  # pylint: disable=wrong-import-position


def main():
    folder, issuer, user, seconds, *kids = sys.argv[1:]
    keys = [host.Key(kid) for kid in kids]
    with open(os.path.join(folder, "jwks.json"), "w", encoding="ascii") as file:
        json.dump({"keys": [key.jwk for key in keys]}, file)
    now = int(time.time())
    for key in keys:
        with open(os.path.join(folder, f"{key.kid}.token"), "wb") as file:
            file.write(key.token({"iss": issuer, "aud": "ssh", "sub": user, "iat": now, "exp": now + int(seconds)}) + b"\n")


if __name__ == "__main__":
    main()
