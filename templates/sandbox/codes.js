/*
 * codes.js - Twilio's error codes and message states in plain words.
 */

const CODES = {
	11200: "The webhook did not answer in 15 seconds, or answered with an error",
	11205: "No connection to the webhook",
	11206: "The webhook's answer breaks the HTTP protocol",
	11210: "The webhook's host name is not known",
	11215: "The webhook redirects too often",
	11217: "The webhook answered with an error status",
	11750: "The answer is larger than 64 kB",
	12100: "The answer is not well-formed XML",
	12200: "The answer is XML, but not valid TwiML",
	12300: "The answer has no usable content type",
	12500: "The TwiML holds what WhatsApp cannot do",
	14101: "A Message of the answer has a bad recipient",
	14102: "A Message of the answer has a bad sender",
	14103: "A Message of the answer has neither text nor media",
	14104: "An attribute of a Message is not valid",
	14106: "The answers lead from one address to the next without an end",
	14107: "Two addresses answer each other too often",
	14109: "More than ten messages in one answer: the rest is dropped",
	20001: "The request is malformed",
	20003: "Wrong account or token",
	20004: "The address does not know this method",
	20404: "There is nothing at this address",
	20429: "Too many requests",
	20500: "The API broke while it worked on the request",
	20503: "The API is not available",
	21211: "The recipient is not a valid address",
	21212: "The sender is not a valid address",
	21602: "There is no text",
	21603: "There is no sender",
	21604: "There is no recipient",
	21606: "The sender is not one of this account",
	21609: "The address for status callbacks is not valid",
	21610: "The recipient has opted out (STOP)",
	21611: "The sender's queue is full",
	21614: "The recipient is not a mobile number",
	21617: "The text is longer than 1600 characters",
	21619: "There is neither text nor media",
	21620: "The address of the media is not valid",
	21623: "There are too many media",
	21624: "The validity period is not valid",
	21654: "There are variables, but no template",
	21655: "The template's id is not valid",
	21656: "The template's variables are not valid",
	21701: "The Messaging Service does not exist",
	21703: "The Messaging Service's id is not valid",
	21910: "Sender and recipient are not on the same channel",
	30001: "The queue is full",
	30002: "The account is suspended",
	30003: "The phone cannot be reached just now",
	30004: "The phone does not accept this message",
	30005: "The number is not known",
	30006: "The number cannot receive SMS",
	30007: "The carrier filtered the message",
	30008: "It was not delivered; nobody says why",
	30036: "It waited too long and is no longer valid",
	30409: "Only a scheduled message can be canceled",
	30410: "The provider did not answer in time",
	35111: "A scheduled message needs a time",
	35112: "The schedule type must be fixed",
	35113: "The time to send is not a valid time",
	35114: "The time to send is less than 5 minutes or more than 35 days away",
	35118: "A scheduled message needs a Messaging Service",
	63001: "The channel refused the sender's credentials",
	63003: "The recipient is not on WhatsApp",
	63005: "The channel did not accept the content",
	63007: "There is no channel with this sender",
	63009: "The channel reported an error",
	63010: "Twilio had an internal error",
	63012: "The channel had an internal error",
	63013: "The message breaks the channel's policy",
	63014: "The recipient has blocked the sender",
	63015: "The recipient has not joined the sandbox",
	63016: "The 24-hour window is closed: only an approved template may be sent",
	63017: "The account sends too fast",
	63018: "The sender sends too fast",
	63019: "The media could not be fetched",
	63021: "The content was rejected",
	63024: "The recipient is not valid",
	63026: "The sender's content was reported as spam",
	63031: "Sender and recipient are the same",
	63032: "WhatsApp limits messages to this person just now",
	63038: "The account's daily limit is reached",
	63049: "Meta chose not to deliver this marketing message",
};

export function codeMeaning(code) {
	return CODES[code] ?? "An error that this page has no words for";
}

/* Message state -> its drawing and its word. */
const STATES = {
	accepted: ["clock", "accepted"],
	scheduled: ["clock", "scheduled"],
	queued: ["clock", "queued"],
	sending: ["clock", "being sent"],
	receiving: ["clock", "being delivered"],
	sent: ["tick", "sent"],
	delivered: ["ticks", "delivered"],
	received: ["ticks", "delivered"],
	read: ["ticks", "read"],
	failed: ["failed", "failed"],
	undelivered: ["failed", "not delivered"],
	canceled: ["failed", "canceled"],
};

export function messageState(status) {
	const [picture, word] = STATES[status] ?? ["clock", status];

	return { picture, word };
}

const VERDICTS = {
	ok: "accepted",
	timeout: "no answer in time",
	connection: "no connection",
	http_error: "answered with an error",
	invalid_xml: "not well-formed XML",
	invalid_twiml: "not valid TwiML",
};

export function verdictWords(verdict) {
	return VERDICTS[verdict] ?? verdict;
}
