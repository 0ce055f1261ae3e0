#!/usr/bin/python3
"""Worked cases of the benefits (hub/doc/domain.md), from the agencies' own files to the answer, on the real hub by its command line. The
hub's clock is set to where a case begins.

  worked_cases.py [--only CASE]... [--dir DIR]

Every person is made up.
"""

import argparse
import datetime
import json
import pathlib
import sys
import time

import hubkit

sys.path.insert(0, str(hubkit.ROOT / "integration" / "district"))
import identifiers  # noqa: E402

EMPLOYER = "91421299MA4ABCDEF3"
BASIS = ("--basis", "STATUTORY_DUTY", "--reference", "就业促进法 第五十二条", "--notice-given")
WAIT_SECONDS = 30
SAMPLE_EMPLOYER = {"display_name": "虚构有限公司", "kind": "employer", "formats": "[vacancies]", "services": "[]", "adapter": (
    f"{{library: {hubkit.BUILD / 'plugins' / 'libanqiao_employment.so'}, samples: {hubkit.ROOT / 'plugins' / 'employment' / 'samples'}}}")}
NORTH_STREET = {"display_name": "虚构北街道办事处", "kind": "subdistrict_office", "formats": "[]", "adapter": SAMPLE_EMPLOYER["adapter"]}
DIRECTORY = """directory: worked_cases
open_within_days: 14
providers:
  - {id: counter, title: {zh: 虚构窗口, en: Made-up counter}, agency: employment, kind: employment,
     services: [employment-assistance, difficulty-recognition, unemployment-registration, training-subsidy, public-welfare-post]}
  - {id: sample-employer, title: {zh: 虚构有限公司, en: Made-up company}, agency: sample_employer, kind: employer, services: [employment-assistance]}
"""


class Person:
    def __init__(self, serial, name, birth):
        self.serial, self.name, self.birth = serial, name, birth
        self.number = identifiers.id_number("421299", datetime.datetime.strptime(birth, "%Y%m%d"), 2 * serial + 1)
        self.business = identifiers.credit_code("92", "421299", serial)

    def aac(self, **fields):
        return {"aac001": f"4212990{self.serial:06}", "aac002": self.number, "aac003": self.name, "aac004": "1", "aac006": self.birth,
                "aac313": "421202003010", "aae100": "1", **fields}


