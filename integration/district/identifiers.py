"""Identifiers that can belong to nobody: county codes that were never assigned, phones that begin with 1900."""

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECK = "10X98765432"
CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
# Digits 5 and 6 between 91 and 99: no such county exists.
COUNTIES = ("421299", "421299", "421299", "421298", "421297", "422399", "420999", "430699")


def id_number(county, birth, sequence):
    """An identity number (GB 11643); an odd sequence is a man's."""
    body = f"{county}{birth:%Y%m%d}{sequence:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, ID_WEIGHTS))
    return body + ID_CHECK[total % 11]


def mistype(rng, number):
    """One digit of the sequence wrong, as a clerk does it; the check digit always notices."""
    place = rng.randrange(14, 17)
    wrong = rng.choice([digit for digit in "0123456789" if digit != number[place]])
    return number[:place] + wrong + number[place + 1:]


def credit_code(prefix, county, serial):
    """A unified social credit code (GB 32100): 91 for a company, 92 for a self-employed person's business."""
    body = f"{prefix}{county}"
    tail = ""
    for _ in range(8):
        serial, digit = divmod(serial, 31)
        tail = CODE_ALPHABET[digit] + tail
    # The ninth character is the check of an organisation code in real numbers; letters make the made-up ones stand out.
    body += "MA" + tail[-7:]
    total = sum(CODE_ALPHABET.index(letter) * weight for letter, weight in zip(body, CODE_WEIGHTS))
    return body + CODE_ALPHABET[(31 - total % 31) % 31]


def phone(serial):
    """A phone that begins with 1900."""
    return f"1900{serial:07d}"
