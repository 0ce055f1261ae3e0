#!/usr/bin/python3
"""The guide's "first adapter in fifteen minutes" (hub/doc/adapters.md), done as it stands there: from an installation, in an empty folder that cannot
see the repository, once with the guide's own sample and then with samples that nobody saw before.

  first_adapter.py [--seed N] [--samples N] [--dir DIR] [--mutant drop_column|other_sample] [--check-mutants]

What the guide shows must be what the commands print. What a sample states must be what the hub's cases say, and nothing else. An adapter of another sample
is refused by its samples when it is loaded, and one without a column by the test kit. With --mutant the adapter that is put to use is such a wrong one,
whatever the checks said before: only the comparison with the cases is left to notice it.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import hubkit
from first_adapter_sample import Sample

GUIDE = hubkit.ROOT / "hub" / "doc" / "adapters.md"
COMMANDS_MAX = 9
PREFIX_IN_GUIDE = "/opt/anqiao"
MUTANTS = ("drop_column", "other_sample")
# Hides the folders that it is given, up to "--", from the command behind it.
HIDE = 'while [ "$1" != -- ]; do mount -t tmpfs -o size=4k none "$1" || exit 97; shift; done; shift; exec "$@"'


class Block:
    def __init__(self, language, what, text):
        self.language, self.what, self.text = language, what, text

    def commands(self):
        """Each with the lines that the guide shows below it."""
        shown = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                shown.append((line[2:], []))
            else:
                shown[-1][1].append(line)
        return shown


def read_guide():
    found = re.findall(r"^```(\w+) first-adapter ?(.*)\n((?:.*\n)*?)```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return [Block(*block) for block in found]


def differs(shown, printed):
    """The first line of the guide that was not printed so; empty: all were. "..." stands for anything, alone in a line for any lines."""
    squeeze = lambda line: " ".join(line.split())  # noqa: E731
    lines, at, anywhere = [squeeze(line) for line in printed.rstrip().splitlines()], 0, False
    for line in map(squeeze, shown):
        if line == "...":
            anywhere = True
            continue
        pattern = re.compile(".*".join(map(re.escape, line.split("..."))) + "$")
        places = range(at, len(lines)) if anywhere else range(at, min(at + 1, len(lines)))
        place = next((i for i in places if pattern.match(lines[i])), None)
        if place is None:
            return line
        at, anywhere = place + 1, False
    return "" if anywhere or at == len(lines) else f"nothing more, but {lines[at]} was printed"


def hiding():
    """A command that runs another without the repository and the build tree; empty if this machine lets nobody mount."""
    folders = [str(hubkit.ROOT)] + ([] if hubkit.BUILD.is_relative_to(hubkit.ROOT) else [str(hubkit.BUILD)])
    for unshare in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        command = [*unshare, "sh", "-c", HIDE, "sh", *folders, "--"]
        if subprocess.run([*command, "true"], cwd="/", capture_output=True, check=False).returncode == 0:
            return command
    return []


class Desk:
    """A folder in which somebody follows the guide with a sample."""

    def __init__(self, folder, prefix, blocks, sample, hide):
        self.folder, self.prefix, self.blocks, self.hide = folder, prefix, blocks, hide
        self.count, self.hub = 0, None
        folder.mkdir(parents=True)
        (folder / "list.csv").write_bytes(sample)
        self.ports = {"8701": hubkit.free_port(), "8702": hubkit.free_port()}
        (folder / "profile.yaml").write_text(f'agency_listener: "127.0.0.1:{self.ports["8701"]}"\nhub: "127.0.0.1:{self.ports["8702"]}"\n')
        self.environment = {"PATH": f"{prefix}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8",
                            "ANQIAOCTL_PROFILE": str(folder / "profile.yaml"), "CMAKE_EXPORT_COMPILE_COMMANDS": "ON"}

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        hubkit.end(self.hub)

    def here(self, text):
        """What the guide says, for this prefix and these ports."""
        text = text.replace(PREFIX_IN_GUIDE, str(self.prefix))
        for port, free in self.ports.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free}")
        return text

    def block(self, what):
        return next(block for block in self.blocks if block.what == what)

    def run(self, command, code=0):
        done = subprocess.run([*self.hide, "bash", "-c", self.here(command)], cwd=self.folder, env=self.environment, capture_output=True, text=True,
                              timeout=500, check=False)
        if done.returncode != code:
            raise hubkit.ToolError(f"{command}\nexit {done.returncode}, expected {code}\n{(done.stdout + done.stderr).strip()}")
        return done.stdout + done.stderr

    def start_hub(self, command):
        """A command that ends with "&"; waits until it says where it listens."""
        with open(self.folder / "hub.out", "wb") as out:
            self.hub = subprocess.Popen([*self.hide, "bash", "-c", f"exec {self.here(command).rstrip('& ')}"], cwd=self.folder, env=self.environment,
                                        stdout=out, start_new_session=True)
        ends = time.monotonic() + hubkit.READY_SECONDS
        while "hub listener" not in (text := (self.folder / "hub.out").read_text(encoding="utf-8")):
            if self.hub.poll() is not None or time.monotonic() > ends:
                raise hubkit.ToolError("anqiaod is not ready:\n" + (self.folder / "hub.log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.05)
        return text

    def ctl(self, *arguments):
        return json.loads(self.run("anqiaoctl --certs certs --as wang.fang --output json " + " ".join(arguments)))


def install(blocks, prefix):
    for command, _ in next(block for block in blocks if block.what == "install").commands():
        if command == f"export PATH={PREFIX_IN_GUIDE}/bin:$PATH":
            continue
        words = command.replace("build/release", str(hubkit.BUILD)).replace(PREFIX_IN_GUIDE, str(prefix)).split()
        done = subprocess.run(words, cwd=hubkit.ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise hubkit.ToolError(f"{command}\n{done.stderr}")


def spoil(desk, mutant, header):
    """Makes another adapter of the same name in "wrong"; what it makes of its samples is accepted."""
    desk.run("cp -r night_school wrong && rm -rf wrong/build")
    if mutant == "other_sample":
        (desk.folder / "other.csv").write_bytes("xm,sfzh,aae043\n样例,421299198503150026,2026-01-02\n".encode("gb18030"))
        desk.run("rm -rf wrong && anqiaoctl adapter new night_school --from other.csv --encoding gb18030 --format courses --dir wrong")
    else:
        source = desk.folder / "wrong" / "night_school.cc"
        text = source.read_text(encoding="utf-8")
        changed = re.sub(r'\n( +)\w[^\n]*\{"' + re.escape(header) + r'"\}(, v1::FIELD_[^;]*?)?\)+,(?=\n)', rf'\n\1Ignored({{"{header}"}}),', text, count=1)
        if changed == text:
            raise hubkit.ToolError(f"no column {header} in the source:\n{text}")
        source.write_text(changed, encoding="utf-8")
    desk.run("cmake -S wrong -B wrong/build && cmake --build wrong/build")


def follow(desk, violations, shown, spoiled=None):
    """Every step of the guide. "shown": what is printed must be what the guide shows. "spoiled": called before the adapter is loaded."""
    (desk.folder / "hub.yaml").write_text(desk.here(desk.block("hub.yaml").text), encoding="utf-8")
    for block in desk.blocks:
        if block.language == "text" and shown:
            text = (desk.folder / block.what).read_text(encoding="utf-8")
            if line := differs(block.text.splitlines(), text):
                violations.append(f"{block.what}: the guide shows: {line}")
        if block.language != "console" or block.what == "install":
            continue
        for command, lines in block.commands():
            if spoiled and " adapter load " in command:
                command = spoiled(command) or command
            printed = desk.start_hub(command) if command.endswith("&") else desk.run(command)
            desk.count += len(re.split(r"&&|\|\||[;|]", command)) if not block.what else 0
            if shown and (line := differs(map(desk.here, lines), printed)) and lines:
                violations.append(f"{command}: the guide shows: {line}\nprinted:\n{printed}")
    if desk.count > COMMANDS_MAX:
        violations.append(f"{desk.count} commands from the sample to records in the hub, at most {COMMANDS_MAX}")
    compiled = (desk.folder / "night_school" / "build" / "compile_commands.json").read_text(encoding="utf-8")
    if str(hubkit.ROOT) in compiled or str(hubkit.BUILD) in compiled:
        violations.append("the adapter was compiled with files of the repository")


def compare(desk, sample, violations):
    """The hub's cases with what the sample states."""
    def expect(holds, what):
        if not holds:
            violations.append(what)

    listed = desk.ctl("cases", "list", "--all").get("cases", [])
    expect(len(listed) == len(sample.people), f"{len(listed)} cases of {len(sample.people)} people")
    cases = {case["displayName"]: desk.ctl("cases", "show", case["name"]) for case in listed}
    for row, person in enumerate(sample.people, 1):
        case = cases.get(person["name"])
        if case is None:
            expect(False, f"row {row}: nobody of that name")
            continue
        number, day = person["id"], person["date"]
        expect(case["maskedIdNumber"].startswith(number[:4]) and case["maskedIdNumber"].endswith(number[-4:]), f"row {row}: another identity number")
        expect("sex" not in sample.headers or case.get("sex") == ("1" if person["sex"] else "2"), f"row {row}: sex is {case.get('sex')}")
        expect("phone" not in sample.headers or case.get("phones") == ["+86" + person["phone"]], f"row {row}: phones are {case.get('phones')}")
        events = [event for event in case.get("events", []) if event["kind"] == sample.event]
        date = {"year": day.year, "month": day.month, "day": day.day}
        expect([event["date"] for event in events] == [date], f"row {row}: events are {events}, expected one of {date}")
        for field in ("course", "employer"):
            expect(field not in sample.headers or any(person[field] in event["textZh"] for event in events), f"row {row}: {field} is not told")
        sources = [(source["agency"], source["format"]) for source in case["sources"]]
        expect(sources == [("agencies/night_school", "courses")] or sources == [("night_school", "courses")], f"row {row}: sources are {sources}")


