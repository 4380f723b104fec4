package html

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

// tag is an element that no page has: were it there, text had become markup.
const tag = "evil"

// hostile are texts as nobody who means well sends them.
var hostile = []string{
	"</script><evil a=1>", "<!--<evil>", "--><evil>", "\"><evil onload=alert(1)>", "' autofocus onfocus='x", "`<evil>${x}`",
	"\x1b[2J\x1b]0;x\x07<evil>", "a\u202eb\u2066<evil>\u200f", "nul\x00\x00<evil>", "\xff\xfe<evil>\xc0\xaf", "javascript:alert(1)", "{{.}}<evil>",
	"]]><evil>", "<svg><evil>", "</style><evil>", "</title><evil>", "\r\n<evil>", "&lt;evil&gt;&#60;evil>", strings.Repeat("A", 65536), strings.Repeat("\U0001f600<evil>", 4000),
}

// strange is a capture in which every text that may be foreign is one.
func strange(text string) *Page {
	p := New()
	c := p.Capture(nil)
	at := time.Unix(1_700_000_000, 0)
	c.Begin(&report.Meta{Tool: text, Version: text, Vantage: "auto", Files: []report.File{{Name: text, Filter: text}}, Health: []finding.Reason{{Code: "x", Text: text}}})
	client, server := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	key := capture.Key{Src: client.As16(), Dst: server.As16(), SrcPort: 4000, DstPort: 53, Proto: capture.ProtoUDP}
	kinds := []finding.Kind{finding.DNSForged, finding.RatePoliced, finding.ResetInjected, finding.CallDegraded, finding.HostAllowlist}
	rate, burst := 1e6, uint64(1e5)
	for i, kind := range kinds {
		id := "f" + string(rune('1'+i))
		c.Finding(&finding.Finding{
			ID: id, Kind: kind, Verdict: finding.Likely, Technique: text, Reason: text, ConsistentWith: text, Stage: text, Signature: text,
			Service: text, Function: text, Proto: text, Name: text, Summary: text, Vantage: text, Scope: text, From: at, To: at.Add(time.Second),
			Client: &finding.Endpoint{IP: client, Port: 4000}, Server: &finding.Endpoint{IP: server, Port: 53},
			Trigger: &finding.Condition{By: text, Value: text}, Flows: []string{"c000001", text}, Controls: []string{"c000002", text},
			For:     []finding.Evidence{{Code: text, Family: finding.Family(text), Class: finding.C, Text: text, Got: text, Want: text, Packets: []uint64{1}}},
			Against: []finding.Evidence{{Code: text, Text: text}}, RuledOut: []string{text}, NotRuledOut: []string{text}, Blind: []string{text},
			Missing: []finding.Missing{{Code: finding.Input(text), Text: text, Settles: text}}, Packets: []uint64{1}, Filter: text,
			RateBps: &rate, BurstBytes: &burst, Beside: &finding.Beside{Name: text, RateBps: 1},
		})
	}
	f := &fact.Flow{ID: 1, Key: key, Start: at.UnixNano(), Last: at.UnixNano() + 5e8, LastNum: 2, State: text, App: text, Limit: text}
	f.Label = service.Label{Service: text, Function: text, Place: text}
	f.Names.SNI = text
	f.DNS = []fact.DNS{{Query: fact.Mark{Num: 1, Time: at.UnixNano()}, QName: text, Resolver: server, Answers: []fact.DNSAnswer{
		{Num: 2, Targets: []string{text}, Text: text, SOAOwner: text, HasSOA: true}}}}
	c.Flow(f, []string{"f1", text})
	g := &fact.Flow{ID: 2, Key: key, Start: at.UnixNano(), Last: at.UnixNano() + 5e8}
	g.Names.Host = text
	c.Flow(g, nil)
	c.Service(&answer.Service{
		Service: text, Name: text, Category: text, Status: answer.Blocked, Works: answer.WorksPartly, Cause: text, Since: &at, Sentence: "x: " + text,
		Functions: map[string]string{text: "ok", "chat": "blocked"}, Places: map[string]string{text: "ok", "dc2": "blocked"}, Fits: []string{text},
		CannotTell: []finding.Reason{{Code: "who", Text: text}}, Next: []answer.Step{{Text: text}}, Findings: []string{text},
	})
	c.End(&classify.Stats{First: at, Last: at.Add(2 * time.Second), EncryptedDNS: []answer.EncryptedDNS{{Name: text, Resolver: text, Over: text}}})
	q := capture.Packet{Num: 1, Time: at.UnixNano(), Has: capture.HasIP | capture.HasPorts, Key: key, Payload: question(text), PayloadLen: uint32(len(question(text)))}
	for _, taker := range c.Wants() {
		taker.Add(&q)
	}
	return p
}

// question asks for a name that has a text for a label.
func question(text string) []byte {
	label := text[:min(len(text), 63)]
	b := append([]byte{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, byte(len(label))}, label...)
	return append(b, 0, 0, 1, 0, 1)
}

// shape lists the elements of a page with the names of their attributes: what text must
// not add to.
func shape(n *html.Node) (out []string) {
	every(n, func(n *html.Node) {
		s := n.Data
		for _, a := range n.Attr {
			s += " " + a.Key
		}
		out = append(out, s)
	})
	return out
}

func TestForeignTextIsText(t *testing.T) {
	for _, text := range hostile {
		name := text[:min(len(text), 24)]
		out := written(t, strange(text))
		known := map[string]bool{}
		for _, s := range shape(parsed(t, written(t, strange("plain")))) {
			known[s] = true
		}
		root := parsed(t, out)
		for _, s := range shape(root) {
			if !known[s] {
				t.Errorf("%q made <%s>", name, s)
			}
		}
		every(root, func(n *html.Node) {
			if strings.Contains(n.Data, tag) {
				t.Errorf("%q made <%s>", name, n.Data)
			}
		})
		for _, r := range out {
			if r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfffd || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("%q: %U reached the page", name, r)
				break
			}
		}
		if len(text) > 60000 && len(out) > 600_000 {
			t.Errorf("%q takes %d bytes", name, len(out))
		}
		if len(text) > 60000 && !strings.Contains(out, "(cut: 65,536 bytes)") && strings.HasPrefix(text, "A") {
			t.Errorf("%q: that it is cut is not said", name)
		}
	}
}
