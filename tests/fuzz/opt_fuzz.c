#include "tests/unit/opt_table.h"

#include "lib/wire/conf.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define ROWS  (sizeof table / sizeof *table - 1)
#define WORDS 32

static char room[4][32768];

/* What was set is written so that it sets the same again. */
static void
check_again(const struct opt *o, const struct table *set)
{
	struct buf line = buf_over(room[1], sizeof room[1]),
		   text = buf_over(room[2], sizeof room[2]);
	struct buf shown = buf_over(room[3], sizeof room[3]), why;
	struct table again = table_defaults;
	char why_room[256];
	struct conf_item item;
	struct conf c;
	size_t key;

	why = buf_over(why_room, sizeof why_room);
	buf_printf(&line, "%s: ", o->text);
	key = line.len;
	optval_format(o, set, &line);
	if (line.cut)
		return;
	MUST(line.len > key);
	(void)buf_print_to(room[3], sizeof room[3], "%s", line.base + key);
	conf_open(&c, line.base, line.len);
	MUST(conf_next(&c, &item) == CONF_ITEM && opt_find(table, item.key) == o);
	MUST(optval_set(o, &again, &text, &item.value, &why));
	shown = buf_over(room[1], sizeof room[1]);
	optval_format(o, &again, &shown);
	MUST(strcmp(room[1], room[3]) == 0);
}

/* A row, and a value as text, list or nil. */
static void
fuzz_value(struct choice *from)
{
	const struct opt *o = &table[choose(from, ROWS)];
	struct table set = table_defaults, before = table_defaults;
	struct buf text = buf_over(room[0], sizeof room[0]), why;
	unsigned form = choose(from, 4);
	char why_room[256], *value;
	struct opt_value v = { .count = 1 };

	why = buf_over(why_room, sizeof why_room);
	value = malloc(from->left + 1);
	MUST(value != NULL);
	memcpy(value, from->bytes, from->left);
	value[from->left] = '\0';
	v.first = value;
	v.nil = form == 0;
	if (form == 1) {
		v.list = true;
		for (size_t i = 0; i < from->left; i++)
			v.count += value[i] == '\0';
	}
	if (!optval_set(o, &set, &text, &v, &why)) {
		MUST(why.len > 0);
		MUST(memcmp(&set, &before, sizeof set) == 0);
	} else if (o->flags & OPT_KEY) {
		check_again(o, &set);
	}
	free(value);
}

/* A command line of strings with NULs between them. */
static void
fuzz_arguments(struct choice *from)
{
	struct buf text = buf_over(room[0], sizeof room[0]), why = buf_over(room[1], 256);
	char *bytes = malloc(from->left + 1), *argv[WORDS + 2] = { (char *)(size_t) "prog" };
	struct table set = table_defaults;
	int argc = 1, first;

	MUST(bytes != NULL);
	memcpy(bytes, from->bytes, from->left);
	bytes[from->left] = '\0';
	for (char *p = bytes; p <= bytes + from->left && argc <= WORDS; p += strlen(p) + 1)
		argv[argc++] = p;
	first = opt_parse(table, &set, &text, argc, argv, &why);
	MUST(first == -1 ? why.len > 0 : first >= 1 && first <= argc && why.len == 0);
	for (const struct opt *o = table; first > 0 && o->text; o++)
		if ((o->flags & OPT_KEY) && !(o->flags & OPT_LATER))
			check_again(o, &set);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct choice from = { .bytes = data, .left = size };

	if (choose(&from, 2))
		fuzz_arguments(&from);
	else
		fuzz_value(&from);
	return 0;
}
