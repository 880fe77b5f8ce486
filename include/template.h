/*
 * template.h - text with placeholders: parse once, check, render.
 *
 * Mustache as in the official spec: interpolation, sections, inverted
 * sections, comments, partials, set delimiters, and the rule of standalone
 * lines. No lambdas, no inheritance. The escape mode belongs to the file:
 * .txt renders raw, .xml escapes for XML 1.0, .json for the inside of a JSON
 * string (the author writes the quotes). {{x}}, {{{x}}} and {{&x}} mean the same
 * in .txt; in .xml and .json the last two are a compile error unless the set
 * allows them (nobody's memory decides).
 * In .xml the literal text around a tag says how it is escaped: in text & < >
 * and CR, in an attribute value (between quotes) & < " and white space. Around
 * whole attributes only sections may stand; anywhere else in markup a tag is a
 * compile error, and so is a section or file that ends in another place of the
 * markup than it began, or leaves an element open.
 * Sections: false, null, a missing value, an empty list and an empty text do
 * not show (the last is our choice: an author writes {{#name}}, meaning that
 * there is one); all else does. A tag writes a text, "true" for true, and
 * nothing for the other kinds.
 * A value is never rendered twice. What leaves a render is valid UTF-8
 * without characters that XML 1.0 forbids (they become U+FFFD).
 *
 * Pure: no file, clock or thread. A set is filled by one thread, then
 * immutable, then shared by all.
 */
#ifndef SAMVAD_TEMPLATE_H
#define SAMVAD_TEMPLATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum template_escape { TEMPLATE_RAW, TEMPLATE_XML, TEMPLATE_JSON };

/* ---- the data a template sees: a small tree in somebody's arena ---- */

enum value_kind { VALUE_FALSE, VALUE_TRUE, VALUE_TEXT, VALUE_LIST, VALUE_OBJECT };

struct value_source;

struct value {
	enum value_kind kind;
	const char *name;    /* key inside an object, else NULL */
	struct str text;     /* VALUE_TEXT; numbers are text as well */
	struct value *first; /* children of a list or object, in order */
	struct value *last;
	struct value *next;
	struct value_source *source; /* of an object, or NULL: makes the children it has not yet */
};

/* Makes the child of a name, adds it to its object and returns it; NULL: there is none. */
struct value_source {
	const struct value *(*make)(struct value_source *source, const char *name);
};

struct value *value_object(struct arena *a);
/* Add a child to an object; they return the child. Names and texts are
 * borrowed: they must live as long as the tree. */
struct value *value_add_text(struct arena *a, struct value *object, const char *name,
			     struct str text);
struct value *value_add_bool(struct arena *a, struct value *object, const char *name, bool b);
struct value *value_add_list(struct arena *a, struct value *object, const char *name);
struct value *value_add_object(struct arena *a, struct value *object, const char *name);
/* Append an item to a list. */
struct value *value_append_object(struct arena *a, struct value *list);
struct value *value_append_text(struct arena *a, struct value *list, struct str text);
/* Whether a section over it shows: see above. NULL does not. */
bool value_shows(const struct value *v);
/* Child by name, or NULL. */
const struct value *value_get(const struct value *object, const char *name);
/* The one that a path of names leads to ("a.b"), or NULL. */
const struct value *value_at(const struct value *object, const char *path);
/* Builds the tree from JSON text (null is VALUE_FALSE). Copies into the arena. */
int value_from_json(struct arena *a, struct str json, struct value **value_out, struct err *err);

/* ---- templates ---- */

struct template; /* one compiled text */
struct template_set;

/* An empty set; the caller owns it. */
struct template_set *template_set_new(void);
void template_set_free(struct template_set **set);
/* Lets later adds write {{{x}}} and {{&x}} in .xml and .json, where they then go out
 * unescaped: only for values that cannot hold markup, numbers in a JSON body for instance. */
void template_set_allow_unescaped(struct template_set *set);
/* Compiles text under a name ("en/welcome.txt"). A partial {{> card}} in
 * "en/welcome.txt" means "en/card.txt": same folder, same ending. Escape by the
 * name's ending; -1 ERR_INPUT with "name:line: what; cure" on a syntax fault, on bad UTF-8 or a
 * character that XML 1.0 forbids in the text, on a name that is there already, on more than
 * 1 MiB, or an unknown ending. */
int template_set_add(struct template_set *set, const char *name, struct str text, struct err *err);
/* The same with the escape mode given instead of the ending. */
int template_set_add_as(struct template_set *set, const char *name, struct str text,
			enum template_escape escape, struct err *err);
/* The name of a file that is used as a partial and not there yet, or NULL: lets a caller add
 * only what is needed. */
const char *template_set_wanted(const struct template_set *set);
/* Resolves partials after the last add. -1 ERR_INPUT: a partial that does not
 * exist (the spec renders it empty; here it is a fault of the author), one of
 * another escape mode, a chain of partials that never ends or nests deeper than
 * 32, or a file that has more than 1 MiB together with its partials. */
int template_set_link(struct template_set *set, struct err *err);
/* NULL when absent. Valid as long as the set. */
const struct template *template_set_get(const struct template_set *set, const char *name);

/* Appends the rendering. A missing value renders empty; data may be NULL. -1
 * ERR_FULL when out is full or lists in lists ask for more than 1,000,000 steps;
 * ERR_BUG when the set was not linked; out->len is then as before. */
int template_render(const struct template *t, const struct value *data, struct buf *out,
		    struct err *err);

/* What a template needs, for checkers. Calls see() for each tag, partials
 * included (their own file and line). `section` is the innermost enclosing
 * section or inverted section name, or NULL, and `outer` that section's own use,
 * valid during the call; `guarded` is true when the tag is inside a section
 * (not inverted) of the same name, so that it cannot render empty; "." is
 * guarded in every section. */
struct template_use {
	const char *file;
	unsigned line;
	const char *name; /* dotted as written; "." for the implicit iterator */
	enum { TEMPLATE_USE_VARIABLE, TEMPLATE_USE_SECTION, TEMPLATE_USE_INVERTED } kind;
	const char *section;
	bool guarded;
	const struct template_use *outer;
};
void template_each_use(const struct template *t,
		       void (*see)(void *arg, const struct template_use *use), void *arg);

/* Upper bound of the rendering in code points when each variable is at most
 * limit(arg, use) long and each list section repeats at most repeat(arg, use)
 * times (a section that is no list: 1). Counts what escaping can add. Of
 * {{#x}}..{{/x}} and {{^x}}..{{/x}} side by side the longer counts. Saturates at SIZE_MAX. */
size_t template_longest(const struct template *t,
			size_t (*limit)(void *arg, const struct template_use *use),
			size_t (*repeat)(void *arg, const struct template_use *use), void *arg);

/* One rendering from source texts: `samvad render` without its files. `find` gives
 * a partial by its full name ("folder/card.txt"), which never leaves the folder of
 * `name`: 1 found, 0 none, -1 error with err filled; its text is copied. escape NULL: by the ending
 * of name. Errors as of the functions above. */
struct template_finder {
	int (*find)(void *arg, const char *name, struct str *text_out, struct err *err);
	void *arg;
};
int template_render_once(const char *name, struct str text, const enum template_escape *escape,
			 const struct template_finder *finder, struct str json, struct buf *out,
			 struct err *err);

#endif
