#ifndef SE_SYS_ZONEFILE_H
#define SE_SYS_ZONEFILE_H

#include <stddef.h>

/* As much of a zone's file as is read: the largest of the tz database has half of it. */
#define ZONEFILE_ROOM 8192

/*
 * What tells the local time, as tzset(3) finds it: *rule is TZ without its colon, or NULL; the
 * bytes of the file that it names, or of /etc/localtime. How many; 0: there is none.
 */
size_t zonefile_read(unsigned char bytes[ZONEFILE_ROOM], const char **rule);

#endif
