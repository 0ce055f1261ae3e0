#!/usr/bin/python3
"""The district generator keeps its promises: the same seed gives the same bytes, the census, the sizes of the entitled groups.

  district_test.py ROOT
"""

import contextlib
import csv
import datetime
import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / "integration" / "district"))

import generate  # noqa: E402
import identifiers  # noqa: E402
import plan  # noqa: E402
from file_layouts import Limits  # noqa: E402

import unittest  # noqa: E402

PEOPLE = 3_000
LARGE_PEOPLE = 21_000  # three blocks
LARGE_LIMITS = Limits(256 << 10, 1_000)
LARGE = ["--people", str(LARGE_PEOPLE), "--payload-bytes-max", str(LARGE_LIMITS.bytes_max),
         "--payload-records-max", str(LARGE_LIMITS.records_max)]
SNAPSHOTS = {"roster", "orders", "urban_relief", "rural_relief", "unemployment", "businesses"}


def run(folder, *arguments):
    """Returns what the generator prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        generate.main([*arguments, "--out", folder])
    return printed.getvalue()


def make(folder, seed):
    run(folder, "--seed", str(seed), "--people", str(PEOPLE))
    return pathlib.Path(folder)


def read_people(district):
    with open(district / "truth" / "people.jsonl", encoding="utf-8") as lines:
        next(lines)
        return [json.loads(line) for line in lines]


def read_rows(path, form):
    """The record keys of a file by row, read without the generator's code."""
    data = path.read_bytes()
    if path.suffix == ".xml":
        field = {"unemployment": "aac001", "certificates": "aac021"}[form]
        text = re.sub(r"^<\?xml.*?\?>", "", data.decode("gb18030" if form == "certificates" else "utf-8"))
        return {row: found.findtext(field) for row, found in enumerate(xml.etree.ElementTree.fromstring(text), 1)}
    if path.suffix == ".json":
        fields = {"difficulties": ("aac001", "acc362"), "employments": ("aac001", "aae030"), "trainings": ("aac001", "kcmc"),
                  "employers": ("aab998",), "vacancies": ("gwbh",)}[form]
        return {row: "/".join(found[field] for field in fields) for row, found in enumerate(json.loads(data)["rows"], 1)}
    if form in ("businesses", "reliefs"):
        *lines, last = data.removesuffix(b"\n").split(b"\n")
        count = len(lines) - 1
        assert lines[0][-8:] == last[1:] == b"%08d" % count, (path, lines[0], last)
        return {row: line[1:19 if form == "businesses" else 13].decode() for row, line in enumerate(lines[1:], 2)}
    separator, heads, key = {"roster": (",", 5, (1,)), "orders": (",", 2, (3,)), "tests": ("|", 1, (0, 3, 6)),
                             "urban_relief": (",", 3, (1, 3)), "rural_relief": (",", 3, (1, 3))}[form]
    text = data.decode("utf-8-sig" if form.endswith("relief") else "gb18030")
    found = {}
    for row, fields in enumerate(csv.reader(io.StringIO(text), delimiter=separator), 1):
        if row > heads:
            if form == "tests":
                fields[3] = datetime.datetime.strptime(fields[3], "%Y%m%d").date().isoformat()
            found[row] = "/".join(fields[index] for index in key)
    return found


def files_of(district):
    """(agency, format, file) of all manifests."""
    for agency in ("police", "civil_affairs", "employment", "tax"):
        manifest = json.loads((district / agency / "manifest.json").read_text(encoding="utf-8"))
        for entry in manifest["files"]:
            yield agency, entry["format"], entry["file"]


def digest(folder):
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()


class DistrictTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.district = make(cls.folder.name, 1)
        cls.people = read_people(cls.district)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_same_seed_gives_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as again:
            self.assertEqual(digest(make(again, 1)), digest(self.district))

    def test_another_seed_gives_other_people_and_the_same_census(self):
        with tempfile.TemporaryDirectory() as other:
            made = make(other, 7)
            self.assertNotEqual(digest(made), digest(self.district))
            self.assertEqual((made / "truth" / "census.json").read_bytes(), (self.district / "truth" / "census.json").read_bytes())

    def test_the_census_is_that_of_the_register(self):
        census = json.loads((self.district / "truth" / "census.json").read_text(encoding="utf-8"))
        self.assertEqual(
            [census[name] for name in ("registered", "current", "compulsory_isolation", "community_detox", "community_rehabilitation",
                                       "in_society", "clean_three_years", "deceased")], [417, 270, 43, 53, 56, 118, 147, 3])

    def test_each_policy_entitles_people_on_the_register_and_others(self):
        for policy in self.people[0]["entitlements"]:
            entitled = [person for person in self.people if person["entitlements"][policy] == "ELIGIBLE"]
            self.assertTrue(15 <= len(entitled) <= 110, f"{policy}: {len(entitled)}")
            self.assertTrue(any(person["register_number"] for person in entitled), policy)
            self.assertTrue(any(not person["register_number"] for person in entitled), policy)

    def test_nobody_shares_name_and_birth_date(self):
        self.assertEqual(len({(person["name"], person["birth_date"]) for person in self.people}), len(self.people))

    def test_every_record_belongs_to_one_person(self):
        keys = [tuple(record) for person in self.people for record in person["records"] + person["held"]]
        self.assertEqual(len(set(keys)), len(keys))

    def test_every_file_says_that_it_is_made_up(self):
        for agency in ("police", "civil_affairs", "employment", "tax"):
            self.assertIn("made-up", (self.district / agency / "README.txt").read_text(encoding="utf-8"))
        for name in ("roster.csv", "orders.csv", "tests.txt"):
            self.assertIn("made-up", (self.district / "police" / name).read_bytes().decode("gb18030"), name)

    def test_identifiers_carry_right_check_characters(self):
        self.assertEqual(identifiers.id_number("421299", datetime.date(1985, 3, 15), 2), "42129919850315" + "0026")
        code = identifiers.credit_code("92", "421299", 12345)
        total = sum(identifiers.CODE_ALPHABET.index(letter) * weight for letter, weight in zip(code, identifiers.CODE_WEIGHTS))
        self.assertEqual(identifiers.CODE_ALPHABET[(31 - total % 31) % 31], code[17])

    def test_the_readme_shows_what_comes_out(self):
        with tempfile.TemporaryDirectory() as folder:
            printed = run(folder, "--seed", "1", "--people", "2000").splitlines()[0].removesuffix(folder)
        self.assertIn(printed, (ROOT / "README.md").read_text(encoding="utf-8"))

    def test_a_larger_register_keeps_its_proportions(self):
        with tempfile.TemporaryDirectory() as folder:
            run(folder, "--people", "4000", "--register", "834")
            census = json.loads((pathlib.Path(folder) / "truth" / "census.json").read_text(encoding="utf-8"))
            self.assertEqual([census[name] for name in (*plan.PARTS, "deceased", "registered")], [86, 106, 112, 236, 294, 6, 834])
            self.assertEqual(len({person["register_number"] for person in read_people(pathlib.Path(folder))}), 841)

    def test_arguments_out_of_bounds_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments in (["--people", "1999"], ["--people", "3000001"], ["--register", "99"], ["--register", "2501"],
                              ["--people", "1000000", "--register", "50001"],
                              ["--observations", "100"], ["--observations", "9999999"], ["--payload-bytes-max", "65535"],
                              ["--payload-bytes-max", str((256 << 20) + 1)], ["--payload-records-max", "0"],
                              ["--people", "3000", "--observations", "9000"]):
                with self.assertRaises(SystemExit, msg=arguments) as stopped, contextlib.redirect_stderr(io.StringIO()):
                    run(folder, *arguments)
                self.assertEqual(stopped.exception.code, 2, arguments)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])


