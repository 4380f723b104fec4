package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"testing/iotest"

	"chokepoint/capture"
)

func TestReadsEveryPcapVariantInEitherByteOrder(t *testing.T) {
	for _, v := range []struct {
		name  string
		magic uint32
		extra int
		want  int64
	}{
		{"microseconds", magicMicros, 0, 1_700_000_000_000_007_000},
		{"nanoseconds", magicNanos, 0, 1_700_000_000_000_000_007},
		{"modified, with a record header of 24 bytes", magicModified, 8, 1_700_000_000_000_007_000},
	} {
		t.Run(v.name, func(t *testing.T) {
			bothOrders(t, func(t *testing.T, o binary.AppendByteOrder) {
				g := readAll(bytes.NewReader(join(pcapHead(o, v.magic, 65535, 1),
					pcapRecord(o, 1_700_000_000, 7, 60, []byte("first"), v.extra),
					pcapRecord(o, 1_700_000_000, 7, 6, []byte("second"), v.extra))))
				if g.err != nil || len(g.packets) != 2 {
					t.Fatalf("%d packets, error %v", len(g.packets), g.err)
				}
				p := g.packets[0]
				if p.Num != 1 || p.Time != v.want || string(p.Frame) != "first" || p.WireLen != 60 || p.Link != capture.LinkEthernet {
					t.Errorf("first packet is %+v", p)
				}
				if p = g.packets[1]; p.Num != 2 || string(p.Frame) != "second" || p.WireLen != 6 {
					t.Errorf("second packet is %+v", p)
				}
				if g.stats != (capture.Stats{Packets: 2, Bytes: 11}) {
					t.Errorf("stats are %+v", g.stats)
				}
			})
		})
	}
}

func TestPcapHeaderAloneIsAnEmptyCapture(t *testing.T) {
	g := readAll(bytes.NewReader(pcapHead(binary.LittleEndian, magicMicros, 65535, 1)))
	if g.err != nil || len(g.packets) != 0 || len(g.ifs) != 1 || g.ifs[0].Snaplen != 65535 {
		t.Errorf("got %+v", g)
	}
}

func TestRefusesARecordOfOneGigabyteWithoutAllocatingIt(t *testing.T) {
	o := binary.LittleEndian
	head := pcapHead(o, magicMicros, 0xffffffff, 1)
	file := join(head, o.AppendUint32(make([]byte, 8), 1<<30), make([]byte, 4))
	wantFault(t, file, 24, 0, "record claims 1073741824 captured bytes, more than the 16777216 believed")

	// One that is believed is only waited for.
	file = join(head, o.AppendUint32(make([]byte, 8), maxRecord), make([]byte, 4))
	var b capture.Batch
	n, err := New(bytes.NewReader(file), "x", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Read(&b); !errors.Is(err, ErrTruncated) || cap(b.Buf) > 2*chunk {
		t.Errorf("error %v, buffer of %d bytes for a file of 40", err, cap(b.Buf))
	}
}

func TestReadsRecordsLongerThanTheBuffer(t *testing.T) {
	o := binary.BigEndian
	long := bytes.Repeat([]byte("0123456789abcdef"), 3<<20/16)
	g := readAll(bytes.NewReader(join(pcapHead(o, magicMicros, 8<<20, 1),
		pcapRecord(o, 1, 0, 1, []byte("a"), 0), pcapRecord(o, 1, 0, 1, long, 0), pcapRecord(o, 1, 0, 1, []byte("b"), 0))))
	if f := g.frames(); g.err != nil || len(f) != 3 || f[1] != string(long) || f[2] != "b" {
		t.Errorf("%d packets, error %v", len(f), g.err)
	}
}

func TestToleratesACapturedLengthAboveTheWireLength(t *testing.T) {
	o := binary.LittleEndian
	g := readAll(bytes.NewReader(join(pcapHead(o, magicMicros, 10, 1), pcapRecord(o, 1, 0, 3, []byte("eleven bytes"), 0))))
	if g.err != nil || len(g.packets) != 1 || g.packets[0].WireLen != 12 {
		t.Errorf("got %+v", g)
	}
}

func TestTrimsTheFrameCheckSequenceAPcapHeaderAnnounces(t *testing.T) {
	o := binary.LittleEndian
	link := uint32(2<<28 | 1<<26 | 1) // two 16-bit words
	g := readAll(bytes.NewReader(join(pcapHead(o, magicMicros, 100, link),
		pcapRecord(o, 1, 0, 9, []byte("framesum1"), 0),
		pcapRecord(o, 1, 0, 100, []byte("clipped"), 0),
		pcapRecord(o, 1, 0, 9, []byte("framesu"), 0),
		pcapRecord(o, 1, 0, 2, []byte("xy"), 0))))
	want := []string{"frame", "clipped", "frame", "xy"}
	for i, f := range g.frames() {
		if f != want[i] {
			t.Errorf("frame %d is %q, want %q", i, f, want[i])
		}
	}
	if len(g.packets) != 4 || g.packets[0].WireLen != 5 || g.packets[1].WireLen != 96 || g.packets[2].WireLen != 5 {
		t.Errorf("got %+v", g)
	}
}

func TestRefusesPcapHeadersByCause(t *testing.T) {
	o := binary.LittleEndian
	old := pcapHead(o, magicMicros, 1, 1)
	old[4] = 1
	for name, c := range map[string]struct {
		file  []byte
		cause string
	}{
		"an unknown version":      {old, "pcap version 1.4 is not known"},
		"an unassigned link type": {pcapHead(o, magicMicros, 1, 0x10001), "link type 65537 is not assigned"},
		"radiotap": {pcapHead(o, magicMicros, 1, 127), "link type IEEE802_11_RADIO (127) is not supported: convert 802.11 frames to Ethernet with " +
			"`airdecap-ng -e ESSID -p PASSPHRASE FILE`, or capture without monitor mode: `tcpdump -i wlan0 -w FILE`"},
		"a serial line": {pcapHead(o, magicMicros, 1, 9), "link type PPP (9) is not supported: capture again with `tcpdump -i any -w FILE`"},
	} {
		t.Run(name, func(t *testing.T) { wantFault(t, c.file, 0, 0, c.cause) })
	}
}

func TestPcapCutAnywhereKeepsTheRecordsBefore(t *testing.T) {
	o := binary.BigEndian
	head := pcapHead(o, magicNanos, 65535, 1)
	file := join(head, pcapRecord(o, 1, 0, 60, []byte("one"), 0), pcapRecord(o, 2, 0, 60, []byte("three"), 0))
	whole := map[int]int{24: 0, 24 + 19: 1, len(file): 2} // clean ends and what they hold
	cutAnywhere(t, file, whole)
}

// cutAnywhere cuts a file at every byte: it must end cleanly where whole says
// so, else with ErrTruncated, and with all packets before.
func cutAnywhere(t *testing.T, file []byte, whole map[int]int) {
	t.Helper()
	packets := 0
	for n := 1; n <= len(file); n++ {
		want, clean := whole[n]
		if clean {
			packets = want
		}
		g := readAll(iotest.OneByteReader(bytes.NewReader(file[:n])))
		switch {
		case clean && g.err != nil:
			t.Errorf("cut at %d: %v", n, g.err)
		case !clean && n >= sniffLen && !errors.Is(g.err, ErrTruncated), !clean && g.err == nil:
			t.Errorf("cut at %d: error is %v, want ErrTruncated", n, g.err)
		case len(g.packets) != packets:
			t.Errorf("cut at %d: %d packets, want %d", n, len(g.packets), packets)
		}
	}
}
