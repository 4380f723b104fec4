package vary

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps"
)

// bundled returns the packets of a bundled capture.
func bundled(t *testing.T) ([]capture.Packet, []capture.Interface) {
	t.Helper()
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(cases, func(c pcaps.Case) bool { return c.Name == "everything-works" })
	b, _ := cases[at].File("client.pcapng")
	src, err := pcapfile.New(bytes.NewReader(b), "client.pcapng", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packets, err := ReadAll(src)
	if err != nil || len(packets) < 100 {
		t.Fatalf("%d packets, %v", len(packets), err)
	}
	return packets, src.Interfaces()
}

// seen is the parts of a decoded packet that say where it was seen and how.
type seen struct {
	key   capture.Key
	seq   uint32
	ipid  uint16
	ttl   uint8
	vlan  uint16
	iplen uint32
	wrong capture.Fields
}

func decoded(packets []capture.Packet) (out []seen) {
	var d decode.Decoder
	for _, p := range packets {
		d.Decode(&p)
		out = append(out, seen{p.Key, p.Seq, p.IPID, p.TTL, p.VLAN, p.IPLen, p.Has & (capture.BadIPSum | capture.Clipped)})
	}
	return out
}

func TestEveryVariationButTheFirstChangesSomethingAndNothingTwice(t *testing.T) {
	packets, _ := bundled(t)
	names, texts := map[string]bool{}, map[string]bool{}
	for i, v := range All() {
		once, again := v.Apply(packets), v.Apply(packets)
		if len(once) == 0 || !same(once, again) {
			t.Errorf("%s: %d packets, %d the second time", v.Name, len(once), len(again))
		}
		if same(once, packets) != (i == 0) {
			t.Errorf("%s: changed or not changed", v.Name)
		}
		if got, ok := Named(v.Name); !ok || got.Name != v.Name || names[v.Name] || texts[v.What] || v.What == "" {
			t.Errorf("%s has another's name or no words", v.Name)
		}
		names[v.Name], texts[v.What] = true, true
	}
	if _, ok := Named("backwards"); ok {
		t.Error("a variation nobody made")
	}
}

func same(a, b []capture.Packet) bool {
	return slices.EqualFunc(a, b, func(x, y capture.Packet) bool { return x.Time == y.Time && bytes.Equal(x.Frame, y.Frame) })
}

func TestACopyIsTheSamePacketAHopFurther(t *testing.T) {
	packets, _ := bundled(t)
	was := decoded(packets)
	v, _ := Named("span-copies")
	var got []seen
	for _, s := range decoded(v.Apply(packets)) {
		if s.wrong&capture.BadIPSum != 0 {
			t.Fatalf("a wrong checksum: %+v", s)
		}
		got = append(got, s)
	}
	if len(got) != 2*len(was) {
		t.Fatalf("%d packets of %d", len(got), len(was))
	}
	count := map[string]int{}
	for _, s := range got {
		count[fmt.Sprint(s)]++
	}
	for _, s := range was {
		count[fmt.Sprint(s)]--
		s.ttl--
		count[fmt.Sprint(s)]--
	}
	for s, n := range count {
		if n != 0 {
			t.Errorf("%d too many: %s", n, s)
		}
	}
}

func TestRoutedTakesHopsOffBothVersions(t *testing.T) {
	four, six := make([]byte, 40), make([]byte, 60)
	four[12], four[14], four[22], four[24], four[25] = 0x08, 0x45, 2, 0xff, 0x01
	six[12], six[13], six[14], six[21] = 0x86, 0xdd, 0x60, 64
	routed(four, 1)
	routed(six, 3)
	if four[22] != 1 || four[24] != 0 || four[25] != 2 || six[21] != 61 {
		t.Errorf("%v %v", four[14:], six[14:])
	}
	if routed(four, 5); four[22] != 1 {
		t.Errorf("TTL %d, no packet arrives with 0", four[22])
	}
}

func TestATagLeavesThePacketInside(t *testing.T) {
	packets, _ := bundled(t)
	v, _ := Named("vlan")
	tagged := v.Apply(packets)
	was, got := decoded(packets), decoded(tagged)
	for i := range was {
		was[i].vlan = 100
		if was[i] != got[i] || tagged[i].WireLen != packets[i].WireLen+4 {
			t.Fatalf("packet %d: %+v, should be %+v", i+1, got[i], was[i])
		}
	}
}

func TestTheDirectionsAreTheWholeCapture(t *testing.T) {
	packets, _ := bundled(t)
	up, down := Apply(packets, OneWay(true)), Apply(packets, OneWay(false))
	portless := len(Apply(packets, OneWay(true), OneWay(false))) // what both keep
	if len(up)+len(down)-portless != len(packets) || len(up) < 100 || len(down) < 100 {
		t.Errorf("%d up and %d down, %d of them in both, of %d", len(up), len(down), portless, len(packets))
	}
	var d decode.Decoder
	for _, p := range up {
		if d.Decode(&p); p.Flags&(capture.SYN|capture.ACK) == capture.SYN|capture.ACK {
			t.Fatalf("packet %d: a SYN/ACK from a client", p.Num)
		}
	}
}

func TestWithoutItsOpeningNoFlowShowsASYN(t *testing.T) {
	packets, _ := bundled(t)
	var d decode.Decoder
	for _, p := range Apply(packets, Headless(3)) {
		if d.Decode(&p); p.Flags&capture.SYN != 0 {
			t.Errorf("packet %d is a SYN", p.Num)
		}
	}
}

func TestAVariationOfASourceIsASource(t *testing.T) {
	packets, ifs := bundled(t)
	torn := errors.New("torn")
	for _, v := range All() {
		src, err := v.Source(&capturetest.Source{Packets: packets, Ifs: ifs, Batch: 100, Dropped: 7, Lost: 3})
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadAll(src)
		if err != nil || !same(got, v.Apply(packets)) {
			t.Errorf("%s: %d packets, %v", v.Name, len(got), err)
		}
		st := src.Stats()
		if st.Packets != uint64(len(got)) || st.Bytes == 0 || st.Dropped != 7 || st.Lost != 3 || len(src.Interfaces()) != len(ifs) {
			t.Errorf("%s: %+v", v.Name, st)
		}
		if _, err := v.Source(&capturetest.Source{Packets: packets, Ifs: ifs, Err: torn}); err != torn {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}
