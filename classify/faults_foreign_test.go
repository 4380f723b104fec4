package classify

import (
	"os"
	"testing"

	"chokepoint/capture/capturetest"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"
)

const (
	// foreignStride: every so many foreign captures are harmed.
	foreignStride = 10
	// foreignLargest is the largest file harmed, bytes: larger ones cost more
	// time than they add.
	foreignLargest = 4 << 20
)

// TestFaultsOfForeignCapturesAccuseNobody: whatever happened to a foreign
// capture, nothing is likely or confirmed that is not of the capture as it is.
func TestFaultsOfForeignCapturesAccuseNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("many captures, many faults")
	}
	n, runs := 0, 0
	for _, c := range corpora.Captures(t) {
		if c.From(madeForIt...) {
			continue
		}
		if n++; n%foreignStride != 0 {
			continue
		}
		h, ok := foreign(c.Path)
		if !ok {
			continue
		}
		whole := accusations(h.run(t))
		for _, f := range faults(1) {
			if f.warped {
				continue // a SYN/ACK 40 ms behind a RST that followed it is another story
			}
			runs++
			rec := h.after(&f).run(t)
			for k, x := range accusations(rec) {
				if _, was := whole[k]; !was {
					t.Errorf("%s: %s: %s %s %v", c.Path, f.name, x.Verdict, x.Kind, x.Packets)
					explain(t, &x)
				}
			}
			if f.oneWay {
				blindOneWay(t, rec.last(nil))
			}
		}
	}
	t.Logf("%d runs", runs)
	if runs == 0 {
		t.Error("nothing was tried")
	}
}

// foreign loads a capture, as far as it can be read.
func foreign(path string) (harmed, bool) {
	if info, err := os.Stat(path); err != nil || info.Size() > foreignLargest {
		return harmed{}, false
	}
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return harmed{}, false
	}
	defer src.Close()
	packets, ifs, _ := capturetest.Load(src) // what comes before an error will do
	return secondInterface(packets, ifs)
}

// accusations are the findings that are likely or confirmed, by what they say of
// whom.
func accusations(rec *blindRecorder) map[string]finding.Finding {
	out := map[string]finding.Finding{}
	for _, f := range rec.last(nil) {
		if f.Verdict.Rank() >= finding.Likely.Rank() {
			out[string(f.Kind)+" "+ends(f.Client, f.Server)] = f
		}
	}
	return out
}
