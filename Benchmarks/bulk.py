"""A bulk run against the sandbox on loopback, with Nylas's fifty a second lifted: rows a second that are on disk, and the memory.

Beside it a sequential script on Nylas's SDK for Python, which is how it is done today: as many rows, a sandbox of its own that is as
new, and the seconds of the whole program on both sides. Started by scripts/bench bulk.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "Tests", "EndToEnd"))
import rig as rigging  # noqa: E402

KEY = "nyk_bench"

SEQUENTIAL = """
import csv, sys
from nylas import Client

origin, credential, path = sys.argv[1:]
nylas = Client(api_key="nyk_bench", api_uri=origin)
with open(path, newline="") as file, open(path + ".done", "w") as done:
    for row in csv.DictReader(file):
        settings = {"email_address": row["email"], "credential_id": credential,
                    "scopes": ["https://www.googleapis.com/auth/gmail.readonly"]}
        grant = nylas.auth.custom_authentication({"provider": "google", "settings": settings}).data
        # Not synced: a crash of the machine loses what was written last.
        print(row["email"], grant.id, file=done, flush=True)
"""


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.port = rigging.free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.environment = {n: v for n, v in os.environ.items() if not n.startswith(("POSTERN", "NYLAS"))}
        self.environment["NYLAS_API_KEY"] = KEY
        self.sandbox = rigging.Process(
            "sandbox", ["sandbox", "--port", str(self.port), "--client-id", "bench", "--api-key", KEY], folder, self.environment)
        with open(self.path("config.json"), "w", encoding="utf-8") as file:
            json.dump({"publicURL": "http://localhost:8080", "dataDirectory": self.path("data"), "brand": {"name": "Acme"},
                       "nylas": {"origin": self.origin, "clientID": "bench"}, "connect": {"open": True}}, file)

    def path(self, name):
        return os.path.join(self.folder, name)

    def command(self, *arguments):
        return [rigging.PROGRAM, *arguments, "--config", self.path("config.json")]

    def credential(self):
        pem = "-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(b"\x30\x64" + bytes(100)).decode() + "\n-----END PRIVATE KEY-----\n"
        with open(self.path("key.json"), "w", encoding="utf-8") as file:
            json.dump({"type": "service_account", "private_key_id": "k", "private_key": pem, "client_email": "r@p.example"}, file)
        answer = subprocess.run(
            self.command("credentials", "create", "google", "--name", "bench", "--key-file", self.path("key.json"), "--json"),
            env=self.environment, capture_output=True, text=True, check=True)
        return json.loads(answer.stdout)["id"]

    def list_of(self, name, first, count):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write("email,owner\n")
            file.writelines(f"person-{number}@x.example,user-{number}\n" for number in range(first, first + count))
        return self.path(name)

    def run(self, credential, count, rate):
        """Rows a second of the whole command, and its largest resident memory early and at the end, in MiB."""
        begun = time.perf_counter()
        child = subprocess.Popen(
            self.command("grants", "create", "--credential", credential, "--csv", self.list_of("rows.csv", 0, count), "--rate", str(rate)),
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        memory, stop = [], threading.Event()

        def watch():
            while not stop.wait(0.05):
                try:
                    with open(f"/proc/{child.pid}/status", encoding="ascii") as file:
                        memory.append(int(re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.M).group(1)) / 1024)
                except (OSError, AttributeError):
                    return

        watcher = threading.Thread(target=watch)
        watcher.start()
        status = child.wait(600)
        seconds = time.perf_counter() - begun
        stop.set()
        watcher.join()
        assert status == 0, f"the run ended with {status}"
        quarter = max(len(memory) // 4, 1)
        return count / seconds, max(memory[:quarter]), max(memory)

    def run_sequential(self, python, credential, count):
        """Rows a second of the whole script."""
        path = self.list_of("sdk.csv", 0, count)
        begun = time.perf_counter()
        subprocess.run([python, "-c", SEQUENTIAL, self.origin, credential, path], capture_output=True, text=True, check=True)
        return count / (time.perf_counter() - begun)

    def check(self, count):
        made = self.authentications()
        assert len(made) == count and set(made.values()) == {1}, "rows were lost, or sent twice"

    def authentications(self):
        with urllib.request.urlopen(self.origin + "/sandbox/counts", timeout=30) as answer:
            return json.load(answer)["authentications"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=5_000, help="requests a second at most; 40 shows the pace of real life")
    parser.add_argument("--python", default=os.path.join(ROOT, ".build", "sdk-venv", "bin", "python"))
    options = parser.parse_args()
    if not os.path.exists(options.python):
        print("Python SDK: not installed; ./scripts/sdk-test does it")
        options.python = None
    print(f"load of the machine before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    rate, early, peak = alone(lambda bench: bench.run(bench.credential(), options.rows, options.rate), options.rows)
    print(f"postern grants create   {options.rows:6} rows  {rate:7.0f} rows/s on disk"
          f"   {early:5.1f} MiB in the first quarter, {peak:5.1f} MiB at most")
    if options.python:
        rate = alone(lambda bench: bench.run_sequential(options.python, bench.credential(), options.rows), options.rows)
        print(f"Python SDK, one by one  {options.rows:6} rows  {rate:7.0f} rows/s, not synced")


def alone(work, count):
    """What some work on a sandbox of its own has measured, once it is sure that each row was sent once."""
    with tempfile.TemporaryDirectory(prefix="postern-bench-") as folder:
        bench = Bench(folder)
        bench.sandbox.start(bench.port)
        try:
            measured = work(bench)
            bench.check(count)
            return measured
        finally:
            bench.sandbox.kill()


main()
