package table

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// run is a made run.
type run struct {
	meta     report.Meta
	findings []*finding.Finding
	services []*answer.Service
	stats    classify.Stats
}

// print tells it.
func (r *run) print(t testing.TB, opt Options) string {
	t.Helper()
	var b bytes.Buffer
	rep := New(&b, opt)
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(rep.Begin(&r.meta))
	for _, f := range r.findings {
		check(rep.Finding(f))
	}
	for _, s := range r.services {
		check(rep.Service(s))
	}
	check(rep.End(&r.stats))
	return b.String()
}

func ptr[T any](v T) *T { return &v }

var start = time.Date(2026, 11, 20, 18, 2, 11, 0, time.UTC)

func at(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }

func end(ip string, port uint16) *finding.Endpoint {
	return &finding.Endpoint{IP: netip.MustParseAddr(ip), Port: port}
}

// capt is a capture of n packets that lasted d.
func capt(n uint64, d time.Duration, vantage string, controls int) classify.Stats {
	return classify.Stats{Source: capture.Stats{Packets: n}, Packets: n, First: start, Last: start.Add(d),
		Vantage: vantage, Clients: 1, Controls: controls}
}

func named(name string) report.Meta {
	return report.Meta{Files: []report.File{{Name: name, LinkType: "EN10MB"}}}
}

// works is a service that works.
func works(id, name string, tried int, mediaBps float64, calls string) *answer.Service {
	s := &answer.Service{Service: id, Name: name, Status: answer.OK, Works: answer.WorksYes, Cause: answer.CauseNone,
		Attempts:  answer.Attempts{Tried: tried},
		Functions: map[string]string{"chat": "ok", "media": "ok", "call": calls, "telemetry": "unseen"},
		Rates:     map[string]float64{"media": mediaBps}, RateDownBps: &mediaBps,
		OpensMs: ptr(41.0), Loss: ptr(0.001), Sentence: name + ": chat, media work"}
	return s
}

// many makes n findings alike, one flow each.
func many(first, n int, f finding.Finding) []*finding.Finding {
	var out []*finding.Finding
	for i := range n {
		c := f
		c.ID = fmt.Sprintf("f%d", first+i)
		c.Flows = []string{fmt.Sprintf("c%06d", 100+first+i)}
		if f.Server != nil {
			c.Server = &finding.Endpoint{IP: f.Server.IP, Port: f.Server.Port}
			for range i % 6 {
				c.Server.IP = c.Server.IP.Next()
			}
		}
		c.From, c.To = at(7+i), at(8+i)
		out = append(out, &c)
	}
	return out
}

// blockedRun: names denied and traffic dropped.
func blockedRun() *run {
	names := finding.Finding{Kind: finding.DNSForged, Verdict: finding.Confirmed, Service: "whatsapp", Function: "chat", Proto: "udp",
		Client: end("192.168.1.23", 50111), Server: end("8.8.8.8", 53),
		Summary: `NXDOMAIN "from 8.8.8.8" over UDP after 3 ms; the real one is 38 ms away and over TCP gives addresses`,
		Filter:  "frame.number==411||frame.number==412", RuledOut: []string{"own_resolver", "ad_blocker", "portal"},
		Segment: finding.ServerSide, Hops: &finding.Hops{Injector: &[2]int{3, 5}, Server: &[2]int{11, 11}}}
	hello := finding.Finding{Kind: finding.DropHello, Verdict: finding.Likely, Service: "whatsapp", Function: "chat", Proto: "tcp",
		Client: end("192.168.1.23", 51334), Server: end("157.240.205.60", 443),
		Summary: "TCP opens in 41 ms, then the TLS hello is sent 7 times in 20.1 s and no byte of it is acknowledged",
		Filter:  "frame.number==611||frame.number==612||frame.number==640||frame.number==655||frame.number==700",
		Segment: finding.UnknownSegment, RuledOut: []string{"dead_link", "mtu", "dead_server"}}
	r := &run{meta: named("home.pcapng"), stats: capt(88412, 250*time.Second, "host", 9)}
	r.findings = append(many(1, 4, names), many(5, 31, hello)...)
	since := at(7)
	r.services = []*answer.Service{
		works("max", "MAX", 20, 38e6, "unseen"), works("telegram", "Telegram", 30, 21e6, "unseen"),
		{Sentence: "WhatsApp: names denied by 8.8.8.8; 31 of 31 connections: TCP opens in 41 ms, then the first payload gets no answer",
			Service: "whatsapp", Name: "WhatsApp", Status: answer.Blocked, Works: "no", Cause: "interference", Since: &since,
			Attempts: answer.Attempts{Tried: 31, Failed: 31}, Names: answer.Attempts{Tried: 4, Failed: 4},
			Functions: map[string]string{"chat": "blocked", "media": "blocked", "web": "blocked", "call": "unseen"},
			CannotTell: []finding.Reason{{Code: "name_or_address", Text: "whether it goes by name or by address"},
				{Code: "who", Text: "whose device does it, and why"}},
			Next: []answer.Step{{Text: "one request for another name to the same address would settle name or address", SendsTraffic: true}}},
	}
	r.stats.Others = answer.Others{Parties: 7, Worked: 7, Flows: 120, FlowsWorked: 120, MedianBps: ptr(34e6), OpensMs: ptr(41.0)}
	return r
}

