#!/usr/bin/python3
"""Drop folders under kill -9: every file that was dropped ends in done/ or failed/ with its receipt, nothing is lost, nothing is taken twice.

  drop_folder.py [--seed N] [--dir DIR] [--kills N] [--files N] [--mutant NAME]

A sender drops files, by renaming, while the hub is killed again and again in the middle. At the end each row is on file exactly once, each
receipt accounts for its rows, and what is rebuilt from the journal is what is live.
"""

import json
import pathlib
import random
import threading
import time

import faultkit
import hubkit

AGENCY, FORMAT, ROWS = "police", "tests", 5
HEADER = "xdrybh|xm|sfzh|njrq|njdd|njjg|jcfs|djdwdm|djdwmc|czsj"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(number):
    """Of nobody: there is no county 421299."""
    digits = f"42129919{70 + number // 336 % 30:02}{number // 28 % 12 + 1:02}{number % 28 + 1:02}{number % 900 + 100:03}"
    return digits + "10X98765432"[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits)) % 11]


def content_of(number):
    """A file of good rows, and one whose day does not exist."""
    rows = [HEADER]
    for row in range(number * ROWS, number * ROWS + ROWS):
        day = "2026-02-31" if row % ROWS == ROWS - 1 else "2026-02-03"
        rows.append(f"D{row:05}|样例甲|{id_number(row)}|{day}|样例站|阴性|现场|421202000000|样例|20260203")
    return ("\n".join(rows) + "\n").encode("gb18030")


def send(drop, files, stop):
    for name, content in files:
        # Not over a file that the hub has not taken yet: that would be the sender's loss.
        while (drop / name).exists():
            time.sleep(0.05)
        part = drop / (name + ".part")
        part.write_bytes(content)
        part.rename(drop / name)
        stop.wait(0.1)


def files_in(*folders):
    return [path for folder in folders for path in folder.iterdir() if path.is_file() and not path.name.endswith(".receipt.json")]


def check_receipts(ended, violations):
    rows = repeated = 0
    for path in ended:
        receipt = path.with_name(path.name + ".receipt.json")
        if not receipt.exists():
            violations.append(f"{path.name} has no receipt")
            continue
        responses = json.loads(receipt.read_text(encoding="utf-8"))
        rows += sum(len(response.get("records", [])) for response in responses)
        summary = responses[-1]["summary"]
        repeated += summary["repeated"]
        if (int(summary["status"]["code"]) == 0) != (path.parent.name == "done"):
            violations.append(f"{path.name} lies in {path.parent.name}/ and was answered with {summary['status']}")
    return rows, repeated


def run(hub, drop, rng, options):
    files = [(f"{number:03}.txt", content_of(number)) for number in range(options.files)]
    # One that is dropped twice, one of that name with other content, and one that is of no use.
    files += [files[0], (files[0][0], content_of(options.files)), ("useless.txt", b"this is no such file\n")]
    hub.start()
    stop = threading.Event()
    sender = threading.Thread(target=send, args=(drop, files, stop), daemon=True)
    sender.start()
    for _ in range(options.kills):
        time.sleep(rng.uniform(0.5, 2.5))
        hub.kill()
        hub.start()
    sender.join(300)
    violations = []
    if sender.is_alive() or not faultkit.wait_until(lambda: not files_in(drop, drop / ".taken"), 120, 0.2):
        violations.append(f"still waiting: {[path.name for path in files_in(drop, drop / '.taken')][:5]}")
    ended = files_in(drop / "done", drop / "failed")
    if sorted(path.read_bytes() for path in ended) != sorted(content for _, content in files):
        violations.append(f"{len(files)} files were dropped; the {len(ended)} in done/ and failed/ are not the same")
    rows, repeated = check_receipts(ended, violations)
    expected = (options.files + 1) * ROWS
    if rows != expected + ROWS:
        violations.append(f"receipts account for {rows} rows, expected {expected + ROWS}")
    if not (drop / "failed" / "useless.txt").exists():
        violations.append("useless.txt is not in failed/")
    agencies = hub.ctl("agencies", user="ops")["agencies"]
    on_file = next(int(agency.get("recordCount", 0)) for agency in agencies if agency["name"] == f"agencies/{AGENCY}")
    held = sum(int(payload.get("recordCount", 0)) for payload in hub.ctl("quarantine", "list", user="ops")["payloads"])
    if (on_file, held) != (expected - expected // ROWS, expected // ROWS):
        violations.append(f"{on_file} records are on file and {held} held, expected each of {expected} rows once, one of {ROWS} held")
    if not hub.ctl("verify", user="ops").get("equal"):
        violations.append("rebuilt and live projections differ")
    print(f"{len(files)} files, {on_file} records on file, {held} held, {repeated} files answered again", flush=True)
    return violations


def main():
    parser = faultkit.arguments(__doc__, "drop-folder", ("requests_forgotten", "ids_not_from_content"))
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--files", type=int, default=60)
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    folder = pathlib.Path(hubkit.fresh_folder(options.dir))
    settings = {AGENCY: {"drop_folder": f"{{path: drop, format: {FORMAT}, poll: 1}}"}}
    with faultkit.installation(options, folder, agency_settings=settings) as hub:
        violations = run(hub, folder / "drop", random.Random(options.seed), options)
    faultkit.finish(f"drop folder, {options.kills} kills", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
