package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
)

// folder writes files into a fresh folder.
func folder(t testing.TB, files map[string][]byte) string {
	dir := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// batchOf gathers what a source delivers.
type batchOf struct {
	capture.Batch
	frames []string
	nums   []uint64
	ifs    []uint16
}

func (b *batchOf) read(t testing.TB, s capture.Source) error {
	t.Helper()
	err := s.Read(&b.Batch)
	for _, p := range b.Packets {
		b.frames = append(b.frames, string(p.Frame))
		b.nums = append(b.nums, p.Num)
		b.ifs = append(b.ifs, p.If)
	}
	return err
}

func (b *batchOf) readAll(t testing.TB, s capture.Source) error {
	t.Helper()
	for {
		if err := b.read(t, s); err != nil {
			return err
		}
	}
}

func TestFilesAreFoundByContent(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"b.txt": sample(1), "a": section(binary.BigEndian), "c.pcap.gz": gzipped(t, sample(1)), "d.zst": zstandard(t, sample(1)),
		"README.pcap": []byte("not a capture at all"), "notes.gz": gzipped(t, []byte("nor this one")),
		"e.xz": []byte("\xfd7zXZ\x00abcdef"), "f.pcap": nil,
	})
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "g")); err != nil {
		t.Fatal(err)
	}
	files, err := Files(dir)
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	if want := []string{"a", "b.txt", "c.pcap.gz", "d.zst"}; !slices.Equal(files, want) {
		t.Errorf("files are %v, want %v", files, want)
	}
	for _, want := range []string{"e.xz: xz: decompress first", "f.pcap: file is empty", "nowhere"} {
		if want == "nowhere" && !errors.Is(err, os.ErrNotExist) || want != "nowhere" && !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not tell of %s", err, want)
		}
	}
	if _, err := Files(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// ring is three files out of order, one of them with two interfaces, and one
// that is damaged at its end.
func ring(t *testing.T) (paths []string) {
	o := binary.LittleEndian
	one := func(iface uint32, at uint64, frame string) []byte {
		return enhanced(o, iface, at, uint32(len(frame)), 9, []byte(frame))
	}
	eth0 := ngInterface(o, 1, 0, ngOption(o, ifName, []byte("eth0")))
	wlan0 := ngInterface(o, 1, 0, ngOption(o, ifName, []byte("wlan0")))
	mon0 := ngInterface(o, 127, 0)
	dir := folder(t, map[string][]byte{
		"1.empty":  section(o),
		"2.last":   join(section(o), wlan0, eth0, one(1, 50, "e"), one(0, 60, "f")),
		"3.first":  join(section(o), eth0, mon0, one(0, 10, "a"), one(1, 11, "?"), one(0, 20, "b")),
		"4.middle": join(section(o), eth0, one(0, 30, "c"), one(0, 40, "d"), one(0, 45, "cut")[:20]),
		"5.none":   []byte("not a capture file"),
	})
	for _, n := range []string{"1.empty", "2.last", "3.first", "4.middle", "5.none"} {
		paths = append(paths, filepath.Join(dir, n))
	}
	return paths
}

func TestARingIsReadInTheOrderOfTime(t *testing.T) {
	s, err := OpenJoined(ring(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b batchOf
	err = b.readAll(t, s)
	if want := []string{"a", "b", "c", "d", "e", "f"}; !slices.Equal(b.frames, want) {
		t.Errorf("frames are %v, want %v", b.frames, want)
	}
	if want := []uint64{1, 3, 4, 5, 6, 7}; !slices.Equal(b.nums, want) {
		t.Errorf("numbers are %v, want %v", b.nums, want)
	}
	if want := []uint16{0, 0, 0, 0, 0, 2}; !slices.Equal(b.ifs, want) {
		t.Errorf("interfaces are %v, want %v", b.ifs, want)
	}
	if got := s.Stats(); got != (capture.Stats{Packets: 6, Bytes: 6, Skipped: 1}) {
		t.Errorf("stats are %+v", got)
	}
	if !errors.Is(err, ErrTruncated) || !errors.Is(err, ErrNotCapture) {
		t.Errorf("error %v does not tell of both damaged files", err)
	}
	for num, want := range map[uint64]struct {
		name string
		num  uint64
	}{1: {"3.first", 1}, 3: {"3.first", 3}, 4: {"4.middle", 1}, 5: {"4.middle", 2}, 6: {"2.last", 1}, 7: {"2.last", 2}} {
		if name, n := s.FileOf(num); filepath.Base(name) != want.name || n != want.num {
			t.Errorf("packet %d is %s:%d, want %v", num, name, n, want)
		}
	}
	if name, n := s.FileOf(8); name != "" || n != 0 {
		t.Errorf("packet 8 is %s:%d", name, n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestJoinedDropsAddUp(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range []string{"a", "b"} {
		var out bytes.Buffer
		w, err := NewWriter(&out, []capture.Interface{{Name: "eth0", Link: 1}})
		if err := errors.Join(err, w.Write(Record{Time: 5, Frame: []byte("x")}), w.WriteDrops(0, 9, 21), w.Flush()); err != nil {
			t.Fatal(err)
		}
		files[name] = out.Bytes()
	}
	dir := folder(t, files)
	s, err := OpenJoined([]string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b batchOf
	if err := b.readAll(t, s); err != io.EOF {
		t.Error(err)
	}
	if done, total := s.Progress(); done != total || total != int64(len(files["a"])*2) {
		t.Errorf("progress is %d of %d", done, total)
	}
	if ifs := s.Interfaces(); len(ifs) != 1 || ifs[0].Dropped != 42 || s.Stats().Dropped != 42 {
		t.Errorf("interfaces %+v, stats %+v", ifs, s.Stats())
	}
	if _, err := OpenJoined(nil, Options{}); err == nil {
		t.Error("joins nothing")
	}
}
