package fact

import (
	"testing"

	"chokepoint/capture"
)

// stageFlow opened with a SYN at 0 and was last heard of at 1 s; it is 20 s.
func stageFlow(with func(*Flow)) *Flow {
	f := &Flow{Key: capture.Key{Proto: capture.ProtoTCP}, Now: 20e9, Last: 1e9}
	f.Sides[Up].SYN, f.Sides[Up].ISN = Mark{Num: 1}, Some(uint32(1000))
	with(f)
	return f
}

func established(f *Flow) { f.Handshake, f.SYNACK = true, Mark{Num: 2} }

func greeted(f *Flow) {
	established(f)
	f.Hello.First, f.Hello.End = Mark{Num: 4}, 1001+500
}

// reset of the server that finds up bytes in n packets of the client.
func resetAt(f *Flow, hasAck bool, ack uint32, up uint64, n uint32) {
	f.Resets = append(f.Resets, Reset{Dir: Down, HasAck: hasAck, Ack: ack, UpBytes: up, UpPackets: n, HandshakeOK: f.Handshake})
}

func TestStageAndSignature(t *testing.T) {
	const bare, acked = false, true
	resets := func(base func(*Flow), up uint64, n uint32, kinds ...bool) func(*Flow) {
		return func(f *Flow) {
			base(f)
			for _, k := range kinds {
				resetAt(f, k, 7, up, n)
			}
		}
	}
	opened := func(*Flow) {}
	acks := func(numbers ...uint32) func(*Flow) {
		return func(f *Flow) {
			greeted(f)
			for _, a := range numbers {
				resetAt(f, bare, a, 500, 3)
			}
		}
	}
	for _, tc := range []struct {
		name, stage, signature string
		with                   func(*Flow)
	}{
		{"a SYN and silence", StagePostSYN, "SYN -> 0", opened},
		{"a SYN and a RST", StagePostSYN, "SYN -> RST", resets(opened, 0, 1, bare)},
		{"a SYN and a RST+ACK", StagePostSYN, "SYN -> RST+ACK", resets(opened, 0, 1, acked)},
		{"a SYN and both", StagePostSYN, "SYN -> RST;RST+ACK", resets(opened, 0, 1, bare, acked)},
		{"established and silence", StagePostACK, "SYN;ACK -> 0", established},
		{"established and one RST", StagePostACK, "SYN;ACK -> RST", resets(established, 0, 2, bare)},
		{"established and two RST", StagePostACK, "SYN;ACK -> RST;RST", resets(established, 0, 2, bare, bare)},
		{"established and one RST+ACK", StagePostACK, "SYN;ACK -> RST+ACK", resets(established, 0, 2, acked)},
		{"established and two RST+ACK", StagePostACK, "SYN;ACK -> RST+ACK;RST+ACK", resets(established, 0, 2, acked, acked)},
		{"established and a mixture, which the table lacks", StagePostACK, "", resets(established, 0, 2, bare, acked)},
		{"a hello and silence", StagePostPSH, "PSH+ACK -> 0", greeted},
		{"a hello and one RST", StagePostPSH, "PSH+ACK -> RST", resets(greeted, 500, 3, bare)},
		{"a hello and one RST+ACK", StagePostPSH, "PSH+ACK -> RST+ACK", resets(greeted, 500, 3, acked)},
		{"a hello and both", StagePostPSH, "PSH+ACK -> RST;RST+ACK", resets(greeted, 500, 3, bare, acked)},
		{"a hello and two RST+ACK", StagePostPSH, "PSH+ACK -> RST+ACK;RST+ACK", resets(greeted, 500, 3, acked, acked)},
		{"a hello and RSTs of one number", StagePostPSH, "PSH+ACK -> RST=RST", acks(7, 7)},
		{"a hello and RSTs of several numbers", StagePostPSH, "PSH+ACK -> RST!=RST", acks(7, 8)},
		{"a hello and RSTs, one of number 0", StagePostPSH, "PSH+ACK -> RST;RST0", acks(7, 0)},
		{"more data and a RST", StageLater, "PSH+ACK;Data -> RST", resets(greeted, 900, 6, bare)},
		{"more data and a RST+ACK", StageLater, "PSH+ACK;Data -> RST+ACK", resets(greeted, 900, 6, acked)},
		{"more than ten packets", StageNone, "", resets(greeted, 9000, 11, bare)},
		{"closed before the reset", StageNone, "", func(f *Flow) {
			resets(greeted, 500, 3, bare)(f)
			f.Resets[0].FINBefore[Up] = true
		}},
		{"silent for less than ten seconds", StageNone, "", func(f *Flow) { greeted(f); f.Now = 8e9 }},
		{"answered", StageNone, "", func(f *Flow) { greeted(f); f.Hello.Data = Mark{Num: 5} }},
		{"mid-stream", StageNone, "", func(f *Flow) { resets(greeted, 500, 3, bare)(f); f.Blind = BlindMidstream }},
		{"not TCP", StageNone, "", func(f *Flow) { f.Key.Proto = capture.ProtoUDP }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := stageFlow(tc.with)
			if s, g := Stage(f), Signature(f); s != tc.stage || g != tc.signature {
				t.Errorf("got %s %q, want %s %q", s, g, tc.stage, tc.signature)
			}
		})
	}
}
