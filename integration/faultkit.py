"""What the runs of faults share: clients of both listeners, payloads of made-up tests, and what must be true of a hub at any time.

Nothing here knows the hub's inside: it calls the public API and remembers what it was told.
"""

import argparse
import os
import pathlib
import queue
import random
import sys
import threading
import time
import uuid

import hubkit

hubkit.generate_stubs()

import grpc  # noqa: E402

import audit_verifier  # noqa: E402
import exchange  # noqa: E402
from anqiao.exchange.v1 import exchange_pb2_grpc  # noqa: E402
from anqiao.hub.v1 import (cases_pb2, cases_pb2_grpc, custody_pb2, custody_pb2_grpc, eligibility_pb2,  # noqa: E402
                           eligibility_pb2_grpc, operations_pb2, operations_pb2_grpc, referrals_pb2, referrals_pb2_grpc)
from exchange import exchange_pb2  # noqa: E402

ACCEPTED, UNCHANGED, HELD, REJECTED = 1, 2, 3, 4
HEADER = "xdrybh|xm|sfzh|njrq|njjg|jcfs"
KINDS = ("现场", "实验室", "复检", "毛发")
PEOPLE = 2_000
POLICIES = {"employment-assistance": "就业促进法 第五十二条", "difficulty-recognition": "就业促进法 第五十二条",
            "training-subsidy": "就业促进法 第四十九条"}
ACCEPT = exchange_pb2.ANSWER_ACTION_ACCEPT


def test_row(person, test=0, positive=False):
    """A test of a made-up person, one of 1,344 of each, long ago; the record's key does not depend on the result."""
    day = test // len(KINDS)
    return (f"R4212{person:08}|虚构{chr(0x4E00 + person % 5000)}||2004{1 + day // 28 % 12:02}{1 + day % 28:02}|"
            f"{'阳性' if positive else '阴性'}|{KINDS[test % len(KINDS)]}")


def tests_file(rows):
    return ("\n".join([HEADER, *rows]) + "\n").encode("gb18030")


