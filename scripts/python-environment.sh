# Sourced by scripts that test with Python: makes a virtual environment under .build and says clearly when it cannot.

# python_environment FOLDER REQUIREMENTS [REQUIREMENTS installed without dependencies]: `python` is then in FOLDER/bin.
python_environment() {
    local folder=$1 requirements=$2 bare=${3:-} stamp
    command -v python3 >/dev/null 2>&1 || stop "Python 3 is missing: sudo apt-get install python3 python3-venv"
    stamp=$(cat "$requirements" ${bare:+"$bare"} | cksum)
    [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ] && return 0
    rm -rf "$folder"
    python3 -m venv "$folder" >/dev/null 2>&1 || stop "Python's venv is missing: sudo apt-get install python3-venv"
    say "Fetching $(grep -v '^#' "$requirements" | tr '\n' ' ')from the Python Package Index …"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" \
        || stop "The Python Package Index cannot be reached (or lacks a package), so this test cannot run here."
    if [ -n "$bare" ]; then
        "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$bare" \
            || stop "The Python Package Index cannot be reached (or lacks a package), so this test cannot run here."
    fi
    printf '%s\n' "$stamp" >"$folder/stamp"
}
