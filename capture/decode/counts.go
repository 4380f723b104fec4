package decode

// Cause says why a frame, or a part of it, was not decoded.
type Cause uint8

// The causes, in the order of the layers. Only those from TruncatedLink to
// BadUDPLength accuse the sender; see [Cause.Malformed].
const (
	None                 Cause = iota
	UnsupportedLink            // a link type this package does not know
	UnsupportedEtherType       // ARP, LLDP and the like
	ClippedHeaders             // the snaplen cut a header; the wire had it
	TunnelTooDeep              // more than maxTunnels headers; the rest is left packed
	TruncatedLink              // the frame ends inside a link, tag or label header
	LinkTooDeep                // more than maxLinkHeaders tags and labels
	TruncatedIP                // the frame ends inside the IP header
	BadIPVersion               // neither 4 nor 6, or not the one the link layer announced
	BadIPHeaderLen             // IHL below 5
	BadIPLength                // total length below the header's own
	IPBeyondFrame              // total length beyond the end of the frame on the wire
	BadIPChecksum              // IPv4 header checksum wrong and not zero
	BadIPExtension             // an IPv6 extension header longer than its datagram
	TooManyExtensions          // more than maxExtensions of them
	TruncatedTransport         // the datagram ends inside the TCP, UDP or ICMP header
	BadTCPOffset               // data offset below 5 or beyond the segment
	TruncatedTCPOptions        // an option reaches beyond the options
	BadTCPOptions              // a known option with a length its RFC does not allow
	BadUDPLength               // UDP length below 8 or beyond the datagram
	numCauses
)

var causeNames = [numCauses]string{
	"none", "unsupported_link", "unsupported_ethertype", "clipped_headers", "tunnel_too_deep",
	"truncated_link", "link_too_deep", "truncated_ip", "bad_ip_version", "bad_ip_header_length",
	"bad_ip_length", "ip_beyond_frame", "bad_ip_checksum", "bad_ip_extension", "too_many_extensions",
	"truncated_transport", "bad_tcp_offset", "truncated_tcp_options", "bad_tcp_options", "bad_udp_length",
}

// String returns the cause in snake_case, as records and metrics spell it.
func (c Cause) String() string {
	if c < numCauses {
		return causeNames[c]
	}
	return "unknown"
}

// Malformed reports whether the cause is a fault of the packet, rather than of
// the capture or of this package's scope.
func (c Cause) Malformed() bool { return c >= TruncatedLink && c < numCauses }

// Counts holds one counter per [Cause], indexed by it. A packet may count
// under several causes.
type Counts [numCauses]uint64

// Add adds the counters of other, as when workers are merged.
func (c *Counts) Add(other *Counts) {
	for i := range c {
		c[i] += other[i]
	}
}

// Malformed returns the sum of the counters that accuse the sender.
func (c *Counts) Malformed() uint64 {
	var n uint64
	for i, v := range c {
		if Cause(i).Malformed() {
			n += v
		}
	}
	return n
}
