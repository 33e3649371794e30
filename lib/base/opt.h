#ifndef SE_BASE_OPT_H
#define SE_BASE_OPT_H

#include "optval.h"

/* The table of rows as a whole: its names, the command line, --help. Rows end with name == NULL. */

/* Puts the defaults into the config struct, which is all zeroes. */
void opt_defaults(const struct opt *, void *config);
/* The row of that name, '-' and '_' alike; NULL if there is none. */
const struct opt *opt_find(const struct opt *, const char *name);
/* The name most like it among the rows that have all of the flags; NULL if none is near. */
const char *opt_nearest(const struct opt *, unsigned flags, const char *name);
/*
 * Takes the options in front of argv's first operand. Returns the operand's index, or -1 with the
 * message in why.
 */
int opt_parse(const struct opt *, void *config, struct buf *text, int argc, char *const argv[],
    struct buf *why);
/* Does the option of that name stand in front of argv's first operand, whatever else is wrong? */
bool opt_given(const struct opt *, const char *name, int argc, char *const argv[]);
/*
 * The command line as Perl's Getopt::Long reads it, for opt_parse: options among the operands up to
 * "--", one dash or two, any case, names shortened as long as they mean one row. to: room for
 * 2 * argc + 2 pointers; the last is NULL. text: for the strings' lengths together and
 * OPT_PERMUTED_ROOM for each. False: the message is in why.
 */
#define OPT_PERMUTED_ROOM 64
bool opt_permute(
    const struct opt *, int argc, char *const argv[], char **to, struct buf *text, struct buf *why);
/* "--name", with dashes. */
void opt_put_name(const struct opt *, struct buf *);
/* The row's lines of --help. */
void opt_help(const struct opt *row, const void *defaults, struct buf *);

#endif
