package house

import (
	"fmt"
	"slices"
	"strings"
)

// Arrow is a law about what packages may lean on, directly or through others of
// ours. Paths are inside the module: "capture" is that package, "capture/..."
// it and all below, other paths are as imported, "std" is the standard library,
// "foreign" all that is not ours.
type Arrow struct {
	Why     string
	Of      []string // the packages bound
	Not     []string // except these
	May     []string // all they may lean on; nil: anything but Never
	Never   []string // what they must not lean on
	Direct  bool     // looks at their own imports only
	Someday bool     // may bind no package yet
}

// The packages that touch the world on the side of packets.
var doors = []string{"capture/pcapfile/...", "capture/afpacket/...", "capture/live/...", "capture/record/...", "bpf/..."}

// Arrows are the laws of the house: packets become facts, facts become
// findings, findings become reports.
var Arrows = []Arrow{
	{Why: "capture is the currency: standard library only", Of: []string{"capture"}, May: []string{"std"}},
	{Why: "finding is the frozen schema: standard library only", Of: []string{"classify/finding/..."}, May: []string{"std"}},
	{Why: "wire parsers are pure: standard library and x/net only", Of: []string{"classify/wire/..."},
		May: []string{"std", "golang.org/x/net/...", "classify/wire/..."}},
	{Why: "bpf imports nothing of ours", Of: []string{"bpf/..."}, Not: []string{"bpf/kernels/..."}, // a test on other kernels, of the whole
		Never: []string{"capture/...", "classify/...", "cmd/...", "pcaps/...", "internal/..."}},
	{Why: "nothing imports cmd", Of: []string{Module + "/..."}, Not: []string{"cmd/..."}, Never: []string{"cmd/..."}},
	{Why: "packets know nothing of what becomes of them", Of: []string{"capture/..."}, Never: []string{"classify/..."}},
	{Why: "classify takes a Source, whichever door it came in by", Of: []string{"classify/..."}, Never: doors},
	{Why: "facts hold no verdicts", Of: []string{"classify/fact/..."},
		Never: []string{"classify/detect/...", "classify/answer/...", "classify/finding/..."}},
	{Why: "a detector sees facts only", Of: []string{"classify/detect/..."},
		May: []string{"foreign", "capture", "classify/detect/...", "classify/fact/...", "classify/finding/...", "classify/service/...", "classify/known",
			"classify/wire/..."}},
	{Why: "an answer is made of facts and findings", Of: []string{"classify/answer/..."}, Never: []string{"classify/detect/..."}},
	{Why: "a report tells what it is given; it reads no packets", Of: []string{"cmd/internal/report/..."}, Never: doors,
		Not: []string{"cmd/internal/report/slice/..."}},
	{Why: "foreign bytes go through our own decoder and reader", Of: []string{"capture/...", "classify/..."},
		Not: doors[1:], Never: []string{"github.com/google/gopacket/..."}},
	{Why: "only the two ends touch the world", Of: []string{"capture/...", "classify/..."}, Not: doors, Direct: true,
		Never: []string{"os", "os/exec", "net", "net/http", "syscall", "golang.org/x/sys/..."}},
	{Why: "the lab's truth is what was done, never what we make of it", Of: []string{"pcaps/lab/...", "pcaps/truth/..."},
		Never: []string{"classify", "classify/detect/...", "classify/answer/...", "classify/fact/...", "cmd/..."}},
	{Why: "the middlebox is the same in simulated time", Of: []string{"pcaps/lab/box/...", "pcaps/lab/policy/...", "pcaps/lab/script/...", "pcaps/lab/ledger/..."},
		Direct: true, Never: []string{"os", "os/exec", "net", "syscall", "golang.org/x/sys/..."}},
	{Why: "the program carries no captures", Of: []string{"cmd/chokepoint"}, Never: []string{"pcaps", "pcaps/recorded/...", "pcaps/score/...", "pcaps/story/..."}, Someday: true},
	{Why: "the program starts fast: gopacket/layers fills its tables in every process", Of: []string{"cmd/chokepoint"}, Never: []string{"github.com/google/gopacket/..."}},
	{Why: "the program carries no test source", Of: []string{"cmd/chokepoint"}, Never: []string{"capture/capturetest", "internal/house", "internal/corpora/..."}, Someday: true},
}

// crowded are names that say nothing about what is inside.
var crowded = []string{"util", "utils", "common", "types", "helper", "helpers", "misc"}

// CheckArrows returns what in the graph breaks a law, sorted by law and package.
func CheckArrows(g Graph, laws []Arrow) (broken []string) {
	for _, law := range laws {
		bound := 0
		for _, path := range g.own() {
			if matches(g, law.Of, path) && !matches(g, law.Not, path) {
				bound++
				broken = append(broken, law.check(g, path)...)
			}
		}
		if bound == 0 && !law.Someday {
			broken = append(broken, fmt.Sprintf("%s: there is no package %s", law.Why, strings.Join(law.Of, ", ")))
		}
	}
	for _, path := range g.own() {
		if slices.Contains(crowded, g[path].Name) {
			broken = append(broken, fmt.Sprintf("package %s: a name that says nothing", path))
		}
	}
	return broken
}

// check returns how the package breaks the law.
func (law *Arrow) check(g Graph, path string) (broken []string) {
	chains := g.reach(path)
	for dep, chain := range chains {
		if law.Direct && len(chain) > 2 {
			continue
		}
		if law.May != nil && !matches(g, law.May, dep) || matches(g, law.Never, dep) {
			broken = append(broken, fmt.Sprintf("%s: %s", law.Why, strings.Join(chain, " -> ")))
		}
	}
	slices.Sort(broken)
	return broken
}

// matches reports whether one of the patterns names the package.
func matches(g Graph, patterns []string, path string) bool {
	in := ours(path)
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		stem, below := strings.CutSuffix(pattern, "/...")
		switch {
		case pattern == "std":
			return in == "" && g[path] != nil && g[path].Standard
		case pattern == "foreign":
			return in == ""
		case stem == Module:
			return in != ""
		case in != "":
			return in == stem || below && strings.HasPrefix(in, stem+"/")
		}
		return path == stem || below && strings.HasPrefix(path, stem+"/")
	})
}
