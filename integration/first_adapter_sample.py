"""A file that nobody saw before: what a made-up agency could send, and what the hub must know of it afterwards.

  sample = Sample(random.Random(seed))
  sample.bytes, sample.people

Kinds, columns, their order, names, spellings, titles and delimiters are drawn. Nobody in it exists: county codes from 91 on were never assigned, phones
begin with 1900.
"""

import datetime

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# The last three are characters of four bytes.
CHARACTERS = "安宁平和春晓明德文华建国志强丽芳敏静洁雪梅兰竹菊松柏\u3404\u4db6\U00020bb7"
COLUMNS = {
    "name": ["姓名", "人员姓名", "申请人姓名", "xm", "AAC003", "姓　名", " 姓名 "],
    "id": ["身份证号码", "公民身份号码", "身份证号", "社会保障号码", "sfzh", "AAC002", "证件号码（身份证）"],
    "sex": ["性别", "xb", "AAC004"],
    "phone": ["联系电话", "手机号码", "本人电话", "lxdh", "AAE005"],
    "number": ["个人编号", "人员编号", "grbh", "AAC001"],
}
# By kind of record: its columns, and the event that a case then shows.
KINDS = {
    "TRAINING": ({"course": ["课程名称", "培训课程", "培训项目"], "date": ["结业日期", "jyrq"]}, "TRAINING_COMPLETED"),
    "UNEMPLOYMENT": ({"date": ["失业时间", "失业登记日期", "aae043"]}, "REGISTERED_UNEMPLOYED"),
    "EMPLOYMENT": ({"employer": ["单位名称", "用人单位", "aab004"], "date": ["合同开始日期", "合同起始日期", "任职日期"]}, "EMPLOYED"),
    "DIFFICULTY": ({"category": ["援助对象类型", "就业困难类型", "acc369"], "date": ["有效期起", "有效期开始"]}, "DIFFICULTY_RECOGNISED"),
}
UNKNOWN = ["备注", "经办人", "审核意见", "xh"]
DATES = ["{0:%Y-%m-%d}", "{0:%Y%m%d}", "{0.year}/{0.month}/{0.day}", "{0.year}年{0.month}月{0.day}日", "{0:%Y.%m.%d}"]
CATEGORIES = ["大龄", "残疾", "低保", "失地", "长期失业"]


def id_number(random):
    body = f"4212{random.randint(91, 99)}{random.randint(1962, 2004)}{random.randint(1, 12):02}{random.randint(1, 28):02}{random.randint(0, 999):03}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, ID_WEIGHTS)) % 11]


class Sample:
    def __init__(self, random):
        self.random = random
        self.kind = random.choice(sorted(KINDS))
        own, self.event = KINDS[self.kind]
        variants = {**COLUMNS, **own}
        fields = ["name", "id", *own, *(field for field in ("sex", "phone", "number") if random.random() < 0.7)]
        self.headers = {field: random.choice(variants[field]) for field in fields}
        self.headers |= {f"unknown{i}": name for i, name in enumerate(random.sample(UNKNOWN, random.randint(0, 2)))}
        self.order = random.sample(sorted(self.headers), len(self.headers))
        self.delimiter = random.choice(",,,;\t|")
        self.line_end = random.choice(["\r\n", "\n"])
        self.titles = random.randint(0, 3)
        self.date_spelling = random.choice(DATES)
        self.sexes = random.choice([("男", "女"), ("1", "2"), ("男性", "女性")])
        self.people = [self._person(serial) for serial in range(random.randint(5, 40))]
        self.bytes = self._write()

    def _person(self, serial):
        random = self.random
        number = id_number(random)
        return {"name": "".join(random.choice(CHARACTERS) for _ in range(3)) + CHARACTERS[serial % len(CHARACTERS)], "id": number,
                "sex": int(number[16]) % 2, "phone": f"1900{random.randint(0, 9999999):07}", "number": f"GR{serial:05}",
                "date": datetime.date(2025, 1, 1) + datetime.timedelta(days=random.randint(0, 500)), "course": random.choice(["电工", "中式,面点", "家政"]),
                "employer": random.choice(["样例商贸", "样例“新”物业"]), "category": random.choice(CATEGORIES)}

    def _cell(self, person, field):
        if field.startswith("unknown"):
            return self.random.choice(["", "无", "见附件"])
        if field == "sex":
            return self.sexes[0] if person["sex"] else self.sexes[1]
        if field == "date":
            return self.date_spelling.format(person["date"])
        return person[field]

    def _write(self):
        rows = [[f"虚构数据 第{i + 1}行"] if self.random.random() < 0.6 else [] for i in range(self.titles)]
        rows.append([self.headers[field] for field in self.order])
        rows += [[self._cell(person, field) for field in self.order] for person in self.people]
        # Without quotes there is no way to write the delimiter.
        quote = lambda cell: f'"{cell}"' if self.delimiter in ",;" and self.delimiter in cell else cell  # noqa: E731
        return "".join(self.delimiter.join(map(quote, row)) + self.line_end for row in rows).encode("gb18030")

    def describe(self):
        return (f"{self.kind}, {len(self.people)} rows of {len(self.order)} columns delimited by {self.delimiter!r} behind {self.titles} titles: "
                + " ".join(self.headers[field].strip() for field in self.order))

    def without(self, field):
        """A name of a column of it, as the adapter's source has it."""
        return self.headers[field].strip()
