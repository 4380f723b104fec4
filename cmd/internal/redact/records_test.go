package redact

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

var began = time.Date(2026, 11, 20, 18, 2, 13, 250, time.UTC)

// secret is a flow of which every part that could tell of others does.
func secret() *fact.Flow {
	at := began.UnixNano() + 5e9
	mark := fact.Mark{Num: 3, Time: at}
	f := &fact.Flow{ID: 7, If: 3, Start: at, Last: at + 1, Now: at + 2, VLAN: fact.Opt[uint16]{V: 99, Ok: true}, SYNACK: mark}
	f.Key = capture.Key{Src: netip.MustParseAddr("::ffff:10.0.0.2").As16(), Dst: netip.MustParseAddr("::ffff:10.8.0.1").As16(), SrcPort: 51334, DstPort: 443, Proto: capture.ProtoTCP}
	f.Tunnel = capture.Tunnel{Kind: capture.TunnelGRE, Src: netip.MustParseAddr("::ffff:203.0.113.5").As16()}
	f.Hello = fact.Hello{Kind: "tls", First: mark, Retrans: []fact.Mark{mark}, Acked: fact.Opt[int64]{V: at, Ok: true}}
	f.Sides[0].Window = fact.Opt[int64]{V: 65535, Ok: true}
	f.Resets = []fact.Reset{{Time: at, Payload: []byte("SECRET")}}
	f.Page = &fact.Page{PageHead: fact.PageHead{Title: "SECRET", Location: "http://SECRET/", Text: []byte("SECRET")}, Time: at}
	f.ICMPs = []fact.ICMP{{From: netip.MustParseAddr("::ffff:10.0.0.1").As16(), Time: at}}
	f.Local = &fact.Local{Process: capture.Process{PID: 811, Comm: "SECRET", Cgroup: "/SECRET"}, Drops: []fact.LocalDrop{{Reason: "NETFILTER_DROP", First: at}}}
	f.DNS = []fact.DNS{{Query: mark, ID: 4711, QName: "secret.example", QNameRaw: "sEcReT.example", Resolver: netip.MustParseAddr("10.0.0.1"), Client: netip.MustParseAddr("10.0.0.2"),
		Answers: []fact.DNSAnswer{{Time: at, Text: "SECRET", Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.53")}, Targets: []string{"secret.example"}, SOAOwner: "secret.example"}}}}
	f.Names = fact.Names{
		SNI: "secret.example", ALPN: []string{"h2", "secret/1"}, JA4: "t13d1516h2_8daaf6152771_e5627efa2ab1", CertNames: []string{"*.secret.example"},
		CertOrgs: []string{"SECRET Ltd"}, Host: "secret.example:8080", Method: "SECRET", Location: "http://secret.example/x",
	}
	f.Label = service.Label{Service: "telegram", Family: "telegram", Why: []service.Why{{By: "sni", Value: "secret.example"}, {By: "prefix", Value: "149.154.160.0/20"},
		{By: "mine", Value: "10.8.0.1:443"}, {By: "ja4", Value: "SECRET"}, {By: "sni", Value: "ech:cloudflare"}}}
	f.Datagrams = &fact.Datagrams{Heard: mark}
	for i := range fact.MaxRounds + 3 {
		f.Datagrams.Rounds.Add(fact.Mark{Num: uint64(i), Time: at + int64(i)})
	}
	return f
}

// TestFlowsTellNothingOfOthers: nor do their times, and the original stays.
func TestFlowsTellNothingOfOthers(t *testing.T) {
	r := fixed()
	r.Begin(began.UnixNano())
	f := secret()
	out := r.Flow(f)
	if !reflect.DeepEqual(f, secret()) {
		t.Error("the original was changed")
	}
	told := fmt.Sprintf("%+v %+v %+v %+v %+v %+v %v", out, out.Page, out.Local, out.Datagrams, out.Label.Why, out.DNS[0].Answers, out.Datagrams.Rounds.Marks())
	for _, left := range []string{"SECRET", "secret", "sEcReT", "10 0 0 2", "10.0.0", "10 8 0 1", "10.8.0", "203 0 113", "51334", "4711", "811", "8daaf", fmt.Sprint(began.Unix())[:6]} {
		if strings.Contains(told, left) {
			t.Errorf("%q is left in %s", left, told)
		}
	}
	if at := time.Unix(0, out.Start).UTC(); !at.Equal(time.Date(2000, 1, 1, 0, 0, 5, 0, time.UTC)) || out.Hello.Acked.V != out.Start || out.Hello.Retrans[0].Time != out.Start {
		t.Errorf("it starts at %v", at)
	}
	if n := out.Datagrams.Rounds; n.Count != fact.MaxRounds+3 || len(n.Marks()) != fact.MaxRounds+1 || n.First.Time != out.Start || n.Last.Time != out.Start+fact.MaxRounds+2 {
		t.Errorf("rounds %+v", n)
	}
	if out.VLAN.Ok || out.If != 0 || out.Sides[0].Window.V != 65535 || out.Key.DstPort != 443 || out.Key.SrcPort != r.Port(51334) || out.Local.Drops[0].Reason != "NETFILTER_DROP" {
		t.Errorf("got %+v", out)
	}
	if n := out.Names; n.SNI != r.Name("secret.example") || n.Host != n.SNI+":8080" || n.CertNames[0] != "*."+n.SNI || len(n.ALPN) != 1 || len(n.CertOrgs) != 0 {
		t.Errorf("names %+v", n)
	}
	if w := out.Label.Why; w[1].Value != "149.154.160.0/20" || w[2].Value != out.Key.DstAddr().String()+":443" || w[4].Value != "ech:cloudflare" {
		t.Errorf("why %+v", w)
	}
}

// TestAnswersAndFindingsTellNothingOfOthers: in text, in fields, and in what they hang on.
func TestAnswersAndFindingsTellNothingOfOthers(t *testing.T) {
	r := fixed()
	since := began.Add(time.Second)
	rates := map[string]float64{"chat": 1}
	s := &answer.Service{Service: "max", Sentence: "max: 10.0.0.2 asked secret.example", Since: &since, Rates: rates, Functions: map[string]string{"chat": "ok"},
		CannotTell: []finding.Reason{{Code: "who", Text: "10.0.0.2"}}, Next: []answer.Step{{Text: "ask 10.0.0.2"}}}
	got := r.Service(s)
	if b, _ := json.Marshal(got); strings.Contains(string(b), "10.0.0.2") || strings.Contains(string(b), "secret") || got.Rates["chat"] != 1 || got.Functions["chat"] != "ok" {
		t.Errorf("got %s", b)
	}
	for by, value := range map[string]string{"name": "secret", "address": "10.0.0.2", "fingerprint": "t13d_secret", "volume": "after 10.0.0.2"} {
		f := &finding.Finding{Summary: "secret is it, not 10.0.0.2", Trigger: &finding.Condition{By: by, Value: value}}
		if by != "name" {
			f.Summary = value
		}
		out := r.Finding(f)
		if b, _ := json.Marshal(out); by != "fingerprint" && (strings.Contains(string(b), "secret") || strings.Contains(string(b), "10.0.0.2")) || out.Trigger.Value == value || out.Trigger.Value == "" {
			t.Errorf("%s: %s", by, b)
		}
	}
}

// TestMetaNamesNoFileAndNoInterface: nor do its functions, and it says what was done.
func TestMetaNamesNoFileAndNoInterface(t *testing.T) {
	r := fixed()
	m := &report.Meta{
		Expr: "host 10.0.0.2", Files: []report.File{{Name: "home.pcap", SHA256: "00", Filter: "host 10.0.0.2", Snaplen: 96}, {Name: "more.pcap"}},
		Health: []finding.Reason{{Code: "capture_filter", Text: `recorded with filter "host 10.0.0.2": controls may be missing`}},
		Locate: func(num uint64) (string, uint64) { return "more.pcap", num - 1 }, Iface: func(uint64) string { return "home.pcap" },
	}
	out := r.Meta(m)
	b, err := json.Marshal(out)
	if err != nil || strings.Contains(string(b), "home") || strings.Contains(string(b), "10.0.0.2") || strings.Contains(string(b), "sha256") || !strings.Contains(string(b), `"redacted":["addresses`) {
		t.Errorf("got %s, %v", b, err)
	}
	file, n := out.Locate(5)
	if file != "capture-2" || n != 4 || out.Iface(1) != "capture-1" || out.Files[0].Snaplen != 96 || m.Files[0].Name != "home.pcap" {
		t.Errorf("%s %d %s", file, n, out.Iface(1))
	}
	if n, kept := len(r.Done()), len(New(nil, Options{KeepTime: true}).Done()); n != kept+1 {
		t.Errorf("%d lines, %d where times are kept", n, kept)
	}
}

func TestTimesBeginIn2000(t *testing.T) {
	r, kept := fixed(), New(nil, Options{KeepTime: true})
	if got := r.Time(began); !got.Equal(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %v", got)
	}
	if got := r.Nanos(began.UnixNano() - 1); got != epoch-1 {
		t.Errorf("got %d", got)
	}
	if !r.Time(time.Time{}).IsZero() || r.Nanos(0) != 0 || !kept.Time(began).Equal(began) || kept.Nanos(5) != 5 {
		t.Error("no time became one, or a kept one another")
	}
}
