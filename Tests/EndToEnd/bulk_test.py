"""Bulk runs at the command line: real processes, killed at random moments, against the sandbox that counts what was really made.

KILLS=20 ROWS=10000 BULK_RATE=2000 SEED=7 for the large run; by default a small one.
"""

import base64
import csv
import fcntl
import io
import json
import os
import pty
import random
import re
import signal
import sqlite3
import struct
import subprocess
import tempfile
import termios
import time
import unittest
import urllib.request

import rig

ROWS = int(os.environ.get("ROWS", "300"))
KILLS = int(os.environ.get("KILLS", "6"))
RATE = os.environ.get("BULK_RATE", "150")
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))


class BulkCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="postern-bulk-")
        self.addCleanup(self.folder.cleanup)
        self.data = self.path("data")
        self.port = rig.free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.environment = {n: v for n, v in os.environ.items() if not n.startswith(("POSTERN", "NYLAS"))}
        self.environment |= {"NYLAS_API_KEY": "nyk_bulk"}
        with open(self.path("config.json"), "w", encoding="utf-8") as file:
            json.dump({
                "publicURL": "http://localhost:8080", "dataDirectory": self.data, "brand": {"name": "Acme"},
                "nylas": {"origin": self.origin, "clientID": "bulk"}, "connect": {"open": True}}, file)
        self.sandbox = rig.Process(
            "sandbox", ["sandbox", "--port", str(self.port), "--client-id", "bulk", "--api-key", "nyk_bulk"],
            self.folder.name, self.environment)
        self.sandbox.start(self.port)
        self.addCleanup(self.sandbox.kill)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def command(self, *arguments):
        return [rig.PROGRAM, *arguments, "--config", self.path("config.json")]

    def run_command(self, *arguments, status=0):
        done = subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, text=True, timeout=300,
            stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def ask(self, path, content=None):
        request = urllib.request.Request(
            self.origin + path, data=None if content is None else json.dumps(content).encode(),
            headers={"Content-Type": "application/json", "Authorization": "Bearer nyk_bulk"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def credential(self):
        der = b"\x30\x64" + bytes(100)
        pem = f"-----BEGIN PRIVATE KEY-----\n{base64.b64encode(der).decode()}\n-----END PRIVATE KEY-----\n"
        with open(self.path("key.json"), "w", encoding="utf-8") as file:
            json.dump({"type": "service_account", "private_key_id": "marker-of-the-key", "private_key": pem,
                       "client_email": "robot@p.example"}, file)
        made = self.run_command("credentials", "create", "google", "--name", "acme", "--key-file", self.path("key.json"), "--json")
        self.assertNotIn("marker-of-the-key", made.stdout + made.stderr)
        return json.loads(made.stdout)["id"]

    def list_of(self, count, name="mailboxes.csv"):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write("email,owner,tag:plan\r\n")
            file.writelines(f'person-{number}@x.example,"user-{number}",gold\r\n' for number in range(count))
        return self.path(name)


class BulkTest(BulkCase):
    def assert_sent_once(self, count):
        made = self.ask("/sandbox/counts")["authentications"]
        self.assertEqual(len(made), count)
        self.assertEqual({address: n for address, n in made.items() if n != 1}, {})

    def stored(self):
        return json.loads(self.run_command("grants", "list", "--json").stdout)

    def test_a_run_that_is_killed_again_and_again_loses_nothing_and_sends_nothing_twice(self):
        print(f"seed {SEED}, {ROWS} rows, {KILLS} kills", flush=True)
        dice = random.Random(SEED)
        credential = self.credential()
        arguments = ["grants", "create", "--rate", RATE]
        first = ["--credential", credential, "--csv", self.list_of(ROWS)]
        length = ROWS / float(RATE) / max(KILLS, 1)
        kills, run = 0, None
        while True:
            output = open(self.path("output"), "w", encoding="utf-8")
            child = subprocess.Popen(
                self.command(*arguments, *(first if run is None else ["--resume", run])), env=self.environment,
                stdout=subprocess.DEVNULL, stderr=output, stdin=subprocess.DEVNULL)
            try:
                child.wait(0.15 + dice.uniform(0, 2 * length) if kills < KILLS else 300)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
                kills += 1
            output.close()
            with open(self.path("output"), encoding="utf-8") as output:
                said = output.read()
            run = run or self.first_run()
            if child.returncode == 0:
                break
            self.assertEqual(child.returncode, -signal.SIGKILL, said)
        self.assert_sent_once(ROWS)
        grants = self.stored()
        self.assertEqual(
            {grant["email"]: [owner["owner"] for owner in grant["owners"]] for grant in grants},
            {f"person-{number}@x.example": [f"user-{number}"] for number in range(ROWS)})
        self.run_command(*arguments, *first)
        self.assert_sent_once(ROWS)

    def test_ctrl_c_stops_cleanly_and_resume_goes_on(self):
        credential = self.credential()
        child = subprocess.Popen(
            self.command("grants", "create", "--rate", "40", "--credential", credential, "--csv", self.list_of(120)),
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        while sum(self.ask("/sandbox/counts")["authentications"].values()) < 10:
            time.sleep(0.02)
        # Its run is its own: nobody else may work on it meanwhile.
        run = self.first_run()
        busy = self.run_command("grants", "create", "--resume", run, status=1)
        self.assertIn("Another process", busy.stderr)
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=20)[1]
        self.assertEqual(child.returncode, 1, said)
        self.assertIn(f"--resume {run}", said)
        made = len(self.ask("/sandbox/counts")["authentications"])
        self.assertLess(made, 120)
        self.assertEqual(len(self.stored()), made)
        refused = self.run_command(
            "grants", "create", "--credential", credential, "--csv", self.path("mailboxes.csv"), status=1)
        self.assertIn("is not finished", refused.stderr)
        summary = json.loads(self.run_command("grants", "create", "--resume", run, "--rate", "500", "--json").stdout)
        self.assertEqual(summary, {"run": run, "finished": True, "counts": {"connected": 120}})
        self.assert_sent_once(120)

    def first_run(self):
        """The one run of the store; None before it is saved."""
        if not os.path.exists(self.path("data/postern.db")):
            return None
        connection = sqlite3.connect(f"file:{self.data}/postern.db?mode=ro", uri=True, timeout=10)
        try:
            row = connection.execute("SELECT id FROM bulk_run").fetchone()
            return row and row[0]
        except sqlite3.OperationalError:
            # Killed while it was being made: there is no such table yet.
            return None
        finally:
            connection.close()

    def test_rows_that_fail_come_back_as_a_list(self):
        credential = self.credential()
        failing = [{"on": "custom", "address": f"person-{number}@x.example", "outcome": "mailbox_unknown"} for number in (3, 7)]
        troubles = [{"on": "custom", "outcome": outcome} for outcome in ("rate_limited", "cut", "cut_after_processing")]
        self.ask("/sandbox/script", {"next": failing + troubles + [{"on": "custom", "outcome": "throttled", "seconds": 1}]})
        result = self.path("failed.csv")
        done = self.run_command(
            "grants", "create", "--credential", credential, "--csv", self.list_of(20), "--result", result, "--only-failed",
            status=1)
        self.assertIn("2 failed", done.stderr)
        with open(result, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(io.StringIO(file.read())))
        self.assertEqual([row["email"] for row in rows], ["person-3@x.example", "person-7@x.example"])
        self.assertEqual([row["tag:plan"] for row in rows], ["gold", "gold"])
        self.run_command("grants", "create", "--credential", credential, "--csv", result)
        self.assert_sent_once(20)

    def test_nothing_is_sent_while_the_list_has_a_fault(self):
        credential = self.credential()
        with open(self.path("bad.csv"), "w", encoding="utf-8") as file:
            file.write("email,owner\nada@x.example,1\nADA@x.example,2\nx,3\n")
        done = self.run_command("grants", "create", "--credential", credential, "--csv", self.path("bad.csv"), status=1)
        self.assertIn("line 3: the same address as on line 2", done.stderr)
        self.assertIn("line 4: the e-mail address", done.stderr)
        self.assert_sent_once(0)

    def test_grants_are_imported_with_their_owners_once(self):
        credential = self.credential()
        self.run_command("grants", "create", "--credential", credential, "--csv", self.list_of(30))
        self.data = self.path("other")
        with open(self.path("config.json"), encoding="utf-8") as file:
            config = json.load(file) | {"dataDirectory": self.data}
        with open(self.path("config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        with open(self.path("owners.csv"), "w", encoding="utf-8") as file:
            file.write("email,owner\nPerson-5@x.example,five\n")
        for expected in ({"added": 30, "changed": 0, "unchanged": 0}, {"added": 0, "changed": 0, "unchanged": 30}):
            done = self.run_command("grants", "import", "--owners", self.path("owners.csv"), "--json", "--tell")
            self.assertEqual(json.loads(done.stdout), expected)
        owners = {grant["email"]: [owner["owner"] for owner in grant["owners"]] for grant in self.stored()}
        self.assertEqual((len(owners), owners["person-5@x.example"], owners["person-6@x.example"]), (30, ["five"], []))
        self.run_command("credentials", "delete", credential, "--yes")
        listed = json.loads(self.run_command("credentials", "list", "--json").stdout)
        self.assertEqual(listed, [])


class Screen:
    """As much of a terminal as a bar needs: what is written where, and how often a line broke at the right edge."""

    def __init__(self, columns):
        self.columns, self.lines, self.column, self.breaks = columns, [""], 0, 0

    def feed(self, text):
        for part in re.split(r"(\x1b\[K|\r\n|[\r\n])", text):
            if part == "\x1b[K":
                self.lines[-1] = self.lines[-1][:self.column]
            elif part == "\r":
                self.column = 0
            elif part.endswith("\n"):
                self.lines.append("")
                self.column = 0
            else:
                for character in part:
                    if self.column == self.columns:
                        self.breaks += 1
                        self.lines.append("")
                        self.column = 0
                    self.lines[-1] = self.lines[-1][:self.column] + character + self.lines[-1][self.column + 1:]
                    self.column += 1


class TerminalTest(BulkCase):
    """The bar under a pseudo-terminal, by what stands on its screen."""

    def watch(self, columns, *arguments):
        """Runs a command there; its status, everything it wrote, the bars one by one, and what is left on the screen."""
        main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        child = subprocess.Popen(
            self.command("grants", "create", *arguments), env=self.environment, stdin=subprocess.DEVNULL, stdout=side, stderr=side)
        os.close(side)
        written = b""
        while True:
            try:
                part = os.read(main, 4096)
            except OSError:
                break
            if not part:
                break
            written += part
        os.close(main)
        text = written.decode()
        screen = Screen(columns)
        screen.feed(text)
        # Behind the last one the bar is taken away, and sentences follow.
        bars = [bar for bar in text.split("\r\x1b[K")[1:-1] if bar]
        return child.wait(60), text, bars, screen

    def check(self, columns):
        credential = self.credential()
        self.ask("/sandbox/script", {"next": [{"on": "custom", "address": "person-3@x.example", "outcome": "mailbox_unknown"}]})
        status, text, bars, screen = self.watch(columns, "--credential", credential, "--csv", self.list_of(150), "--rate", "50")
        self.assertEqual(status, 1, text)
        # It is drawn over itself, and not at every row; whatever it says fits in front of the last column.
        self.assertGreater(len(bars), 5)
        self.assertLess(len(bars), 100)
        for bar in bars:
            self.assertLess(len(bar), columns, bar)
        self.assertTrue(any("% " in bar and "/s" in bar for bar in bars), bars)
        # Then it is taken away: sentences stand where it was, none in the midst of another.
        shown = "\n".join(screen.lines)
        self.assertNotIn("/s", shown)
        self.assertIn("    149  connected", shown)
        self.assertIn("      1  failed", shown)
        self.assertNotIn("\x1b", shown)
        return bars, screen

    def test_the_bar_fits_eighty_columns_and_leaves_nothing_behind(self):
        bars, _ = self.check(80)
        self.assertTrue(all(bar.startswith("[") for bar in bars), bars)
        self.assertTrue(any(bar.startswith("[########") and "new" in bar for bar in bars), bars)

    def test_the_bar_fits_forty_columns_and_leaves_nothing_behind(self):
        bars, _ = self.check(40)
        self.assertFalse(any("[" in bar for bar in bars), bars)
        self.assertTrue(any(re.match(r"\d+ % \d+/150  \d+/s  \d:\d\d left", bar) for bar in bars), bars)


if __name__ == "__main__":
    unittest.main()
