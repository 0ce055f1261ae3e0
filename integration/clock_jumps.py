#!/usr/bin/python3
"""The hub's clock jumps up to ten years forward and back, while it runs and between restarts. Whatever arrives later is what is on file,
repeats are answered as before (I3), the journal and its log only grow and what is rebuilt is what is live (I4, I5), deliveries go on.

  clock_jumps.py [--jumps N] [--seed N] [--mutant NAME] [--dir DIR]

anqiaod_faulty reads AQ_CLOCK_FILE at every look at its clock. The records carry no extract time, so the instant of first sight orders them.
"""

import random
import threading
import time

import faultkit
import hubkit

TEN_YEARS = 3652 * 86400
PEOPLE = 60
PAYLOADS_A_JUMP = 3
ROWS_A_PAYLOAD = 8
WAIT_SECONDS_MAX = 10.0


class Run:
    def __init__(self, options, hub):
        self.rng, self.hub, self.violations = random.Random(options.seed), hub, []
        self.newest = {}  # (person, test): is the newest result positive?
        self.told, self.number, self.restarts = {}, 0, 0
        self.invariants = faultkit.Invariants()

    def set_clock(self, seconds):
        # Replaced in one step: the hub may look at any time.
        fresh = self.hub.folder / f"clock.new.{threading.get_ident()}"
        fresh.write_text(f"{seconds}\n", encoding="ascii")
        fresh.rename(self.hub.folder / "clock")

    def jump(self):
        return self.rng.choice((TEN_YEARS, -TEN_YEARS, 0, 0, self.rng.randint(-TEN_YEARS, TEN_YEARS)))

    def submit(self, clients):
        """Other results of some tests that are on file, or first results."""
        keys = [(self.rng.randrange(PEOPLE), self.rng.randrange(4)) for _ in range(ROWS_A_PAYLOAD)]
        changed = {key: not self.newest.get(key, self.rng.random() < 0.5) for key in keys}
        data = faultkit.tests_file([faultkit.test_row(person, test, positive) for (person, test), positive in changed.items()])
        request_id = faultkit.new_id(self.rng)
        answer = clients.submit("police", "tests", data, request_id)
        self.newest.update(changed)
        self.told[request_id] = (data, answer.essence())
        if answer.code or answer.summary.accepted_count != len(changed):
            self.violations.append(f"a payload of {len(changed)} new results: code {answer.code}, {answer.summary.accepted_count} accepted")

    def repeat(self, clients, count):
        chosen = self.rng.sample(sorted(self.told), min(count, len(self.told)))
        answers = clients.submit_all("police", [("tests", self.told[request_id][0], request_id) for request_id in chosen])
        for request_id, answer in zip(chosen, answers):
            if not answer.repeated or answer.essence() != self.told[request_id][1]:
                self.violations.append("a repeated payload was not answered as before (I3)")

    def newest_counts(self, clients, where):
        """What is on file is what came last: said again as a new request it changes nothing."""
        rows = [faultkit.test_row(person, test, positive) for (person, test), positive in self.newest.items()]
        answer = clients.submit("police", "tests", faultkit.tests_file(rows), faultkit.new_id(self.rng))
        older = [record for record in answer.records if record.disposition != faultkit.UNCHANGED]
        if older:
            self.violations.append(f"{where}: {len(older)} of {len(rows)} records on file are not the newest: first sights went back (I3)")
        on_file = clients.agencies()["police"].record_count
        if on_file != len(self.newest):
            self.violations.append(f"{where}: {len(self.newest)} records were acknowledged, {on_file} are on file (I1, I3)")

    def restart(self):
        self.hub.stop() if self.rng.random() < 0.5 else self.hub.kill()
        self.set_clock(self.jump())
        self.hub.start()
        self.restarts += 1


def refer_and_receive(run, clients):
    """A referral from draft to acceptance while the clock jumps: pauses and visibility times run on the steady clock. Where the clock jumps ahead
    between the ack and the answer the referral may expire first; then its withdrawal is delivered and the answer refused."""
    found = faultkit.candidates(clients, run.rng)
    taken = []

    def handle(receiver, delivery):
        receiver.acknowledge(delivery.name)
        if not delivery.HasField("request"):
            return
        taken.append(delivery.name)
        run.set_clock(run.jump())
        try:
            clients.answer("employment", delivery, faultkit.ACCEPT, faultkit.new_id(run.rng))
        except faultkit.grpc.RpcError as error:
            if error.code() not in (faultkit.grpc.StatusCode.FAILED_PRECONDITION, faultkit.grpc.StatusCode.ABORTED):
                raise

    receiver = faultkit.Receiver(clients, "employment", handle)
    sent = 0
    for case, policy in found:
        try:
            # What somebody is entitled to depends on the day, so these two are of today; a delivery taken meanwhile may move it.
            run.set_clock(0)
            draft = clients.create_referral(case, policy, faultkit.new_id(run.rng))
            clients.send_referral(draft, policy, faultkit.new_id(run.rng))
            run.set_clock(run.jump())
            sent += 1
        except faultkit.grpc.RpcError as error:
            if error.code() not in (faultkit.grpc.StatusCode.FAILED_PRECONDITION, faultkit.grpc.StatusCode.ABORTED):
                raise
        if sent == 10:
            break
    if not faultkit.wait_until(lambda: len(set(taken)) == sent, WAIT_SECONDS_MAX) or not faultkit.wait_until(
            lambda: not clients.agencies()["employment"].pending_delivery_count, WAIT_SECONDS_MAX):
        run.violations.append(f"{sent} referrals were sent, {len(set(taken))} delivered and acknowledged (I6)")
    if not sent:
        run.violations.append("nothing could be referred, so that deliveries show nothing")
    if len(taken) != len(set(taken)):
        run.violations.append(f"{len(taken) - len(set(taken))} deliveries came again though none was late")
    receiver.stop()
    return sent


def jumps(run, options):
    for number in range(1, options.jumps + 1):
        with faultkit.Clients(run.hub) as clients:
            run.set_clock(run.jump())
            for _ in range(PAYLOADS_A_JUMP):
                run.submit(clients)
                if run.rng.random() < 0.3:
                    run.set_clock(run.jump())
            run.repeat(clients, 3)
            run.newest_counts(clients, f"jump {number}")
            if number % 10 == 0:
                run.invariants.check(clients, run.violations, f"jump {number}")
        if options.mutant and run.violations:
            return
        if number % 4 == 0:
            run.restart()


def main():
    parser = faultkit.arguments(__doc__, "clock_jumps", ("first_sights_follow_clock", "requests_forgotten", "projection_reads_clock"))
    parser.add_argument("--jumps", type=int, default=80)
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    folder = hubkit.fresh_folder(options.dir)
    with faultkit.installation(options, folder, {"AQ_CLOCK_FILE": str(folder / "clock")}) as hub:
        run = Run(options, hub)
        run.set_clock(0)
        started = time.monotonic()
        hub.start()
        jumps(run, options)
        tests, base = len(run.newest), len(run.told)
        with faultkit.Clients(hub) as clients:
            run.set_clock(0)
            faultkit.submit_district(hub, folder / "district")
            sent = refer_and_receive(run, clients)
            run.set_clock(0)
            run.repeat(clients, base)
            run.invariants.check(clients, run.violations, "in the end")
    print(f"    {base} payloads on {tests} records, {run.restarts} restarts, {sent} referrals, {run.invariants.entries} entries "
          f"in {time.monotonic() - started:.0f} s")
    faultkit.finish(f"clock jumps: {options.jumps} up to ten years either way", run.violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
