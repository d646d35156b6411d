"""A Microsoft administrator's consent, from the invitation to connected mailboxes: real processes, a browser made of http.client, the
sandbox's page for administrators, its propagation, and everybody who is told.

    python3 -m unittest Tests/EndToEnd/consent_test.py
"""

import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import PROGRAM, ROOT, Browser  # noqa: E402
from webhook_test import Receiver, WebhookRig  # noqa: E402

KILLS = int(os.environ.get("KILLS", "4"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
ARRIVED = "Thank you: your approval has arrived"
VERIFIED = "The approval works"


class ConsentRig(WebhookRig):
    """Postern with a token of its API, a target that is told, and a credential for any tenant."""

    def __init__(self, targets):
        super().__init__(targets)
        made = json.loads(subprocess.run(
            [PROGRAM, "tokens", "create", "end", "--scope", "write", "--json"], check=True, capture_output=True, text=True).stdout)
        self.token = made["token"]
        with open(self.config, encoding="utf-8") as file:
            configuration = json.load(file)
        configuration["api"] = {"tokens": [made["configuration"]]}
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        self.credential = None

    def start(self):
        super().start()
        made = self.command("credentials", "create", "microsoft", "--name", "customers", "--tenant", "common", "--json")
        self.credential = json.loads(made.stdout)["id"]
        return self

    def call(self, method, path, content=None):
        """One call of the operator API; its content, which must be a success."""
        connection = self.connection(self.port, timeout=20)
        try:
            connection.request(
                method, "/api/v1" + path, body=None if content is None else json.dumps(content),
                headers={"Host": f"localhost:{self.port}", "Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
            assert response.status < 300, (path, response.status, text)
            return json.loads(text)
        finally:
            connection.close()

    def invite(self, customer, **more):
        return self.call("POST", "/consent-invites", {"customer": customer, "credential_id": self.credential, **more})

    def change(self, sql, *values):
        """Changes the store beside Postern, as if time had passed."""
        connection = sqlite3.connect(os.path.join(self.data, "postern.db"), timeout=20)
        with connection:
            connection.execute(sql, values)
        connection.close()


class Approval:
    """One administrator with an invitation."""

    def __init__(self, browser, invite):
        self.browser, self.invite = browser, invite
        self.state = self.callback = None
        self.is_promised = False

    @property
    def sealed(self):
        return urllib.parse.urlsplit(self.invite["url"]).path.rsplit("/", 1)[1]

    def go(self):
        """From the invitation to Microsoft's page."""
        browser = self.browser
        page = browser.request("GET", self.invite["url"])
        assert page.status == 200, (page.status, page.text[:400])
        answer = browser.request("POST", browser.rig.origin + "/consent", {"invite": self.sealed})
        assert answer.status == 303, (answer.status, answer.text[:400])
        self.state = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location).query)["state"][0]
        answer = browser.request("GET", answer.location)
        assert answer.status == 302, (answer.status, answer.text[:400])
        self.page = urllib.parse.urljoin(browser.rig.sandbox_origin, answer.location)
        return self

    def decide(self, decision="approve", outcome="approve", tenant="their-tenant"):
        """Presses a button there; afterwards `callback` is where it sends the browser."""
        answer = self.browser.request("POST", self.page, {"decision": decision, "outcome": outcome, "tenant": tenant})
        assert answer.status == 303, (answer.status, answer.text[:400])
        self.callback = answer.location
        return self

    def come_back(self):
        answer = self.browser.request("GET", self.callback, fields={"Sec-Fetch-Site": "cross-site"})
        if answer.status != 303:
            return None
        self.is_promised = self.is_promised or "/connected/" in answer.location
        return self.browser.request("GET", urllib.parse.urljoin(self.browser.rig.origin, answer.location))

    @property
    def digest(self):
        return hashlib.sha256(self.state.encode()).digest()


class ConsentTest(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver().start()
        self.addCleanup(self.receiver.stop)
        self.rig = ConsentRig({"crm": self.receiver})
        self.addCleanup(self.rig.close)
        self.rig.start()

    def told(self, kind):
        events = [json.loads(body) for _, _, body, _ in self.receiver.deliveries]
        return [event for event in events if event["type"] == kind]

    def until(self, what, within=30):
        end = time.monotonic() + within
        while not what():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def consents(self):
        return json.loads(self.rig.command("consent", "list", "--json").stdout)

    def report(self, customer, **more):
        """An administrator approves: the consent is reported, and nothing is proven."""
        invite = self.rig.invite(customer, **more)
        approval = Approval(Browser(self.rig), invite).go()
        self.assertEqual(self.consents(), [])
        page = approval.decide().come_back()
        self.assertIn(ARRIVED, page.text)
        self.until(lambda: self.told("consent.reported"))
        self.assertEqual([consent["standing"] for consent in self.consents()], ["reported"])
        self.assertEqual(self.rig.call("GET", f"/consents/{invite['id']}")["standing"], "reported")
        self.assertEqual(self.told("consent.verified"), [])
        self.assertEqual(self.rig.sandbox_grants(), [])
        return invite, approval

    def ready_in(self, seconds):
        """As if so much of the five minutes were left, here; at Microsoft a second less."""
        self.rig.ask_sandbox("POST", "/sandbox/script", {"consent_delay": seconds - 1})
        moment = int((time.time() + seconds) * 1e6)
        self.rig.change("UPDATE tenant_consent SET ready_at = ?, probe_due_at = CASE WHEN probe_due_at IS NULL THEN NULL ELSE ? END",
                        moment, moment)
        return moment / 1e6

    def check_verified(self, invite, approval, addresses):
        """Everybody says the same: it works, because of one of these mailboxes."""
        known = self.rig.call("GET", f"/consents/{invite['id']}")
        grants = {grant["email"]: grant["grant_id"] for grant in json.loads(self.rig.command("grants", "list", "--json").stdout)}
        self.assertEqual(known["standing"], "verified")
        self.assertIn(known["grant_id"], [grants[address] for address in addresses])
        self.assertEqual([(consent["standing"], consent["grant_id"]) for consent in self.consents()], [("verified", known["grant_id"])])
        self.until(lambda: self.told("consent.verified"))
        self.assertEqual(len(self.told("consent.verified")), 1)
        self.assertEqual(len(self.told("consent.reported")), 1)
        self.assertEqual(self.told("consent.failed"), [])
        self.assertIn(VERIFIED, Browser(self.rig).request("GET", invite["url"]).text)
        log = self.rig.postern.output()
        for secret in (approval.sealed, approval.state, "their-tenant"):
            self.assertNotIn(secret, log)

    def test_a_list_at_the_command_line_waits_for_the_consent_and_proves_it(self):
        invite, approval = self.report("Acme")
        path = os.path.join(self.rig.folder, "mailboxes.csv")
        addresses = [f"person-{number}@acme.example" for number in range(40)]
        with open(path, "w", encoding="utf-8") as file:
            file.write("email,owner\n" + "".join(f"{address},user-{address}\n" for address in addresses))
        ready = self.ready_in(4)
        run = subprocess.Popen(
            [PROGRAM, "grants", "create", "--credential", self.rig.credential, "--csv", path, "--json", "--config", self.rig.config],
            env=self.rig.postern.environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # Nothing leaves before its time.
        while time.time() < ready - 0.3:
            self.assertEqual(self.rig.ask_sandbox("GET", "/sandbox/counts")["requests"].get("POST /v3/connect/custom", 0), 0)
            time.sleep(0.1)
        output, said = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, said)
        self.assertIn("the administrator's consent is spreading", said)
        self.assertEqual(json.loads(output)["counts"], {"connected": 40})
        made = self.rig.ask_sandbox("GET", "/sandbox/counts")["authentications"]
        self.assertEqual(made, {address: 1 for address in addresses})
        self.check_verified(invite, approval, addresses)

    def test_a_run_of_the_server_waits_for_the_consent_survives_a_kill_and_proves_it(self):
        invite, approval = self.report("Acme")
        addresses = [f"person-{number}@acme.example" for number in range(200 + 60 * KILLS)]
        order = {"credential_id": self.rig.credential, "mailboxes": [{"email": address, "owner": "u-" + address} for address in addresses]}
        self.ready_in(4)
        run = self.rig.call("POST", "/bulk-runs", order)
        self.assertEqual((run["state"], run["waiting_for"]), ("awaiting_consent", "consent"))
        self.assertIn(run["waiting_seconds"], range(1, 5))
        path = f"/bulk-runs/{run['id']}"
        self.until(lambda: self.rig.call("GET", path)["outcomes"]["connected"] >= 20)
        dice = random.Random(SEED)
        print(f"seed {SEED}, {KILLS} kills", flush=True)
        for _ in range(KILLS):
            self.rig.postern.kill()
            self.rig.postern.start(self.rig.port)
            # It begins with a look that takes two seconds, and then sends again.
            time.sleep(dice.uniform(0, 4))
        # A command must not work on it beside the server.
        self.until(lambda: self.rig.call("GET", path)["state"] == "running")
        beside = self.rig.command("grants", "create", "--resume", run["id"])
        self.assertEqual(beside.returncode, 1, beside.stderr)
        self.assertIn("Another process", beside.stderr)
        self.until(lambda: self.rig.call("GET", path)["state"] == "finished", within=60 + 4 * KILLS)
        self.assertEqual(self.rig.call("GET", path)["outcomes"]["connected"], len(addresses))
        made = self.rig.ask_sandbox("GET", "/sandbox/counts")["authentications"]
        self.assertEqual(made, {address: 1 for address in addresses})
        self.check_verified(invite, approval, addresses)
        self.assertEqual(self.rig.postern.stop(), 0)

    def test_a_probe_proves_it_by_itself(self):
        probe = "it@acme.example"
        invite, approval = self.report("Acme", probe=probe)
        self.rig.postern.stop()
        self.ready_in(2)
        self.rig.postern.start(self.rig.port)
        self.until(lambda: self.rig.call("GET", f"/consents/{invite['id']}")["standing"] == "verified")
        self.check_verified(invite, approval, [probe])


if __name__ == "__main__":
    unittest.main()
