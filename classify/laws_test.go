package classify

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/fact"
	"chokepoint/internal/corpora"
	"chokepoint/pcaps"
	recordings "chokepoint/pcaps/recorded"
)

// witness writes down all that is said of who is talking, too.
type witness struct{ *recorder }

func (w witness) Flow(f *fact.Flow, ids []string) error {
	fmt.Fprintf(&w.text, "%s %+v %q %q %v %v %q %v %v %q %q %+v\n", f.ID, f.Label, f.App, f.QUIC, f.Media, f.Signs,
		f.Place, f.ForMedia, f.Probe, f.Resolver, f.DNSOver, f.Names)
	return w.recorder.Flow(f, ids)
}

// record runs the engine and returns all it told, as text.
func record(t *testing.T, src capture.Source, opt Options) (string, Stats) {
	t.Helper()
	rec := witness{newRecorder()}
	opt.All = true
	st, err := Run(context.Background(), src, rec, opt)
	if err != nil {
		rec.text.WriteString(err.Error())
	}
	st.Source = capture.Stats{}
	return rec.text.String(), st
}

func open(t *testing.T, b []byte, batch int) capture.Source {
	t.Helper()
	src, err := pcapfile.New(bytes.NewReader(b), "test", pcapfile.Options{BatchPackets: batch})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// everyCase lists what is bundled, and what the lab recorded.
func everyCase(t *testing.T) []pcaps.Case {
	t.Helper()
	stories, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(stories, lab)
}

// TestSameInputSameOutput: neither workers nor the size of batches nor the seed
// of the hash tables changes a word.
func TestSameInputSameOutput(t *testing.T) {
	type run struct {
		workers, batch int
		seed           uint64
	}
	runs := []run{{5, 7, 2}, {2, 0, 1}, {3, 100, 4}, {1, 1, 3}}
	if testing.Short() { // looked at for races, which are the same with any number of workers
		runs = runs[:1]
	}
	for _, c := range everyCase(t) {
		for _, f := range c.Files {
			want, stats := record(t, open(t, f.Bytes, 0), Options{})
			for _, v := range runs {
				got, st := record(t, open(t, f.Bytes, v.batch), Options{Workers: v.workers, Seed: v.seed})
				if got != want {
					t.Errorf("%s/%s: %d workers, batches of %d tell something else", c.Name, f.Name, v.workers, v.batch)
				}
				if !reflect.DeepEqual(st, stats) {
					t.Errorf("%s/%s: %d workers count %+v, one counts %+v", c.Name, f.Name, v.workers, st, stats)
				}
			}
		}
	}
}

// TestForeignInputSameOutput is the same law over captures nobody here made.
func TestForeignInputSameOutput(t *testing.T) {
	for n, f := range corpora.Captures(t) {
		if n%5 != 4 { // a fifth of them: the law is about the engine
			continue
		}
		one, opens := recorded(t, f.Path, 1)
		if !opens {
			continue
		}
		if three, _ := recorded(t, f.Path, 3); one != three {
			t.Errorf("%s: three workers tell something else", f.Path)
		}
	}
}

// recorded is all that is told of a capture.
func recorded(t *testing.T, path string, workers int) (text string, opens bool) {
	t.Helper()
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return "", false
	}
	defer src.Close()
	text, _ = record(t, src, Options{Workers: workers})
	return text, true
}

// TestCallsTellTheSame: who is talking is told by what flows of other shards say,
// so captures of calls are held against the law one by one, labels and all.
func TestCallsTellTheSame(t *testing.T) {
	const largest = 8 << 20 // bytes: time is better spent on many
	read, arranged := 0, 0
	for _, f := range corpora.Captures(t) {
		name := strings.ToLower(f.Base())
		call := slices.ContainsFunc([]string{"stun", "quic", "telegram", "whatsapp", "teams", "zoom", "discord", "signal", "viber"},
			func(s string) bool { return strings.Contains(name, s) })
		if !call || f.Size(t) > largest {
			continue
		}
		want, opens := recorded(t, f.Path, 1)
		if !opens {
			continue
		}
		for workers := 2; workers <= 3; workers++ {
			if got, _ := recorded(t, f.Path, workers); got != want {
				t.Errorf("%s: %d workers tell something else", f.Path, workers)
			}
		}
		read++
		arranged += strings.Count(want, "{By:arranged")
	}
	t.Logf("%d captures, %d times a flow speaks for another", read, arranged)
	if read < 12 || arranged == 0 {
		t.Errorf("%d captures with %d arrangements: too few to hold the law", read, arranged)
	}
}

// TestTornInputKeepsWhatWasFound: a source that breaks leaves everything before
// the break told, and the flows blind.
func TestTornInputKeepsWhatWasFound(t *testing.T) {
	cases, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		b, _ := c.File("client.pcapng")
		whole, _ := record(t, open(t, b, 0), Options{})
		torn := open(t, b[:len(b)-10], 0)
		got, st := record(t, torn, Options{})
		if len(got) < len(whole)/2 {
			t.Errorf("%s: %d bytes told, %d of the whole file", c.Name, len(got), len(whole))
		}
		if st.Blind.Names() == nil {
			t.Errorf("%s: a torn file is not told to be one", c.Name)
		}
	}
}

// talk makes the packets of established TCP flows: data down, acknowledged.
type talk struct {
	seq  []uint32
	time int64
	num  uint64
}

func (c *talk) packet(flow int, down bool, flags uint16, n uint32) capture.Packet {
	k := capture.Key{SrcPort: 40000, DstPort: 443, Proto: capture.ProtoTCP}
	k.Src[15], k.Src[14], k.Dst[15] = byte(flow), byte(flow>>8), 9
	p := capture.Packet{
		Has:   capture.Decoded | capture.HasIP | capture.HasPorts | capture.HasTCP | capture.HasIPID | capture.HasTS,
		Flags: flags, Window: 500, TTL: 64, PayloadLen: n, IPLen: 52 + n, Segs: 1,
		Key: k, Seq: 1, Ack: c.seq[flow],
	}
	if down {
		p.Key, p.Seq, p.Ack = k.Reverse(), c.seq[flow], 1
		c.seq[flow] += n
	}
	c.num++
	c.time += 10_000
	p.Num, p.Time, p.IPID, p.TSval = c.num, c.time, uint16(c.num), uint32(c.time/1_000_000)
	p.Shard, p.Hash = p.Key.Hash(0), p.Key.Hash(1)
	return p
}

// TestSteadyStateDoesNotAllocate: once flows are known, a packet costs no
// allocation.
func TestSteadyStateDoesNotAllocate(t *testing.T) {
	const flows = 256
	r := newRun(&capturetest.Source{}, newRecorder(), Options{Seed: 1})
	c := &talk{seq: make([]uint32, flows), time: 1_000 * second}
	b := &load{}
	feed := func() {
		b.Packets = b.Packets[:0]
		for f := range flows {
			b.Packets = append(b.Packets, c.packet(f, true, capture.ACK|capture.PSH, 1400), c.packet(f, false, capture.ACK, 0))
		}
		r.crew.workers[0].batch(b)
	}
	for range 100 { // beyond where transmission logs begin, and a flow is told to have become a long one
		feed()
	}
	if n := testing.AllocsPerRun(20, feed); n > 0 {
		t.Errorf("%v allocations for %d packets", n, 2*flows)
	}
	if st := r.finalStats(); st.Flows != flows || st.Packets == 0 {
		t.Fatalf("%d flows, %d packets: the test feeds nothing", st.Flows, st.Packets)
	}
}
