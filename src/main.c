/*
 * main.c - the program: hands over to the verb in argv[1].
 */
#include "command.h"

int main(int argc, char **argv)
{
	return command_run(argc, argv);
}
