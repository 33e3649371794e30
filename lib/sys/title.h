#ifndef SE_SYS_TITLE_H
#define SE_SYS_TITLE_H

/*
 * The name that ps shows for this process. title_init moves the arguments and the environment out
 * of the place where the kernel looks for the name, and returns where the arguments are now;
 * title_set writes over that place, as far as there is room, and sets the short name (15 bytes)
 * too.
 */
char **title_init(char **argv);
void title_set(const char *name);

#endif
