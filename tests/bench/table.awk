# table.awk - lays out rows of tab-separated cells under the headings of `heads` (separated by "|").
# A heading that begins with "*" gets its ratio to the first row (the floor) beside the value.

function is_number(s) {
	return s ~ /^-?[0-9.]+$/
}

function cell(i, row,    v) {
	v = text[row, i]
	if (!star[i])
		return v
	if (!is_number(v) || !is_number(text[1, i]) || text[1, i] + 0 == 0)
		return v "         "
	return sprintf("%s %7sx", v, sprintf("%.*f", v / text[1, i] < 10 ? 2 : 0, v / text[1, i]))
}

BEGIN {
	FS = "\t"
	columns = split(heads, head, "|")
	for (i = 1; i <= columns; i++) {
		star[i] = sub(/^\*/, "", head[i])
		if (star[i])
			head[i] = head[i] " (of floor)"
		width[i] = length(head[i])
	}
}

{
	for (i = 1; i <= columns; i++)
		text[NR, i] = $i
}

END {
	for (row = 1; row <= NR; row++)
		for (i = 1; i <= columns; i++)
			if (length(cell(i, row)) > width[i])
				width[i] = length(cell(i, row))
	for (row = 0; row <= NR; row++) {
		line = ""
		for (i = 1; i <= columns; i++)
			line = line sprintf(i == 1 || i == columns ? "%-*s  " : "%*s  ",
			    width[i], row == 0 ? head[i] : cell(i, row))
		sub(/ +$/, "", line)
		print line
	}
}
