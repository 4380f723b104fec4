package pcapfile

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"

	"github.com/google/gopacket/pcapgo"
)

var written = []capture.Interface{
	{Name: "eth0", Link: capture.LinkEthernet, Snaplen: 262144, Filter: "tcp port 443"},
	{Link: capture.LinkSLL2},
}

func write(t testing.TB, records ...Record) []byte {
	var out bytes.Buffer
	w, err := NewWriter(&out, written)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var evidence = []Record{
	{Time: 1_700_000_000_123_456_789, Frame: []byte("first"), WireLen: 1500, Comment: "reset from elsewhere: TTL 61, not 52", ID: 77},
	{Time: 1_700_000_001_000_000_001, If: 1, Frame: []byte("the second")},
	{Time: -5, Frame: nil, Comment: strings.Repeat("long ", 1<<14)},
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	g := readAll(bytes.NewReader(write(t, evidence...)))
	if g.err != nil || len(g.packets) != 3 || !slices.Equal(g.ifs, written) {
		t.Fatalf("got %+v", g)
	}
	for i, r := range evidence {
		p := g.packets[i]
		if p.Time != max(r.Time, 0) || p.If != r.If || string(p.Frame) != string(r.Frame) || p.WireLen != max(r.WireLen, uint32(len(r.Frame))) {
			t.Errorf("packet %d is %+v, want %+v", i+1, p, r)
		}
	}
}

func TestGopacketReadsWhatIsWritten(t *testing.T) {
	r, err := pcapgo.NewNgReader(bytes.NewReader(write(t, evidence...)), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range evidence {
		data, ci, err := r.ReadPacketData()
		if err != nil || string(data) != string(want.Frame) || ci.Timestamp.UnixNano() != max(want.Time, 0) || ci.InterfaceIndex != int(want.If) {
			t.Errorf("packet %d: %q, %+v, %v", i+1, data, ci, err)
		}
	}
	if _, _, err := r.ReadPacketData(); err != io.EOF {
		t.Error(err)
	}
}

func TestWritingIsDeterministicAndCarriesCommentAndID(t *testing.T) {
	a, b := write(t, evidence...), write(t, evidence...)
	if !bytes.Equal(a, b) {
		t.Error("the same calls gave other bytes")
	}
	comment := append([]byte{1, 0, 36, 0}, evidence[0].Comment...)
	if !bytes.Contains(a, comment) {
		t.Error("no opt_comment")
	}
	if !bytes.Contains(a, []byte{5, 0, 8, 0, 77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) {
		t.Error("no epb_packetid")
	}
}

func TestAnInterfaceMayComeLater(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, written[:1])
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(Record{Time: 1}), w.Describe(written[1]), w.Write(Record{Time: 2, If: 1}), w.Flush()); err != nil {
		t.Fatal(err)
	}
	if w.Size() != int64(out.Len()) {
		t.Errorf("%d bytes, %d written", w.Size(), out.Len())
	}
	g := readAll(&out)
	if g.err != nil || !slices.Equal(g.ifs, written) || len(g.packets) != 2 || g.packets[1].If != 1 || g.packets[1].Link != capture.LinkSLL2 {
		t.Errorf("got %+v", g)
	}
}

func TestWriterRefusesWhatNoReaderTakes(t *testing.T) {
	w, err := NewWriter(io.Discard, written)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(Record{If: 2}); err == nil {
		t.Error("writes to an interface there is not")
	}
	if err := w.WriteDrops(2, 0, 0); err == nil {
		t.Error("writes statistics of an interface there is not")
	}
	if err := w.Write(Record{Frame: make([]byte, maxRecord)}); err == nil {
		t.Error("writes a packet of 16 MiB")
	}
}

type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterReportsAFullDisk(t *testing.T) {
	w, err := NewWriter(full{}, written)
	for i := 0; err == nil && i < 2000; i++ {
		err = w.Write(Record{Frame: make([]byte, 100)})
	}
	if !errors.Is(err, errFull) || !errors.Is(w.Flush(), errFull) {
		t.Errorf("error is %v", err)
	}
}