class Case:
    """One hub, its agencies' files and what was expected of it."""

    def __init__(self, hub, violations):
        self.hub, self.violations, self.files = hub, violations, 0

    def expect(self, holds, what):
        print(f"    {'yes' if holds else 'NO '}  {what}", flush=True)
        if not holds:
            self.violations.append(what)

    def submit(self, agency, form, data):
        self.files += 1
        path = self.hub.folder / f"{form}-{self.files}"
        path.write_bytes(data)
        answer = json.loads(self.hub.agency_ctl(agency, "submit", "--format", form, path))
        summary = answer["payloads"][0]["response"]["summary"]
        if int(summary.get("heldCount", 0)) or int(summary.get("rejectedCount", 0)) or summary["status"].get("code"):
            raise hubkit.ToolError(f"{form} of {agency} was not taken: {answer}")

    def employment(self, form, title, *rows):
        if form in ("unemployment", "certificates"):
            fields = ("".join(f"<{key}>{value}</{key}>" for key, value in row.items()) for row in rows)
            text = f'<?xml version="1.0" encoding="UTF-8"?>\n<dataset name="{title}">\n' + "".join(
                f"<row>{row}</row>\n" for row in fields) + "</dataset>\n"
        else:
            text = json.dumps({"sheet": title, "rows": rows}, ensure_ascii=False)
        self.submit("employment", form, text.encode())

    def unemployed(self, person, since):
        self.employment("unemployment", "失业登记信息", person.aac(aae043=since, ajc093="02"))

    def certificate(self, person, annotation, issued):
        self.employment("certificates", "就业创业证信息",
                        person.aac(aac021=f"4212992026{person.serial:06}", zcsm=annotation, aae036=issued))

    def hired(self, person, start, end, insured):
        self.employment("employments", "就业登记信息",
                        person.aac(aab998=EMPLOYER, aab004="虚构有限公司", aae030=start, aae031=end, aae041=insured))

    def recognised(self, person, start):
        self.employment("difficulties", "就业困难人员认定信息", person.aac(aac369="03", acc362=start))

    def relief(self, *people):
        head = ["城市低保名册(虚构),,,,,,,,,,,,,,", "地区,低保证号,户主姓名,成员,,,,起始保障年月,保障,,家庭,,,账户,",
                ",,,序号,姓名,身份证号,与户主关系,,保障人数,月保障金额,零就业家庭,联系电话,住址,开户银行,银行账号"]
        rows = [f"永安街道凤凰社区,D{person.serial:05},{person.name},1,{person.name},{person.number},本人,2025-01,1,520.00,否,,,虚构银行,0000"
                for person in people]
        self.submit("civil_affairs", "urban_relief", b"\xef\xbb\xbf" + "\r\n".join([*head, *rows, ""]).encode())

    def businesses(self, day, *rows):
        """Of people, with the days on which they were registered and, perhaps, deregistered."""
        self._tax("businesses", "GTJY", day, [(("B", 1), (person.business, 18), ("虚构小吃店", 60), (person.name, 40), (person.number, 18),
                                               (registered, 8), ("".join(gone), 8)) for person, registered, *gone in rows])

    def running_relief(self, day, person, first, last):
        self._tax("reliefs", "JMSJ", day, [(("R", 1), ("JM0000000001", 12), (person.name, 40), (person.number, 18), ("1", 1), ("", 18),
                                            (first, 6), (last, 6), ("2000.00", -15))])

    def _tax(self, form, code, day, rows):
        def line(fields):
            return b"".join(text.encode("gb18030").rjust(-width) if width < 0 else text.encode("gb18030").ljust(width)
                            for text, width in fields) + b"\n"
        self.submit("tax", form, line([("H", 1), (code, 8), (day, 8), (f"{len(rows):08}", 8)]) + b"".join(map(line, rows))
                    + line([("T", 1), (f"{len(rows):08}", 8)]))

    def on_register(self, *people):
        head = ["吸毒人员花名册(虚构)", "单位:虚构", "提取日期:2026-06-30", "", "序号,吸毒人员编号,姓名,身份证号码,出生日期,查获日期,管控现状"]
        rows = [f"{i},R4212990{person.serial:06},{person.name},{person.number},{person.birth},20250110,社区戒毒"
                for i, person in enumerate(people, 1)]
        self.submit("police", "roster", "\r\n".join([*head, *rows, ""]).encode("gb18030"))

    def ordered(self, person, number):
        head = ["戒毒决定清单(虚构)", "吸毒人员编号,姓名,身份证号码,文书号,决定种类,决定机关,决定日期,送达日期,报到日期,期限(月),解除日期,解除原因"]
        row = f"R4212990{person.serial:06},{person.name},{person.number},{number},责令社区戒毒,虚构分局,2026-01-05,2026-01-06,2026-01-12,36,,"
        self.submit("police", "orders", "\r\n".join([*head, row, ""]).encode("gb18030"))

    def case_of(self, person):
        found = self.hub.ctl("cases", "list", "--name", person.name, "--limit", 5).get("cases", [])
        if len(found) != 1:
            raise hubkit.ToolError(f"{person.name} should have one case and has {len(found)}")
        return found[0]["name"]

    def answer(self, person, policy, as_of):
        answer = self.hub.ctl("eligibility", self.case_of(person), "--policy", policy, "--as-of", as_of)
        return answer["entitlements"][0]["result"].removeprefix("ELIGIBILITY_RESULT_")

    def referrals_of(self, person):
        return self.hub.ctl("referrals", "list", "--case", self.case_of(person)).get("referrals", [])

    def send(self, person, policy, *more):
        draft = self.hub.ctl("referrals", "create", "--case", self.case_of(person), "--policy", policy, *more)
        return self.hub.ctl("referrals", "send", draft["name"], *BASIS)["name"]

    def deliver(self, agency, count=1):
        """What waits for an agency, acknowledged."""
        text = self.hub.agency_ctl(agency, "receive", "--ack", "--count", count, "--wait", WAIT_SECONDS)
        return [json.loads(line) for line in text.splitlines() if line.strip()]

    def agency_answers(self, agency, referral, etag, action, *more):
        return json.loads(self.hub.agency_ctl(agency, "answer", referral, action, "--etag", etag, *more))["etag"]

    def show(self, referral):
        return self.hub.ctl("referrals", "show", referral)


