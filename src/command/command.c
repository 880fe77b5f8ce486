/*
 * command.c - the table of verbs, help, and which one runs.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "command_private.h"

static const struct command commands[] = {
	{ "serve", run_serve, "serve", "answers webhooks until it is told to stop",
	  "Settings come from the environment and .env: see `samvad show config`. Without\n"
	  "TWILIO_AUTH_TOKEN it is a sandbox on this machine: try `samvad chat` beside it.\n"
	  "SIGTERM and SIGINT finish what is under way and end; SIGHUP reads the flow anew.\n" },
	{ "chat", run_chat, "chat [--from NUMBER] [--record FILE]",
	  "a conversation in the terminal",
	  "Each line is sent to the running server as a signed WhatsApp message; its replies\n"
	  "are printed, and so are late messages and the demo's SMS. Ends with the input.\n"
	  "--record keeps it as a .chat file, which samvad test runs; it speaks from a new\n"
	  "number then, unless --from names one.\n" },
	{ "send", run_send, "send [--to ADDRESS] [--sid MessageSid] [--raw] FROM TEXT",
	  "sends one message to the running server and prints the reply",
	  "FROM is a number such as +919876543210. --sid repeats a message; --raw prints the\n"
	  "TwiML as it came.\n" },
	{ "broadcast", run_broadcast,
	  "broadcast send [--step STEP] [--at TIME] [--template HX... [--variables JSON]] "
	  "[--key KEY] [--dry-run] [--watch] TEXT\n"
	  "       samvad broadcast list | show ID | watch ID | recipients [--outcome WORD] ID\n"
	  "       samvad broadcast pause ID | resume ID | cancel ID | retry-failed ID",
	  "one text to everyone with a session, and how far it is",
	  "Asks the running server, with the ADMIN_TOKEN of the environment or .env. TEXT may "
	  "hold\n"
	  "{{name}} and other saved values; who lacks one is skipped. --step: only those at that\n"
	  "step. --at: an ISO 8601 time with zone. --template: an approved template for those\n"
	  "whose 24-hour window is closed. --key: a repeat with the same key sends nothing more.\n"
	  "--dry-run only counts. Exit status of watch: 0 when it is done, 1 when it was paused\n"
	  "or cancelled.\n" },
	{ "check", run_check, "check [--json] [DIR...]", "proves flow packs before they run",
	  "Without DIR the configured flow is checked. Prints file, step, field and cure of\n"
	  "each fault, with --json as one object; exit status 1 when one of them is an error.\n" },
	{ "draw", run_draw, "draw [--mermaid] [--out FILE] [DIR]", "a flow pack as a picture",
	  "Without DIR the configured flow is drawn. Prints SVG, or with --mermaid the text of a\n"
	  "Mermaid flowchart; --out writes it to FILE instead. Arrows that lead back are dashed;\n"
	  "commands can be given at every step and stand below.\n" },
	{ "test", run_test,
	  "test [--strict | --http URL] [DIR...]\n"
	  "       samvad test --generate [--strict] [--out DIR] [DIR...]\n"
	  "       samvad test --mutate [--strict] [DIR...]",
	  "runs the conversations of flow packs",
	  "Without DIR those of the configured flow. Runs every DIR/tests/*.chat on the real\n"
	  "engine with a clock of its own, and tells which steps and exits of flow.json none of\n"
	  "them passes; with --strict that is a fault too. With --http they are played on the\n"
	  "sandbox server at URL instead. templates/README.md has the format.\n"
	  "--generate writes a small set of conversations that passes every step and exit, into\n"
	  "DIR/tests/generated or the folder of --out, and tells what it could not reach.\n"
	  "--mutate changes the pack in memory, one place at a time, and tells which changes no\n"
	  "conversation notices. With --strict either is a fault.\n" },
	{ "render", run_render, "render FILE --data JSON [--escape none|xml|json]",
	  "prints a template as the program would render it",
	  "JSON is an object, or @FILE that holds one. Partials are looked for beside FILE. The\n"
	  "ending of FILE decides how values are escaped, unless --escape does.\n" },
	{ "sign", run_sign, "sign --token TOKEN URL",
	  "prints the X-Twilio-Signature of a form body on standard input",
	  "One line break at the end of the input is not counted.\n" },
	{ "verify", run_verify, "verify --token TOKEN --url URL --signature SIGNATURE",
	  "checks a signature of a form body on standard input",
	  "Exit status 0: it holds, and for which form of the URL. 1: it does not, and what was\n"
	  "probably signed instead.\n" },
	{ "health", run_health, "health [--ready]", "asks the running server how it is",
	  "Exit status 0 when it is healthy or degraded, 1 when its store is away. With --ready: 0 "
	  "as\n"
	  "long as it takes messages, also into its spool; the one for container health "
	  "checks.\n" },
	{ "show", run_show, "show config [--markdown|--env-example]",
	  "prints the settings in force", "Secrets are shown as (set) or (unset).\n" },
	{ "version", run_version, "version", "prints the version", "" },
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_overview(FILE *to)
{
	(void)fputs("Usage: samvad COMMAND [ARGUMENTS]\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		(void)fprintf(to, "  %-9s  %s\n", commands[i].name, commands[i].summary);
	(void)fputs("\nsamvad COMMAND --help tells more.\n", to);
}

static int print_help(const struct command *c)
{
	(void)printf("Usage: samvad %s\n%s\n%s%s", c->usage, c->summary, *c->details ? "\n" : "",
		     c->details);
	return EXIT_OK;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_help(argv[i]))
			return true;
	return false;
}

int command_run(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
		print_overview(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0)
		return run_version(NULL, 1, argv);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, argv[1]) != 0)
			continue;
		if (asks_help(argc - 1, argv + 1))
			return print_help(&commands[i]);
		return commands[i].run(&commands[i], argc - 1, argv + 1);
	}
	(void)fprintf(stderr,
		      "samvad: there is no command \"%.40s\"\n"
		      "Usage: samvad COMMAND [ARGUMENTS]; samvad --help lists the commands\n",
		      argv[1]);
	return EXIT_USAGE;
}
