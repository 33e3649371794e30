#ifndef SE_LOGROTATE_COMPLAIN_H
#define SE_LOGROTATE_COMPLAIN_H

/* A line to stderr, behind the applet's name. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

#endif
