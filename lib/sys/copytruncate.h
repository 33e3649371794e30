#ifndef SE_SYS_COPYTRUNCATE_H
#define SE_SYS_COPYTRUNCATE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Moves what is in a log file to another file, for writers that hold it open and cannot reopen it.
 * They may go on appending meanwhile; they must do so with O_APPEND (copytruncate_writer), for the
 * place they write at moves. In this order:
 *
 *	copytruncate_copy	lines to the other file, and to the disk
 *	the caller		gives the other file its name, leaves it open
 *	copytruncate_cut	the lines are removed from the log file
 *
 * so that what a crash in between leaves is lines in both files, never in none: with
 * COPYTRUNCATE_COLLAPSE of the machine too, where both files are on one file system. Until cut has
 * removed something (cut is 0) the log file has all lines, and the other one may as well be
 * removed. Nobody else may truncate the log file between the two calls: the caller's lock.
 */
enum copytruncate_way {
	/* The file has no whole line yet: nothing is copied, nothing is cut. */
	COPYTRUNCATE_NOTHING,
	/*
	 * FALLOC_FL_COLLAPSE_RANGE (fallocate(2); ext4, xfs, f2fs, and overlayfs over these): the
	 * kernel removes whole blocks from the head, in one step between two writes. No line is
	 * lost or split, however fast the writers are. The newest lines stay in the log file, up to
	 * 64 blocks and less than half of it, so that the cut is between two lines or, if none ends
	 * at a block's end, cuts little off one: this piece, which is in the other file too, is
	 * overwritten with blanks, its newline stays.
	 */
	COPYTRUNCATE_COLLAPSE,
	/*
	 * Where there is no such call, or less than a block of lines: copied until a read finds no
	 * more, then truncated by the next system call. What is appended between these two is lost:
	 * for a microsecond or so, but as long as we are preempted there, or wait for the file's
	 * lock, which busy writers may keep from us for some milliseconds.
	 */
	COPYTRUNCATE_TRUNCATE,
};

struct copytruncate {
	int from;     /* the log file, for reading and writing, without O_APPEND */
	int to;       /* the other one, empty, for writing, without O_APPEND */
	bool midline; /* truncate even if the last line has no newline (yet): this may split it */

	enum copytruncate_way way; /* of copy; cut may still turn to truncation */
	off_t copied;              /* so many of the log file's bytes the other file has */
	off_t at;                  /* where to collapse */
	off_t cut;                 /* bytes removed from the log file; 0: it is as it was */
	off_t blanked;             /* bytes at its head that are now a line of blanks */
	bool whole;                /* what was copied last ends in a newline */
};

/*
 * Decides the way and copies. -1: errno, the log file is as it was and the other one of no use;
 * ESTALE: somebody truncated the log file.
 */
int copytruncate_copy(struct copytruncate *);
/*
 * Removes what was copied; with COPYTRUNCATE_TRUNCATE it copies the rest before. 0, or -1 with
 * errno, and can be called again then if cut is 0. EAGAIN: truncation would split the last line,
 * which has no newline yet and may get it within a moment (midline says what to do otherwise). With
 * cut not 0: removed, but the piece of a line at the head could not be overwritten.
 */
int copytruncate_cut(struct copytruncate *);
/*
 * A process, other than this one, that has the open file fd open for writing without O_APPEND: it
 * would go on at its old place and leave a hole before it. Its pid, 0: none; -1 with errno: not
 * known (no /proc, or none found but somebody else's processes could not be looked at). Processes
 * that /proc does not show, as other containers' or those hidden by hidepid, are not found.
 */
pid_t copytruncate_writer(int fd);

#endif
