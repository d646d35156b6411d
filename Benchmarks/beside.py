"""What a request costs, beside nginx: the same bytes with the same fields, both with their access logs, in alternating rounds.

    ./scripts/bench beside            every mode        ./scripts/bench beside tls --rounds 7      one of them

plain, tls   the connect page on 64 kept connections: CPU seconds per 100,000 requests
full, resumed   a TLS 1.3 handshake and one page, P-256: CPU seconds per 100,000
start        POST /connect (a flow is made and sealed, 303) and the connect page, in turn: CPU seconds per 100,000; ours alone
idle         resident memory for each of 10,000 TLS connections that wait
cold         milliseconds from exec to the first octet of an answer, and resident memory a second later
crowd        latency of 32 active connections beside 19,900 idle ones (or what descriptors allow), and without them; ours alone

CPU seconds are of the server's whole process tree, from /proc; figures are medians, with the least and the most. Rates would be
noise where server and load share two processors. Loopback only; every run ends by itself.
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Tests"))
from ports import free_port  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TICKS = os.sysconf("SC_CLK_TCK")
MODES = ("plain", "tls", "start", "full", "resumed", "idle", "cold", "crowd")
# What a server says of its own: the other one says its own instead.
OWN_FIELDS = {"date", "server", "connection", "content-length", "x-request-id", "content-type"}


# What a process tree costs

def tree(pid):
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                for child in file.read().split():
                    found += tree(int(child))
    except OSError:
        pass
    return found


def cpu_seconds(pid):
    total = 0
    for member in tree(pid):
        try:
            with open(f"/proc/{member}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICKS


def resident_kilobytes(pid):
    total = 0
    for member in tree(pid):
        try:
            with open(f"/proc/{member}/smaps_rollup", encoding="ascii") as file:
                total += int(re.search(r"Rss:\s+(\d+)", file.read()).group(1))
        except OSError:
            pass
    return total


# The servers

class Server:
    """A program that serves the page on a port of 127.0.0.1."""

    def __init__(self, name, command, port, secure, environment=None, log=os.devnull):
        self.name, self.command, self.port, self.secure = name, command, port, secure
        self.environment, self.log, self.child = environment, log, None

    def launch(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.DEVNULL, env=self.environment)

    def start(self):
        self.launch()
        self.wait_for_answer()

    def wait_for_answer(self):
        """Asks without a pause until something answers."""
        context = trusting_all() if self.secure else None
        question = f"GET / HTTP/1.1\r\nHost: localhost:{self.port}\r\nConnection: close\r\n\r\n".encode()
        begun = time.perf_counter()
        while time.perf_counter() - begun < 20:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                    with (context.wrap_socket(connection) if context else connection) as stream:
                        stream.sendall(question)
                        if stream.recv(1):
                            return
            except OSError:
                time.sleep(0.0005)
        self.stop()
        raise SystemExit(f"no answer from {self.name}")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def trusting_all():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)


def postern(folder, secure, program):
    """Ours: the real configuration of `serve`, its access log to a file as nginx's is."""
    port = free_port()
    configuration = {
        "publicURL": f"{'https' if secure else 'http'}://localhost:{port}",
        "dataDirectory": f"{folder}/data",
        "brand": {"name": "Acme", "supportAddress": "support@example.com", "privacyURL": "https://example.com/privacy"},
        "listen": {"address": "127.0.0.1", "port": port},
        "operations": {"address": "127.0.0.1", "port": free_port()},
        "nylas": {"origin": "http://127.0.0.1:9", "clientID": "benchmark"},
        "connect": {"open": True},
        "log": {"format": "json", "level": "info"},
        # One address starts more here than any client may.
        "limits": {"startsPerMinute": 1_000_000, "startsBurst": 1_000_000},
    }
    if secure:
        configuration["tls"] = {"certificateChain": f"{folder}/cert.pem", "privateKey": f"{folder}/key.pem"}
    path = f"{folder}/config-{'tls' if secure else 'plain'}.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(configuration, file)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("POSTERN", "NYLAS"))}
    environment |= {"NYLAS_API_KEY": "benchmark"}
    return Server("postern", [program, "serve", "--config", path], port, secure, environment, f"{folder}/postern.log")


