package script

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// residual resets who says a name, and then drops whatever the same client says to
// the same port of the same server for a while.
type residual struct {
	t     *testing.T
	says  box.Match
	lasts time.Duration
	until map[netip.AddrPort]int64
}

func (a *residual) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	server := netip.AddrPortFrom(p.Server(), p.Flow.Key.DstPort)
	if b.Now() < a.until[server] {
		b.Drop(r, p)
		return false
	}
	if a.says(p) {
		b.Inject(r, box.Down, 300*time.Microsecond, reset(a.t, p, 64))
		a.until[server] = b.Now() + int64(a.lasts)
	}
	return true
}

// F23: after a reset for a name, a neutral name on the same client, server and port
// is dead at 60 s and works at 90 s.
func TestResidualBlocking(t *testing.T) {
	w := New(1, start)
	meta := w.Addr(site.WAWeb)
	w.Rule("residual", between(meta), &residual{t, says("web.whatsapp.com"), 75 * time.Second, map[netip.AddrPort]int64{}})
	w.Record(site.WAWeb)
	visit := Visit{Turns: Page, GiveUp: 12 * time.Second}
	tries := map[string]*synth.Conn{}
	try := func(at time.Duration, as string, a netip.Addr, name string) {
		w.At(at, func() { tries[as] = w.TLS(a, name, visit) })
	}
	try(2*time.Second, "trigger", meta, "web.whatsapp.com")
	try(5*time.Second, "at 5 s", meta, "www.example.com")
	try(62*time.Second, "at 60 s", meta, "www.example.com")
	try(62*time.Second, "elsewhere", w.Addr(site.ExampleCom), "www.example.com")
	try(92*time.Second, "at 90 s", meta, "www.example.com")
	p := play(t, w, 2*time.Minute)
	for as, want := range map[string]error{"trigger": synth.ErrReset, "at 5 s": synth.ErrTimeout, "at 60 s": synth.ErrTimeout, "elsewhere": nil, "at 90 s": nil} {
		if c := tries[as]; !errors.Is(c.Err(), want) || c.Played() != (want == nil) {
			t.Errorf("%s: %v, played %v", as, c.Err(), c.Played())
		}
	}
	if forged := p.deed(t, "residual", box.Injected, "down"); forged.N != 1 || len(forged.Packets[clientFile]) != 1 || forged.Packets[serverFile] != nil {
		t.Errorf("%+v", forged)
	} else if r := p.packet(clientFile, forged.Packets[clientFile][0]); r.Flags != synth.RST|synth.ACK || r.TTL != 64-BoxHops || r.IPID != 0x3a41 {
		t.Errorf("%+v", r)
	}
	syns := 0
	up := p.deed(t, "residual", box.Dropped, "up")
	for _, n := range up.Packets[clientFile] {
		k := p.packet(clientFile, n)
		if k.Key.DstAddr() != meta || at(k) < 2*time.Second || at(k) > 77*time.Second {
			t.Errorf("packet %d, %+v, was not dropped", n, k)
		}
		if k.Flags == synth.SYN {
			syns++
		}
	}
	if syns != 8 || len(up.Packets[clientFile]) != up.N || up.Packets[serverFile] != nil { // at 0, 1, 3, 7 s, twice
		t.Errorf("%d SYNs dropped; %+v", syns, up)
	}
	// What the server answered to the hello got no further.
	if down := p.deed(t, "residual", box.Dropped, "down"); down.N == 0 || len(down.Packets[serverFile]) != down.N || down.Packets[clientFile] != nil {
		t.Errorf("%+v", down)
	}
}

