package bulklog

import "chokepoint/capture"

const (
	tsOption  = 12   // timestamps as senders pad them (RFC 7323, appendix A)
	ethernet  = 1460 // MSS of an Ethernet without options (RFC 9293, 3.7.1)
	minMSS    = 256  // smaller values are not believed
	maxMerged = 45   // wire segments in 64 KiB
	maxHeader = 120  // longest IP and TCP headers
)

// wireSize returns how many payload bytes each wire segment of a packet
// carries: capture offload merges several into one (rate-and-calls, 2.1). It
// also keeps unit, the payload of a full segment.
func (l *Log) wireSize(p *capture.Packet, mss uint16) uint32 {
	size, options := uint32(mss), uint32(p.OptsLen)
	if p.Has&capture.HasTS != 0 {
		options = max(options, tsOption)
	}
	if size > options {
		size -= options
	}
	switch {
	// Segments of equal length where the source counts otherwise than the MSS says.
	case p.Segs > 1 && (size < minMSS || (p.PayloadLen+size-1)/size != uint32(p.Segs)):
		size = max((p.PayloadLen+uint32(p.Segs)-1)/uint32(p.Segs), minMSS)
		l.unit, l.sized = size, true
	case size >= minMSS:
		l.unit, l.sized = size, true
	default:
		size = divisor(p.PayloadLen, l.unit)
		if full := min(size, p.PayloadLen); full >= minMSS && (!l.sized || full > l.unit) {
			l.unit, l.sized = full, true
		}
	}
	return size
}

// divisor guesses the wire segment of n bytes when no MSS is known: the full
// one of before if n is a multiple of it, else the largest equal part that
// fits an Ethernet frame, as the published detector does (tcp_mss_estimate).
func divisor(n, full uint32) uint32 {
	if n <= ethernet {
		return ethernet
	}
	if n%full == 0 {
		return full
	}
	for k := uint32(2); k <= maxMerged; k++ {
		if n%k == 0 && n/k <= ethernet {
			return n / k
		}
	}
	return ethernet
}
