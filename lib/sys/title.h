#ifndef SE_SYS_TITLE_H
#define SE_SYS_TITLE_H

/*
 * The name that ps shows for this process. title_init remembers where the kernel keeps the
 * arguments and moves the environment out of the way; title_set writes over them, as far as there
 * is room, and sets the short name (15 bytes) too.
 */
void title_init(int argc, char **argv);
/* After this argv's strings are gone. */
void title_set(const char *name);

#endif
