package policy

import (
	"bufio"
	"bytes"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/miekg/dns"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
)

// forgedAnswers asks for whatsapp.com through a box and returns the answers.
func forgedAnswers(t *testing.T, ends [2]netip.Addr, kind uint16, do *ForgeDNS) (out []arrival, msgs []*dns.Msg) {
	x := newBench(t, rule(QNAME("whatsapp.com"), do))
	x.at(0, frame{ends: ends, udp: true, server: 53, id: 77, payload: question(t, "whatsApp.com", kind)})
	passed := 0
	for _, a := range x.rest() {
		if a.dir == box.Up {
			passed++
			continue
		}
		m := new(dns.Msg)
		if err := m.Unpack(a.pkt.TransportLayer().LayerPayload()); err != nil {
			t.Fatal(err)
		}
		out, msgs = append(out, a), append(msgs, m)
	}
	if do.Swallow == (passed == 1) || x.count(box.Injected) != len(out) || do.Swallow != (x.count(box.Dropped) == 1) {
		t.Errorf("%+v: %d queries went on, %d were dropped, %d injected", do, passed, x.count(box.Dropped), x.count(box.Injected))
	}
	return out, msgs
}

func TestForgedAddresses(t *testing.T) {
	lies := []netip.Addr{netip.MustParseAddr("10.10.34.36"), netip.MustParseAddr("2001::1"), netip.MustParseAddr("10.10.34.37"), netip.MustParseAddr("10.10.34.38")}
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		out, msgs := forgedAnswers(t, ends, dns.TypeA, &ForgeDNS{Addrs: lies, TTLs: []uint32{5, 6}, Delay: 3 * time.Millisecond, TTL: TTLMirrored, IPID: IPIDMirrored, AA: true})
		if len(msgs) != 1 || len(msgs[0].Answer) != 3 || msgs[0].Id == 0 || !msgs[0].Response || !msgs[0].Authoritative || !msgs[0].RecursionAvailable || msgs[0].IsEdns0() != nil {
			t.Fatalf("%v", msgs)
		}
		for i, want := range []uint32{5, 6, 6} {
			if a := msgs[0].Answer[i].(*dns.A); a.Hdr.Ttl != want || a.Hdr.Name != "whatsApp.com." {
				t.Errorf("answer %d: %v", i, a)
			}
		}
		if a := out[0]; a.at != 3*time.Millisecond || a.ttl() != 64 || ends[0].Is4() && a.id() != 77 || a.pkt.TransportLayer().(*layers.UDP).SrcPort != 53 {
			t.Errorf("%v", a.pkt)
		}
		_, msgs = forgedAnswers(t, ends, dns.TypeAAAA, &ForgeDNS{Addrs: lies, Swallow: true, Lower: true})
		if len(msgs[0].Answer) != 1 || msgs[0].Answer[0].(*dns.AAAA).AAAA.String() != "2001::1" || msgs[0].Question[0].Name != "whatsapp.com." || msgs[0].Answer[0].Header().Ttl != 60 {
			t.Errorf("%v", msgs[0])
		}
	})
}

func TestForgedDenials(t *testing.T) {
	for _, code := range []int{NOERROR, SERVFAIL, NXDOMAIN, REFUSED} {
		_, msgs := forgedAnswers(t, families[0], dns.TypeA, &ForgeDNS{Rcode: code, Swallow: true, NoRA: true, AD: true})
		if m := msgs[0]; m.Rcode != code || len(m.Answer)+len(m.Ns)+len(m.Extra) != 0 || m.RecursionAvailable || !m.AuthenticatedData || !m.RecursionDesired {
			t.Errorf("%v", m)
		}
	}
	out, msgs := forgedAnswers(t, families[0], dns.TypeA, &ForgeDNS{Rcode: NXDOMAIN, SOA: "com", EDNS: true, Twice: true})
	if len(out) != 2 || out[1].at-out[0].at != near || msgs[1].Ns[0].Header().Name != "com." || msgs[1].IsEdns0() == nil {
		t.Errorf("%v", msgs)
	}
}