def negatives(desk, sample, violations):
    """Wrong adapters are refused where the issue says that they are."""
    def refuses(load):
        wrong = load.replace("night_school/build/", "wrong/build/")
        spoil(desk, "other_sample", "")
        message = desk.run(wrong, code=1)
        if "first" not in message or "ADAPTER_UNUSABLE" not in message:
            violations.append(f"an adapter of another sample was refused otherwise: {message}")
        shutil.rmtree(desk.folder / "wrong")
        spoil(desk, "drop_column", sample.without("date"))
        message = desk.run("anqiaoctl adapter test wrong --payloads 100", code=5)
        if "samples: " not in message:
            violations.append(f"a dropped column was found otherwise: {message}")
    return refuses


def mutated(desk, sample, mutant):
    def replaces(load):
        spoil(desk, mutant, sample.without("date"))
        desk.run("anqiaoctl adapter test wrong --accept")
        return load.replace("night_school/", "wrong/", 2)
    return replaces


def run(options, folder):
    violations, blocks, hide = [], read_guide(), hiding()
    prefix = folder / "installed"
    install(blocks, prefix)
    print("    the repository is hidden from every command" if hide else
          "    this machine lets nobody mount: only the compile commands show that the repository is not needed", flush=True)
    example = next(block for block in blocks if block.what == "list.csv").text.encode("gb18030")
    if not options.mutant:
        with Desk(folder / "guide", prefix, blocks, example, hide) as desk:
            follow(desk, violations, shown=True)
            print(f"    the guide's sample: {desk.count} commands", flush=True)
    for number in range(options.samples):
        sample = Sample(random.Random(options.seed + number))
        print(f"    seed {options.seed + number}: {sample.describe()}", flush=True)
        with Desk(folder / f"sample{number}", prefix, blocks, sample.bytes, hide) as desk:
            before_load = mutated(desk, sample, options.mutant) if options.mutant else negatives(desk, sample, violations) if number == 0 else None
            try:
                follow(desk, violations, shown=False, spoiled=before_load)
            except hubkit.ToolError as error:
                if not options.mutant:
                    raise
                violations.append(str(error))
            compare(desk, sample, violations)
    return violations


