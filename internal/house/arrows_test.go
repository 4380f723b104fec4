package house

import (
	"slices"
	"strings"
	"testing"
)

// graph builds a graph from lines "capture/decode: capture, encoding/binary".
// Paths with a dot are foreign, those in std are the standard library's.
func graph(lines ...string) Graph {
	std := []string{"os", "fmt", "net", "net/netip"}
	g := Graph{}
	add := func(path string) string {
		if !slices.Contains(std, path) && !strings.Contains(path, ".") {
			path = Module + "/" + path
		}
		if g[path] == nil {
			g[path] = &Package{ImportPath: path, Name: path[strings.LastIndexByte(path, '/')+1:], Standard: slices.Contains(std, path)}
		}
		return path
	}
	for _, line := range lines {
		path, imports, _ := strings.Cut(line, ":")
		p := g[add(path)]
		for _, dep := range strings.FieldsFunc(imports, func(r rune) bool { return r == ',' || r == ' ' }) {
			p.Imports = append(p.Imports, add(dep))
		}
	}
	return g
}

// sound is a house that keeps every law.
var sound = []string{
	"capture: net/netip",
	"capture/decode: capture",
	"capture/pcapfile: capture, os, github.com/klauspost/compress/zstd",
	"capture/capturetest: capture",
	"classify/finding: net/netip",
	"classify/wire/dns: golang.org/x/net/dns/dnsmessage",
	"classify/fact: capture",
	"classify/detect: classify/fact, classify/finding",
	"classify/answer: classify/finding",
	"classify: capture/decode, classify/detect, classify/answer",
	"cmd/internal/report/table: classify, os",
	"cmd/chokepoint: cmd/internal/report/table, capture/pcapfile",
	"bpf: github.com/cilium/ebpf",
	"pcaps/truth: classify/finding",
	"pcaps/lab/box: capture/decode, classify/wire/dns",
	"pcaps/lab/wire: pcaps/lab/box, golang.org/x/sys/unix",
	"pcaps/lab: pcaps/lab/wire, pcaps/truth",
}

func TestASoundHouseBreaksNothing(t *testing.T) {
	for _, b := range CheckArrows(graph(sound...), Arrows) {
		t.Error(b)
	}
}

// TestEveryArrowCanBreak adds one line to the sound house and wants exactly
// one law to object, by a part of its sentence.
func TestEveryArrowCanBreak(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"a detector in the lab", "pcaps/lab/box: classify/detect", "the lab's truth is what was done"},
		{"a socket in the middlebox", "pcaps/lab/box: net", "the same in simulated time"},
		{"captures in the program", "cmd/chokepoint: pcaps/recorded", "the program carries no captures"},
		{"a library in capture", "capture: golang.org/x/net/dns", "capture is the currency"},
		{"a library in finding", "classify/finding: example.org/uuid", "finding is the frozen schema"},
		{"packets in a wire parser", "classify/wire/tls: capture", "wire parsers are pure"},
		{"a packet in bpf", "bpf: capture", "bpf imports nothing of ours"},
		{"cmd imported from classify", "classify: cmd/internal/report", "nothing imports cmd"},
		{"facts in the decoder", "capture/decode: classify/fact", "packets know nothing"},
		{"files in the engine", "classify: capture/pcapfile", "classify takes a Source"},
		{"findings in facts", "classify/fact: classify/finding", "facts hold no verdicts"},
		{"a decoder in a detector", "classify/detect: capture/decode", "a detector sees facts only"},
		{"a report in a detector", "classify/detect: cmd/internal/report/table", "a detector sees facts only"},
		{"a detector in an answer", "classify/answer: classify/detect", "an answer is made of"},
		{"a reader in a report", "cmd/internal/report/html: capture/pcapfile", "a report tells"},
		{"gopacket in the decoder", "capture/decode: github.com/google/gopacket/layers", "foreign bytes go"},
		{"a socket in a tracker", "classify/track: net", "only the two ends"},
		{"a test source in the program", "cmd/chokepoint: capture/capturetest", "the program carries"},
		{"a drawer for everything", "classify/util: fmt", "a name that says nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := CheckArrows(graph(append(slices.Clone(sound), c.line)...), Arrows)
			if !slices.ContainsFunc(broken, func(b string) bool { return strings.Contains(b, c.want) }) {
				t.Errorf("nobody objected to %q; said: %q", c.line, broken)
			}
		})
	}
}

func TestALawReachesThroughOurPackagesButNotThroughForeignOnes(t *testing.T) {
	law := []Arrow{{Why: "a", Of: []string{"classify"}, Never: []string{"os"}}}
	g := graph("classify: classify/flow", "classify/flow: example.org/x", "example.org/x: os")
	if broken := CheckArrows(g, law); broken != nil {
		t.Errorf("what a library imports is its business, got %q", broken)
	}
	g = graph("classify: classify/flow", "classify/flow: os")
	want := []string{"a: chokepoint/classify -> chokepoint/classify/flow -> os"}
	if broken := CheckArrows(g, law); !slices.Equal(broken, want) {
		t.Errorf("got %q, want %q", broken, want)
	}
	law[0].Direct = true
	if broken := CheckArrows(g, law); broken != nil {
		t.Errorf("a direct law looks at own imports only, got %q", broken)
	}
}

func TestALawWithoutAPackageIsBroken(t *testing.T) {
	law := Arrow{Why: "a", Of: []string{"capture/renamed"}}
	g := graph("capture: fmt")
	if broken := CheckArrows(g, []Arrow{law}); len(broken) != 1 || !strings.Contains(broken[0], "there is no package") {
		t.Errorf("got %q", broken)
	}
	law.Someday = true
	if broken := CheckArrows(g, []Arrow{law}); broken != nil {
		t.Errorf("got %q", broken)
	}
}

func TestPatterns(t *testing.T) {
	g := graph("capture/decode: fmt, github.com/google/gopacket")
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"capture", "chokepoint/capture", true},
		{"capture", "chokepoint/capture/decode", false},
		{"capture/...", "chokepoint/capture", true},
		{"capture/...", "chokepoint/capture/decode", true},
		{"capture/...", "chokepoint/capturetest", false},
		{"chokepoint/...", "chokepoint/capture", true},
		{"chokepoint/...", "fmt", false},
		{"std", "fmt", true},
		{"std", "github.com/google/gopacket", false},
		{"std", "chokepoint/capture/decode", false},
		{"foreign", "fmt", true},
		{"foreign", "github.com/google/gopacket", true},
		{"foreign", "chokepoint/capture", false},
		{"os", "os/exec", false},
		{"github.com/google/...", "github.com/google/gopacket", true},
		{"github.com/google/gopacket/...", "github.com/google/gopacket", true},
	} {
		if got := matches(g, []string{c.pattern}, c.path); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.path, got)
		}
	}
}