def nginx(folder, secure, page, fields):
    """nginx with the page as a static file, and with our fields."""
    program = shutil.which("nginx")
    if not program:
        return None
    port = free_port()
    os.makedirs(f"{folder}/www", exist_ok=True)
    with open(f"{folder}/www/page.html", "wb") as file:
        file.write(page)
    lines = ["worker_processes 2;", "daemon off;", f"pid {folder}/nginx.pid;", f"error_log {folder}/nginx-error.log;"]
    if os.geteuid() == 0:
        lines.append("user root;")
    lines += ["worker_rlimit_nofile 40000;", "events { worker_connections 16000; multi_accept on; }", "http {"]
    lines += [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    lines += [
        f"access_log {folder}/nginx.log;", "keepalive_requests 100000000;", "keepalive_timeout 600s;", "sendfile on;",
        "tcp_nopush on;", "open_file_cache max=100 inactive=600s;", "open_file_cache_valid 600s;",
        'types { } default_type "text/html; charset=utf-8";', "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_session_tickets on;",
        "server {", f"listen 127.0.0.1:{port}{' ssl' if secure else ''} backlog=4096 reuseport;",
        f"root {folder}/www;", "index page.html;"]
    if secure:
        lines += [f"ssl_certificate {folder}/cert.pem;", f"ssl_certificate_key {folder}/key.pem;"]
    for name, value in fields:
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"add_header {name} '{quoted}' always;")
    path = f"{folder}/nginx-{'tls' if secure else 'plain'}.conf"
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines + ["}", "}", ""]))
    return Server("nginx", [program, "-c", path], port, secure)


def fetch(server):
    """The page, and the fields of its answer that nginx has to be told."""
    import http.client
    kind, more = (http.client.HTTPSConnection, {"context": trusting_all()}) if server.secure else (http.client.HTTPConnection, {})
    connection = kind("127.0.0.1", server.port, timeout=5, **more)
    connection.request("GET", "/", headers={"Host": f"localhost:{server.port}"})
    answer = connection.getresponse()
    page = answer.read()
    connection.close()
    assert answer.status == 200, answer.status
    return page, [(name, value) for name, value in answer.getheaders() if name.lower() not in OWN_FIELDS]


# Measuring

class Bench:
    def __init__(self, folder, program, options):
        self.folder, self.program, self.options = folder, program, options
        self.load = f"{folder}/load"
        subprocess.run(
            ["cc", "-O2", "-D_GNU_SOURCE", "-o", self.load, f"{HERE}/load.c", "-lssl", "-lcrypto", "-lpthread"], check=True)
        make_certificate(folder)

    def servers(self, secure):
        ours = postern(self.folder, secure, self.program)
        ours.start()
        page, fields = fetch(ours)
        ours.stop()
        size = sum(len(name) + len(value) + 4 for name, value in fields)
        print(f"  page: {len(page)} octets, and {size} of fields")
        theirs = nginx(self.folder, secure, page, fields)
        if theirs is None:
            print("  nginx is not installed: ours alone")
        return [ours] + ([theirs] if theirs else [])

    def request(self, server, text):
        path = f"{self.folder}/request"
        with open(path, "wb") as file:
            file.write(text.replace("PORT", str(server.port)).replace("\n", "\r\n").encode())
        return path

    def command(self, server, mode, kind, count, seconds, text):
        return [self.load, mode, kind, str(server.port), str(count), str(seconds), self.request(server, text)]

    def measure(self, server, mode, kind, count, text):
        """One run under load: CPU seconds of the server per 100,000, and what the load saw."""
        subprocess.run(self.command(server, mode, kind, count, 1, text), capture_output=True, check=True)
        before = cpu_seconds(server.child.pid)
        said = subprocess.run(
            self.command(server, mode, kind, count, self.options.seconds, text), capture_output=True, check=True)
        spent = cpu_seconds(server.child.pid) - before
        seen = json.loads(said.stdout)
        seen["cpu"] = spent / max(seen["done"], 1) * 1e5
        return seen

    def rounds(self, servers, body):
        results = {server.name: [] for server in servers}
        for _ in range(self.options.rounds):
            for server in servers:
                server.start()
                try:
                    results[server.name].append(body(server))
                finally:
                    server.stop()
        return results


PAGE = "GET / HTTP/1.1\nHost: localhost:PORT\n\n"
LAST_PAGE = "GET / HTTP/1.1\nHost: localhost:PORT\nConnection: close\n\n"
FORM = (
    "POST /connect HTTP/1.1\nHost: localhost:PORT\nSec-Fetch-Site: same-origin\n"
    "Content-Type: application/x-www-form-urlencoded\nContent-Length: 15\n\nprovider=google")


def spread(values, digits=2):
    return f"{statistics.median(values):10.{digits}f}   [{min(values):.{digits}f} .. {max(values):.{digits}f}]"


def compare(results, key, unit, digits=2):
    medians = {}
    for name, rows in results.items():
        medians[name] = statistics.median(row[key] for row in rows)
        failed = sum(row.get("failed", 0) for row in rows)
        print(f"  {name:10}{spread([row[key] for row in rows], digits)}  {unit}{f'  FAILED {failed}' if failed else ''}")
    if len(medians) == 2:
        (first, ours), (name, theirs) = medians.items()
        print(f"  {first} to {name}: {ours / max(theirs, 1e-9):.2f}")
    return medians


