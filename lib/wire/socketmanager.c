#include "socketmanager.h"

#include <string.h>

#include "../base/num.h"
#include "../base/text.h"
#include "base64.h"
#include "marshal.h"

static const char methods[] = "listen_tcp\0listen_udp\0share_tcp\0share_udp\0share_unix\0";

/* ---- frames ---- */

/* A string of JSON without escapes between blanks; false: none. What follows it is at *p. */
static bool
json_string(char **p, char *end, char **text, size_t *len)
{
	char *q = *p, *close;

	while (q < end && (*q == ' ' || *q == '\t' || *q == '\n' || *q == '\r'))
		q++;
	if (q == end || *q != '"' || !(close = text_find(q + 1, '"', (size_t)(end - q) - 1)))
		return false;
	*text = q + 1;
	*len = (size_t)(close - q) - 1;
	q = close + 1;
	while (q < end && (*q == ' ' || *q == '\t' || *q == '\n' || *q == '\r'))
		q++;
	*p = q;
	return true;
}

/* In a time that does not tell how much of it is right. */
static bool
is_token(const char *text, size_t len, const char *token)
{
	unsigned differ = len != strlen(token);

	for (size_t i = 0; i < len && token[i]; i++)
		differ |= (unsigned char)(text[i] ^ token[i]);
	return differ == 0;
}

enum socketmanager_state
socketmanager_take(char *bytes, size_t have, const char *token, struct socketmanager_frame *frame)
{
	const unsigned char *head = (const unsigned char *)bytes;
	char *p = bytes + 4, *end, *text, *value;
	size_t len, value_len;

	if (have < 4)
		return SOCKETMANAGER_MORE;
	len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (len > SOCKETMANAGER_FRAME - 4)
		return SOCKETMANAGER_BAD;
	if (have - 4 < len)
		return SOCKETMANAGER_MORE;
	end = p + len;
	frame->used = 4 + len;
	if (len < 2 || *p++ != '[' || !json_string(&p, end, &text, &len) || p == end ||
	    *p++ != ',' || !json_string(&p, end, &value, &value_len) || end - p != 1 || *p != ']')
		return SOCKETMANAGER_BAD;
	if (!is_token(text, len, token) || !base64_take(value, &value_len))
		return SOCKETMANAGER_BAD;
	frame->value = value;
	frame->len = value_len;
	return SOCKETMANAGER_WHOLE;
}

static void
put_frame(struct buf *b, const char *token, const struct buf *value)
{
	size_t len = strlen(token) + (value->len + 2) / 3 * 4 + 7; /* ["",""] */
	const char head[4] = { (char)(len >> 24), (char)(len >> 16), (char)(len >> 8), (char)len };

	buf_put(b, head, sizeof head);
	buf_printf(b, "[\"%s\",\"", token);
	base64_put(b, value->base, value->len);
	buf_puts(b, "\"]");
}

/* ---- requests ---- */

/* A text as a string; false: it is too long. */
static bool
copy(const struct marshal_value *v, char *to, size_t room)
{
	if (v->len >= room)
		return false;
	memcpy(to, v->text, v->len);
	to[v->len] = '\0';
	return true;
}

/* A number as such or in digits, as Ruby takes a port. */
static bool
next_number(struct marshal *m, unsigned max, unsigned *out)
{
	struct marshal_value v;
	char digits[8];
	uint64_t n;

	if (!marshal_next(m, &v))
		return false;
	if (v.kind == MARSHAL_STRING && copy(&v, digits, sizeof digits)) {
		if (!num_count(digits, 0, max, &n))
			return false;
		*out = (unsigned)n;
		return true;
	}
	if (v.kind != MARSHAL_NUMBER || v.number < 0 || v.number > (int64_t)max)
		return false;
	*out = (unsigned)v.number;
	return true;
}

static bool
next_host(struct marshal *m, char host[SOCKETMANAGER_HOST])
{
	struct marshal_value v;

	return marshal_next(m, &v) && v.kind == MARSHAL_STRING && !text_find(v.text, '\0', v.len) &&
	    copy(&v, host, SOCKETMANAGER_HOST);
}

/* The method's name; its number, or UNKNOWN. */
static enum socketmanager_method
method_of(const struct marshal_value *v)
{
	char name[16];
	int i;

	if (!copy(v, name, sizeof name))
		return SOCKETMANAGER_UNKNOWN;
	i = num_word(name, methods);
	return i < 0 || strlen(name) != v->len ? SOCKETMANAGER_UNKNOWN
					       : (enum socketmanager_method)i;
}

