package policy

import "time"

// What injectors of the literature send, each as an action of its own. TTLs are
// when the packet leaves the box: links take their hops off.

// near is the time between the packets of a train.
const near = 40 * time.Microsecond

// Race is one well-made RST|ACK to the client, before the server can have answered:
// it acknowledges what cannot have arrived yet.
func Race(delay time.Duration) *Reset { return &Reset{Delay: delay} }

// Corporate is a firewall of the client's own network: one well-made reset to each
// side.
func Corporate() *Reset { return &Reset{To: Both} }

// InWindow is a RST to the client that is in its window but not what it expects
// next, so that it answers with a challenge ACK (RFC 5961 section 3.2).
func InWindow() *Reset { return &Reset{Shots: []Shot{{Flags: RST, Seq: SeqInWindow}}} }

// Behind is a RST to the client with the first sequence number after the handshake,
// when more has been delivered.
func Behind() *Reset { return &Reset{Shots: []Shot{{Flags: RST, Seq: SeqISN(1)}}} }

// GFWOnSYN answers a SYN with three RST|ACK of sequence number 0, TTL and window in
// lockstep and out of any host's range (net4people/bbs #285).
func GFWOnSYN() *Reset {
	return &Reset{Delay: 2 * time.Millisecond, Shots: lockstep(Const(0), [][2]uint32{{65, 4229}, {67, 4231}, {66, 4230}})}
}

// GFWOnSYNACK is what the same device sends when it sees the SYN/ACK (#285).
func GFWOnSYNACK() *Reset {
	return &Reset{Shots: lockstep(SeqISN(1), [][2]uint32{{191, 162}, {192, 163}, {193, 164}})}
}

// lockstep are RST|ACKs with pairs of TTL and window.
func lockstep(seq Value, pairs [][2]uint32) (shots []Shot) {
	for _, p := range pairs {
		shots = append(shots, Shot{Seq: seq, TTL: Const(p[0]), Window: Const(p[1]), IPID: Random, NoDF: true, Gap: near})
	}
	return shots
}

// GFWTrain is three RSTs, to each side, where the last two are for those who have
// got further meanwhile (Clayton et al. 2006).
func GFWTrain() *Reset {
	return &Reset{To: Both, Shots: []Shot{
		{Flags: RST, TTL: Const(47), IPID: Const(64), NoDF: true},
		{Flags: RST, Seq: SeqAhead(1460), TTL: Const(47), IPID: Const(64), NoDF: true, Gap: near},
		{Flags: RST, Seq: SeqAhead(4380), TTL: Const(47), IPID: Const(64), NoDF: true, Gap: near},
	}}
}

// GFWMix is a RST and three RST|ACK for one segment: two kinds of devices.
func GFWMix() *Reset {
	return &Reset{Shots: []Shot{
		{Flags: RST, TTL: Const(101), IPID: Random, NoDF: true},
		{TTL: Const(91), IPID: Random, Window: Random, Gap: near},
		{TTL: Const(91), IPID: Random, Window: Random, Gap: near},
		{TTL: Const(91), IPID: Random, Window: Random, Gap: near},
	}}
}

// RSTThenZero is a RST followed by one that acknowledges 0 (SIGCOMM 2023: RST;RST0).
func RSTThenZero() *Reset {
	return &Reset{Shots: []Shot{{}, {Ack: Const(0), Gap: near}}}
}

// Sandvine is a pair of RSTs, the second 12503 further, with IPIDs 4 after the
// sender's last and 1 after that (Weaver et al. 2009), to each side.
func Sandvine() *Reset {
	return &Reset{To: Both, Shots: []Shot{
		{Flags: RST, IPID: IPIDPlus(4)},
		{Flags: RST, Seq: SeqAhead(12503), IPID: IPIDPlus(5), Gap: near},
	}}
}

// TSPUTrain is a server's first flight as the TSPU leaves it: each packet a RST|ACK
// with the server's TTL, IPIDs and window. The same can be had of the server's real
// packets: [Rewrite] those that come after the hello.
func TSPUTrain(delay time.Duration) *Reset {
	var shots []Shot
	for i, more := range []uint32{1, 1, 1461, 2921, 3438} {
		shots = append(shots, Shot{Seq: SeqISN(more), TTL: TTLCopied, IPID: IPIDPlus(uint32(i + 1)), Window: WindowCopied, Timestamps: true, Gap: near})
	}
	return &Reset{Delay: delay, Shots: shots, Swallow: true}
}

// Henan is the RST|ACK with ten bytes of payload of a provincial firewall
// (XTLS #2426), to the client.
func Henan() *Reset {
	return &Reset{Shots: []Shot{{TTL: Const(58), IPID: Const(1), Payload: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}}}}
}

// Tajikistan is a RST|ACK with 22 bytes that are zero.
func Tajikistan() *Reset { return &Reset{Shots: []Shot{{Payload: make([]byte, 22)}}} }

// Brunei is a RST with the trigger's own IPID.
func Brunei() *Reset { return &Reset{Shots: []Shot{{Flags: RST, IPID: IPIDMirrored}}} }

// Mirrored is a RST|ACK with the trigger's own TTL, as Iran's injectors have it,
// three in sequence and two off it by 30.
func Mirrored() *Reset {
	shot := Shot{TTL: TTLMirrored, IPID: Random, Gap: near}
	off := shot
	off.Seq = SeqAhead(30)
	return &Reset{To: Server, Shots: []Shot{shot, shot, shot, off, off}}
}

// InjectedFIN ends the connection with a FIN in the server's name: no error, just an
// end.
func InjectedFIN() *Reset { return &Reset{Shots: []Shot{{Flags: FINPSHACK, Window: WindowCopied}}} }
