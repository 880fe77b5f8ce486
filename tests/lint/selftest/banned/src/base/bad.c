/* strcpy( in a comment and in a "string" is fine; the two below are not. */
#include <stdlib.h>

int bad(const char *text);

int bad(const char *text)
{
	return atoi(text);
}

#if 0
int old;
#endif