class PlanTest(unittest.TestCase):
    def test_the_register_grows_with_the_people(self):
        self.assertEqual([plan.usual_register(people) for people in (2_000, 100_000, 1_000_000)], [417, 417, 2940])
        self.assertEqual(plan.Plan(1, 1_000_000, 2940, None).parts(), {
            "compulsory_isolation": 303, "community_detox": 374, "community_rehabilitation": 395, "in_society": 832,
            "clean_three_years": 1036, "deceased": 21})
        for register in (100, 417, 1234, 8820):
            parts = plan.Plan(1, 1_000_000, register, None).parts()
            self.assertEqual(sum(parts.values()) - parts["deceased"], register)

    def test_a_snapshot_stays_within_one_commit_of_the_hub(self):
        for people, shops, families in ((10_000, 2_000, 400), (500_000, 100_000, 20_000), (3_000_000, 100_000, 45_000)):
            district = plan.Plan(1, people, plan.usual_register(people), None)
            self.assertEqual((round(district.shop_share * people), district.families), (shops, families))

    def test_observations_are_about_as_many_records(self):
        for people in (2_000, 141_000, 500_000, 3_000_000):
            self.assertAlmostEqual(plan.people_for(plan.usual_records(people)), people, delta=1)
            self.assertAlmostEqual(plan.people_for(plan.usual_records(people, 500), 500), people, delta=1)
        self.assertEqual(plan.people_for(10_000_000), plan.PEOPLE_MAX + 1)

    def test_blocks_share_everything_out(self):
        for people in (2_000, 20_000, 20_001, 123_457, 3_000_000):
            district = plan.Plan(1, people, 417, None)
            for total in (0, 3, 417, people):
                shares = [block.share(total) for block in district.blocks()]
                self.assertEqual(sum(map(len, shares)), total)
                self.assertTrue(all(one.stop == next_one.start for one, next_one in zip(shares, shares[1:])))
            self.assertLessEqual(max(len(block.share(people)) for block in district.blocks()), plan.ONE_BLOCK_MAX)

    def test_every_day_belongs_to_one_block_and_every_age_to_all(self):
        district = plan.Plan(1, plan.PEOPLE_MAX, 417, None)
        for block in district.blocks():
            rng = block.rng("test")
            for last in (datetime.date(1942, 6, 30), datetime.date(2000, 2, 29), datetime.date(2025, 6, 30)):
                days = block.days_back(rng, last, 20, 345)
                self.assertTrue(20 <= days < 345)
                self.assertEqual((last.toordinal() - days) % district.block_count, block.index)

    def test_the_hub_is_told_what_a_snapshot_needs(self):
        usual = Limits()
        self.assertEqual(generate.hub_limits({"tax": usual}, usual), [])
        self.assertEqual(generate.hub_limits({"police": Limits(1, 1), "tax": Limits((16 << 20) + 1, 200_001)}, usual),
                         ["  - id: tax", f"    payload_bytes_max: {17 << 20}", "    payload_records_max: 300000"])


class LargeDistrictTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.district = pathlib.Path(cls.folder.name)
        cls.printed = run(cls.folder.name, *LARGE)
        cls.people = read_people(cls.district)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_folder_runs_as_a_program_and_gives_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as again:
            subprocess.run([sys.executable, ROOT / "integration" / "district", *LARGE, "--out", again], check=True,
                           stdout=subprocess.DEVNULL)
            self.assertEqual(digest(pathlib.Path(again)), digest(self.district))

    def test_nothing_that_names_a_person_or_a_record_comes_twice(self):
        self.assertEqual(len(self.people), LARGE_PEOPLE)
        for what in (lambda person: person["person"], lambda person: person["id_number"],
                     lambda person: (person["name"], person["birth_date"])):
            self.assertEqual(len(set(map(what, self.people))), LARGE_PEOPLE)
        keys = [tuple(record) for person in self.people for record in person["records"] + person["held"]]
        self.assertEqual(len(set(keys)), len(keys))
        numbers = [person["register_number"] for person in self.people if person["register_number"]]
        self.assertEqual(sorted(numbers), [f"R421299{number:06d}" for number in range(1, 421)])

    def test_identifiers_can_belong_to_nobody(self):
        self.assertEqual({person["id_number"][:6] for person in self.people}, set(identifiers.COUNTIES))

    def test_the_census_is_that_of_one_block(self):
        census = json.loads((self.district / "truth" / "census.json").read_text(encoding="utf-8"))
        self.assertEqual({part: census[part] for part in plan.PARTS}, plan.PARTS)

    def test_files_have_every_record_once_where_the_truth_says(self):
        held = {(entry["agency"], entry["format"], entry["key"]): entry for entry in
                json.loads((self.district / "truth" / "held.json").read_text(encoding="utf-8"))["held"]}
        wanted = {tuple(record) for person in self.people for record in person["records"] + person["held"]}
        found = []
        for agency, form, name in files_of(self.district):
            part = int(re.search(r"-(\d{4})\.", name)[1]) if "-" in name else 1
            for row, key in read_rows(self.district / agency / name, form).items():
                found.append((agency, form, key))
                entry = held.pop((agency, form, key), None)
                if entry:
                    self.assertEqual((entry.get("part", 1), entry["row"]), (part, row))
        self.assertEqual(held, {})
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual({key for key in found if key[1] not in ("employers", "vacancies")}, wanted)

    def test_deltas_are_split_at_the_limits_and_snapshots_never(self):
        files = {}
        for agency, form, name in files_of(self.district):
            files.setdefault(form, []).append(name)
            size, rows = (self.district / agency / name).stat().st_size, len(read_rows(self.district / agency / name, form))
            if form not in SNAPSHOTS:
                self.assertTrue(size <= LARGE_LIMITS.bytes_max and rows <= LARGE_LIMITS.records_max, (name, size, rows))
        self.assertEqual({form for form, names in files.items() if len(names) > 1}, {"tests", "employments", "trainings"})
        self.assertEqual(files["tests"], [f"tests-{part:04d}.txt" for part in range(1, len(files["tests"]) + 1)])
        self.assertEqual(files["businesses"], ["businesses.txt"])
        self.assertGreater((self.district / "tax" / "businesses.txt").stat().st_size, LARGE_LIMITS.bytes_max)

    def test_settings_for_what_cannot_be_split_are_written_down(self):
        lines = (self.district / "hub-limits.yaml").read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines[2:], ["agencies:", "  - id: civil_affairs", "    payload_bytes_max: 1048576",
                                     "    payload_records_max: 100000", "  - id: tax", "    payload_bytes_max: 1048576",
                                     "    payload_records_max: 100000"])
        self.assertIn("hub-limits.yaml", self.printed)

    def test_a_district_replaces_the_one_before(self):
        with tempfile.TemporaryDirectory() as folder:
            split = ["--people", str(PEOPLE), "--payload-records-max", "100"]
            run(folder, *split)
            self.assertTrue((pathlib.Path(folder) / "employment" / "employments-0002.json").exists())
            with tempfile.TemporaryDirectory() as fresh:
                self.assertEqual(digest(make(folder, 1)), digest(make(fresh, 1)))

    def test_memory_does_not_grow_with_the_people(self):
        peaks = []
        for people in (21_000, 60_000):
            with tempfile.TemporaryDirectory() as folder:
                # Its own high-water mark: what wait4 tells includes the memory of the process that it was forked from.
                program = ("import pathlib, generate; generate.main(); "
                           "print(pathlib.Path('/proc/self/status').read_text(encoding='utf-8'))")
                done = subprocess.run([sys.executable, "-c", program, "--people", str(people), "--out", folder], check=True,
                                      cwd=ROOT / "integration" / "district", stdout=subprocess.PIPE, encoding="utf-8")
                peaks.append(int(re.search(r"VmHWM:\s+(\d+) kB", done.stdout)[1]))
        self.assertLess(peaks[1], peaks[0] + (8 << 10), "KiB")
        self.assertLess(peaks[1], 100 << 10, "KiB")

    def test_observations_ask_for_as_many_records(self):
        for records in (12_000, 40_000):
            with tempfile.TemporaryDirectory() as folder:
                made = int(re.search(r"people, (\d+) records", run(folder, "--observations", str(records)))[1])
            self.assertAlmostEqual(made / records, 1.0, delta=0.03)


if __name__ == "__main__":
    unittest.main()
