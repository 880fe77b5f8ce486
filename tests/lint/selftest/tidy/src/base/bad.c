/* An assignment that was meant as a comparison, and a copy that stops at the pointer's size. */
#include <string.h>

int bad(int a, char *text);

int bad(int a, char *text)
{
	memset(text, 0, 'x');
	memset(text, 10, 0);
	if (a == a)
		return 1;
	return 0;
}
