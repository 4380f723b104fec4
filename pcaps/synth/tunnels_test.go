package synth

import (
	"net/netip"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/ipsec"
	"chokepoint/classify/wire/mtproto"
	"chokepoint/classify/wire/noise"
	"chokepoint/classify/wire/openvpn"
	"chokepoint/classify/wire/tls"
	"chokepoint/classify/wire/wireguard"
)

func TestTunnelsAreReadByTheParsers(t *testing.T) {
	s := NewSim(start, 1)
	wg := WireGuard(s, 4)
	var last [2][]byte
	for i, l := range wg {
		want := []wireguard.Type{wireguard.Initiation, wireguard.Response, wireguard.Data}[min(i, 2)]
		if got := wireguard.Kind(l.Data, len(l.Data)); got != want {
			t.Errorf("WireGuard's message %d is %v, want %v", i, got, want)
		}
		if i < 2 {
			continue
		}
		if old := last[l.From]; old != nil && !wireguard.SameSession(old, l.Data) {
			t.Errorf("message %d is of another session", i)
		}
		last[l.From] = l.Data
	}
	if !wireguard.Answers(wg[0].Data, wg[1].Data) {
		t.Error("the response answers nothing")
	}
	vpn := OpenVPN(s, 2)
	if openvpn.Pair(vpn[0].Data, vpn[1].Data) != openvpn.Acked || !openvpn.Data(vpn[len(vpn)-1].Data, 0) {
		t.Error("not OpenVPN")
	}
	ike := IKE(s)
	if !ipsec.Answers(ike[0].Data, ike[1].Data) || !ipsec.Answers(ike[2].Data, ike[3].Data) {
		t.Error("not IKE")
	}
	esp := SealedPackets(s, 2)
	if !ipsec.SameESP(esp[0].Data, esp[2].Data) || !ipsec.SameESP(esp[1].Data, esp[3].Data) {
		t.Error("not ESP")
	}
}

func TestESPHasNoPorts(t *testing.T) {
	b := newBench("203.0.113.1")
	ESP(b.path).Say(SealedPackets(b.Sim, 3), nil)
	b.Run(2e9)
	ps := b.recorded(t)
	if len(ps) != 6 {
		t.Fatalf("%d packets", len(ps))
	}
	for i, p := range ps {
		if p.Key.Proto != protoESP || p.Key.SrcPort|p.Key.DstPort != 0 || int(p.PayloadLen)+20 != int(p.IPLen) {
			t.Errorf("packet %d: %+v", i, p.Key)
		}
	}
}

func TestObfuscatedHeadersNameTheirDataCentre(t *testing.T) {
	s := NewSim(start, 2)
	for _, tt := range []struct {
		dc    int16
		want  int16
		media bool
	}{{2, 2, false}, {-4, 4, true}, {203, 203, false}} {
		in, st := mtproto.Obfuscated(MTProtoTo(s, tt.dc, Turn{Ask: 100, Answer: 100})[0].Data)
		if st != wire.Done || in.DC != tt.want || in.Media != tt.media || in.Transport != mtproto.TransportIntermediate {
			t.Errorf("%d: %v, %+v", tt.dc, st, in)
		}
	}
}

func TestDirectNoiseIsReadByTheParser(t *testing.T) {
	lines := NoiseDirect(NewSim(start, 3), Turn{Ask: 100, Answer: 100})
	if kind, st := noise.WhatsApp(lines[0].Data, len(lines[0].Data)); kind != noise.HeaderFrame || st != wire.Done {
		t.Errorf("%v, %v", kind, st)
	}
	if st := noise.Server(lines[1].Data); st != wire.Done {
		t.Errorf("the server: %v", st)
	}
}

func TestEncryptedHellosAreReadByTheParser(t *testing.T) {
	b := ClientHello{Name: "cloudflare-ech.com", ALPN: []string{"h2"}, ECH: true}.Bytes(NewSim(start, 4))
	var h tls.ClientHello
	if st, _ := h.Parse(b); st != tls.Done || h.ECH != tls.ECHOuter || h.ECHEncLen != 32 || h.ECHPayloadLen != 208 || h.BadExts {
		t.Errorf("%v, %+v", st, h)
	}
}

func TestDecoysDieOnTheWay(t *testing.T) {
	arrived := 0
	lure := &Decoy{TTL: 4, Match: func(p *Packet) bool { return p.Proto == capture.ProtoTCP }, Make: func() []byte { return []byte("something else, of another length") }}
	b := newBench("203.0.113.1")
	lure.Sim = b.Sim
	counter := stageFunc(func(at Spot, p *Packet) { arrived += len(p.Payload); at.Forward(p) })
	b.path.Stages = []Stage{lure, b.tap, b.link, counter}
	script, data := request(b.Sim, 3000)
	Dial(b.path, 443, script, 0)
	b.Run(3e9)
	var first []capture.Packet
	for _, p := range b.recorded(t) {
		if !down(&p) && p.PayloadLen > 0 {
			first = append(first, p)
		}
	}
	if len(first) < 2 || first[0].TTL != 4 || first[1].TTL != 64 || first[0].Seq != first[1].Seq || first[0].PayloadLen == first[1].PayloadLen {
		t.Fatalf("%+v", first)
	}
	if want := len(script[0].Data) + len(data); arrived != want {
		t.Errorf("%d bytes got through, of %d", arrived, want)
	}
}

type stageFunc func(Spot, *Packet)

func (f stageFunc) Handle(at Spot, p *Packet) { f(at, p) }

func TestTapCutsLaterDatagrams(t *testing.T) {
	b := newBench("203.0.113.1")
	b.tap.Datagrams = 3
	talk := (&Host{Sim: b.Sim, Addr: netip.MustParseAddr("192.168.1.23")}).Socket().With(b.path, 9)
	talk.Stream(Up, 6, Frame, func() []byte { return make([]byte, 500) })
	b.Run(1e9)
	for i, p := range b.recorded(t) {
		if want := map[bool]int{true: 500, false: keepDatagram}[i < 3]; len(p.Payload) != want || p.PayloadLen != 500 {
			t.Errorf("datagram %d: %d of %d bytes", i, len(p.Payload), p.PayloadLen)
		}
	}
}
