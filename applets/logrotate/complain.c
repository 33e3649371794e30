#include "complain.h"

#include "../../lib/sys/out.h"

void
complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	out_verror("se-logrotate: ", format, ap);
	va_end(ap);
}
