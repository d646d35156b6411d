"""Sizes, times and complete connects per second of a release build, on loopback, as a table and as JSON.

A connect is: POST /connect, the sandbox's authorisation, GET /callback (claim, exchange, judging, durable save), GET /connected.
Postern and the sandbox are processes of their own; CPU seconds are Postern's alone, from /proc. Python's standard library alone.
"""

import argparse
import json
import os
import platform
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Tests", "EndToEnd"))
import rig as rigging  # noqa: E402
from rig import Rig  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


# What a process costs

def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_milliseconds(pid):
    """Finer than `cpu_seconds`, but without threads that have ended: for a process that has just started."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e6


def memory(pid, name):
    """A line of /proc/PID/status, in kB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.M).group(1))


def first_answer(start, port, path, host):
    """Milliseconds from the start of a program to the last byte of its first answer, asked for without a pause."""
    question = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    begun = time.perf_counter()
    child = start()
    while time.perf_counter() - begun < 20:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(question)
                answer = b""
                while data := connection.recv(65536):
                    answer += data
            if answer.startswith(b"HTTP/1.1 200"):
                return (time.perf_counter() - begun) * 1000, child
        except OSError:
            time.sleep(0.0005)
    child.kill()
    raise SystemExit(f"no answer on port {port}")


# Browsers without a thread each: generators that yield a request and are sent its answer

def connect(rig):
    """One complete connect; yields (port, request) and is sent (status, location, cookies)."""
    host = f"localhost:{rig.port}"
    form = b"provider=google"
    status, location, cookies = yield rig.port, (
        f"POST /connect HTTP/1.1\r\nHost: {host}\r\nOrigin: {rig.origin}\r\nSec-Fetch-Site: same-origin\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n").encode() + form
    assert status == 303, ("start", status)
    path = urllib.parse.urlsplit(location)
    status, location, _ = yield rig.sandbox_port, (
        f"GET {path.path}?{path.query} HTTP/1.1\r\nHost: 127.0.0.1:{rig.sandbox_port}\r\n\r\n").encode()
    assert status == 302, ("authorisation", status)
    path = urllib.parse.urlsplit(location)
    status, location, cookies = yield rig.port, (
        f"GET {path.path}?{path.query} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n").encode()
    assert status == 303 and "/connected/" in location, ("callback", status, location[:11])
    path = urllib.parse.urlsplit(location).path
    status, _, _ = yield rig.port, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n".encode()
    assert status == 200, ("result", status)


class Lane:
    """One person after another, on two kept connections."""

    def __init__(self, rig, selector):
        self.rig, self.selector = rig, selector
        self.sockets = {}
        self.steps, self.port, self.buffer = None, None, b""
        #: Of the connect in hand: whom it asked, and how many seconds the answer took.
        self.waits = []

    def begin(self):
        self.begun = time.perf_counter()
        self.steps, self.waits = connect(self.rig), []
        self.ask(*next(self.steps))

    def ask(self, port, request):
        self.port, self.buffer = port, b""
        if port not in self.sockets:
            made = socket.create_connection(("127.0.0.1", port), timeout=30)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets[port] = made
            self.selector.register(made, selectors.EVENT_READ, self)
        self.asked = time.perf_counter()
        self.sockets[port].sendall(request)

    def readable(self, connection):
        """Returns the seconds of a connect that has ended, else None."""
        data = connection.recv(262144)
        if not data:
            self.selector.unregister(connection)
            connection.close()
            self.sockets = {port: kept for port, kept in self.sockets.items() if kept is not connection}
            if self.sockets.get(self.port) is None and self.buffer is not None:
                raise SystemExit("a connection was closed under a request")
            return None
        self.buffer += data
        head, separator, content = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
        if len(content) < (int(length.group(1)) if length else 0):
            return None
        location = re.search(rb"\r\nlocation: *([^\r]*)", head, re.I)
        cookies = b"; ".join(
            value for value in re.findall(rb"\r\nset-cookie: *([^;\r]*)", head, re.I) if not value.endswith(b"="))
        answer = int(head[9:12]), location.group(1).decode() if location else "", cookies.decode()
        self.buffer = None
        self.waits.append((self.port, time.perf_counter() - self.asked))
        try:
            self.ask(*self.steps.send(answer))
            return None
        except StopIteration:
            return time.perf_counter() - self.begun

    def close(self):
        for connection in self.sockets.values():
            connection.close()


