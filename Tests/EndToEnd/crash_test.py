"""kill -9 at random moments while people connect and administrators consent: nothing that was shown is lost.

    python3 -m unittest Tests/EndToEnd/crash_test.py        FLOWS=2000 SEED=7 … for more, or for the same again

It goes on until so many people have come back from Nylas (FLOWS, 500; of administrators CONSENTS, 200) and so many kills were done (KILLS, 40).
"""

import hashlib
import http.client
import json
import os
import random
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from consent_test import ARRIVED, VERIFIED, Approval, ConsentRig  # noqa: E402
from rig import Browser, Rig  # noqa: E402
from webhook_test import Receiver  # noqa: E402

KILLS = int(os.environ.get("KILLS", "40"))
FLOWS = int(os.environ.get("FLOWS", "500"))
CONSENTS = int(os.environ.get("CONSENTS", "200"))
SEED = int(os.environ.get("SEED", "20260821"))
PEOPLE = 6
#: What a browser meets while Postern is dead or dies.
BROKEN = (OSError, http.client.HTTPException)


class Person(threading.Thread):
    """Connects one mailbox after another, and reloads when something breaks, a few times."""

    def __init__(self, rig, number, seed, stop):
        super().__init__(daemon=True)
        self.rig, self.number, self.stop = rig, number, stop
        self.random = random.Random(seed)
        self.shown, self.unsure, self.failure = [], [], None

    def run(self):
        count = 0
        while not self.stop.is_set():
            count += 1
            try:
                self.connect(f"person-{self.number}-{count}@gmail.example")
            except BROKEN:
                time.sleep(0.02)
            except Exception as failure:  # reported by the test
                self.failure = failure
                return

    @property
    def came_back(self):
        return len(self.shown) + len(self.unsure)

    def connect(self, address):
        flow = Browser(self.rig, timeout=3).start()
        if self.random.random() < 0.3:
            # Kills then fall between claim and answer, too.
            outcome = self.random.choice(["slow", "slow", "cut_after_processing", "internal_error_after_processing"])
            self.rig.ask_sandbox("POST", "/sandbox/script", {"next": [{"on": "token", "outcome": outcome, "seconds": 1}]})
        flow.sign_in(address)
        for _ in range(3):
            try:
                if flow.is_shown_connected(flow.come_back()):
                    return self.shown.append(flow)
            except BROKEN:
                time.sleep(self.random.random() * 0.3)
        self.unsure.append(flow)


