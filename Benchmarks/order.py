"""The order in which the linker lays out the functions of the release binary, one symbol a line.

    ./scripts/release --order

What a start and a request run through stands together: first what each further request runs through, then what only the start does.
All else keeps the linker's order. A symbol that is gone does no harm, one that is missing costs a page of memory.
"""

import os
import re
import subprocess
import tempfile

from beside import make_certificate
from instructions import PATHS, profile, without_debug_information

FEW, MANY = 2, 12


def costs(file):
    """Instructions of each function's own, by symbol."""
    listing = subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--show-percs=no", file], capture_output=True, text=True, check=True).stdout
    found = {}
    for amount, symbol in re.findall(r"^ *([\d,]+)  \S*?:(\S+)", listing, re.M):
        symbol = re.sub(r"'\d+$", "", symbol)
        found[symbol] = found.get(symbol, 0) + int(amount.replace(",", ""))
    return found


def main():
    program = os.environ["POSTERN"]
    table = subprocess.run(["nm", "--defined-only", program], capture_output=True, text=True, check=True).stdout
    functions = set(re.findall(r"^\S+ [tTwW] (\S+)$", table, re.M))
    started, asked = set(), set()
    with tempfile.TemporaryDirectory(prefix="postern-order-") as folder:
        make_certificate(folder)
        stripped = without_debug_information(folder, program)
        for path in PATHS:
            few, many = (costs(profile(folder, stripped, path, count, "--demangle=no")) for count in (FEW, MANY))
            started |= set(few) | set(many)
            # A table that grows once is no reason; what runs once for each request is.
            asked |= {symbol for symbol, cost in many.items() if cost >= few.get(symbol, 0) + MANY - FEW}
    for group in (asked, started - asked):
        for symbol in sorted(group & functions):
            print(symbol)


if __name__ == "__main__":
    main()