bool
socketmanager_request(const char *value, size_t len, struct socketmanager_request *r)
{
	struct marshal m;
	struct marshal_value v;
	bool fits = true;

	*r = (struct socketmanager_request){ .method = SOCKETMANAGER_UNKNOWN };
	if (!marshal_open(&m, value, len) || !marshal_next(&m, &v) || v.kind != MARSHAL_ARRAY ||
	    v.number < 2 || !marshal_next(&m, &v) || v.kind != MARSHAL_NUMBER ||
	    !marshal_next(&m, &v) || v.kind != MARSHAL_SYMBOL)
		return false;
	r->method = method_of(&v);
	switch (r->method) {
	case SOCKETMANAGER_LISTEN_TCP:
	case SOCKETMANAGER_LISTEN_UDP:
		fits = next_host(&m, r->host) && next_number(&m, 65535, &r->number);
		break;
	case SOCKETMANAGER_SHARE_TCP:
	case SOCKETMANAGER_SHARE_UDP:
		fits = next_number(&m, 65535, &r->number);
		break;
	case SOCKETMANAGER_SHARE_UNIX:
	case SOCKETMANAGER_UNKNOWN:
		break;
	}
	if (!fits)
		r->method = SOCKETMANAGER_UNKNOWN;
	return true;
}

void
socketmanager_put_request(
    struct buf *b, const char *token, long pid, const struct socketmanager_request *r)
{
	bool listens = r->method <= SOCKETMANAGER_LISTEN_UDP;
	bool shares = r->method == SOCKETMANAGER_SHARE_TCP || r->method == SOCKETMANAGER_SHARE_UDP;
	char room[SOCKETMANAGER_HOST + 64];
	struct buf value = buf_over(room, sizeof room);

	marshal_begin(&value);
	marshal_put_array(&value, listens ? 4 : shares ? 3 : 2);
	marshal_put_number(&value, pid);
	marshal_put_symbol(&value, text_item(methods, r->method));
	if (listens)
		marshal_put_string(&value, r->host);
	if (listens || shares)
		marshal_put_number(&value, (long)r->number);
	put_frame(b, token, &value);
}

/* ---- answers ---- */

bool
socketmanager_answer(
    const char *value, size_t len, enum socketmanager_answer *what, char text[SOCKETMANAGER_TEXT])
{
	struct buf b = buf_over(text, SOCKETMANAGER_TEXT);
	struct marshal m;
	struct marshal_value v;

	if (!marshal_open(&m, value, len) || !marshal_next(&m, &v))
		return false;
	*what = v.kind == MARSHAL_NIL  ? SOCKETMANAGER_NIL
	    : v.kind == MARSHAL_OBJECT ? SOCKETMANAGER_ERROR
				       : SOCKETMANAGER_KEY;
	buf_escape(&b, v.text, v.len, 100);
	if (v.kind != MARSHAL_OBJECT)
		return v.kind == MARSHAL_NIL || v.kind == MARSHAL_STRING;
	/* an exception's message is the first that Ruby writes of it */
	if (v.number > 0 && marshal_next(&m, &v) && v.kind == MARSHAL_SYMBOL &&
	    marshal_next(&m, &v) && v.kind == MARSHAL_STRING) {
		buf_puts(&b, ": ");
		buf_escape(&b, v.text, v.len, 100);
	}
	return true;
}

/* nil; or the text as a string; or, with a class, the exception of that message. */
static void
put_answer(struct buf *b, const char *token, const char *class, const char *text, int number)
{
	char room[2 * SOCKETMANAGER_TEXT];
	struct buf value = buf_over(room, sizeof room);

	marshal_begin(&value);
	if (class) {
		marshal_put_object(&value, class, number ? 3 : 2);
		marshal_put_symbol(&value, "mesg");
	}
	if (text)
		marshal_put_string(&value, text);
	if (class)
		marshal_put_symbol(&value, "bt");
	if (class || !text)
		marshal_put_nil(&value);
	if (number) {
		marshal_put_symbol(&value, "errno");
		marshal_put_number(&value, number);
	}
	put_frame(b, token, &value);
}

void
socketmanager_put_nil(struct buf *b, const char *token)
{
	put_answer(b, token, NULL, NULL, 0);
}

void
socketmanager_put_key(struct buf *b, const char *token, const char *key)
{
	put_answer(b, token, NULL, key, 0);
}

void
socketmanager_put_error(
    struct buf *b, const char *token, const char *class, const char *message, int number)
{
	put_answer(b, token, class, message, number);
}
