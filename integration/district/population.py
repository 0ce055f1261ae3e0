"""The people of the made-up sub-district: who they are, before any agency knows them."""

import datetime
from dataclasses import dataclass, field

import identifiers
import names
from calendar_math import add_months, age_on

STREET = "421202003"
COMMUNITIES = ("西大街", "南山", "南大街", "双龙", "阳光", "三元", "北正街", "同心路", "文笔路", "凤凰", "车站路", "东门", "西河", "环城")


@dataclass
class Order:
    kind: str  # COMMUNITY_DETOX, COMPULSORY_ISOLATION, COMMUNITY_REHABILITATION
    decided: datetime.date
    received: datetime.date = None
    reported: datetime.date = None
    term: int = 0
    ended: datetime.date = None
    reason: str = ""  # EXPIRED, RELEASED_EARLY, CONVERTED, TERMINATED, REFUSED


@dataclass
class Test:
    day: datetime.date
    positive: bool
    kind: str  # ON_SITE, LABORATORY, RETEST, HAIR


@dataclass
class Relief:
    kind: str  # URBAN_MINIMUM_LIVING, RURAL_MINIMUM_LIVING
    household: str
    since: datetime.date
    zero_employment: bool


@dataclass
class Person:
    serial: int
    name: str
    former_name: str
    rare: bool
    sex: str  # 1 man, 2 woman
    birth: datetime.date
    id_number: str
    phone: str
    old_phone: str
    community: int
    address: str
    register_number: str = ""
    control_status: str = ""
    seizure: datetime.date = None
    orders: list = field(default_factory=list)
    tests: list = field(default_factory=list)
    reliefs: list = field(default_factory=list)
    unemployment: tuple = None  # (since, ended or None)
    certificate: tuple = None  # (annotations, issued)
    difficulties: list = field(default_factory=list)  # (category, from, to or None)
    trainings: list = field(default_factory=list)  # (course, completed or None, qualified)
    employments: list = field(default_factory=list)  # (employer index, start, end or None, insured from or None)
    businesses: list = field(default_factory=list)  # (code, name, registered, deregistered or None)
    tax_reliefs: list = field(default_factory=list)  # (kind 1 or 2, employer code, from, to or None)
    records: list = field(default_factory=list)  # (agency, format, key), filled when files are written
    held: list = field(default_factory=list)

    @property
    def truth_id(self):
        return f"T{self.serial:06d}"

    @property
    def division(self):
        return f"{STREET}{self.community + 1:03d}"


class Population:
    """Draws a block's people; no two share a name and a birth date, however the name is written."""

    def __init__(self, block):
        self.block = block
        self.rng = block.rng("people")
        self.as_of = block.plan.as_of
        self.people = []
        self._numbers = block.share(block.plan.people)
        self._taken = set()
        self._ids = set()

    def birth_of_age(self, low, high):
        age = self.rng.randint(low, high)
        last = add_months(self.as_of, -12 * age)
        return last - datetime.timedelta(days=self.block.days_back(self.rng, last, 20, 345))

    def draw(self, sex=None, ages=None):
        """Ages keep away from the retirement boundary, so that a changed table does not change the district."""
        rng = self.rng
        sex = sex or rng.choice("12")
        low, high = ages or ((22, 46) if sex == "2" else (22, 56))
        while True:
            name, rare = names.draw(rng)
            former = names.draw(rng)[0] if rng.random() < 0.03 and not rare and "·" not in name else ""
            birth = self.birth_of_age(low, high)
            spellings = [(spelling, birth) for spelling in {name, names.unwritable(name), former} if spelling]
            if any(spelling in self._taken for spelling in spellings):
                continue
            self._taken.update(spellings)
            break
        while True:
            sequence = rng.randrange(1, 500) * 2 - (1 if sex == "1" else 0)
            number = identifiers.id_number(rng.choice(identifiers.COUNTIES), birth, sequence)
            if number not in self._ids:
                self._ids.add(number)
                break
        serial = self._numbers[len(self.people)] + 1
        community = rng.randrange(len(COMMUNITIES))
        person = Person(
            serial=serial, name=name, former_name=former, rare=rare, sex=sex, birth=birth, id_number=number,
            phone=identifiers.phone(serial), old_phone=identifiers.phone(5_000_000 + serial), community=community,
            address=f"永安街道{COMMUNITIES[community]}社区{rng.randint(1, 99)}号{rng.randint(1, 12)}栋"
                    f"{rng.randint(1, 6)}0{rng.randint(1, 4)}室")
        assert age_on(birth, self.as_of) >= low
        self.people.append(person)
        return person

    def room(self):
        """How many more people the block shall have."""
        return len(self._numbers) - len(self.people)