class CrashTest(unittest.TestCase):
    def test_nothing_shown_as_connected_is_lost(self):
        rig = Rig()
        self.addCleanup(rig.close)
        rig.start()
        rolls = random.Random(SEED)
        stop = threading.Event()
        people = [Person(rig, number, rolls.random(), stop) for number in range(PEOPLE)]
        for person in people:
            person.start()
        kills = 0
        # Each person has a flow in hand, so the bound is met only where nobody gets on.
        while kills < KILLS or sum(person.came_back for person in people) < FLOWS:
            self.assertLess(kills, KILLS + FLOWS, "too little happens")
            time.sleep(rolls.uniform(0.05, 0.7))
            rig.postern.kill()
            rig.postern.start(rig.port)
            kills += 1
        stop.set()
        for person in people:
            person.join(60)
            self.assertFalse(person.is_alive(), "a person hangs")
            self.assertIsNone(person.failure)
        shown = [flow for person in people for flow in person.shown]
        unsure = [flow for person in people for flow in person.unsure]
        self.assertGreaterEqual(len(shown) + len(unsure), FLOWS)
        self.assertGreater(len(shown), KILLS, "too little happened for the test to mean anything")

        rig.postern.kill()
        exchanged = self.exchanged(rig)
        cut = [digest for (digest,) in rig.rows_of_the_dead("SELECT digest FROM flow_claim WHERE verdict IS NULL")]
        saved_late = len(exchanged.keys() & set(cut))
        print(
            f"\n{kills} kills: {len(shown)} shown as connected, {len(unsure)} not; {len(cut)} claims left open, {saved_late} of "
            "them with a grant at Nylas", flush=True)
        self.assertGreater(len(cut), 0, "no kill fell between claim and answer")
        # Before anything is settled: what was promised was on the disk by then.
        saved = dict(rig.rows_of_the_dead("SELECT digest, address FROM flow_claim WHERE verdict IN ('connected', 'reconnected')"))
        for flow in shown + unsure:
            if flow.is_promised:
                self.assertEqual(saved.get(flow.digest), flow.address, "promised, and not in the store")
        # As if the 90 seconds of the leases were over.
        self.lapse_leases(rig)
        rig.postern.start(rig.port)
        self.assertEqual(rig.rows("PRAGMA integrity_check"), [("ok",)])
        self.check_settled(rig)
        self.check_shown(rig, shown)
        self.check_once(rig)
        self.check_told_again(rig, unsure)
        self.assertEqual(rig.postern.stop(), 0)
        self.assertEqual(sorted(os.listdir(rig.data)), ["postern.db", "sealing.key"])

    def exchanged(self, rig):
        """The flows of which Nylas has a grant that can be used: its ID by the flow's digest."""
        return {
            hashlib.sha256(grant["state"].encode()).digest(): grant["id"]
            for grant in rig.sandbox_grants() if grant["grant_status"] == "valid" and grant.get("state")}

    def lapse_leases(self, rig):
        connection = sqlite3.connect(os.path.join(rig.data, "postern.db"))
        with connection:
            connection.execute("UPDATE flow_claim SET lease_expires_at = 0 WHERE verdict IS NULL")
        connection.close()

    def check_settled(self, rig):
        """Every open claim whose code Nylas has exchanged is found and answered; the rest is in the hands of this process."""
        exchanged = self.exchanged(rig)
        deadline = time.monotonic() + 60
        while True:
            lost = [
                digest for (digest,) in rig.rows("SELECT digest FROM flow_claim WHERE verdict IS NULL") if digest in exchanged]
            if not lost:
                break
            self.assertLess(time.monotonic(), deadline, f"{len(lost)} claims are not settled")
            time.sleep(0.2)
        answers = dict(rig.rows("SELECT digest, grant_id FROM flow_claim WHERE verdict IN ('connected', 'reconnected')"))
        for digest, grant in exchanged.items():
            self.assertEqual(answers.get(digest), grant, "Nylas has a grant of ours that the store has not")
        instances = rig.rows("SELECT DISTINCT lease_instance FROM flow_claim WHERE verdict IS NULL")
        self.assertLessEqual(len(instances), 1, "a dead instance still holds a claim")

    def check_shown(self, rig, shown):
        grants = dict(rig.rows("SELECT address, id FROM grants"))
        flows = dict(rig.rows("SELECT digest, grant_id FROM flow_claim WHERE verdict IN ('connected', 'reconnected')"))
        for flow in shown:
            self.assertIn(flow.address, grants, "shown as connected, and not in the store")
            self.assertEqual(flows.get(flow.digest), grants[flow.address])
        at_nylas = {grant["id"] for grant in rig.sandbox_grants() if grant["grant_status"] == "valid"}
        self.assertLessEqual(set(grants.values()), at_nylas, "the store has a grant that Nylas has not")
        numbers = [number for (number,) in rig.rows("SELECT number FROM audit ORDER BY number")]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def check_once(self, rig):
        exchanges = rig.ask_sandbox("GET", "/sandbox/counts")["exchanges"]
        self.assertGreater(len(exchanges), 0)
        self.assertEqual([count for count in exchanges.values() if count != 1], [], "a code was sent twice")

    def check_told_again(self, rig, unsure):
        """Who was not told before is told now, by the same address: the answer, not an error and not a second exchange."""
        verdicts = dict(rig.rows("SELECT digest, verdict FROM flow_claim WHERE verdict IS NOT NULL"))
        for flow in unsure:
            if flow.callback is not None and flow.digest in verdicts:
                answer = flow.come_back()
                self.assertIsNotNone(answer, verdicts[flow.digest])
                self.assertEqual(flow.is_shown_connected(answer), verdicts[flow.digest] in ("connected", "reconnected"))
        self.check_once(rig)


class Administrator(threading.Thread):
    """Approves one invitation after another, and reloads when something breaks, a few times."""

    def __init__(self, rig, invites, seed):
        super().__init__(daemon=True)
        self.rig, self.invites = rig, invites
        self.random = random.Random(seed)
        self.shown, self.unsure, self.failure = [], [], None

    def run(self):
        for invite in self.invites:
            while True:
                try:
                    self.approve(invite)
                    break
                except BROKEN:
                    time.sleep(0.02)
                except Exception as failure:  # reported by the test
                    self.failure = failure
                    return

    def approve(self, invite):
        approval = Approval(Browser(self.rig, timeout=3), invite).go().decide()
        for _ in range(3):
            try:
                answer = approval.come_back()
                if answer is not None and (ARRIVED in answer.text or VERIFIED in answer.text):
                    return self.shown.append(approval)
            except BROKEN:
                time.sleep(self.random.random() * 0.3)
        self.unsure.append(approval)


