#include "kept.h"

static void
self_carry(struct carry *c, struct starter *s)
{
	static const struct carry_field version[] = {
		CARRY_A_TEXT(struct starter_upgrade, version),
		CARRY_A_TEXT(struct starter_upgrade, path),
		CARRY_A_FLAG(struct starter_upgrade, wanted),
		CARRY_A_NUMBER(struct starter_upgrade, done),
		CARRY_A_NUMBER(struct starter_upgrade, refused),
		CARRY_A_TEXT(struct starter_upgrade, why),
	};
	static const struct carry_field self[] = {
		CARRY_AN_FD(struct starter, null),
		CARRY_AN_FD(struct starter, pidfile.fd),
		CARRY_AN_FD(struct starter, status_fd),
		CARRY_AN_FD(struct starter, reports_fd),
		CARRY_AN_FD(struct starter, ready_fd),
		CARRY_A_TEXT(struct starter, reports_name),
		CARRY_A_NUMBER(struct starter, random),
		CARRY_A_NUMBER(struct starter, started),
		CARRY_A_NUMBER(struct starter, envdir_due),
		CARRY_A_NUMBER(struct starter, status_again),
		CARRY_A_NUMBER(struct starter, restarts),
		CARRY_A_NUMBER(struct starter, failures),
		CARRY_A_NUMBER(struct starter, failed),
		CARRY_A_FLAG(struct starter, status_made),
		CARRY_A_NUMBER(struct starter, status_error),
	};
	static const struct carry_field log[] = {
		CARRY_AN_FD(struct starter_log, read),
		CARRY_AN_FD(struct starter_log, first[0]),
		CARRY_AN_FD(struct starter_log, first[1]),
		CARRY_A_NUMBER(struct starter_log, pid),
		CARRY_A_NUMBER(struct starter_log, started),
		CARRY_A_NUMBER(struct starter_log, due),
	};
	static const struct carry_field out[] = {
		CARRY_A_NUMBER(struct lineout, lost),
		CARRY_UP_TO(struct lineout, rest_len, LINEOUT_MAX),
		CARRY_SOME(struct lineout, rest),
	};

	CARRY_LINE(c, "version", version, &s->upgrade);
	CARRY_LINE(c, "self", self, s);
	CARRY_LINE(c, "log", log, &s->log);
	CARRY_LINE(c, "out", out, &s->out);
}

static void
sockets_carry(struct carry *c, struct starter *s)
{
	static const struct carry_field socket[] = {
		CARRY_AN_FD(struct starter_socket, fd),
		CARRY_A_FLAG(struct starter_socket, file.made),
		CARRY_A_NUMBER(struct starter_socket, file.dev),
		CARRY_A_NUMBER(struct starter_socket, file.ino),
	};
	static const struct carry_field at[] = {
		CARRY_UP_TO(struct endpoint, kind, ENDPOINT_UNIX),
		CARRY_UP_TO(struct endpoint, port, 65535),
		CARRY_A_NUMBER(struct endpoint, fd),
	};
	unsigned n = s->sockets;

	carry_number(c, "sockets", &n, STARTER_SOCKETS);
	c->wrong |= n != s->sockets;
	CARRY_EACH(c, "at", at, s->at, s->sockets);
	CARRY_EACH(c, "socket", socket, s->socket, s->sockets);
}

static void
generations_carry(struct carry *c, struct generations *g)
{
	static const struct carry_field all[] = {
		CARRY_A_NUMBER(struct generations, number),
		CARRY_UP_TO(struct generations, reason, GENERATIONS_FORCED),
		CARRY_A_NUMBER(struct generations, backoff.delay),
		CARRY_A_NUMBER(struct generations, backoff.restarts),
		CARRY_A_NUMBER(struct generations, backoff.since),
		CARRY_A_NUMBER(struct generations, failures),
		CARRY_A_NUMBER(struct generations, retry),
		CARRY_A_NUMBER(struct generations, up),
		CARRY_A_FLAG(struct generations, asked),
		CARRY_A_FLAG(struct generations, failing),
		CARRY_A_FLAG(struct generations, lost),
		CARRY_A_FLAG(struct generations, ready),
	};
	static const struct carry_field one[] = {
		CARRY_A_NUMBER(struct generation, pid),
		CARRY_A_NUMBER(struct generation, number),
		CARRY_UP_TO(struct generation, state, GENERATION_KILLED),
		CARRY_A_NUMBER(struct generation, started),
		CARRY_A_NUMBER(struct generation, due),
	};

	CARRY_LINE(c, "generations", all, g);
	carry_number(c, "alive", &g->count, GENERATIONS_MAX);
	CARRY_EACH(c, "generation", one, g->all, g->count);
}

void
kept_carry(struct carry *c, struct starter *s)
{
	unsigned format = KEPT_FORMAT;

	carry_number(c, "starter-state", &format, KEPT_FORMAT);
	self_carry(c, s);
	sockets_carry(c, s);
	generations_carry(c, &s->g);
}
