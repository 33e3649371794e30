#include "alike.h"

#include <string.h>

static bool
is_alike(const struct alike_stack *a, const struct capture *c)
{
	uint64_t value;

	if (a->result == 0 || a->pc != c->pc || a->size != c->end - c->sp)
		return false;
	for (const struct alike_word *w = a->word; w < a->word + a->words; w++) {
		if (c->len < sizeof value || w->offset > c->len - sizeof value)
			return false;
		memcpy(&value, c->bytes + w->offset, sizeof value);
		if (value != w->value && value - c->sp != w->value - a->sp)
			return false;
	}
	return true;
}

unsigned
alike_find(struct alike *a, const struct capture *c)
{
	struct alike_stack *s;

	/* of one that was stopped all registers are known, which may tell more */
	a->lost = c->how != CAPTURE_NO_STOP || c->end == 0;
	for (unsigned i = 0; !a->lost && i < ALIKE_STACKS; i++)
		if (is_alike(&a->stack[i], c))
			return a->stack[i].result;
	s = &a->stack[a->now];
	s->sp = c->sp;
	s->pc = c->pc;
	s->size = c->end - c->sp;
	s->result = s->words = 0;
	return 0;
}

void
alike_note(struct alike *a, const struct capture *c, uint64_t address, const void *bytes, size_t n,
    bool copied)
{
	struct alike_stack *s = &a->stack[a->now];

	a->lost |= !copied || n % sizeof s->word->value != 0;
	for (size_t at = 0; at < n; at += sizeof s->word->value) {
		a->lost |= s->words == ALIKE_WORDS;
		if (a->lost)
			return;
		s->word[s->words].offset = address + at - c->sp;
		memcpy(&s->word[s->words++].value, (const char *)bytes + at, sizeof s->word->value);
	}
}

void
alike_end(struct alike *a, unsigned result)
{
	if (a->lost || result == 0)
		return;
	a->stack[a->now].result = result;
	a->now = (a->now + 1) % ALIKE_STACKS;
}
