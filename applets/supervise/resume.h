#ifndef SE_SUPERVISE_RESUME_H
#define SE_SUPERVISE_RESUME_H

#include "supervise.h"

/* The other end of upgrade.h. In our predecessor's place: everything as it was. Where that fails,
 * it is executed again. Beside it: tells it whether we can, and ends. */
struct supervise *resume(struct predecessor *, int argc, char **argv);

#endif
