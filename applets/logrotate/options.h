#ifndef SE_LOGROTATE_OPTIONS_H
#define SE_LOGROTATE_OPTIONS_H

#include "../../lib/base/ere.h"
#include "../../lib/base/opt.h"
#include "../../lib/fsm/rotation.h"
#include "../../lib/sys/logfile.h"
#include "../../lib/wire/logline.h"

/* What the command line says; one member for each row of options_opts, and what follows from them.
 */
struct options {
	bool help, version; /* seen before by main */
	struct opt_verb verb;
	bool held;

	uint64_t size;
	unsigned age, first, min_age;
	ms every;
	uint64_t keep_bytes;
	struct opt_verb compress; /* verb 1: given; value NULL: gzip -9 */
	const char *compress_suffix;
	bool sync;

	unsigned stamp; /* enum logline_stamp */
	bool stamp_each, utc, header;
	unsigned stream, level;
	const char *progname, *prefix, *match, *reject;
	uint64_t max_line;
	bool newline;

	int mode;
	const char *owner, *group, *link;
	bool mkdir, single_writer;

	unsigned overflow; /* enum options_overflow */
	unsigned coalesce; /* milliseconds */
	bool drain, tee;

	const char *signal;
	bool copytruncate;

	struct ere *matching, *rejecting; /* NULL: not given */
	char *const *files;
	unsigned nfiles;
	bool size_given;
	bool ends_only; /* TERM is not for us: the input's end is */
};

enum options_verb { OPTIONS_PIPE, OPTIONS_ROTATE, OPTIONS_STATUS };
enum options_overflow { OPTIONS_BLOCK, OPTIONS_DROP };

extern const struct opt options_opts[];

/* Reads the command line. False: why holds "what: object: reason", for exit status 2. */
bool options_load(struct options *, int argc, char **argv, struct buf *text, struct buf *why);
void options_rotation_policy(const struct options *, struct rotation_policy *);
/* The log file as it is to be made; not yet opened. NULL: done; else the reason. */
const char *options_logfile(const struct options *, const char *path, struct logfile *);
/* Room that options_load needs for text. */
size_t options_room(int argc, char *const argv[]);

#endif
