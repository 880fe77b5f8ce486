/*
 * load.c - a load of real conversations, as Twilio would send them; one line of JSON at the end.
 *
 *	load --port 5000 --token T --connections 48 --talks 5000 --seconds 2
 *
 * Everything is built and signed before the clock runs. "cpu" is the share of
 * one core that this program itself used meanwhile: near 1 it is the limit.
 * Exit status 1: an answer was wrong or lost.
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"

static const struct option options[] = {
	{ "port", required_argument, NULL, 'p' },
	{ "path", required_argument, NULL, 'P' },
	{ "token", required_argument, NULL, 't' },
	{ "get", required_argument, NULL, 'g' },
	{ "expect", required_argument, NULL, 'e' },
	{ "status", required_argument, NULL, 's' },
	{ "forge", no_argument, NULL, 'f' },
	{ "cycle", no_argument, NULL, 'c' },
	{ "same", no_argument, NULL, 'a' },
	{ "preopen", no_argument, NULL, 'o' },
	{ "first", required_argument, NULL, 'F' },
	{ "talks", required_argument, NULL, 'k' },
	{ "length", required_argument, NULL, 'l' },
	{ "connections", required_argument, NULL, 'n' },
	{ "slow", required_argument, NULL, 'w' },
	{ "slow-byte-us", required_argument, NULL, 'b' },
	{ "rate", required_argument, NULL, 'r' },
	{ "warm", required_argument, NULL, 'W' },
	{ "seconds", required_argument, NULL, 'S' },
	{ NULL, 0, NULL, 0 },
};

static double number(const char *text, double least, double most)
{
	char *end = NULL;
	double n = strtod(text, &end);

	if (end == text || *end || !(n >= least && n <= most)) {
		fprintf(stderr, "load: %s is not a number between %g and %g\n", text, least, most);
		exit(2);
	}
	return n;
}

static unsigned whole(const char *text, unsigned least, unsigned most)
{
	return (unsigned)number(text, least, most);
}

static bool set_text(struct load_options *o, int c, const char *text)
{
	switch (c) {
	case 'P':
		o->path = text;
		return true;
	case 't':
		o->token = text;
		return true;
	case 'g':
		o->get = text;
		return true;
	case 'e':
		o->expect = text;
		return true;
	case 'f':
		o->forge = true;
		return true;
	case 'c':
		o->cycle = true;
		return true;
	case 'a':
		o->same = true;
		return true;
	case 'o':
		o->preopen = true;
		return true;
	default:
		return false;
	}
}

static bool set_number(struct load_options *o, int c, const char *text)
{
	switch (c) {
	case 'p':
		o->port = (uint16_t)whole(text, 1, 65535);
		return true;
	case 's':
		o->status = (int)whole(text, 100, 599);
		return true;
	case 'F':
		o->first = whole(text, 0, 900000000);
		return true;
	case 'k':
		o->talks = whole(text, 1, 5000000);
		return true;
	case 'l':
		o->length = whole(text, 1, TALK_LENGTH);
		return true;
	case 'n':
		o->connections = whole(text, 1, 10000);
		return true;
	case 'w':
		o->slow = whole(text, 0, 10000);
		return true;
	case 'b':
		o->slow_byte_us = whole(text, 100, 10000000);
		return true;
	case 'r':
		o->rate = number(text, 0, 1e6);
		return true;
	case 'W':
		o->warm = number(text, 0, 3600);
		return true;
	case 'S':
		o->seconds = number(text, 0, 3600);
		return true;
	default:
		return false;
	}
}

static void read_options(int argc, char **argv, struct load_options *o)
{
	int c;

	*o = (struct load_options){ .path = "/webhook",
				    .token = "",
				    .status = 200,
				    .talks = 1000,
				    .length = TALK_LENGTH,
				    .connections = 48,
				    .slow_byte_us = 50000 };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!set_text(o, c, optarg) && !set_number(o, c, optarg))
			exit(2);
	if (!o->port || optind != argc || (o->rate > 0 && !(o->seconds > 0)) ||
	    (o->cycle && !(o->seconds > 0))) {
		fprintf(stderr, "load: --port is needed, and --seconds with --rate and --cycle\n");
		exit(2);
	}
}

static double cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u); /* cannot fail for oneself */
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void print_result(const struct load_options *o, const struct load_result *r, double cpu)
{
	const struct histogram *h = &r->latency;
	double seconds = r->seconds > 0 ? r->seconds : 1e-9;

	printf("{\"rate\":%.1f,\"answers\":%llu,\"seconds\":%.3f,\"all\":%llu,"
	       "\"wrong\":%llu,\"lost\":%llu,\"retried\":%llu,\"opened\":%llu,\"unsent\":%llu,",
	       (double)r->answers / seconds, (unsigned long long)r->answers, r->seconds,
	       (unsigned long long)r->all_answers, (unsigned long long)r->wrong,
	       (unsigned long long)r->lost, (unsigned long long)r->retried,
	       (unsigned long long)r->opened, (unsigned long long)r->unsent);
	printf("\"slow_answers\":%llu,\"slow_cut\":%llu,\"p50_us\":%.1f,\"p99_us\":%.1f,"
	       "\"p999_us\":%.1f,\"max_us\":%.1f,\"cpu\":%.2f}\n",
	       (unsigned long long)r->slow_answers, (unsigned long long)r->slow_cut,
	       histogram_us(h, 0.5), histogram_us(h, 0.99), histogram_us(h, 0.999),
	       (double)h->most / 1000, cpu / (seconds + o->warm));
}

/* A thousand connections and more need as many descriptors. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* else opening one says so */
	}
}

int main(int argc, char **argv)
{
	struct load_result *r = mem_alloc(sizeof *r);
	struct load_options o;
	struct load_script s;
	double before;
	int ret;

	read_options(argc, argv, &o);
	raise_limit();
	script_build(&o, &s);
	before = cpu_seconds();
	ret = load_run(&o, &s, r);
	print_result(&o, r, cpu_seconds() - before);
	if (r->wrong || r->lost)
		ret = -1;
	arena_free(&s.arena);
	free(r);
	return ret < 0 ? 1 : 0;
}
