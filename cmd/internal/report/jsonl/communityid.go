package jsonl

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"

	"chokepoint/capture"
)

// communityID returns the Community ID of a flow, version 1 with seed 0, by
// which other tools know the same flow (github.com/corelight/community-id-spec).
// It returns "" where it would need what a key does not have: the types of ICMP,
// the ports of SCTP.
func communityID(k capture.Key) string {
	if k.Proto != capture.ProtoTCP && k.Proto != capture.ProtoUDP {
		return ""
	}
	k, _ = k.Canonical() // the spec's order too: lower address first, then lower port
	b := make([]byte, 2, 2+16+16+2+4)
	b = append(b, k.SrcAddr().AsSlice()...)
	b = append(b, k.DstAddr().AsSlice()...)
	b = append(b, k.Proto, 0)
	b = binary.BigEndian.AppendUint16(b, k.SrcPort)
	b = binary.BigEndian.AppendUint16(b, k.DstPort)
	sum := sha1.Sum(b)
	return "1:" + base64.StdEncoding.EncodeToString(sum[:])
}
