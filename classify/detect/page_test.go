package detect

import (
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const elsewhereURL = "http://warning.provider.example/?id=17"

// askedFlow asks a server 40 ms away in the clear, with packet 4 at 50 ms.
func askedFlow() *fact.Flow {
	f := tlsFlow(40)
	f.Key.DstPort, f.Hello.Kind, f.Vantage = 80, "http", "host"
	f.Names.Host, f.Names.Method, f.Names.Status = "web.whatsapp.com", "GET", 200
	return f
}

// twoAnswers adds a 302 after so many ms since the request, and the server's own
// 200 when it is due, for the same bytes.
func twoAnswers(f *fact.Flow, after float64, ttl uint8) *fact.Conflict {
	f.Conflicts = []fact.Conflict{{Dir: fact.Down, First: 5, Next: 8, Seq: serverISN + 10, Len: 91, Differ: 78, FirstTTL: ttl, NextTTL: 47,
		Versions: [2]fact.Version{
			{Time: ms(50 + after), Page: fact.PageHead{Status: 302, Location: elsewhereURL, Text: []byte("HTTP/1.1 302 Found")}},
			{Time: ms(92), Page: fact.PageHead{Status: 200, Text: []byte("HTTP/1.1 200 OK")}},
		}}}
	return &f.Conflicts[0]
}

// oneAnswer is a first answer of which there is one version.
func oneAnswer(f *fact.Flow, after float64, ttl uint8, head fact.PageHead) *fact.Page {
	f.Page = &fact.Page{PageHead: head, Num: 5, Request: 4, Time: ms(50 + after), Asked: ms(50), TTL: ttl, Len: 200}
	return f.Page
}

// livingWorld has another party's flow that gets somewhere all the time.
func livingWorld() *fact.World {
	w := &fact.World{Vantage: "host"}
	w.SawControl(fact.Control{Flow: 90, Server: mustAddr("93.184.216.34"), Client: mustAddr("10.0.0.2"), Owner: "other", Name: "www.example.com",
		Port: 80, Proto: capture.ProtoTCP, First: ms(-30_000), Last: ms(60_000)})
	return w
}

type pageTest struct {
	name     string
	flow     func() *fact.Flow
	world    *fact.World
	verdict  finding.Verdict // "" no finding
	how      string
	counts   string
	survived bool
	stopped  string // a code that says why not
	packets  []uint64
}

func TestAnswersOfThirdParties(t *testing.T) {
	page := fact.PageHead{Status: 302, Location: elsewhereURL}
	for _, tc := range []pageTest{
		{name: "F11 a 302 wins the race, the real 200 comes for the same bytes", flow: func() *fact.Flow {
			f := askedFlow()
			twoAnswers(f, 2, 60)
			return f
		}, verdict: finding.Confirmed, how: "redirect", counts: "I1/C I2/M R2/C R6/M", packets: []uint64{5, 4, 8}},
		{name: "F11 over IPv6", flow: func() *fact.Flow {
			f := askedFlow()
			twoAnswers(f, 2, 60)
			return asIPv6(f)
		}, verdict: finding.Confirmed, how: "redirect", counts: "I1/C I2/M R2/C R6/M", packets: []uint64{5, 4, 8}},
		{name: "F11 with only the server's direction: two versions need no request", flow: func() *fact.Flow {
			f := askedFlow()
			twoAnswers(f, 2, 47)
			f.Hello, f.Names.Host, f.Blind = fact.Hello{}, "", fact.BlindOneWay
			f.Sides[fact.Up].RTT = fact.RTT{}
			return f
		}, verdict: finding.Confirmed, how: "redirect", counts: "I1/C", packets: []uint64{5, 8}},
		{name: "F11 in a connection joined in its middle", flow: func() *fact.Flow {
			f := askedFlow()
			twoAnswers(f, 2, 60)
			f.Blind |= fact.BlindMidstream
			return f
		}, verdict: finding.Suspected, how: "redirect", counts: "I1/C I2/M R6/M", stopped: "midstream", packets: []uint64{5, 4, 8}},
		{name: "the forged one came too late: the server's was read", flow: func() *fact.Flow {
			f := askedFlow()
			c := twoAnswers(f, 42, 47)
			c.Versions[0], c.Versions[1] = c.Versions[1], c.Versions[0]
			c.Versions[0].Time, c.Versions[1].Time, c.NextTTL = ms(92), ms(95), 60
			return f
		}, verdict: finding.Confirmed, how: "redirect", counts: "I1/C I2/M R6/M", survived: true, packets: []uint64{8, 4, 5}},
		{name: "a field of a retransmission differs: somebody rewrites, nobody forges", flow: func() *fact.Flow {
			f := askedFlow()
			c := twoAnswers(f, 42, 47)
			c.Versions[0].Page, c.Len, c.Differ = c.Versions[1].Page, 900, 12
			return f
		}, verdict: finding.Suspected, how: "page", counts: "I1/S", packets: []uint64{5, 4, 8}},
		{name: "one version, too soon, from elsewhere, to another party, others live", flow: func() *fact.Flow {
			f := askedFlow()
			oneAnswer(f, 2, 60, page)
			return f
		}, world: livingWorld(), verdict: finding.Likely, how: "redirect", counts: "I2/M R2/S R6/M", packets: []uint64{5, 4}},
		{name: "a listed page", flow: func() *fact.Flow {
			f := askedFlow()
			p := oneAnswer(f, 42, 47, fact.PageHead{Status: 403})
			p.Listed = []fact.PageMatch{{Name: "xx-isp-page", Where: "body", Exact: true, Scope: "isp", Sure: 8}}
			return f
		}, world: livingWorld(), verdict: finding.Confirmed, how: "page", counts: "I2/C", packets: []uint64{5, 4}},
		{name: "a page without a status line, in a FIN, and a RST below that", flow: func() *fact.Flow {
			f := askedFlow()
			p := oneAnswer(f, 42, 83, fact.PageHead{Text: []byte("<html><head><title>Surf Safely")})
			p.Bare, p.Len, p.Flags = true, 553, capture.FIN|capture.ACK
			f.Sides[fact.Down].FIN = fact.Mark{Num: 5, Time: p.Time}
			f.Resets = []fact.Reset{{Num: 6, Time: p.Time + 200_000, Dir: fact.Down, FINBefore: [2]bool{false, true}, SeqAhead: fact.Some(int32(-554))}}
			return f
		}, world: livingWorld(), verdict: finding.Likely, how: "page", counts: "I2/S R3/S R6/M", packets: []uint64{5, 4, 6}},
		{name: "the same where nobody else is heard", flow: func() *fact.Flow {
			f := askedFlow()
			oneAnswer(f, 42, 83, fact.PageHead{}).Bare = true
			return f
		}, verdict: finding.Suspected, how: "page", counts: "I2/S R6/M", stopped: "no_control", packets: []uint64{5, 4}},
		{name: "Iran's page", flow: func() *fact.Flow {
			f := askedFlow()
			c := twoAnswers(f, 2, 60)
			c.Versions[0].Page = fact.PageHead{Status: 403, Text: []byte(`HTTP/1.1 403 Forbidden` + "\r\n\r\n" + `<iframe src="http://10.10.34.35?type=`)}
			return f
		}, verdict: finding.Confirmed, how: "page", counts: "I1/C R2/C R6/M", packets: []uint64{5, 4, 8}},
	} {
		t.Run(tc.name, tc.run)
	}
}

func (tc *pageTest) run(t *testing.T) {
	w := tc.world
	if w == nil {
		w = &fact.World{}
	}
	j := PayloadInjected{}.Judge(tc.flow(), w)
	if tc.stopped != "" && !slices.ContainsFunc(j.Stopped, func(r finding.Reason) bool { return r.Code == tc.stopped }) {
		t.Errorf("stopped by %v, not by %q", j.Stopped, tc.stopped)
	}
	if tc.verdict == "" {
		if len(j.Findings) != 0 {
			t.Fatalf("%s: %s %s", j.Findings[0].Verdict, j.Findings[0].Summary, counting(&j.Findings[0]))
		}
		return
	}
	if len(j.Findings) != 1 {
		t.Fatalf("%d findings; stopped by %v", len(j.Findings), j.Stopped)
	}
	f := &j.Findings[0]
	if s := Unnamed(f); s != "" {
		t.Error(s)
	}
	if f.Verdict != tc.verdict || f.Technique != tc.how || f.Survived != tc.survived || counting(f) != tc.counts {
		t.Errorf("%s %q survived %v on %q, want %s %q %v on %q", f.Verdict, f.Technique, f.Survived, counting(f),
			tc.verdict, tc.how, tc.survived, tc.counts)
	}
	if !slices.Equal(f.Packets, tc.packets) || f.Filter != Filter(f.Packets...) || f.Key == "" || f.Summary == "" {
		t.Errorf("packets %v, filter %q, key %q, summary %q", f.Packets, f.Filter, f.Key, f.Summary)
	}
}

func TestAnswersThatAreNobodyElses(t *testing.T) {
	page := fact.PageHead{Status: 302, Location: elsewhereURL}
	for _, tc := range []pageTest{
		{name: "nothing odd", flow: askedFlow, stopped: "no_odd_answer"},
		{name: "the server itself redirects to another party", flow: func() *fact.Flow {
			f := askedFlow()
			oneAnswer(f, 42, 47, page)
			return f
		}, world: livingWorld(), stopped: "everyday"},
		{name: "a cache on the way answers too soon with what was asked for", flow: func() *fact.Flow {
			f := askedFlow()
			oneAnswer(f, 2, 60, fact.PageHead{Status: 200})
			return f
		}, world: livingWorld(), stopped: "no_content"},
		{name: "the site's own other name, too soon", flow: func() *fact.Flow {
			f := askedFlow()
			oneAnswer(f, 2, 60, fact.PageHead{Status: 301, Location: "http://www.whatsapp.com/"})
			return f
		}, world: livingWorld(), stopped: "no_content"},
		{name: "a zeroed byte of a keepalive", flow: func() *fact.Flow {
			f := askedFlow()
			twoAnswers(f, 2, 60).Len = 1
			return f
		}, stopped: "no_odd_answer"},
		{name: "a client's own decoys", flow: func() *fact.Flow {
			f := askedFlow()
			twoAnswers(f, 2, 60).Dir = fact.Up
			return f
		}, stopped: "no_odd_answer"},
		{name: "bytes of a stream that is not in the clear", flow: func() *fact.Flow {
			f := askedFlow()
			twoAnswers(f, 2, 60).Versions = [2]fact.Version{}
			return f
		}, stopped: "no_odd_answer"},
		{name: "B30 a portal answers everything", flow: func() *fact.Flow {
			f := askedFlow()
			f.Sides[fact.Up].RTT.Handshake = fact.Some(dur(1)) // its handshakes, too
			f.Sides[fact.Down].TTL = fact.Some(uint8(64))
			oneAnswer(f, 2, 64, page)
			return f
		}, stopped: "everyday"},
		{name: "B30 a portal lets handshakes pass and answers requests", flow: func() *fact.Flow {
			f := askedFlow()
			oneAnswer(f, 2, 64, page)
			return f
		}, verdict: finding.Inconclusive, how: "redirect", counts: "I2/M R2/S R6/M", stopped: "no_control", packets: []uint64{5, 4}},
		{name: "captured at the server", flow: func() *fact.Flow {
			f := askedFlow()
			twoAnswers(f, 2, 60)
			f.Vantage = "server"
			return f
		}, stopped: "local_side"},
		{name: "a box in one's own network", flow: func() *fact.Flow {
			f := askedFlow()
			f.Key.Dst = mustAddr("192.168.1.1").As16()
			twoAnswers(f, 2, 60)
			return f
		}, stopped: "own_network"},
		{name: "a list's entry that is known for false alarms", flow: func() *fact.Flow {
			f := askedFlow()
			oneAnswer(f, 42, 47, fact.PageHead{Status: 403}).Listed = []fact.PageMatch{{Name: "x", Where: "body", Exact: true, Scope: "fp", Sure: 9}}
			return f
		}, world: livingWorld(), stopped: "no_content"},
	} {
		t.Run(tc.name, tc.run)
	}
}
