#!/usr/bin/python3
"""A hub with a million observations: memory while they come in, verify, serving again after kill -9, bytes on disk.

  large.py [--observations N] [--dir DIR]

On demand; some five minutes on two cores. Of the records that are handed in, about nine of ten are on file at the end: the rest
repeat or cannot be read. Exits non-zero if a figure is over its bound.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import threading
import time

import hubkit

hubkit.generate_stubs()

MEMORY_MIB_MAX = 600
VERIFY_SECONDS_MAX = 60
READY_SECONDS_MAX = 2
POLICE_FILES_MAX = 268_435_456


class Memory(threading.Thread):
    """The largest resident size of a process, looked at ten times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path, self.peak, self.ending = f"/proc/{pid}/status", 0, threading.Event()

    def run(self):
        while not self.ending.wait(0.1):
            try:
                with open(self.path, encoding="ascii") as file:
                    resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
            except (OSError, StopIteration):
                return
            self.peak = max(self.peak, resident)

    def mib(self):
        return self.peak / 1024


def size_of(folder):
    return sum(path.stat().st_blocks * 512 for path in pathlib.Path(folder).rglob("*") if path.is_file())


def submit_all(hub, district):
    """Every agency at once, as they would; returns when all files are answered."""
    for agency in hubkit.AGENCIES:
        hub.start_agency(agency, district / agency, "--once")
    for agency in hubkit.AGENCIES:
        process = hub.children[agency]
        while process.poll() is None:
            time.sleep(0.2)
        if process.returncode:
            raise hubkit.ToolError(f"{agency} ended with {process.returncode}:\n" + hub.tail(f"{agency}.out"))


def run(options):
    folder = hubkit.fresh_folder(options.dir)
    district = folder / "district"
    started = time.monotonic()
    subprocess.run([hubkit.PYTHON, hubkit.ROOT / "integration" / "district", "--seed", "1", "--observations", str(options.observations),
                    "--out", district], check=True)
    print(f"    district made in {time.monotonic() - started:.0f} s", flush=True)
    violations = []

    def bound(what, value, most, unit):
        print(f"    {what}: {value:.1f} {unit} (at most {most})", flush=True)
        if value > most:
            violations.append(f"{what}: {value:.1f} {unit}, the bound is {most}")

    limits = {agency: {"payload_bytes_max": POLICE_FILES_MAX, "payload_records_max": 2_000_000} for agency in hubkit.AGENCIES}
    with hubkit.Installation(folder / "hub", agency_settings=limits) as hub:
        hub.start()
        memory = Memory(hub.hub.pid)
        memory.start()
        started = time.monotonic()
        submit_all(hub, district)
        seconds = time.monotonic() - started
        status = hub.ctl("status", user="ops")
        entries = int(status["journalEntryCount"])
        hub.ctl("status", "--wait", entries, user="ops")
        projected = time.monotonic() - started
        agencies = hub.ctl("agencies", user="ops")["agencies"]
        observations = sum(int(agency.get("recordCount", 0)) for agency in agencies)
        print(f"    {observations} observations on file, {entries} entries; handed in in {seconds:.0f} s, projected after {projected:.0f} s "
              f"({observations / projected:.0f}/s)", flush=True)
        memory.ending.set()
        bound("resident while they came in", memory.mib(), MEMORY_MIB_MAX, "MiB")
        started = time.monotonic()
        result = hub.ctl("verify", user="ops")
        result = result.get("result", result)
        bound("verify", time.monotonic() - started, VERIFY_SECONDS_MAX, "s")
        print(f"    {result['keyCount']} keys; live {result['liveHash'][:16]}, rebuilt {result['rebuiltHash'][:16]}", flush=True)
        if not result.get("equal") or result["liveHash"] != result["rebuiltHash"]:
            violations.append("verify: the rebuilt projections differ")
        case = hub.ctl("cases", "list", "--limit", 1)["cases"][0]["name"]
        slowest = 0.0
        for _ in range(3):
            # More than what is written out regularly may be lost with the process.
            hub.kill()
            started = time.monotonic()
            hub.start()
            hub.ctl("cases", "show", case)
            slowest = max(slowest, time.monotonic() - started)
        bound("serving again after kill -9", slowest, READY_SECONDS_MAX, "s")
        hub.stop()
        data, ring = size_of(hub.folder / "data"), size_of(hub.folder / "keys")
        print(f"    on disk: {data / observations:.0f} bytes an observation, and {ring / observations:.0f} of the key ring; "
              f"journal {size_of(hub.folder / 'data' / 'journal') / observations:.0f}", flush=True)
    for violation in violations:
        print("FAILED " + violation)
    print(f"large: {observations} observations, {len(violations)} violations")
    return 1 if violations else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--observations", type=int, default=1_100_000, help="records handed in")
    parser.add_argument("--dir", type=pathlib.Path, default=hubkit.ROOT / "build" / "large")
    hubkit.end_cleanly_on_signals()
    sys.exit(run(parser.parse_args()))


if __name__ == "__main__":
    hubkit.run_as_program(main)
