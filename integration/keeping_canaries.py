"""Canaries: values that occur once in a district and must be in no file of the hub, and the search for them in every encoding
that bytes could leak in. One and the same search looks at the sealed hub and at the one that seals nothing, which is its mutant."""

import base64
import hashlib
import json
import random

import hubkit
from bad_input import id_number

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
# Shorter bytes would be met by chance.
PATTERN_BYTES_MIN = 6
DISTRICT_PEOPLE = 12
RESIDENT = "421202003001"


def base64_alignments(data):
    """The characters that do not depend on what stands before or after "data", at each of the three offsets."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + data)
        certain = text[(0, 2, 3)[offset]:(offset + len(data)) * 8 // 6]
        yield certain
        yield certain.replace(b"+", b"-").replace(b"/", b"_")


def patterns_of(value):
    """Every form of "value" that is searched for, with its name."""
    found = {}
    for encoding in ENCODINGS:
        found.setdefault(value.encode(encoding), encoding)
    for encoding in ENCODINGS[:2]:
        data = value.encode(encoding)
        found.setdefault(data.hex().encode(), f"hex of {encoding}")
        found.setdefault(data.hex().upper().encode(), f"hex of {encoding}")
        for text in base64_alignments(data):
            found.setdefault(text, f"base64 of {encoding}")
    return {pattern: name for pattern, name in found.items() if len(pattern) >= PATTERN_BYTES_MIN}


class Search:
    def __init__(self, values):
        """"values" are texts, by what they are."""
        self.values = dict(values)
        self.patterns = [(pattern, form, name) for name, value in self.values.items() for pattern, form in patterns_of(value).items()]
        self.seen = {}  # By what is in a file: what was found there.

    def also(self, name, data):
        """Searches for these bytes from now on, in place of others of the name."""
        self.patterns = [pattern for pattern in self.patterns if pattern[2] != name] + [(one, "bytes", name) for one in data]
        self.seen = {}

    def look(self, *places):
        """What was found, as {name: {(form, file)}}; the number of files and of bytes that were read."""
        found, files, size = {}, 0, 0
        for place in places:
            for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
                try:
                    data = path.read_bytes() if path.is_file() else None
                except OSError:  # A running hub removes files.
                    continue
                if data is None:
                    continue
                files, size = files + 1, size + len(data)
                digest = hashlib.sha256(data).digest()
                if digest not in self.seen:
                    self.seen[digest] = [(name, form) for pattern, form, name in self.patterns if pattern in data]
                for name, form in self.seen[digest]:
                    found.setdefault(name, set()).add((form, str(path)))
        return found, files, size

    def self_test(self, folder, rng):
        """Puts every form of every value between other bytes; returns what the search misses."""
        folder.mkdir()
        for number, encoding in enumerate(ENCODINGS):
            parts = []
            for value in self.values.values():
                data, around = value.encode(encoding), rng.randbytes(3)
                parts += [around, data, around, data.hex().encode(), b" ", data.hex().upper().encode()]
                parts += [code(around[:offset] + data + around) + b" " for code in (base64.b64encode, base64.urlsafe_b64encode)
                          for offset in range(3)]
            (folder / str(number)).write_bytes(b"".join(parts))
        found, _, _ = self.look(folder)
        files = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
        return [f"{name} in {form}" for pattern, form, name in self.patterns
                if pattern not in files or not any(one == form for one, _ in found.get(name, ()))]

    def in_text(self, text):
        """The names of what a text for people shows."""
        return sorted(name for name, value in self.values.items() if value in text)


class Planter:
    """Adds made-up people to the files of a district: of each agency one whose rows are taken up and one whose rows are held, with
    a canary in every column that could hold something personal."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.values = {}
        self.serial = 100
        self.held = 0

    def word(self, count):
        """Common characters, so that every encoding has them."""
        return "".join((bytes((self.rng.randrange(0xB0, 0xD7), self.rng.randrange(0xA1, 0xFE)))).decode("gb2312") for _ in range(count))

    def digits(self, count):
        return "".join(str(self.rng.randrange(10)) for _ in range(count))

    def note(self, name, value):
        self.values[name] = value
        return value

    def person(self, title):
        """A person's values in all of an agency's columns."""
        self.serial += 1
        note, who = self.note, {}
        who["name"] = note(f"{title}: name", "虚" + self.word(4))
        who["former"] = note(f"{title}: former name", "虚" + self.word(4))
        born = f"19{self.rng.randrange(50, 99)}0{self.rng.randrange(1, 9)}15"
        who["id"] = note(f"{title}: identity number", id_number(self.serial, born))
        who["phone"] = note(f"{title}: phone", "190" + self.digits(8))
        who["mobile"] = note(f"{title}: other phone", "190" + self.digits(8))
        who["address"] = note(f"{title}: address", f"{self.word(4)}路{self.digits(3)}号")
        who["home"] = note(f"{title}: other address", f"{self.word(4)}路{self.digits(3)}号")
        who["free"] = note(f"{title}: free text", self.word(6))
        who["key"] = note(f"{title}: record key", "K421299" + self.digits(9))
        who["account"] = note(f"{title}: account", "62" + self.digits(17))
        # Wrong in the check digit.
        who["wrong"] = note(f"{title}: wrong number", who["id"][:17] + ("1" if who["id"][17] != "1" else "2"))
        return who


