#!/usr/bin/python3
"""The hub ends with _exit at every boundary of commit and acknowledgement, again and again under load; afterwards nothing acknowledged
is lost and nothing happened twice. The oracle is this program, which goes on: what it sent and what it was answered.

  kill_points.py [--cycles N] [--hubs N] [--seed N] [--mutant NAME] [--dir DIR]

A cycle starts anqiaod_faulty with AQ_FAILPOINT=point:n, n random, and loads it until it ends there; every point has N cycles, after
which a hub without fail point is asked about everything. The points are shared out among some hubs that run at the same time.
"""

import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

import faultkit
import hubkit
from faultkit import exchange_pb2, grpc

KILLED_BY_POINT = 77
CYCLE_SECONDS_MAX = 20
READY_SECONDS_MAX = 5.0
PAYLOADS_A_ROUND = 24
ROWS_A_PAYLOAD = 3
RECEIVING = ("employment", "tax")
# How often a point is passed before the end at most; a payload passes those of a commit, a referral those of commands.
PASSES_MAX = {"engine": 1, "command": 6, "delivery": 3, "commit": 12, "project": 12}
REFERRALS_A_CYCLE = {"command": 6, "delivery": 6}
LINGER_MS = (0, 0, 5, 30)


class Referral:
    def __init__(self, case, policy, rng):
        self.case, self.policy = case, policy
        self.create_id, self.send_id = faultkit.new_id(rng), faultkit.new_id(rng)
        self.draft, self.sent = None, False


