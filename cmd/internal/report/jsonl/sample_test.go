package jsonl

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/defrag"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

// at is a time of the samples.
func at(ms int) time.Time {
	return time.Date(2026, 11, 20, 18, 2, 11, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

func to[T any](v T) *T { return &v }

func sampleMeta() *report.Meta {
	return &report.Meta{
		Tool: "chokepoint", Version: "v1.2.3", Schema: report.Schema, Vantage: "auto", Expr: "tcp port 443",
		Files:  []report.File{{Name: "home.pcapng", LinkType: "EN10MB", Snaplen: 262144, Filter: "host 192.0.2.1", Dropped: to(uint64(3))}},
		Rules:  report.Rules{Date: "2026-11-22"},
		Health: []finding.Reason{{Code: "expression", Text: "an expression was given: controls may be missing"}},
	}
}

// sampleFlow is a TLS flow that was reset, with all that a record can show.
func sampleFlow() *fact.Flow {
	f := &fact.Flow{
		ID: 123, Key: key(capture.ProtoTCP, "10.0.0.2:51334", "157.240.1.60:443"), ClientInferred: true,
		Start: at(0).UnixNano(), Last: at(250).UnixNano(), End: fact.EndReset,
		Blind: fact.BlindOneWay | fact.BlindSnaplen, Vantage: "gateway",
		State: "reset", History: "ShADadr", TunnelOf: 7, VLAN: fact.Some(uint16(100)),
		Names: fact.Names{SNI: "web.whatsapp.com", ALPN: []string{"h2", "http/1.1"}, ECH: "none"},
		Label: service.Label{Service: "whatsapp", Family: "meta", Function: "chat", Confidence: 0.98,
			Why: []service.Why{{By: "sni", Value: "web.whatsapp.com", Weight: 90}}, Mismatch: true},
	}
	f.Hello = fact.Hello{First: fact.Mark{Num: 126}, End: 1518}
	f.Resets = []fact.Reset{{Num: 130, Dir: fact.Down, HandshakeOK: true, UpBytes: 517, UpPackets: 3}}
	f.Sides[fact.Up] = fact.Side{SYN: fact.Mark{Num: 123}, ISN: fact.Some(uint32(1000)), Packets: 7, IPBytes: 1200, Payload: 920, Retrans: 1, Holes: 1,
		RTT: fact.RTT{Handshake: fact.Some(41200 * time.Microsecond), Min: fact.Some(40100 * time.Microsecond), P50: fact.Some(42 * time.Millisecond)}}
	f.Sides[fact.Down] = fact.Side{Packets: 5, IPBytes: 4300, Payload: 4100}
	return f
}

// sampleSpoken is a flow of which everything is known that payload says.
func sampleSpoken() *fact.Flow {
	return &fact.Flow{
		ID: 140, Key: key(capture.ProtoUDP, "10.0.0.2:40001", "149.154.167.51:443"), Start: at(0).UnixNano(), Last: at(900).UnixNano(),
		End: fact.EndIdle, Vantage: "host",
		Local: &fact.Local{Process: capture.Process{PID: 811, Comm: "Telegram", Cgroup: "/user.slice/app.scope"}},
		App:   "quic", QUIC: "v1", Media: []string{"audio", "video"}, Probe: true, Resolver: "google", DNSOver: answer.OverHTTPS,
		Names: fact.Names{SNI: "cloudflare-ech.com", JA4: "q13d0312h3_55b375c5d22e_06cda9e17597", ECH: "real", ECHOuter: "cloudflare", PQ: true},
		Label: service.Label{Service: "telegram", Family: "telegram", Function: "call", Place: "dc2", Confidence: 0.9,
			Why: []service.Why{{By: "arranged", Value: "relay c000101", Weight: 70}, {By: "prefix", Value: "149.154.160.0/20", Weight: 60}}},
	}
}

// sampleDNS is a flow with an answered query, a silent one and one answered
// with nothing.
func sampleDNS() *fact.Flow {
	resolver := netip.MustParseAddr("9.9.9.9")
	return &fact.Flow{
		ID: 5, Key: key(capture.ProtoUDP, "10.0.0.2:40000", "9.9.9.9:53"), Start: at(0).UnixNano(), Last: at(3).UnixNano(),
		End: fact.EndIdle, Vantage: "host", DNSMore: 2,
		DNS: []fact.DNS{
			{QName: "web.whatsapp.com", QType: 1, Resolver: resolver, More: 1, Answers: []fact.DNSAnswer{
				{Rcode: 3, RTT: fact.Some(2*time.Millisecond + 500*time.Nanosecond)}, {Rcode: 0}}},
			{QName: "e1.whatsapp.net", QType: 28, Resolver: resolver},
			{QName: "g.whatsapp.net", QType: 64000, Resolver: resolver, Answers: []fact.DNSAnswer{
				{Rcode: 23, Addrs: []netip.Addr{netip.MustParseAddr("157.240.1.60")}}}},
		},
	}
}

func sampleFinding() *finding.Finding {
	return &finding.Finding{
		ID: "f3", Rev: 1, Kind: finding.ResetInjected, Verdict: finding.Confirmed, Confidence: 0.97, Technique: "race",
		Service: "whatsapp", Function: "chat", Proto: "tcp", Name: "web.whatsapp.com",
		Client: &finding.Endpoint{IP: netip.MustParseAddr("10.0.0.2"), Port: 51334},
		Server: &finding.Endpoint{IP: netip.MustParseAddr("2001:db8::1"), Port: 443},
		Flows:  []string{"c000123"}, Controls: []string{"c000101"}, From: at(0), To: at(250),
		Direction: finding.ToClient, Segment: finding.ServerSide, Vantage: "gateway",
		Summary: "RST claims to come from 2001:db8::1 but arrived 2.1 ms after the hello; the path needs 40 ms",
		For: []finding.Evidence{{Code: "R2", Family: finding.Causality, Class: finding.C, Text: "too early",
			Got: "2.1 ms", Want: ">= 20 ms", Packets: []uint64{9, 11}}},
		Against:  []finding.Evidence{{Code: "X1", Family: finding.Identity, Class: finding.W, Text: "same TTL", Packets: []uint64{4}}},
		RuledOut: []string{"local_firewall", "server_abort"}, NotRuledOut: []string{"nat"}, Blind: []string{"snaplen"},
		Packets: []uint64{11}, Filter: "frame.number==9||frame.number==11",
		Hops:    &finding.Hops{Injector: &[2]int{3, 5}, Server: &[2]int{13, 13}},
		RateBps: to(141000.0), Unit: "ip", BurstBytes: to(uint64(16000)), Loss: to(0.08), AfterPackets: to(uint64(14)), AfterBytes: to(uint64(16384)),
	}
}

// sampleOpen is a finding that lacks what would tell more.
func sampleOpen() *finding.Finding {
	f := &finding.Finding{ID: "f4", Kind: finding.RateLimited, Verdict: finding.Inconclusive, Proto: "tcp", From: at(0), To: at(9000),
		Segment: finding.UnknownSegment, Vantage: "host", Summary: "data from 2001:db8::1 ran at 1 Mbit/s, cause not shown",
		Blind: []string{"queue_unseen"}, RateBps: to(1e6), Loss: to(0.0)}
	f.Miss(finding.LacksQueue, "no timestamps and one-way capture: queueing cannot be seen")
	return f
}

// sampleRates is a finding with all figures that any of a rate or a call has.
func sampleRates() *finding.Finding {
	return &finding.Finding{ID: "f5", Kind: finding.RateShaped, Verdict: finding.Likely, Confidence: 0.85, Proto: "tcp", From: at(0), To: at(9000),
		Segment: finding.ServerSide, Vantage: "host", Summary: "held to 1 Mbit/s by a queue", Scope: "service",
		RateBps: to(1e6), BeforeBps: to(8e6), AfterBps: to(1e6), AfterBytes: to(uint64(2_000_000)), Ratio: to(0.2),
		Beside: &finding.Beside{Name: "example.com", RateBps: 7e6}, Loss: to(0.01), JitterMs: to(52.5), BurstRatio: to(3.1), MOS: to(2.4)}
}

func sampleService() *answer.Service {
	return &answer.Service{
		Service: "telegram", Name: "Telegram", Status: answer.Throttled, Works: "partly", Cause: "interference", Since: to(at(70)), Flows: 14,
		Attempts: answer.Attempts{Tried: 14}, Clients: answer.Clients{Tried: 3, Affected: 3},
		How: []finding.Kind{finding.RatePoliced}, Findings: []string{"f7", "f9"},
		Functions: map[string]string{"media": "throttled", "chat": "ok", "call": "unseen"}, Places: map[string]string{"dc2": "ok", "dc4": "throttled"}, Category: "messenger", Fits: []string{"policer"},
		CannotTell: []finding.Reason{{Code: "who", Text: "who holds it down"}},
		Next:       []answer.Step{{Text: "the same download through a VPN", SendsTraffic: true}},
		Sentence:   "Telegram: media held to 141 kbit/s by a policer; chat unaffected", RateDownBps: to(141000.0), RateUpBps: to(4.2e6),
		OpensMs: to(38.2), Loss: to(0.001), BytesDown: 1 << 20, BytesUp: 1 << 10, Controls: 12,
	}
}

func sampleStats() *classify.Stats {
	s := &classify.Stats{
		Source:  capture.Stats{Packets: 88412, Bytes: 61 << 20, Dropped: 4, Lost: 2, Skipped: 1},
		Packets: 88000, Filtered: 400, Copies: 9, NoFlow: 3, Flows: 310, Evicted: 1, Findings: 2,
		Defrag: defrag.Counts{Joined: 5, TimedOut: 1}, First: at(0), Last: at(250000), Vantage: "host", Clients: 1, Controls: 9,
		Blind: fact.BlindHostFilter,
		EncryptedDNS: []answer.EncryptedDNS{{Resolver: "google", Name: "dns.google", Over: answer.OverTLS, Flows: 3, First: at(90)},
			{Resolver: answer.UnknownResolver, Flows: 1}},
	}
	s.Decode[decode.UnsupportedEtherType], s.Decode[decode.BadTCPOffset], s.Decode[decode.BadIPChecksum] = 12, 1, 2
	return s
}

// written returns what a Report wrote during a call.
func written(t *testing.T, tell func(r *Report) error) string {
	t.Helper()
	var b bytes.Buffer
	r := New(&b)
	if err := tell(r); err != nil {
		t.Fatal(err)
	}
	if err := r.lines.out.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// samples are records of every type, as full and as empty as they come.
func samples() map[string]func(r *Report) error {
	empty := &fact.Flow{ID: 1, Key: key(capture.ProtoICMP, "10.0.0.2:0", "10.0.0.1:0")}
	bare := &finding.Finding{ID: "f1", Kind: finding.PathLoss, Verdict: finding.Inconclusive, Segment: finding.UnknownSegment, Summary: "nothing"}
	bare.Miss(finding.LacksControl, "nothing else worked")
	unseen := &answer.Service{Service: "max", Status: answer.Unseen, Works: "unseen", Cause: "none", Sentence: "MAX: not tried"}
	return map[string]func(r *Report) error{
		"meta":          func(r *Report) error { return r.Begin(sampleMeta()) },
		"flow":          func(r *Report) error { return r.Flow(sampleFlow(), []string{"f3"}) },
		"flow-spoken":   func(r *Report) error { return r.Flow(sampleSpoken(), nil) },
		"flow-dns":      func(r *Report) error { return r.Flow(sampleDNS(), nil) },
		"finding":       func(r *Report) error { return r.Finding(sampleFinding()) },
		"finding-open":  func(r *Report) error { return r.Finding(sampleOpen()) },
		"finding-rates": func(r *Report) error { return r.Finding(sampleRates()) },
		"service":       func(r *Report) error { return r.Service(sampleService()) },
		"stats":         func(r *Report) error { return r.End(sampleStats()) },
		"meta-empty":    func(r *Report) error { return r.Begin(&report.Meta{Tool: "chokepoint", Schema: 1, Vantage: "auto"}) },
		"flow-empty":    func(r *Report) error { return r.Flow(empty, nil) },
		"finding-empty": func(r *Report) error { return r.Finding(bare) },
		"service-empty": func(r *Report) error { return r.Service(unseen) },
		"stats-empty":   func(r *Report) error { return r.End(&classify.Stats{}) },
	}
}