// throttledRun: Telegram's media is held.
func throttledRun() *run {
	policed := finding.Finding{Kind: finding.RatePoliced, Verdict: finding.Likely, Service: "telegram", Function: "media", Proto: "tcp",
		Client: end("192.168.1.23", 51334), Server: end("91.105.192.100", 443), RateBps: ptr(141e3),
		Summary:  "data from 91.105.192.100 held to 141 kbit/s by a token bucket of at least ~16 kB: 3.1 % lost, without a queue before the losses",
		RuledOut: []string{"app_pacing", "receive_window", "wifi"}, Segment: finding.ServerSide}
	r := &run{meta: named("flat.pcap.zst"), findings: many(1, 11, policed), stats: capt(412880, 391*time.Second, "gateway", 12)}
	r.stats.Clients = 3
	since := at(78)
	tg := works("telegram", "Telegram", 40, 141e3, "unseen")
	tg.Status, tg.Works, tg.Cause, tg.Since = answer.Throttled, answer.WorksPartly, answer.CauseInterference, &since
	tg.Functions["media"] = "throttled"
	tg.CannotTell = []finding.Reason{{Code: "who", Text: "whose device does it, and why"}}
	tg.Next = []answer.Step{{Text: "the same download through a VPN, captured as well", SendsTraffic: true}}
	r.services = []*answer.Service{works("max", "MAX", 20, 38e6, "unseen"), tg, works("whatsapp", "WhatsApp", 12, 24e6, "ok")}
	r.stats.Others = answer.Others{Parties: 11, Worked: 11, Flows: 80, FlowsWorked: 80, MedianBps: ptr(31e6), OpensMs: ptr(40.0)}
	return r
}