def wait_until(holds):
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def proposed_on_the_day(case):
    """Six months after a person was registered as unemployed the employer's deduction becomes possible: proposed on that very day, nobody
    asking. A member of an urban low-income household is entitled to the relief of the self-employed from registration on."""
    hired, poor = Person(10, "虚构半年", "19850701"), Person(11, "虚构低保", "19850702")
    case.on_register(hired, poor)
    case.relief(poor)
    case.employment("unemployment", "失业登记信息", hired.aac(aae043="2026-01-05", ajc093="02"), poor.aac(aae043="2026-07-03", ajc093="02"))
    case.certificate(hired, "企业吸纳税收政策", "2026-03-02")
    case.certificate(poor, "自主创业税收政策、企业吸纳税收政策", "2026-07-03")
    case.employment("employments", "就业登记信息", *(
        person.aac(aab998=EMPLOYER, aab004="虚构有限公司", aae030="2026-07-01", aae031="2027-07-31", aae041="2026-07") for person in (hired, poor)))
    # The tax bureau knows both: otherwise nobody could say that no relief is running.
    case.businesses("20260703", (poor, "20260703"), (hired, "20190301", "20211231"))
    for as_of, answer in (("2026-07-02", "NOT_ELIGIBLE"), ("2026-07-03", "ELIGIBLE")):
        got = case.answer(poor, "tax-relief-self-employed", as_of)
        case.expect(got == answer, f"the low-income member, registered on 2026-07-03, is {answer} on {as_of} as self-employed, got {got}")
    got = case.answer(poor, "tax-relief-employer", "2026-07-04")
    case.expect(got != "ELIGIBLE", f"for an employer the household alone is not enough, got {got}")
    for as_of, answer in (("2026-07-04", "ELIGIBLE_FROM"), ("2026-07-05", "ELIGIBLE")):
        got = case.answer(hired, "tax-relief-employer", as_of)
        case.expect(got == answer, f"who was registered on 2026-01-05 is {answer} on {as_of}, got {got}")

    def proposals(person, policy):
        return [one for one in case.referrals_of(person) if one["policy"] == f"policies/{policy}"]
    case.expect(wait_until(lambda: proposals(poor, "tax-relief-self-employed")), "the self-employed relief is proposed at once")
    case.expect(not proposals(hired, "tax-relief-employer"), "the day before, nothing is proposed for an employer")
    case.expect(wait_until(lambda: proposals(hired, "tax-relief-employer")), "when the day comes it is proposed")
    for one in proposals(hired, "tax-relief-employer"):
        case.expect(one["state"] == "REFERRAL_STATE_DRAFT" and one["createTime"].startswith("2026-07-04T16:0"),
                    f"as a draft, in the first minutes of 2026-07-05 in China, got {one['state']} at {one['createTime']}")
        steps = case.show(one["name"])["steps"]
        case.expect(steps[0]["principal"] == "hub", f"by the hub, got {steps[0]['principal']}")


