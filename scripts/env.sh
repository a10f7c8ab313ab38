#!/usr/bin/env bash
# Makes .venv from uv.lock. Needs Python 3.11 or newer; finds uv on PATH or installs it, hash-locked, below .cache/uv.
# Writes below this repository only, and into uv's own cache.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
fail() { say "make env: $1"; say "  $2"; exit 1; }

is_new_enough() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
        if [ -n "$candidate" ] && is_new_enough "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    fail "no Python 3.11, 3.12, 3.13 or 3.14 found (python3 is: $(python3 --version 2>&1 || true))" \
        "install one, as with: sudo apt-get install python3 python3-venv; or name one: make env PYTHON=/path/to/python"
}

# Debian and Ubuntu ship venv and pip apart from Python: take whichever of the two is there.
bootstrap_uv() {
    local python=$1 home=.cache/uv
    say "uv is not on PATH: installing it below $home"
    rm -rf "$home"
    if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        "$python" -m venv "$home"
        "$home/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r scripts/uv.txt >&2
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip install -q --disable-pip-version-check --require-hashes --target "$home" -r scripts/uv.txt >&2
    else
        fail "uv is not on PATH, and $python has neither venv nor pip to install it with" \
            "run: sudo apt-get update && sudo apt-get install -y python3-venv"
    fi
}

find_uv() {
    if command -v uv >/dev/null && uv --version >/dev/null 2>&1; then
        command -v uv
        return
    fi
    [ -x .cache/uv/bin/uv ] && .cache/uv/bin/uv --version >/dev/null 2>&1 || bootstrap_uv "$1"
    printf '%s\n' "$PWD/.cache/uv/bin/uv"
}

python=$(find_python)
uv=$(find_uv "$python")
# A home that can't be written, as some CI has, must not keep us from working.
if [ -z "${UV_CACHE_DIR:-}" ] && ! mkdir -p "${XDG_CACHE_HOME:-${HOME:-/dev/null}/.cache}/uv" 2>/dev/null; then
    export UV_CACHE_DIR="$PWD/.cache/uv-cache"
fi

# `--locked`: what uv.lock names, hashes checked, or nothing. Bytecode now, so that the first start isn't the slow one.
export UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON="$python" UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1
say "$ uv sync --locked --extra local --extra kubernetes --extra air   (Python: $python)"
"$uv" sync --locked --extra local --extra kubernetes --extra air
touch .venv/.made
