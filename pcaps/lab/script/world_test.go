package script

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	told := func(seed uint64) []byte {
		w := New(seed, start)
		w.Rule("dice", says("whatsapp"), acts(func(b *box.Box, r *box.Rule, p *box.Packet) bool {
			b.Inject(r, box.Down, time.Duration(b.Rand.IntN(1000))*time.Microsecond, reset(t, p, uint8(60+b.Rand.IntN(60))))
			return true
		}))
		w.WhatsAppWorks(time.Second)
		w.Run(10 * time.Second)
		files, err := w.Files()
		if err != nil {
			t.Fatal(err)
		}
		return files[clientFile]
	}
	if !bytes.Equal(told(5), told(5)) {
		t.Error("two runs differ")
	}
	if bytes.Equal(told(5), told(6)) {
		t.Error("the seed decides nothing")
	}
}

// Rules may hold packets back, or send them twice; datagrams that a talk waits for
// still land.
func TestRulesMayHoldAndDouble(t *testing.T) {
	w := New(1, start)
	w.Rule("hold", func(p *box.Packet) bool { return p.Has&capture.HasUDP != 0 }, acts(func(b *box.Box, _ *box.Rule, p *box.Packet) bool {
		b.After(30*time.Millisecond, func() { b.Forward(p) })
		return false
	}))
	twice := 0
	w.Rule("double", says("www.example.com"), acts(func(b *box.Box, r *box.Rule, p *box.Packet) bool {
		twice++
		b.Note(r, box.Doubled, p)
		b.Forward(b.Decode(p.Dir, append([]byte(nil), p.Frame...)))
		return true
	}))
	w.Record(site.ExampleCom)
	w.At(time.Second, w.TelegramCall)
	w.At(2*time.Second, func() { w.TLS(w.Addr(site.ExampleCom), "www.example.com", Visit{Turns: Page}) })
	p := play(t, w, 10*time.Second)
	voice := 0
	for _, k := range p.files[clientFile] {
		if k.Has&capture.HasUDP != 0 && k.Key.SrcPort == 599 {
			voice++
		}
	}
	if voice < 100 {
		t.Errorf("%d datagrams of the call came back", voice)
	}
	hellos := 0
	for _, k := range p.files[serverFile] {
		if bytes.Contains(k.Payload, []byte("www.example.com")) {
			hellos++
		}
	}
	d := p.deed(t, "double", box.Doubled, "up")
	if twice != 1 || hellos != 2 || len(d.Packets[clientFile]) != 1 || len(d.Packets[serverFile]) != 1 || len(w.mid.inside) != 0 {
		t.Errorf("%d, %d hellos, %+v, %d still inside", twice, hellos, d, len(w.mid.inside))
	}
}

// unreachable answers a packet as a router does (RFC 1812 section 4.3.2.3).
func unreachable(p *box.Packet, code byte) []byte {
	ip := p.Frame[14:]
	icmp := append([]byte{3, code, 0, 0, 0, 0, 0, 0}, ip...)
	binary.BigEndian.PutUint16(icmp[2:], ^sumOf(icmp))
	head := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, capture.ProtoICMP, 0, 0, 100, 64, 0, 1}
	head = append(head, ip[12:16]...)
	binary.BigEndian.PutUint16(head[2:], uint16(20+len(icmp)))
	binary.BigEndian.PutUint16(head[10:], ^sumOf(head))
	return slices.Concat(p.Frame[6:12], p.Frame[:6], []byte{8, 0}, head, icmp)
}

