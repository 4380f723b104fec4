package explain

import (
	"strconv"
	"strings"

	"chokepoint/classify/fact"
)

// Sort is what a target is.
type Sort uint8

// The sorts of targets.
const (
	Finding Sort = iota
	Flow
	Packet
	Service
)

// Target is what is to be explained.
type Target struct {
	Sort Sort
	Word string // as it was given; of a finding or a service its id
	Num  uint64 // packet number, of a flow that of its first packet
}

// Parse reads f3 as a finding, c000123 as a flow, digits as a packet number and
// everything else as the id of a service.
func Parse(x string) Target {
	t := Target{Sort: Service, Word: x}
	if n, ok := number(x); ok {
		t.Sort, t.Num = Packet, n
	} else if n, ok := numberAfter(x, "c"); ok {
		t.Sort, t.Num, t.Word = Flow, n, fact.FlowID(n).String()
	} else if n, ok := numberAfter(x, "f"); ok {
		t.Sort, t.Word = Finding, "f"+strconv.FormatUint(n, 10)
	}
	return t
}

func numberAfter(x, letter string) (uint64, bool) {
	rest, ok := strings.CutPrefix(x, letter)
	if !ok {
		return 0, false
	}
	return number(rest)
}

// number reads plain digits.
func number(x string) (uint64, bool) {
	if x == "" || strings.Trim(x, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(x, 10, 64)
	return n, err == nil
}
