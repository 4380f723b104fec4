package record

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/pcapfile"
)

var be = binary.BigEndian

// said is what payload is made of here; headers have none of it.
const said = 0xa5

// talk is n bytes of payload.
func talk(n int) []byte { return slices.Repeat([]byte{said}, n) }

// ether puts an Ethernet header before something.
func ether(et uint16, rest []byte) []byte {
	return append(be.AppendUint16(make([]byte, 12), et), rest...)
}

func v4(proto uint8, rest []byte) []byte {
	b := append([]byte{0x45, 0}, be.AppendUint16(nil, uint16(20+len(rest)))...)
	b = append(b, 0, 1, 0, 0, 64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	return append(b, rest...)
}

func v6(next uint8, rest []byte) []byte {
	b := append([]byte{0x60, 0, 0, 0}, be.AppendUint16(nil, uint16(len(rest)))...)
	b = append(b, next, 64)
	b = append(b, slices.Concat([]byte{0xfd}, make([]byte, 14), []byte{1, 0xfd}, make([]byte, 14), []byte{2})...)
	return append(b, rest...)
}

// tcp is a segment with 12 bytes of options.
func tcp(payload []byte) []byte {
	b := make([]byte, 32, 32+len(payload))
	be.PutUint16(b, 1000)
	be.PutUint16(b[2:], 443)
	b[12], b[13] = 0x80, byte(capture.PSH|capture.ACK)
	copy(b[20:], []byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	return append(b, payload...)
}

func udp(src, dst uint16, payload []byte) []byte {
	b := be.AppendUint16(be.AppendUint16(nil, src), dst)
	b = be.AppendUint16(be.AppendUint16(b, uint16(8+len(payload))), 0)
	return append(b, payload...)
}

// packets are n of them with 1000 bytes of payload, a millisecond and a bit apart.
func packets(n int) (out []capture.Packet) {
	for i := range n {
		out = append(out, capture.Packet{
			Num: uint64(100 + i), Time: 1_700_000_000_000_000_000 + int64(i)*1_000_001, Link: capture.LinkEthernet,
			Frame: ether(0x0800, v4(6, tcp(talk(1000)))), WireLen: 1066,
		})
	}
	return out
}

// pass reads a source to its end and closes it.
func pass(t *testing.T, s *Source) []capture.Packet {
	t.Helper()
	got, _, err := capturetest.Load(s)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return got
}

// recorded reads a file back.
func recorded(t *testing.T, path string) ([]capture.Packet, *pcapfile.Reader) {
	t.Helper()
	r, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, _, err := capturetest.Load(r)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return got, r
}

// names lists a folder.
func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		out = append(out, e.Name())
	}
	return out
}

// disk is a folder with room for so many bytes.
type disk struct {
	room  int
	files map[string][]byte
	open  int
}

var errFull = errors.New("no space left on device")

func (d *disk) create(name string) (file, error) {
	if _, there := d.files[name]; there {
		return nil, fs.ErrExist
	}
	d.files[name] = nil
	d.open++
	return &onDisk{d, name}, nil
}

func (d *disk) remove(m made) {
	d.room += len(d.files[m.name])
	delete(d.files, m.name)
}

func (d *disk) Close() error { return nil }

type onDisk struct {
	d    *disk
	name string
}

func (f *onDisk) Write(b []byte) (int, error) {
	n := min(len(b), f.d.room)
	f.d.room -= n
	f.d.files[f.name] = append(f.d.files[f.name], b[:n]...)
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func (f *onDisk) Truncate(size int64) error {
	f.d.room += len(f.d.files[f.name]) - int(size)
	f.d.files[f.name] = f.d.files[f.name][:size]
	return nil
}

func (f *onDisk) Close() error { f.d.open--; return nil }

func (f *onDisk) Stat() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }

var _ io.Writer = (*onDisk)(nil)
