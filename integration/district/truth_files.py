"""Writes the truth beside the agencies' files, person by person."""

import json

import truth
from file_layouts import MADE_UP

WORDS = {True: "ELIGIBLE", False: "NOT_ELIGIBLE", None: "UNKNOWN"}


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class TruthWriter:
    def __init__(self, out, plan):
        self.folder = out / "truth"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.plan = plan
        self.as_of = plan.as_of
        self.people = self.records = self.held = 0
        self.census = dict.fromkeys(plan.parts(), 0)
        # Of people on the register and the few others of an archetype; whoever only fills the streets is entitled to nothing.
        self.entitled = {policy: [] for policy in truth.POLICIES}
        self._people_file = open(self.folder / "people.jsonl", "w", encoding="utf-8")
        self._people_file.write(json.dumps({"note": MADE_UP, "as_of": self.as_of.isoformat()}, ensure_ascii=False) + "\n")
        self._held_file = open(self.folder / "held.json", "w", encoding="utf-8")
        self._held_file.write(f'{{\n "note": {json.dumps(MADE_UP, ensure_ascii=False)},\n "held": [')

    def hold(self, **entry):
        """Books a record that the hub must hold."""
        text = json.dumps(entry, ensure_ascii=False, indent=1).replace("\n", "\n  ")
        self._held_file.write(("," if self.held else "") + "\n  " + text)
        self.held += 1

    def add(self, people, registered):
        """People of whom all records are written; "registered" are those with the part that each was planned for."""
        planned = {person.serial: part for person, part in registered}
        for person in people:
            part = truth.part(person, self.as_of)
            if part != planned.get(person.serial, ""):
                raise AssertionError(f"{person.truth_id} was planned for {planned.get(person.serial)} and came out as {part}")
            if part:
                self.census[part] += 1
            answers = truth.entitlements(person, self.as_of)
            for policy, answer in answers.items():
                if answer:
                    self.entitled[policy].append(person.truth_id)
            self._people_file.write(json.dumps({
                "person": person.truth_id, "name": person.name, "sex": person.sex, "birth_date": person.birth.isoformat(),
                "id_number": person.id_number, "register_number": person.register_number, "part": part,
                "phase": truth.phase(person, self.as_of) if person.register_number else "",
                "records": person.records, "held": person.held,
                "entitlements": {policy: WORDS[answer] for policy, answer in answers.items()}}, ensure_ascii=False) + "\n")
            self.people += 1
            self.records += len(person.records) + len(person.held)

    def finish(self):
        if self.census != self.plan.parts():
            raise AssertionError(f"the register was planned as {self.plan.parts()} and came out as {self.census}")
        self._people_file.close()
        self._held_file.write("\n ]\n}\n" if self.held else "]\n}\n")
        self._held_file.close()
        living = sum(self.census.values()) - self.census["deceased"]
        write_json(self.folder / "census.json", {"note": MADE_UP, "as_of": self.as_of.isoformat(), "registered": living,
                                                 "current": living - self.census["clean_three_years"], **self.census})
        write_json(self.folder / "entitlements.json", {"note": MADE_UP, "as_of": self.as_of.isoformat(), "eligible": self.entitled})
        (self.folder / "README").write_text(
            f"{MADE_UP}\nThe truth of this district: who is who, and who is entitled to what as of {self.as_of}. For checking only; "
            "no hub reads it.\n", encoding="utf-8")
