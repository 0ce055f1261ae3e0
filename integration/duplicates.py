#!/usr/bin/python3
"""A seeded client that repeats everything: payloads up to five times, reordered, over several streams at once, some with other content
under a used request id; commands, acknowledgements and answers of agencies up to five times, late. Each has one effect (I3).

  duplicates.py [--operations N] [--seed N] [--mutant NAME] [--dir DIR]
"""

import collections
import concurrent.futures
import random
import threading
import time

import faultkit
import hubkit
from faultkit import exchange_pb2, grpc

STREAMS = 3
WINDOW = 300  # payloads among which copies are reordered
CONFLICT_SHARE = 0.04
REPEATS_MAX = 5
ALREADY_EXISTS = 6
REFERRALS = 60
JOURNEY = ["DRAFT", "SENT", "ACCEPTED", "IN_PROGRESS"]
START = exchange_pb2.ANSWER_ACTION_START


class Payloads:
    """Copies of payloads in their order of sending, and what came back."""

    def __init__(self, rng, count):
        self.rng, self.sent = rng, 0
        self.rows = {}  # request id: rows of each content
        self.order = []
        self.outcomes = collections.defaultdict(collections.Counter)  # request id: (content, how it was answered): times
        self.essences, self.conflicts, self.mutex = {}, 0, threading.Lock()
        window = []
        while len(self.order) < count:
            window += self.copies(len(self.rows))
            if len(window) >= WINDOW:
                rng.shuffle(window)
                self.order += window[:count - len(self.order)]
                window = []

    def copies(self, number):
        request_id = faultkit.new_id(self.rng)
        row = faultkit.test_row(number // 1000, number % 1000)
        contents = [[row], [row, faultkit.test_row(90_000 + number // 1000, number % 1000)]]
        self.rows[request_id] = contents
        copies = [(request_id, 0)] * self.rng.randint(1, REPEATS_MAX)
        if self.rng.random() < CONFLICT_SHARE:
            copies.append((request_id, 1))
            self.conflicts += 1
        return copies

    def send(self, clients, part):
        """One stream; its answers come in order."""
        stream = [("tests", faultkit.tests_file(self.rows[request_id][content]), request_id) for request_id, content in part]
        for (request_id, content), answer in zip(part, clients.submit_all("police", stream, timeout=600)):
            with self.mutex:
                self.note(request_id, content, answer)

    def note(self, request_id, content, answer):
        self.sent += 1
        how = "refused" if answer.code == ALREADY_EXISTS and answer.reason == "REQUEST_ID_CONFLICT" else (
            f"{answer.code} {answer.reason}" if answer.code else "repeated" if answer.repeated else "first")
        self.outcomes[request_id][(content, how)] += 1
        if how in ("first", "repeated") and self.essences.setdefault(request_id, answer.essence()) != answer.essence():
            self.outcomes[request_id][(content, "otherwise")] += 1

    def judge(self, violations):
        """Of each request id one content was taken, once; its copies repeat the answer, others are refused."""
        for request_id, outcomes in self.outcomes.items():
            taken = {content for (content, how) in outcomes if how in ("first", "repeated")}
            firsts = sum(times for (_, how), times in outcomes.items() if how == "first")
            others = [how for (content, how) in outcomes if how not in ("first", "repeated", "refused")]
            refused = {content for (content, how) in outcomes if how == "refused"}
            if firsts != 1 or len(taken) != 1 or others or refused & taken:
                violations.append(f"one request id was answered {dict(outcomes)} (I3)")

    def expected_records(self):
        return len({key for _, records in self.essences.values() for _, key, disposition in records if disposition == faultkit.ACCEPTED})


class Referrals:
    """Referrals whose every step is repeated: at the same time, late, and after later steps."""

    def __init__(self, rng, clients, violations):
        self.rng, self.clients, self.violations, self.operations = rng, clients, violations, 0
        self.taken, self.answers, self.mutex = {}, {}, threading.Lock()
        self.created = []

    def times(self):
        return self.rng.randint(2, REPEATS_MAX)

    def same(self, what, call, pool):
        """Calls some times at once; all must be answered alike."""
        calls = [pool.submit(call) for _ in range(self.times())]
        answers = [done.result() for done in calls]
        self.operations += len(answers)
        if any(answer != answers[0] for answer in answers):
            self.violations.append(f"{what} was answered in two ways (I3)")
        return answers[0]

    def run(self, pairs):
        receiver = faultkit.Receiver(self.clients, "employment", self.handle, visibility_seconds=1)
        with concurrent.futures.ThreadPoolExecutor(REPEATS_MAX) as pool:
            for case, policy in pairs:
                if len(self.created) == REFERRALS:
                    break
                self.refer(case, policy, pool)
            if not faultkit.wait_until(lambda: len(self.taken) == len(self.created), 20):
                self.violations.append(f"{len(self.created)} referrals were sent, {len(self.taken)} delivered (I6)")
            for delivery in list(self.taken.values()):
                self.answer(delivery, pool)
        # Late acknowledgements: all again, some times, in another order.
        names = [name for name in self.taken for _ in range(self.times())]
        self.rng.shuffle(names)
        for name in names:
            receiver.acknowledge(name)
        self.operations += len(names)
        if not faultkit.wait_until(lambda: not self.clients.agencies()["employment"].pending_delivery_count, 20):
            self.violations.append("deliveries that were acknowledged are still pending (I1)")
        receiver.stop()

    def refer(self, case, policy, pool):
        create, send = faultkit.new_id(self.rng), faultkit.new_id(self.rng)
        drafts = [done.result() for done in [pool.submit(self.clients.create_referral, case, policy, create) for _ in range(self.times())]]
        self.operations += len(drafts)
        if len({draft.name for draft in drafts}) != 1:
            self.violations.append("one request created several referrals (I3)")
        try:
            self.same("sending a referral", lambda: self.clients.send_referral(drafts[0], policy, send).name, pool)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
                raise
            return
        self.created.append((drafts[0].name, create, case, policy))

    def handle(self, receiver, delivery):
        with self.mutex:
            late = delivery.name not in self.taken and self.rng.random() < 0.2
            first = self.taken.setdefault(delivery.name, delivery)
        if (first.referral, first.etag) != (delivery.referral, delivery.etag):
            self.violations.append("a delivery came again with other content (I3)")
        # Some are acknowledged only after the visibility time, when they have come again.
        for _ in range(0 if late else self.times()):
            receiver.acknowledge(delivery.name)
            self.operations += 1

    def answer(self, delivery, pool):
        accept, start = faultkit.new_id(self.rng), faultkit.new_id(self.rng)
        etag = self.same("an acceptance", lambda: self.clients.answer("employment", delivery, faultkit.ACCEPT, accept), pool)
        moved = exchange_pb2.Delivery(referral=delivery.referral, etag=etag)
        self.same("a start", lambda: self.clients.answer("employment", moved, START, start), pool)
        late = self.same("a late acceptance", lambda: self.clients.answer("employment", delivery, faultkit.ACCEPT, accept), pool)
        if late != etag:
            self.violations.append("an acceptance that came again later was answered otherwise (I3)")

    def judge(self):
        listed = {referral.name: referral for referral in self.clients.all_referrals()}
        for name, create, case, policy in self.created:
            steps = [faultkit.referrals_pb2.ReferralState.Name(step.state).removeprefix("REFERRAL_STATE_") for step in listed[name].steps]
            if steps != JOURNEY:
                self.violations.append(f"a referral went {' '.join(steps)}")
            if self.clients.create_referral(case, policy, create).name != name:
                self.violations.append("a creation that came again later made another referral (I3)")
        if len(self.clients.all_referrals()) != len(listed):
            self.violations.append("late repeats made more referrals (I3)")


def submit_everything(clients, payloads):
    parts = [payloads.order[number::STREAMS] for number in range(STREAMS)]
    with concurrent.futures.ThreadPoolExecutor(STREAMS) as pool:
        for done in [pool.submit(payloads.send, clients, part) for part in parts]:
            done.result()


def main():
    parser = faultkit.arguments(__doc__, "duplicates", ("requests_forgotten",))
    parser.add_argument("--operations", type=int, default=100_000)
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    rng, violations, invariants = random.Random(options.seed), [], faultkit.Invariants()
    folder = hubkit.fresh_folder(options.dir)
    with faultkit.installation(options, folder) as hub:
        hub.start()
        faultkit.submit_district(hub, folder / "district")
        payloads = Payloads(rng, options.operations)
        with faultkit.Clients(hub) as clients:
            base = clients.agencies()["police"].record_count
            referrals = Referrals(rng, clients, violations)
            referrals.run(faultkit.candidates(clients, rng))
            started = time.monotonic()
            submit_everything(clients, payloads)
            seconds = time.monotonic() - started
            referrals.judge()
        hub.kill()
        hub.start()
        with faultkit.Clients(hub) as clients:
            # After a restart copies are still copies.
            payloads.send(clients, [copy for copy in payloads.order[::50] if copy[1] == 0 and (0, "first") in payloads.outcomes[copy[0]]])
            payloads.judge(violations)
            on_file = clients.agencies()["police"].record_count - base
            if on_file != payloads.expected_records():
                violations.append(f"{payloads.expected_records()} records were acknowledged, {on_file} are on file (I1, I3)")
            invariants.check(clients, violations, "in the end")
    print(f"    {payloads.sent} payloads of {len(payloads.outcomes)} request ids ({payloads.conflicts} of them used twice) in {seconds:.0f} s, "
          f"{referrals.operations} commands, acknowledgements and answers on {len(referrals.created)} referrals")
    faultkit.finish(f"duplicates: {payloads.sent + referrals.operations} operations", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
