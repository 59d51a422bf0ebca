#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the cases anew, byte for byte: mint.py [FOLDER], where FOLDER is tests/vectors unless it is given."""
import importlib
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True

import case  # noqa: E402

SUBJECTS = (
    "structure base64url json_text header header_keys typ algorithms rsa_keys ec_keys okp_keys keysets kid signatures "
    "issuer audience times ages subject rules mapping names accounts services binding"
).split()


def main():
    to = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    for subject in SUBJECTS:
        importlib.import_module(subject)
    for verdict in ("accept", "reject"):
        shutil.rmtree(to / verdict, ignore_errors=True)
    (to / "jwks.json").write_bytes(case.text(case.JWKS))
    (to / "jwks.conf").write_bytes(case.text(case.conf()))
    for folder, files in case.FOUND.items():
        (to / folder).mkdir(parents=True)
        for name, content in files.items():
            (to / folder / name).write_bytes(content)
    print(f"{len(case.FOUND)} cases")


main()
