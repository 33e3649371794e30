#ifndef SE_SYS_CALLNAME_H
#define SE_SYS_CALLNAME_H

/* The system call's name, of those in which threads sleep; NULL: another one. */
const char *callname(long number);

#endif
