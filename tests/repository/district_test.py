#!/usr/bin/python3
"""The district generator keeps its promises: the same seed gives the same bytes, the census, the sizes of the entitled groups.

  district_test.py ROOT
"""

import contextlib
import hashlib
import io
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / "integration" / "district"))

import generate  # noqa: E402
import identifiers  # noqa: E402

import unittest  # noqa: E402

PEOPLE = 3_000


def make(folder, seed):
    with contextlib.redirect_stdout(io.StringIO()):
        generate.main(["--seed", str(seed), "--people", str(PEOPLE), "--out", folder])
    return pathlib.Path(folder)


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
        with open(cls.district / "truth" / "people.jsonl", encoding="utf-8") as lines:
            next(lines)
            cls.people = [json.loads(line) for line in lines]

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
        self.assertEqual(identifiers.id_number("421299", __import__("datetime").date(1985, 3, 15), 2), "42129919850315" + "0026")
        code = identifiers.credit_code("92", "421299", 12345)
        total = sum(identifiers.CODE_ALPHABET.index(letter) * weight for letter, weight in zip(code, identifiers.CODE_WEIGHTS))
        self.assertEqual(identifiers.CODE_ALPHABET[(31 - total % 31) % 31], code[17])


if __name__ == "__main__":
    unittest.main()
