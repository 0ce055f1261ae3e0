"""Work, hardship and business in the made-up sub-district.

Each archetype is a way of living that one policy is about, or nearly so; the rest of the people fill the streets. The same
archetypes are lived by people on the register and by people who never used.
"""

import datetime
from dataclasses import dataclass

import identifiers
from calendar_math import add_months
from population import Relief

EMPLOYER_WORDS = ("安顺", "恒达", "利民", "鑫源", "宏图", "长青", "同心", "瑞丰", "广源", "永固")
EMPLOYER_TRADES = ("物流", "餐饮", "纺织", "建材", "家政", "机械", "食品", "物业", "茶业", "电子")
SHOPS = ("小吃店", "理发店", "修车铺", "便利店", "裁缝铺", "水果店", "废品站", "早餐店")
COURSES = ("中式烹调师", "电工", "育婴员", "叉车司机", "汽车维修工", "美容师", "焊工", "养老护理员")
CATEGORIES = ("AGE_4050", "MINIMUM_LIVING", "LONG_TERM_UNEMPLOYED", "OTHER")

# People of each archetype: on the register, and not.
ARCHETYPES = {
    "shopkeeper": (10, 30),
    "shopkeeper_in_hardship": (3, 9),
    "shopkeeper_with_relief": (2, 14),
    "hired_after_closing": (9, 26),
    "hired_with_relief": (1, 9),
    "hired_for_six_months": (2, 8),
    "hired_unknown_to_tax": (4, 16),
    "long_unemployed": (12, 28),
    "older_unemployed": (5, 15),
    "recognised_unemployed": (12, 30),
    "unemployed_without_work_at_home": (3, 12),
    "trained_unemployed": (8, 26),
    "trained_too_long_ago": (2, 10),
    "founder": (6, 20),
    "newly_unemployed": (20, 60),
}


EMPLOYERS = 120  # in each block


@dataclass
class Counters:
    """How many there are so far, in all blocks: what is numbered is numbered on."""

    shops: int = 0
    households: int = 0


