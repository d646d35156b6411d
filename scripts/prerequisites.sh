# Sourced by the other scripts: says what is missing on this machine and installs it where it may. Bash, not run by itself.
# Debian and Ubuntu package names; elsewhere the sentence names what to install.

say() { printf '%s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

# The Swift toolchain is too large to install behind somebody's back.
require_swift() {
    command -v swift >/dev/null 2>&1 || stop "Swift 6.3 or newer is needed and 'swift' was not found on the PATH. See https://www.swift.org/install/linux/"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    read -r major minor <<<"${version:-0 0}"
    if (( major < 6 || (major == 6 && minor < 3) )); then
        stop "Swift 6.3 or newer is needed; this is $(swift --version 2>/dev/null | head -n 1). See https://www.swift.org/install/linux/"
    fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# require_packages NAME…: installs the missing ones, or stops with the command that would.
require_packages() {
    local missing=() name
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "Not a Debian or Ubuntu machine: if the build fails, install the equivalents of: $*"
        return 0
    fi
    for name in "$@"; do is_installed "$name" || missing+=("$name"); done
    (( ${#missing[@]} == 0 )) && return 0
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        if sudo -n true 2>/dev/null; then as_root=(sudo -n)
        elif [ -t 0 ] && command -v sudo >/dev/null 2>&1; then as_root=(sudo)
        else stop "These packages are missing, and installing them needs root: sudo apt-get install ${missing[*]}"
        fi
    fi
    say "Installing ${missing[*]} …"
    "${as_root[@]}" apt-get update -qq >&2 || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null \
        || stop "Installing failed. Try it by hand: sudo apt-get install ${missing[*]}"
}
