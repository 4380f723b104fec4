package record

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/pcapfile"
)

func TestTheOldestFileGoesAndEachIsWholeInItself(t *testing.T) {
	const size, keep = 2000, 3
	dir := t.TempDir()
	path := filepath.Join(dir, "live.pcapng")
	ifs := []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet}, {Name: "eth1", Link: capture.LinkEthernet}}
	s, err := New(&capturetest.Source{Packets: packets(100), Batch: 7, Ifs: ifs}, Config{Path: path, MaxSize: size, Keep: keep})
	if err != nil {
		t.Fatal(err)
	}
	if got := pass(t, s); len(got) != 100 {
		t.Errorf("%d packets passed on", len(got))
	}
	left := names(t, dir)
	slices.Sort(left)
	if len(left) != keep || slices.Contains(left, "live.pcapng") || !strings.HasPrefix(left[0], "live-") || !strings.HasSuffix(left[0], ".pcapng") {
		t.Fatalf("left are %v", left)
	}
	var paths []string
	for _, name := range left {
		path := filepath.Join(dir, name)
		paths = append(paths, path)
		got, r := recorded(t, path)
		info, err := os.Stat(path)
		if err != nil || info.Size() > size || len(got) == 0 || len(r.Interfaces()) != 2 {
			t.Errorf("%s: %d bytes, %d packets, %v", name, info.Size(), len(got), err)
		}
	}
	joined, err := pcapfile.OpenJoined(paths, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer joined.Close()
	all, _, err := capturetest.Load(joined)
	if err != nil || len(all) < 10 {
		t.Fatalf("%d packets: %v", len(all), err)
	}
	last := packets(100)[100-len(all):]
	for i := range all {
		if all[i].Time != last[i].Time {
			t.Fatalf("packet %d of %d is missing", i, len(all))
		}
	}
}

func TestFilesOfOthersStay(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"live-1.pcapng", "live-3.pcapng", "live-9.pcapng"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("theirs"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(&capturetest.Source{Packets: packets(40), Batch: 1}, Config{Path: filepath.Join(dir, "live.pcapng"), MaxSize: 1000, Keep: 1})
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	for s.ring.n < 2 { // live-2 is the first name that is free
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
	}
	// Somebody moves our file away and puts another in its place.
	if err := errors.Join(os.Rename(filepath.Join(dir, "live-2.pcapng"), filepath.Join(dir, "saved")),
		os.WriteFile(filepath.Join(dir, "live-2.pcapng"), []byte("theirs"), 0o600)); err != nil {
		t.Fatal(err)
	}
	pass(t, s)
	for _, name := range []string{"live-1.pcapng", "live-2.pcapng", "live-3.pcapng", "live-9.pcapng"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "theirs" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if got := names(t, dir); len(got) != 6 {
		t.Errorf("files are %v", got)
	}
	if got, _ := recorded(t, filepath.Join(dir, "saved")); len(got) == 0 {
		t.Error("what was moved away is empty")
	}
}

func TestNamesOfLaterFiles(t *testing.T) {
	for name, want := range map[string]string{
		"live.pcapng": "live-7.pcapng", "live": "live-7", "a.b.pcapng": "a.b-7.pcapng", ".pcapng": ".pcapng-7",
	} {
		if got := (&ring{name: name}).numbered(7); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestLossesAreThoseOfTheFile(t *testing.T) {
	src := &capturetest.Source{Packets: packets(10), Batch: 1, Dropped: 7}
	d := &disk{room: 1 << 20, files: map[string][]byte{}}
	s, err := begin(src, Config{MaxSize: 600}, d, "a")
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	for s.ring.n == 0 {
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
	}
	src.Dropped = 12
	pass(t, s)
	var total uint64
	for name, want := range map[string]uint64{"a": 7, "a-1": 5} {
		_, st := read(t, d.files[name])
		if st.Dropped != want {
			t.Errorf("%s: %d lost", name, st.Dropped)
		}
	}
	for _, content := range d.files {
		_, st := read(t, content)
		total += st.Dropped
	}
	if total != 12 {
		t.Errorf("%d lost in all", total)
	}
}

// read reads a file to its end.
func read(t *testing.T, content []byte) ([]capture.Packet, capture.Stats) {
	t.Helper()
	r, err := pcapfile.New(bytes.NewReader(content), "a", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := capturetest.Load(r)
	if err != nil {
		t.Fatal(err)
	}
	return got, r.Stats()
}

// However much room there is: all packets go on, the file ends with a whole block,
// and somebody is told once, or not at all if there was room enough.
func TestAFullDiskEndsTheRecordingAndNotTheCapture(t *testing.T) {
	told, silent := 0, 0
	for room := 0; room < 4000; room += 13 {
		d := &disk{room: room, files: map[string][]byte{}}
		var notices []string
		s, err := begin(&capturetest.Source{Packets: packets(20), Batch: 3}, Config{
			MaxSize: 1200, Notice: func(s string) { notices = append(notices, s) },
		}, d, "a.pcapng")
		if err != nil {
			if !errors.Is(err, errFull) || len(d.files) != 0 || d.open != 0 {
				t.Fatalf("room for %d bytes: %v, left are %d files", room, err, len(d.files))
			}
			continue
		}
		got, _, err := capturetest.Load(s)
		if err != nil || len(got) != 20 {
			t.Fatalf("room for %d bytes: %d packets, %v", room, len(got), err)
		}
		kept := 0
		closed := s.Close()
		for _, content := range d.files {
			packets, _ := read(t, content)
			kept += len(packets)
		}
		switch len(notices) {
		case 0:
			silent++
			if kept != 20 || closed != nil && !errors.Is(closed, errFull) {
				t.Errorf("room for %d bytes: nobody was told, %d packets kept, %v", room, kept, closed)
			}
		case 1:
			told++
			if kept == 20 || !strings.Contains(notices[0], "a") || !strings.Contains(notices[0], errFull.Error()) || closed != nil {
				t.Errorf("room for %d bytes: %q, %d packets kept, %v", room, notices, kept, closed)
			}
		default:
			t.Errorf("room for %d bytes: told %q", room, notices)
		}
		if d.open != 0 {
			t.Errorf("room for %d bytes: %d files are open", room, d.open)
		}
	}
	if told < 50 || silent < 50 {
		t.Errorf("told %d times, %d times not", told, silent)
	}
}

func TestWithNobodyToTellCloseReturnsWhy(t *testing.T) {
	d := &disk{room: 300, files: map[string][]byte{}}
	s, err := begin(&capturetest.Source{Packets: packets(20), Batch: 3}, Config{}, d, "a")
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	for err == nil {
		err = s.Read(&b)
	}
	if err != io.EOF {
		t.Error(err)
	}
	if err := s.Close(); !errors.Is(err, errFull) {
		t.Errorf("error is %v", err)
	}
}
