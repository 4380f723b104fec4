package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
)

// folder writes files by name.
func folder(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// captureOf is a pcapng of frames, one a second from a time on, s.
func captureOf(t *testing.T, link capture.LinkType, frames [][]byte, times ...int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapfile.NewWriter(&b, []capture.Interface{{Link: link}})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		if err := w.Write(pcapfile.Record{Time: times[i] * 1e9, Frame: f}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func scenarioBytes(t *testing.T, name string, flows int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := generate(&b, name, flows); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOnlyOrdinaryCapturesAreMixed(t *testing.T) {
	good := scenarioBytes(t, "flows", 2)
	junk := append(make([]byte, 12), 8, 0, 0x45)
	dir := folder(t, map[string][]byte{
		"a.pcap":        good,
		"b.pcapng":      captureOf(t, capture.LinkEthernet, [][]byte{make([]byte, 60), make([]byte, 60)}, 5, 7),
		"torn.pcap":     good[:len(good)-3],
		"raw.pcapng":    captureOf(t, capture.LinkRaw, [][]byte{{0x45}}, 5),
		"junk.pcapng":   captureOf(t, capture.LinkEthernet, [][]byte{junk}, 5),
		"back.pcapng":   captureOf(t, capture.LinkEthernet, [][]byte{make([]byte, 60), make([]byte, 60)}, 5000, 5),
		"long.pcapng":   captureOf(t, capture.LinkEthernet, [][]byte{make([]byte, 60), make([]byte, 60)}, 5, 900),
		"empty.pcapng":  captureOf(t, capture.LinkEthernet, nil),
		"text.pcap.out": []byte("not a capture"),
		"server.pcapng": good,
		"README.md":     []byte("captures"),
	})
	all, left, err := clips(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || len(all[0].frames) != 10 || len(all[1].frames) != 2 {
		t.Errorf("%d clips: %+v", len(all), all)
	}
	want := map[string]int{"damaged": 1, "not Ethernet": 1, "malformed packets": 1, "clock steps back": 1, "too long": 1, "empty": 1, "not read": 1}
	if !maps.Equal(left, want) {
		t.Errorf("left out %v, want %v", left, want)
	}
}

func TestClipsOverlapAndHaveClientsOfTheirOwn(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"a.pcap": scenarioBytes(t, "flows", 4), "b.pcap": scenarioBytes(t, "flows", 4), "c.pcap": scenarioBytes(t, "flows", 1),
	})
	out := filepath.Join(t.TempDir(), "mix.pcap")
	if err := assemble(dir, 100, out); err != nil {
		t.Fatal(err)
	}
	info, err := readInfo(out)
	if err != nil || info.Rounds != 3 || info.Packets != 135 || info.Clips != 3 || info.Span < 5*stagger {
		t.Fatalf("%+v, %v", info, err)
	}
	r, err := pcapfile.Open(out, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	packets, ok := readAll(r)
	if !ok || len(packets) != 135 {
		t.Fatalf("%d packets, whole %v", len(packets), ok)
	}
	keys := map[capture.Key]bool{}
	var d decode.Decoder
	var last int64
	for i := range packets {
		p := &packets[i]
		d.Decode(p)
		k, _ := p.Key.Canonical()
		keys[k] = true
		if p.Time < last {
			t.Errorf("packet %d is before the one before it", p.Num)
		}
		last = p.Time
	}
	if len(keys) != 3*(4+4+1) {
		t.Errorf("%d flows, want those of three rounds", len(keys))
	}
	if d.Counts.Malformed() != 0 {
		t.Errorf("decode counts %v", d.Counts)
	}
}

func TestAFolderWithoutCapturesIsAnError(t *testing.T) {
	if err := assemble(t.TempDir(), 1, filepath.Join(t.TempDir(), "mix.pcap")); err == nil {
		t.Error("no error")
	}
}
