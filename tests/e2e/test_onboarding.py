"""The whole onboarding over signed webhooks and on the twin's phones, on both stores, in both
languages."""
import unicodedata
import urllib.parse

import pytest

import canary
from msme import QUESTION, STEPS, login_link, step_counts
from person import new_number
from twin_person import person_at

pytestmark = pytest.mark.twin_too

# ---- from the first word to the OTP

@pytest.mark.parametrize("language, words", [
    ("en", ["Hi", "Canaria Rao", "3", "400001", "{n}", "YES"]),
    ("en", ["hello", "Canaria Rao", "Technology", "400 001", "+91 {n}", "yes"]),
    ("en", ["Hey", "Canaria Rao", "3️⃣", "400-001", "0{n}", "Y"]),
    ("en", ["HI", "Canaria Rao", "software", "४००००१", "91{n}", "1"]),
    ("hi", ["नमस्ते", "कैनारिया राव", "३", "४००००१", "{n}", "हाँ"]),
    ("hi", ["नमस्ते", "Canaria Rao", "प्रौद्योगिकी", "400001", "+91-{n}", "जी"]),
])
def test_from_hi_to_the_otp(server, auth, language, words):
    person = person_at(server)
    for step, word in zip(STEPS, words):
        said = person.say(word.format(n=person.number))
        assert QUESTION[language][step] in said, (step, said)
    assert login_link(person) in said
    assert person.phone in said
    assert canary.OTP not in said
    assert len(auth.accepted) == 1
    (body,) = auth.accepted.values()
    assert body == {"phone_number": person.phone, "user_type": "MSME", "metadata": {
        "source": "whatsapp", "onboarding_data": {
            "name": words[1], "sector": "Technology", "pincode": "400001",
            "phone": person.phone}}}
    assert step_counts(server)["completed"] == 1


def test_answers_survive_a_restart_of_the_server(server, auth):
    person = person_at(server)
    for word in ("Hi", "Canaria Rao", "12", "110001"):
        person.say(word)
    server.stop()
    server.start()
    said = person.say(person.number)
    for part in ("Canaria Rao", "Other", "110001", person.phone):
        assert part in said
    assert login_link(person) in person.say("YES")


def test_after_the_end(server):
    person = person_at(server)
    assert login_link(person) in person.go_to("completed")
    assert "already registered" in person.say("Hi")
    assert login_link(person) in person.say("anything")
    assert "complete" in person.say("STATUS")
    assert QUESTION["en"]["name"] in person.say("RESTART")


def test_stats_count_each_step(server):
    for step in STEPS:
        person_at(server).go_to(step)
    person_at(server).go_to("sector")
    got = server.json("/stats", admin=True)
    assert got["total_sessions"] == 7
    want = dict.fromkeys(STEPS, 1)
    want["sector"] = 2
    assert {k: v for k, v in got["step_distribution"].items() if v} == want
    assert got["completion_rate"] == pytest.approx(1 / 7, abs=0.001)
    for field in ("error_rate", "messages", "as_of", "timestamp"):
        assert field in got


# ---- commands

def test_stop_is_kept_and_start_takes_it_back(server):
    person = person_at(server)
    person.go_to("pincode")
    assert "no more updates" in person.say("STOP")
    assert QUESTION["en"]["phone"] in person.say("400001"), "answers go on"
    assert "Welcome back" in person.say("START")
    assert "Welcome back" not in person.say("START")


@pytest.mark.raw
def test_opt_out_that_twilio_answered_itself(server):
    person = person_at(server)
    person.go_to("pincode")
    assert person.deliver("STOP", OptOutType="STOP").texts == []


def test_language_by_script_and_by_command(server):
    person = person_at(server)
    assert QUESTION["hi"]["name"] in person.say("नमस्ते")
    assert QUESTION["en"]["name"] in person.say("ENGLISH")
    assert QUESTION["en"]["sector"] in person.say("Canaria Rao")
    assert QUESTION["hi"]["sector"] in person.say("हिन्दी")
    other = person_at(server)
    assert QUESTION["en"]["name"] in other.say("Hi")


# ---- change one field at the confirmation