def turn_of_the_year(case):
    """The employer's deduction over a turn of the year: the worked case of hub/doc/employers.md."""
    due = [f"{year}-{month:02}:VALUE_ADDED_TAX=500" for year, months in ((2026, (11, 12)), (2027, range(1, 13))) for month in months]
    due += ["2026:CORPORATE_INCOME_TAX=100", "2027:CORPORATE_INCOME_TAX=2000"]
    answer = case.hub.ctl("employer", "relief", "--hire", "label=a,category=UNEMPLOYED_HALF_YEAR,start=2026-11-02,insured=2026-11",
                          *(part for one in due for part in ("--due", one)), "--place", "CITY")
    years = {year["year"]: tuple(int(year.get(key, 0)) for key in ("quotaFen", "deductedFen", "lapsedFen")) for year in answer["years"]}
    for year, quota, deducted, lapsed in ((2026, 130_000, 122_000, 8_000), (2027, 780_000, 780_000, 0), (2028, 780_000, 0, 780_000),
                                          (2029, 650_000, 0, 650_000)):
        case.expect(years.get(year) == (quota, deducted, lapsed),
                    f"{year}: {quota / 100:.2f} may be deducted, {deducted / 100:.2f} are, {lapsed / 100:.2f} lapse, got {years.get(year)}")


def consent_withdrawn(case):
    """A referral to an employer that is in progress ends when the consent is withdrawn; one that rests on a statutory duty goes on."""
    person = Person(20, "虚构同意", "19860501")
    case.on_register(person)
    case.unemployed(person, "2026-01-05")
    case.recognised(person, "2026-01-10")
    cases = case.case_of(person)
    duty = case.send(person, "employment-assistance", "--provider", "counter")
    told = case.deliver("employment")[0]
    draft = case.hub.ctl("referrals", "create", "--case", cases, "--policy", "employment-assistance", "--provider", "sample-employer")
    try:
        case.hub.ctl("referrals", "send", draft["name"], *BASIS)
        case.expect(False, "an employer is not told under a statutory duty")
    except hubkit.ToolError as error:
        case.expect("CONSENT_REQUIRED" in str(error), "an employer is not told under a statutory duty")
    consent = case.hub.ctl("consents", "create", "--case", cases, "--recipient", "sample_employer", "--service", "employment-assistance",
                           "--until", "2026-12-31", "--evidence", "虚构档案 2026-20", *(
                               part for field in ("beneficiary.name", "beneficiary.id_number", "unemployment_registration_date", "phone",
                                                  "division_code", "category") for part in ("--field", field)))["name"]
    placed = case.hub.ctl("referrals", "send", draft["name"], "--basis", "CONSENT", "--consent", consent, "--reference", "虚构档案 2026-20")["name"]
    asked = case.deliver("sample_employer")[0]
    for agency, delivery in (("employment", told), ("sample_employer", asked)):
        etag = case.agency_answers(agency, delivery["referral"], delivery["etag"], "ACCEPT")
        case.agency_answers(agency, delivery["referral"], etag, "START")
    states = [case.show(name)["state"] for name in (duty, placed)]
    case.expect(states == ["REFERRAL_STATE_IN_PROGRESS"] * 2, f"both are in progress, got {states}")
    case.hub.ctl("consents", "withdraw", consent)
    states = [case.show(name)["state"].removeprefix("REFERRAL_STATE_") for name in (duty, placed)]
    case.expect(states == ["IN_PROGRESS", "REVOKED"], f"withdrawn: the duty's goes on, the employer's is revoked, got {states}")
    notice = case.deliver("sample_employer")[0]
    case.expect("withdrawal" in notice and "CONSENT" not in json.dumps(notice), f"the employer hears that it is withdrawn and no reason, got {notice}")


