"""What does not lead on in the onboarding: every wrong answer and every command, at every step."""
import pytest

from msme import QUESTION, STEPS, step_counts
from twin_person import person_at

pytestmark = pytest.mark.twin_too

# ---- every wrong answer, at every step

WRONG = [
    ("name", "A", "does not look like a name"),
    ("name", "12345", "does not look like a name"),
    ("name", "🙂🙂", "does not look like a name"),
    ("name", "yes", "does not look like a name"),
    ("name", "x" * 101, "does not look like a name"),
    ("name", "   ", "does not look like a name"),
    ("sector", "0", "could not find that sector"),
    ("sector", "13", "could not find that sector"),
    ("sector", "-1", "could not find that sector"),
    ("sector", "1_0", "could not find that sector"),
    ("sector", "+3", "could not find that sector"),
    ("sector", "another", "could not find that sector"),
    ("sector", "I offer services in textile", "could not find that sector"),
    ("sector", "3 4", "could not find that sector"),
    ("pincode", "000000", "not a valid pincode"),
    ("pincode", "040001", "not a valid pincode"),
    ("pincode", "40000", "not a valid pincode"),
    ("pincode", "4000011", "not a valid pincode"),
    ("pincode", "40000a", "not a valid pincode"),
    ("pincode", "four", "not a valid pincode"),
    ("phone", "5876543210", "not a valid Indian mobile"),
    ("phone", "987654321", "not a valid Indian mobile"),
    ("phone", "98765432101", "not a valid Indian mobile"),
    ("phone", "+1 987 654 3210", "not a valid Indian mobile"),
    ("phone", "98765abcde", "not a valid Indian mobile"),
    ("confirmation", "maybe", "YES* or *NO*"),
    ("confirmation", "9", "YES* or *NO*"),
    ("confirmation", "yesterday", "YES* or *NO*"),
]


@pytest.mark.parametrize("step, wrong, guidance", WRONG,
                         ids=[f"{s}-{w[:12]}-{len(w)}" for s, w, _ in WRONG])
def test_wrong_answer(embedded, auth, step, wrong, guidance):
    check_wrong_answer(embedded, auth, step, wrong, guidance)


@pytest.mark.raw
@pytest.mark.parametrize("wrong", ["", "x" * 5000], ids=["empty", "5000"])
def test_wrong_answer_that_no_phone_sends(embedded, auth, wrong):
    check_wrong_answer(embedded, auth, "name", wrong, "does not look like a name")


def check_wrong_answer(embedded, auth, step, wrong, guidance):
    person = person_at(embedded)
    person.go_to(step)
    said = person.say(wrong)
    assert guidance in said
    assert QUESTION["en"][step] in said, "the question is repeated"
    assert step_counts(embedded)[step] == 1
    assert not auth.accepted


@pytest.mark.parametrize("step", STEPS[:5])
def test_three_wrong_answers_offer_the_way_out(embedded, step):
    person = person_at(embedded)
    person.go_to(step)
    assert "Stuck?" not in person.say("?!")
    assert "Stuck?" not in person.say("!?")
    assert "Stuck?" in person.say("!!")


MEDIA = {"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/x", "MediaContentType0": "image/png",
         "MessageType": "image"}


@pytest.mark.parametrize("step", STEPS[:5])
def test_media_instead_of_text(embedded, step):
    person = person_at(embedded)
    person.go_to(step)
    said = person.say("", **MEDIA)
    assert "only read text" in said and QUESTION["en"][step] in said
    said = person.say("", MessageType="location", Latitude="19.07", Longitude="72.87")
    assert QUESTION["en"][step] in said
    assert step_counts(embedded)[step] == 1


# ---- every command, at every step

COMMANDS = [
    ("HELP", "*MSMEBazaar help*", "same"), ("help me", "*MSMEBazaar help*", "same"),
    ("SUPPORT", "support@msmebazaar.com", "same"), ("STATUS", None, "same"),
    ("STOP", "no more updates", "same"), ("START", None, "same"), ("Hi", None, "same"),
    ("hello", None, "same"), ("LANGUAGE", "हिन्दी", "same"), ("HINDI", None, "same"),
    ("ENGLISH", "in English", "same"), ("RESTART", "have been removed", "name"),
    ("मदद", "help", "same"), ("join happy-cat", None, "same"),
]


@pytest.mark.parametrize("step", STEPS[:5])
@pytest.mark.parametrize("word, part, leads", COMMANDS, ids=[c[0] for c in COMMANDS])
def test_command(embedded, auth, step, word, part, leads):
    person = person_at(embedded)
    person.go_to(step)
    said = person.say(word)
    if part:
        assert part in said
    now = step if leads == "same" else leads
    assert step_counts(embedded)[now] == 1, "commands move nobody on"
    language = "hi" if word == "HINDI" else "en"
    if word not in ("SUPPORT", "STOP", "LANGUAGE"):
        assert QUESTION[language][now] in said, "the open question is repeated"
    assert not auth.accepted