@pytest.mark.parametrize("word, step, value, shown", [
    ("NAME", "name", "Canaria Second", "Canaria Second"),
    ("3", "name", "Canaria Third", "Canaria Third"),
    ("sector", "sector", "7", "Retail"),
    ("PINCODE", "pincode", "110001", "110001"),
    ("Mobile", "phone", None, None),
])
def test_change_one_field(server, word, step, value, shown):
    person = person_at(server)
    person.go_to("confirmation")
    assert QUESTION["en"][step] in person.say(word)
    if step == "phone":
        value = new_number()
        shown = "+91" + value
    said = person.say(value)
    assert QUESTION["en"]["confirmation"] in said and shown in said
    if step != "name":
        assert "Canaria Rao" in said


def test_no_begins_again(server):
    person = person_at(server)
    person.go_to("confirmation")
    assert QUESTION["en"]["name"] in person.say("NO")
    assert "Canaria" not in person.say("STATUS")


# ---- names

NAMES = ["Canaria O'Neill-Ström", "कैनारिया देवी", "Canaria 王小明", "كاناريا Canaria",
         "Canaria <b>&\"quoted\"</b> 'x'", "Canaria 😀👩‍👩‍👧", "Canaria &amp; &lt;",
         "Canaria ]]> <!-- x", "Canaria e\u0301", "Canaria\u00a0Rao"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_comes_back_as_it_was(server, auth, name):
    person = person_at(server)
    person.go_to("name")
    kept = unicodedata.normalize("NFC", name).replace("\u00a0", " ")
    assert f"Nice to meet you, {kept}!" in person.say(name)
    for word in ("3", "400001", person.number):
        said = person.say(word)
    assert f"Name: {kept}\n" in said
    person.say("YES")
    (body,) = auth.accepted.values()
    assert body["metadata"]["onboarding_data"]["name"] == kept


@pytest.mark.parametrize("name", ["Canaria {{phone}}", "Canaria {{{env.WEB_APP_URL}}}",
                                  "Canaria {{#name}}x{{/name}}", "Canaria \\n %s %n"])
def test_a_value_is_never_rendered(embedded, name):
    person = person_at(embedded)
    person.go_to("name")
    assert f"Nice to meet you, {name}!" in person.say(name)
    for word in ("3", "400001", person.number):
        said = person.say(word)
    assert f"Name: {name}\n" in said


@pytest.mark.raw
@pytest.mark.parametrize("text", ["Canaria \x00\x01\x08\x1f", "Canaria\x0b\x0cRao", "Canaria\ufffe",
                                  "Canaria \u202e\u2066 Rao", "\r\nCanaria\r\nRao\t"])
def test_characters_that_xml_forbids(embedded, text):
    person = person_at(embedded)
    person.go_to("name")
    assert person.deliver(text).texts, "whatever it is taken for, the TwiML is read by a parser"
    assert person.deliver("STATUS").texts


@pytest.mark.raw
def test_long_input_is_answered(server):
    person = person_at(server)
    person.go_to("name")
    assert QUESTION["en"]["name"] in person.say("क" * 5000)
    assert QUESTION["en"]["name"] in person.say("😀 &<>\"' " * 1000)
    assert QUESTION["en"]["sector"] in person.say("Canaria " + "k" * 92)


# ---- who writes

def test_a_sender_without_digits(server, auth):
    person = person_at(server, scoped=True)
    assert QUESTION["en"]["name"] in person.say("Hi")
    assert login_link(person) in [person.say(w) for w in
                                  ("Canaria Rao", "3", "400001", person.number, "YES")][-1]
    assert len(auth.accepted) == 1


def test_buttons(embedded):
    person = person_at(embedded)
    person.go_to("sector")
    said = person.say("Technology", ButtonText="Technology", ButtonPayload="technology",
                      MessageType="interactive")
    assert QUESTION["en"]["pincode"] in said


@pytest.mark.raw
def test_lists_and_unknown_parameters(embedded):
    person = person_at(embedded)
    person.go_to("sector")
    said = person.say("3", NewThing2031="x", ChannelMetadata="{}")
    assert QUESTION["en"]["pincode"] in said
    person.say("110001")
    person.say(person.number)
    assert QUESTION["en"]["phone"] in person.say(
        "x", ListId="change_phone", ListTitle="Change mobile number")


def test_the_profile_name_is_no_answer(embedded):
    person = person_at(embedded, profile="Canaria <Profile> & \u202e")
    assert QUESTION["en"]["name"] in person.say("Hi")


def test_query_of_the_link_is_encoded(server):
    person = person_at(server)
    said = person.go_to("completed")
    link = next(x for x in said.split() if x.startswith("http"))
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
    assert query == {"phone": [person.phone], "source": ["whatsapp"]}
