"""What a district has of everything, and how it is cut into blocks, so that the memory of one block makes a district of any size.

A block has its own random streams and its share of all that there is. Of the calendar it has every n-th day: nobody of another block
was born on the same date, so no two people can share a name and a birth date, or an identity number, and no block need know of another.
"""

import bisect
import datetime
import random
from dataclasses import dataclass

# Part of the census and how many living people on a sub-district's register are in it.
PARTS = {
    "compulsory_isolation": 43,
    "community_detox": 53,
    "community_rehabilitation": 56,
    "in_society": 118,
    "clean_three_years": 147,
}
DECEASED = 3
REGISTER = sum(PARTS.values())
REGISTER_PER_PERSON = 29.4 / 10_000
PEOPLE_MIN, PEOPLE_MAX = 2_000, 3_000_000
# A snapshot cannot be split, and the hub commits it whole: some 100,000 records. So a large district has no more shops and families on
# relief than that lets pass, and no larger register.
REGISTER_MIN, REGISTER_MAX = 100, 50_000
SHOPS_MAX, FAMILIES_MAX = 100_000, 45_000
SHOP_SHARE = 0.2
ONE_BLOCK_MAX = 20_000
BLOCK_PEOPLE = 10_000
# Measured. What the register adds is mostly tests; whoever has no shop because there are enough has fewer records.
RECORDS_PER_PERSON, RECORDS_PER_REGISTERED, RECORDS_LESS_WITHOUT_SHOP = 1.148, 10.3, 0.36


def usual_register(people):
    return max(REGISTER, round(people * REGISTER_PER_PERSON))


def usual_records(people, register=None):
    """About how many records there are of so many people."""
    shops_less = max(0, people * SHOP_SHARE - SHOPS_MAX)
    return (people * RECORDS_PER_PERSON + (register or usual_register(people)) * RECORDS_PER_REGISTERED
            - shops_less * RECORDS_LESS_WITHOUT_SHOP)


def people_for(records, register=None):
    """How many people have about so many records; more than PEOPLE_MAX if that many do not."""
    return bisect.bisect_left(range(PEOPLE_MAX + 1), records, key=lambda people: usual_records(people, register))


@dataclass(frozen=True)
class Plan:
    seed: int
    people: int
    register: int
    as_of: datetime.date

    @property
    def block_count(self):
        return 1 if self.people <= ONE_BLOCK_MAX else -(-self.people // BLOCK_PEOPLE)

    def blocks(self):
        return (Block(self, index) for index in range(self.block_count))

    def grown(self, count):
        """A number of the sub-district with the usual register, in proportion to this one's register."""
        return round(count * self.register / REGISTER)

    @property
    def families(self):
        return min(self.people // 25, FAMILIES_MAX)

    @property
    def shop_share(self):
        return min(SHOP_SHARE, SHOPS_MAX / self.people)

    def parts(self):
        """The register by parts, largest remainders first, and the deceased beside it."""
        exact = {part: count * self.register / REGISTER for part, count in PARTS.items()}
        counts = {part: int(value) for part, value in exact.items()}
        remainders = sorted(PARTS, key=lambda part: counts[part] - exact[part])
        for part in remainders[:self.register - sum(counts.values())]:
            counts[part] += 1
        return {**counts, "deceased": self.grown(DECEASED)}


@dataclass(frozen=True)
class Block:
    plan: Plan
    index: int

    def rng(self, name):
        seed = f"{self.plan.seed}/{name}"
        return random.Random(seed if self.plan.block_count == 1 else f"{seed}/{self.index}")

    def share(self, total):
        """This block's part of "total" numbered things."""
        return range(total * self.index // self.plan.block_count, total * (self.index + 1) // self.plan.block_count)

    def days_back(self, rng, last, low, high):
        """At least "low" and less than "high" days, such that so long before "last" is one of the block's days."""
        count = self.plan.block_count
        first = low + (last.toordinal() - low - self.index) % count
        return rng.randrange(first, high, count)
