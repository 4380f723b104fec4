package classify

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"
)

// nameSink collects the names flows say in the clear.
type nameSink struct{ names map[string]string }

func (s nameSink) Flow(f *fact.Flow, _ []string) error {
	if f.Names.SNI != "" {
		s.names[fmt.Sprintf("%v %d %v %d", f.Key.SrcAddr(), f.Key.SrcPort, f.Key.DstAddr(), f.Key.DstPort)] = f.Names.SNI
	}
	return nil
}
func (nameSink) Finding(*finding.Finding) error { return nil }
func (nameSink) Service(*answer.Service) error  { return nil }

// namesIn returns the TLS names of a capture's flows, by their ends.
func namesIn(t *testing.T, path string) map[string]string {
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return nil
	}
	defer src.Close()
	s := nameSink{map[string]string{}}
	Run(context.Background(), src, s, Options{All: true})
	return s.names
}

// TestNamesAgreeWithBothOracles: at least 99 % of the names on which tshark and
// nDPI agree are found, and the flow says no other name.
func TestNamesAgreeWithBothOracles(t *testing.T) {
	type key struct{ file, ends, name string }
	agreed := map[key]bool{}
	theirs := map[key]bool{}
	for _, r := range corpora.Rows(t, "ndpi_sni.tsv") {
		if r[1] == "TLS" {
			theirs[key{r[0], strings.Join(r[2:6], " "), strings.ToLower(r[6])}] = true
		}
	}
	only := map[string]int{}
	for _, r := range corpora.Rows(t, "tshark_sni.tsv") {
		if r[2] != "TLS" {
			continue
		}
		k := key{r[0], strings.Join(r[3:7], " "), strings.ToLower(r[7])}
		if theirs[k] {
			agreed[k] = true
		} else {
			only["tshark alone"]++
		}
	}
	files := map[string]map[string]string{}
	found, missing, other := 0, []string{}, []string{}
	for k := range agreed {
		if files[k.file] == nil {
			files[k.file] = namesIn(t, corpora.Path(t, k.file))
		}
		switch got := files[k.file][k.ends]; got {
		case k.name:
			found++
		case "":
			missing = append(missing, k.file+" "+k.ends+" "+k.name)
		default:
			other = append(other, k.file+" "+k.ends+": "+got+", oracles "+k.name)
		}
	}
	sort.Strings(missing)
	sort.Strings(other)
	t.Logf("%d of %d names on which both agree; tshark alone has %d more rows", found, len(agreed), only["tshark alone"])
	for _, m := range missing {
		t.Log("missing:", m)
	}
	for _, m := range other {
		t.Log("another name:", m)
	}
	if 100*found < 99*len(agreed) {
		t.Errorf("%d of %d found, want 99 %%", found, len(agreed))
	}
	t.Run("disagreements", func(t *testing.T) { disagreements(t, files) })
	t.Run("none invented", func(t *testing.T) { invented(t, files) })
}

// disagreements lists the rows that only one oracle has, by cause.
func disagreements(t *testing.T, files map[string]map[string]string) {
	has := [2]map[string]string{{}, {}}
	for i, f := range []string{"tshark_sni.tsv", "ndpi_sni.tsv"} {
		for _, r := range corpora.Rows(t, f) {
			r = r[:1+copy(r[1:], r[2-i:])] // tshark has a frame number before the transport
			if r[1] == "TLS" {
				has[i][r[0]+"|"+strings.Join(r[2:6], " ")] = strings.ToLower(r[6])
			}
		}
	}
	causes := map[string]int{}
	for i, name := range []string{"tshark", "nDPI"} {
		for k, sni := range has[i] {
			if has[1-i][k] == sni {
				continue
			}
			file, ends, _ := strings.Cut(k, "|")
			if files[file] == nil {
				files[file] = namesIn(t, corpora.Path(t, file))
			}
			cause := name + " alone"
			if has[1-i][k] != "" {
				cause = name + " has another name than its peer"
			}
			switch got := files[file][ends]; got {
			case sni:
				cause += ", we agree"
			case "":
				cause += ", we have none"
				t.Logf("%s: %s %s %s", cause, file, ends, sni)
			default:
				cause += ", we have another"
				t.Logf("%s: %s %s %s, we %s", cause, file, ends, sni, got)
			}
			causes[cause]++
		}
	}
	for c, n := range causes {
		t.Logf("%4d %s", n, c)
	}
}

// invented: every name found is one that an oracle has for the same flow.
func invented(t *testing.T, files map[string]map[string]string) {
	known := map[string]bool{}
	for _, r := range corpora.Rows(t, "ndpi_sni.tsv") {
		known[r[0]+" "+strings.Join(r[2:6], " ")+" "+strings.ToLower(strings.TrimSuffix(r[6], "."))] = true
	}
	for _, r := range corpora.Rows(t, "tshark_sni.tsv") {
		known[r[0]+" "+strings.Join(r[3:7], " ")+" "+strings.ToLower(strings.TrimSuffix(r[7], "."))] = true
	}
	n, bad := 0, 0
	for file, names := range files {
		for ends, name := range names {
			n++
			if !known[file+" "+ends+" "+name] {
				bad++
				t.Logf("neither oracle has: %s %s %s", file, ends, name)
			}
		}
	}
	t.Logf("%d names, %d that neither oracle has", n, bad)
	if bad > 0 {
		t.Errorf("%d names invented", bad)
	}
}
