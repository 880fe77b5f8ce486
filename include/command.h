/*
 * command.h - the verbs of the program: serve, check, chat, send, ...
 *
 * One table of verbs, one file each. Exit status: 0 ok, 1 found faults, 2 usage.
 */
#ifndef SAMVAD_COMMAND_H
#define SAMVAD_COMMAND_H

/* Runs the verb in argv[1]; returns the exit status. */
int command_run(int argc, char **argv);

#endif
