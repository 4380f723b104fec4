package defrag

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"chokepoint/capture"
)

// FuzzTable holds the law of joining whatever comes: no panic, bounds kept, and
// what comes out has a true length and, in every place, a byte that a fragment
// of it brought for that place.
func FuzzTable(f *testing.F) {
	f.Add([]byte{0, 1, 2, 2, 2, 0}, false)
	f.Add([]byte{0, 1, 4, 1, 1, 2, 3, 0, 1}, true)
	f.Add([]byte{2, 0, 9, 0, 1, 7, 0, 1, 7, 1, 1, 3}, false)
	f.Fuzz(func(t *testing.T, script []byte, v6 bool) {
		type place struct {
			off   int
			value byte
		}
		tab := NewTable()
		offered := map[place]bool{}
		for ; len(script) >= 3; script = script[3:] {
			fr := scripted(script, v6)
			for i, c := range fr.Data {
				offered[place{fr.Off + i, c}] = true
			}
			got, ok := tab.Add(&fr)
			if tab.bytes > MaxBytes || tab.bytes < 0 || tab.Len() > MaxDatagrams {
				t.Fatalf("%d bytes of %d datagrams", tab.bytes, tab.Len())
			}
			if !ok {
				continue
			}
			checkLength(t, got, v6)
			for i, c := range got[len(fr.Header):] {
				if !offered[place{i, c}] {
					t.Fatalf("nobody brought %#x for byte %d", c, i)
				}
			}
		}
	})
}

// scripted makes a fragment of three bytes: where, how long and whether it is
// the last, what it is filled with.
func scripted(s []byte, v6 bool) Fragment {
	f := Fragment{V6: v6, Header: make([]byte, 40), NextAt: 6, Off: int(s[0]&15) * 8, More: s[1]&1 == 1, Proto: 17}
	n := int(s[1]>>1&31) + 1
	if f.More {
		n = int(s[1]>>1&7)*8 + 8
	}
	f.Data = slices.Repeat(s[2:3], n)
	f.Len = n
	return f
}

func checkLength(t *testing.T, b []byte, v6 bool) {
	at, want := 2, len(b)
	if v6 {
		at, want = 4, len(b)-ipv6Len
	}
	if got := int(binary.BigEndian.Uint16(b[at:])); got != want {
		t.Fatalf("length field %d, want %d", got, want)
	}
}

// FuzzJoin holds the law of joining what an honest sender sent: cut anywhere, in
// any order and repeated, it comes out once and unchanged.
func FuzzJoin(f *testing.F) {
	f.Add(uint16(100), []byte{3, 1, 9, 0}, false)
	f.Add(uint16(1400), []byte{40, 41, 7, 200}, true)
	f.Fuzz(func(t *testing.T, size uint16, order []byte, v6 bool) {
		data := text(int(size)%2000 + 9)
		step := max(8, (len(data)/(len(order)+2)+7)&^7) // an offset counts eights
		var pieces []Fragment
		for at := 0; at < len(data); at += step {
			end := min(at+step, len(data))
			pieces = append(pieces, Fragment{V6: v6, Header: make([]byte, 40), NextAt: 6, Off: at, More: end < len(data), Data: data[at:end], Len: end - at})
		}
		for i, v := range order { // shuffle as the input says
			if i < len(pieces) {
				j := int(v) % len(pieces)
				pieces[i], pieces[j] = pieces[j], pieces[i]
			}
		}
		tab := NewTable()
		for i := range pieces {
			got, ok := tab.Add(&pieces[i])
			if last := i == len(pieces)-1; ok != last || last && !bytes.Equal(got[40:], data) {
				t.Fatalf("fragment %d of %d: %v, %d bytes of %d", i, len(pieces), ok, len(got), len(data))
			}
			if i < len(pieces)-1 { // and once more
				if _, ok := tab.Add(&pieces[i]); ok {
					t.Fatal("joined by a repetition")
				}
			}
		}
	})
}

// FuzzOf holds the law of finding fragments: no panic, and what is found lies in
// the frame and is either taken by a table or counted.
func FuzzOf(f *testing.F) {
	f.Add(piece4(f, 1, text(32), 8, 16, true).Frame, uint16(101))
	f.Add(piece6(1, text(32), 8, 16, true).Frame, uint16(229))
	f.Add(append(make([]byte, 12), 0x81, 0, 0, 1, 8, 0, 0x45), uint16(1))
	f.Fuzz(func(t *testing.T, frame []byte, link uint16) {
		p := capture.Packet{Frame: frame, Link: capture.LinkType(link)}
		fr, ok := found(&p)
		if !ok {
			return
		}
		if len(fr.Header)+len(fr.Data) > len(frame) || fr.Len < len(fr.Data) {
			t.Fatalf("%+v in a frame of %d", fr, len(frame))
		}
		tab := NewTable()
		_, joined := tab.Add(&fr)
		c := tab.Counts()
		if taken := joined || tab.Len() == 1; !taken && c.Malformed+c.Clipped+c.TooBig != 1 {
			t.Fatalf("neither taken nor counted: %+v", c)
		}
	})
}