class ConsentCrashTest(unittest.TestCase):
    def test_no_consent_shown_as_reported_is_lost_and_none_is_proven_by_nothing(self):
        receiver = Receiver().start()
        self.addCleanup(receiver.stop)
        rig = ConsentRig({"crm": receiver})
        self.addCleanup(rig.close)
        rig.start()
        rolls = random.Random(SEED)
        rig.ask_sandbox("POST", "/sandbox/script", {"consent_delay": 0, "next": [
            {"on": "custom", "outcome": rolls.choice(["cut_after_processing", "internal_error", "slow"]), "seconds": 1}
            for _ in range(CONSENTS // 8)]})
        # Every other one names a mailbox, so that kills fall into its proof, too.
        probes = {number: {"probe": f"it-{number}@x.example"} for number in range(0, CONSENTS, 2)}
        invites = [rig.invite(f"Customer {number}", **probes.get(number, {})) for number in range(CONSENTS)]
        people = [Administrator(rig, invites[number::PEOPLE], rolls.random()) for number in range(PEOPLE)]
        for person in people:
            person.start()
        kills = proven = 0
        # However fast the people are: some kills fall among the proofs.
        while any(person.is_alive() for person in people) or proven < CONSENTS // 10:
            self.assertLess(kills, KILLS * 20 + CONSENTS, "too little happens")
            time.sleep(rolls.uniform(0.005, 0.1))
            proven = self.restart(rig)
            kills += 1
        for person in people:
            self.assertIsNone(person.failure)
        shown = [approval for person in people for approval in person.shown]
        unsure = [approval for person in people for approval in person.unsure]
        self.assertEqual(len(shown) + len(unsure), CONSENTS)

        rig.postern.kill()
        standings = dict(rig.rows_of_the_dead("SELECT id, standing FROM tenant_consent"))
        print(f"\n{kills} kills: {len(shown)} shown as reported, {len(unsure)} not; {list(standings.values()).count('verified')} proven by then",
              flush=True)
        # Before anything is settled: what was promised was on the disk by then.
        for approval in shown + unsure:
            if approval.is_promised:
                self.assertIn(standings.get(approval.invite["id"]), ("reported", "verified"), "promised, and not in the store")
        flows = dict(rig.rows_of_the_dead("SELECT digest, consent_id FROM consent_flow"))
        for approval in shown:
            self.assertEqual(flows.get(approval.digest), approval.invite["id"])

        rig.postern.start(rig.port)
        self.assertEqual(rig.rows("PRAGMA integrity_check"), [("ok",)])
        self.check_told_again(rig, unsure)
        self.settle(rig)
        self.check_proofs(rig)
        self.check_deliveries(rig, receiver)
        self.assertEqual(rig.postern.stop(), 0)

    @staticmethod
    def restart(rig):
        """Kills Postern and starts it as if all that waits had waited long enough; how many are proven by then."""
        rig.postern.kill()
        rig.change("UPDATE tenant_consent SET ready_at = reported_at, probe_due_at = reported_at WHERE probe_due_at IS NOT NULL")
        proven = rig.rows_of_the_dead("SELECT count(*) FROM tenant_consent WHERE standing = 'verified'")
        rig.postern.start(rig.port)
        return proven[0][0]

    def settle(self, rig):
        """Until nothing waits. A trial that fails is put off for minutes, more at each; the failures that were ordered run out."""
        for _ in range(CONSENTS // 8 + 1):
            self.restart(rig)
            try:
                return rig.wait_until("SELECT count(*) FROM tenant_consent WHERE probe_due_at IS NOT NULL", [(0,)], within=10)
            except AssertionError as waiting:
                last = waiting
        raise last

    def check_told_again(self, rig, unsure):
        flows = dict(rig.rows("SELECT digest, consent_id FROM consent_flow"))
        for approval in unsure:
            if approval.digest in flows:
                answer = approval.come_back()
                self.assertTrue(ARRIVED in answer.text or VERIFIED in answer.text, answer.text[:400])

    def check_proofs(self, rig):
        """What counts as proven is so by a grant that Nylas and the store have; without a mailbox nothing is."""
        at_nylas = {grant["id"]: grant["email"] for grant in rig.sandbox_grants() if grant["grant_status"] == "valid"}
        saved = dict(rig.rows("SELECT id, address FROM grants"))
        proven = rig.rows("SELECT grant_id, probe_address FROM tenant_consent WHERE standing = 'verified'")
        self.assertGreater(len(proven), 0)
        for grant, probe in proven:
            self.assertEqual((saved.get(grant), at_nylas.get(grant)), (probe, probe))
        self.assertEqual(set(saved), {grant for grant, _ in proven}, "a grant that belongs to no proof")
        self.assertEqual(rig.rows("SELECT count(*) FROM tenant_consent WHERE probe_address IS NULL AND standing <> 'reported'"), [(0,)])

    def check_deliveries(self, rig, receiver):
        """Each consent was told once for each thing that happened to it: a repetition has the same ID."""
        rig.wait_until("SELECT count(*) FROM outbox_delivery WHERE state = 'waiting'", [(0,)], within=60)
        told = {}
        for _, _, body, _ in receiver.deliveries:
            event = json.loads(body)
            told.setdefault((event["type"], event["data"]["id"] if event["type"].startswith("consent.") else event["id"]), set()).add(event["id"])
        self.assertEqual([key for key, ids in told.items() if len(ids) != 1], [])
        for consent, standing in rig.rows("SELECT id, standing FROM tenant_consent"):
            self.assertIn(("consent.reported", consent), told)
            self.assertEqual(("consent.verified", consent) in told, standing == "verified")


if __name__ == "__main__":
    unittest.main()
