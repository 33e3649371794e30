#ifndef SE_STARTER_REPORT_H
#define SE_STARTER_REPORT_H

#include "starter.h"

/*
 * The answer to whoever connects to the abstract socket report_name: "TRIED FAILED CURRENT UPGRADES
 * REFUSED WHY\n", the numbers of the last generation tried, of the last that failed and of the
 * current one, 0: none; how many upgrades were done, how many refused, and why the last one was;
 * then the table and the JSON, each with a NUL. Only root and our own user are answered.
 */
void report_name(pid_t, char name[32]);
#define STATUS_ROOM 65536

/* Listens there; without it --status has nobody to ask, which is said. */
void report_open(struct starter *);
void report_answer(struct starter *, ms now);
/* After the descriptors had run out: listens again when it is time. */
void report_tick(struct starter *, ms now);
/* Writes --status-file; what is wrong is said once. */
void report_file(struct starter *);
/* CONT: appends the table to the dump file, as a helper process. */
void report_dump(struct starter *);

#endif
