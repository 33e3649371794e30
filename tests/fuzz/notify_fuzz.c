#include <string.h>

#include "lib/wire/notify.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* A datagram says what its lines say one by one, the last one winning where only one can. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *bytes = (const char *)data, *end = bytes + size;
	struct notify whole, line, sum = { 0 };
	bool any = false, parsed = notify_parse(bytes, size, &whole);

	for (const char *p = bytes; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;

		any |= notify_parse(p, (size_t)(stop - p), &line);
		sum.ready |= line.ready;
		sum.stopping |= line.stopping;
		sum.watchdog |= line.watchdog;
		sum.trigger |= line.trigger;
		if ((size_t)(stop - p) >= 20 && memcmp(p, "EXTEND_TIMEOUT_USEC=", 20) == 0)
			sum.extend = line.extend;
		if (line.status) {
			sum.status = line.status;
			sum.status_len = line.status_len;
		}
		p = nl ? nl + 1 : end;
	}
	MUST(parsed == any);
	MUST(whole.ready == sum.ready && whole.stopping == sum.stopping);
	MUST(whole.watchdog == sum.watchdog && whole.trigger == sum.trigger);
	MUST(whole.extend == sum.extend);
	MUST(whole.status == sum.status && whole.status_len == sum.status_len);
	MUST(whole.extend >= 0 && whole.extend <= 86400 * MS_SECOND);
	MUST(
	    !whole.status || (whole.status >= bytes + 7 && whole.status + whole.status_len <= end));
	return 0;
}
