#ifndef SE_WIRE_CARRY_H
#define SE_WIRE_CARRY_H

#include <stdbool.h>

#include "../base/buf.h"

/*
 * What a process knows, as lines of text that another version of its program goes on from. The
 * same code writes and reads: each carry_ function does either. A line is a name and its fields,
 * with a blank in front of each: a number, or LENGTH:BYTES.
 *
 * A table of fields only ever grows at its end. A reader whose table is longer leaves the members
 * that are missing as they were; one whose table is shorter refuses the line, since it would lose
 * something.
 */
enum carry_kind {
	CARRY_NUMBER,
	CARRY_FD,    /* a number; -1: none */
	CARRY_TEXT,  /* an array of char that ends with a NUL */
	CARRY_BYTES, /* as many of an array as the field in front says */
};

struct carry_field {
	unsigned short offset; /* of the member */
	unsigned short size;   /* of it */
	unsigned short most;   /* 0..most, where that is not 0 */
	unsigned short kind;   /* enum carry_kind */
};

#define CARRY_SIZE(type, member) sizeof(((type *)0)->member)
/* The same of an array; of a pointer it is no number, and does not compile. */
#define CARRY_ROOM(type, member) \
	_Generic(&((type *)0)->member, char ** : (char *)0, default : CARRY_SIZE(type, member))
#define CARRY_ROW(type, member, most, kind)                                  \
	{                                                                    \
		offsetof(type, member), CARRY_SIZE(type, member), most, kind \
	}
#define CARRY_ARRAY(type, member, kind)                                   \
	{                                                                 \
		offsetof(type, member), CARRY_ROOM(type, member), 0, kind \
	}
#define CARRY_A_NUMBER(type, member) CARRY_ROW(type, member, 0, CARRY_NUMBER)
#define CARRY_A_FLAG(type, member)   CARRY_ROW(type, member, 1, CARRY_NUMBER)
/* of an enum, an index, a length: any other value is refused */
#define CARRY_UP_TO(type, member, most) CARRY_ROW(type, member, most, CARRY_NUMBER)
#define CARRY_AN_FD(type, member)       CARRY_ROW(type, member, 0, CARRY_FD)
#define CARRY_A_TEXT(type, member)      CARRY_ARRAY(type, member, CARRY_TEXT)
#define CARRY_SOME(type, member)        CARRY_ARRAY(type, member, CARRY_BYTES)

struct carry {
	bool reading;
	bool wrong;      /* what is read is not understood; nothing is done from then on */
	unsigned line;   /* lines so far: of what is wrong */
	const char *at;  /* reading: what is left, */
	const char *end; /* up to there */
	struct buf *out; /* writing; what does not fit is told by its cut */
	void (*fd)(int); /* writing: called for every descriptor; NULL: nothing is */
};

/* Begin; then the lines, in the same order. */
void carry_write(struct carry *, struct buf *out, void (*fd)(int));
void carry_read(struct carry *, const char *text, size_t len);
/* One line, of the members of the struct at base. */
void carry_line(
    struct carry *, const char *name, const struct carry_field *, size_t fields, void *base);
#define CARRY_LINE(c, name, table, base) \
	carry_line(c, name, table, sizeof(table) / sizeof *(table), base)
/* A line for each of n structs, which lie so far apart. */
void carry_each(struct carry *, const char *name, const struct carry_field *, size_t fields,
    void *base, unsigned n, size_t apart);
#define CARRY_EACH(c, name, table, base, n) \
	carry_each(c, name, table, sizeof(table) / sizeof *(table), base, n, sizeof *(base))
/*
 * The same of those places among room that are taken, with their numbers: where the first field is
 * more than 0. The others stay as they are.
 */
void carry_places(struct carry *, const char *name, const struct carry_field *, size_t fields,
    void *base, size_t apart, unsigned room);
#define CARRY_PLACES(c, name, table, base, room) \
	carry_places(c, name, table, sizeof(table) / sizeof *(table), base, sizeof *(base), room)
/* One line with a number. */
void carry_number(struct carry *, const char *name, unsigned *, unsigned most);
/* One line with a text of any length; read, it is where it was read. */
void carry_long(struct carry *, const char *name, const char **text, size_t *len);
/* Reading: is all of it read, and understood? Writing: true. */
bool carry_whole(const struct carry *);

#endif
