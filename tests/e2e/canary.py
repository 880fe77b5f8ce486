"""What must never be seen in a log, a metric or a file: names, numbers, codes, secrets.

Whatever a test says in a person's name is registered here; at the end of each
test all new log lines are searched, and at the end of the run everything.
"""
import re

AUTH_TOKEN = "c0ffee00canary5ec2e7000000000001"
OLD_AUTH_TOKEN = "c0ffee00canary5ec2e7000000000002"
ADMIN_TOKEN = "admin-canary-5ec2e7-token"
KEY_1 = "k1:" + "1f" * 12 + "ca7a" * 10
KEY_2 = "k2:" + "2e" * 12 + "ca7b" * 10
OTP = "80719364"
ACCOUNT = "AC" + "0" * 31 + "1"

secrets = {AUTH_TOKEN, OLD_AUTH_TOKEN, ADMIN_TOKEN, KEY_1[3:], KEY_2[3:], OTP}
names = {"Canaria"}  # every name given by a test contains one of these words
numbers = set()


def add_number(number):
    """National digits are enough: +91, 91 and 0 may stand before them."""
    digits = re.sub(r"\D", "", number)[-10:]
    if len(digits) == 10:
        numbers.add(digits)


def private_words():
    return secrets | names


def find(text):
    """The first canary in text, or None."""
    for word in private_words():
        if word in text:
            return word
    # one pass for all numbers: any run of ten digits or more
    for m in re.finditer(r"\d{10,}", text):
        for i in range(len(m.group(0)) - 9):
            if m.group(0)[i:i + 10] in numbers:
                return m.group(0)[i:i + 10]
    return None


def find_in_store(blob):
    """In a database file: addresses are its keys, but no name, code or secret is readable."""
    for word in private_words():
        if word.encode() in blob:
            return word
    return None
