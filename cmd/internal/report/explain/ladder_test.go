package explain

import (
	"bytes"
	"chokepoint/cmd/internal/report/packets"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

var (
	client = netip.MustParseAddr("192.0.2.1").As16()
	server = netip.MustParseAddr("198.51.100.7").As16()
)

// seg is a segment of a made-up flow whose sides both begin at 1000.
type seg struct {
	down     bool
	flags    uint16
	seq, ack uint32
	n        uint32
	change   func(*capture.Packet)
}

func (s seg) packet(num uint64) *capture.Packet {
	p := &capture.Packet{Num: num, Time: int64(num) * 1e6, Has: capture.Decoded | capture.HasIP | capture.HasIPID | capture.HasPorts | capture.HasTCP,
		Key:   capture.Key{Src: client, Dst: server, SrcPort: 4000, DstPort: 443, Proto: capture.ProtoTCP},
		Flags: s.flags, Seq: 1000 + s.seq, Ack: 1000 + s.ack, PayloadLen: s.n, TTL: 57, Window: 500, Segs: 1, IPID: uint16(num)}
	if s.down {
		p.Key = p.Key.Reverse()
	}
	if s.change != nil {
		s.change(p)
	}
	return p
}

// climb prints the ladder of segments.
func climb(cited map[uint64]bool, segs ...seg) string {
	l := packets.NewLadder(1, nil, cited)
	for i, s := range segs {
		if p := s.packet(uint64(i + 1)); l.Of(p) {
			l.Add(p)
		}
	}
	return steps(l)
}

func steps(l *packets.Ladder) string {
	var b bytes.Buffer
	w := &writer{page: page{w: &b}, s: &Second{First: &First{}}}
	w.steps(l, l.Rows())
	return b.String()
}

func TestWhatIsRemarkableIsNoted(t *testing.T) {
	const ack, psh = capture.ACK, capture.PSH | capture.ACK
	hand := []seg{{flags: capture.SYN}, {down: true, flags: capture.SYN | capture.ACK, ack: 1}, {flags: ack, seq: 1, ack: 1}}
	data := append(hand[:3:3], seg{flags: psh, seq: 1, ack: 1, n: 100}, seg{down: true, flags: ack, seq: 1, ack: 101, n: 50})
	for _, tc := range []struct {
		name string
		segs []seg
		last seg
		want string
	}{
		{"sent again", data, seg{flags: psh, seq: 1, ack: 1, n: 100}, "sent again"},
		{"sent again in part", data, seg{flags: psh, seq: 51, ack: 1, n: 100}, "sent again in part: 50 bytes are new"},
		{"a SYN sent again", hand[:1], seg{flags: capture.SYN}, "sent again"},
		{"keep-alive", data, seg{flags: ack, seq: 100, ack: 51}, "keep-alive"},
		{"a hole", data, seg{flags: psh, seq: 201, ack: 1, n: 10}, "100 bytes before it were not seen"},
		{"duplicate acknowledgement", data, seg{flags: ack, seq: 101, ack: 1}, "duplicate acknowledgement"},
		{"window closed", data, seg{flags: ack, seq: 101, ack: 51, change: func(p *capture.Packet) { p.Window = 0 }}, "window closed"},
		{"a reset in sequence", data, seg{down: true, flags: capture.RST | ack, seq: 51, ack: 101},
			"seq is the next of its sender; acknowledges all that the other side had sent"},
		{"a reset ahead", data, seg{down: true, flags: capture.RST | ack, seq: 1511, ack: 150},
			"seq is 1460 ahead of what its sender had sent; acknowledges 49 bytes that were never sent"},
		{"a reset behind", data, seg{down: true, flags: capture.RST, seq: 1}, "seq is 50 behind what its sender had sent"},
		{"a reset with payload", data, seg{down: true, flags: capture.RST, seq: 51, n: 2, change: func(p *capture.Packet) { p.Payload = []byte{1, 2} }},
			"carries 0102"},
		{"reserved bits", data, seg{down: true, flags: capture.RST | 0x200, seq: 51}, "reserved bits set"},
		{"several segments", data, seg{flags: ack, seq: 101, ack: 51, n: 2896, change: func(p *capture.Packet) { p.Segs = 2 }}, "2 segments in one frame"},
		{"a copy", data, seg{down: true, flags: ack, seq: 1, ack: 101, n: 50, change: func(p *capture.Packet) { p.TTL--; p.IPID = 5 }}, "a copy: captured twice"},
		{"received out of order", data, seg{flags: ack, seq: 101, ack: 51, change: func(p *capture.Packet) {
			p.NSACK, p.SACK[0] = 1, [2]uint32{1201, 1301}
		}}, "has received 201 to 301"},
		{"what a SYN agrees on", nil, seg{flags: capture.SYN, change: func(p *capture.Packet) {
			p.Has |= capture.HasMSS | capture.HasWScale
			p.MSS, p.WScale, p.OptsLen = 1400, 7, 12
		}}, "mss 1400, window scale 7"},
		{"a SYN as scanners send", nil, seg{flags: capture.SYN}, "no options"},
		{"an ICMP error", data, seg{change: func(p *capture.Packet) {
			p.Quoted.Key, p.Has = p.Key, p.Has&^(capture.HasTCP|capture.HasPorts)|capture.HasQuoted
			p.Key = capture.Key{Src: server, Dst: client, Proto: capture.ProtoICMP}
			p.ICMPType, p.ICMPCode = 3, 13
		}}, "ICMP type 3 code 13 from 198.51.100.7 about a packet up"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines := strings.SplitAfter(climb(nil, append(tc.segs[:len(tc.segs):len(tc.segs)], tc.last)...), fmt.Sprintf("\n  %8d ", len(tc.segs)+1))
			if len(lines) != 2 || !strings.Contains(strings.Join(strings.Fields(lines[1]), " "), tc.want) {
				t.Errorf("want %q in\n%s", tc.want, strings.Join(lines, ""))
			}
		})
	}
	quiet := climb(nil, data...)
	for _, note := range []string{"sent again", "keep-alive", "not seen", "duplicate", "copy", "closed"} {
		if strings.Contains(quiet, note) {
			t.Errorf("%q in an ordinary flow:\n%s", note, quiet)
		}
	}
}

