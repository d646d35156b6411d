"""The command line beside a running Postern: export, revoke, reconcile, audit; the sandbox's grants are counted afterwards."""

import csv
import io
import json
import os
import sqlite3
import subprocess
import unittest

import rig


class GrantsCommand(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig().start()
        self.addCleanup(self.rig.close)

    def run_postern(self, *arguments, status=0, say=None):
        result = subprocess.run(
            [rig.PROGRAM, *arguments, "--config", self.rig.config], capture_output=True, text=True, timeout=30, input=say,
            env=os.environ | {"NYLAS_API_KEY": self.rig.api_key})
        self.assertEqual(result.returncode, status, result.stderr + result.stdout)
        return result

    def json(self, *arguments):
        return json.loads(self.run_postern(*arguments, "--json").stdout)

    def connect(self, address, owner=None, *options):
        browser = rig.Browser(self.rig)
        form = {"provider": "google"}
        if owner:
            link = self.run_postern("link", "create", "--owner", owner, *options).stdout.strip()
            form["link"] = link.rsplit("/", 1)[1]
        answer = browser.request("POST", self.rig.origin + "/connect", form)
        flow = rig.Flow(browser, answer.location).sign_in(address)
        self.assertTrue(flow.is_shown_connected(flow.come_back()))
        return self.json("grants", "list", "--address", address)[0]["grant_id"]

    def make_old(self):
        """An hour passes, as far as store and sandbox can tell: both are asked for what is older than that."""

        with sqlite3.connect(os.path.join(self.rig.data, "postern.db"), timeout=10) as store:
            store.execute("UPDATE grants SET changed_at = changed_at - 3600000000")

    def test_export_says_the_same_in_three_formats(self):
        self.connect("a@google.example", "=HYPERLINK(1)")
        self.connect("b@google.example")
        array = json.loads(self.run_postern("grants", "export").stdout)
        lines = [json.loads(line) for line in self.run_postern("grants", "export", "--format", "jsonl").stdout.splitlines()]
        rows = list(csv.DictReader(io.StringIO(self.run_postern("grants", "export", "--format", "csv").stdout, newline="")))
        self.assertEqual([grant["email"] for grant in array], ["b@google.example", "a@google.example"])
        self.assertEqual(array, lines)
        self.assertEqual([row["email"] for row in rows], [grant["email"] for grant in array])
        self.assertEqual([row["owner"] for row in rows], ["", "'=HYPERLINK(1)"])
        self.assertEqual(self.json("grants", "show", array[0]["grant_id"]), array[0])

    def test_revoke_by_owner_and_then_for_ever(self):
        address = "shared@google.example"
        for owner in ["ada", "bea"]:
            grant = self.connect(address, owner, "--address", address, "--binding", "pinned")
        self.assertIn("--yes", self.run_postern("grants", "revoke", grant, "--owner", "ada", status=2).stderr)
        one = self.json("grants", "revoke", grant, "--owner", "ada", "--yes")
        self.assertEqual((one["result"], one["others"]), ("others_remain", 1))
        self.assertEqual(len(self.rig.sandbox_grants()), 1)
        self.run_postern("grants", "revoke", grant, "--owner", "ada", "--yes", status=1)
        self.assertEqual(self.json("grants", "revoke", grant, "--yes")["result"], "revoked")
        self.assertEqual(self.rig.sandbox_grants(), [])
        self.assertEqual(self.json("grants", "list"), [])
        trail = [json.loads(line) for line in self.run_postern("audit", "list", "--grant", grant, "--json").stdout.splitlines()]
        self.assertEqual(
            [entry["event"] for entry in trail], ["grant.saved", "grant.saved", "grant.left", "grant.left", "grant.revoked"])
        head = self.json("audit", "verify")["head"]
        self.assertEqual(head, trail[-1]["hash"])
        self.run_postern("audit", "verify", "--head", head)
        self.run_postern("audit", "verify", "--head", "00" * 32, status=1)

    def test_a_deletion_that_fails_is_done_by_the_server(self):
        grant = self.connect("late@google.example", "ada")
        self.rig.ask_sandbox("POST", "/sandbox/script", {"next": [{"on": "grants", "outcome": "internal_error"}]})
        self.assertEqual(self.json("grants", "revoke", grant, "--yes")["result"], "revocation_pending")
        self.assertIn("to be deleted", self.run_postern("grants", "list").stdout)
        found = self.json("grants", "reconcile")["findings"]
        self.assertEqual([(each["kind"], each["grant_id"]) for each in found], [("to_be_deleted", grant)])
        self.assertEqual([each["applied"] for each in self.json("grants", "reconcile", "--apply", "--yes")["findings"]], [True])
        self.assertEqual((self.rig.sandbox_grants(), self.json("grants", "list")), ([], []))

    def test_reconcile_finds_both_ways_and_changes_nothing_by_itself(self):
        kept, gone = self.connect("kept@google.example"), self.connect("gone@google.example")
        self.rig.ask_sandbox("DELETE", f"/v3/grants/{gone}")
        young = self.json("grants", "reconcile")
        self.assertEqual((young["findings"], young["left_alone"]), ([], 1))
        self.make_old()
        found = self.json("grants", "reconcile")
        self.assertEqual([(each["kind"], each["grant_id"]) for each in found["findings"]], [("gone", gone)])
        self.assertIn("forgotten here", self.run_postern("grants", "reconcile").stdout)
        self.assertEqual(len(self.json("grants", "list")), 2)
        self.assertIn("--yes", self.run_postern("grants", "reconcile", "--apply", status=2).stderr)
        self.assertEqual(len(self.json("grants", "list")), 2)
        self.json("grants", "reconcile", "--apply", "--yes")
        self.assertEqual([grant["grant_id"] for grant in self.json("grants", "list")], [kept])
        self.assertEqual(self.json("grants", "reconcile")["findings"], [])

    def test_verify_names_the_first_broken_entry(self):
        for number in range(3):
            self.connect(f"v{number}@google.example")
        self.assertEqual(self.json("audit", "verify")["entries"], 3)

        with sqlite3.connect(os.path.join(self.rig.data, "postern.db"), timeout=10) as store:
            store.executescript("DROP TRIGGER audit_is_never_changed; UPDATE audit SET owner = 'mallory' WHERE number = 2;")
        self.assertIn("entry 2", self.run_postern("audit", "verify", status=1).stderr)


if __name__ == "__main__":
    unittest.main()
