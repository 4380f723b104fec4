package foreign

import (
	"flag"
	"os"
	"strings"
	"testing"

	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"
)

var update = flag.Bool("update", false, "write what the tool says now into readings.yaml; the explanations stay")

// maxUnexplained is how many accusations of all foreign captures may be wrong or
// beyond explanation.
const maxUnexplained = 1

// TestForeignCaptures: the tool says of them what it said when a person read them,
// and shows the same packets.
func TestForeignCaptures(t *testing.T) {
	dir := corpora.Dir(t)
	r, err := Of(dir)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("readings.yaml", []byte(r.Renewed()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range r.Broken() {
		t.Error(b)
	}
	if u := r.Unexplained(); len(u) > maxUnexplained {
		t.Errorf("%d accusations that are wrong or beyond explanation, at most %d: %v", len(u), maxUnexplained, u)
	}
	for _, s := range r.Captures {
		for i, flows := range s.Peers {
			if len(flows) > 0 && !r.Readings.interferes(s.Name) {
				t.Logf("%s %v: flagged by %s", s.Name, flows, peerNames[i])
			}
		}
		for i := range s.Claims {
			if c := &s.Claims[i]; r.Readings.control(s.Name) && c.Verdict.Rank() >= finding.Suspected.Rank() {
				t.Errorf("%s is a control: %s", s.Name, c.Claim.String())
			}
		}
	}
}

const oneReading = `
interference: [seen/]
controls: [_control.pcap]
left_out: [{under: made/, why: made up}]
readings:
- {digest: 0123456789abcdef, file: seen/a.pcap, flow: c000001, truth: injected, why: two speakers, found: [{kind: reset.injected, verdict: likely, packets: [10]}]}
- {digest: 0123456789abcdef, file: seen/a.pcap, flow: c000015, truth: injected, why: missed}
`

func claimed(flow string, v finding.Verdict, packets ...uint64) Told {
	return Told{Flow: flow, Claim: Claim{finding.ResetInjected, v, packets}}
}

func TestWhatIsNotAsItWasReadIsSaid(t *testing.T) {
	said := func(name string, c ...Told) *Said {
		return &Said{Name: name, Digest: "0123456789abcdef", Flows: 3, Claims: c}
	}
	for _, tc := range []struct {
		name string
		said *Said
		want []string
	}{
		{"as it was", said("seen/a.pcap", claimed("c000001", finding.Likely, 10)), nil},
		{"gone", said("seen/a.pcap"), []string{"it says nothing"}},
		{"surer", said("seen/a.pcap", claimed("c000001", finding.Confirmed, 10)), []string{"it says [confirmed"}},
		{"other packets", said("seen/a.pcap", claimed("c000001", finding.Likely, 11)), []string{"[11]"}},
		{"what was missed is found", said("seen/a.pcap", claimed("c000001", finding.Likely, 10), claimed("c000015", finding.Suspected, 20)), []string{"c000015"}},
		{"a new one where somebody interferes", said("seen/a.pcap", claimed("c000001", finding.Likely, 10), claimed("c000033", finding.Suspected, 20)),
			[]string{"nobody has explained"}},
		{"another file", &Said{Name: "other.pcap", Digest: "ffffffffffffffff", Claims: []Told{claimed("c000001", finding.Suspected, 1)}},
			[]string{"not in the folder", "not in the folder"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			readings, err := ParseReadings([]byte(oneReading))
			if err != nil {
				t.Fatal(err)
			}
			r := &Report{Readings: readings, Captures: []*Said{tc.said}}
			got := r.Broken()
			if len(got) != len(tc.want) {
				t.Fatalf("%q, want %q", got, tc.want)
			}
			for i := range got {
				if !strings.Contains(got[i], tc.want[i]) {
					t.Errorf("%q, want %q", got[i], tc.want[i])
				}
			}
		})
	}
}

func TestBadReadings(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown field":  "reading: []",
		"no digest":         "readings: [{digest: 12, flow: c000001, truth: injected, why: x}]",
		"no explanation":    "readings: [{digest: 0123456789abcdef, flow: c000001, truth: injected}]",
		"a truth of no one": "readings: [{digest: 0123456789abcdef, flow: c000001, truth: maybe, why: x}]",
		"twice":             "readings: [{digest: 0123456789abcdef, flow: c1, truth: genuine, why: x}, {digest: 0123456789abcdef, flow: c1, truth: genuine, why: x}]",
	} {
		if _, err := ParseReadings([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestThePage(t *testing.T) {
	readings, err := ParseReadings([]byte(oneReading))
	if err != nil {
		t.Fatal(err)
	}
	s := &Said{Name: "seen/a.pcap", Digest: "0123456789abcdef", Flows: 3, Claims: []Told{claimed("c000001", finding.Likely, 10)}}
	s.Peers[suricata] = []string{"c000001", "c000015", "c000033"}
	r := &Report{Readings: readings, Captures: []*Said{s, {Name: "x_control.pcap", Flows: 2}}}
	page := r.Markdown()
	for _, want := range []string{"2 captures, 5 flows", "| 1 of 2 | 0 | 0 |", "| 2 of 2 | 1 | 0 |", "| x_control.pcap | 2 | 0 | 0 |", "| made/ | made up |",
		"| seen/a.pcap | c000015 | nothing |", "| seen/a.pcap | c000001 | likely reset.injected | 10 | injected | two speakers |"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if again, err := ParseReadings([]byte(r.Renewed())); err != nil || len(again.Readings) != 2 || len(again.Readings[0].Found) != 1 {
		t.Errorf("written anew: %v\n%s", err, r.Renewed())
	}
}