def append(path, encoding, lines):
    with open(path, "ab") as file:
        file.write("".join(line + "\r\n" for line in lines).encode(encoding))


def plant_police(planter, folder):
    good, held = planter.person("police, taken up"), planter.person("police, held")

    def roster(who, seized):
        return (f"9000,{who['key']},{who['name']},{who['former']},男,{who['id']},,汉族,初中,421202,{who['address']},{RESIDENT},{who['phone']},"
                f"{who['mobile']},2005年3月,{seized},{who['free']},社会面,低,否,2026-03-01")
    append(folder / "roster.csv", "gb18030", [roster(good, "2025-03-01"), roster(held, "2025-13-77")])
    for who, day in ((good, "2025-03-01"), (held, "2025-13-77")):
        who["paper"] = planter.note(f"police {day}: paper", f"虚{planter.digits(9)}号")
    append(folder / "orders.csv", "gb18030", [
        f"{who['key']},{who['name']},{who['id']},{who['paper']},责令社区戒毒,{who['free']},{day},2025-03-02,2025-03-03,36,,"
        for who, day in ((good, "2025-03-01"), (held, "2025-13-77"))])
    append(folder / "tests.txt", "gb18030", [
        f"{who['key']}|{who['name']}|{who['id']}|{day}|{who['home']}|阴性|现场|421299990000|{who['free']}|20260302"
        for who, day in ((good, "20260302"), (held, "20261377"))])
    planter.held += 3


def plant_civil_affairs(planter, folder):
    for form in ("urban_relief", "rural_relief"):
        good, held = planter.person(f"{form}, taken up"), planter.person(f"{form}, held")
        append(folder / f"{form}.csv", "utf-8", [
            f"{who['free']},{who['key']},{who['former']},1,{who['name']},{who[number]},本人,2025-01,1,433.00,否,{who['phone']},"
            f"{who['address']},{who['home']},{who['account']}" for who, number in ((good, "id"), (held, "wrong"))])
        planter.held += 1


