/* sebox: which of its programs is meant, and what they have in common. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/sys/title.h"
#include "applet.h"

#define APPLET(id) extern const struct applet applet_##id;
#include "applets.def"
#undef APPLET

static const struct applet *const applets[] = {
#define APPLET(id) &applet_##id,
#include "applets.def"
#undef APPLET
};

#define APPLETS (sizeof applets / sizeof *applets)

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By its name, "se-supervise", or by the name without "se-". */
static const struct applet *
find(const char *name)
{
	for (size_t i = 0; i < APPLETS; i++)
		if (strcmp(applets[i]->name, name) == 0 || strcmp(applets[i]->name + 3, name) == 0)
			return applets[i];
	return NULL;
}

static void
list(FILE *f)
{
	(void)fprintf(f,
	    "usage: sebox APPLET [ARG]...\n"
	    "       sebox --install [-s] DIR    make (symbolic) links to the applets in DIR\n"
	    "       sebox --version\n"
	    "\n");
	for (size_t i = 0; i < APPLETS; i++)
		(void)fprintf(f, "  %-14s %s\n", applets[i]->name, applets[i]->summary);
}

static void
help(const struct applet *a)
{
	char room[2048];
	struct buf b = buf_over(room, sizeof room);

	for (const char *u = a->usage; *u; u += strlen(u) + 1)
		(void)printf("%s %s %s\n", u == a->usage ? "usage:" : "      ", a->name, u);
	(void)printf("\n%s\n", a->summary);
	for (const struct opt *o = a->opts; o->name; o++) {
		buf_clear(&b);
		opt_help(o, a->defaults, &b);
		(void)fputs(room, stdout);
	}
}

/* What was printed has arrived; a full disk or a closed pipe is an error too. */
static int
flushed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	(void)fprintf(stderr, "sebox: stdout: %s\n", strerror(errno));
	return 1;
}

static int
run(const struct applet *a, int argc, char **argv)
{
	for (int i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			help(a);
			return flushed();
		}
		if (strcmp(argv[i], "--version") == 0) {
			(void)printf("%s (sebox) %s\n", a->name, SEBOX_VERSION);
			return flushed();
		}
	}
	return a->run(argc, argv);
}

/* One link DIR/se-name to self; an equal one that is there already is fine. */
static int
make_link(const char *self, const char *dir, const char *name, int symbolic)
{
	char path[4096];
	struct stat ours, there;
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof path) {
		(void)fprintf(stderr, "sebox: install: %s: %s\n", dir, strerror(ENAMETOOLONG));
		return 1;
	}
	if ((symbolic ? symlink(self, path) : link(self, path)) == 0)
		return 0;
	n = errno;
	if (n == EEXIST && stat(self, &ours) == 0 && stat(path, &there) == 0 &&
	    ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
		return 0;
	(void)fprintf(stderr, "sebox: install: %s: %s\n", path, strerror(n));
	return 1;
}

static int
install(int argc, char **argv)
{
	int symbolic = argc > 0 && strcmp(argv[0], "-s") == 0, failed = 0;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	argc -= symbolic;
	argv += symbolic;
	if (argc != 1) {
		(void)fputs("sebox: install: usage: sebox --install [-s] DIR\n", stderr);
		return 2;
	}
	if (n < 0) {
		(void)fprintf(stderr, "sebox: install: /proc/self/exe: %s\n", strerror(errno));
		return 1;
	}
	self[n] = '\0';
	for (size_t i = 0; i < APPLETS; i++)
		failed |= make_link(self, argv[0], applets[i]->name, symbolic);
	return failed;
}

int
main(int argc, char **argv)
{
	const struct applet *a = argc > 0 ? find(base_name(argv[0])) : NULL;

	title_init(argc, argv);
	if (a)
		return run(a, argc, argv);
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		list(stdout);
		return flushed();
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("sebox %s\n", SEBOX_VERSION);
		return flushed();
	}
	if (strcmp(argv[1], "--install") == 0)
		return install(argc - 2, argv + 2);
	if ((a = find(base_name(argv[1]))) != NULL)
		return run(a, argc - 1, argv + 1);
	(void)fprintf(stderr, "sebox: %s: no such applet\n", argv[1]);
	list(stderr);
	return 127;
}
