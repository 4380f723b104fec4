package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"chokepoint/capture"
)

func TestReadsPacketBlocksOfAllThreeKinds(t *testing.T) {
	bothOrders(t, func(t *testing.T, o binary.AppendByteOrder) {
		const units = 1_700_000_000_000_007
		old := o.AppendUint16(o.AppendUint16(nil, 1), 3) // interface 1, 3 drops
		old = o.AppendUint32(o.AppendUint32(old, units>>32), uint32(units&0xffffffff))
		old = append(o.AppendUint32(o.AppendUint32(old, 3), 70), "old"...)
		g := readAll(bytes.NewReader(join(section(o),
			ngInterface(o, 1, 4, ngOption(o, ifName, []byte("eth0")), ngOption(o, ifFilter, []byte("\x00tcp"))),
			ngInterface(o, 276, 0, ngOption(o, ifTsresol, []byte{9})),
			enhanced(o, 0, units, 3, 60, []byte("new")),
			block(o, 4, []byte("name resolution")), block(o, 0xbad, nil),
			simple(o, 6, []byte("simp")),
			block(o, blockObsolete, old),
			simple(o, 2, []byte("si")))))
		want := []struct {
			frame string
			time  int64
			wire  uint32
			iface uint16
			link  capture.LinkType
		}{
			{"new", units * 1000, 60, 0, capture.LinkEthernet},
			{"simp", units * 1000, 6, 0, capture.LinkEthernet}, // of the time before it, cut by the snaplen
			{"old", units, 70, 1, capture.LinkSLL2},
			{"si", units, 2, 0, capture.LinkEthernet},
		}
		if g.err != nil || len(g.packets) != len(want) {
			t.Fatalf("%d packets, error %v", len(g.packets), g.err)
		}
		for i, w := range want {
			p := g.packets[i]
			if p.Num != uint64(i+1) || string(p.Frame) != w.frame || p.Time != w.time || p.WireLen != w.wire || p.If != w.iface || p.Link != w.link {
				t.Errorf("packet %d is %+v, want %+v", i+1, p, w)
			}
		}
		ifs := []capture.Interface{{Name: "eth0", Link: 1, Snaplen: 4, Filter: "tcp"}, {Link: 276, Dropped: 3}}
		if !slices.Equal(g.ifs, ifs) {
			t.Errorf("interfaces %+v, want %+v", g.ifs, ifs)
		}
	})
}

func TestSectionsHaveTheirOwnByteOrderAndInterfaces(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	g := readAll(bytes.NewReader(join(
		section(le), ngInterface(le, 1, 0), enhanced(le, 0, 1, 1, 1, []byte("a")),
		section(be), ngInterface(be, 113, 0), ngInterface(be, 101, 0), enhanced(be, 1, 2, 1, 1, []byte("b")),
		section(le), ngInterface(le, 229, 0), enhanced(le, 0, 3, 1, 1, []byte("c")))))
	if g.err != nil || len(g.packets) != 3 || len(g.ifs) != 4 {
		t.Fatalf("got %+v", g)
	}
	for i, w := range []capture.Packet{{If: 0, Link: 1, Time: 1000}, {If: 2, Link: 101, Time: 2000}, {If: 3, Link: 229, Time: 3000}} {
		if p := g.packets[i]; p.If != w.If || p.Link != w.Link || p.Time != w.Time || p.Num != uint64(i+1) {
			t.Errorf("packet %d is %+v", i+1, p)
		}
	}
}

func TestPacketsOfUnsupportedLinkTypesUseUpANumber(t *testing.T) {
	o := binary.LittleEndian
	head := join(section(o), ngInterface(o, 127, 0), ngInterface(o, 1, 0))
	radio, wire := enhanced(o, 0, 1, 1, 1, []byte("r")), enhanced(o, 1, 1, 1, 1, []byte("w"))
	g := readAll(bytes.NewReader(join(head, radio, radio, wire, radio)))
	if g.err != nil || len(g.packets) != 1 || g.packets[0].Num != 3 || g.stats.Skipped != 3 || g.stats.Packets != 1 {
		t.Errorf("got %+v", g)
	}
	only := join(section(o), ngInterface(o, 127, 0), radio)
	g = readAll(bytes.NewReader(only))
	if link, ok := errors.AsType[*LinkError](g.err); !ok || link.Link != 127 || g.stats.Skipped != 1 {
		t.Errorf("got %+v", g)
	}
}

func TestStatisticsTellWhatTheKernelDropped(t *testing.T) {
	o := binary.BigEndian
	drops := func(code uint16, n uint64) []byte { return ngOption(o, code, o.AppendUint64(nil, n)) }
	isb := func(options ...[]byte) []byte {
		return block(o, blockStatistics, join(append([][]byte{o.AppendUint32(nil, 1), make([]byte, 8)}, options...)...))
	}
	g := readAll(bytes.NewReader(join(section(o), ngInterface(o, 1, 0), ngInterface(o, 1, 0),
		isb(drops(4, 1000), drops(isbIfdrop, 2)), isb(drops(isbIfdrop, 5), drops(isbOsdrop, 7)), isb(drops(4, 2000)))))
	if g.err != nil || g.ifs[0].Dropped != 0 || g.ifs[1].Dropped != 12 || g.stats.Dropped != 12 {
		t.Errorf("got %+v", g)
	}
}

