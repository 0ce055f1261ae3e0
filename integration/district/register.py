"""The police register: histories of orders and tests that lead to a planned part of the census."""

import datetime

from calendar_math import add_months
from plan import DECEASED, PARTS
from population import Order, Test


class RegisterMaker:
    def __init__(self, rng, as_of):
        self.rng = rng
        self.as_of = as_of

    def ago(self, low, high):
        """A day at least "low" and less than "high" months before the as-of date."""
        day = add_months(self.as_of, -self.rng.randint(low, high - 1))
        return day - datetime.timedelta(days=self.rng.randrange(1, 27))

    def later(self, day, low, high):
        return day + datetime.timedelta(days=self.rng.randint(low, high))

    def seized_before(self, day):
        return day - datetime.timedelta(days=self.rng.randint(1, 9))

    def order(self, kind, decided, reports=True, **rest):
        received = self.later(decided, 0, 2)
        reported = self.later(received, 2, 12) if reports and kind != "COMPULSORY_ISOLATION" else None
        return Order(kind=kind, decided=decided, received=received, reported=reported, **rest)

    def negatives(self, person, start, end):
        """Tests on the usual schedule: monthly in the first year, then every two, then every three months."""
        day, count = self.later(start, 5, 25), 0
        while day < end and count < 24:
            kind = "LABORATORY" if self.rng.random() < 0.15 else "ON_SITE"
            person.tests.append(Test(day, False, kind))
            elapsed = (day - start).days
            day = add_months(day, 1 if elapsed < 365 else 2 if elapsed < 730 else 3)
            count += 1

    def isolation_until(self, person, ended, status="社会面"):
        early = self.rng.random() < 0.3
        months = self.rng.randint(14, 20) if early else 24
        decided = add_months(ended, -months)
        person.seizure = self.seized_before(decided)
        person.orders.append(self.order("COMPULSORY_ISOLATION", decided, term=24, ended=ended,
                                        reason="RELEASED_EARLY" if early else "EXPIRED"))
        person.control_status = status

    def compulsory_isolation(self, person, index):
        decided = self.ago(1, 21)
        if index % 3 == 0:
            first = self.order("COMMUNITY_DETOX", self.ago(26, 34), term=36, ended=decided, reason="CONVERTED")
            person.orders.append(first)
            self.negatives(person, first.reported, decided)
        person.seizure = self.seized_before(decided)
        person.tests.append(Test(person.seizure, True, "LABORATORY"))
        person.orders.append(self.order("COMPULSORY_ISOLATION", decided, term=24 if index % 2 else 0))
        person.control_status = "强制隔离戒毒" if index % 2 else "强制戒毒"

    def community_detox(self, person, index):
        person.control_status = "社区戒毒"
        if index < 8:
            # Two of them did not report in time: a flag, not another phase.
            days = 60 + index if index < 2 else 2 + index
            decided = self.as_of - datetime.timedelta(days=days)
            person.orders.append(self.order("COMMUNITY_DETOX", decided, reports=False, term=36))
        else:
            decided = self.ago(1, 34)
            person.orders.append(self.order("COMMUNITY_DETOX", decided, term=36 if index % 2 else 0))
            self.negatives(person, person.orders[-1].reported, self.as_of)
            if index % 9 == 0:
                person.tests.append(Test(self.as_of - datetime.timedelta(days=3 + index), True, "ON_SITE"))
        person.seizure = self.seized_before(decided)

    def community_rehabilitation(self, person, index):
        if index < 6:
            self.isolation_until(person, self.as_of - datetime.timedelta(days=20 + index))
            decided = self.later(person.orders[-1].ended, 1, 8)
            person.orders.append(self.order("COMMUNITY_REHABILITATION", decided, reports=False, term=36))
        else:
            self.isolation_until(person, self.ago(2, 33))
            decided = self.later(person.orders[-1].ended, 1, 10)
            person.orders.append(self.order("COMMUNITY_REHABILITATION", decided, term=36))
            self.negatives(person, person.orders[-1].reported, self.as_of)
        person.control_status = "社区康复"

    def in_society(self, person, index):
        person.control_status = "社会面"
        if index < 35:
            person.seizure = self.ago(2, 34)
            person.control_status = ("登记", "社会面", "登记", "药物治疗", "登记", "失控", "登记", "服刑", "登记", "出境")[index % 10]
        elif index < 39:
            person.seizure = self.ago(2, 20)
            person.control_status = "自愿戒毒"
        elif index < 69:
            self.isolation_until(person, self.ago(2, 33))
        elif index < 79:
            decided = self.ago(22, 33)
            person.orders.append(self.order("COMMUNITY_DETOX", decided, term=36, ended=self.ago(1, 8),
                                            reason="RELEASED_EARLY"))
            person.seizure = self.seized_before(decided)
            self.negatives(person, person.orders[-1].reported, person.orders[-1].ended)
        elif index < 91:
            self.finished_detox(person, 45, 70)
            relapse = self.ago(2, 33)
            person.tests.append(Test(relapse, True, self.rng.choice(("LABORATORY", "RETEST", "HAIR"))))
        elif index < 99:
            decided = self.ago(3, 40)
            person.orders.append(self.order("COMMUNITY_DETOX", decided, reports=False, term=36,
                                            ended=self.later(decided, 20, 40), reason="REFUSED"))
            person.seizure = self.seized_before(decided)
        elif index < 102:
            self.isolation_until(person, self.ago(10, 30))
            decided = self.later(person.orders[-1].ended, 1, 10)
            person.orders.append(self.order("COMMUNITY_REHABILITATION", decided, reports=False, term=36,
                                            ended=self.later(decided, 20, 40), reason="REFUSED"))
        elif index < 107:
            decided = self.ago(24, 33)
            person.orders.append(self.order("COMMUNITY_DETOX", decided, term=36, ended=self.ago(2, 12),
                                            reason="TERMINATED"))
            person.seizure = self.seized_before(decided)
        elif index < 113:
            self.isolation_until(person, self.ago(26, 33))
            decided = self.later(person.orders[-1].ended, 1, 10)
            person.orders.append(self.order("COMMUNITY_REHABILITATION", decided, term=12))
            person.control_status = "社会面"
        else:
            self.finished_detox(person, 50, 70)
            person.seizure = self.ago(5, 20)

    def finished_detox(self, person, low, high):
        decided = self.ago(low, high)
        order = self.order("COMMUNITY_DETOX", decided, term=36)
        if self.rng.random() < 0.7:
            order.ended, order.reason = add_months(order.reported, 36), "EXPIRED"
        person.orders.append(order)
        person.seizure = self.seized_before(decided)
        self.negatives(person, order.reported, add_months(order.reported, 36))

    def clean_three_years(self, person, index):
        if index < 50:
            person.seizure = self.ago(38, 120)
        elif index < 95:
            self.finished_detox(person, 40, 110)
            if index < 54:
                # An on-site positive alone decides nothing: it can be challenged.
                person.tests.append(Test(self.ago(1, 6), True, "ON_SITE"))
        elif index < 122:
            self.isolation_until(person, self.ago(38, 100))
        else:
            self.isolation_until(person, self.ago(44, 90))
            decided = self.later(person.orders[-1].ended, 1, 10)
            order = self.order("COMMUNITY_REHABILITATION", decided, term=36)
            if index % 2:
                order.ended, order.reason = add_months(order.reported, 36), "EXPIRED"
            person.orders.append(order)
        # The police's own table lags behind here and there.
        person.control_status = "社会面" if index % 7 == 0 else "戒断三年"

    def deceased(self, person, index):
        person.seizure = self.ago(12, 80)
        person.control_status = "死亡"


def make_register(population, block):
    """Draws the block's people on the register; returns them with the part that each was planned for."""
    maker = RegisterMaker(block.rng("register"), population.as_of)
    usual = {**PARTS, "deceased": DECEASED}
    shares = {part: block.share(count) for part, count in block.plan.parts().items()}
    before = sum(share.start for share in shares.values())
    planned = []
    for part, share in shares.items():
        for index in share:
            person = population.draw(sex="2" if maker.rng.random() < 0.16 else "1")
            person.register_number = f"R421299{before + len(planned) + 1:06d}"
            # Each place in the usual register stands for one history; a larger register lives them again.
            getattr(maker, part)(person, index % usual[part])
            person.tests = list({(test.day, test.kind): test for test in person.tests}.values())
            person.tests.sort(key=lambda test: (test.day, test.kind))
            planned.append((person, part))
    return planned
