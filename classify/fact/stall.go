package fact

// Stall is how a flow stood when one side last got further (sent bytes never seen
// before, or acknowledged some), and what happened since: all of it is in vain.
type Stall struct {
	At      Mark      // the packet with which the side got further; none: not known, or never
	Packets [2]uint64 // wire segments of either side up to it, repeated ones included, since boxes count those
	Payload [2]uint64 // payload bytes, the same

	Heard bool // it got further by acknowledging something new

	// Open: its newest bytes are a full segment without PSH, in a conversation in
	// which it sets PSH: a sender says so where its buffer is empty (RFC 9293
	// section 3.9.1.2), so that it had more to send. From a side that sets PSH within
	// what it sends, too, any full segment: what ends of itself ends in a shorter one,
	// but for one time in a thousand.
	Open bool

	// Deaf is what the side sent again though the other had acknowledged it before,
	// a FIN included: as many times it did not hear that.
	Deaf Tries
	// Asked is what the other side sent again because this one did not acknowledge it.
	Asked Tries
	// Probed is the other side's keep-alives, each of which a living host answers
	// (RFC 9293 section 3.8.4).
	Probed Tries
}

// Tries counts what was tried again and again.
type Tries struct {
	Count       uint32 // wire segments
	Len         uint32 // payload of the smallest, bytes
	First, Last Mark
}
