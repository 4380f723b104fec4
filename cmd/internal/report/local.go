package report

import (
	"regexp"
	"strconv"
)

var frameNumber = regexp.MustCompile(`frame\.number==(\d+)`)

// LocalFilter translates a display filter of a joined capture for the one file
// all its frame numbers are in. It returns "" when they are in several, since no
// filter shows them in either; locate is [Meta].Locate.
func LocalFilter(filter string, locate func(num uint64) (file string, n uint64)) string {
	files := map[string]bool{}
	local := frameNumber.ReplaceAllStringFunc(filter, func(test string) string {
		num, err := strconv.ParseUint(frameNumber.FindStringSubmatch(test)[1], 10, 64)
		file, n := locate(num)
		if err != nil || file == "" {
			files[""] = true
			return test
		}
		files[file] = true
		return "frame.number==" + strconv.FormatUint(n, 10)
	})
	if len(files) > 1 || files[""] {
		return ""
	}
	return local
}