def owed_by_law(case):
    """Under an order: a team of which each sees what the role may, a report to the police, the file to another sub-district."""
    person, order = Person(50, "虚构执行", "19850815"), "虚构社戒字〔2026〕50号"
    case.on_register(person)
    case.ordered(person, order)
    case.unemployed(person, "2026-01-05")
    cases = case.case_of(person)

    def refused(reason, what, *arguments):
        try:
            case.hub.ctl(*arguments)
            case.expect(False, what)
        except hubkit.ToolError as error:
            case.expect(reason in str(error), f"{what}: {reason}")
    family = case.hub.ctl("team", "add", "--case", cases, "--role", "FAMILY", "--name", "虚构家人")
    case.expect(family["fields"] == ["case.name", "case.tasks"], f"family sees tasks and no tests, got {family['fields']}")
    grid = ("team", "add", "--case", cases, "--role", "GRID_WORKER", "--name", "虚构网格员")
    refused("CONSENT_REQUIRED", "the law does not name the grid worker", *grid)
    consent = case.hub.ctl("consents", "create", "--case", cases, "--member", "虚构网格员", "--role", "GRID_WORKER", "--until", "2026-12-31",
                           "--evidence", "虚构档案 2026-50", *(part for field in ("name", "division", "phone", "tasks")
                                                               for part in ("--field", f"case.{field}")))["name"]
    case.hub.ctl(*grid, "--basis", "CONSENT", "--consent", consent)
    missing = case.hub.ctl("team", "list", cases)["missingRoles"]
    case.expect(missing == ["GOVERNANCE_MEMBER", "DEDICATED_WORKER", "PRECINCT_OFFICER", "COMMUNITY_MEDIC"], f"it says who is missing, got {missing}")
    case.hub.ctl("consents", "withdraw", consent)
    states = {one["role"]: one["state"].removeprefix("TEAM_MEMBER_STATE_") for one in case.hub.ctl("team", "list", cases)["teamMembers"]}
    case.expect(states == {"FAMILY": "LIVE", "GRID_WORKER": "ENDED"}, f"withdrawn: the grid worker's membership ends, the family's goes on, got {states}")

    report = ("dispatches", "report", "--case", cases, "--recipient", "police", "--date", "2026-06-29")
    refused("NO_LEGAL_BASIS", "without the number of a document nothing leaves", *report, "--code", "REFUSED", "--document", "口头")
    refused("NO_LEGAL_BASIS", "an absence alone is not reported", *report, "--code", "LEFT_WITHOUT_REPORT", "--document", "虚构报1号")
    refused("RECIPIENT_NOT_ALLOWED", "a report is for the police", *report[:5], "employment", *report[6:], "--code", "REFUSED", "--document", "虚构报1号")
    case.hub.ctl(*report, "--code", "REFUSED", "--document", "虚构报1号")
    told = case.deliver("police")[0]
    case.expect(told["report"]["code"] == "R01" and told["report"]["order"]["documentNumber"] == order, f"the police are told, got {told}")
    case.hub.ctl("dispatches", "transfer", "--case", cases, "--recipient", "north_street", "--date", "2026-06-29", "--document", "虚构移2号")
    moved = case.deliver("north_street")[0]["transfer"]
    case.expect(moved["reportDueDate"] == {"year": 2026, "month": 7, "day": 14}, f"the office hears until when, got {moved}")
    case.expect("unemploy" not in json.dumps([told, moved]).lower(), "neither hears of unemployment")
    sent = case.hub.ctl("dispatches", "list", cases)["dispatches"]
    case.expect(all("acknowledgeTime" in one for one in sent) and len(sent) == 2, "both are acknowledged")
    text = case.hub.ctl_text("disclosures", "print", cases, "--language", "zh")
    case.expect(all(words in text for words in ("虚构家人", "家属", "专职人员报告义务", "变更执行地移送", "虚构移2号")), "the accounting tells of the team, the report and the file in words")


