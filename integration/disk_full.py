#!/usr/bin/python3
"""The disk of the real binary is full, again and again: data and key ring lie on a small tmpfs that a ballast file fills. What does not
fit is refused with RESOURCE_EXHAUSTED (STORAGE_FULL), reads go on, and once there is room writes go on without a restart. In the end,
and after kill -9, everything that was acknowledged is on file.

  disk_full.py [--fills N] [--seed N] [--mutant NAME] [--dir DIR]

Needs a mount of its own: as root, or as a user who may make namespaces. Where neither is possible the run fails and says so.
"""

import os
import pathlib
import random
import subprocess
import sys
import time

import faultkit
import hubkit

INSIDE = "AQ_DISK_FULL_MOUNTED"
DISK_BYTES = 512 << 20
# For judging: verify computes the projections a second time, beside the live ones.
JUDGED_DISK_BYTES = 2 << 30
# RocksDB looks for room every five seconds, and a try may just have begun.
RESUME_SECONDS_MAX = 15.0
ROWS_A_PAYLOAD = 40
# Every other fill leaves a little room, so that the disk ends within a group.
ROOM_BYTES = (0, 0, 4096, 16384, 65536)
PAYLOADS_A_FILL_MAX = 1000
PASSING = ("STORAGE_FULL",)


def enter_namespace(options):
    """Runs this program again where it may mount; does not return."""
    folder = hubkit.fresh_folder(options.dir)
    disk = folder / "disk"
    disk.mkdir()
    tried = []
    for flags in (["-m"], ["-U", "-r", "-m"]):
        unshare = ["unshare", *flags, "--propagation", "private"]
        mount = subprocess.run([*unshare, "mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", disk], capture_output=True, text=True,
                               check=False)
        if mount.returncode == 0:
            script = f'mount -t tmpfs -o size={DISK_BYTES},mode=700 tmpfs "$1" && shift && exec "$@"'
            command = [*unshare, "sh", "-c", script, "sh", disk, sys.executable, __file__, *sys.argv[1:], "--seed", str(options.seed)]
            inner = subprocess.Popen(command, env={**os.environ, INSIDE: "1"})
            try:
                sys.exit(inner.wait())
            finally:
                hubkit.end(inner)
        tried.append(f"unshare {' '.join(flags)}: {mount.stderr.strip()}")
    sys.exit("FAILED this machine lets nobody mount a tmpfs, so that no disk can be full: " + "; ".join(tried))


