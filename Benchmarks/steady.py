"""A hundred connects begin each second, whatever has become of those before: how long people wait for Postern.

Open loop: the moment of each start is fixed beforehand, and nobody waits for a free connection. What is timed are the three requests to
Postern (start, callback, result page) as the browser sees them, from the first octet sent to the last one read. The callback contains two
calls of Postern's to the sandbox, and all of them the delays of this program, so the sum is an upper bound of Postern's own part. How long
the sandbox takes for the one request that the browser itself makes of it stands beside: the two calls take about as long each.
"""

import argparse
import json
import os
import selectors
import time

from connects import Lane, cpu_seconds, rigging, run_connects
from rig import Rig


def run(rig, rate, seconds):
    selector = selectors.DefaultSelector()
    idle, busy, ended, late = [], set(), [], 0.0
    total, started = rate * seconds, 0
    cpu, begun = cpu_seconds(rig.postern.child.pid), time.perf_counter()
    while len(ended) < total:
        due = begun + started / rate
        now = time.perf_counter()
        if started < total and now >= due:
            late = max(late, now - due)
            lane = idle.pop() if idle else Lane(rig, selector)
            lane.begin()
            busy.add(lane)
            started += 1
            continue
        for key, _ in selector.select(timeout=max(0.0, due - now) if started < total else 30):
            if key.data.readable(key.fileobj) is not None:
                ended.append(key.data.waits)
                busy.discard(key.data)
                idle.append(key.data)
        assert time.perf_counter() - begun < seconds + 30, "it does not keep up"
    cpu = cpu_seconds(rig.postern.child.pid) - cpu
    lanes = idle + list(busy)
    for lane in lanes:
        lane.close()

    def figures(pick):
        values = sorted(pick(waits) * 1000 for waits in ended)
        at = {name: values[min(len(values) - 1, int(len(values) * part))] for name, part in (("p50", 0.5), ("p99", 0.99))}
        return {name: round(value, 2) for name, value in (*at.items(), ("max", values[-1]))}

    # The order of a connect: start, sandbox, callback, result page.
    return {
        "rate": rate, "seconds": seconds, "connects": total, "at_once_at_most": len(lanes), "starts_late_ms": round(late * 1000, 2),
        "cpu_seconds_per_1000": round(cpu / total * 1000, 3),
        "ms": {
            "start": figures(lambda waits: waits[0][1]),
            "callback, with two calls to the sandbox": figures(lambda waits: waits[2][1]),
            "result page": figures(lambda waits: waits[3][1]),
            "all three": figures(lambda waits: sum(took for port, took in waits if port == rig.port)),
            "the sandbox, asked by the browser": figures(lambda waits: waits[1][1])}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=100, help="connects a second (default 100)")
    parser.add_argument("--seconds", type=int, default=20, help="for how long (default 20)")
    parser.add_argument("--json", default=os.path.join(rigging.ROOT, ".build", "bench-steady.json"), help="where the figures go")
    options = parser.parse_args()
    if not (1 <= options.rate <= 1000 and 1 <= options.seconds <= 60):
        parser.error("--rate takes 1 to 1000, --seconds 1 to 60")
    rig = Rig(log_level="info")
    try:
        rig.start()
        rig.ask_sandbox("POST", "/sandbox/script", {"auto": "approve", "auto_address": "bench-{n}@gmail.example"})
        run_connects(rig, 64, 8)
        loads = [os.getloadavg()[0]]
        figures = run(rig, options.rate, options.seconds)
        figures["load_averages"] = [round(value, 1) for value in (*loads, os.getloadavg()[0])]
        [(saved,)] = rig.rows("SELECT count(*) FROM grants")
        assert saved == 64 + figures["connects"], f"{saved} grants are in the store"
    finally:
        rig.close()
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=2)
        file.write("\n")
    before, after = figures["load_averages"]
    print(
        f"{figures['connects']} connects, {figures['rate']} a second, at most {figures['at_once_at_most']} at once; log at info; "
        f"{figures['cpu_seconds_per_1000']} CPU s per 1,000; load averages {before} and {after}; "
        f"the latest start was {figures['starts_late_ms']} ms late\n")
    print(f"{'ms':42}{'median':>9}{'99 of 100':>11}{'most':>9}")
    for name, values in figures["ms"].items():
        print(f"{name:42}{values['p50']:>9}{values['p99']:>11}{values['max']:>9}")
    print(f"\nwritten to {options.json}")


if __name__ == "__main__":
    main()
