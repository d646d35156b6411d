"""The same complete connect by Postern and by the peers in `peers/`, in alternating rounds: CPU seconds of each server alone.

Each server has a sandbox and a folder of its own; all of them wait while one is asked. The browsers are `connects.py`.
"""

import argparse
import json
import os
import sqlite3
import statistics
import sys

from connects import rigging, run_connects
from rig import CLIENT_ID, Process, Rig


class Program(Process):
    """A server that is not Postern."""

    def command(self):
        return self.arguments, ()


def beside(command):
    """A rig with somebody else in Postern's place."""
    rig = Rig(log_level="warning")
    os.makedirs(rig.data, exist_ok=True)
    rig.postern = Program(
        "peer",
        [*command, str(rig.port), rig.origin, rig.sandbox_origin, CLIENT_ID, rig.api_key, os.path.join(rig.data, "peer.db")],
        rig.folder, dict(os.environ))
    return rig


def load_average():
    return [round(value, 1) for value in os.getloadavg()]


def count(rig, path):
    """How many grants a store has that nobody writes to any more."""
    rig.postern.stop()
    connection = sqlite3.connect(os.path.join(rig.data, path))
    try:
        return connection.execute("SELECT count(*) FROM grants").fetchone()[0]
    finally:
        connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each server (default 5)")
    parser.add_argument("--at-once", type=int, default=64, help="people at once (default 64)")
    parser.add_argument("--connects", type=int, default=1000, help="of Postern in a round (default 1000); peers do fewer")
    parser.add_argument("--json", default=os.path.join(rigging.ROOT, ".build", "bench-peers.json"), help="where the figures go")
    options = parser.parse_args()
    if not (1 <= options.rounds <= 20 and 1 <= options.at_once <= 256 and 64 <= options.connects <= 20_000):
        parser.error("--rounds takes 1 to 20, --at-once 1 to 256, --connects 64 to 20000")

    servers = {
        "Postern": (Rig(log_level="warning"), options.connects, "postern.db"),
        "Hummingbird": (beside([os.environ["HUMMINGBIRD_PEER"]]), options.connects // 2, "peer.db"),
        "Nylas's SDK": (
            beside([os.environ["SDK_PYTHON"], os.path.join(rigging.ROOT, "Benchmarks", "peers", "sdk_peer.py")]),
            options.connects // 8, "peer.db")}
    rounds = {name: [] for name in servers}
    loads = [load_average()]
    try:
        for rig, _, _ in servers.values():
            rig.start()
            rig.ask_sandbox("POST", "/sandbox/script", {"auto": "approve", "auto_address": "bench-{n}@gmail.example"})
            run_connects(rig, 64, 8)
        for number in range(options.rounds):
            for name, (rig, connects, _) in servers.items():
                rounds[name].append(run_connects(rig, connects, options.at_once))
                print(f"{number + 1} {name}: {rounds[name][-1]['cpu_seconds_per_1000']} s per 1,000", file=sys.stderr)
            loads.append(load_average())
        for name, (rig, connects, path) in servers.items():
            saved = count(rig, path)
            assert saved == 64 + connects * options.rounds, f"{name}: {saved} grants are in the store"
    finally:
        for rig, _, _ in servers.values():
            rig.close()

    def median(name, key):
        return statistics.median(each[key] for each in rounds[name])

    ours = median("Postern", "cpu_seconds_per_1000")
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump({"at_once": options.at_once, "rounds": rounds, "load_averages": loads}, file, indent=2)
        file.write("\n")
    print(f"{options.at_once} at once, {options.rounds} rounds; load averages from {loads[0][0]} to {max(each[0] for each in loads)}\n")
    print(f"{'':14}{'CPU s per 1,000':>17}{'least':>9}{'most':>9}{'Postern is':>12}{'per s':>9}{'median ms':>11}")
    for name, runs in rounds.items():
        cpu = [each["cpu_seconds_per_1000"] for each in runs]
        share = f"{ours / statistics.median(cpu):.3f} ×"
        print(
            f"{name:14}{statistics.median(cpu):>17.3f}{min(cpu):>9.3f}{max(cpu):>9.3f}{share:>12}"
            f"{median(name, 'per_second'):>9.0f}{median(name, 'median_ms'):>11.1f}")
    print(f"\nwritten to {options.json}")


if __name__ == "__main__":
    main()
