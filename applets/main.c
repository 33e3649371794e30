/* sebox: which of its programs is meant, and what they have in common. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

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

/* A line to fd; false: it has not arrived. */
static __attribute__((format(printf, 2, 3))) bool
print(int fd, const char *format, ...)
{
	char room[4096];
	struct buf b = buf_over(room, sizeof room);
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	return out_write(fd, room, b.len);
}

static bool
list(int fd)
{
	bool arrived = print(fd,
	    "usage: sebox APPLET [ARG]...\n"
	    "       sebox --install [-s] DIR    make (symbolic) links to the applets in DIR\n"
	    "       sebox --completion bash|zsh\n"
	    "       sebox --version\n"
	    "\n");

	for (size_t i = 0; i < APPLETS; i++)
		arrived &= print(fd, "  %-14s %s\n", applets[i]->name, applets[i]->summary);
	return arrived;
}

static bool
help(const struct applet *a)
{
	char room[2048];
	struct buf b = buf_over(room, sizeof room);
	void *defaults = memory_get(a->config_size);
	bool arrived = true;

	if (!defaults)
		return false;
	opt_defaults(a->opts, defaults);

	for (const char *u = a->usage; *u; u += strlen(u) + 1)
		arrived &= print(
		    STDOUT_FILENO, "%s %s %s\n", u == a->usage ? "usage:" : "      ", a->name, u);
	arrived &= print(STDOUT_FILENO, "\n%s\n", a->summary);
	for (const struct opt *o = a->opts; o->text; o++) {
		buf_clear(&b);
		opt_help(o, defaults, &b);
		arrived &= out_write(STDOUT_FILENO, room, b.len);
	}
	return arrived;
}

/* The exit status of something that was printed: a full disk or a closed pipe is an error too. */
static int
told(bool arrived)
{
	if (arrived)
		return 0;
	out_error("sebox: stdout: %s", call_reason());
	return 1;
}

int
applet_answer(const struct applet *a, bool version)
{
	return told(
	    version ? print(STDOUT_FILENO, "%s (sebox) %s\n", a->name, SEBOX_VERSION) : help(a));
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
completion(const char *shell)
{
	if (completion_print(shell, applets, APPLETS))
		return 0;
	if (errno != EINVAL)
		return told(false);
	out_error("sebox: completion: %.60s: expected bash or zsh", shell);
	return 2;
}

static int
dispatch(int argc, char **argv)
{
	const struct applet *a = argc > 0 ? find(base_name(argv[0])) : NULL;

	argv = title_init(argv);
	if (a)
		return run(a, argc, argv);
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		return told(list(STDOUT_FILENO));
	}
	if (strcmp(argv[1], "--version") == 0) {
		return told(print(STDOUT_FILENO, "sebox %s\n", SEBOX_VERSION));
	}
	if (strcmp(argv[1], "--install") == 0)
		return install(argv + 2);
	if (strcmp(argv[1], "--completion") == 0)
		return completion(argc == 3 ? argv[2] : "");
	if ((a = find(base_name(argv[1]))) != NULL)
		return run(a, argc - 1, argv + 1);
	out_error("sebox: %s: no such applet", argv[1]);
	(void)list(STDERR_FILENO); /* the status tells it too */
	return 127;
}

int
main(int argc, char **argv)
{
	return pid1_leave(dispatch(argc, argv));
}
