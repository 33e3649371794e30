#include "completion.h"

#include <string.h>

#include "../lib/base/num.h"
#include "../lib/base/text.h"

/* What is printed: the pieces, with all applets' names behind the first three of them. */
struct shell {
	const char *first, *head, *tail;
	const char *next, *open, *close; /* in front of an applet's names; around its options */
	bool described;                  /* the options too, each between quotes */
};

/*
 * bash is told a word for each option, and what its value is. Readline breaks words at "=": what is
 * completed of a value begins behind it. zsh is told what its _arguments reads.
 */
static const struct shell shells[] = {
	{
	    .first = "# sebox",
	    .head =
		"\n_sebox()\n"
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
	},
	{
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
	    .described = true,
	}
};

static void
put_names(const struct applet *const *applet, size_t count, struct buf *b)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(b, " %s", applet[i]->name);
		if (applet[i]->alias)
			buf_printf(b, " %s", applet[i]->alias);
	}
}

/* Are the values words? */
static bool
is_choice(const char *arg)
{
	return *arg >= 'a' && text_char(arg, '|');
}

/* As _arguments reads it: the help, and what the value is. */
static void
describe(const struct opt *o, const char *arg, struct buf *b)
{
	bool is_path = o->type >= OPT_STRING && o->type <= OPT_ARGV;

	buf_puts(b, "[");
	for (const char *help = text_item(o->text, 2); *help; help++) {
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
		buf_puts(b, is_path ? ":path:_files" : ":value:");
	}
	buf_puts(b, "'");
}

/* An option by its name, or by its letter, with a value if it takes one. */
static void
put_option(const struct shell *s, const struct opt *o, bool letter, const char *arg, struct buf *b)
{
	buf_puts(b, s->described ? "\n'" : " ");
	if (letter) {
		buf_printf(b, "-%c", o->text[0]);
	} else {
		opt_put_name(o, b);
		if (*arg)
			buf_puts(b, "=");
	}
	if (s->described)
		describe(o, arg, b);
	else if (!letter)
		buf_puts(b, arg);
}

/* A row's words: one for its name, its letter, and its name with a value that may be left out. */
static void
put_row(const struct shell *s, const struct opt *o, struct buf *b)
{
	const char *arg = o->type == OPT_BOOL ? "true|false" : opt_arg(o);

	if (o->type == OPT_HEADING || o->flags & OPT_LATER)
		return;
	if (o->type == OPT_BOOL || (o->type == OPT_VERB && is_choice(arg)))
		put_option(s, o, false, "", b);
	if (o->flags & OPT_LETTER)
		put_option(s, o, true, arg, b);
	put_option(s, o, false, arg, b);
}

bool
completion_put(const char *shell, const struct applet *const *applet, size_t count, struct buf *b)
{
	int which = num_item(shell, "bash|zsh", '|');
	const struct shell *s = shells + which;

	if (which < 0)
		return false;
	buf_puts(b, s->first);
	put_names(applet, count, b);
	buf_puts(b, s->head);
	put_names(applet, count, b);
	for (size_t i = 0; i < count; i++) {
		const struct applet *a = applet[i];

		buf_printf(b, "%s%s|%s|%s) %s", s->next, a->name, a->name + 3,
		    a->alias ? a->alias : a->name, s->open);
		for (const struct opt *o = a->opts; o->text; o++)
			put_row(s, o, b);
		buf_puts(b, s->close);
	}
	buf_puts(b, s->tail);
	put_names(applet, count, b);
	buf_puts(b, "\n");
	return true;
}
