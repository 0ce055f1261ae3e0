"""Writes the district as each agency would: its formats, its spellings, its mistakes (hub/doc/formats.md)."""

import json

import identifiers
import names
from file_layouts import MADE_UP, Delimited, FileSeries, FixedWidth, JsonSheet, Limits, XmlDataset
from population import COMMUNITIES, STREET

FULL_WIDTH = {ord(letter): ord(letter) + 0xFEE0 for letter in "0123456789X"}
ORDER_KINDS = {"COMMUNITY_DETOX": "责令社区戒毒", "COMPULSORY_ISOLATION": "强制隔离戒毒", "COMMUNITY_REHABILITATION": "责令社区康复"}
END_REASONS = {"": "", "EXPIRED": "期满", "RELEASED_EARLY": "提前解除", "CONVERTED": "变更", "TERMINATED": "终止", "REFUSED": "拒绝"}
TEST_KINDS = {"ON_SITE": "现场", "LABORATORY": "实验室", "RETEST": "复检", "HAIR": "毛发"}
ANNOTATIONS = {"SELF_EMPLOYMENT": "自主创业税收政策", "EMPLOYER": "企业吸纳税收政策"}
CATEGORY_CODES = {"AGE_4050": "01", "DISABLED": "02", "MINIMUM_LIVING": "03", "LONG_TERM_UNEMPLOYED": "06", "OTHER": "99"}
ETHNICITIES = ("汉族", "汉族", "汉族", "汉", "土家族", "苗族", "回族")
EDUCATIONS = ("初中", "高中", "小学", "中专", "大学专科")
SUBSTANCES = ("海洛因", "冰毒", "K粉", "麻古")


class View:
    """How one agency knows one person: name, number, phone, address, each as that agency has it."""

    def __init__(self, rng, person, agency):
        self.name = person.name
        if person.rare and agency in ("civil_affairs", "employment") and rng.random() < 0.6:
            self.name = names.unwritable(self.name)
        if "·" in self.name:
            self.name = self.name.replace("·", rng.choice(names.DOTS))
        if person.former_name and agency != "police" and rng.random() < 0.25:
            self.name = person.former_name
        missing = {"police": 0.04, "employment": 0.03, "civil_affairs": 0.01, "tax": 0.004}[agency]
        self.has_id = rng.random() >= missing
        self.id_number = self._spell_id(rng, person, agency) if self.has_id else ""
        self.phone = person.old_phone if rng.random() < 0.12 else person.phone
        if rng.random() < 0.06:
            self.phone = ""
        self.phone_spelling = rng.randrange(12)
        self.division, self.address = person.division, person.address
        if rng.random() < 0.06:
            moved = rng.randrange(len(COMMUNITIES))
            self.division = f"{STREET}{moved + 1:03d}"
            self.address = f"永安街道{COMMUNITIES[moved]}社区{rng.randint(1, 99)}号"
        self.moved_out = rng.random() < 0.02

    @staticmethod
    def _spell_id(rng, person, agency):
        number, kind = person.id_number, rng.random()
        if kind < 0.02 and 1900 <= person.birth.year < 2000:
            return number[:6] + number[8:17]  # the 15 digits from before 1999
        if kind < 0.30:
            number = number.replace("X", "x")
        if agency != "tax":  # a fixed field of 18 bytes has no place for these
            if 0.90 < kind < 0.92:
                return number.translate(FULL_WIDTH)
            if 0.92 < kind < 0.94:
                return "'" + number
            if 0.94 < kind < 0.95:
                return f"{number[:6]} {number[6:14]} {number[14:]}"
        return number

    def spelled_phone(self):
        raw = self.phone
        if not raw:
            return ""
        return {0: f"+86 {raw[:3]} {raw[3:7]} {raw[7:]}", 1: f"0086{raw}", 2: f"{raw[:3]}-{raw[3:7]}-{raw[7:]}",
                3: raw.translate(FULL_WIDTH), 4: f" {raw} "}.get(self.phone_spelling, raw)


def spell_date(rng, day, precise=True):
    if day is None:
        return ""
    if not precise:
        return rng.choice((f"{day:%Y%m}", f"{day:%Y-%m}", f"{day.year}年{day.month}月", f"{day:%Y.%m}"))
    return rng.choice((f"{day:%Y%m%d}", f"{day:%Y-%m-%d}", f"{day:%Y-%m-%d}", f"{day.year}/{day.month}/{day.day}", f"{day:%Y.%m.%d}",
                       f"{day.year}年{day.month}月{day.day}日"))