// fineRun: all works.
func fineRun() *run {
	r := &run{meta: named("office.pcapng"), stats: capt(2210554, 902*time.Second, "gateway", 12)}
	r.stats.Clients = 41
	wa := works("whatsapp", "WhatsApp", 312, 24e6, "ok")
	tg := works("telegram", "Telegram", 208, 31e6, "unseen")
	tg.Attempts.Failed = 1
	tg.OpensMs = ptr(38.0)
	mx := works("max", "MAX", 77, 40e6, "unseen")
	mx.OpensMs, mx.Loss = ptr(9.0), ptr(0.0)
	signal := &answer.Service{Service: "signal", Name: "Signal", Status: answer.Unseen, Works: "unseen", Cause: "none",
		Functions: map[string]string{"chat": "unseen"}, Sentence: "Signal: no name asked for, no address contacted"}
	r.services = []*answer.Service{mx, signal, tg, wa}
	r.stats.Others = answer.Others{Parties: 9, Worked: 9, Flows: 1904, FlowsWorked: 1898, MedianBps: ptr(33e6), OpensMs: ptr(36.0)}
	add := func(n int, k finding.Kind, v finding.Verdict, cause string) {
		for range n {
			r.findings = append(r.findings, &finding.Finding{ID: fmt.Sprintf("f%d", len(r.findings)+1), Kind: k, Verdict: v,
				BenignCause: cause, Service: []string{"whatsapp", "telegram"}[n%2]})
		}
	}
	add(6, finding.DropConnect, finding.Benign, "refused")
	add(1, finding.DropConnect, finding.Benign, "client_gave_up")
	add(198, finding.ResetSeen, finding.Benign, "after_close")
	add(12, finding.ResetSeen, finding.Benign, "idle_timeout")
	add(4, finding.ResetSeen, finding.Unexplained, "")
	add(3, finding.RateLimited, finding.Benign, "sender_idle")
	return r
}

// lossyRun: a broken first hop.
func lossyRun() *run {
	r := &run{meta: named("wlan0.pcapng"), stats: capt(61220, 5*time.Minute, "host", 11)}
	r.findings = []*finding.Finding{{ID: "f1", Kind: finding.PathLoss, Verdict: finding.Confirmed, Proto: "tcp", Segment: finding.ClientSide,
		Flows: flowIDs(14), From: at(60), To: at(269), Summary: "7-9 % lost in bursts, all 14 flows alike; they stop and resume together",
		RuledOut: []string{"policer", "one_server"}, Filter: "tcp.analysis.retransmission"}}
	for _, s := range []*answer.Service{works("max", "MAX", 9, 0.4e6, "unseen"), works("telegram", "Telegram", 11, 0.5e6, "unseen"),
		works("whatsapp", "WhatsApp", 12, 0.4e6, "ok")} {
		s.Cause = answer.CauseFirstHop
		r.services = append(r.services, s)
	}
	r.stats.Others = answer.Others{Parties: 8, Worked: 8, Flows: 30, FlowsWorked: 28, MedianBps: ptr(0.5e6), OpensMs: ptr(44.0)}
	return r
}

func flowIDs(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("c%06d", i+1))
	}
	return out
}

// poorRun: a capture that cannot tell.
func poorRun() *run {
	r := &run{meta: named("ticket-4711.pcapng"), stats: capt(1904, 12*time.Second, "span", 0)}
	r.meta.Files[0].Filter = "host 157.240.205.60"
	r.stats.Blind = blindOf("one_way", "snaplen", "truncated")
	r.findings = many(1, 5, finding.Finding{Kind: finding.DropHello, Verdict: finding.Inconclusive, Service: "whatsapp", Proto: "tcp",
		Client: end("10.0.0.7", 51334), Server: end("157.240.205.60", 443),
		Summary: "the same 517-byte hello 5 times in 4.5 s; the client's own ACK numbers say it received nothing after it"})
	since := at(0)
	r.services = []*answer.Service{{Service: "whatsapp", Name: "WhatsApp", Status: answer.Failing, Works: "no", Cause: "unknown", Since: &since,
		Attempts: answer.Attempts{Tried: 5, Failed: 5}, Functions: map[string]string{"chat": "unseen", "any": "failing"},
		Fits: []string{"hello dropped", "answer dropped", "server dead", "WhatsApp down for everyone", "first hop bad"},
		CannotTell: []finding.Reason{{Code: "no_control", Text: "nothing else was tried meanwhile"},
			{Code: "one_way", Text: "only one direction was captured"}, {Code: "snaplen", Text: "payload was cut by the snaplen"}},
		Next: []answer.Step{{Text: "open one other app in the same capture", SendsTraffic: true},
			{Text: "capture again with both directions, with whole packets, for two minutes"}},
		Sentence: "WhatsApp does not work and the cause is not shown: 5 of 5 connections failed (the first payload unanswered)"}}
	return r
}
