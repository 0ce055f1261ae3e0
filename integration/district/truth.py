"""What is true of the district, computed from the true facts by hub/doc/domain.md and by nothing of the hub.

Three-valued: True, False, or None where no agency that could state a fact knows the person.
"""

import datetime

from calendar_math import add_months, age_on, whole_months

POLICIES = ("difficulty-recognition", "employment-assistance", "startup-loan", "tax-relief-employer", "tax-relief-self-employed",
            "training-subsidy")
NOT_CLEAN = {"COMMUNITY_DETOX_ORDERED", "COMMUNITY_DETOX", "COMPULSORY_ISOLATION", "COMMUNITY_REHABILITATION_ORDERED",
             "COMMUNITY_REHABILITATION", "VOLUNTARY", "COMMUNITY_DETOX_REFUSED", "COMMUNITY_REHABILITATION_REFUSED"}
PART_OF = {"COMMUNITY_DETOX_ORDERED": "community_detox", "COMMUNITY_DETOX": "community_detox",
           "COMMUNITY_REHABILITATION_ORDERED": "community_rehabilitation",
           "COMMUNITY_REHABILITATION": "community_rehabilitation", "COMPULSORY_ISOLATION": "compulsory_isolation",
           "CLEAN_THREE_YEARS": "clean_three_years"}


def until(day, as_of):
    """A date later than the as-of date counts as not given."""
    return day if day is not None and day <= as_of else None


def phase_of_order(order, as_of):
    """Phase and, for isolation, the day on which it ended."""
    ended, reported = until(order.ended, as_of), until(order.reported, as_of)
    if order.kind == "COMPULSORY_ISOLATION":
        expiry = ended or add_months(order.decided, order.term or 24)
        return ("COMPULSORY_ISOLATION_DONE", expiry) if expiry <= as_of else ("COMPULSORY_ISOLATION", None)
    if ended:
        if order.reason == "REFUSED":
            return f"{order.kind}_REFUSED", None
        if order.reason == "TERMINATED" and order.kind == "COMMUNITY_DETOX":
            return "COMMUNITY_DETOX_TERMINATED", None
        return f"{order.kind}_DONE", None
    if reported:
        return (f"{order.kind}_DONE" if add_months(reported, order.term or 36) <= as_of else order.kind), None
    return f"{order.kind}_ORDERED", None


def phase(person, as_of):
    orders = sorted((order for order in person.orders if order.decided <= as_of), key=lambda order: order.decided)
    anchor = until(person.seizure, as_of)
    if orders:
        latest = orders[-1]
        result, isolation_ended = phase_of_order(latest, as_of)
        anchor = isolation_ended if latest.kind == "COMPULSORY_ISOLATION" else until(latest.reported, as_of)
    else:
        result = {"自愿戒毒": "VOLUNTARY", "社区戒毒": "COMMUNITY_DETOX", "强制戒毒": "COMPULSORY_ISOLATION",
                  "强制隔离戒毒": "COMPULSORY_ISOLATION", "社区康复": "COMMUNITY_REHABILITATION"}.get(
                      person.control_status, "REGISTERED")
    if anchor and result not in NOT_CLEAN:
        relapses = [test.day for test in person.tests if test.positive and test.kind != "ON_SITE" and test.day <= as_of]
        if until(person.seizure, as_of):
            relapses.append(person.seizure)
        anchor = max([anchor, *relapses])
        if add_months(anchor, 36) <= as_of:
            return "CLEAN_THREE_YEARS"
    return result


def part(person, as_of):
    if not person.register_number:
        return ""
    if person.control_status == "死亡":
        return "deceased"
    return PART_OF.get(phase(person, as_of), "in_society")


def all_of(*values):
    return False if False in values else None if None in values else True


def any_of(*values):
    return True if True in values else None if None in values else False


def negate(value):
    return None if value is None else not value


