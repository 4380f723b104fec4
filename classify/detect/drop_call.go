package detect

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// DropCall finds calls that are kept from happening, or cut (resets-and-drops, D8;
// rate-and-calls, 2.8): relays that answer nothing while other UDP is answered, keys
// that nobody takes up on a path that works, media that stop while the caller goes
// on sending. Candidates that were not chosen, callees who are away and calls that
// are over are none of these.
type DropCall struct{}

// Name returns "drop.call".
func (DropCall) Name() string { return string(finding.DropCall) }

// Judge judges one flow.
func (DropCall) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("call", "UDP of a known service: requests to relays, or media both ways")
	j.needs("relays", "several relays in several networks, each asked 4 times, that answer nothing, and none that does")
	j.needs("cut", "or media both ways, then 3 s without any while the caller sends 10 datagrams a second")
	j.needs("control", "another flow of this client that goes on meanwhile, over UDP at best")
	d := f.Datagrams
	switch {
	case !isUDP(f) || d == nil:
		return j
	case f.App == "quic" || f.App == "dns":
		return j
	case f.Label.Service == "":
		j.stop("no_service", "it is of no known service")
		return j
	case f.Label.Function != "" && f.Label.Function != "call" && f.Label.Function != "any":
		j.stop("no_call", "it serves %s, not calls", f.Label.Function)
		return j
	case localAddr(f.Key.DstAddr()):
		j.stop("local", "the far end is on this side of the uplink")
		return j
	}
	if d.Heard.Num == 0 {
		relaysSilent(f, w, &j)
		return j
	}
	if !keysSilent(f, w, &j) {
		mediaCut(f, w, &j)
	}
	return j
}

// startCall begins a finding about a call.
func startCall(f *fact.Flow, w *fact.World) finding.Finding {
	fd := Start(f, w, finding.DropCall)
	fd.Function = "call"
	return fd
}
