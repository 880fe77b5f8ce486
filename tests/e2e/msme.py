"""What the onboarding of templates/msme says at its steps."""

STEPS = ["name", "sector", "pincode", "phone", "confirmation", "completed"]

# what asks for each step's answer, in the person's language
QUESTION = {
    "en": {"name": "full name", "sector": "Which *sector*", "pincode": "*pincode*",
           "phone": "*mobile number*", "confirmation": "check your details",
           "completed": "Registration successful"},
    "hi": {"name": "पूरा नाम", "sector": "किस *क्षेत्र*", "pincode": "*पिनकोड*",
           "phone": "*मोबाइल नंबर*", "confirmation": "जाँच लें", "completed": "पंजीकरण सफल"},
}


def login_link(person):
    return f"http://localhost:3000/login?phone=%2B91{person.number}&source=whatsapp"


def step_counts(server):
    return server.json("/stats", admin=True)["step_distribution"]
