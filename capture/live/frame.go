//go:build linux

package live

import (
	"encoding/binary"
	"slices"
)

const (
	addressesLen = 12     // of the two Ethernet addresses (IEEE 802.3 3.2.3)
	tagLen       = 4      // of an 802.1Q tag
	tagType      = 0x8100 // C-VLAN (IEEE 802.1Q table 9-1): the record does not say which it was
)

// insertTag puts a VLAN tag behind the addresses of the frame that buf ends with,
// where tcpdump would have it.
func insertTag(buf []byte, from int, tci uint16) []byte {
	var tag [tagLen]byte
	binary.BigEndian.PutUint16(tag[:], tagType)
	binary.BigEndian.PutUint16(tag[2:], tci)
	return slices.Insert(buf, from+addressesLen, tag[:]...)
}
