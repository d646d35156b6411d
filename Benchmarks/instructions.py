"""How many instructions the hot paths of the release binary take, against the numbers in instructions.json.

    ./scripts/instructions            compares: more than 5 % above a stored number fails
    ./scripts/instructions --renew    stores what was measured, to be committed with the reason

`postern serve` runs under callgrind, which counts instructions and knows no time: the same on a busy machine as on an idle one. Each
path is asked for in several lives, with different numbers of requests on one kept connection; the difference between the least of each,
divided by the difference of the numbers, is one request without the start of the process. Instructions in the kernel are not counted.
"""

import argparse
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)
from beside import make_certificate, postern, trusting_all  # noqa: E402

STORED = os.path.join(HERE, "instructions.json")
ALLOWANCE = 0.05
FEW, MANY, LIVES = 200, 1200, 3

BROWSER = """Host: localhost:PORT
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
Accept-Language: en-US,en;q=0.5
Accept-Encoding: gzip, deflate, br, zstd
Connection: keep-alive
Upgrade-Insecure-Requests: 1
Sec-Fetch-Dest: document
Sec-Fetch-Mode: navigate
Sec-Fetch-Site: same-origin
Sec-Fetch-User: ?1
Priority: u=0, i
"""
FORM = "Content-Type: application/x-www-form-urlencoded\nContent-Length: 15\n"
# Name: whether over TLS, the request, the status of its answer.
PATHS = {
    "page": (False, "GET / HTTP/1.1\nHost: localhost:PORT\n\n", 200),
    "page for a browser": (False, f"GET / HTTP/1.1\n{BROWSER}\n", 200),
    "page over TLS": (True, "GET / HTTP/1.1\nHost: localhost:PORT\n\n", 200),
    "start of a flow": (False, f"POST /connect HTTP/1.1\n{BROWSER}{FORM}\nprovider=google", 303),
    "refusal": (False, "GET /nowhere HTTP/1.1\nHost: localhost:PORT\n\n", 404),
}


def ask(connection, request, status):
    """One request and its whole answer."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        more = connection.recv(65536)
        assert more, "the connection ended"
        answer += more
    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), head[:200]
    rest = int(re.search(rb"\r\nContent-Length: (\d+)", head).group(1)) - len(content)
    while rest > 0:
        rest -= len(connection.recv(65536))


def connect(server):
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        try:
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            return trusting_all().wrap_socket(connection) if server.secure else connection
        except (OSError, ssl.SSLError):
            time.sleep(0.05)
    raise SystemExit("the server did not come up under callgrind")


def instructions(folder, program, path, count):
    """Of a whole life of the server with so many requests."""
    with open(profile(folder, program, path, count), encoding="utf-8", errors="replace") as file:
        return int(re.findall(r"^(?:summary|totals): (\d+)", file.read(), re.M)[-1])


def profile(folder, program, path, count, *options):
    """callgrind's file about such a life."""
    secure, request, status = PATHS[path]
    server = postern(folder, secure, program)
    out = f"{folder}/callgrind.out"
    server.command[:0] = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "-q", *options]
    # Else every process hashes, and so branches, in its own way.
    server.environment = server.environment | {"SWIFT_DETERMINISTIC_HASHING": "1"}
    server.launch()
    try:
        octets = request.replace("PORT", str(server.port)).replace("\n", "\r\n").encode()
        with connect(server) as connection:
            # Half a second after it is ready, Postern gives pages back: in every life, or it would count for one of them only.
            time.sleep(1)
            for _ in range(count):
                ask(connection, octets, status)
    finally:
        server.child.send_signal(signal.SIGTERM)
        server.child.wait(60)
    return out


def without_debug_information(folder, program):
    """callgrind cannot read all of Swift's; the names of functions stay."""
    stripped = f"{folder}/postern"
    subprocess.run(["strip", "--strip-debug", "-o", stripped, program], check=True)
    return stripped


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="store what is measured")
    options = parser.parse_args()
    program = os.environ["POSTERN"]
    measured, failed = {}, []
    with open(STORED, encoding="utf-8") as file:
        stored = json.load(file)
    with tempfile.TemporaryDirectory(prefix="postern-instructions-") as folder:
        make_certificate(folder)
        stripped = without_debug_information(folder, program)
        for path in PATHS:
            # The least of several lives: now and then one does something beside, such as a look at the clock.
            few, many = (
                min(instructions(folder, stripped, path, count) for _ in range(LIVES)) for count in (FEW, MANY))
            measured[path] = round((many - few) / (MANY - FEW))
            before = stored.get(path)
            change = f"{measured[path] / before - 1:+.1%}" if before else "new"
            print(f"{path:22}{measured[path]:>9} instructions   stored {before or '-':>9}   {change}", flush=True)
            if before and measured[path] > before * (1 + ALLOWANCE):
                failed.append(path)
    if options.renew:
        with open(STORED, "w", encoding="utf-8") as file:
            json.dump(measured, file, indent=2)
            file.write("\n")
        return
    if failed:
        sys.exit(f"More than {ALLOWANCE:.0%} above what is stored: {', '.join(failed)}. On purpose? "
                 "Then ./scripts/instructions --renew, and say why in the commit.")


if __name__ == "__main__":
    main()
