# Sums up gcov's report: covered lines of each file of ours, the least covered first, and of all.
/^File '/ { file = $2; gsub(/'/, "", file) }
/^Lines executed:/ && file ~ /^src\// {
	split($2, part, ":")
	percent = part[2] + 0
	lines = $4
	row[file] = sprintf("%6.1f %%  %5d  %s", percent, lines, file)
	covered += percent * lines / 100
	total += lines
	file = ""
}
END {
	for (f in row)
		print row[f] | "sort -n"
	close("sort -n")
	if (total)
		printf "%6.1f %%  %5d  all\n", 100 * covered / total, total
	exit total == 0
}
