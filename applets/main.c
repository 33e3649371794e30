/* sebox: which of its programs is meant, and what they have in common. */
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../lib/base/text.h"
#include "../lib/sys/call.h"
#include "../lib/sys/memory.h"
#include "../lib/sys/out.h"
#include "../lib/sys/pid1.h"
#include "../lib/sys/title.h"
#include "applet.h"
#include "completion.h"

/* All of applets.def, or those that the Makefile has been told to build in. */
#ifndef SEBOX_APPLETS
#define SEBOX_APPLETS "applets.def"
#endif

#define APPLET(id) extern const struct applet applet_##id;
#include SEBOX_APPLETS
#undef APPLET

static const struct applet *const applets[] = {
#define APPLET(id) &applet_##id,
#include SEBOX_APPLETS
#undef APPLET
};

#define APPLETS (sizeof applets / sizeof *applets)

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By its name, "se-supervise", by the name without "se-", or by its other name; init is what
 * kernels start. */
static const struct applet *
find(const char *name)
{
	if (strcmp(name, "init") == 0)
		name = "supervise";
	for (size_t i = 0; i < APPLETS; i++)
		if (strcmp(applets[i]->name, name) == 0 ||
		    strcmp(applets[i]->name + 3, name) == 0 ||
		    (applets[i]->alias && strcmp(applets[i]->alias, name) == 0))
			return applets[i];
	return NULL;
}

static void *
need(size_t size)
{
	void *room = memory_get(size);

	if (room)
		return room;
	out_error("sebox: memory: %s", call_reason());
	_exit(1);
}

#define PAGE 65536

/* Room for whatever is printed. */
static struct buf
page(void)
{
	return buf_over(need(PAGE), PAGE);
}

/* Prints it; the exit status: a full disk or a closed pipe is an error too. */
static int
tell(const struct buf *b)
{
	if (out_write(STDOUT_FILENO, b->base, b->len))
		return 0;
	out_error("sebox: stdout: %s", call_reason());
	return 1;
}

static void
list(struct buf *b)
{
	buf_puts(b,
	    "usage: sebox APPLET [ARG]...\n"
	    "       sebox --install [-s] DIR    make (symbolic) links to the applets in DIR\n"
	    "       sebox --completion bash|zsh\n"
	    "       sebox --version\n"
	    "\n");
	for (size_t i = 0; i < APPLETS; i++)
		buf_printf(b, "  %-14s %s\n", applets[i]->name, applets[i]->summary);
}

static void
help(const struct applet *a, struct buf *b)
{
	void *defaults = need(a->config_size);

	opt_defaults(a->opts, defaults);
	for (const char *u = a->usage; *u; u = text_item(u, 1))
		buf_printf(b, "%s %s %s\n", u == a->usage ? "usage:" : "      ", a->name, u);
	buf_printf(b, "\n%s\n", a->summary);
	for (const struct opt *o = a->opts; o->text; o++)
		opt_help(o, defaults, b);
}

int
applet_answer(const struct applet *a, bool version)
{
	struct buf b = page();

	if (version)
		buf_printf(&b, "%s (sebox) %s\n", a->name, SEBOX_VERSION);
	else
		help(a, &b);
	return tell(&b);
}

static int
run(const struct applet *a, int argc, char **argv)
{
	/* what a kernel passes on in front of the options was not meant for us */
	if (strcmp(base_name(argv[0]), "init") == 0)
		for (; argc > 1 && argv[1][0] != '-'; argc--, argv++)
			argv[1] = argv[0];
	if (!a->own_help && opt_given(a->opts, "help", argc, argv))
		return applet_answer(a, false);
	if (!a->own_help && opt_given(a->opts, "version", argc, argv))
		return applet_answer(a, true);
	return a->run(argc, argv);
}

static int
failed(const char *what)
{
	out_error("sebox: install: %s: %s", what, call_reason());
	return 1;
}

/* One link DIR/se-name to self; an equal one that is there already is fine. */
static int
make_link(const char *self, const char *dir, const char *name, bool symbolic)
{
	char path[4096];
	struct stat ours, there;

	if (!buf_print_to(path, sizeof path, "%s/%s", dir, name)) {
		out_error("sebox: install: %.200s: %s", dir, strerror(ENAMETOOLONG));
		return 1;
	}
	if ((symbolic ? symlink(self, path) : link(self, path)) == 0)
		return 0;
	if (errno != EEXIST)
		return failed(path);
	if (call_stat(self, &ours) == 0 && call_stat(path, &there) == 0 && call_same(&ours, &there))
		return 0;
	errno = EEXIST;
	return failed(path);
}

/* Our own file, to which links can lead from anywhere; where /proc is missing, as we were called.
 */
static bool
find_self(char *to, size_t room)
{
	ssize_t n = call_readlink("/proc/self/exe", to, room - 1);
	const char *called = (const char *)getauxval(AT_EXECFN);
	char dir[2048];

	if (n >= 0) {
		to[n] = '\0';
		return true;
	}
	if (!called || (*called != '/' && call_getcwd(dir, sizeof dir) < 0))
		return false;
	if (*called == '/')
		*dir = '\0';
	if (buf_print_to(to, room, "%s%s%s", dir, *dir ? "/" : "", called))
		return true;
	errno = ENAMETOOLONG;
	return false;
}

static int
install(char **argv)
{
	bool symbolic = *argv && strcmp(*argv, "-s") == 0;
	int status = 0;
	char self[4096];

	argv += symbolic;
	if (!argv[0] || argv[1]) {
		out_error("sebox: install: usage: sebox --install [-s] DIR");
		return 2;
	}
	if (!find_self(self, sizeof self))
		return failed("/proc/self/exe");
	for (size_t i = 0; i < APPLETS; i++) {
		status |= make_link(self, argv[0], applets[i]->name, symbolic);
		if (applets[i]->alias)
			status |= make_link(self, argv[0], applets[i]->alias, symbolic);
	}
	return status;
}

static int
dispatch(int argc, char **argv)
{
	const struct applet *a = argc > 0 ? find(base_name(argv[0])) : NULL;
	const char *word, *shell;
	struct buf b;

	argv = title_init(argv);
	if (a)
		return run(a, argc, argv);
	word = argc > 1 ? argv[1] : "--help";
	if ((a = find(base_name(word))) != NULL)
		return run(a, argc - 1, argv + 1);
	if (strcmp(word, "--install") == 0)
		return install(argv + 2);
	b = page();
	if (strcmp(word, "--version") == 0) {
		buf_printf(&b, "sebox %s\n", SEBOX_VERSION);
	} else if (strcmp(word, "--completion") == 0) {
		shell = argc == 3 ? argv[2] : "";
		if (!completion_put(shell, applets, APPLETS, &b)) {
			out_error("sebox: completion: %.60s: expected bash or zsh", shell);
			return 2;
		}
	} else {
		list(&b);
		if (strcmp(word, "--help") != 0) {
			out_error("sebox: %s: no such applet", word);
			(void)out_write(STDERR_FILENO, b.base, b.len); /* the status tells it too */
			return 127;
		}
	}
	return tell(&b);
}

int
main(int argc, char **argv)
{
	return pid1_leave(dispatch(argc, argv));
}
