/*
 * base/err.h - what went wrong, said once, in one shape.
 *
 * Functions return 0 or -1 (a look-up 1/0/-1) and fill a struct err that the
 * caller owns (may be NULL). The kind decides what happens next; nobody
 * guesses from the text. The one who handles an error logs it, once.
 */
#ifndef SAMVAD_BASE_ERR_H
#define SAMVAD_BASE_ERR_H

enum err_kind {
	ERR_NONE = 0,
	ERR_INPUT,  /* the caller's or the stranger's fault: will not work unchanged */
	ERR_TEMP,   /* try later: nothing was done */
	ERR_PERM,   /* never works: configuration, missing right */
	ERR_FULL,   /* no space (disk, quota): nothing was done */
	ERR_UNSURE, /* may have been done: look before repeating */
	ERR_BUG,    /* ours */
};

struct err {
	enum err_kind kind;
	char text[512]; /* for people; holds no message text, number or secret */
};

/* Fills err (may be NULL) and returns -1, so callers can: return err_set(...). */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "what: " before the text that is there; returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Where ERR_PERM tells callers that they are refused, a failure from below must not: it becomes
 * ERR_BUG. Returns -1. */
int err_below(struct err *err);
const char *err_kind_name(enum err_kind kind);

#endif