// B7: a load balancer, three hops nearer than its servers, ends what was idle for
// 350 s. Nobody interferes.
func TestLoadBalancerEndsIdleConnections(t *testing.T) {
	w := New(2, start)
	w.Fronts[w.Addr(site.SignalChat)] = []synth.Stage{&synth.IdleTimeout{Sim: w.Sim, After: 350 * time.Second, Tells: true, Hops: 3, TTL: 255}}
	var idle, busy *synth.Conn
	w.At(time.Second, func() {
		idle = w.TLS(w.Addr(site.SignalChat), "chat.signal.org", Visit{Turns: append(Chats, Beats(1, 500*time.Second)...), Stay: true})
	})
	w.At(2*time.Second, func() {
		busy = w.TLS(w.Addr(site.SignalChat), "chat.signal.org", Visit{Turns: Beats(5, 100*time.Second), Stay: true})
	})
	p := play(t, w, 10*time.Minute)
	if idle.Err() != synth.ErrReset || idle.Played() || busy.Err() != nil && busy.Err() != synth.ErrReset || !busy.Played() {
		t.Errorf("idle: %v, busy: %v", idle.Err(), busy.Err())
	}
	if len(p.deeds) != 0 || len(w.Log()) != 0 {
		t.Errorf("deeds: %+v", p.deeds)
	}
	var last, end *capture.Packet
	for i := range p.files[clientFile] {
		k := &p.files[clientFile][i]
		switch {
		case k.Key.SrcPort != 443 || end != nil:
		case k.Flags&synth.RST != 0:
			end = k
		case last == nil || at(k) < 60*time.Second:
			last = k
		}
	}
	if end == nil {
		t.Fatal("no reset")
	}
	if quiet := at(end) - at(last); quiet < 349*time.Second || quiet > 351*time.Second || end.TTL != last.TTL+3 {
		t.Errorf("reset after %v with TTL %d, data had %d", quiet, end.TTL, last.TTL)
	}
}

// F25: the reset race of F2 in IPv6: the hello reaches the server, the reset is at
// the client first, and the server's answer comes to a closed socket.
func TestResetRaceInIPv6(t *testing.T) {
	w := New(3, start)
	w.SpeakIPv6()
	w.Record(site.WAWeb)
	w.Rule("race", says("web.whatsapp.com"), acts(func(b *box.Box, r *box.Rule, p *box.Packet) bool {
		b.Inject(r, box.Down, 300*time.Microsecond, reset(t, p, 61))
		return true
	}))
	for i := range 3 {
		w.Open(time.Duration(2+5*i)*time.Second, "web.whatsapp.com", Visit{Turns: Page})
	}
	w.TelegramWorks(4 * time.Second)
	p := play(t, w, 20*time.Second)
	if notes := w.Notes(); len(notes) != 3 || notes[0] != "web.whatsapp.com: connection reset by peer" {
		t.Errorf("%q", notes)
	}
	d := p.deed(t, "race", box.Injected, "down")
	if len(p.deeds) != 1 || d.N != 3 || len(d.Packets[clientFile]) != 3 || d.Packets[serverFile] != nil {
		t.Fatalf("%+v", p.deeds)
	}
	for _, n := range d.Packets[clientFile] {
		r := p.packet(clientFile, n)
		hello := p.packet(clientFile, n-1)
		if r.Has&capture.HasIPv6 == 0 || r.TTL != 61-BoxHops || r.Flags != synth.RST|synth.ACK || r.Ack != hello.SeqEnd() || hello.PayloadLen == 0 {
			t.Errorf("%+v after %+v", r, hello)
		}
	}
	late, refused := 0, 0
	for _, k := range p.files[clientFile] {
		if k.Key.SrcAddr() == w.Addr(site.WAWeb) && k.PayloadLen > 0 {
			late++
		}
	}
	for _, k := range p.files[serverFile] {
		if k.Flags&synth.RST != 0 {
			refused++
			if k.Key.SrcAddr() != ClientAddr6 {
				t.Errorf("the server sees %+v", k)
			}
		}
	}
	if late < 3 || refused < 3 {
		t.Errorf("%d late answers, %d refused", late, refused)
	}
}
