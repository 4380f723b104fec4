package classify

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/finding"
)

// story reads a bundled capture, decoded.
func story(t *testing.T, name string) []capture.Packet {
	t.Helper()
	src, err := pcapfile.Open("../pcaps/"+name+"/client.pcapng", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	packets, _, err := capturetest.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return packets
}

// noted runs packets with notes and returns what was told, however many workers
// there are.
func noted(t *testing.T, packets []capture.Packet, notes []capture.Note) *recorder {
	t.Helper()
	var first *recorder
	for _, opt := range []Options{{}, {Workers: 3}} {
		for _, batch := range []int{0, 7} {
			rec := newRecorder()
			src := &capturetest.Source{Packets: packets, Notes: notes, Batch: batch}
			if _, err := Run(context.Background(), src, rec, opt); err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = rec
			} else if batch == 0 && rec.text.String() != first.text.String() {
				t.Errorf("%d workers tell another story", opt.Workers)
			}
		}
	}
	return first
}

// about lists the findings of a kind.
func (r *recorder) about(k finding.Kind) (out []finding.Finding) {
	for _, id := range r.order {
		if f := r.findings[id]; f.Kind == k {
			out = append(out, f)
		}
	}
	return out
}

// dropsFor makes a note of every packet that match picks.
func dropsFor(packets []capture.Packet, reason string, match func(*capture.Packet) bool) (notes []capture.Note) {
	var d decode.Decoder
	for i := range packets {
		p := packets[i]
		if d.Decode(&p); match(&p) {
			notes = append(notes, capture.Note{Kind: capture.NoteDrop, Time: p.Time + 1000, Key: p.Key, Reason: reason, Count: 1})
		}
	}
	return notes
}

// toServersOf picks the TCP packets to the servers of findings.
func toServersOf(list []finding.Finding) func(*capture.Packet) bool {
	servers := map[netip.Addr]bool{}
	for _, f := range list {
		servers[f.Server.IP] = true
	}
	return func(p *capture.Packet) bool { return p.Has&capture.HasTCP != 0 && servers[p.Key.DstAddr()] }
}

// TestOwnFirewallIsNotThePath: unanswered SYNs accuse the path until this host's
// kernel says that it dropped the answers itself.
func TestOwnFirewallIsNotThePath(t *testing.T) {
	packets := story(t, "signal-syn-blackhole")
	before := noted(t, packets, nil).about(finding.DropConnect)
	if len(before) == 0 || before[0].Verdict.Rank() < finding.Suspected.Rank() {
		t.Fatalf("without notes: %+v", before)
	}
	toIt := toServersOf(before)
	rec := noted(t, packets, dropsFor(packets, "NETFILTER_DROP", toIt))
	for _, f := range rec.about(finding.DropConnect) {
		if f.Verdict != finding.Inconclusive {
			t.Errorf("%s %s still blames the path: %s", f.Verdict, f.Kind, f.Summary)
		}
	}
	local := rec.about(finding.DropLocal)
	if len(local) == 0 {
		t.Fatal("nothing about this host")
	}
	f := &local[0]
	if f.Verdict != finding.Confirmed || f.Reason != "NETFILTER_DROP" || f.Segment != finding.ThisHost || len(f.Packets) == 0 || len(f.Flows) != 1 {
		t.Errorf("got %s %s %q %s %v %v", f.Verdict, f.Kind, f.Reason, f.Segment, f.Packets, f.Flows)
	}
	for _, s := range rec.services {
		if s.Service == "signal" && s.Cause == "interference" {
			t.Errorf("signal: %s, %s", s.Status, s.Cause)
		}
	}
}

// TestWhatHarmsNobodyIsBenign: a few packets lost to a full buffer.
func TestWhatHarmsNobodyIsBenign(t *testing.T) {
	packets := story(t, "everything-works")
	n := 0
	rec := noted(t, packets, dropsFor(packets, "SOCKET_RCVBUFF", func(p *capture.Packet) bool {
		n++
		return p.PayloadLen > 1000 && n%97 == 0
	}))
	local := rec.about(finding.DropLocal)
	if len(local) == 0 {
		t.Fatal("nothing about this host")
	}
	for _, f := range local {
		if f.Verdict != finding.Benign || f.BenignCause != "local_socket_rcvbuff" {
			t.Errorf("%s %q: %s", f.Verdict, f.BenignCause, f.Summary)
		}
	}
	for _, s := range rec.services {
		if s.Status != "ok" {
			t.Errorf("%s: %s", s.Service, s.Status)
		}
	}
}

// TestDroppedBeforeTheTap: what a rule on the way out drops is in no capture. The
// service is known by the name that was resolved.
func TestDroppedBeforeTheTap(t *testing.T) {
	packets := story(t, "signal-syn-blackhole")
	toIt := toServersOf(noted(t, packets, nil).about(finding.DropConnect))
	var kept []capture.Packet
	var notes []capture.Note
	var d decode.Decoder
	for _, p := range packets {
		d.Decode(&p)
		if !toIt(&p) {
			kept = append(kept, p)
			continue
		}
		notes = append(notes, capture.Note{Kind: capture.NoteDrop, Out: true, Time: p.Time, Key: p.Key, Reason: "NETFILTER_DROP", Count: 1})
	}
	rec := noted(t, kept, notes)
	local := rec.about(finding.DropLocal)
	if len(local) == 0 {
		t.Fatal("nothing about this host")
	}
	f := &local[0]
	if f.Verdict != finding.Confirmed || f.Service != "signal" || len(f.Flows)+len(f.Packets) != 0 {
		t.Errorf("got %s %q flows %v packets %v: %s", f.Verdict, f.Service, f.Flows, f.Packets, f.Summary)
	}
	for _, s := range rec.services {
		if s.Service == "signal" {
			t.Logf("signal: %s, works %s, cause %s: %s", s.Status, s.Works, s.Cause, s.Sentence)
			if s.Status != "failing" || s.Cause != "this_host" {
				t.Errorf("signal: %s by %s", s.Status, s.Cause)
			}
		}
	}
}

