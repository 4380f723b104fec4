// Package policy is what a rule of the lab's middlebox may match and do:
//
//	w.Rule("reset after hello", policy.All(policy.SNI("web.whatsapp.com"), policy.Hello), policy.Race(2*time.Millisecond))
//
// # Matches
//
// A match is asked once about each packet that comes to its rule; packets that an
// earlier rule dropped or took over do not come. Matches with a memory (marked *)
// belong to one rule of one box. All and Any ask all that they are made of, so the
// order of those does not matter.
//
//	All, Any, Not, Every
//	To("157.240.0.0/16", ...)    server's address, both directions; also netip values
//	Port(443), Dir(box.Up)       server's port; the way it goes
//	TCP, UDP, ICMP, V6, Payload(n), Flags(RSTACK)
//	SYN, SYNACK                  of TCP
//	Hello                        the packet that makes a TLS, QUIC or HTTP opening whole
//	FirstPayload                 the client's first, whatever it is
//	SNI(".whatsapp.net"), Host   all packets of the flow once the name is known
//	QNAME(".whatsapp.com")       DNS queries, UDP and TCP
//	QUICInitial, QUIC            the datagram; all of the flow
//	STUN, RTP                    also as ChannelData of a relay
//	After, Between               since the box's time began
//	AfterPackets, AfterBytes     of the flow, of some directions
//	Chance(p), FlowChance(p)*    of packets, of flows
//	Nth(n, m)*, Once(m)*         the n-th that m picks, of each flow
//	Sticky(m)*, Following(m)*    the flow from the first on that m picks; without it
//	Residual(m, d)*              for d all between that client and that server's port   F23
//	ConnLimit(m, n, per, d)*     the client's flows beyond n within per, for d           F22
//
// # Actions
//
// What an action forges it sends on from the rules, in the trigger's flow, and
// never back through them. Actions with a memory (Police, Shape, DropAfter) belong
// to one rule.
//
//	Race(delay)                  one RST|ACK before the server can know                  F2
//	Reset{}                      anything else that ends a connection: see Shot, Value
//	GFWOnSYN, GFWOnSYNACK        three RST|ACK, TTL and window in lockstep               F1
//	GFWTrain                     base, +1460, +4380, both sides                          F3
//	GFWMix, RSTThenZero          RST and RST|ACK; RST and RST with ack 0                 R5
//	Sandvine                     +12503, IPID +4 and +1, both sides                      F4
//	Behind                       the first byte's sequence number when more was sent     F5
//	TSPUTrain(delay)             the server's flight as RST|ACKs, all its own            F6
//	Rewrite{}                    a real packet becomes a RST|ACK in its place            F6
//	Rewrite{Ack: AckBeyond(n)}   the same, acknowledging too much; AckISN(1): too little F7
//	Rewrite{} on SYNACK          a refusal with a random sequence number and options     F8
//	InWindow                     a RST that is answered by a challenge ACK               F9
//	Henan, Tajikistan            RST|ACK with payload                                    F10
//	Brunei, Mirrored             the trigger's IPID, the trigger's TTL                   R6
//	Corporate, InjectedFIN       a reset to each side; a FIN                             R11, R12
//	Reject{}                     a firewall's refusal of what it drops                   B19
//	ICMPError{Error: Prohibited} a router's
//	BlockPage{}                  302 or a page in the server's name                      F11
//	Drop{}                       of Sticky(All(SNI(x), Hello)): SNI-IV                    F12
//	                             of QUICInitial, QUIC, STUN, SYN                         F17, F18, D1
//	                             of All(Not(To(list)), Sticky(Hello)): allow-list mode   F21
//	DropAfter{Packets, Bytes}    freeze; of Sticky(All(SNI(x), Hello)): SNI-II           F13 to F16
//	Accept{}                     spares it the rules that follow
//	ForgeDNS{}                   any answer, besides the real one or instead of it       F19, F20
//	Police{}, Throttle(rate)     token bucket
//	Shape{}, Delay{}             queue at a rate; waiting
//
// All of them serve IPv4 and IPv6 (F25). The tags are those of the test matrix in
// the resets-and-drops reference: F and B are cases, R and D detectors.
package policy
