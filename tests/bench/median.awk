# median.awk - from the figures of many runs one row for each peer, for table.awk.
#
#     awk -f median.awk [-v of=PEER] PEERS SAMPLES
#
# PEERS: peer, label, note. SAMPLES: peer and the figures of one run. All tab-separated. A row has
# the label, the median of each figure, and the note, else how many runs there were. With `of`, the
# first figure's median is followed by its ratio to that peer's, the least, and the ratio of that.

function sorted(peer, column,    i, j, v) {
	for (i = 1; i <= runs[peer]; i++) {
		v = sample[peer, i, column] + 0
		for (j = i - 1; j > 0 && value[j] > v; j--)
			value[j + 1] = value[j]
		value[j + 1] = v
		text[v] = sample[peer, i, column]
	}
}

function median(peer, column) {
	sorted(peer, column)
	return text[value[int((runs[peer] + 1) / 2)]]
}

function least(peer, column) {
	sorted(peer, column)
	return text[value[1]]
}

function ratio(mine, others) {
	return runs[of] > 0 && others > 0 ? sprintf("%.2f", mine / others) : "-"
}

function cells(peer,    line, c) {
	for (c = 1; c <= columns; c++) {
		line = line "\t" (runs[peer] > 0 ? median(peer, c) : "-")
		if (c != 1 || of == "")
			continue
		if (runs[peer] > 0)
			line = line "\t" ratio(median(peer, 1), median(of, 1)) "\t" least(peer, 1) \
			    "\t" ratio(least(peer, 1), least(of, 1))
		else
			line = line "\t-\t-\t-"
	}
	return line
}

BEGIN {
	FS = "\t"
}

FNR == NR {
	order[++peers] = $1
	label[$1] = $2
	note[$1] = $3
	next
}

{
	runs[$1]++
	for (c = 2; c <= NF; c++)
		sample[$1, runs[$1], c - 1] = $c
	columns = NF - 1
}

END {
	for (i = 1; i <= peers; i++) {
		p = order[i]
		print label[p] cells(p) "\t" (note[p] != "" ? note[p] : runs[p] (runs[p] == 1 ? " run" : " runs"))
	}
}
