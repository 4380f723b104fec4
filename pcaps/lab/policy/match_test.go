package policy

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// picked hands in frames, a second apart, and returns which of them m picks.
func picked(t testing.TB, m box.Match, frames ...frame) (which []int) {
	i := 0
	x := newBench(t, rule(func(p *box.Packet) bool {
		if m(p) {
			which = append(which, i)
		}
		return false
	}, Drop{}))
	for ; i < len(frames); i++ {
		x.at(time.Duration(i)*time.Second, frames[i])
	}
	return which
}

func wantPicked(t *testing.T, what string, m box.Match, frames []frame, want ...int) {
	t.Helper()
	if got := picked(t, m, frames...); !slices.Equal(got, want) {
		t.Errorf("%s picks %v, want %v", what, got, want)
	}
}

// question is a DNS query.
func question(t testing.TB, name string, kind uint16) []byte {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind).SetEdns0(1232, false)
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// stream is a TLS connection.
func stream(port uint16, first []byte) []frame {
	f := frame{port: port}
	out := []frame{f, f, f, f, f, f}
	out[0].flags = capture.SYN
	out[1].dir, out[1].flags = box.Down, capture.SYN|capture.ACK
	out[2].flags = capture.ACK
	out[3].flags, out[3].payload = capture.PSH|capture.ACK, first
	out[4].dir, out[4].flags, out[4].ack, out[4].payload = box.Down, capture.ACK, uint32(len(first)), make([]byte, 1000)
	out[5].flags, out[5].seq, out[5].ack = capture.ACK, uint32(len(first)), 1000
	return out
}

func TestMatchesOfHeaders(t *testing.T) {
	six := frame{ends: families[1], flags: capture.SYN}
	frames := append(stream(4000, hello("web.whatsapp.com")), six, frame{udp: true, server: 53, payload: question(t, "T.me", dns.TypeA)})
	wantPicked(t, "To", To("198.51.100.0/24"), frames, 0, 1, 2, 3, 4, 5, 7)
	wantPicked(t, "To an address", To(far6), frames, 6)
	wantPicked(t, "To a prefix", To(netip.MustParsePrefix("2001:db8:7::/48"), netip.MustParsePrefix("192.0.2.0/24")), frames, 6)
	wantPicked(t, "Port", Port(443), frames, 0, 1, 2, 3, 4, 5, 6)
	wantPicked(t, "TCP", TCP, frames, 0, 1, 2, 3, 4, 5, 6)
	wantPicked(t, "UDP", UDP, frames, 7)
	wantPicked(t, "V6", V6, frames, 6)
	wantPicked(t, "Dir", Dir(box.Down), frames, 1, 4)
	wantPicked(t, "SYN", SYN, frames, 0, 6)
	wantPicked(t, "SYNACK", SYNACK, frames, 1)
	wantPicked(t, "Flags", Flags(capture.ACK), frames, 2, 3, 4, 5)
	wantPicked(t, "Payload", Payload(1000), frames, 4)
	wantPicked(t, "FirstPayload", FirstPayload, frames, 3, 7)
	wantPicked(t, "Hello", Hello, frames, 3)
	wantPicked(t, "ICMP", ICMP, frames)
	wantPicked(t, "All", All(TCP, Dir(box.Up), Not(Payload(1))), frames, 0, 2, 5, 6)
	wantPicked(t, "Any", Any(SYNACK, UDP), frames, 1, 7)
	wantPicked(t, "Every", All(), frames, 0, 1, 2, 3, 4, 5, 6, 7)
}

func TestMatchesOfNames(t *testing.T) {
	frames := append(stream(4000, hello("web.whatsapp.com")), stream(4001, []byte("GET / HTTP/1.1\r\nHost: whatsapp.com\r\n\r\n"))...)
	for _, name := range []string{"web.whatsapp.com", ".web.whatsapp.com", ".whatsapp.com", ".com"} {
		wantPicked(t, name, SNI("other", name), frames, 3, 4, 5)
	}
	for _, name := range []string{"whatsapp.com", "atsapp.com", ".atsapp.com", "*", "www.web.whatsapp.com"} {
		wantPicked(t, name, SNI(name), frames)
	}
	wantPicked(t, "any SNI", SNI(), frames, 3, 4, 5)
	wantPicked(t, "Host", Host(".whatsapp.com"), frames, 9, 10, 11)
	wantPicked(t, "Hello", Hello, frames, 3, 9)
	tcp := append([]byte{0, 28}, question(t, "web.whatsapp.com", dns.TypeA)...)
	answer := frame{dir: box.Down, udp: true, server: 53, payload: question(t, "whatsapp.com", dns.TypeA)}
	asked := []frame{{udp: true, server: 53, payload: question(t, "WhatsApp.com", dns.TypeA)}, answer,
		{udp: true, server: 5353, payload: question(t, "whatsapp.com", dns.TypeA)},
		{flags: capture.ACK, server: 53, payload: tcp}, {udp: true, server: 53, payload: []byte("junk")}}
	wantPicked(t, "QNAME", QNAME("whatsapp.com"), asked, 0)
	wantPicked(t, "QNAME below", QNAME(".whatsapp.com"), asked, 0, 3)
}

