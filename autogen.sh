#!/bin/sh -e
# SPDX-License-Identifier: Apache-2.0
# Makes ./configure from a checkout; a release has it already.
cd "$(dirname "$0")"
exec autoreconf -fi