def facts(person, as_of):
    """The facts that policies ask for. False or an empty value: stated not to be; None: nobody can say."""
    by_employment = bool(person.unemployment or person.certificate or person.difficulties or person.trainings or person.employments)
    by_civil_affairs, by_tax = bool(person.reliefs), bool(person.businesses or person.tax_reliefs)
    found = dict.fromkeys(("unemployed", "unemployed_ever", "unemployed_months", "difficult", "annotations", "contracts",
                           "qualified", "urban", "rural", "zero", "business", "self_used", "self_running", "employer_running",
                           "employer_months", "relieved"))
    age = age_on(person.birth, as_of)
    found["working_age"] = age >= 16 and age < (60 if person.sex == "1" else 50)
    found["older"] = age >= (50 if person.sex == "1" else 40)
    if by_employment:
        since, ended = person.unemployment or (None, None)
        ended = until(ended, as_of)
        found["unemployed"] = bool(since) and not ended
        found["unemployed_ever"] = bool(since)
        found["unemployed_months"] = whole_months(since, ended or as_of) if since else 0
        found["difficult"] = any(start <= as_of and (end is None or end >= as_of) for _, start, end in person.difficulties)
        found["annotations"] = person.certificate[0] if person.certificate else ()
        found["relieved"] = False  # nobody in the district is kept under such a category
        found["contracts"] = [(start, end, insured) for _, start, end, insured in person.employments
                              if start <= as_of and (end is None or end >= as_of)]
        done = [day for _, day, qualified in person.trainings if day and day <= as_of and qualified]
        found["qualified"] = max(done) if done else False
    if by_civil_affairs:
        found["urban"] = any(relief.kind == "URBAN_MINIMUM_LIVING" for relief in person.reliefs)
        found["rural"] = any(relief.kind == "RURAL_MINIMUM_LIVING" for relief in person.reliefs)
        found["zero"] = any(relief.zero_employment for relief in person.reliefs)
    if by_tax:
        running = [day for _, _, day, gone in person.businesses if day <= as_of and (gone is None or gone > as_of)]
        found["business"] = max(running) if running else False
        found["self_used"] = any(kind == 1 for kind, *_ in person.tax_reliefs)
        spans = {kind: [(start, end) for other, _, start, end in person.tax_reliefs if other == kind and start <= as_of] for kind in (1, 2)}
        found["self_running"] = any(runs(end, as_of) for _, end in spans[1])
        found["employer_running"] = any(runs(end, as_of) for _, end in spans[2])
        found["employer_months"] = sum(month_number(end if end and not runs(end, as_of) else as_of) - month_number(start) + 1
                                       for start, end in spans[2])
    return found


def known(value, predicate):
    return None if value is None else bool(value) and predicate(value)


def in_window(day):
    return datetime.date(2023, 1, 1) <= day <= datetime.date(2027, 12, 31)


def month_number(day):
    return day.year * 12 + day.month


def runs(end, as_of):
    """What is given by its last month goes on through that month."""
    return end is None or month_number(end) >= month_number(as_of)


def insured_from(rows):
    """Since when the latest contract is both signed and insured."""
    start, _, insured = max(rows, key=lambda row: row[0])
    return max(start, insured.replace(day=1)) if insured else None


def in_run(day, as_of):
    return day is None or month_number(as_of) - month_number(day) < 36


def entitlements(person, as_of):
    """True, False or None for each policy."""
    f = facts(person, as_of)
    half_year = None if f["unemployed_months"] is None else f["unemployed_months"] >= 6
    full_year = None if f["unemployed_months"] is None else f["unemployed_months"] >= 12
    minimum_living = any_of(f["urban"], f["rural"])
    longest = known(f["contracts"], lambda rows: any(
        end is None or whole_months(start, end + datetime.timedelta(days=1)) >= 12 for start, end, _ in rows))
    insured = known(f["contracts"], lambda rows: any(paid and paid <= as_of for _, _, paid in rows))
    started = known(f["contracts"], lambda rows: insured_from(rows) is not None and in_window(insured_from(rows)))
    annotated = {name: known(f["annotations"], lambda values, name=name: name in values) for name in ("SELF_EMPLOYMENT", "EMPLOYER", "GRADUATE")}
    within = None if f["contracts"] is None else not f["contracts"] or in_run(insured_from(f["contracts"]), as_of)
    months_left = None if f["employer_months"] is None else f["employer_months"] <= 35
    return {
        # What runs began within the window and goes on to the end of its thirty-six months.
        "tax-relief-self-employed": all_of(
            known(f["business"], in_window), known(f["business"], lambda day: in_run(day, as_of)),
            any_of(negate(f["self_used"]), f["self_running"]),
            any_of(f["relieved"], annotated["GRADUATE"], f["self_running"], all_of(
                any_of(half_year, all_of(any_of(f["zero"], f["urban"]), f["working_age"], f["unemployed_ever"])),
                annotated["SELF_EMPLOYMENT"]))),
        "tax-relief-employer": all_of(
            any_of(f["relieved"], all_of(half_year, annotated["EMPLOYER"])), known(f["contracts"], bool), longest,
            insured, started, within, any_of(f["employer_running"], months_left)),
        # Nobody states disabled or lost_land yet: always missing.
        "difficulty-recognition": all_of(
            f["unemployed"], negate(f["difficult"]),
            any_of(f["older"], minimum_living, f["zero"], full_year, None)),
        "employment-assistance": all_of(f["working_age"], f["unemployed"], any_of(f["difficult"], f["zero"])),
        "training-subsidy": all_of(
            known(f["qualified"], lambda day: add_months(as_of, -12) <= day <= as_of),
            any_of(f["unemployed"], minimum_living, f["difficult"])),
        "startup-loan": all_of(f["working_age"], any_of(f["unemployed"], f["difficult"]), known(f["business"], lambda _: True)),
    }