// silent is a live source at which no packet ever passes.
type silent struct {
	notes []capture.Note
	now   atomic.Int64 // read by whoever hears of findings
	until int64
}

func (s *silent) Read(b *capture.Batch) error {
	b.Packets, b.Notes = b.Packets[:0], append(b.Notes[:0], s.notes...)
	s.notes = nil
	b.Now = s.now.Add(int64(250 * time.Millisecond))
	if b.Now > s.until {
		return io.EOF
	}
	return nil
}

func (s *silent) Interfaces() []capture.Interface { return nil }
func (s *silent) Stats() capture.Stats            { return capture.Stats{} }
func (s *silent) Close() error                    { return nil }

// TestNothingPassesTheTap: a rule that drops all that goes out is told while it
// does, by the first packet; one that waits for its neighbour is not.
func TestNothingPassesTheTap(t *testing.T) {
	for _, x := range []struct {
		reason string
		want   int
	}{{"NETFILTER_DROP", 1}, {"NEIGH_FAILED", 0}, {"NO_SOCKET", 0}} {
		start := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC).UnixNano()
		k := capture.Key{Src: netip.MustParseAddr("192.0.2.1").As16(), Dst: netip.MustParseAddr("192.0.2.2").As16(), SrcPort: 40000, DstPort: 443, Proto: capture.ProtoTCP}
		for _, workers := range []int{0, 3} {
			rec := newRecorder()
			src := &silent{until: start + int64(20*time.Second),
				notes: []capture.Note{{Kind: capture.NoteDrop, Out: true, Time: start, Key: k, Reason: x.reason, Count: 1}}}
			src.now.Store(start)
			var before int
			sink := &meanwhile{recorder: rec, src: src, before: &before}
			if _, err := Run(context.Background(), src, sink, Options{Workers: workers}); err != nil {
				t.Fatal(err)
			}
			if got := len(rec.about(finding.DropLocal)); got != x.want || before != x.want && workers == 0 {
				t.Errorf("%s: %d findings, %d of them before the end", x.reason, got, before)
			}
		}
	}
}

// meanwhile counts what is told while the source still runs.
type meanwhile struct {
	*recorder
	src    *silent
	before *int
}

func (s *meanwhile) Finding(f *finding.Finding) error {
	if s.src.now.Load() < s.src.until-int64(5*time.Second) {
		*s.before++
	}
	return s.recorder.Finding(f)
}

// TestOwnResetsAreNotInjected: the race of resets is one no more when this host's
// TCP says that it sent them.
func TestOwnResetsAreNotInjected(t *testing.T) {
	packets := story(t, "whatsapp-reset-race")
	if len(noted(t, packets, nil).about(finding.ResetInjected)) == 0 {
		t.Fatal("nothing to take back")
	}
	var d decode.Decoder
	var notes []capture.Note
	for _, p := range packets {
		if d.Decode(&p); p.Flags&capture.RST != 0 {
			notes = append(notes, capture.Note{Kind: capture.NoteResetSent, Time: p.Time + 1, Key: p.Key, Reason: "TCP_ABORT_ON_DATA", Count: 1})
		}
	}
	for _, f := range noted(t, packets, notes).about(finding.ResetInjected) {
		t.Errorf("%s: %s", f.Verdict, f.Summary)
	}
}

// TestSilenceTicks: a live source says that time passes; a file shows it by its
// next packet. Both are judged at the same seconds.
func TestSilenceTicks(t *testing.T) {
	for _, name := range []string{"signal-syn-blackhole", "freeze-after-16k", "whatsapp-denied-and-dropped"} {
		packets := story(t, name)
		plain, live := newRecorder(), newRecorder()
		for _, x := range []struct {
			rec  *recorder
			step int64
		}{{plain, 0}, {live, int64(200 * time.Millisecond)}} {
			if _, err := Run(context.Background(), &ticking{packets: packets, step: x.step}, x.rec, Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := plain.text.String(), live.text.String(); a != b {
			la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
			for i := range la {
				if i >= len(lb) || la[i] != lb[i] {
					t.Errorf("%s: line %d\nfile %s\nlive %s", name, i, la[i], lb[min(i, len(lb)-1)])
					break
				}
			}
		}
	}
}

// TestInterval: the answers so far come at every interval, and at the end.
func TestInterval(t *testing.T) {
	packets := story(t, "everything-works")
	rec, once := newRecorder(), newRecorder()
	Run(context.Background(), &capturetest.Source{Packets: packets}, once, Options{})
	Run(context.Background(), &capturetest.Source{Packets: packets}, rec, Options{Interval: 5 * time.Second})
	span := time.Duration(packets[len(packets)-1].Time - packets[0].Time)
	if len(rec.services) < len(once.services)*2 || len(rec.services) > len(once.services)*(int(span/(5*time.Second))+2) {
		t.Errorf("%d answers in %v, %d at the end alone", len(rec.services), span, len(once.services))
	}
	last := rec.services[len(rec.services)-len(once.services):]
	for i := range last {
		if last[i].Service != once.services[i].Service || last[i].Status != once.services[i].Status {
			t.Errorf("the end: %s %s, want %s %s", last[i].Service, last[i].Status, once.services[i].Service, once.services[i].Status)
		}
	}
}
