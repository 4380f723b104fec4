package flow

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"chokepoint/capture"
)

func keyOf(n uint32) capture.Key {
	k := capture.Key{SrcPort: uint16(n), DstPort: 443, Proto: capture.ProtoTCP}
	binary.BigEndian.PutUint32(k.Src[12:], n)
	k.Dst[15] = 9
	return k
}

func TestFindKnowsBothDirections(t *testing.T) {
	tab := NewTable[int](1, 7)
	k := keyOf(1)
	id, _ := tab.Add(k, k.Hash(7), 0, 0)
	if got, _, rev := tab.Find(&k, k.Hash(7)); got != id || rev {
		t.Fatalf("forward: %d %v", got, rev)
	}
	r := k.Reverse()
	if got, _, rev := tab.Find(&r, r.Hash(7)); got != id || !rev {
		t.Fatalf("reverse: %d %v", got, rev)
	}
	other := k
	other.Proto = capture.ProtoUDP
	if got, _, _ := tab.Find(&other, other.Hash(7)); got != 0 {
		t.Fatal("another protocol is another flow")
	}
}

// TestTableAgreesWithAMap is the law of the table: whatever is added, removed
// and touched, it holds what a map would, and its queues hold each entry once.
func TestTableAgreesWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := NewTable[uint32](3, 3)
		want := map[uint32]ID{}
		var now int64
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			n := rapid.Uint32Range(0, 60).Draw(t, "key")
			k := keyOf(n)
			now += rapid.Int64Range(0, 2*slack).Draw(t, "dt")
			q := Queue(rapid.IntRange(0, 2).Draw(t, "queue"))
			id, e, _ := tab.Find(&k, k.Hash(3))
			if id != want[n] {
				t.Fatalf("find %d: %d, want %d", n, id, want[n])
			}
			switch {
			case id == 0:
				id, e = tab.Add(k, k.Hash(3), q, now)
				e.Rec = n
				want[n] = id
			case rapid.Bool().Draw(t, "remove"):
				tab.Remove(id)
				delete(want, n)
			default:
				tab.Touch(id, e, q, now)
			}
		}
		seen := map[uint32]bool{}
		last := [3]int64{}
		for q := Queue(0); q < 3; q++ {
			n := 0
			for id := tab.queue[q].oldest; id != 0; id = tab.At(id).next {
				e := tab.At(id)
				if e.placed < last[q] {
					t.Fatal("queue out of order")
				}
				last[q] = e.placed
				seen[e.Rec] = true
				n++
			}
			if n != tab.LenOf(q) {
				t.Fatalf("queue %d holds %d, says %d", q, n, tab.LenOf(q))
			}
		}
		if len(seen) != len(want) || tab.Len() != len(want) {
			t.Fatalf("%d on queues, %d counted, want %d", len(seen), tab.Len(), len(want))
		}
	})
}

func TestMemoryIsUsedAgain(t *testing.T) {
	tab := NewTable[[64]byte](1, 1)
	for n := range uint32(100_000) {
		k := keyOf(n)
		tab.Add(k, k.Hash(1), 0, int64(n))
		if tab.Len() > 1000 {
			id, _ := tab.Oldest(0)
			tab.Remove(id)
		}
	}
	if got := tab.Bytes(); got > 512<<10 {
		t.Fatalf("%d bytes for 1000 entries", got)
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	tab := NewTable[int](1, 1)
	k := keyOf(5)
	tab.Add(k, k.Hash(1), 0, 0)
	if n := testing.AllocsPerRun(100, func() {
		id, e, _ := tab.Find(&k, k.Hash(1))
		tab.Touch(id, e, 0, 1)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkFind(b *testing.B) {
	const flows = 100_000
	tab := NewTable[[200]byte](1, 1)
	keys := make([]capture.Key, flows)
	for i := range keys {
		keys[i] = keyOf(uint32(i))
		tab.Add(keys[i], keys[i].Hash(1), 0, 0)
	}
	rand.Shuffle(flows, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		k := &keys[i%flows]
		if id, _, _ := tab.Find(k, k.Hash(1)); id == 0 {
			b.Fatal("lost")
		}
	}
}
