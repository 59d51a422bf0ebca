#!/usr/bin/env bash
# JSON and keys are parsed by the process without a network alone: from the network's side no call leads there, by the objects.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_builddir:?set by make check}"

# OBJECT...: these, and every object of ours that they call into, and so on.  By whole objects: more than can be called.
reach() {
    # shellcheck disable=SC2086   # NM may be a command with options
    find jwks_fetch libjwkscore -name '*.o' -print0 | xargs -0 ${NM:-nm} -A -g |
        awk -v roots="$*" '{
            object = $1; sub(/:.*/, "", object); sub(/.*\//, "", object); name = $NF
            if ($(NF - 1) == "U") needs[object] = needs[object] " " name
            else maker[name] = object
        }
        END {
            todo = split(roots, queue)
            for (i = 1; i <= todo; i++) {
                if (queue[i] in seen) continue
                seen[queue[i]] = 1
                print queue[i]
                count = split(needs[queue[i]], names)
                for (j = 1; j <= count; j++) if (names[j] in maker) queue[++todo] = maker[names[j]]
            }
        }' | sort
}
# After the fork the starter is in starter.o, where the writer has its side, too; the child begins in child.o, and goes on in
# http.o, which module.o has found by name before the starter was confined.
network=$(reach child.o confine.o http.o)
want='child.o clock.o confine.o headers.o http.o process.o text.o'
got=$(grep -vE '^(syscalls|clock_)' <<<"$network" | xargs)     # of these a build has one of two
[[ $got == "$want" ]] || { echo "reached from the network's side: $got; allowed: $want"; exit 1; }
# What is looked for would be found.
for object in scan.o value.o keyset.o; do
    reach attempt.o | grep -qx "$object" || { echo "the writer does not reach $object: this test would not see it"; exit 1; }
done
