#ifndef SE_LOGROTATE_LOGROTATE_H
#define SE_LOGROTATE_LOGROTATE_H

#include "../../lib/base/scan.h"
#include "../../lib/sys/bundle.h"
#include "compress.h"
#include "drop.h"
#include "file.h"

/* What tags of the loop speak of. */
enum tag { TAG_INPUTS, TAG_HOLDER };

#define RAW_ROOM LEDGER_ROOM
/* How long the line in hand may be finished after TERM, while the file takes it. */
#define LOGGER_PATIENCE MS_SECOND

/* Everything the pipe logger knows while it runs. */
struct logger {
	const struct options *options;
	struct ledger *ledger;
	struct drop *drop; /* NULL: the input waits for the file */
	struct feed *feed; /* one of these is not NULL */
	struct held *held;
	ms trim_at;  /* when memory that was needed for a moment goes back; MS_NEVER: it has */
	ms unmute;   /* when the inputs are looked at again after a short read; 0: they are */
	ms patience; /* until then the line in hand may be finished, since: */
	bool ending; /* TERM has come */
	bool ended;  /* nothing more will come */
	int failed;  /* exit status; 0: none */
	uint64_t dropped[2]; /* lines and bytes that are not told yet */
	struct bundle inputs;

	struct file file;
	struct compress compress;
	struct lines lines;
};

/* Counts what is thrown away; it is told among the lines when they can be written again. */
void logger_drop(struct logger *, size_t lines, size_t bytes);
/* Hands the line about it to the file, if there is one to be told. */
bool logger_tell_dropped(struct logger *, const struct lines_source *);

/* Leaves the inputs alone for a moment: what comes meanwhile is read at once. */
void logger_coalesce(struct logger *, ms now);

#endif