class Oracle:
    """Everything that was asked of one hub, and every answer."""

    def __init__(self, rng, pairs):
        self.rng, self.pairs = rng, pairs
        self.payloads = {}  # request id: (bytes, what was answered or None)
        self.referrals, self.deliveries, self.answers = [], {}, {}
        self.settled = set()  # deliveries whose acknowledgement is known to be durable
        self.rows, self.violations = 0, []

    def next_payloads(self):
        waiting = [(request_id, data) for request_id, (data, answer) in self.payloads.items() if answer is None]
        for _ in range(PAYLOADS_A_ROUND - len(waiting)):
            rows = [faultkit.test_row(self.rows // 1000, self.rows % 1000 + row) for row in range(ROWS_A_PAYLOAD)]
            self.rows += 4  # Of every four keys one is left out.
            request_id, data = faultkit.new_id(self.rng), faultkit.tests_file(rows)
            self.payloads[request_id] = (data, None)
            waiting.append((request_id, data))
        return [("tests", data, request_id) for request_id, data in waiting]

    def told(self, answer):
        data, earlier = self.payloads[answer.request_id]
        if answer.code:
            self.violations.append(f"a payload got {answer.code} {answer.reason}")
        if earlier not in (None, answer.essence()):
            self.violations.append("a payload was answered in two ways (I3)")
        self.payloads[answer.request_id] = (data, answer.essence())

    def next_referral(self):
        for referral in self.referrals:
            if referral.sent is False:
                return referral
        if not self.pairs:
            return None
        self.referrals.append(Referral(*self.pairs.pop(), self.rng))
        return self.referrals[-1]


class Load:
    """An agency that submits, a caseworker and agencies that receive, on one life of the hub; each goes on until the hub is gone."""

    def __init__(self, clients, oracle, referrals):
        self.clients, self.oracle, self.left = clients, oracle, referrals
        self.stopping = threading.Event()
        self.receivers = [faultkit.Receiver(clients, agency, self.handle) for agency in RECEIVING]
        self.threads = [threading.Thread(target=self.until_gone, args=(work,), daemon=True) for work in (self.submit, self.refer)]
        for thread in self.threads:
            thread.start()

    def until_gone(self, work):
        try:
            while not self.stopping.is_set() and work():
                pass
        except grpc.RpcError as error:
            if error.code() not in faultkit.exchange.PASSING:
                self.oracle.violations.append(f"{work.__name__}: {error.code().name}: {error.details()}")

    def submit(self):
        for answer in self.clients.submit_all("police", self.oracle.next_payloads()):
            self.oracle.told(answer)
        return True

    def refer(self):
        referral = self.oracle.next_referral() if self.left > 0 else None
        if referral is None:
            return False
        self.left -= 1
        refer(self.clients, referral)
        return True

    def handle(self, receiver, delivery):
        oracle = self.oracle
        if delivery.name in oracle.settled:
            oracle.violations.append("a delivery came again after its acknowledgement was durable (I1)")
        agency, _ = oracle.deliveries.setdefault(delivery.name, (receiver.agency, delivery))
        if agency != receiver.agency or receiver.agency != "employment":
            oracle.violations.append(f"a delivery went to {receiver.agency} (I2)")
        receiver.acknowledge(delivery.name)
        request_id, etag = oracle.answers.setdefault(delivery.name, (faultkit.new_id(oracle.rng), None))
        answered = self.clients.answer(receiver.agency, delivery, faultkit.ACCEPT, request_id)
        if etag not in (None, answered):
            oracle.violations.append("an answer to a referral was answered in two ways (I3)")
        oracle.answers[delivery.name] = (request_id, answered)

    def stop(self):
        self.stopping.set()
        for receiver in self.receivers:
            receiver.stop()
        for thread in self.threads:
            thread.join(40)


def refer(clients, referral):
    try:
        if referral.draft is None:
            referral.draft = clients.create_referral(referral.case, referral.policy, referral.create_id)
        clients.send_referral(referral.draft, referral.policy, referral.send_id)
        referral.sent = True
    except grpc.RpcError as error:
        # Not everybody whom a policy entitles can be referred: then it stays a draft.
        if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
            raise
        referral.sent = None


def one_cycle(hub, oracle, point, passes):
    """True if the hub ended at the point; how long it took to be ready (0 if it ended before)."""
    hub.environment["AQ_FAILPOINT"] = f"{point}:{passes}:{oracle.rng.choice(LINGER_MS)}"
    try:
        ready = hub.start()
    except hubkit.ToolError:
        if hub.hub.poll() != KILLED_BY_POINT:
            raise
        return True, 0.0
    with faultkit.Clients(hub) as clients:
        load = Load(clients, oracle, REFERRALS_A_CYCLE.get(point.partition(".")[0], 1))
        try:
            ended = hub.hub.wait(CYCLE_SECONDS_MAX) == KILLED_BY_POINT
        except subprocess.TimeoutExpired:
            ended = False
            hub.kill()
        load.stop()
    return ended, ready


def complete(clients, oracle):
    """Whatever has no answer is sent again until it has one; what was sent is taken and answered."""
    load = Load(clients, oracle, 0)
    load.stopping.set()
    for thread in load.threads:
        thread.join(60)
    for answer in clients.submit_all("police", [("tests", data, request_id) for request_id, (data, told) in oracle.payloads.items()
                                                if told is None]):
        oracle.told(answer)
    for referral in oracle.referrals:
        if referral.sent is False:
            refer(clients, referral)
    for name, (request_id, etag) in list(oracle.answers.items()):
        if etag is None:
            agency, delivery = oracle.deliveries[name]
            oracle.answers[name] = (request_id, clients.answer(agency, delivery, faultkit.ACCEPT, request_id))

    def all_taken():
        sent = sum(referral.sent is True for referral in oracle.referrals)
        return len(oracle.deliveries) >= sent and all(etag for _, etag in oracle.answers.values())

    if not faultkit.wait_until(all_taken, 8):
        sent = sum(referral.sent is True for referral in oracle.referrals)
        oracle.violations.append(f"{sent} referrals were sent, {len(oracle.deliveries)} delivered (I6)")
    if not faultkit.wait_until(lambda: not any(agency.pending_delivery_count for agency in clients.agencies().values()), 8):
        oracle.violations.append("deliveries that were acknowledged are still pending (I1)")
    else:
        oracle.settled.update(oracle.deliveries)
    load.stop()


def judge(hub, oracle, invariants, where, recent):
    """Asks a hub without fail point about everything; "recent" are the payloads to send again."""
    hub.environment["AQ_FAILPOINT"] = ""
    before = len(oracle.violations)
    ready = hub.start()
    with faultkit.Clients(hub) as clients:
        complete(clients, oracle)
        for answer in clients.submit_all("police", [("tests", oracle.payloads[request_id][0], request_id) for request_id in recent]):
            if not answer.repeated:
                oracle.violations.append("an acknowledged payload was forgotten (I1)")
            oracle.told(answer)
        keys = {(record[1]) for data, told in oracle.payloads.values() for record in told[1] if record[2] == faultkit.ACCEPTED}
        on_file = clients.agencies()["police"].record_count - oracle.base
        if on_file != len(keys):
            oracle.violations.append(f"{len(keys)} records were acknowledged, {on_file} are on file (I1, I3)")
        listed = clients.all_referrals()
        created = [referral.draft.name for referral in oracle.referrals if referral.draft]
        if sorted(created) != sorted(referral.name for referral in listed):
            oracle.violations.append(f"{len(created)} referrals were created, {len(listed)} are on file (I1, I3)")
        accepted = sum(referral.state == faultkit.referrals_pb2.REFERRAL_STATE_ACCEPTED for referral in listed)
        if accepted != sum(bool(etag) for _, etag in oracle.answers.values()):
            oracle.violations.append(f"{len(oracle.answers)} referrals were accepted, {accepted} are (I1, I3)")
        invariants.check(clients, oracle.violations, where)
    hub.kill()
    oracle.violations[before:] = [f"{where}: {text}" for text in oracle.violations[before:]]
    return ready


def work(options):
    """One hub and its points."""
    rng = random.Random(options.seed)
    with faultkit.installation(options, hubkit.fresh_folder(options.dir)) as hub:
        shutil.copytree(options.template, options.dir, dirs_exist_ok=True, ignore=shutil.ignore_patterns("anqiaod.yaml", "made_up*"))
        hub.start()
        with faultkit.Clients(hub) as clients:
            oracle = Oracle(rng, faultkit.candidates(clients, rng))
            oracle.base = clients.agencies()["police"].record_count
        hub.kill()
        invariants, slowest, pairs = faultkit.Invariants(), 0.0, len(oracle.pairs)
        for point in options.points:
            known, started, reached = set(oracle.payloads), time.monotonic(), 0
            for _ in range(options.cycles):
                ended, ready = one_cycle(hub, oracle, point, rng.randint(1, PASSES_MAX[point.partition(".")[0]]))
                slowest, reached = max(slowest, ready), reached + ended
            if reached != options.cycles:
                oracle.violations.append(f"{point} was reached in {reached} of {options.cycles} cycles")
            slowest = max(slowest, judge(hub, oracle, invariants, point, [r for r in oracle.payloads if r not in known]))
            print(f"    {point}: {reached} ends in {time.monotonic() - started:.0f} s", flush=True)
            if options.mutant and oracle.violations:
                break
        if slowest > READY_SECONDS_MAX:
            oracle.violations.append(f"the hub needed {slowest:.1f} s to be ready, the bound is {READY_SECONDS_MAX} s")
    print(f"    {len(oracle.payloads)} payloads, {sum(r.sent is True for r in oracle.referrals)} referrals sent (of {pairs} possible), "
          f"{len(oracle.deliveries)} delivered, ready in at most {slowest:.2f} s")
    for violation in oracle.violations:
        print("VIOLATION " + violation)


def make_template(options):
    folder = hubkit.fresh_folder(options.dir / "template")
    with hubkit.Installation(folder) as hub:
        hub.start()
        faultkit.submit_district(hub, options.dir / "district")
    return folder


def run(options):
    points = subprocess.run([hubkit.BUILD / "bin" / "anqiaod_faulty", "--list-failpoints"], capture_output=True, text=True,
                            check=True).stdout.split()
    hubkit.fresh_folder(options.dir)
    template = make_template(options)
    # Those that use up referrals come first.
    points.sort(key=lambda point: point.partition(".")[0] not in REFERRALS_A_CYCLE)
    workers = []
    for number in range(options.hubs):
        command = [hubkit.PYTHON, __file__, "--work", "--template", template, "--dir", options.dir / f"hub{number}", "--cycles",
                   str(options.cycles), "--seed", str(options.seed + number), "--points", *points[number::options.hubs]]
        if options.mutant:
            command += ["--mutant", options.mutant]
        workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    try:
        violations = collect(workers)
    finally:
        for worker in workers:
            hubkit.end(worker)
    faultkit.finish(f"kill points: {len(points)} points, {options.cycles} ends each, on {options.hubs} hubs", violations, options.seed)


def collect(workers):
    violations = []

    def read(worker):
        for line in worker.stdout:
            if line.startswith("VIOLATION "):
                violations.append(line.strip().removeprefix("VIOLATION "))
            else:
                print(line, end="", flush=True)

    readers = [threading.Thread(target=read, args=(worker,)) for worker in workers]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    if any(worker.wait() for worker in workers):
        raise hubkit.ToolError("a part of the run ended with an error (above)")
    return violations


def main():
    parser = faultkit.arguments(__doc__, "kill_points", ("ack_before_sync", "outbox_not_from_journal", "requests_forgotten"))
    parser.add_argument("--cycles", type=int, default=20, help="ends at each point")
    parser.add_argument("--hubs", type=int, default=2, help="that run at the same time")
    parser.add_argument("--work", action="store_true", help="(used by this program)")
    parser.add_argument("--points", nargs="*", default=[], help="(used by this program)")
    parser.add_argument("--template", type=pathlib.Path, help="(used by this program)")
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    if options.work:
        work(options)
    else:
        run(options)


if __name__ == "__main__":
    hubkit.run_as_program(main)