// sumOf is the sum that checksums are made of (RFC 1071).
func sumOf(b []byte) uint16 {
	s := uint32(0)
	for i := range b {
		s += uint32(b[i]) << (8 * (1 - i&1))
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// What a router says about a connection attempt reaches the client through its NAT,
// which translates the quote as well.
func TestUnreachableReachesTheClient(t *testing.T) {
	for _, nat := range []bool{false, true} {
		w := New(1, start)
		w.NAT = nat
		dead := w.Addr(site.ExampleDead)
		w.Rule("reject", func(p *box.Packet) bool { return p.Dir == box.Up && p.Server() == dead }, acts(func(b *box.Box, r *box.Rule, p *box.Packet) bool {
			b.Drop(r, p)
			b.Inject(r, box.Down, time.Millisecond, unreachable(p, 13))
			return false
		}))
		var c *synth.Conn
		w.At(time.Second, func() { c = w.TLS(dead, "backup.example.net", Visit{}) })
		p := play(t, w, 5*time.Second)
		if c.Err() != synth.ErrUnreachable {
			t.Errorf("%v", c.Err())
		}
		d := p.deed(t, "reject", box.Injected, "down")
		if d.N != 1 || len(d.Packets[clientFile]) != 1 {
			t.Fatalf("%+v", d)
		}
		k := p.packet(clientFile, d.Packets[clientFile][0])
		ip := k.Frame[14 : 14+k.IPLen]
		if k.Key.DstAddr() != ClientAddr || k.Quoted.Key.SrcAddr() != ClientAddr || k.Quoted.Key.DstAddr() != dead || k.ICMPCode != 13 {
			t.Errorf("%+v", k)
		}
		if sumOf(ip[:20]) != 0xffff || sumOf(ip[20:]) != 0xffff || sumOf(ip[28:48]) != 0xffff {
			t.Errorf("NAT %v: a checksum is wrong", nat)
		}
		if up := p.deed(t, "reject", box.Dropped, "up"); up.N != 1 || len(up.Packets[clientFile]) != 1 {
			t.Errorf("%+v", up)
		}
	}
}

// A probe of TCP's keep-alive carries a byte that was sent before, or none.
func TestSilenceWithKeepAlives(t *testing.T) {
	for _, old := range []bool{false, true} {
		w := New(1, start)
		w.Client.KeepAlive = synth.KeepAlive{Idle: 60 * time.Second, Every: 15 * time.Second, Probes: 4, OldByte: old}
		w.Direct(time.Second, site.TGChat, 443, 0, MTProto(append(Chats, Beats(1, 500*time.Second)...)...))
		p := play(t, w, 9*time.Minute)
		probes, answers := 0, 0
		for _, k := range p.files[clientFile] {
			if at(&k) < 30*time.Second || at(&k) > 490*time.Second || k.Key.Proto != capture.ProtoTCP {
				continue
			}
			switch {
			case k.Key.DstPort != 443:
				answers++
			case (k.PayloadLen == 1) == old:
				probes++
			}
		}
		if probes != 7 || answers != probes || len(w.Notes()) != 0 {
			t.Errorf("%d probes, %d answers, %q", probes, answers, w.Notes())
		}
	}
}

func TestEverybodySpeaksIPv6(t *testing.T) {
	w := New(1, start)
	w.SpeakIPv6()
	w.WhatsAppWorks(time.Second)
	w.SignalWorks(2 * time.Second)
	w.MaxWorks(3 * time.Second)
	w.Surf(2*time.Second, 10*time.Second, 3*time.Second)
	for i, call := range []func(){w.WhatsAppCall, w.TelegramCall, w.MaxCall, w.DiscordCall} {
		w.At(time.Duration(1+6*i)*time.Second, call)
	}
	p := play(t, w, 30*time.Second)
	if len(w.Notes()) > 0 {
		t.Errorf("%q", w.Notes())
	}
	talk := map[uint16]int{}
	for _, k := range p.files[clientFile] {
		if k.Has&capture.HasIPv6 == 0 {
			t.Fatalf("%+v", k)
		}
		if k.Key.DstAddr() == ClientAddr6 {
			talk[k.Key.SrcPort]++
		}
	}
	for _, port := range []uint16{53, 443, 3478, 599, 19302, 50012, 50342} {
		if talk[port] < 5 {
			t.Errorf("port %d: %d packets back", port, talk[port])
		}
	}
}

func TestIPv6AddressesAreTheOwners(t *testing.T) {
	seen := map[netip.Addr]string{}
	for _, s := range site.All {
		a := Six(s.Address())
		if other := seen[a]; other != "" || !a.Is6() || !a.IsGlobalUnicast() || netip.MustParsePrefix("2001:db8::/32").Contains(a) {
			t.Errorf("%v of %s and %s", a, s.Addr, other)
		}
		seen[a] = s.Addr
		if strings.HasPrefix(s.Addr, "157.240.") != netip.MustParsePrefix("2a03:2880::/32").Contains(a) {
			t.Errorf("%v of %s", a, s.Addr)
		}
	}
}

// A box that makes packets for nobody is a scenario gone wrong.
func TestPacketsForNobodyAreAnError(t *testing.T) {
	w := New(1, start)
	w.Rule("astray", says("www.example.com"), acts(func(b *box.Box, r *box.Rule, p *box.Packet) bool {
		b.Inject(r, box.Up, 0, reset(t, p, 64)) // goes up to the client's address
		return true
	}))
	w.At(time.Second, func() { w.TLS(w.Addr(site.ExampleCom), "www.example.com", Visit{}) })
	w.Run(5 * time.Second)
	if _, err := w.Files(); err == nil || !strings.Contains(err.Error(), "nobody has talked to") {
		t.Errorf("%v", err)
	}
}
