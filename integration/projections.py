#!/usr/bin/python3
"""What is rebuilt from the journal is what is live (I5): a district, referrals and their answers, then verify, restart and verify again.

  projections.py [--referrals N] [--seed N] [--mutant NAME] [--dir DIR]

With --mutant projection_reads_clock the projections depend on when they are made, and the run must fail.
"""

import random

import faultkit
import hubkit


def main():
    parser = faultkit.arguments(__doc__, "projections", ("projection_reads_clock",))
    parser.add_argument("--referrals", type=int, default=20)
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    rng, violations, invariants = random.Random(options.seed), [], faultkit.Invariants()
    folder = hubkit.fresh_folder(options.dir)
    with faultkit.installation(options, folder) as hub:
        hub.start()
        faultkit.submit_district(hub, folder / "district")
        with faultkit.Clients(hub) as clients:
            taken = []

            def handle(receiver, delivery):
                receiver.acknowledge(delivery.name)
                clients.answer("employment", delivery, faultkit.ACCEPT, faultkit.new_id(rng))
                taken.append(delivery.name)

            receiver = faultkit.Receiver(clients, "employment", handle)
            sent = 0
            for case, policy in faultkit.candidates(clients, rng):
                draft = clients.create_referral(case, policy, faultkit.new_id(rng))
                try:
                    clients.send_referral(draft, policy, faultkit.new_id(rng))
                    sent += 1
                except faultkit.grpc.RpcError as error:
                    if error.code() != faultkit.grpc.StatusCode.FAILED_PRECONDITION:
                        raise
                if sent == options.referrals:
                    break
            if not faultkit.wait_until(lambda: len(taken) >= sent, 20):
                violations.append(f"{sent} referrals were sent, {len(taken)} delivered (I6)")
            receiver.stop()
            invariants.check(clients, violations, "live")
        hub.kill()
        hub.start()
        with faultkit.Clients(hub) as clients:
            invariants.check(clients, violations, "after kill -9")
    faultkit.finish(f"projections: {invariants.entries} entries, {sent} referrals", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
