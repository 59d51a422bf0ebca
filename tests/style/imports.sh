#!/usr/bin/env bash
# Library and module leave the host process as it is: nothing they call ends it, logs for it, or changes or asks its environment.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "${top_builddir:?set by make check}"
status=0

# Called by nobody.
never='(_?exit|_Exit|abort|__assert_fail|atexit|__cxa_atexit|on_exit|signal|sigaction|setitimer|timer_create|pthread_create|
setlocale|umask|chdir|fchdir|chroot|alarm|execve|putenv|setenv|unsetenv|clearenv|getenv|secure_getenv|environ|openlog|closelog|
syslog|system|popen|mmap|setuid|seteuid|setreuid|setresuid|setgid|setgroups|prctl)'
# By the helper's side of a fork, where the host is no longer.
forked='(_exit|umask|chdir|alarm|execve)'

# OBJECT...: who calls what is in $never, as `object: name`.
callers() {
    local object
    for object; do
        ${NM:-nm} -u "$object" | sed -nE "s/^ *U (${never//$'\n'/})(@.*)?$/\1/p" | sed "s,^,$(basename "$object"): ,"
    done
}

objects=()
for object in libjwkscore/.libs/*.o pam_jwks/.libs/*.o; do
    [[ -e $object ]] || { echo "no object: $object"; exit 1; }
    objects+=("$object")
done
want=$(printf 'refresh.o: %s\n' _exit alarm chdir execve umask)
got=$(callers "${objects[@]}" | grep -E "^refresh\.o: $forked$" | sort)
[[ $got == "$want" ]] || { echo "refresh.o calls: $got"; status=1; } # the search finds what is there
others=$(callers "${objects[@]}" | sed -E "/^refresh\.o: $forked$/d")
[[ -z $others ]] || { echo "$others"; status=1; }

# The module stays where it was loaded, and its names are its own.
flags=$(readelf -d pam_jwks/.libs/pam_jwks.so | grep -E 'FLAGS')
for flag in NODELETE SYMBOLIC; do
    grep -q "$flag" <<<"$flags" || { echo "pam_jwks.so is not linked $flag"; status=1; }
done
exit $status
