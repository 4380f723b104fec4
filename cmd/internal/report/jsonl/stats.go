package jsonl

import (
	"chokepoint/capture/decode"
	"chokepoint/capture/defrag"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

// statsRecord is what was counted. Nothing in it depends on the machine.
type statsRecord struct {
	Type         string            `json:"type"`
	Packets      uint64            `json:"packets"` // read
	Bytes        uint64            `json:"bytes"`   // captured, of those packets
	Flows        uint64            `json:"flows"`
	Findings     int               `json:"findings"`
	Evicted      uint64            `json:"evicted"`   // flows forgotten for lack of memory
	Malformed    map[string]uint64 `json:"malformed"` // packets with a fault of their own, by cause
	Undecoded    map[string]uint64 `json:"undecoded"` // packets, or parts, out of scope or clipped, by cause
	Copies       uint64            `json:"copies_dropped"`
	LostByKernel uint64            `json:"lost_by_kernel"`
	LostByUs     uint64            `json:"lost_by_us"`
	Unseen       uint64            `json:"unseen,omitempty"` // live: passed, counted and not looked at; wire segments
	Skipped      uint64            `json:"skipped"`          // of a link type that is not understood
	Filtered     uint64            `json:"filtered"`         // not matched by the expression
	NoFlow       uint64            `json:"no_flow"`          // not IP, or fragments never joined
	Fragments    fragments         `json:"fragments"`
	First        *stamp            `json:"first,omitempty"`
	Last         *stamp            `json:"last,omitempty"`
	Vantage      string            `json:"vantage,omitempty"`
	Clients      int               `json:"clients"`
	Controls     int               `json:"controls"`
	EncryptedDNS []encryptedDNS    `json:"encrypted_dns"` // what was asked there is in no record
	Blind        []string          `json:"blind"`
	Health       []finding.Reason  `json:"health"` // how the capture was taken, as its packets show
}

// fragments counts datagrams put together, and fragments or datagrams that were
// not.
type fragments struct {
	Joined     uint64 `json:"joined"`
	TimedOut   uint64 `json:"timed_out"`
	Evicted    uint64 `json:"evicted"`
	Dropped    uint64 `json:"dropped"`
	TooBig     uint64 `json:"too_big"`
	Overlaps   uint64 `json:"overlaps"`
	Duplicates uint64 `json:"duplicates"`
	Malformed  uint64 `json:"malformed"`
	Clipped    uint64 `json:"clipped"`
}

// encryptedDNS is a resolver that was asked where nobody in between can read.
type encryptedDNS struct {
	Resolver string `json:"resolver"`
	Name     string `json:"name,omitempty"`
	Over     string `json:"over,omitempty"` // https, tls, quic
	Flows    int    `json:"flows"`
	First    *stamp `json:"first,omitempty"`
}

func newEncryptedDNS(all []answer.EncryptedDNS) []encryptedDNS {
	out := make([]encryptedDNS, 0, len(all))
	for i := range all {
		e := &all[i]
		out = append(out, encryptedDNS{e.Resolver, e.Name, e.Over, e.Flows, stampOf(e.First)})
	}
	return out
}

// Both have the same fields in the same order; a field added to one does not
// convert.
func newFragments(c defrag.Counts) fragments { return fragments(c) }

func newStats(s *classify.Stats) *statsRecord {
	r := &statsRecord{
		Type: "stats", Packets: s.Source.Packets, Bytes: s.Source.Bytes,
		Flows: s.Flows, Findings: s.Findings, Evicted: s.Evicted,
		Malformed: map[string]uint64{}, Undecoded: map[string]uint64{},
		Copies: s.Copies, LostByKernel: s.Source.Dropped, LostByUs: s.Source.Lost,
		Unseen: s.Source.Unseen, Skipped: s.Source.Skipped, Filtered: s.Filtered, NoFlow: s.NoFlow,
		Fragments: newFragments(s.Defrag),
		First:     stampOf(s.First), Last: stampOf(s.Last),
		Vantage: s.Vantage, Clients: s.Clients, Controls: s.Controls, Blind: list(s.Blind.Names()), Health: list(s.Health()),
	}
	r.EncryptedDNS = newEncryptedDNS(s.EncryptedDNS)
	for i, n := range s.Decode {
		cause := decode.Cause(i)
		switch {
		case n == 0 || cause == decode.None:
		case cause.Malformed():
			r.Malformed[cause.String()] = n
		default:
			r.Undecoded[cause.String()] = n
		}
	}
	return r
}
