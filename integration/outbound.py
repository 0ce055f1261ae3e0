#!/usr/bin/python3
"""Deliveries that are pushed, under kill -9: each has its effect exactly once, in order of its referral, at no other agency.

  outbound.py --way folder|http [--seed N] [--dir DIR] [--kills N] [--referrals N] [--mutant NAME]

A caseworker sends referrals and withdraws some while the hub ends again and again: at random moments, and between writing or posting a
delivery and journalling its ack. The agency is a program of its own that remembers on disk what had an effect, by name of file or
idempotency key. Its folder is gone for a time; its server is gone, answers with errors, takes a delivery and breaks off. At the end the
oracle knows each request, each withdrawal after it, and nothing else; the ledger has the hash of what the agency got; nothing is dead.
"""

import base64
import collections
import hashlib
import http.server
import json
import os
import pathlib
import random
import ssl
import threading
import time

import faultkit
import hubkit

import grpc  # noqa: E402
from anqiao.hub.v1 import operations_pb2, referrals_pb2  # noqa: E402

AGENCY = "employment"
BETWEEN = "delivery.before_ack"


class Effects:
    """What the agency did, on disk before it says so: by name once, whatever comes again."""

    def __init__(self, path):
        self.file, self.lock = open(path, "ab"), threading.Lock()
        self.by_name, self.order, self.repeats, self.violations = {}, collections.defaultdict(list), 0, []

    def take(self, name, body):
        with self.lock:
            if name in self.by_name:
                self.repeats += 1
                if self.by_name[name] != body:
                    self.violations.append(f"{name} came again with other content")
                return
            self.file.write(json.dumps({"name": name, "body": body.decode("utf-8")}).encode() + b"\n")
            self.file.flush()
            os.fsync(self.file.fileno())
            self.by_name[name] = body
            delivery = json.loads(body)
            kind = next(kind for kind in ("request", "cancellation", "closure") if kind in delivery)
            self.order[delivery["referral"]].append(kind)

    def requests(self):
        with self.lock:
            return sum("request" in kinds for kinds in self.order.values())


class FolderAgency(threading.Thread):
    """Takes files out of its folder: has the effect, then moves the file away. The folder is gone for a time."""

    def __init__(self, folder, effects, rng):
        super().__init__(daemon=True)
        self.folder, self.done, self.effects, self.rng = folder / "out", folder / "done", effects, rng
        self.stopped = threading.Event()
        self.folder.mkdir()
        self.done.mkdir()

    def settings(self):
        return {"deliver": "{folder: {path: out}}"}

    def oldest_first(self):
        files = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        return sorted(files, key=lambda path: path.stat().st_mtime_ns)

    def run(self):
        while not self.stopped.wait(0.02):
            if self.rng.random() < 0.01:
                away = self.folder.with_name("unmounted")
                self.folder.rename(away)
                time.sleep(self.rng.uniform(0.1, 1))
                away.rename(self.folder)
            # Oldest first: of a referral the request comes before its withdrawal.
            for path in self.oldest_first():
                # The agency is slow at times, so that the hub finds its own file after a restart.
                if self.rng.random() < 0.3:
                    break
                self.effects.take(path.stem, path.read_bytes())
                path.rename(self.done / path.name)

    def stop(self):
        self.stopped.set()
        self.join(10)
        for path in self.oldest_first():
            self.effects.take(path.stem, path.read_bytes())