def third_refusal(case):
    """On minimum living relief, two suitable jobs refused: warned of before the third."""
    person = Person(30, "虚构三拒", "19800310")
    case.on_register(person)
    case.relief(person)
    case.unemployed(person, "2026-01-05")
    case.recognised(person, "2026-01-10")
    warned = []
    for number in (1, 2):
        referral = case.send(person, "employment-assistance")
        delivery = case.deliver("employment")[0]
        case.agency_answers("employment", delivery["referral"], delivery["etag"], "DECLINE", "--reason", "PERSON_DECLINED")
        shown = case.show(referral)
        case.expect(int(shown.get("refusalCount", 0)) == number, f"after refusal {number} the hub counts {number}")
        warned.append(bool(shown.get("refusalWarning")) and bool(shown.get("escalated")))
    case.expect(warned == [False, True], f"the second refusal warns and is escalated, the first is not, got {warned}")
    draft = case.hub.ctl("referrals", "create", "--case", case.case_of(person), "--policy", "employment-assistance")
    case.expect(bool(draft.get("refusalWarning")), "the draft of a third offer carries the warning before anything is sent")
    waiting = [one["name"] for one in case.hub.ctl("referrals", "list", "--needs-action").get("referrals", [])]
    case.expect(draft["name"] in waiting, "and is among what needs action now")


def relief_after_its_window(case):
    """A relief whose window ended on 2027-12-31 goes on for who began before, to the end of the 36 months."""
    began, late = Person(40, "虚构先办", "19850401"), Person(41, "虚构后办", "19850402")
    for person in (began, late):
        case.certificate(person, "自主创业税收政策", "2026-12-01")
    case.employment("unemployment", "失业登记信息", *(person.aac(aae043="2026-01-05", ajc093="02") for person in (began, late)))
    case.businesses("20280601", (began, "20270615"), (late, "20280102"))
    case.running_relief("20280601", began, "202706", "203005")
    for as_of, answer in (("2027-12-31", "ELIGIBLE"), ("2028-01-01", "ELIGIBLE"), ("2028-06-15", "ELIGIBLE"), ("2030-05-31", "ELIGIBLE"),
                          ("2030-06-01", "NOT_ELIGIBLE")):
        got = case.answer(began, "tax-relief-self-employed", as_of)
        case.expect(got == answer, f"who began in June 2027 is {answer} on {as_of}, got {got}")
    got = case.answer(late, "tax-relief-self-employed", "2028-01-02")
    case.expect(got == "NOT_ELIGIBLE", f"who registers a business on 2028-01-02 is NOT_ELIGIBLE, got {got}")


CASES = {"proposed_on_the_day": (proposed_on_the_day, "2026-07-04T23:59:40+08:00"),
         "turn_of_the_year": (turn_of_the_year, "2026-10-10T09:00:00+08:00"),
         "consent_withdrawn": (consent_withdrawn, "2026-06-30T09:00:00+08:00"),
         "owed_by_law": (owed_by_law, "2026-06-30T09:00:00+08:00"),
         "third_refusal": (third_refusal, "2026-06-30T09:00:00+08:00"),
         "relief_after_its_window": (relief_after_its_window, "2028-06-01T09:00:00+08:00")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=CASES, help="may be given again")
    parser.add_argument("--dir", type=pathlib.Path, default=hubkit.ROOT / "build" / "worked_cases")
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    folder, violations = hubkit.fresh_folder(options.dir), []
    for name in options.only or CASES:
        run, clock_start = CASES[name]
        print(f"{name}: {run.__doc__}", flush=True)
        directory = folder / "directory.yaml"
        directory.write_text(DIRECTORY, encoding="utf-8")
        with hubkit.Installation(folder / name, clock_start=clock_start, settings={"provider_directory": directory},
                                 more_agencies={"sample_employer": SAMPLE_EMPLOYER, "north_street": NORTH_STREET}) as hub:
            hub.start()
            run(Case(hub, violations))
    print(f"worked cases: {len(options.only or CASES)}, {len(violations)} violations")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    hubkit.run_as_program(main)