class Ballast:
    """Takes up what is free on the disk."""

    def __init__(self, disk):
        self.path = disk / "ballast"

    def fill(self, room):
        with open(self.path, "ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(b"\0" * size) == size:
                        pass
                except OSError:
                    pass
            if room and file.tell() > room:
                file.truncate(file.tell() - room)

    def drop(self):
        self.path.unlink(missing_ok=True)


class Run:
    def __init__(self, options, hub):
        self.rng, self.hub, self.violations = random.Random(options.seed), hub, []
        self.rows, self.acknowledged, self.payloads = 0, set(), []
        self.refused, self.slowest = 0, 0.0
        # New records need keys, so that the ring finds the disk full first; new versions of known ones do not, and the journal does.
        self.new_records, self.turns = True, 0

    def payload(self):
        if not self.new_records:
            self.turns += 1
            rows = [faultkit.test_row(0, row, positive=self.turns % 2 == 1) for row in range(ROWS_A_PAYLOAD)]
            return "tests", faultkit.tests_file(rows), faultkit.new_id(self.rng)
        rows = [faultkit.test_row(self.rows // 1000, (self.rows + row) % 1000) for row in range(ROWS_A_PAYLOAD)]
        self.rows += ROWS_A_PAYLOAD
        return "tests", faultkit.tests_file(rows), faultkit.new_id(self.rng)

    def submit(self, clients, payload):
        """True if it was taken."""
        answer = clients.submit("police", *payload)
        if answer.code == 0:
            self.payloads.append((payload, answer.essence()))
            self.acknowledged.update(record.record_key for record in answer.records if record.disposition == faultkit.ACCEPTED)
            return True
        if answer.code != 8 or answer.reason not in PASSING:
            self.violations.append(f"on a full disk a payload got {answer.code} {answer.reason}, expected RESOURCE_EXHAUSTED STORAGE_FULL")
        self.refused += 1
        return False

    def read(self, clients, where, full=False):
        """An operator and a caseworker read all that was acknowledged; on a full disk perhaps what was there before."""
        try:
            on_file = clients.agencies()["police"].record_count
            cases = clients.cases.ListCases(faultkit.cases_pb2.ListCasesRequest(page_size=5), timeout=10).cases
            if cases:
                clients.cases.GetCase(faultkit.cases_pb2.GetCaseRequest(name=cases[0].name), timeout=10)
        except faultkit.grpc.RpcError as error:
            self.violations.append(f"{where}: a read got {error.code().name}: {error.details()}")
            return
        if on_file > len(self.acknowledged) or (on_file < len(self.acknowledged) and not full):
            self.violations.append(f"{where}: {len(self.acknowledged)} records were acknowledged, {on_file} can be read")

    @staticmethod
    def projected(clients):
        status = clients.status()
        return status.projected_entry_count == status.journal_entry_count

    def fill(self, clients, ballast, number):
        where = f"fill {number}"
        self.new_records = number % 2 == 1
        ballast.fill(self.rng.choice(ROOM_BYTES))
        for _ in range(PAYLOADS_A_FILL_MAX):
            refused = self.payload()
            if not self.submit(clients, refused):
                break
        else:
            self.violations.append(f"{where}: a full disk refused nothing of {PAYLOADS_A_FILL_MAX} payloads")
            ballast.drop()
            return
        self.read(clients, where, full=True)
        if self.rng.random() < 0.5:
            self.submit(clients, self.payload())
        ballast.drop()
        freed = time.monotonic()
        resumed = faultkit.wait_until(lambda: self.submit(clients, refused), RESUME_SECONDS_MAX)
        self.slowest = max(self.slowest, time.monotonic() - freed)
        if not resumed:
            self.violations.append(f"{where}: writes did not go on {RESUME_SECONDS_MAX} s after there was room")
        if not faultkit.wait_until(lambda: self.projected(clients), RESUME_SECONDS_MAX):
            self.violations.append(f"{where}: the projections did not go on {RESUME_SECONDS_MAX} s after there was room")
        if self.hub.hub.poll() is not None:
            raise hubkit.ToolError(f"the hub ended with {self.hub.hub.returncode} in {where}:\n" + self.hub.tail("anqiaod.log"))
        self.read(clients, where + " after it")

    def judge(self, clients, where, invariants):
        self.read(clients, where)
        for (payload, told), answer in zip(self.payloads, clients.submit_all("police", [payload for payload, _ in self.payloads])):
            if not answer.repeated or answer.essence() != told:
                self.violations.append(f"{where}: an acknowledged payload was forgotten or is answered otherwise (I1, I3)")
        invariants.check(clients, self.violations, where)


def run(options):
    disk = options.dir.resolve() / "disk"
    hub = faultkit.installation(options, options.dir, data="disk/data", keys={"ring": "disk/ring"})
    with hub:
        hub.start()
        state, ballast, invariants = Run(options, hub), Ballast(disk), faultkit.Invariants()
        with faultkit.Clients(hub) as clients:
            for _ in range(20):
                state.submit(clients, state.payload())
            for number in range(1, options.fills + 1):
                state.fill(clients, ballast, number)
                if options.mutant and state.violations:
                    break
            subprocess.run(["mount", "-o", f"remount,size={JUDGED_DISK_BYTES}", disk], check=True)
            state.judge(clients, "without a restart", invariants)
        hub.kill()
        hub.start()
        with faultkit.Clients(hub) as clients:
            state.judge(clients, "after kill -9", invariants)
    print(f"    {len(state.payloads)} payloads with {len(state.acknowledged)} records acknowledged, {state.refused} refused with "
          f"STORAGE_FULL; writes went on after at most {state.slowest:.2f} s")
    faultkit.finish(f"disk full: {options.fills} fills of a tmpfs of {DISK_BYTES >> 20} MiB", state.violations, options.seed)


def main():
    parser = faultkit.arguments(__doc__, "disk_full", ("ack_before_sync",))
    parser.add_argument("--fills", type=int, default=50)
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    if os.environ.get(INSIDE):
        run(options)
    else:
        enter_namespace(options)


if __name__ == "__main__":
    hubkit.run_as_program(main)
