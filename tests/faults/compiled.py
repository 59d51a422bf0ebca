# SPDX-License-Identifier: Apache-2.0
"""Programs of this folder, and the sources of the library built anew for a sanitizer."""
import glob
import os
import shutil
import subprocess

from harness import TESTS, skip

TOP = os.path.dirname(TESTS)
LIBRARIES = ["-lcrypto", "-ljson-c"]


def sources(folder):
    return sorted(path for path in glob.glob(os.path.join(TOP, folder, "*.c")) if not path.endswith("/clock_system.c"))


def library():
    return [*sources("libjwkscore"), os.path.join(TESTS, "clock_test.c")]


def flags(host):
    """As configure would have them, for a build on the host's clock."""
    texts = {"PACKAGE_VERSION": "0", "JWKS_CONF": host.conf_file, "JWKS_STATE_DIR": host.state_dir, "JWKS_RUN_DIR": host.run_dir,
             "JWKS_GRANTS_DIR": host.path("grants"), "JWKS_FETCH_HELPER": host.shim, "JWKS_CA_PATH": "/etc/ssl/certs", "JWKS_TEST_CLOCK": host.clock_file}
    return ["-D_GNU_SOURCE=1", "-D_FILE_OFFSET_BITS=64", "-DJWKS_BUILD_TIME=0", *(f'-D{name}="{text}"' for name, text in texts.items()),
            "-I" + os.path.join(TOP, "libjwkscore"), "-I/usr/include/json-c"]


def compile_with(compiler, folder, *arguments):
    if shutil.which(compiler) is None:
        skip(f"there is no {compiler}")
    done = subprocess.run([compiler, "-std=gnu11", "-g", "-O1", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}: {done.stderr[-2000:]}")


def compiled(host, name, *arguments, compiler="gcc"):
    """The path of what the compiler makes, once a run."""
    path = host.path(name)
    if not os.path.exists(path):
        compile_with(compiler, host.folder, "-o", path, *arguments)
    return path


def library_objects(host, name, *arguments, compiler="gcc"):
    """The library's, in a folder of that name, once a run."""
    folder = host.path(name)
    if not os.path.isdir(folder):
        os.mkdir(folder)
        compile_with(compiler, folder, "-c", *arguments, *flags(host), *library())
    return glob.glob(os.path.join(folder, "*.o"))
