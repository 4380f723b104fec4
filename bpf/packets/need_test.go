//go:build linux

package packets

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"chokepoint/bpf"
	"chokepoint/pcaps/lab/netns"
)

// need skips a test that cannot run here; with REQUIRE_BPF=1 it fails.
func need(t testing.TB, lacks ...string) {
	t.Helper()
	lacks = append(lacks, bpf.Lacks(needs...)...)
	if len(lacks) == 0 {
		return
	}
	why := "needs " + strings.Join(lacks, ", ")
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// needSpaces is need with network namespaces.
func needSpaces(t testing.TB) {
	t.Helper()
	need(t, netns.Missing()...)
}

// small is enough for most tests, and loads faster.
var small = Config{Payloads: 2, Whole: 4096, Head: 32, RingBytes: 1 << 20, Flows: 1024}

func loaded(t testing.TB, c Config) *Program {
	t.Helper()
	need(t)
	p, err := Load(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// skb is struct __sk_buff as far as BPF_PROG_TEST_RUN takes it (net/bpf/test_run.c,
// convert___skb_to_skb).
type skb struct {
	_       [10]uint32
	Ifindex uint32
	_       [29]uint32
	WireLen uint32
	Segs    uint32
	_       uint64
	SegSize uint32
	_       uint32
}

// pass shows a program a frame.
func pass(t testing.TB, program *ebpf.Program, frame []byte, context *skb) {
	t.Helper()
	o := ebpf.RunOptions{Data: frame}
	if context != nil {
		o.Context = context
	}
	code, err := program.Run(&o)
	if err != nil {
		t.Fatalf("%d bytes %.60x: %v", len(frame), frame, err)
	}
	if int32(code) != -1 { // TC_ACT_UNSPEC: on to the next program, unchanged
		t.Fatalf("the program returned %d", int32(code))
	}
}

type record struct {
	Header
	bytes []byte
}

// records reads what is in the ring.
func records(t testing.TB, p *Program) (list []record) {
	t.Helper()
	var b Block
	for emptied := false; !emptied; {
		var err error
		if emptied, err = p.Next(&b, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range b.Records {
		list = append(list, record{b.Records[i].Header, b.Frame(&b.Records[i])})
	}
	return list
}

// sent is the one record of a frame.
func sent(t testing.TB, p *Program, program *ebpf.Program, frame []byte) record {
	t.Helper()
	pass(t, program, frame, nil)
	list := records(t, p)
	if len(list) != 1 {
		t.Fatalf("%d records of a frame", len(list))
	}
	return list[0]
}

// eventually waits for what the kernel does by and by.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func counts(t testing.TB, p *Program) Counts {
	t.Helper()
	c, err := p.Counts()
	if err != nil {
		t.Fatal(err)
	}
	if c.Seen != c.Sent+c.Lost+c.Unseen {
		t.Errorf("the counts do not add up: %+v", c)
	}
	return c
}
