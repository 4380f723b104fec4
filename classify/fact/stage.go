package fact

import (
	"time"

	"chokepoint/capture"
)

// Stages at which a connection ended, as Cloudflare Radar's TCP resets and
// timeouts data names them (resets-and-drops, R10). They describe a symptom:
// one connection in five ends at one of them, so they are never evidence.
const (
	StagePostSYN = "post_syn"      // only a SYN
	StagePostACK = "post_ack"      // established, nothing more
	StagePostPSH = "post_psh"      // after the first data of the client
	StageLater   = "later_in_flow" // after more data, within its first ten packets
	StageNone    = "no_match"
)

const (
	// stageSilence is how long nothing must come for a timeout to be one.
	stageSilence = 10 * time.Second
	// stagePackets is how many packets of the client are looked at.
	stagePackets = 10
)

// Stage says at which of Radar's stages the flow ended, by a reset from either
// side or by silence.
func Stage(f *Flow) string {
	if f.Key.Proto != capture.ProtoTCP || f.Blind&BlindMidstream != 0 || f.Sides[Up].SYN.Num == 0 {
		return StageNone
	}
	if r, ok := f.abort(); ok {
		return f.stageOfReset(r)
	}
	return f.stageOfSilence()
}

// abort returns the first reset if nobody had said FIN before it.
func (f *Flow) abort() (*Reset, bool) {
	if len(f.Resets) == 0 {
		return nil, false
	}
	r := &f.Resets[0]
	return r, !r.FINBefore[Up] && !r.FINBefore[Down]
}

func (f *Flow) stageOfReset(r *Reset) string {
	switch {
	case !r.HandshakeOK && r.UpBytes == 0:
		return StagePostSYN
	case r.UpBytes == 0:
		return StagePostACK
	case f.Hello.First.Num == 0 || !f.Sides[Up].ISN.Ok:
		return StageNone
	case r.UpBytes <= uint64(f.Hello.End-f.Sides[Up].ISN.V-1):
		return StagePostPSH
	case r.UpPackets <= stagePackets:
		return StageLater
	}
	return StageNone
}

// stageOfSilence: the server went silent and nobody closed.
func (f *Flow) stageOfSilence() string {
	open := f.Sides[Up].FIN.Num == 0 && f.Sides[Down].FIN.Num == 0 && len(f.Resets) == 0
	if !open || f.Now-f.Last < int64(stageSilence) {
		return StageNone
	}
	switch {
	case f.SYNACK.Num == 0:
		return StagePostSYN
	case f.Hello.First.Num == 0 && f.Handshake && f.Sides[Down].Payload == 0:
		return StagePostACK
	case f.Hello.First.Num != 0 && f.Hello.Data.Num == 0 && f.Sides[Down].Payload == 0:
		return StagePostPSH
	}
	return StageNone
}

// Signature names the tampering signature of the flow in the notation of
// Sundara Raman et al. (SIGCOMM 2023, table 1), for the direction of the first
// reset; "" when none of the nineteen fits. A label, never evidence.
func Signature(f *Flow) string {
	var bare, acked []Reset
	r, reset := f.abort()
	if reset {
		bare, acked = f.resetsOf(r.Dir)
	}
	switch Stage(f) {
	case StagePostSYN:
		return postSYN(bare, acked)
	case StagePostACK:
		return postACK(bare, acked)
	case StagePostPSH:
		return postPSH(bare, acked)
	case StageLater:
		return later(bare, acked)
	}
	return ""
}

// resetsOf sorts one side's resets into RST and RST+ACK.
func (f *Flow) resetsOf(d Dir) (bare, acked []Reset) {
	for _, r := range f.Resets {
		switch {
		case r.Dir != d:
		case r.HasAck:
			acked = append(acked, r)
		default:
			bare = append(bare, r)
		}
	}
	return bare, acked
}

func postSYN(bare, acked []Reset) string {
	switch {
	case len(bare)+len(acked) == 0:
		return "SYN -> 0"
	case len(bare) == 0:
		return "SYN -> RST+ACK"
	case len(acked) == 0:
		return "SYN -> RST"
	}
	return "SYN -> RST;RST+ACK"
}

func postACK(bare, acked []Reset) string {
	switch {
	case len(bare)+len(acked) == 0:
		return "SYN;ACK -> 0"
	case len(bare) == 1 && len(acked) == 0:
		return "SYN;ACK -> RST"
	case len(bare) > 1 && len(acked) == 0:
		return "SYN;ACK -> RST;RST"
	case len(bare) == 0 && len(acked) == 1:
		return "SYN;ACK -> RST+ACK"
	case len(bare) == 0:
		return "SYN;ACK -> RST+ACK;RST+ACK"
	}
	return ""
}

func postPSH(bare, acked []Reset) string {
	switch {
	case len(bare)+len(acked) == 0:
		return "PSH+ACK -> 0"
	case len(bare) > 0 && len(acked) > 0:
		return "PSH+ACK -> RST;RST+ACK"
	case len(acked) == 1:
		return "PSH+ACK -> RST+ACK"
	case len(acked) > 1:
		return "PSH+ACK -> RST+ACK;RST+ACK"
	case len(bare) == 1:
		return "PSH+ACK -> RST"
	}
	return severalRST(bare)
}

// severalRST tells bare resets apart by their acknowledgement numbers.
func severalRST(bare []Reset) string {
	zero, same := 0, true
	for i := range bare {
		if bare[i].Ack == 0 {
			zero++
		}
		same = same && bare[i].Ack == bare[0].Ack
	}
	switch {
	case same:
		return "PSH+ACK -> RST=RST"
	case zero == 1:
		return "PSH+ACK -> RST;RST0"
	}
	return "PSH+ACK -> RST!=RST"
}

func later(bare, acked []Reset) string {
	switch {
	case len(bare) > 0 && len(acked) > 0:
		return ""
	case len(acked) > 0:
		return "PSH+ACK;Data -> RST+ACK"
	}
	return "PSH+ACK;Data -> RST"
}
