#include <string.h>

#include "lib/wire/conf.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const struct opt as_text = { .text = OPT_TEXT("x", "", ""), .type = OPT_STRING },
			as_list = { .text = OPT_TEXT("x", "", ""), .type = OPT_LIST };

/* Every string lies in the text, and ends there. */
static void
check_place(const struct conf_item *item, const char *text, const char *end)
{
	const char *s = item->value.first;

	MUST(item->key >= text && item->key < end && *item->key);
	MUST(
	    strspn(item->key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
	    strlen(item->key));
	if (item->value.nil)
		return;
	MUST(item->value.list || item->value.count == 1);
	for (unsigned i = 0; i < item->value.count; i++) {
		MUST(s >= text && s <= end);
		s += strlen(s) + 1;
		MUST(s <= end + 1);
	}
}

/* The value, written as we write it, is read as the same value. */
static void
check_again(const struct conf_item *item)
{
	static char line[CONF_LINE_MAX + 1], copy[CONF_LINE_MAX + 1];
	const struct opt_value *v = &item->value;
	struct opt_list l = { .first = v->first, .count = v->count };
	struct buf b = buf_over(line, sizeof line);
	struct conf_item again;
	struct conf c;
	const char *s, *t;

	buf_printf(&b, "%s: ", item->key);
	if (v->nil)
		buf_puts(&b, "nil");
	else if (v->list)
		optval_format(&as_list, &l, &b);
	else
		optval_format(&as_text, &v->first, &b);
	if (b.cut)
		return;
	memcpy(copy, line, b.len);
	conf_open(&c, copy, b.len);
	MUST(conf_next(&c, &again) == CONF_ITEM);
	MUST(strcmp(again.key, item->key) == 0 && again.line == 1);
	MUST(again.value.nil == v->nil);
	MUST(v->nil || (again.value.list == v->list && again.value.count == v->count));
	s = v->first;
	t = again.value.first;
	for (unsigned i = 0; !v->nil && i < v->count; i++) {
		MUST(strcmp(s, t) == 0);
		s += strlen(s) + 1;
		t += strlen(t) + 1;
	}
	MUST(conf_next(&c, &again) == CONF_END);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *text = malloc(size + 1);
	unsigned line = 0, lines = 1;
	struct conf_item item;
	enum conf_next next;
	struct conf c;

	MUST(text != NULL);
	memcpy(text, data, size);
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	conf_open(&c, text, size);
	while ((next = conf_next(&c, &item)) == CONF_ITEM) {
		MUST(item.line > line && item.line <= c.line && c.line <= lines);
		line = item.line;
		check_place(&item, text, text + size);
		check_again(&item);
	}
	MUST((next == CONF_ERROR) == (c.error[0] != '\0'));
	MUST(c.line >= line && c.line <= lines);
	MUST(strlen(c.error) < sizeof c.error);
	free(text);
	return 0;
}