class LivelihoodMaker:
    def __init__(self, population, counters):
        self.population = population
        self.rng = rng = population.block.rng("livelihoods")
        self.as_of = population.as_of
        self.counters = counters
        self.employers = []
        for index in range(EMPLOYERS * population.block.index, EMPLOYERS * (population.block.index + 1)):
            name = f"咸宁{rng.choice(EMPLOYER_WORDS)}{rng.choice(EMPLOYER_TRADES)}{index + 1}号(虚构)有限公司"
            self.employers.append((identifiers.credit_code("91", "421299", 7_000_003 + 977 * index), name))

    def ago(self, low, high):
        day = add_months(self.as_of, -self.rng.randint(low, high - 1))
        return day - datetime.timedelta(days=self.rng.randrange(1, 27))

    def unemployed(self, person, low, high, ended=None):
        person.unemployment = (self.ago(low, high), ended)

    def certified(self, person, *annotations):
        person.certificate = (annotations, person.unemployment[0] + datetime.timedelta(days=20))

    def open_shop(self, person, registered, closed=None):
        self.counters.shops += 1
        number = self.counters.shops
        code = identifiers.credit_code("92", "421298", 3_000_017 + 1009 * number)
        person.businesses.append((code, f"虚构{self.rng.choice(SHOPS)}{number}号", registered, closed))
        return code

    def hire(self, person, start, months, insured=True):
        end = None if months is None else add_months(start, months) - datetime.timedelta(days=1)
        person.employments.append((self.rng.randrange(len(self.employers)), start, end, start.replace(day=1) if insured else None))

    def relieve(self, people, kind, zero, since=None):
        self.counters.households += 1
        key = f"{'城' if kind.startswith('URBAN') else '农'}保虚{self.counters.households:05d}"
        since = since or self.ago(3, 60).replace(day=1)
        for member in people:
            member.reliefs.append(Relief(kind, key, since, zero))
            member.community, member.address = people[0].community, people[0].address

    def shopkeeper(self, person):
        opened = self.ago(2, 28)
        since = add_months(opened, -self.rng.randint(7, 20))
        person.unemployment = (since, opened)
        self.certified(person, "SELF_EMPLOYMENT")
        self.open_shop(person, opened)

    def shopkeeper_in_hardship(self, person):
        opened = self.ago(2, 20)
        person.unemployment = (add_months(opened, -3), opened)
        self.certified(person, "SELF_EMPLOYMENT")
        self.open_shop(person, opened)
        self.relieve([person], "URBAN_MINIMUM_LIVING", self.rng.random() < 0.3)

    def shopkeeper_with_relief(self, person):
        self.shopkeeper(person)
        start = person.businesses[0][2].replace(day=1)
        person.tax_reliefs.append((1, "", start, None))

    def hired_after_closing(self, person, months=None, insured=True):
        start = self.ago(2, 20)
        closed = add_months(start, -self.rng.randint(12, 24))
        self.open_shop(person, add_months(closed, -30), closed)
        person.unemployment = (add_months(closed, 1), start)
        self.certified(person, "EMPLOYER")
        self.hire(person, start, months or self.rng.choice((24, 36, 36)), insured)

    def hired_with_relief(self, person):
        self.hired_after_closing(person)
        employer, start = person.employments[0][:2]
        person.tax_reliefs.append((2, self.employers[employer][0], start.replace(day=1), None))

    def hired_for_six_months(self, person):
        self.hired_after_closing(person)
        employer, _, _, _ = person.employments.pop()
        start = self.ago(1, 4)
        person.unemployment = (person.unemployment[0], start)
        person.employments.append((employer, start, add_months(start, 6), start.replace(day=1)))

    def hired_unknown_to_tax(self, person):
        start = self.ago(2, 20)
        person.unemployment = (add_months(start, -8), start)
        self.certified(person, "EMPLOYER", "SELF_EMPLOYMENT")
        self.hire(person, start, 36)

    def long_unemployed(self, person):
        self.unemployed(person, 13, 40)
        self.certified(person, "EMPLOYER")

    def older_unemployed(self, person):
        self.unemployed(person, 1, 6)

    def recognised_unemployed(self, person):
        self.unemployed(person, 8, 30)
        self.certified(person, "EMPLOYER")
        start = self.ago(1, 9)
        person.difficulties.append((self.rng.choice(CATEGORIES), start, add_months(start, 12)))

    def unemployed_without_work_at_home(self, person):
        self.unemployed(person, 2, 11)
        self.relieve([person], self.rng.choice(("URBAN_MINIMUM_LIVING", "RURAL_MINIMUM_LIVING")), True)

    def trained_unemployed(self, person):
        self.unemployed(person, 1, 9)
        person.trainings.append((self.rng.choice(COURSES), self.ago(1, 10), True))

    def trained_too_long_ago(self, person):
        self.unemployed(person, 1, 9)
        person.trainings.append((self.rng.choice(COURSES), self.ago(14, 30), True))

    def founder(self, person):
        self.unemployed(person, 2, 9)
        self.open_shop(person, self.ago(1, 2))

    def newly_unemployed(self, person):
        self.unemployed(person, 1, 10)
        if self.rng.random() < 0.5:
            self.certified(person, "EMPLOYER")
        if self.rng.random() < 0.2:
            person.trainings.append((self.rng.choice(COURSES), None, False))

    def ordinary(self, person):
        """Somebody with a job, a shop, or a course; nothing that asks for help."""
        kind, shop_share = self.rng.random(), self.population.block.plan.shop_share
        if kind < 1 - shop_share:
            self.hire(person, self.ago(4, 90), self.rng.choice((None, 120, 120)), self.rng.random() < 0.8)
            if self.rng.random() < 0.08:
                person.trainings.append((self.rng.choice(COURSES), self.ago(2, 40), self.rng.random() < 0.7))
        elif kind < 1 - shop_share / 4:
            closed = self.ago(1, 10) if self.rng.random() < 0.15 else None
            self.open_shop(person, self.ago(12, 90), closed)
            if self.rng.random() < 0.3:
                self.hire(person, self.ago(100, 130), 60)
        else:
            self.hire(person, self.ago(30, 60), 12)
            self.open_shop(person, self.ago(2, 20))

    def household(self):
        """A family on relief that never had to do with drugs."""
        rng, population = self.rng, self.population
        zero = rng.random() < 0.25
        head = population.draw(ages=None if rng.random() < 0.7 else (66, 84))
        members = [head]
        if rng.random() < 0.5:
            members.append(population.draw(sex="1" if head.sex == "2" else "2"))
        members += [population.draw(ages=(1, 15)) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
        for member in members[1:]:
            if rng.random() < 0.7:
                member.phone = head.phone
        self.relieve(members, "URBAN_MINIMUM_LIVING" if rng.random() < 0.75 else "RURAL_MINIMUM_LIVING", zero)
        if not zero and rng.random() < 0.3 and 22 <= (self.as_of.year - head.birth.year) < 57:
            self.hire(head, self.ago(4, 60), 120, rng.random() < 0.4)


def archetype_ages(name, sex):
    if name == "older_unemployed":
        return (41, 46) if sex == "2" else (51, 56)
    if name in ("trained_unemployed", "trained_too_long_ago", "newly_unemployed", "founder"):
        return (22, 38) if sex == "2" else (22, 48)
    return None


def make_livelihoods(population, registered, counters):
    """Gives archetypes to the block's people on the register and to others, then fills up; returns the block's employers."""
    maker = LivelihoodMaker(population, counters)
    rng, block = maker.rng, population.block

    def share(count):
        return len(block.share(block.plan.grown(count)))

    # Whoever is in isolation, in custody, lost, abroad or dead holds no job and no shop.
    free = [person for person, part in registered if part not in ("compulsory_isolation", "deceased")
            and person.control_status not in ("服刑", "失控", "出境")]
    rng.shuffle(free)
    for name, (on_register, others) in ARCHETYPES.items():
        for _ in range(share(on_register)):
            person = next((p for p in free if fits(population, name, p)), None)
            if person:
                free.remove(person)
            else:
                # A small block's register may have nobody of the age.
                sex = rng.choice("12")
                person = population.draw(sex=sex, ages=archetype_ages(name, sex))
            getattr(maker, name)(person)
        for _ in range(share(others)):
            sex = rng.choice("12")
            getattr(maker, name)(population.draw(sex=sex, ages=archetype_ages(name, sex)))
    ordinary, relieved = share(110), share(25)
    for person in free[:ordinary]:
        maker.ordinary(person)
    for person in free[ordinary:ordinary + relieved]:
        maker.relieve([person], "URBAN_MINIMUM_LIVING", False)
    for _ in block.share(block.plan.families):
        if population.room() < 4:
            break
        maker.household()
    while population.room() > 0:
        maker.ordinary(population.draw())
    return maker.employers


def fits(population, name, person):
    ages = archetype_ages(name, person.sex)
    age = (add_months(population.as_of, 0) - person.birth).days // 365.25
    return ages is None or ages[0] <= age <= ages[1]
