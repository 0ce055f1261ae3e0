"""Made-up names: common parts put together at random, some with characters that old systems cannot write."""

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤")
DOUBLE_SURNAMES = ("欧阳", "上官", "司马", "诸葛", "尉迟")
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂兰文华建国玲红梅云飞龙凤春燕雪晶莹波宁海山川峰林森松柏志远"
    "思源德福安康顺祥瑞庆喜乐欣怡佳琪子涵浩然俊凯博宇轩晨阳旭东南北辉光亮星月珍珠玉宝金银巧慧淑贞素英菊荷莲")
# Outside GBK: four bytes in GB18030, a question mark in systems that only know GBK.
RARE = "㛃䶮䲜㑇䴖㠭"
MINORITY = (
    ("阿依古丽", "买买提"), ("古丽娜尔", "艾合买提"), ("迪力夏提", "吐尔逊"), ("热依汗", "阿不都"), ("帕提古丽", "玉素甫"),
    ("阿里木", "库尔班"), ("玛依拉", "热合曼"), ("艾尼瓦尔", "肉孜"), ("茹鲜古丽", "依明"), ("吐尔洪", "司马义"))
DOTS = ("·", "•", "・")


def draw(rng):
    """A name and whether it needs a rare character."""
    kind = rng.random()
    if kind < 0.015:
        first, second = rng.choice(MINORITY), rng.choice(MINORITY)
        return f"{first[0]}·{second[1]}", False
    surname = rng.choice(DOUBLE_SURNAMES) if kind < 0.025 else rng.choice(SURNAMES)
    given = rng.choice(GIVEN)
    if kind < 0.055:
        return surname + given + rng.choice(RARE), True
    if kind < 0.85:
        given += rng.choice(GIVEN)
    return surname + given, False


def unwritable(name):
    """The name as a system writes it that lacks the rare characters."""
    return "".join("?" if letter in RARE else letter for letter in name)
