package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chokepoint/classify"
)

func TestWhatDetectorsAddIsTheMedianOfThePairs(t *testing.T) {
	ms := func(all ...int) (out []cost) {
		for _, n := range all {
			out = append(out, cost{cpu: time.Duration(n) * time.Millisecond})
		}
		return out
	}
	for _, c := range []struct {
		name          string
		with, without []cost
		want          string
	}{
		{"a noisy minute hits both of a pair", ms(110, 220, 112), ms(100, 200, 100), "ok    detectors of rates and calls add 10.0 %"},
		{"too much", ms(120, 240, 100), ms(100, 200, 100), "MISS  detectors of rates and calls add 20.0 %"},
	} {
		var out strings.Builder
		tellAdded(&out, ran("with", 1e6, c.with...), ran("without", 1e6, c.without...))
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%s:\n%s", c.name, out.String())
		}
	}
}

// TestTheEngineLeavesOutWhatIsMeasured: and does the rest.
func TestTheEngineLeavesOutWhatIsMeasured(t *testing.T) {
	const policed = "../../../pcaps/telegram-policed/client.pcapng"
	if _, err := os.Stat(policed); err != nil {
		t.Fatal(err)
	}
	for without, want := range map[classify.Group]bool{0: true, measured: false} {
		var out bytes.Buffer
		if err := engine(policed, &out, without); err != nil {
			t.Fatal(err)
		}
		d := newDigest()
		if _, err := d.Write(out.Bytes()); err != nil {
			t.Fatal(err)
		}
		if s, err := d.stats(); err != nil || s.Packets != 2448 {
			t.Errorf("%+v, %v", s, err)
		}
		if got := strings.Contains(out.String(), `"kind":"rate.policed"`); got != want {
			t.Errorf("without %b: a policer is found: %v", without, got)
		}
	}
	if err := engine(filepath.Join(t.TempDir(), "none"), new(bytes.Buffer), 0); err == nil {
		t.Error("no error without a file")
	}
}
