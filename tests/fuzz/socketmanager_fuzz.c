#include <stdlib.h>
#include <string.h>

#include "lib/wire/base64.h"
#include "lib/wire/marshal.h"
#include "lib/wire/socketmanager.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define TOKEN "t"

/* What was understood is understood again when it is written. */
static void
write_again(const struct socketmanager_request *r)
{
	char room[SOCKETMANAGER_FRAME];
	struct buf b = buf_over(room, sizeof room);
	struct socketmanager_frame frame;
	struct socketmanager_request back;

	if (r->method == SOCKETMANAGER_UNKNOWN)
		return;
	socketmanager_put_request(&b, TOKEN, 7, r);
	MUST(!b.cut && socketmanager_take(room, b.len, TOKEN, &frame) == SOCKETMANAGER_WHOLE);
	MUST(frame.used == b.len && socketmanager_request(frame.value, frame.len, &back));
	MUST(back.method == r->method && back.number == r->number &&
	    strcmp(back.host, r->host) == 0);
}

static void
look_at(const char *value, size_t len)
{
	enum socketmanager_answer answer;
	struct socketmanager_request r;
	char text[SOCKETMANAGER_TEXT];
	struct marshal m;
	struct marshal_value v;

	if (socketmanager_request(value, len, &r))
		write_again(&r);
	(void)socketmanager_answer(value, len, &answer, text);
	for (bool more = marshal_open(&m, value, len); more && marshal_next(&m, &v);)
		MUST(m.at <= m.end &&
		    (!v.text || (v.text >= value && v.text + v.len <= value + len)));
}

/* The bytes as a value; and as what comes over a connection, the token right where it can be. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *copy = malloc(size + 1), *at = copy;
	struct socketmanager_frame frame;
	size_t left = size;

	look_at((const char *)data, size);
	memcpy(copy, data, size);
	while (socketmanager_take(at, left, TOKEN, &frame) == SOCKETMANAGER_WHOLE) {
		MUST(frame.used >= 4 && frame.used <= left && frame.used <= SOCKETMANAGER_FRAME);
		MUST(frame.value >= at && frame.value + frame.len <= at + frame.used);
		look_at(frame.value, frame.len);
		at += frame.used;
		left -= frame.used;
	}
	memcpy(copy, data, size);
	left = size;
	if (base64_take(copy, &left)) {
		char room[4096];
		struct buf b = buf_over(room, sizeof room);

		base64_put(&b, copy, left);
		MUST(b.cut || (b.len == size && memcmp(room, data, size) == 0));
	}
	free(copy);
	return 0;
}