class AgencyWriter:
    """Writes one agency's files, block after block of people; a kind of agency says which in "open" and "write_block"."""

    agency = ""

    def __init__(self, out, as_of, limits, truth):
        self.folder = out / self.agency
        self.folder.mkdir(parents=True, exist_ok=True)
        self.as_of, self.limits, self.truth = as_of, limits, truth
        self.rng, self.views, self.series = None, {}, {}
        self.open()

    def add(self, form, name, layout, snapshot):
        self.series[form] = FileSeries(self.folder, form, name, layout, self.limits, snapshot)

    def write(self, block, people, employers):
        self.rng, self.views = block.rng(self.agency), {}
        self.write_block(people, employers)

    def view(self, person):
        if person.serial not in self.views:
            self.views[person.serial] = View(self.rng, person, self.agency)
        return self.views[person.serial]

    def note(self, person, form, key, number):
        """Books the next record as true of the person, or as one that the hub must hold; returns the number to write."""
        view, series = self.view(person), self.series[form]
        row = series.next_row()
        may_err = self.agency != "police" and view.has_id and number == person.id_number
        if may_err and self.rng.random() < 0.012:
            person.held.append((self.agency, form, key))
            place = {"part": series.part, "row": row} if series.part > 1 else {"row": row}
            self.truth.hold(agency=self.agency, format=form, key=key, **place, reason="CHECK_DIGIT_WRONG", person=person.truth_id)
            return identifiers.mistype(self.rng, number)
        person.records.append((self.agency, form, key))
        return number

    def finish(self):
        """Closes all files; returns the largest, as limits that just let everything pass."""
        files = [{"format": form, "file": name} for form, series in self.series.items() for name in series.finish()]
        text = json.dumps({"note": MADE_UP, "agency": self.agency, "extract_time": f"{self.as_of:%Y-%m-%d}T06:00:00+08:00",
                           "files": files}, ensure_ascii=False, indent=1)
        (self.folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
        (self.folder / "README.txt").write_text(
            f"{MADE_UP}\nWritten by integration/district/generate.py in the real format of this kind of agency.\n", encoding="utf-8")
        largest = [series.largest for series in self.series.values()]
        return Limits(max(one.bytes_max for one in largest), max(one.records_max for one in largest))


class PoliceWriter(AgencyWriter):
    agency = "police"

    def open(self):
        header = ["序号", "吸毒人员编号", "姓名", "曾用名", "性别", "身份证号码", "出生日期", "民族", "文化程度", "户籍地", "常住地址", "所属网格", "联系电话",
                  "联系手机", "首吸时间", "查获日期", "滥用毒品种类", "管控现状", "关注程度", "是否服美沙酮戒毒", "数据更新时间"]
        head = [[f"吸毒人员花名册 {MADE_UP}"], ["单位:咸安区永安街道(虚构)"], [f"提取日期:{self.as_of:%Y-%m-%d}"], [], header]
        self.add("roster", "roster.csv", Delimited(head, "gb18030"), snapshot=True)
        head = [[f"决定文书登记表 {MADE_UP}"], ["吸毒人员编号", "姓名", "身份证号码", "文书号", "决定种类", "决定机关", "决定日期", "送达日期", "报到日期", "期限(月)",
                                      "解除日期", "解除原因"]]
        self.add("orders", "orders.csv", Delimited(head, "gb18030"), snapshot=True)
        head = [["xdrybh", "xm", "sfzh", "njrq", "njdd", "njjg", "jcfs", "djdwdm", "djdwmc", "czsj"]]
        self.add("tests", "tests.txt", Delimited(head, "gb18030", "|"), snapshot=False)

    def write_block(self, people, employers):
        listed = [person for person in people if person.register_number]
        for write in (self._write_roster, self._write_orders, self._write_tests):
            write(listed)

    def _write_roster(self, listed):
        rng, roster = self.rng, self.series["roster"]
        for person in listed:
            view, number = self.view(person), person.register_number
            self.note(person, "roster", number, "")
            first_use = person.birth.replace(year=person.birth.year + 19, day=1)
            roster.append([roster.total + 1, number, view.name, person.former_name, "男" if person.sex == "1" else "女", view.id_number,
                           spell_date(rng, person.birth) if not view.has_id or rng.random() < 0.9 else "", rng.choice(ETHNICITIES),
                           rng.choice(EDUCATIONS), "421202", view.address, view.division, "", view.spelled_phone(),
                           spell_date(rng, first_use, precise=False), spell_date(rng, person.seizure), rng.choice(SUBSTANCES),
                           person.control_status, rng.choice("高中低"), "是" if person.control_status == "药物治疗" else "否",
                           spell_date(rng, self.as_of)])

    def _write_orders(self, listed):
        rng, orders = self.rng, self.series["orders"]
        for person in listed:
            for order in person.orders:
                key = f"虚公禁决字〔{order.decided.year}〕{orders.total + 2:05d}号"
                view = self.view(person)
                self.note(person, "orders", key, "")
                orders.append([person.register_number, view.name, view.id_number, key, ORDER_KINDS[order.kind], "咸安区公安分局(虚构)",
                               *(spell_date(rng, day) for day in (order.decided, order.received, order.reported)), order.term or "",
                               spell_date(rng, order.ended), END_REASONS[order.reason]])

    def _write_tests(self, listed):
        for person in listed:
            for test in person.tests:
                view, kind = self.view(person), TEST_KINDS[test.kind]
                day = f"{test.day:%Y%m%d}"
                self.note(person, "tests", f"{person.register_number}/{test.day}/{kind}", "")
                self.series["tests"].append([person.register_number, view.name, view.id_number, day, "街道禁毒办(虚构)",
                                             "阳性" if test.positive else "阴性", kind, "421299990000", "虚构派出所(made-up)", day])


class CivilAffairsWriter(AgencyWriter):
    agency = "civil_affairs"
    FORMS = (("urban_relief", "URBAN_MINIMUM_LIVING", "城市低保名册"), ("rural_relief", "RURAL_MINIMUM_LIVING", "农村低保名册"))

    def open(self):
        for form, _, title in self.FORMS:
            head = [[f"{title} {MADE_UP}"],
                    ["地区", "低保证号", "户主姓名", "成员", "", "", "", "起始保障年月", "保障", "", "家庭", "", "", "账户", ""],
                    ["", "", "", "序号", "姓名", "身份证号", "与户主关系", "", "保障人数", "月保障金额", "零就业家庭", "联系电话", "住址", "开户银行", "银行账号"]]
            self.add(form, f"{form}.csv", Delimited(head, "utf-8", mark=b"\xef\xbb\xbf"), snapshot=True)

    def write_block(self, people, employers):
        for form, kind, _ in self.FORMS:
            households = {}
            for person in people:
                for relief in person.reliefs:
                    if relief.kind == kind:
                        households.setdefault(relief.household, []).append((person, relief))
            for household, members in households.items():
                self._write_household(form, household, members)

    def _write_household(self, form, household, members):
        rng = self.rng
        head, since = self.view(members[0][0]), spell_date(rng, members[0][1].since, precise=False)
        amount = f"{520 * len(members) + rng.randrange(0, 3000) / 100:.2f}"
        for index, (person, relief) in enumerate(members):
            view = self.view(person)
            number = self.note(person, form, f"{household}/{index + 1}", view.id_number)
            adult = self.as_of.year - person.birth.year >= 18
            relation = "本人" if index == 0 else "配偶" if adult else "子女"
            self.series[form].append([
                f"永安街道{COMMUNITIES[person.community]}社区", household, head.name, index + 1, view.name, number, relation, since,
                len(members), amount, "是" if relief.zero_employment else "否", view.spelled_phone(), view.address, "虚构银行",
                f"MADE-UP-{household[-5:]}"])


def person_number(person):
    return f"4212990{person.serial:06d}"


class EmploymentWriter(AgencyWriter):
    agency = "employment"

    def open(self):
        self.add("unemployment", "unemployment.xml", XmlDataset("失业登记信息", "UTF-8"), snapshot=True)
        self.add("certificates", "certificates.xml", XmlDataset("就业创业证信息", "GB18030"), snapshot=False)
        for form, title in (("difficulties", "就业困难人员认定信息"), ("employments", "就业登记信息"), ("trainings", "职业培训信息"),
                            ("employers", "单位信息"), ("vacancies", "岗位信息")):
            self.add(form, f"{form}.json", JsonSheet(title), snapshot=False)

    def _add(self, person, form, key, **fields):
        view = self.view(person)
        number = self.note(person, form, key, view.id_number)
        self.series[form].append({
            "aac001": person_number(person), "aac002": number, "aac003": view.name, "aac004": person.sex,
            "aac006": spell_date(self.rng, person.birth), "aae005": view.spelled_phone(), "aae006": view.address,
            "aac313": "421221" if view.moved_out else view.division, "aab302": "421202", "aae100": "1", **fields})

    def write_block(self, people, employers):
        for person in people:
            self._write_person(person, employers)
        for code, name in employers:
            self.series["employers"].next_row()
            self.series["employers"].append({"aab998": code, "aab004": name})
        vacancies = self.series["vacancies"]
        for _ in range(60):
            code, name = self.rng.choice(employers)
            vacancies.next_row()
            vacancies.append({"gwbh": f"GW-XG-{vacancies.total + 1:04d}", "aab998": code, "aab004": name,
                              "gwmc": self.rng.choice(POSTS_OFFERED), "gwrs": str(self.rng.randint(1, 12)),
                              "aac313": f"{STREET}{self.rng.randint(1, 14):03d}"})

    def _write_person(self, person, employers):
        rng, number = self.rng, person_number(person)
        if person.unemployment:
            since, ended = person.unemployment
            self._add(person, "unemployment", number, aae043=spell_date(rng, since), ajc093=rng.choice(("01", "02", "09")),
                      aae031=spell_date(rng, ended))
        if person.certificate:
            annotations, issued = person.certificate
            key = f"4212992025{self.series['certificates'].total + 1:06d}"
            self._add(person, "certificates", key, aac021=key, zcsm="、".join(ANNOTATIONS[value] for value in annotations),
                      aae036=spell_date(rng, issued))
        for category, start, end in person.difficulties:
            day = f"{start:%Y-%m-%d}"
            self._add(person, "difficulties", f"{number}/{day}", aac369=CATEGORY_CODES[category], acc362=day,
                      acc363=spell_date(rng, end))
        for employer, start, end, insured in person.employments:
            code, name = employers[employer]
            day = f"{start:%Y-%m-%d}"
            self._add(person, "employments", f"{number}/{day}", aab998=code, aab004=name, aae030=day, aae031=spell_date(rng, end),
                      aae041=spell_date(rng, insured, precise=False))
        for course, completed, qualified in person.trainings:
            self._add(person, "trainings", f"{number}/{course}", kcmc=course, jyrq=spell_date(rng, completed),
                      zsbh=f"ZS-XG-{person.serial:06d}" if qualified else "", zsdj="5" if qualified else "")


POSTS_OFFERED = ("操作工", "服务员", "装卸工", "质检员", "收银员", "保洁员", "厨师帮工", "仓管员")


def compact(day, form="%Y%m%d"):
    return f"{day:{form}}" if day else ""


class TaxWriter(AgencyWriter):
    agency = "tax"

    def open(self):
        self.add("businesses", "businesses.txt", FixedWidth("GTJY", compact(self.as_of)), snapshot=True)
        self.add("reliefs", "reliefs.txt", FixedWidth("JMSJ", compact(self.as_of)), snapshot=False)

    def write_block(self, people, employers):
        businesses, reliefs = self.series["businesses"], self.series["reliefs"]
        for person in people:
            view = self.view(person) if person.businesses or person.tax_reliefs else None
            for code, name, registered, gone in person.businesses:
                number = self.note(person, "businesses", code, view.id_number)
                businesses.append((("B", 1), (code, 18), (name, 60), (view.name, 40), (number, 18), (compact(registered), 8),
                                   (compact(gone), 8)))
            for kind, employer, start, end in person.tax_reliefs:
                key = f"XG{reliefs.total + 1:010d}"
                number = self.note(person, "reliefs", key, view.id_number)
                reliefs.append((("R", 1), (key, 12), (view.name, 40), (number, 18), (kind, 1), (employer, 18),
                                (compact(start, "%Y%m"), 6), (compact(end, "%Y%m"), 6), ("8000.00", -15)))


WRITERS = (PoliceWriter, CivilAffairsWriter, EmploymentWriter, TaxWriter)