def plant_employment(planter, folder):
    good, held = planter.person("employment, taken up"), planter.person("employment, held")
    rows = {"unemployment": {"aae043": "2025-01-10", "ajc093": "03"},
            "certificates": {"zcsm": "自主创业税收政策", "aae036": "2025-07-20"},
            "difficulties": {"aac369": "06", "acc362": "2025-08-01", "acc363": "2027-07-31"},
            "employments": {"aab998": "91421299MA4ABCDEF3", "aae030": "2024-09-01", "aae031": "2025-08-31"},
            "trainings": {"jyrq": "2025-11-20"}}
    for form, more in rows.items():
        fields = []
        for who, number in ((good, "id"), (held, "wrong")):
            own = {"aac001": who["key"], "aac002": who[number], "aac003": who["name"], "aae005": who["phone"], "aae006": who["address"],
                   **more}
            if form == "certificates":
                own["aac021"] = planter.note(f"certificate of {who['key']}", "42" + planter.digits(14))
            if form == "employments":
                own["aab004"] = planter.note(f"employer of {who['key']}", "虚" + planter.word(6))
            if form == "trainings":
                own.update(kcmc=planter.note(f"course of {who['key']}", "虚" + planter.word(5)),
                           zsbh=planter.note(f"diploma of {who['key']}", "ZS" + planter.digits(12)))
            fields.append(own)
        path = next(folder.glob(f"{form}.*"))
        if path.suffix == ".json":
            sheet = json.loads(path.read_text(encoding="utf-8"))
            sheet["rows"] += fields
            path.write_text(json.dumps(sheet, ensure_ascii=False), encoding="utf-8")
        else:
            encoding = "gb18030" if form == "certificates" else "utf-8"
            text = "".join("<row>" + "".join(f"<{key}>{value}</{key}>" for key, value in own.items()) + "</row>\n" for own in fields)
            path.write_bytes(path.read_bytes().replace(b"</dataset>", text.encode(encoding) + b"</dataset>"))
        planter.held += 1


def plant_tax(planter, folder):
    good, held = planter.person("tax, taken up"), planter.person("tax, held")
    for form, mark in (("businesses", "B"), ("reliefs", "R")):
        lines = []
        for who, number in ((good, "id"), (held, "wrong")):
            if form == "businesses":
                code = planter.note(f"credit code, {number}", "92421299MA4" + planter.digits(6) + "7")
                fields = [("B", 1), (code, 18), (who["free"], 60), (who["name"], 40), (who[number], 18), ("20250715", 8), ("", 8)]
            else:
                serial = planter.note(f"serial of a relief, {number}", "JM" + planter.digits(10))
                fields = [(mark, 1), (serial, 12), (who["name"], 40), (who[number], 18), ("1", 1), ("", 18), ("202508", 6), ("", 6),
                          ("1234.50".rjust(15), 15)]
            lines.append(b"".join(text.encode("gb18030").ljust(width) for text, width in fields) + b"\n")
        path = folder / f"{form}.txt"
        head, *body, _ = path.read_bytes().splitlines(keepends=True)
        count = f"{len(body) + len(lines):08d}".encode()
        path.write_bytes(head[:17] + count + b"\n" + b"".join(body + lines) + b"T" + count + b"\n")
        planter.held += 1


PLANTERS = {"police": plant_police, "civil_affairs": plant_civil_affairs, "employment": plant_employment, "tax": plant_tax}


def plant(folder, seed):
    planter = Planter(seed)
    for agency, work in PLANTERS.items():
        work(planter, folder / agency)
    return planter


def occurring(values, folder):
    """Those that the agencies' files have."""
    files = [path.read_bytes() for agency in hubkit.AGENCIES for path in sorted((folder / agency).iterdir())]
    return {name: value for name, value in values.items()
            if any(value.encode(encoding) in data for data in files for encoding in ENCODINGS[:2])}


def of_people(people):
    """Canaries of people of the district: their names, numbers and the keys of their records."""
    values = {}
    for person in people:
        values[f"{person['person']}: name"] = person["name"]
        values[f"{person['person']}: identity number"] = person["id_number"]
        for agency, form, key in person["records"]:
            # Of a key such as NUMBER/DATE the number tells most; that of a household is the household's.
            own = key if form.endswith("_relief") else key.split("/")[0]
            values[f"{person['person']}: {own} in {form} of {agency}"] = own
    return values
