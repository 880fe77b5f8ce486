/*
 * twilio_errors.c - what Twilio's error codes mean for the message at hand.
 *
 * The code decides, then the HTTP status. Codes that normally come with a
 * status callback are listed too: Twilio says that the code and the moment of
 * one cause may change.
 */
#include "twilio_private.h"

/* Sorted by code. The text is for admins and operators: what happened, not what to call it. */
static const struct {
	int first;
	int last;
	enum send_verdict verdict;
	const char *text;
} rows[] = {
	{ 20003, 20003, SEND_CONFIG, "Twilio does not accept the account SID and auth token" },
	{ 20004, 20004, SEND_PERM, "Twilio does not allow this kind of request" },
	{ 20005, 20005, SEND_CONFIG, "the Twilio account is not active" },
	{ 20006, 20006, SEND_CONFIG, "Twilio denies this account access" },
	{ 20404, 20404, SEND_CONFIG, "the account or the API address is not known to Twilio" },
	{ 20429, 20429, SEND_BUSY, "too many requests to Twilio at the same time" },
	{ 20500, 20500, SEND_UNSURE, "Twilio broke down while it took the message" },
	{ 20503, 20503, SEND_TEMP, "Twilio is not available now" },
	{ 21211, 21211, SEND_PERM, "the recipient is not a valid address" },
	{ 21212, 21212, SEND_CONFIG, "the sender is not a valid address" },
	{ 21408, 21408, SEND_CONFIG, "the account may not send to this region" },
	{ 21601, 21601, SEND_PERM, "the sender cannot send messages" },
	{ 21602, 21602, SEND_PERM, "the message has no text" },
	{ 21603, 21603, SEND_PERM, "the message has no sender" },
	{ 21604, 21604, SEND_PERM, "the message has no recipient" },
	{ 21606, 21606, SEND_CONFIG, "the sender does not belong to this account" },
	{ 21608, 21608, SEND_CONFIG, "a trial account may only write to numbers that it verified" },
	{ 21609, 21609, SEND_CONFIG, "Twilio cannot use the address for status callbacks" },
	{ 21610, 21610, SEND_PERM, "the recipient has opted out" },
	{ 21611, 21611, SEND_BUSY, "the queue of the sender is full" },
	{ 21612, 21612, SEND_PERM, "the recipient cannot be reached from this sender" },
	{ 21614, 21614, SEND_PERM, "the recipient is not a mobile number" },
	{ 21617, 21617, SEND_PERM, "the text is longer than 1600 characters" },
	{ 21619, 21619, SEND_PERM, "the message has neither text nor media" },
	{ 21620, 21620, SEND_PERM, "the address of the media is not valid" },
	{ 21623, 21623, SEND_PERM, "the message has too many media" },
	{ 21654, 21654, SEND_PERM, "there are values for a template, but no template" },
	{ 21655, 21655, SEND_PERM, "there is no template with this content SID" },
	{ 21656, 21656, SEND_PERM, "the values of the template are not valid" },
	{ 21701, 21701, SEND_CONFIG, "the Messaging Service is not there" },
	{ 21702, 21702, SEND_CONFIG, "the Messaging Service is not valid" },
	{ 21703, 21703, SEND_CONFIG, "the Messaging Service has no senders" },
	{ 21704, 21704, SEND_CONFIG, "the Messaging Service has no sender for this recipient" },
	{ 21705, 21705, SEND_CONFIG, "the Messaging Service SID is not valid" },
	{ 21910, 21910, SEND_PERM, "sender and recipient are of different channels" },
	{ 30001, 30001, SEND_BUSY, "the queue at Twilio ran over" },
	{ 30002, 30002, SEND_CONFIG, "the Twilio account is suspended" },
	{ 30003, 30003, SEND_TEMP, "the phone of the recipient cannot be reached now" },
	{ 30005, 30005, SEND_PERM, "the number of the recipient is not in service" },
	{ 30006, 30006, SEND_PERM, "the recipient has a landline" },
	{ 30007, 30007, SEND_PERM, "the message was filtered as unwanted" },
	{ 30008, 30008, SEND_TEMP, "delivery failed for an unknown cause" },
	{ 30036, 30036, SEND_TEMP, "the message waited too long in the queue" },
	{ 30410, 30410, SEND_TEMP, "the provider behind Twilio did not answer in time" },
	{ 35111, 35125, SEND_PERM, "the message cannot be scheduled like this" },
	{ 63001, 63001, SEND_CONFIG, "WhatsApp does not accept the credentials of the channel" },
	{ 63003, 63003, SEND_PERM, "the recipient is not on WhatsApp" },
	{ 63005, 63005, SEND_PERM, "WhatsApp does not accept this content" },
	{ 63007, 63007, SEND_CONFIG, "there is no WhatsApp sender with this number" },
	{ 63008, 63008, SEND_CONFIG, "the WhatsApp sender is set up wrongly" },
	{ 63009, 63009, SEND_TEMP, "WhatsApp reported an internal error" },
	{ 63010, 63010, SEND_TEMP, "Twilio reported an internal error" },
	{ 63012, 63012, SEND_TEMP, "WhatsApp broke down while it took the message" },
	{ 63013, 63013, SEND_PERM,
	  "the message breaks a rule of WhatsApp, or a value of the template does" },
	{ 63014, 63014, SEND_PERM, "the recipient blocks messages of this sender" },
	{ 63015, 63015, SEND_PERM, "the recipient has not joined the sandbox" },
	{ 63016, 63016, SEND_PERM,
	  "more than 24 hours since the recipient wrote, and no template was used" },
	{ 63017, 63017, SEND_BUSY, "the account sends too many messages a second" },
	{ 63018, 63018, SEND_BUSY, "the sender has reached its limit" },
	{ 63019, 63019, SEND_TEMP, "the media could not be fetched" },
	{ 63020, 63020, SEND_CONFIG, "the Meta business account is not connected" },
	{ 63021, 63021, SEND_PERM, "WhatsApp rejects this content, or the template is too long" },
	{ 63022, 63022, SEND_CONFIG, "the name certificate of the sender is not valid" },
	{ 63023, 63023, SEND_TEMP, "delivery on WhatsApp failed for an unknown cause" },
	{ 63024, 63024, SEND_PERM, "the recipient is not valid on WhatsApp" },
	{ 63025, 63025, SEND_TEMP, "the media was there already" },
	{ 63026, 63026, SEND_CONFIG, "the sender was reported for spam" },
	{ 63027, 63027, SEND_PERM, "the template does not exist in this language" },
	{ 63028, 63028, SEND_PERM, "the template needs another number of values" },
	{ 63029, 63029, SEND_TEMP, "WhatsApp has not loaded the template yet" },
	{ 63030, 63030, SEND_PERM, "the template does not support one of its values" },
	{ 63031, 63031, SEND_PERM, "sender and recipient are the same" },
	{ 63032, 63032, SEND_PERM, "WhatsApp does not let this recipient get the message now" },
	{ 63033, 63033, SEND_PERM, "the recipient is blocked" },
	{ 63034, 63034, SEND_PERM, "the media is too large" },
	{ 63037, 63037, SEND_PERM, "the media could not be handed to WhatsApp" },
	{ 63038, 63038, SEND_BUSY, "the account has reached its daily limit" },
	{ 63040, 63040, SEND_CONFIG, "the template was rejected" },
	{ 63041, 63041, SEND_CONFIG, "the template is paused for its quality" },
	{ 63042, 63042, SEND_CONFIG, "the template is disabled" },
	{ 63049, 63049, SEND_PERM, "Meta chose not to deliver this marketing message" },
	{ 63050, 63050, SEND_PERM, "the recipient has opted out of marketing messages" },
	{ 63051, 63051, SEND_CONFIG, "Meta has locked the sender" },
	{ 63058, 63058, SEND_PERM, "WhatsApp does not allow messages to this country" },
	{ 63062, 63062, SEND_CONFIG, "the terms of Marketing Messages are not accepted yet" },
	{ 90010, 90010, SEND_CONFIG, "the Twilio account is not active" },
};

/* No code that we know: the HTTP status alone. A code of 63xxx that is new is
 * a channel's refusal of this message, as every other 4xx. */
static enum send_verdict by_status(int status)
{
	switch (status) {
	case 401:
	case 403:
	case 404: /* of the path, which names the account */
	case 407:
		return SEND_CONFIG;
	case 408: /* the request did not arrive whole */
		return SEND_TEMP;
	case 429:
		return SEND_BUSY;
	}
	if (status >= 500)
		return SEND_UNSURE;
	if (status >= 400)
		return SEND_PERM;
	return SEND_CONFIG; /* redirected: this is not Twilio's API */
}

enum send_verdict twilio_error_verdict(int code, int http_status)
{
	/* Rates and credentials are plain whatever the code is. */
	if (http_status == 429 || http_status == 401)
		return by_status(http_status);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (code >= rows[i].first && code <= rows[i].last)
			return rows[i].verdict;
	}
	return by_status(http_status);
}

const char *twilio_error_text(int code)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (code >= rows[i].first && code <= rows[i].last)
			return rows[i].text;
	return code ? "Twilio gave a code that is not known here" : "no reason was given";
}
