#include "completion.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/base/text.h"
#include "../lib/sys/out.h"

/* What is printed: the pieces, with all applets' names behind the first three of them. */
struct shell {
	const char *name, *first, *head, *tail;
	const char *next, *open, *close; /* in front of an applet's names; around its options */
	void (*option)(const struct opt *, const char *name, const char *arg, struct buf *);
};

/* Are the values words? */
static bool
is_choice(const char *arg)
{
	return *arg >= 'a' && text_char(arg, '|');
}

/*
 * bash is told a word for each option, and what its value is. Readline breaks words at "=": what is
 * completed of a value begins behind it.
 */
static void
bash_option(const struct opt *o, const char *name, const char *arg, struct buf *b)
{
	(void)o;
	buf_printf(b, " %s%s%s", name, *arg && name[2] ? "=" : "", name[2] ? arg : "");
}

static const struct shell bash = {
	.name = "bash",
	.first = "# sebox",
	.head = "\n_sebox()\n"
		"{\n"
		"\tlocal a=${COMP_WORDS[0]##*/} w o v=${COMP_LINE:0:COMP_POINT} IFS=$' \\t\\n'\n"
		"\tv=${v##*[[:blank:]]}\n"
		"\tif [ $a = sebox ]; then\n"
		"\t\ta=\n"
		"\t\t[ $COMP_CWORD = 1 ] || a=${COMP_WORDS[1]}\n"
		"\tfi\n"
		"\tcase $a in\n"
		"\t'') w='--help --version --install --completion",
	.next = "';;\n\t",
	.open = "w='",
	.close = "",
	.tail = "';;\n"
		"\tesac\n"
		"\tcase $v,$3 in\n"
		"\t-*=*,*) o=${v%%=*} v=${v#*=};;\n"
		"\t-*) ;;\n"
		"\t*,--*) o=$3;;\n"
		"\t*) [ -z \"$a\" ] || return;;\n"
		"\tesac\n"
		"\tfor a in $w; do\n"
		"\t\tcase $o,$a in\n"
		"\t\t,*=*) COMPREPLY+=($(compgen -W \"${a%%=*}=\" -- \"$v\"));;\n"
		"\t\t,*) COMPREPLY+=($(compgen -W \"$a\" -- \"$v\"));;\n"
		"\t\t*,\"$o=\"[a-z]*'|'*) a=${a#*=}; COMPREPLY=($(compgen -W \"${a//|/ }\" -- "
		"\"$v\"));;\n"
		"\t\tesac\n"
		"\tdone\n"
		"\tcase ${COMPREPLY[0]} in *=) compopt -o nospace;; esac\n"
		"}\n"
		"complete -o bashdefault -o default -F _sebox sebox",
	.option = bash_option,
};

/* zsh is told what its _arguments reads, each option between quotes. */
static void
zsh_option(const struct opt *o, const char *name, const char *arg, struct buf *b)
{
	bool is_path = o->type >= OPT_STRING && o->type <= OPT_ARGV;

	buf_printf(b, "\n'%s%s[", name, *arg && name[2] ? "=" : "");
	for (const char *help = opt_arg(o) + strlen(opt_arg(o)) + 1; *help; help++) {
		if (*help == '\'')
			buf_puts(b, "'\\'");
		else if (*help == '[' || *help == ']')
			buf_puts(b, "\\");
		buf_put(b, help, 1);
	}
	buf_puts(b, "]");
	if (is_choice(arg)) {
		buf_puts(b, ":value:(");
		for (; *arg; arg++)
			buf_put(b, *arg == '|' ? " " : arg, 1);
		buf_puts(b, ")");
	} else if (*arg) {
		buf_printf(b, ":%s:%s", is_path ? "path" : "value", is_path ? "_files" : "");
	}
	buf_puts(b, "'");
}

static const struct shell zsh = {
	.name = "zsh",
	.first = "#compdef sebox",
	.head = "\n_sebox()\n"
		"{\n"
		"\tlocal a=${words[1]:t} c=_files\n"
		"\tlocal -a o\n"
		"\tif [[ $a = sebox ]]; then\n"
		"\t\ta=\n"
		"\t\t((CURRENT == 2)) || { shift words; ((CURRENT--)); a=$words[1] }\n"
		"\tfi\n"
		"\tcase $a in\n"
		"\t'') compadd -- --help --version --install --completion",
	.next = ";;\n\t",
	.open = "o=(",
	.close = ")",
	.tail = ";;\n"
		"\tesac\n"
		"\t[[ $a != *(sup|start)* ]] || c=_normal\n"
		"\t[[ -z $a ]] || _arguments -S $o \"*::operand:$c\"\n"
		"}\n"
		"if [[ $funcstack[1] = _sebox ]]; then _sebox; return; fi\n"
		"compdef _sebox sebox",
	.option = zsh_option,
};

/* False: errno. */
static bool
print(const char *text)
{
	return out_text(STDOUT_FILENO, text);
}

static bool
print_names(const struct applet *const *applet, size_t count)
{
	bool arrived = true;

	for (size_t i = 0; i < count; i++) {
		arrived &= print(" ") && print(applet[i]->name);
		if (applet[i]->alias)
			arrived &= print(" ") && print(applet[i]->alias);
	}
	return arrived;
}

/* A row's words: one for its name, its letter, and its name with a value that may be left out. */
static bool
print_row(const struct shell *s, const struct opt *o)
{
	char room[1024], name[64];
	struct buf b = buf_over(room, sizeof room);
	const char letter[] = { '-', o->text[0], '\0' }, *arg = opt_arg(o);

	if (o->type == OPT_HEADING || o->flags & OPT_LATER)
		return true;
	(void)buf_print_to(name, sizeof name, "--%s", o->text); /* fits */
	for (char *c = name; *c; c++)
		if (*c == '_')
			*c = '-';
	if (o->type == OPT_BOOL)
		arg = "true|false";
	if (o->type == OPT_BOOL || (o->type == OPT_VERB && is_choice(arg)))
		s->option(o, name, "", &b);
	if (o->flags & OPT_LETTER)
		s->option(o, letter, arg, &b);
	s->option(o, name, arg, &b);
	return print(room);
}

bool
completion_print(const char *name, const struct applet *const *applet, size_t count)
{
	const struct shell *s = strcmp(name, bash.name) == 0 ? &bash : &zsh;
	char names[128];
	bool arrived;

	if (strcmp(name, s->name) != 0)
		goto unknown;
	arrived = print(s->first) && print_names(applet, count) && print(s->head) &&
	    print_names(applet, count);
	for (size_t i = 0; i < count; i++) {
		const struct applet *a = applet[i];

		(void)buf_print_to(names, sizeof names, "%s|%s|%s) ", a->name, a->name + 3,
		    a->alias ? a->alias : a->name); /* fits */
		arrived &= print(s->next) && print(names) && print(s->open);
		for (const struct opt *o = a->opts; o->text; o++)
			arrived &= print_row(s, o);
		arrived &= print(s->close);
	}
	return arrived && print(s->tail) && print_names(applet, count) && print("\n");
unknown:
	errno = EINVAL;
	return false;
}
