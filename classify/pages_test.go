package classify

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/classify/known"
	recordings "chokepoint/pcaps/recorded"
)

// TestListedPagesCount: with a list of the provider's page the same redirect is
// known by its name, too; the list reaches the parsers of every shard.
func TestListedPagesCount(t *testing.T) {
	list, err := known.ReadPages("pages.csv", strings.NewReader(
		"name,scope,location_found,pattern_type,pattern,confidence_no_fp\nthe provider's,isp,header.location,prefix,http://warning.provider.example/,9\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, with := range []*known.Pages{nil, list} {
		listed := 0
		for _, f := range pagesFound(t, with) {
			if f.Kind != finding.PayloadInjected || f.Verdict != finding.Confirmed || f.Technique != "redirect" || f.Name == "www.example.com" {
				t.Errorf("%s %s %s", f.Kind, f.Verdict, f.Summary)
			}
			for _, e := range f.For {
				if e.Code == "I2" && strings.Contains(e.Text, "the provider's") && e.Class == finding.C {
					listed++
				}
			}
		}
		if (listed == 6) != (with != nil) {
			t.Errorf("%d of 6 answers are known by name, with a list: %v", listed, with != nil)
		}
	}
}

// pagesFound analyses the recording of F11.
func pagesFound(t *testing.T, list *known.Pages) (out []finding.Finding) {
	t.Helper()
	all, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if all[i].Name != "page-redirect-race" {
			continue
		}
		src, err := pcapfile.New(bytes.NewReader(all[i].Files[0].Bytes), all[i].Files[0].Name, pcapfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rec := newRecorder()
		if _, err := Run(context.Background(), src, rec, Options{BlockPages: list, Workers: 2}); err != nil {
			t.Fatal(err)
		}
		for _, id := range rec.order {
			if f := rec.findings[id]; f.Verdict.Rank() >= finding.Suspected.Rank() {
				out = append(out, f)
			}
		}
	}
	if len(out) == 0 {
		t.Fatal("nothing is found")
	}
	return out
}
