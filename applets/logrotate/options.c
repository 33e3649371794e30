#include "options.h"

#include <errno.h>
#include <string.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/privilege.h"

#define AT(member) offsetof(struct options, member)

/* clang-format off */
#define ROW(n, t, f, a, h, m, lo, hi) \
	{ .text = OPT_TEXT(n, a, h), .type = t, .flags = OPT_FLAGS(f, h), .offset = AT(m), .min = lo, .max = hi }
#define HEADING(title)              { .text = OPT_TEXT("", "", title), .type = OPT_HEADING }
#define FLAG(name, m, help)         ROW(name, OPT_FLAG, 0, "", help, m, 0, 0)
#define SIZE(name, m, help)         ROW(name, OPT_BYTES, 0, "SIZE", help, m, 0, 0)
#define COUNT(name, m, hi, help)    ROW(name, OPT_COUNT, 0, "N", help, m, 0, hi)
#define TEXT(name, arg, m, help)    ROW(name, OPT_STRING, 0, arg, help, m, 0, 0)
#define WORD(name, words, m, help)  ROW(name, OPT_WORD, 0, words, help, m, 0, 0)

const struct opt options_opts[] = {
	ROW("rotate", OPT_VERB, 0, "", "rotate the files once", verb, OPTIONS_ROTATE, 0),
	TEXT("signal", "PID|@FILE[:SIGNAL]", signal, "then send the signal (USR1) to their writer"),
	FLAG("copytruncate", copytruncate, "copy and shorten them, for a writer that cannot reopen"),
	ROW("status", OPT_VERB, 0, "", "print the counters of the running ones, or of those of FILE", verb, OPTIONS_STATUS, 0),
	FLAG("help", help, "print this"),
	FLAG("version", version, "print the version"),

	HEADING("Rotation:"),
	SIZE("size", size, "a file gets no larger, unless a line is; 0: no limit" OPT_OR("1M")),
	COUNT("age", age, 9999, "files in all: FILE, FILE.0 (newest old) ...; 0: no rotation" OPT_OR("5")),
	COUNT("first", first, 1, "number of the newest old file"),
	ROW("every", OPT_DURATION, OPT_OR_NEVER, "TIME", "rotate at that age too" OPT_OR("-1"), every, 1000, 0),
	SIZE("keep-bytes", keep_bytes, "cap over all old files; 0: none"),
	COUNT("min-age", min_age, 9999, "on a full disk remove old files down to N in all; 0: none"),
	ROW("compress", OPT_VERB, 0, "COMMAND", "filter for old files; bare: gzip -9", compress, 1, 0),
	TEXT("compress-suffix", "TEXT", compress_suffix, "of compressed files, else by the command"),
	FLAG("sync", sync, "fdatasync(2) before a file is rotated"),

	HEADING("Lines:"),
	WORD("stamp", LOGLINE_STAMPS, stamp, "in front of each line"),
	FLAG("stamp-each", stamp_each, "read the clock for each line, not for each chunk"),
	FLAG("utc", utc, "UTC, not local time"),
	FLAG("header", header, "begin new files as Ruby's Logger; implied by --stamp=ruby"),
	WORD("stream", LOGLINE_STREAMS, stream, "what cri and json call it"),
	WORD("level", LOGLINE_LEVELS, level, "what ruby calls it" OPT_OR("info")),
	TEXT("progname", "TEXT", progname, "what ruby calls it"),
	TEXT("prefix", "TEXT", prefix, "in front of each line's text"),
	TEXT("match", "ERE", match, "only lines that match"),
	TEXT("reject", "ERE", reject, "no lines that match"),
	SIZE("max-line", max_line, "cut longer lines, and say so; 0: never"),
	FLAG("newline", newline, "end a last line that has no newline"),

	HEADING("File:"),
	ROW("mode", OPT_OCTAL, 0, "MODE", "of new files" OPT_OR("644"), mode, 0, 0777),
	TEXT("owner", "USER", owner, "of new files"),
	TEXT("group", "GROUP", group, "of new files"),
	FLAG("mkdir", mkdir, "make missing directories"),
	TEXT("link", "PATH", link, "make a symbolic link to FILE there"),
	FLAG("single-writer", single_writer, "nobody else writes FILE: no lock for each chunk"),

	HEADING("Running:"),
	WORD("overflow", "block|drop", overflow, "what if FILE is slower than the input; drop counts lines"),
	COUNT("coalesce", coalesce, 1000, "milliseconds to leave lines in the pipe after a short read" OPT_OR("2")),
	FLAG("drain", drain, "at TERM, read until the pipe is empty"),
	FLAG("tee", tee, "copy to stdout too"),
	FLAG("held", held, "input comes by descriptors 3 to 6: see the manual"),
	{ .text = NULL },
};
/* clang-format on */