class Clients:
    """Stubs of a hub that runs, each agency and user with a connection of its own."""

    def __init__(self, hub):
        self.hub, self.channels = hub, {}
        self.cases = cases_pb2_grpc.CaseServiceStub(self.channel("hub_listener", "users/wang.fang"))
        self.referrals = referrals_pb2_grpc.ReferralServiceStub(self.channel("hub_listener", "users/wang.fang"))
        self.eligibility = eligibility_pb2_grpc.EligibilityServiceStub(self.channel("hub_listener", "users/wang.fang"))
        self.operations = operations_pb2_grpc.OperationsServiceStub(self.channel("hub_listener", "users/ops"))
        self.custody = custody_pb2_grpc.CustodyServiceStub(self.channel("hub_listener", "users/ops"))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for channel in self.channels.values():
            channel.close()

    def channel(self, listener, identity):
        if identity not in self.channels:
            certs = self.hub.certs
            credentials = grpc.ssl_channel_credentials((certs / "ca.crt").read_bytes(), (certs / f"{identity}.key").read_bytes(),
                                                       (certs / f"{identity}.crt").read_bytes())
            self.channels[identity] = grpc.secure_channel(self.hub.address(listener), credentials, options=[
                ("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)])
        return self.channels[identity]

    def exchange(self, agency):
        return exchange_pb2_grpc.ExchangeServiceStub(self.channel("agency_listener", f"agencies/{agency}"))

    def submit(self, agency, form, data, request_id, timeout=30):
        return next(self.submit_all(agency, [(form, data, request_id)], timeout))

    def submit_all(self, agency, payloads, timeout=60):
        """Answers to payloads (format, bytes, request id) on one stream, in order, as they come."""
        requests = (exchange_pb2.SubmitRequest(header=exchange_pb2.PayloadHeader(request_id=request_id, format=form), data=data, last=True)
                    for form, data, request_id in payloads)
        records = []
        for response in self.exchange(agency).Submit(requests, timeout=timeout):
            records.extend(response.records)
            if response.HasField("summary"):
                yield Answer(response.request_id, response.summary, records)
                records = []

    def status(self, at_least=0, timeout=30):
        return self.operations.GetHubStatus(operations_pb2.GetHubStatusRequest(at_least_entry_count=at_least), timeout=timeout)

    def agencies(self):
        listed = self.operations.ListAgencies(operations_pb2.ListAgenciesRequest(), timeout=30).agencies
        return {agency.name.rsplit("/", 1)[-1]: agency for agency in listed}

    def pages(self, method, request, field):
        """Everything that a List method has."""
        request.page_size = 1000
        while True:
            response = method(request, timeout=60)
            yield from getattr(response, field)
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def all_referrals(self):
        """Those that somebody asked for: the hub drafts others by itself."""
        listed = self.pages(self.referrals.ListReferrals, referrals_pb2.ListReferralsRequest(), "referrals")
        return [referral for referral in listed if referral.steps[0].principal != "hub"]

    def all_cases(self):
        return list(self.pages(self.cases.ListCases, cases_pb2.ListCasesRequest(), "cases"))

    def entitled(self, policy):
        request = eligibility_pb2.ListEntitlementsRequest(policy=f"policies/{policy}", result=eligibility_pb2.ELIGIBILITY_RESULT_ELIGIBLE)
        return [entitlement.case for entitlement in self.pages(self.eligibility.ListEntitlements, request, "entitlements")]

    def create_referral(self, case, policy, request_id):
        return self.referrals.CreateReferral(
            referrals_pb2.CreateReferralRequest(request_id=request_id, case=case, policy=f"policies/{policy}"), timeout=30)

    def send_referral(self, draft, policy, request_id):
        return self.referrals.SendReferral(referrals_pb2.SendReferralRequest(
            request_id=request_id, name=draft.name, etag=draft.etag, legal_basis="STATUTORY_DUTY", basis_reference=POLICIES[policy],
            notice_given=True), timeout=30)

    def answer(self, agency, delivery, action, request_id):
        return self.exchange(agency).AnswerReferral(exchange_pb2.AnswerReferralRequest(
            request_id=request_id, referral=delivery.referral, etag=delivery.etag,
            answer=exchange_pb2.ReferralAnswer(action=action)), timeout=30).etag

    def verify(self):
        """VerifyProjections to its end: is the rebuilt state the live one?"""
        result = None
        for response in self.operations.VerifyProjections(operations_pb2.VerifyProjectionsRequest(), timeout=300):
            if response.HasField("result"):
                result = response.result
        return result

    def tree_head(self, since=0):
        return self.custody.GetTreeHead(custody_pb2.GetTreeHeadRequest(log="hub", since_size=since), timeout=30)


class Answer:
    """What an agency was told of one payload."""

    def __init__(self, request_id, summary, records):
        self.request_id, self.code, self.repeated = request_id, summary.status.code, summary.repeated
        self.reason, self.summary, self.records = exchange.reason_of(summary.status), summary, records

    def essence(self):
        """What a repeat must say again."""
        return self.code, [(record.row, record.record_key, record.disposition) for record in self.records]


class Receiver(threading.Thread):
    """Takes an agency's deliveries until the hub or the run ends; "handle" says whether each is acknowledged, and how often."""

    def __init__(self, clients, agency, handle, visibility_seconds=30):
        super().__init__(daemon=True)
        self.clients, self.agency, self.handle = clients, agency, handle
        self.outbox = queue.Queue()
        self.outbox.put(exchange_pb2.ReceiveRequest(
            open=exchange_pb2.OpenReceive(max_in_flight=64, visibility_timeout_seconds=visibility_seconds)))
        self.call = clients.exchange(agency).Receive(iter(self.outbox.get, None))
        self.start()

    def acknowledge(self, name):
        self.outbox.put(exchange_pb2.ReceiveRequest(ack=exchange_pb2.Ack(delivery=name)))

    def run(self):
        try:
            for response in self.call:
                self.handle(self, response.delivery)
        except grpc.RpcError as error:
            if error.code() not in exchange.PASSING:
                print(f"    {self.agency}: receiving ended with {error.code().name}: {error.details()}", flush=True)
        finally:
            self.outbox.put(None)

    def stop(self):
        self.call.cancel()
        self.join(10)


class Invariants:
    """I4 and I5 over a hub's life: the journal only grows, the log only grew, what is rebuilt is what is live."""

    def __init__(self):
        self.entries, self.head = 0, None

    def check(self, clients, violations, where):
        status = clients.status()
        if status.journal_entry_count < self.entries:
            violations.append(f"{where}: the journal had {self.entries} entries and has {status.journal_entry_count} (I4)")
        self.entries = status.journal_entry_count
        size = self.head.size if self.head else 0
        answer = clients.tree_head(since=size)
        if self.head and not audit_verifier.consistent(size, self.head.root_hash, answer.head.size, answer.head.root_hash,
                                                       list(answer.growth.hashes)):
            violations.append(f"{where}: the log of {answer.head.size} entries does not begin with the one of {size} (I5)")
        self.head = answer.head
        verified = clients.verify()
        if verified is None or not verified.equal:
            violations.append(f"{where}: verify: rebuilt and live projections differ, such as {list(verified.differences)[:2]} (I5)"
                              if verified else f"{where}: verify did not end")


def wait_until(holds, seconds, pause=0.05):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def submit_district(hub, folder):
    """The files of all agencies of a made-up district, as they would hand them in."""
    hubkit.generate_district(folder, PEOPLE)
    for agency in hubkit.AGENCIES:
        log = exchange.Log(hub.folder / "logs" / f"{agency}.jsonl")
        arguments = hub.agency_arguments(agency)
        exchange.submit_files(exchange.Hub(*(str(arguments[i]) for i in (1, 3, 5, 7)), log), agency, folder / agency)


def candidates(clients, rng):
    """Pairs of case and policy that employment can be asked for, in a random order."""
    found = [(case, policy) for policy in POLICIES for case in clients.entitled(policy)]
    rng.shuffle(found)
    return found


def new_id(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def arguments(description, name, mutants=()):
    """The parser that every run has: --seed, --dir and, where there are some, --mutant. Without --dir a run lies in memory: of
    processes that end it sees the same as on a disk, whose syncs take most of the time."""
    memory = pathlib.Path("/dev/shm")
    base = memory / f"anqiao-faults-{os.getuid()}" if os.access(memory, os.W_OK) else hubkit.ROOT / "build"
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--dir", type=pathlib.Path, default=base / name)
    if mutants:
        parser.add_argument("--mutant", choices=mutants, help="breaks a promise of the hub; the run must fail")
    return parser


def installation(options, folder, environment=None, **settings):
    """A hub of the run's own, broken as --mutant says."""
    mutant = getattr(options, "mutant", None)
    return hubkit.Installation(folder, program="anqiaod_faulty", environment={"AQ_MUTANT": mutant or "", **(environment or {})}, **settings)


def finish(what, violations, seed):
    """The last lines of a run; its exit code."""
    for violation in violations[:20]:
        print("FAILED " + violation)
    if len(violations) > 20:
        print(f"FAILED and {len(violations) - 20} more")
    print(f"{what}, seed {seed}: {len(violations)} violations", flush=True)
    sys.exit(1 if violations else 0)
