/*
 * codes.c - every error code of Twilio's that the twin knows, in one table.
 */
#include "messages_private.h"

const struct twin_code twin_codes[] = {
	{ 20001, 400, "The request is malformed." },
	{ 20003, 401, "Authenticate" },
	{ 20004, 405, "Method not allowed" },
	{ 20404, 404, "The requested resource was not found" },
	{ 20429, 429, "Too many requests" },
	{ 20500, 500, "An internal server error has occurred" },
	{ 20503, 503, "Service unavailable" },
	{ 21211, 400, "The 'To' number is not a valid phone number" },
	{ 21212, 400, "The 'From' number is not a valid phone number, shortcode, or sender ID" },
	{ 21602, 400, "Message body is required" },
	{ 21603, 400, "A 'From' or 'MessagingServiceSid' parameter is required" },
	{ 21604, 400, "A 'To' phone number is required" },
	{ 21606, 400, "The 'From' number is not one of this account that can send" },
	{ 21609, 400, "The 'StatusCallback' URL is not valid" },
	{ 21610, 400, "Attempt to send to an unsubscribed recipient" },
	{ 21611, 400, "This 'From' number has exceeded the maximum number of queued messages" },
	{ 21617, 400, "The concatenated message body exceeds the 1600 character limit" },
	{ 21619, 400, "Cannot create a message without text, media or content" },
	{ 21620, 400, "Invalid media URL(s)" },
	{ 21623, 400, "Number of media files exceeds allowed limit" },
	{ 21624, 400, "Invalid value for 'ValidityPeriod'" },
	{ 21654, 400, "'ContentVariables' needs a 'ContentSid'" },
	{ 21655, 400, "The 'ContentSid' is invalid" },
	{ 21656, 400, "The 'ContentVariables' parameter is invalid" },
	{ 21701, 400, "The Messaging Service does not exist" },
	{ 21703, 400, "The 'MessagingServiceSid' is invalid" },
	{ 21910, 400, "Invalid 'From' and 'To' pair: they must be of the same channel" },
	{ 30409, 400, "Only a scheduled message can be canceled" },
	{ 35111, 400, "'SendAt' is required to schedule a message" },
	{ 35112, 400, "'ScheduleType' must be 'fixed' to schedule a message" },
	{ 35113, 400, "'SendAt' is not a valid ISO 8601 time" },
	{ 35114, 400, "'SendAt' must be between 5 minutes and 35 days from now" },
	{ 35118, 400, "'MessagingServiceSid' is required to schedule a message" },
	{ 63007, 400, "Twilio could not find a Channel with the specified 'From' address" },
	{ 63031, 400, "The 'From' and 'To' addresses are the same" },
	{ 14103, 0, "A Message of TwiML has neither text nor media" },
	{ 30036, 0, "The validity period is over" },
	{ 63003, 0, "The recipient is not on this channel" },
	{ 63015, 0, "The recipient has not joined the sandbox" },
	{ 63016, 0, "Outside of the 24-hour window only templates may be sent" },
	{ 63018, 0, "The rate limit of the channel or sender was exceeded" },
};
const size_t twin_code_count = sizeof twin_codes / sizeof *twin_codes;

const struct twin_code *twin_code_find(int code)
{
	for (size_t i = 0; i < twin_code_count; i++)
		if (twin_codes[i].code == code)
			return &twin_codes[i];
	return NULL;
}

int twin_rest_error(struct twin_call *call, int code)
{
	const struct twin_code *c = twin_code_find(code);

	return twin_error(call, c->status, code, c->message);
}

int twin_error(struct twin_call *call, int status, int code, const char *message)
{
	struct json_writer w;

	buf_reset(call->out);
	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_add_int(&w, "code", code);
	json_add_text(&w, "message", message);
	json_add_text(&w, "more_info",
		      arena_printf(&call->arena, "https://www.twilio.com/docs/errors/%d", code));
	json_add_int(&w, "status", status);
	json_end(&w);
	return status;
}