_Static_assert(sizeof(struct options) <= 65535, "a row's offset has 16 bits");

size_t
options_room(int argc, char *const argv[])
{
	size_t room = 1;

	for (int i = 0; i < argc; i++)
		room += strlen(argv[i]) + 1;
	return room;
}

static bool
take_pattern(const char *name, const char *pattern, struct ere **e, struct buf *why)
{
	const char *reason;

	if (!pattern)
		return true;
	reason = (*e = memory_get(sizeof **e)) ? ere_compile(*e, pattern) : call_reason();
	if (!reason)
		return true;
	buf_printf(why, "--%s: ", name);
	buf_escape(why, pattern, strlen(pattern), 60);
	buf_printf(why, ": %s", reason);
	return false;
}

/* What no single option can tell; NULL: nothing is wrong. */
static const char *
wrong(const struct options *c)
{
	if (c->verb.verb == OPTIONS_PIPE && c->nfiles != 1)
		return "FILE: expected one";
	if (c->verb.verb == OPTIONS_ROTATE && c->nfiles == 0)
		return "FILE: none given";
	for (unsigned i = 0; i < c->nfiles; i++)
		if (*c->files[i] == '\0')
			return "FILE: the name is empty";
	if (c->verb.verb != OPTIONS_ROTATE && (c->copytruncate || c->signal))
		return "--signal, --copytruncate: only with --rotate";
	if (c->copytruncate && c->signal)
		return "--copytruncate: its writer needs no --signal";
	if (c->tee && (c->held || strcmp(c->files[0], "-") == 0))
		return "--tee: stdout is taken";
	if (c->min_age > 0 && c->min_age >= c->age)
		return "--min-age: it must be less than --age";
	if (c->max_line > 0 && c->max_line > 65536)
		return "--max-line: at most 64K";
	if (c->prefix && strlen(c->prefix) > 256)
		return "--prefix: longer than 256 bytes";
	if (c->progname && strlen(c->progname) > 64)
		return "--progname: longer than 64 bytes";
	return NULL;
}

bool
options_load(struct options *c, int argc, char **argv, struct buf *text, struct buf *why)
{
	const char *reason;
	int first;

	opt_defaults(options_opts, c);
	if ((first = opt_parse(options_opts, c, text, argc, argv, why)) < 0)
		return false;
	c->files = argv + first;
	c->nfiles = (unsigned)(argc - first);
	c->size_given = opt_given(options_opts, "size", argc, argv);
	if (!take_pattern("match", c->match, &c->matching, why) ||
	    !take_pattern("reject", c->reject, &c->rejecting, why))
		return false;
	if ((reason = wrong(c)) == NULL)
		return true;
	buf_puts(why, reason);
	return false;
}

void
options_rotation_policy(const struct options *c, struct rotation_policy *p)
{
	*p = (struct rotation_policy){
		.size = c->size,
		.age = c->age,
		.first = c->first,
		.min_age = c->min_age,
		.keep_bytes = c->keep_bytes,
		.every = c->every,
		.look_every = c->single_writer ? MS_SECOND : 0,
		.sync = c->sync,
	};
}

const char *
options_logfile(const struct options *c, const char *path, struct logfile *l)
{
	struct privilege p;
	const char *why = privilege_resolve(c->owner, c->group, &p);

	*l = (struct logfile){
		.path = path,
		.suffix = "",
		.header = "",
		.mode = (mode_t)c->mode,
		.uid = p.user ? p.uid : (uid_t)-1,
		.gid = p.group ? p.gid : (gid_t)-1,
		.mkdir = c->mkdir,
		.shared = !c->single_writer,
		.fd = -1,
	};
	return why;
}
