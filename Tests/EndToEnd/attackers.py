"""The server under attack, its attackers, and somebody who only wants a page. Python's standard library alone."""

import json
import os
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig  # noqa: E402

#: Connections of one address in the configuration below; attackers with many addresses keep within it.
PER_CLIENT = 64
#: TCP_LISTEN, as /proc/net/tcp writes it.
LISTENING = "0A"


def wait_until(condition, within, what):
    """Asks until it is so."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {within} s in vain for {what}")
        time.sleep(0.02)


def careless():
    """TLS without a look at the certificate, which is tested elsewhere."""
    return ssl._create_unverified_context()  # noqa: S323


class Crowd:
    """A Postern whose patience is short, and how many are at its door."""

    is_secure = False

    def __init__(self, **limits):
        self.rig = self.make_rig()
        with open(self.rig.config, encoding="utf-8") as file:
            config = json.load(file)
        config["limits"] |= {"connectionsPerClient": PER_CLIENT} | limits
        with open(self.rig.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.port = self.rig.port
        self.page = self.request("GET / HTTP/1.1")

    def make_rig(self):
        return Rig()

    def request(self, line, *fields):
        """The head of a request to us."""
        return "\r\n".join([line, f"Host: localhost:{self.port}", *fields, "", ""]).encode("ascii")

    def start(self):
        self.rig.postern.start(self.port)
        # What the first request of all makes (caches, code pages) is no attacker's doing.
        with self.connect("127.0.0.3") as first:
            first.sendall(self.page)
            first.recv(65536)

    def close(self):
        self.rig.close()

    def take_descriptors(self, count):
        """Lets it have only so many from now on, as where something else uses them up: it has planned with more."""
        resource.prlimit(self.rig.postern.child.pid, resource.RLIMIT_NOFILE, (count, count))

    def connect(self, address, timeout=10):
        client = socket.socket()
        client.settimeout(timeout)
        client.bind((address, 0))
        client.connect(("127.0.0.1", self.port))
        return careless().wrap_socket(client) if self.is_secure else client

    def status(self, name):
        with open(f"/proc/{self.rig.postern.child.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith(name + ":"))

    def memory(self):
        """Resident now, from where the peak is counted anew."""
        with open(f"/proc/{self.rig.postern.child.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        return self.status("VmRSS")

    def peak_memory(self):
        return self.status("VmHWM")

    def held_by_the_system(self):
        """Octets for peers that the system still holds at our port, whoever has closed what."""
        with open("/proc/net/tcp", encoding="ascii") as file:
            lines = [line.split() for line in file.readlines()[1:]]
        return sum(int(line[4].split(":")[0], 16) for line in lines
                   if line[1].endswith(f":{self.port:04X}") and line[3] != LISTENING)

    def log_says(self, word):
        return self.log_lines(word) > 0

    def log_lines(self, word):
        return sum(word in line for line in self.rig.postern.output().splitlines())


class TLSCrowd(Crowd):
    is_secure = True

    def make_rig(self):
        from tls_test import TLSRig

        return TLSRig()


class Attackers:
    """Many connections, none of which blocks; each address keeps within the cap unless addresses are given."""

    def __init__(self, crowd, count, addresses=None, is_secure=None, may_fail=False, sending=b""):
        self.crowd = crowd
        #: What each sends as soon as it is connected, before the next one is.
        self.sending = sending
        secure = crowd.is_secure if is_secure is None else is_secure
        self.context = careless() if secure else None
        self.may_fail = may_fail
        self.clients = []
        # Some room below the cap: those of the attack before may not be gone yet.
        addresses = addresses or [f"127.2.{n // 250}.{1 + n % 250}" for n in range(count // (PER_CLIENT - 4) + 1)]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        for number in range(count):
            self.add(addresses[number % len(addresses)])

    def add(self, address):
        client = socket.socket()
        client.settimeout(20)
        client.bind((address, 0))
        try:
            client.connect(("127.0.0.1", self.crowd.port))
            if self.context:
                client = self.context.wrap_socket(client)
        except OSError:
            client.close()
            if not self.may_fail:
                raise
            return
        client.setblocking(False)
        self.clients.append(client)
        try:
            client.send(self.sending)
        except OSError:
            if not self.may_fail:
                raise

    def __len__(self):
        return len(self.clients)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.close()

    def send(self, octets):
        """As much as the system takes at once; who cannot take it has been cut off."""
        for client in self.clients:
            try:
                client.send(octets)
            except (OSError, ValueError):
                pass

    def finish_writing(self):
        """Over plain http."""
        for client in self.clients:
            client.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes so that the server is told by a reset, not by an end."""
        for client in self.clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        self.clients = []

    def read(self, while_sending=b"", within=10, until=None):
        """What each receives until the server closes it, or until it is satisfied."""
        received = {client: b"" for client in self.clients}
        end = time.monotonic() + within
        waiting = list(self.clients)
        while waiting:
            if time.monotonic() > end:
                raise AssertionError(f"{len(waiting)} of {len(self.clients)} were still connected after {within} s")
            still = []
            for client in waiting:
                is_open = True
                try:
                    while is_open:
                        octets = client.recv(1 << 16)
                        received[client] += octets
                        is_open = bool(octets)
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                except OSError:
                    is_open = False
                if is_open and while_sending:
                    try:
                        client.send(while_sending)
                    except OSError:
                        pass
                if is_open and not (until and until(received[client])):
                    still.append(client)
            waiting = still
            if waiting:
                time.sleep(0.05)
        return [received[client] for client in self.clients]

    def answers(self, while_sending=b"", within=10):
        return self.read(while_sending, within)

    def exchange(self, octets, until, within):
        """Sends all of it while it reads, as a client with many requests in hand does."""
        received = {client: bytearray() for client in self.clients}
        rest = {client: octets for client in self.clients}
        end = time.monotonic() + within
        waiting = list(self.clients)
        while waiting:
            if time.monotonic() > end:
                raise AssertionError(f"{len(waiting)} were not answered within {within} s")
            still = []
            for client in waiting:
                try:
                    if rest[client]:
                        rest[client] = rest[client][client.send(rest[client][:16384]):]
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                try:
                    # Not until nothing is left: the server may be faster, and the other clients have deadlines too.
                    for _ in range(8):
                        part = client.recv(1 << 16)
                        if not part:
                            raise AssertionError("closed in the middle of its answers")
                        received[client] += part
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                if not until(received[client]):
                    still.append(client)
            waiting = still
            time.sleep(0.001)
        return [received[client] for client in self.clients]

    def count_answered(self, within):
        """How many got the whole head of an answer before they were closed."""
        return sum(answer.startswith(b"HTTP/1.1 ") for answer in
                   self.read(within=within, until=lambda got: b"\r\n\r\n" in got))

    def wait_until_closed(self, within):
        self.read(within=within)


