/* Needs <stddef.h> and does not include it. */
size_t bad(void);
