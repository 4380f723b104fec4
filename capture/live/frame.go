//go:build linux

package live

import "encoding/binary"

const (
	addressesLen = 12     // of the two Ethernet addresses (IEEE 802.3 3.2.3)
	tagLen       = 4      // of an 802.1Q tag
	tagType      = 0x8100 // C-VLAN (IEEE 802.1Q table 9-1): the record does not say which it was
)

// appendTagged appends a frame with a VLAN tag behind its addresses, where tcpdump
// would have it.
func appendTagged(buf, frame []byte, tci uint16) []byte {
	buf = append(buf, frame[:addressesLen]...)
	buf = binary.BigEndian.AppendUint16(buf, tagType)
	buf = binary.BigEndian.AppendUint16(buf, tci)
	return append(buf, frame[addressesLen:]...)
}
