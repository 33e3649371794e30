#ifndef SE_APPLET_H
#define SE_APPLET_H

#include "../lib/base/opt.h"

#ifndef SEBOX_VERSION
#define SEBOX_VERSION "0.1.0"
#endif

/* One program of the binary. */
struct applet {
	const char *name;
	const char *alias; /* another name that it answers to; NULL: none */
	const char *usage; /* what follows the name, a line each; NULL-terminated by an empty one */
	const char *summary; /* one line */
	const struct opt *opts;
	bool own_help;      /* run sees to --help and --version, since they may stand anywhere */
	size_t config_size; /* of the struct that opts speak of */
	int (*run)(int argc, char **argv); /* argv[0] is the applet's; returns the exit status */
};

/* What applets start of each other: no address: this binary was built without it, SE_APPLETS. */
extern const struct applet applet_logrotate __attribute__((weak));
extern const struct applet applet_sigdump __attribute__((weak));

/* Prints --help, or --version; the exit status. Where own_help is not set, main does it. */
int applet_answer(const struct applet *, bool version);

#endif