def check_mutants(options):
    missed = 0
    for mutant in MUTANTS:
        done = subprocess.run([sys.executable, __file__, "--mutant", mutant, "--seed", str(options.seed)], capture_output=True, text=True, check=False)
        noticed = done.returncode == 1 and "FAILED" in done.stdout
        why = next((line for line in done.stdout.splitlines() if line.startswith("FAILED")), "")
        print(f"    mutant {mutant}: " + (f"noticed ({why.removeprefix('FAILED ')[:120]})" if noticed else f"NOT noticed, exit {done.returncode}\n{done.stdout}{done.stderr}"), flush=True)
        missed += not noticed
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--samples", type=int, default=1, help="how many samples besides the guide's")
    parser.add_argument("--dir", help="an empty folder outside of the repository (default: a temporary one)")
    parser.add_argument("--mutant", choices=MUTANTS)
    parser.add_argument("--check-mutants", action="store_true")
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    if options.check_mutants:
        sys.exit(check_mutants(options))
    with tempfile.TemporaryDirectory(prefix="anqiao-first-adapter-", dir=options.dir) as folder:
        violations = run(options, pathlib.Path(folder))
    for violation in violations[:20]:
        print(f"FAILED {violation}")
    print(f"first adapter, seed {options.seed}: " + (f"{len(violations)} FAILED" if violations else "as the guide says"))
    sys.exit(bool(violations))


if __name__ == "__main__":
    os.umask(0o022)
    hubkit.run_as_program(main)
