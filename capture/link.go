package capture

import "fmt"

// LinkType is a tcpdump link-layer header type (LINKTYPE_ numbers as stored in
// files, tcpdump.org/linktypes.html).
type LinkType uint16

// The link types decode understands.
const (
	LinkNull     LinkType = 0   // BSD loopback, host byte order family
	LinkEthernet LinkType = 1   //
	LinkRawBSD   LinkType = 12  // raw IP as some BSDs wrote it
	LinkRawOpen  LinkType = 14  // raw IP as OpenBSD wrote it
	LinkRaw      LinkType = 101 // raw IP, version in the first nibble
	LinkLoop     LinkType = 108 // OpenBSD loopback, network byte order family
	LinkSLL      LinkType = 113 // Linux cooked
	LinkIPv4     LinkType = 228
	LinkIPv6     LinkType = 229
	LinkSLL2     LinkType = 276 // Linux cooked v2, what "tcpdump -i any" writes
)

var linkNames = map[LinkType]string{
	LinkNull: "NULL", LinkEthernet: "EN10MB", LinkRawBSD: "RAW", LinkRawOpen: "RAW", LinkRaw: "RAW",
	LinkLoop: "LOOP", LinkSLL: "LINUX_SLL", LinkIPv4: "IPV4", LinkIPv6: "IPV6", LinkSLL2: "LINUX_SLL2",
	6: "IEEE802_5", 7: "ARCNET", 9: "PPP", 10: "FDDI", 50: "PPP_SERIAL", 51: "PPP_ETHER", 105: "IEEE802_11",
	119: "IEEE802_11_PRISM", 127: "IEEE802_11_RADIO", 163: "IEEE802_11_AVS", 187: "BLUETOOTH_HCI_H4",
	189: "USB_LINUX", 195: "IEEE802_15_4", 201: "BLUETOOTH_HCI_H4_WITH_PHDR", 220: "USB_LINUX_MMAPPED",
	227: "CAN_SOCKETCAN", 239: "NFLOG", 249: "USBPCAP", 252: "WIRESHARK_UPPER_PDU",
}

// String returns the DLT name of the link type, or its number.
func (l LinkType) String() string {
	if s, ok := linkNames[l]; ok {
		return s
	}
	return fmt.Sprintf("LINKTYPE_%d", uint16(l))
}

// Supported reports whether capture/decode understands the link type.
func (l LinkType) Supported() bool {
	switch l {
	case LinkNull, LinkEthernet, LinkRawBSD, LinkRawOpen, LinkRaw, LinkLoop, LinkSLL, LinkIPv4, LinkIPv6, LinkSLL2:
		return true
	}
	return false
}