class Watcher:
    """Another client, in a process of its own: it opens a connection, takes the page, and does it again."""

    def __init__(self, crowd):
        self.child = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), str(crowd.port), "tls" if crowd.is_secure else "plain"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.child.stdout.readline()

    def finish(self):
        """Seconds of the slowest page, how many there were, what went wrong, and how long this machine overslept."""
        result, _ = self.child.communicate(timeout=30)
        return json.loads(result)


def watch(port, is_secure):
    request = f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode("ascii")
    context = careless() if is_secure else None
    worst, served, failures, lag = 0.0, 0, [], 0.0
    print("ready", flush=True)
    while True:
        begun = time.monotonic()
        try:
            client = socket.socket()
            client.settimeout(10)
            client.bind(("127.0.0.4", 0))
            client.connect(("127.0.0.1", port))
            with context.wrap_socket(client) if context else client as stream:
                stream.sendall(request)
                answer = b""
                while part := stream.recv(65536):
                    answer += part
            if not answer.startswith(b"HTTP/1.1 200 ") or b"</html>" not in answer:
                failures.append(answer[:40].decode("latin-1"))
        except OSError as error:
            failures.append(str(error))
        worst, served = max(worst, time.monotonic() - begun), served + 1
        begun = time.monotonic()
        if select.select([sys.stdin], [], [], 0.05)[0]:
            print(json.dumps([worst, served, failures[:5], lag]), flush=True)
            return
        lag = max(lag, time.monotonic() - begun - 0.05)


if __name__ == "__main__":
    watch(int(sys.argv[1]), sys.argv[2] == "tls")
