#!/usr/bin/python3
"""No identifier of a person who could exist is in the repository (domain.md R16): identity numbers and organisations' codes carry a
county code that was never assigned (91 to 99), phones begin with 1900.

  identifiers_test.py ROOT
"""

import pathlib
import re
import subprocess
import sys

# Made up elsewhere, in other ranges: its README says so.
FOREIGN = {"tests/hub/identity/data/zh10k.csv"}
# What is written where there is no number is nobody's.
FILLERS = "hub/identity/models/stop-list.yaml"
# The published examples of the standards themselves.
EXCEPTED = {"11010519491231002X", "130503670401001", "130503196704010016", "91110000600037341L"}
ID18 = re.compile(r"(?<![0-9A-Za-z])([1-8]\d{5})((?:18|19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])")
ID15 = re.compile(r"(?<![0-9A-Za-z.])([1-8]\d{5})\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}(?![0-9A-Za-z])")
CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])(?:1[1239]|5[1239]|9[123])(\d{6})[0-9A-HJ-NP-RTUWXY]{9}[0-9A-HJ-NP-RTUWXY](?![0-9A-Za-z])")
PHONE = re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[- ]?|0086)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?![0-9A-Za-z])")
FULL_WIDTH = {0xFF10 + digit: ord("0") + digit for digit in range(10)} | {0xFF38: ord("X"), 0xFF58: ord("x")}
BYTES_MAX = 32 << 20


def synthetic_county(code):
    return "91" <= code[4:6] <= "99"


def tracked_files(root):
    """What is in the repository or would go into it."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True)
    if listed.returncode == 0:
        return sorted(set(listed.stdout.decode().split("\0")) - {""})
    return sorted(str(path.relative_to(root)) for path in root.rglob("*")
                  if path.is_file() and not {"build", "node_modules", ".git", "__pycache__"} & set(path.parts))


def texts(data):
    """The readings of a file that are possible; a file may be in any of the agencies' encodings."""
    found = []
    for encoding in ("utf-8", "gb18030", "utf-16"):
        try:
            found.append(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return found or [data.decode("latin-1")]


def foreign_identifiers(text, fillers=frozenset()):
    """Offset and kind of each identifier outside the synthetic range that is no filler."""
    text = text.translate(FULL_WIDTH)
    for filler in fillers:
        text = text.replace(filler, "-" * len(filler))
    for match in ID18.finditer(text):
        if not synthetic_county(match[1]) and match[0].upper() not in EXCEPTED:
            yield match.start(), "an identity number"
    for match in ID15.finditer(text):
        if not synthetic_county(match[1]) and match[0] not in EXCEPTED:
            yield match.start(), "an identity number of 15 digits"
    for match in CREDIT_CODE.finditer(text):
        if not synthetic_county(match[1]) and match[0] not in EXCEPTED and not ID18.fullmatch(match[0]):
            yield match.start(), "a unified social credit code"
    for match in PHONE.finditer(text):
        if not (match[1] + match[2]).startswith("1900"):
            yield match.start(), "a mobile phone"


def scan(root):
    stop_list = root / FILLERS
    fillers = sorted(re.findall(r'"(\d{11,18})"', stop_list.read_text()), reverse=True) if stop_list.exists() else []
    for name in tracked_files(root):
        if name in FOREIGN:
            continue
        path = root / name
        if not path.is_file() or path.is_symlink() or path.stat().st_size > BYTES_MAX:
            continue
        data = path.read_bytes()
        if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        # Hashes in lock files are not identifiers of anybody.
        if path.name in ("package-lock.json",):
            continue
        seen = set()
        for text in texts(data):
            for offset, kind in foreign_identifiers(text, fillers):
                seen.add((text.count("\n", 0, offset) + 1, kind))
        for line, kind in sorted(seen):
            yield f"{name}:{line}: {kind} outside the synthetic range"


def self_check():
    """The scan finds what it must find; the examples are put together here so that this file holds none."""
    real_county = "4212" + "02"
    bad = [real_county + "19850315" + "0020", real_county + "850315" + "002", "91" + real_county + "MA4ABCDEF3", "138" + "0013" + "8000",
           "+86 138 " + "0013 " + "8000"]
    good = ["42129919850315" + "0026", "19001234567", "91421299MA4ABCDEF3", "20260315", "1".ljust(25, "3")]
    missed = [text for text in bad if not list(foreign_identifiers(text))]
    false = [text for text in good if list(foreign_identifiers(text))]
    if missed or false:
        sys.exit(f"the scan itself is wrong: missed {len(missed)}, false {len(false)}")


def main():
    self_check()
    found = list(scan(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found) or "no identifier outside the synthetic range")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