func TestRefusesDamagedBlocksByCause(t *testing.T) {
	o := binary.LittleEndian
	head := join(section(o), ngInterface(o, 1, 0), enhanced(o, 0, 1, 4, 4, []byte("good")))
	change := func(b []byte, at int, v uint32) []byte {
		b = bytes.Clone(b)
		o.PutUint32(b[at:], v)
		return b
	}
	good := enhanced(o, 0, 1, 4, 4, []byte("good"))
	for name, c := range map[string]struct {
		bad   []byte
		cause string
	}{
		"a length of zero":                {change(good, 4, 0), "block length 0 is impossible"},
		"an odd length":                   {change(good, 4, 37), "block length 37 is impossible"},
		"a length of one gigabyte":        {change(good, 4, 1<<30), "block claims 1073741824 bytes, more than the 16777216 believed"},
		"two lengths":                     {change(good, len(good)-4, 40), "block lengths disagree: 36 in front, 40 behind"},
		"an interface nobody described":   {enhanced(o, 1, 1, 1, 1, []byte("x")), "packet of interface 1, but the section describes 1"},
		"a captured length past the end":  {enhanced(o, 0, 1, 5, 5, []byte("four")), "packet claims 5 captured bytes, its block has room for 4"},
		"a captured length past belief":   {enhanced(o, 0, 1, 1<<30, 1, nil), "packet claims 1073741824 captured bytes, more than the 262144 believed"},
		"a packet block without fields":   {block(o, blockEnhanced, make([]byte, 16)), "packet block has 16 bytes, at least 20 are needed"},
		"a simple packet of an empty one": {block(o, blockSimple, nil), "simple packet block has 0 bytes, at least 4 are needed"},
		"a simple packet that is cut":     {simple(o, 9, []byte("four")), "packet claims 9 captured bytes, its block has room for 4"},
		"a section of another kind":       {change(section(o), 8, 0x01020304), "section header has no byte-order magic but 04 03 02 01"},
		"a section of another version":    {change(section(o), 12, 2), "pcapng version 2.0 is not known"},
		"an interface without fields":     {block(o, blockInterface, make([]byte, 4)), "interface description has 4 bytes, at least 8 are needed"},
		"an option past its block":        {ngInterface(o, 1, 0, []byte{2, 0, 9, 0, 'x', 0, 0, 0}), "option 2 claims 9 bytes, its block has 4 left"},
		"a resolution of two bytes":       {ngInterface(o, 1, 0, ngOption(o, ifTsresol, []byte{6, 6})), "if_tsresol has 2 bytes instead of 1"},
		"an offset of four bytes":         {ngInterface(o, 1, 0, ngOption(o, ifTsoffset, make([]byte, 4))), "if_tsoffset has 4 bytes instead of 8"},
		"statistics of no interface":      {block(o, blockStatistics, append([]byte{7}, make([]byte, 11)...)), "statistics of interface 7, but the section describes 1"},
		"a packet before any interface":   {join(section(o), simple(o, 1, []byte("x"))), "packet of interface 0, but the section describes 0"},
	} {
		t.Run(name, func(t *testing.T) {
			at := int64(len(head))
			if name == "a packet before any interface" {
				at += int64(len(section(o)))
			}
			wantFault(t, join(head, c.bad, good), at, 1, c.cause)
		})
	}
}

func TestPcapngCutAnywhereKeepsThePacketsBefore(t *testing.T) {
	o := binary.LittleEndian
	whole := map[int]int{}
	var file []byte
	packets := 0
	for _, part := range []struct {
		b []byte
		n int
	}{
		{section(o), 0}, {ngInterface(o, 1, 0, ngOption(o, ifName, []byte("eth0"))), 0},
		{enhanced(o, 0, 1, 3, 3, []byte("one")), 1}, {block(o, 0xbad, []byte("custom")), 0},
		{simple(o, 3, []byte("two")), 1}, {section(binary.BigEndian), 0},
	} {
		file = append(file, part.b...)
		packets += part.n
		whole[len(file)] = packets
	}
	cutAnywhere(t, file, whole)
}

func TestTrimsTheFrameCheckSequenceOfAnInterface(t *testing.T) {
	o := binary.LittleEndian
	for v, want := range map[byte]string{0: "framesum1", 4: "frame", 32: "frame", 2: "framesu", 16: "framesu", 200: "framesum1"} {
		t.Run(fmt.Sprintf("if_fcslen %d", v), func(t *testing.T) {
			g := readAll(bytes.NewReader(join(section(o), ngInterface(o, 1, 0, ngOption(o, ifFcslen, []byte{v})),
				enhanced(o, 0, 1, 9, 9, []byte("framesum1")))))
			if f := g.frames(); g.err != nil || f[0] != want || g.packets[0].WireLen != uint32(len(want)) {
				t.Errorf("frame %q, error %v", f, g.err)
			}
		})
	}
}

func TestForeignTextIsBoundedAndValid(t *testing.T) {
	o := binary.LittleEndian
	g := readAll(bytes.NewReader(join(section(o), ngInterface(o, 1, 0,
		ngOption(o, ifName, bytes.Repeat([]byte{0xff}, 1000)), ngOption(o, ifFilter, append([]byte{0}, bytes.Repeat([]byte("f"), 1000)...))),
		ngInterface(o, 1, 0, ngOption(o, ifName, []byte("eth0\x00\x00")), ngOption(o, ifFilter, []byte{1, 2, 3})))))
	if g.err != nil || g.ifs[0].Name != "\uFFFD" || len(g.ifs[0].Filter) != maxFilter || g.ifs[1].Name != "eth0" || g.ifs[1].Filter != "" {
		t.Errorf("got %+v", g)
	}
}
