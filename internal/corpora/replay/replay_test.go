package replay

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"testing"

	"chokepoint/capture"
)

func TestPayloadsAreTheFirstOfEachDirection(t *testing.T) {
	paths, err := filepath.Glob("../../../pcaps/*/*.pcapng")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	more := false
	for _, path := range paths {
		all, some := map[capture.Key]int{}, map[capture.Key]int{}
		if err := Packets(path, func(p *capture.Packet) {
			if p.Has&capture.HasPorts != 0 && len(p.Payload) > 0 {
				all[p.Key]++
			}
		}); err != io.EOF {
			t.Errorf("%s: %v", path, err)
		}
		if err := Payloads(path, 2, func(p *capture.Packet) { some[p.Key]++ }); err != io.EOF {
			t.Errorf("%s: %v", path, err)
		}
		for k, n := range all {
			if more = more || n > 2; some[k] != min(n, 2) {
				t.Errorf("%s: %v: %d of %d payloads", path, k, some[k], n)
			}
		}
		if len(some) != len(all) {
			t.Errorf("%s: %d directions, want %d", path, len(some), len(all))
		}
	}
	if !more {
		t.Error("no direction has more than two payloads: nothing was tried")
	}
}

func TestWhatDoesNotOpenSaysSo(t *testing.T) {
	err := Payloads(filepath.Join(t.TempDir(), "none.pcap"), 1, func(*capture.Packet) { t.Error("a packet") })
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