func TestMatchesOfDatagrams(t *testing.T) {
	s := synth.NewSim(time.Unix(0, epoch), 1)
	first, err := synth.QUIC{Name: "t.me", Version: 1, PostQuantum: true}.Opening(s)
	if err != nil {
		t.Fatal(err)
	}
	u := frame{udp: true}
	initial, second, short, back := u, u, u, u
	initial.payload, second.payload, short.payload, back.payload, back.dir = first[0].Data, first[1].Data, []byte("\x40 short"), []byte("\x40 short"), box.Down
	frames := []frame{initial, second, back, short}
	wantPicked(t, "QUICInitial", QUICInitial, frames, 0, 1)
	wantPicked(t, "QUIC", QUIC, frames, 0, 1, 2, 3)
	wantPicked(t, "SNI", SNI("t.me"), frames, 1, 2, 3)
	wantPicked(t, "Hello", Hello, frames, 1)

	other := func(b []byte) frame { return frame{udp: true, port: 4001, payload: b} }
	binding := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)
	media := append([]byte{0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 80)...)
	report := []byte{0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	relayed := append([]byte{0x40, 0, 0, 92}, media...)
	frames = []frame{other(binding), other(media), other(report), other(relayed), initial, other(nil)}
	wantPicked(t, "STUN", STUN, frames, 0, 3)
	wantPicked(t, "RTP", RTP, frames, 1, 2, 3)
}

func TestMatchesWithAMemory(t *testing.T) {
	a, b := stream(4000, hello("blocked.example")), stream(4001, hello("fine.example"))
	frames := append(a, b...) // 0 to 5, 6 to 11; the down ones are 1, 4 and 7, 10
	hit := All(SNI("blocked.example"), Hello)
	wantPicked(t, "Nth", Nth(2, Dir(box.Down)), frames, 4, 10)
	wantPicked(t, "Once", Once(Dir(box.Down)), frames, 1, 7)
	wantPicked(t, "Sticky", Sticky(hit), frames, 3, 4, 5)
	wantPicked(t, "Sticky one way", All(Dir(box.Down), Sticky(hit)), frames, 4)
	wantPicked(t, "Following", Following(hit), frames, 4, 5)
	wantPicked(t, "AfterPackets", AfterPackets(4), frames, 4, 5, 10, 11)
	wantPicked(t, "AfterPackets down", AfterPackets(1, box.Down), frames, 2, 3, 4, 5, 8, 9, 10, 11)
	wantPicked(t, "AfterBytes", AfterBytes(517), frames, 4, 5, 10, 11)
	wantPicked(t, "AfterBytes both", AfterBytes(1500, box.Up, box.Down), frames, 5, 11)
	wantPicked(t, "After", After(10*time.Second), frames, 10, 11)
	wantPicked(t, "Between", Between(2*time.Second, 4*time.Second), frames, 2, 3)
	wantPicked(t, "Residual", Residual(hit, 5*time.Second), frames, 4, 5, 6, 7)
	elsewhere := b[0]
	elsewhere.server = 80
	wantPicked(t, "Residual of another port", Residual(hit, 5*time.Second), append(a, elsewhere, b[1]), 4, 5, 7)
}

func TestConnectionsBeyondALimit(t *testing.T) {
	var frames []frame // a connection a second, of two packets that matter
	for i := range uint16(20) {
		f := frame{port: 4000 + i, flags: capture.ACK, payload: hello("a")}
		if frames = append(frames, f); i == 6 {
			f.seq, f.payload = helloLen, nil
			frames = append(frames, f)
		}
	}
	// Three in ten seconds pass. The fourth is dead, as are those of the five seconds
	// after it; then three pass again.
	wantPicked(t, "ConnLimit", ConnLimit(Hello, 3, 10*time.Second, 5*time.Second), frames, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 19, 20)
	wantPicked(t, "ConnLimit", ConnLimit(Hello, 3, 2*time.Second, 5*time.Second), frames)
}

func TestChance(t *testing.T) {
	var frames []frame
	for i := range 4000 {
		frames = append(frames, frame{port: uint16(4000 + i/4), udp: true})
	}
	if n := len(picked(t, Chance(0.25), frames...)); n < 900 || n > 1100 {
		t.Errorf("%d of 4000, want about 1000", n)
	}
	got := picked(t, FlowChance(0.25), frames...)
	if n := len(got); n < 800 || n > 1200 || n%4 != 0 || got[3] != got[0]+3 {
		t.Errorf("%d of 4000 in flows of 4, want about 1000", n)
	}
}

func TestTextThatIsNoAddressPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it does not")
		}
	}()
	To("whatsapp.com")
}

func TestToTakesSites(t *testing.T) {
	at := site.All[0].Address()
	wantPicked(t, "To", To(at), []frame{{ends: [2]netip.Addr{home4, at}, flags: capture.SYN}, {flags: capture.SYN}}, 0)
}
