"""A million grants in the store: how long a start takes, what a look-up by ID, address or owner costs, and how much memory there is.

The same is asked of a store with a thousand grants, in alternation. Started by scripts/bench store.
"""

import argparse
import http.client
import json
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "Tests", "EndToEnd"))
import rig as rigging  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
MICROSECONDS = 1_780_000_000_000_000


class Store:
    """A Postern with a token, over a store of so many grants, each with an owner."""

    def __init__(self, count):
        self.count = count
        self.rig = rigging.Rig(log_level="warning")
        made = json.loads(subprocess.run(
            [rigging.PROGRAM, "tokens", "create", "bench", "--scope", "read", "--json"], check=True, capture_output=True,
            text=True).stdout)
        self.fields = {"Host": f"localhost:{self.rig.port}", "Authorization": "Bearer " + made["token"]}
        with open(self.rig.config, encoding="utf-8") as file:
            configuration = json.load(file)
        configuration["api"] = {"tokens": [made["configuration"]]}
        configuration["limits"] |= {"apiFailuresPerMinute": 1000000, "apiFailuresBurst": 1000000}
        with open(self.rig.config, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        # Postern makes the tables, as they are in this version.
        self.rig.start()
        self.rig.postern.stop()
        self.fill()

    def fill(self):
        connection = sqlite3.connect(os.path.join(self.rig.data, "postern.db"))
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            # In the order of the key: into a B-tree at its end.
            connection.executemany(
                "INSERT INTO grants (id, provider, address, scopes, status, created_at, updated_at, saved_at, changed_at)"
                " VALUES (?, 'google', ?, '[\"https://www.googleapis.com/auth/gmail.readonly\"]', 'valid', ?, ?, ?, ?)",
                ((self.grant(n), self.address(n), *[MICROSECONDS + n] * 4) for n in range(self.count)))
            connection.executemany(
                "INSERT INTO ownership (grant_id, owner, since, tags) VALUES (?, ?, ?, '{}')",
                ((self.grant(n), self.owner(n), MICROSECONDS + n) for n in range(self.count)))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def grant(self, number):
        return f"{number:08x}-0000-4000-8000-{number:012x}"

    def address(self, number):
        return f"person-{number:07}@x.example"

    def owner(self, number):
        return f"user-{number:07}"

    def paths(self, kind, numbers):
        for number in numbers:
            yield {
                "ID": f"/api/v1/grants/{self.grant(number)}",
                "address": "/api/v1/grants?address=" + urllib.parse.quote(self.address(number)),
                "owner": f"/api/v1/owners/{self.owner(number)}",
                "nothing": "/api/v1/grants",
            }[kind]

    def start(self):
        """Milliseconds from exec to the first page."""
        begun = time.perf_counter()
        self.rig.postern.start(self.rig.port)
        connection = http.client.HTTPConnection("127.0.0.1", self.rig.port, timeout=20)
        connection.request("GET", "/", headers=self.fields)
        assert connection.getresponse().read()
        took = (time.perf_counter() - begun) * 1000
        connection.close()
        return took

    def processor_seconds(self):
        with open(f"/proc/{self.rig.postern.child.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident(self):
        with open(f"/proc/{self.rig.postern.child.pid}/smaps_rollup", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Rss:")) / 1024

    def reads(self):
        """How many reads of the store there were, how many of them took at most 100 µs, and their seconds: Postern's own histogram."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rig.operations_port, timeout=20)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()

        def value(name):
            return float(re.search(rf"^postern_store_read_seconds_{re.escape(name)} (\S+)$", text, re.M).group(1))

        return value("count"), value('bucket{le="0.0001"}'), value("sum")

    def ask(self, kind, count, rolls):
        """Microseconds of Postern's processors for one, and the median time of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rig.port, timeout=20)
        # Without a token: all that a request costs before the store is asked.
        fields = self.fields if kind != "nothing" else {"Host": self.fields["Host"]}
        times, before = [], self.processor_seconds()
        for path in self.paths(kind, [rolls.randrange(self.count) for _ in range(count)]):
            begun = time.perf_counter()
            connection.request("GET", path, headers=fields)
            response = connection.getresponse()
            content = response.read()
            times.append(time.perf_counter() - begun)
            if kind == "nothing":
                assert response.status == 401, response.status
            else:
                assert response.status == 200 and b"-0000-4000-8000-" in content, (response.status, content)
        used = self.processor_seconds() - before
        connection.close()
        return used / count * 1e6, statistics.median(times) * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grants", type=int, default=1_000_000)
    parser.add_argument("--asks", type=int, default=4000, help="look-ups of each kind in a round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rolls = random.Random(1)
    stores = [Store(1000), Store(options.grants)]
    try:
        figures = {store.count: {} for store in stores}

        def note(store, name, value):
            figures[store.count].setdefault(name, []).append(value)

        for _ in range(options.rounds):
            for store in stores:
                note(store, "start to first page, ms", store.start())
                note(store, "resident after the start, MB", store.resident())
                for kind in ("nothing", "ID", "address", "owner"):
                    before = store.reads()
                    processor, answer = store.ask(kind, options.asks, rolls)
                    reads, quick, seconds = (after - was for after, was in zip(store.reads(), before))
                    if kind != "nothing":
                        assert reads >= options.asks, (kind, reads)
                        note(store, f"by {kind}: the look-up within Postern, µs", seconds / reads * 1e6)
                        note(store, f"by {kind}: of these at most 100 µs, %", quick / reads * 100)
                    note(store, f"by {kind}: CPU of one request, µs", processor)
                    note(store, f"by {kind}: answered after, µs", answer)
                note(store, "resident after the look-ups, MB", store.resident())
                store.rig.postern.stop()
        size = os.path.getsize(os.path.join(stores[1].rig.data, "postern.db"))
        print(f"{'medians of ' + str(options.rounds):44}" + "".join(f"{store.count:>14,}" for store in stores))
        for name in figures[1000]:
            print(f"{name:44}" + "".join(f"{statistics.median(figures[store.count][name]):14.1f}" for store in stores))
        print(f"{'bytes on disk for a grant':44}{'':14}{size / options.grants:14.0f}")
    finally:
        for store in stores:
            store.rig.close()


if __name__ == "__main__":
    main()