class HttpAgency:
    """A server that takes a post, has the effect, and answers, breaks off, or refuses before it did anything."""

    def __init__(self, folder, effects, rng):
        self.effects, self.rng, self.lock, self.faults = effects, rng, threading.Lock(), collections.Counter()
        self.port, self.certs, self.server = hubkit.free_port(), folder / "certs", None
        self.stopped = threading.Event()

    def settings(self):
        return {"deliver": f"{{http: {{url: \"https://127.0.0.1:{self.port}/inbox\", ca: certs/ca.crt, certificate: certs/agencies/stranger.crt, "
                           "key: certs/agencies/stranger.key}}"}

    def start(self):
        self.open()
        threading.Thread(target=self.come_and_go, daemon=True).start()

    def open(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 20

            def do_POST(self):
                owner.post(self)

            def log_message(self, *unused):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *unused):
                """Handshakes and connections that the hub's end cut off."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certs / "servers" / "hub.crt", self.certs / "servers" / "hub.key")
        context.load_verify_locations(self.certs / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def come_and_go(self):
        while not self.stopped.wait(self.rng.uniform(2, 4)):
            with self.lock:
                self.close()
                time.sleep(self.rng.uniform(0.1, 1))
                self.open()
                self.faults["outage"] += 1

    def post(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        fault = self.rng.choice(["busy", "error", "drop", "break", "garbage"]) if self.rng.random() < 0.2 else None
        self.faults[fault or "none"] += 1
        handler.close_connection = True
        if "anqiao" in str(handler.headers).lower() or "httplib" in str(handler.headers).lower():
            self.effects.violations.append(f"the sender tells who it is: {handler.headers}")
        if fault == "drop":
            return
        if fault in ("busy", "error"):
            handler.send_response(503 if fault == "busy" else 500)
            handler.send_header("Retry-After", "1")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        self.effects.take(handler.headers["Idempotency-Key"], body)
        if fault == "break":
            return
        if fault == "garbage":
            handler.wfile.write(b"\x00\x01\r\n")
            return
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")

    def stop(self):
        self.stopped.set()
        with self.lock:
            self.close()


class Caseworker(threading.Thread):
    """Sends referrals and withdraws some, each call again until it is answered."""

    def __init__(self, hub, pairs, count, rng):
        super().__init__(daemon=True)
        self.hub, self.pairs, self.count, self.rng = hub, pairs, count, rng
        self.sent, self.cancelled, self.violations, self.clients = [], set(), [], None

    def call(self, method):
        while True:
            try:
                if self.clients is None:
                    self.clients = faultkit.Clients(self.hub)
                return method(self.clients)
            except (grpc.RpcError, hubkit.ToolError, OSError) as error:
                code = error.code() if isinstance(error, grpc.RpcError) else None
                if code == grpc.StatusCode.FAILED_PRECONDITION:
                    return None
                if code not in (None, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED,
                                grpc.StatusCode.UNKNOWN):
                    self.violations.append(f"a caseworker's call was answered {code}: {error.details()}")
                    return None
                self.clients = None
                time.sleep(0.1)

    def run(self):
        for case, policy in self.pairs:
            if len(self.sent) == self.count:
                return
            create, send, cancel = (faultkit.new_id(self.rng) for _ in range(3))
            # So that there is something on its way whenever the hub ends.
            time.sleep(self.rng.uniform(0, 0.4))
            draft = self.call(lambda clients: clients.create_referral(case, policy, create))
            sent = draft and self.call(lambda clients: clients.send_referral(draft, policy, send))
            if not sent:
                continue
            self.sent.append((sent.name, case))
            if self.rng.random() < 0.5:
                request = referrals_pb2.MoveReferralRequest(request_id=cancel, name=sent.name, etag=sent.etag,
                                                            action=referrals_pb2.REFERRAL_ACTION_CANCEL, reason="PERSON_WITHDREW")
                if self.call(lambda clients: clients.referrals.MoveReferral(request, timeout=30)):
                    self.cancelled.add(sent.name)


def kill_again_and_again(hub, options, rng, busy):
    """Every other time the hub ends by itself, with a delivery handed over and its ack not journalled."""
    between = 0
    for number in range(options.kills):
        if number % 2 == 0 and busy():
            hub.environment["AQ_FAILPOINT"] = f"{BETWEEN}:{rng.randint(1, 4)}"
            hub.stop()
            hub.start()
            if faultkit.wait_until(lambda: hub.hub.poll() is not None, 15):
                between += 1
        else:
            time.sleep(rng.uniform(0.5, 2))
        hub.environment.pop("AQ_FAILPOINT", None)
        hub.kill()
        hub.start()
    return between


def check_ledger(clients, worker, effects, violations):
    """The ledger has, for each request, the salted hash of bytes that the agency got."""
    got = list(effects.by_name.values())
    for name, case in worker.sent:
        request = referrals_pb2.ListDisclosuresRequest(case=case)
        entries = [entry for entry in clients.pages(clients.referrals.ListDisclosures, request, "disclosures") if entry.referral == name]
        if not any(hashlib.sha256(entry.bytes_salt + body).digest() == entry.bytes_hash for entry in entries for body in got):
            violations.append(f"the ledger of {name} has no hash of what the agency got: "
                              f"{[base64.b16encode(entry.bytes_hash) for entry in entries]}")


def check(hub, worker, effects, stray, violations):
    for referral, kinds in effects.order.items():
        if kinds not in (["request"], ["request", "cancellation"]):
            violations.append(f"{referral} had the effects {kinds}, expected a request and at most a cancellation after it")
    requests = effects.requests()
    cancellations = sum(kinds[1:] == ["cancellation"] for kinds in effects.order.values())
    if (requests, cancellations) != (len(worker.sent), len(worker.cancelled)):
        violations.append(f"{requests} requests and {cancellations} cancellations had an effect, expected {len(worker.sent)} and "
                          f"{len(worker.cancelled)} (I6)")
    if stray:
        violations.append(f"another agency received {stray[:3]} (I2)")
    with faultkit.Clients(hub) as clients:
        agency = clients.agencies()[AGENCY]
        if agency.pending_delivery_count or agency.dead_delivery_count:
            violations.append(f"{agency.pending_delivery_count} deliveries still wait, {agency.dead_delivery_count} are dead (I6)")
        faultkit.Invariants().check(clients, violations, "at the end")
        check_ledger(clients, worker, effects, violations)


def check_stream_refused(clients, violations):
    """While deliveries are pushed a Receive stream is told so."""
    opening = faultkit.exchange_pb2.ReceiveRequest(open=faultkit.exchange_pb2.OpenReceive())
    try:
        for _ in clients.exchange(AGENCY).Receive(iter([opening]), timeout=10):
            break
        violations.append("a Receive stream was opened although deliveries are pushed")
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
            violations.append(f"a Receive stream was refused with {error.code()}: {error.details()}")


def run(hub, agency, effects, options, rng):
    violations, stray = [], []
    hub.start()
    faultkit.submit_district(hub, hub.folder / "district")
    agency.start()
    with faultkit.Clients(hub) as clients:
        pairs = faultkit.candidates(clients, rng)
        check_stream_refused(clients, violations)
    worker = Caseworker(hub, pairs, options.referrals, random.Random(rng.random()))
    worker.start()
    between = kill_again_and_again(hub, options, rng, worker.is_alive)
    with faultkit.Clients(hub) as clients:
        other = faultkit.Receiver(clients, "tax", lambda receiver, delivery: stray.append(delivery.name))
        worker.join(300)
        if worker.is_alive():
            violations.append(f"only {len(worker.sent)} of {options.referrals} referrals were sent")
        if not faultkit.wait_until(lambda: not clients.agencies()[AGENCY].pending_delivery_count, 90, 0.2):
            waiting = clients.operations.ListDeliveries(operations_pb2.ListDeliveriesRequest(state=operations_pb2.DELIVERY_STATE_WAITING))
            violations.append(f"{len(waiting.deliveries)} deliveries still wait, such as {str(waiting.deliveries[:1])[:300]} (I6)")
        other.stop()
    agency.stop()
    violations += worker.violations + effects.violations
    check(hub, worker, effects, stray, violations)
    print(f"{len(worker.sent)} referrals, {len(worker.cancelled)} withdrawn, {len(effects.by_name)} deliveries, {effects.repeats} came again, "
          f"{between} ends between handing over and ack{', ' + str(dict(agency.faults)) if options.way == 'http' else ''}", flush=True)
    return violations


def main():
    parser = faultkit.arguments(__doc__, "outbound", ("outbox_not_from_journal", "ids_not_from_content"))
    parser.add_argument("--way", choices=("folder", "http"), required=True)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--referrals", type=int, default=60)
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    folder = pathlib.Path(hubkit.fresh_folder(options.dir.with_name(f"{options.dir.name}-{options.way}")))
    rng = random.Random(options.seed)
    effects = Effects(folder / "effects.jsonl")
    agency = (FolderAgency if options.way == "folder" else HttpAgency)(folder, effects, random.Random(rng.random()))
    with faultkit.installation(options, folder, agency_settings={AGENCY: agency.settings()}) as hub:
        violations = run(hub, agency, effects, options, rng)
    faultkit.finish(f"outbound by {options.way}, {options.kills} kills", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