def kept(bench, mode):
    results = bench.rounds(bench.servers(mode == "tls"), lambda server: bench.measure(server, "kept", mode, 64, PAGE))
    return compare(results, "cpu", "CPU s per 100,000")


def handshakes(bench, mode):
    results = bench.rounds(bench.servers(True), lambda server: bench.measure(server, "once", mode, 16, LAST_PAGE))
    for name, rows in results.items():
        resumed = sum(row["resumed"] for row in rows) / max(sum(row["done"] for row in rows), 1)
        print(f"  {name:10}{resumed:10.0%}  resumed")
    return compare(results, "cpu", "CPU s per 100,000")


def start(bench, _):
    ours = postern(bench.folder, False, bench.program)
    rows = bench.rounds([ours], lambda server: [
        bench.measure(server, "kept", "plain", 64, text) for text in (PAGE, FORM)])["postern"]
    return compare({"start": [row[1] for row in rows], "page": [row[0] for row in rows]}, "cpu", "CPU s per 100,000")


def hold(bench, server, kind, count, seconds):
    holder = subprocess.Popen(
        bench.command(server, "hold", kind, count, seconds, PAGE), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return holder, json.loads(holder.stdout.readline())


def idle(bench, _):
    def body(server):
        before = resident_kilobytes(server.child.pid)
        holder, seen = hold(bench, server, "tls", 10_000, 30)
        time.sleep(1)
        each = (resident_kilobytes(server.child.pid) - before) / max(seen["held"], 1)
        holder.communicate()
        return {"each": each, "before": before, "failed": seen["failed"]}
    return compare(bench.rounds(bench.servers(True), body), "each", "kB per connection")


def cold(bench, _):
    def body(server):
        begun = time.perf_counter()
        server.launch()
        server.wait_for_answer()
        took = (time.perf_counter() - begun) * 1000
        time.sleep(1)
        return {"took": took, "resident": resident_kilobytes(server.child.pid) / 1000}
    servers = bench.servers(False)
    results = {server.name: [] for server in servers}
    for _ in range(3 * bench.options.rounds):
        for server in servers:
            try:
                results[server.name].append(body(server))
            finally:
                server.stop()
    compare(results, "resident", "MB resident, idle")
    return compare(results, "took", "ms from exec to the first octet")


def crowd(bench, _):
    ours = postern(bench.folder, False, bench.program)
    # 20,000 in all are the server's limit; a process may be allowed fewer descriptors.
    idle = min(19_900, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 400)

    def body(server):
        alone = bench.measure(server, "kept", "plain", 32, PAGE)
        # Kept for less than the minute after which a server of ours closes what idles.
        holder, seen = hold(bench, server, "plain", idle, 50)
        beside = bench.measure(server, "kept", "plain", 32, PAGE)
        resident = resident_kilobytes(server.child.pid) / 1000
        holder.communicate()
        return {"alone": alone, "beside": beside, "failed": seen["failed"], "held": seen["held"], "resident": resident}
    rows = bench.rounds([ours], body)["postern"]
    print(f"  held {min(row['held'] for row in rows)}, failed {sum(row['failed'] for row in rows)}, "
          f"resident {statistics.median(row['resident'] for row in rows):.1f} MB")
    medians = {}
    for key, unit in (("median_us", "microseconds, median"), ("p99_us", "microseconds, 99th of 100"), ("cpu", "CPU s per 100,000")):
        medians = compare({name: [row[name] for row in rows] for name in ("beside", "alone")}, key, unit)
    return medians


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modes", nargs="*", metavar="MODE", help=f"one or more of {', '.join(MODES)}; none means all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of load in a round, at most 10")
    options = parser.parse_args()
    if unknown := set(options.modes) - set(MODES):
        parser.error(f"no such mode: {', '.join(sorted(unknown))}")
    if not 1 <= options.seconds <= 10 or not 1 <= options.rounds <= 50:
        parser.error("--seconds takes 1 to 10, --rounds 1 to 50")
    program = os.environ.get("POSTERN", os.path.join(ROOT, ".build", "bench", "postern"))
    wanted = 45_000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
    except (OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    run = {"plain": kept, "tls": kept, "full": handshakes, "resumed": handshakes, "start": start, "idle": idle,
           "cold": cold, "crowd": crowd}
    with tempfile.TemporaryDirectory(prefix="postern-beside-") as folder:
        bench = Bench(folder, program, options)
        for mode in options.modes or MODES:
            print(f"{mode}  (load average {os.getloadavg()[0]:.1f})", flush=True)
            run[mode](bench, mode)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
