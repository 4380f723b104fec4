package jsonl

import (
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

// spoken is the part of a flow's record that says what is spoken on it.
type spoken struct {
	App        string       `json:"app,omitempty"` // tls, quic, dtls, http, dns, stun, rtp, ...
	QUIC       string       `json:"quic,omitempty"`
	Media      []string     `json:"media,omitempty"` // audio, video
	Probe      bool         `json:"probe,omitempty"` // reachability only
	Resolver   string       `json:"resolver,omitempty"`
	DNSOver    string       `json:"dns_over,omitempty"`
	ArrangedBy *arrangement `json:"arranged_by,omitempty"`
}

// hello is the part that says how its client said hello.
type hello struct {
	SNI      string   `json:"sni,omitempty"`
	Host     string   `json:"host,omitempty"`
	ALPN     []string `json:"alpn,omitempty"`
	JA4      string   `json:"ja4,omitempty"`
	ECH      string   `json:"ech,omitempty"`
	ECHOuter string   `json:"ech_outer,omitempty"` // who fronts it
	Decoy    string   `json:"decoy,omitempty"`     // the name in another hello for the same bytes
	PQ       *bool    `json:"pq,omitempty"`        // absent where no hello was read
}

// arrangement is the flow of the same client that told of this one.
type arrangement struct {
	Flow string `json:"flow"`
	How  string `json:"how,omitempty"` // relay, peer, socket, session
}

func newSpoken(f *fact.Flow) spoken {
	return spoken{
		App: f.App, QUIC: f.QUIC, Media: f.Media, Probe: f.Probe,
		Resolver: f.Resolver, DNSOver: f.DNSOver, ArrangedBy: arrangedBy(f.Label.Why),
	}
}

func newHello(n *fact.Names) hello {
	h := hello{SNI: n.SNI, Host: n.Host, ALPN: n.ALPN, JA4: n.JA4, ECH: n.ECH, ECHOuter: n.ECHOuter, Decoy: n.Decoy}
	if n.JA4 != "" || n.PQ {
		h.PQ = &n.PQ
	}
	return h
}

// arrangedBy finds the flow that labels say arranged another, the strongest
// first: "relay c000123".
func arrangedBy(why []service.Why) *arrangement {
	var best *arrangement
	weight := -1
	for i := range why {
		w := &why[i]
		if w.By != "arranged" || w.Weight <= weight {
			continue
		}
		how, flow := "", w.Value
		if at := strings.LastIndexByte(w.Value, ' '); at >= 0 {
			how, flow = w.Value[:at], w.Value[at+1:]
		}
		if flowID(flow) {
			best, weight = &arrangement{Flow: flow, How: how}, w.Weight
		}
	}
	return best
}

// flowID reports whether a text is the id of a flow, as [fact.FlowID] writes it.
func flowID(s string) bool {
	digits, ok := strings.CutPrefix(s, "c")
	return ok && len(digits) >= 6 && strings.Trim(digits, "0123456789") == ""
}