func TestALongRunIsOneLineAndWhatIsCitedIsAlwaysShown(t *testing.T) {
	segs := []seg{{flags: capture.SYN}, {down: true, flags: capture.SYN | capture.ACK, ack: 1}}
	for i := range uint32(5000) {
		segs = append(segs, seg{down: true, flags: capture.ACK, seq: 1 + 100*i, ack: 1, n: 100})
	}
	cited := map[uint64]bool{2000: true, 4990: true}
	got := climb(cited, segs...)
	for _, want := range []string{"\n>     2000 ", "\n      1994 ", "\n      2004 ", "\n>     4990 ", "\n      5002 ", "packets down with"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(got, "\n      1993 ") || strings.Count(got, "\n") > 60 {
		t.Errorf("more than what is around the cited ones:\n%s", got)
	}
	var resets []seg
	for range uint32(3000) {
		resets = append(resets, seg{down: true, flags: capture.RST, seq: 1})
	}
	got = climb(map[uint64]bool{3001: true}, append(segs[:1:1], resets...)...)
	if !strings.Contains(got, "\n>     3001 ") || strings.Count(got, "\n") > 3*packets.MaxRows {
		t.Errorf("%d lines of a flood of resets, and the cited one is among them: %v", strings.Count(got, "\n"), strings.Contains(got, ">     3001"))
	}
}

func TestPacketsOfOthersAreNotTaken(t *testing.T) {
	l := packets.NewLadder(5, &fact.Flow{LastNum: 8, Key: seg{}.packet(5).Key}, nil)
	for num, want := range map[uint64]bool{4: false, 5: true, 8: true, 9: false} {
		if got := l.Of(seg{down: true}.packet(num)); got != want {
			t.Errorf("packet %d: %v", num, got)
		}
	}
	other := seg{change: func(p *capture.Packet) { p.Key.SrcPort++ }}
	if l.Of(other.packet(6)) {
		t.Error("another port")
	}
}

// numbered is a source of empty packets.
type numbered struct {
	capture.Source
	next, last uint64
}

func (s *numbered) Read(b *capture.Batch) error {
	b.Packets = b.Packets[:0]
	for ; s.next <= s.last && len(b.Packets) < 3; s.next++ {
		b.Packets = append(b.Packets, *seg{}.packet(s.next))
	}
	if len(b.Packets) == 0 {
		return io.EOF
	}
	return nil
}

// A capture that grows between the runs is read as far as the first time.
func TestASecondRunEndsWhereTheFirstDid(t *testing.T) {
	for limit, want := range map[uint64]int{0: 10, 4: 4, 6: 6, 99: 10} {
		g := packets.NewGather(&numbered{next: 1, last: 10}, 0, limit)
		n := 0
		var b capture.Batch
		for g.Read(&b) == nil {
			n += len(b.Packets)
		}
		if n != want {
			t.Errorf("limit %d: %d packets", limit, n)
		}
	}
}

func TestTargets(t *testing.T) {
	for x, want := range map[string]Target{
		"f3": {Finding, "f3", 0}, "c000123": {Flow, "c000123", 123}, "c123": {Flow, "c000123", 123}, "123": {Packet, "123", 123},
		"telegram": {Service, "telegram", 0}, "fcm": {Service, "fcm", 0}, "c": {Service, "c", 0}, "": {Service, "", 0}, "-1": {Service, "-1", 0},
		"99999999999999999999": {Service, "99999999999999999999", 0},
	} {
		got := Parse(x)
		if want.Sort == Finding {
			want.Num = got.Num
		}
		if got != want {
			t.Errorf("%q: %+v", x, got)
		}
	}
}

func TestForeignTextIsEscaped(t *testing.T) {
	const evil = "x\x1b]0;owned\a\u009b31m\u202e\xff\ny"
	var b bytes.Buffer
	f := &finding.Finding{ID: "f1", Kind: finding.ResetSeen, Name: evil, Summary: evil, Service: evil, Stage: evil, Signature: evil,
		ConsistentWith: evil, Reason: evil, Client: &finding.Endpoint{}, Server: &finding.Endpoint{}, RuledOut: []string{evil},
		NotRuledOut: []string{evil}, Blind: []string{evil}, BenignCause: evil, Filter: evil, Trigger: &finding.Condition{By: evil, Value: evil},
		For: []finding.Evidence{{Code: evil, Text: evil, Got: evil, Want: evil}}}
	l := packets.NewLadder(1, nil, nil)
	rows := []packets.Row{{Num: 1, What: evil, Notes: []string{evil}}}
	x := &flowSeen{outcome: evil}
	x.Names.SNI, x.App, x.Label.Service, x.Local = evil, evil, evil, &fact.Local{Drops: []fact.LocalDrop{{Reason: evil}}}
	x.Local.Process.Comm = evil
	x.DNS = []fact.DNS{{QName: evil, Answers: []fact.DNSAnswer{{Targets: []string{evil}, HasSOA: true, SOAOwner: evil}}}}
	s := &Second{First: &First{Target: Target{Sort: Flow}, findings: []*finding.Finding{f}, flows: []*flowSeen{x}}, ladders: []*packets.Ladder{l}}
	w := &writer{page: page{w: &b, locate: func(uint64) (string, uint64) { return evil, 1 }}, s: s}
	w.subject()
	w.finding(f)
	w.steps(l, rows)
	w.legend()
	if !strings.Contains(b.String(), `\x1b`) || strings.ContainsAny(b.String(), "\x1b\a\u009b\u202e") {
		t.Errorf("%q", b.String())
	}
	fits(t, b.String())
}

func TestEveryBlindnessHasASentence(t *testing.T) {
	names := (^fact.Blindness(0)).Names()
	for _, code := range names {
		if _, ok := finding.BlindText(code); !ok {
			t.Errorf("%s has no sentence", code)
		}
	}
	if len(names) < 12 {
		t.Errorf("only %d of them", len(names))
	}
}
