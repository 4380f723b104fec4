package capture

// Fields says which parts of a Packet were seen. Absent is not zero.
type Fields uint32

// The parts of a packet that may be absent.
const (
	Decoded     Fields = 1 << iota // decode has run on Frame
	HasIP                          // Key addresses, Proto, TTL, TOS, IPLen
	HasIPv6                        // the innermost IP header is version 6
	HasIPID                        // IPID, DF, MF: an IPv4 header
	HasPorts                       // Key ports: TCP or UDP header reached
	HasTCP                         // the fixed 20 bytes of a TCP header
	HasUDP                         // a UDP header
	HasICMP                        // ICMPType, ICMPCode (v4 or v6)
	HasQuoted                      // Quoted: an ICMP error's embedded packet
	HasTS                          // TSval, TSecr (RFC 7323)
	HasMSS                         // MSS option
	HasWScale                      // window scale option
	HasSACKOK                      // SACK-permitted option (RFC 2018)
	HasSACK                        // SACK blocks
	HasMPTCP                       // an MPTCP option (RFC 8684)
	HasOuter                       // Outer: a tunnel was peeled off
	HasVLAN                        // VLAN: an 802.1Q tag was present
	HasDF                          // IPv4 don't-fragment is set
	IsFragment                     // an IP fragment; FragOff says where; no ports
	Clipped                        // snaplen cut the headers or the payload short
	BadIPSum                       // the IPv4 header checksum is wrong and not zero
	BadOpts                        // TCP options were malformed; those before the fault are kept
	HasTCPRST                      // an MP_TCPRST option (RFC 8684 section 3.6)
	HasSegs                        // Segs was set by the source, not inferred
	Reassembled                    // made of several IP fragments by capture/defrag
)

// TCP flag bits as in byte 13 of the header, NS and the reserved bits above
// (RFC 9293 section 3.1, RFC 3168, RFC 3540).
const (
	FIN uint16 = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	NS
	// Reserved masks the three reserved bits beside NS.
	Reserved uint16 = 0x0e00
)

// TunnelKind names the encapsulation that was peeled off.
type TunnelKind uint8

// The encapsulations decode peels.
const (
	NoTunnel TunnelKind = iota
	TunnelIPIP
	TunnelGRE
	TunnelVXLAN
	TunnelGTPU
	TunnelERSPAN
	TunnelTeredo
)

// Tunnel describes the outermost tunnel header that was peeled off a packet.
type Tunnel struct {
	Kind  TunnelKind
	Depth uint8 // number of tunnel headers removed
	TTL   uint8 // outer hop limit
	Src   [16]byte
	Dst   [16]byte
}

// Quoted is the packet an ICMP error quotes, as far as it was quoted (RFC 792
// guarantees 8 bytes of transport header, RFC 4884 more).
type Quoted struct {
	Key Key    // in the direction of the quoted packet
	TTL uint8  // as it arrived where it was refused
	Seq uint32 // TCP sequence number, when quoted
	MTU uint16 // next-hop MTU of a fragmentation-needed or packet-too-big error
}

// Sealed reports whether a packet belongs to a tunnel that cannot be looked into
// and has no ports: ESP, or GRE around what is encrypted or compressed.
func (p *Packet) Sealed() bool {
	return p.Has&(HasIP|HasPorts|IsFragment|HasQuoted) == HasIP && (p.Key.Proto == ProtoESP || p.Key.Proto == ProtoGRE)
}

// MaxSACK is the number of SACK blocks that fit into TCP options (RFC 2018).
const MaxSACK = 4

// Packet is one captured frame, decoded. It is valid as long as its Batch.
type Packet struct {
	Num   uint64 // from 1, as Wireshark counts: the anchor of all evidence
	Time  int64  // ns since the epoch, capture time
	Frame []byte // as captured; nil live beyond the plan

	WireLen uint32 // length of the frame on the wire, >= len(Frame)
	If      uint16 // capture interface, an index into Source.Interfaces
	Link    LinkType
	Has     Fields

	Key   Key    // innermost 5-tuple in this packet's direction
	Shard uint64 // Key.Hash(0): same for both directions
	Hash  uint64 // Key.Hash(run's seed)

	IPLen   uint32 // innermost IP packet's length on the wire, bytes
	TTL     uint8  // TTL or hop limit, innermost
	TOS     uint8  // DSCP<<2 | ECN
	IPID    uint16
	FragOff uint16 // byte offset of a fragment
	VLAN    uint16 // outermost VLAN id

	ICMPType, ICMPCode uint8

	Flags      uint16 // TCP flags with NS and reserved bits
	Window     uint16 // unscaled
	Seq, Ack   uint32
	TSval      uint32
	TSecr      uint32
	MSS        uint16
	WScale     uint8
	OptsLen    uint8 // bytes of TCP options
	NSACK      uint8
	SACK       [MaxSACK][2]uint32
	Payload    []byte // captured transport payload
	PayloadLen uint32 // its length on the wire, may exceed len(Payload)

	// Segs is how many wire segments this frame stands for (GRO, TSO and LRO
	// merge them); 1 unless decode or the flow's MSS says otherwise.
	Segs uint16

	Outer  Tunnel
	Quoted Quoted
}

// SeqEnd is the sequence number after this segment's last byte; SYN and FIN
// count one each (RFC 9293 section 3.4).
func (p *Packet) SeqEnd() uint32 {
	n := p.Seq + p.PayloadLen
	if p.Flags&SYN != 0 {
		n++
	}
	if p.Flags&FIN != 0 {
		n++
	}
	return n
}