def run_connects(rig, total, at_once):
    selector = selectors.DefaultSelector()
    lanes = [Lane(rig, selector) for _ in range(at_once)]
    pid = rig.postern.child.pid
    cpu, begun = cpu_seconds(pid), time.perf_counter()
    started, times = 0, []
    for lane in lanes[:total]:
        lane.begin()
        started += 1
    while len(times) < total:
        events = selector.select(timeout=30)
        assert events, "nothing happens any more"
        for key, _ in events:
            took = key.data.readable(key.fileobj)
            if took is not None:
                times.append(took)
                if started < total:
                    key.data.begin()
                    started += 1
    wall, cpu = time.perf_counter() - begun, cpu_seconds(pid) - cpu
    for lane in lanes:
        lane.close()
    times.sort()
    return {
        "connects": total, "at_once": at_once, "per_second": round(total / wall, 1),
        "median_ms": round(statistics.median(times) * 1000, 2),
        "p99_ms": round(times[min(len(times) - 1, int(len(times) * 0.99))] * 1000, 2),
        "cpu_seconds_per_1000": round(cpu / total * 1000, 3),
    }


# What else is measured

def fsync_milliseconds(folder):
    """One 4 KiB append with fsync: what a durable save costs at least here."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(200):
            begun = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(times), 3)


def nginx_beside(folder):
    """nginx with one worker serving one small page, for comparison; None where it is not installed."""
    program = next((path for path in ("/usr/sbin/nginx", "/usr/local/sbin/nginx") if os.path.exists(path)), None)
    if program is None:
        return None
    port = rigging.free_port()
    page = os.path.join(folder, "page")
    os.makedirs(page)
    os.chmod(folder, 0o755)
    with open(os.path.join(page, "index.html"), "w", encoding="ascii") as file:
        file.write("x" * 2000)
    configuration = os.path.join(folder, "nginx.conf")
    with open(configuration, "w", encoding="ascii") as file:
        file.write(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr; events {{}} http {{ access_log off; "
            f"server {{ listen 127.0.0.1:{port}; root {page}; }} }}")
    times, resident = [], 0
    for _ in range(5):
        took, child = first_answer(
            lambda: subprocess.Popen([program, "-c", configuration], stderr=subprocess.DEVNULL), port, "/", "localhost")
        times.append(took)
        children = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True, check=False).stdout.split()
        resident = memory(child.pid, "VmRSS") + sum(memory(int(each), "VmRSS") for each in children)
        child.terminate()
        child.wait(10)
    return {
        "binary_mb": round(os.path.getsize(program) / 1e6, 2), "resident_mb": round(resident / 1000, 1),
        "first_answer_ms": round(statistics.median(times), 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connects", type=int, default=2000, help="how many in all, for each crowd (default 2000)")
    parser.add_argument("--starts", type=int, default=9, help="how often the start is timed (default 9)")
    parser.add_argument("--json", default=os.path.join(rigging.ROOT, ".build", "bench.json"), help="where the figures go")
    options = parser.parse_args()
    if not 64 <= options.connects <= 50_000:
        parser.error("--connects takes 64 to 50000")

    rig = Rig(log_level="warning")
    try:
        figures = measure(rig, options)
    finally:
        rig.close()
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=2)
        file.write("\n")
    show(figures)
    print(f"\nwritten to {options.json}")


def measure(rig, options):
    figures = {
        "machine": {"processors": os.cpu_count(), "kernel": platform.release(), "fsync_ms": fsync_milliseconds(rig.folder)},
        "binary_mb": round(os.path.getsize(rigging.PROGRAM) / 1e6, 2)}
    rig.sandbox.start(rig.sandbox_port)
    # The first start makes the store and the key.
    rig.postern.start(rig.port)
    time.sleep(1)
    figures["resident_idle_mb"] = round(memory(rig.postern.child.pid, "VmRSS") / 1000, 1)
    figures["resident_idle_own_mb"] = round(memory(rig.postern.child.pid, "RssAnon") / 1000, 1)
    figures["threads"] = len(os.listdir(f"/proc/{rig.postern.child.pid}/task"))
    rig.postern.stop()

    times, cpu = [], []
    for _ in range(options.starts):
        with open(rig.postern.output_path, "ab") as output:
            took, child = first_answer(
                lambda output=output: subprocess.Popen(
                    [rigging.PROGRAM, *rig.postern.arguments], stdout=output, stderr=output, env=rig.postern.environment,
                    cwd=rigging.ROOT),
                rig.port, "/", f"localhost:{rig.port}")
        times.append(took)
        cpu.append(cpu_milliseconds(child.pid))
        child.terminate()
        child.wait(25)
    figures["first_answer_ms"] = round(statistics.median(times), 1)
    figures["first_answer_cpu_ms"] = round(statistics.median(cpu), 1)

    rig.postern.start(rig.port)
    rig.ask_sandbox("POST", "/sandbox/script", {"auto": "approve", "auto_address": "bench-{n}@gmail.example"})
    run_connects(rig, 64, 8)
    figures["connects"] = [run_connects(rig, options.connects, at_once) for at_once in (1, 64)]
    [(saved,)] = rig.rows("SELECT count(*) FROM grants")
    assert saved == 64 + 2 * options.connects, f"{saved} grants are in the store"
    figures["resident_after_mb"] = round(memory(rig.postern.child.pid, "VmRSS") / 1000, 1)
    rig.postern.stop()
    # Stopped, its log is folded in.
    figures["store_bytes_per_grant"] = os.path.getsize(os.path.join(rig.data, "postern.db")) // saved
    with tempfile.TemporaryDirectory(prefix="postern-bench-") as folder:
        figures["nginx"] = nginx_beside(folder)
    return figures


def show(figures):
    other = figures["nginx"] or {}
    machine = figures["machine"]
    print(f"{machine['processors']} processors, Linux {machine['kernel']}; a 4 KiB append with fsync takes {machine['fsync_ms']} ms\n")
    print(f"{'':44}{'postern':>10}{'nginx':>10}")
    for name, value, beside in (
        ("stripped binary, MB", figures["binary_mb"], other.get("binary_mb")),
        ("resident when idle, MB", figures["resident_idle_mb"], other.get("resident_mb")),
        ("  of that not files of the disk, MB", figures["resident_idle_own_mb"], None),
        ("threads", figures["threads"], None),
        ("start of the process to first page, ms", figures["first_answer_ms"], other.get("first_answer_ms")),
        ("  CPU time of that, ms", figures["first_answer_cpu_ms"], None),
        ("resident after all connects, MB", figures["resident_after_mb"], None),
        ("store: bytes per grant, flow and audit", figures["store_bytes_per_grant"], None),
    ):
        print(f"{name:44}{value:>10}{'' if beside is None else beside:>10}")
    print(f"\n{'complete connects':>17}{'at once':>9}{'per s':>9}{'median ms':>11}{'p99 ms':>9}{'CPU s per 1,000':>17}")
    for run in figures["connects"]:
        print(
            f"{run['connects']:>17}{run['at_once']:>9}{run['per_second']:>9}{run['median_ms']:>11}{run['p99_ms']:>9}"
            f"{run['cpu_seconds_per_1000']:>17}")


if __name__ == "__main__":
    main()