// page opens a connection with a request and returns what the client got of it.
func page(t *testing.T, ends [2]netip.Addr, do *BlockPage) (x *bench, up, down []arrival, body []byte) {
	request := []byte("GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n")
	x = newBench(t, rule(All(Host("blocked.example"), Hello), do))
	x.open(ends, 4000, request)
	next := uint32(serverISN)
	for _, a := range x.rest()[3:] {
		if a.dir == box.Up {
			up = append(up, a)
			continue
		}
		if next++; a.tcp().Seq != next || a.tcp().Ack != clientISN+1+uint32(len(request)) || a.tcp().Window != 500 {
			t.Errorf("seq %d, want %d: %v", a.tcp().Seq, next, a.pkt)
		}
		next += uint32(len(a.tcp().Payload)) - 1
		down, body = append(down, a), append(body, a.tcp().Payload...)
	}
	return x, up, down, body
}

func TestBlockPages(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		_, up, down, body := page(t, ends, &BlockPage{Location: "http://warning.example/", Header: []string{"Server: nginx"}, Delay: time.Millisecond})
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(body)), nil)
		if err != nil || r.StatusCode != 302 || r.Header.Get("Location") != "http://warning.example/" || r.Header.Get("Server") != "nginx" || r.ContentLength != 0 {
			t.Errorf("%v %+v", err, r)
		}
		if len(up) != 1 || len(down) != 1 || down[0].at != 42*time.Millisecond || down[0].tcp().FIN || !down[0].tcp().PSH {
			t.Errorf("%d packets up, %d down", len(up), len(down))
		}
		long := strings.Repeat("no ", 1000)
		x, up, down, body := page(t, ends, &BlockPage{Body: long, FIN: true, ResetServer: true, Swallow: true})
		if r, err = http.ReadResponse(bufio.NewReader(bytes.NewReader(body)), nil); err != nil || r.StatusCode != 200 || !bytes.HasSuffix(body, []byte(long)) {
			t.Errorf("%v %+v", err, r)
		}
		if len(down) != 3 || down[1].tcp().FIN || !down[2].tcp().FIN || x.count(box.Dropped) != 1 {
			t.Errorf("%d packets, %d dropped", len(down), x.count(box.Dropped))
		}
		if len(up) != 1 || !up[0].isRST() {
			t.Errorf("the server gets %v", up)
		}
		wantSeqs(t, "to the server", up, 0)
	})
}

func TestRoutersComplain(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		for _, e := range []Error{Prohibited, HostUnreachable, NetUnreachable, PortUnreachable, TTLExceeded} {
			x := newBench(t, rule(Every, &ICMPError{Error: e, Pass: true, Delay: time.Millisecond}))
			f := frame{ends: ends, udp: true, payload: make([]byte, 1400)}
			x.at(0, f)
			out := x.rest()
			if len(out) != 2 || out[1].dir != box.Down || out[1].at != time.Millisecond {
				t.Fatalf("%v", out)
			}
			checkComplaint(t, x.Decode(box.Down, out[1].raw), e, f.bytes()[ethernet:])
			x.In(epoch+int64(time.Second), box.Up, out[1].raw) // nobody complains about complaints
			if n := len(x.rest()); n != 1 {
				t.Errorf("%d packets for one", n)
			}
		}
		x := newBench(t, rule(SYN, &ICMPError{Error: Prohibited, Router: far4}))
		x.at(0, frame{ends: ends, flags: capture.SYN})
		if out := x.rest(); len(out) != 1 || x.count(box.Dropped) != 1 || ends[0].Is4() && !slices.Equal(out[0].raw[26:30], far4.AsSlice()) {
			t.Errorf("%v", out)
		}
	})
}

// checkComplaint compares an ICMP error with what it is about.
func checkComplaint(t *testing.T, p *box.Packet, e Error, about []byte) {
	t.Helper()
	want, head, quote := e.V4, 28, quote4
	if p.Has&capture.HasIPv6 != 0 {
		want, head, quote = e.V6, 48, quote6
	}
	if p.Has&capture.HasQuoted == 0 || [2]uint8{p.ICMPType, p.ICMPCode} != want || p.Quoted.Key.DstPort != 443 {
		t.Errorf("%v %v, want %v; about port %d", p.ICMPType, p.ICMPCode, want, p.Quoted.Key.DstPort)
	}
	if !bytes.Equal(p.Frame[ethernet+head:], about[:quote]) {
		t.Error("the quote is not what was sent")
	}
}
