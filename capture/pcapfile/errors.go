package pcapfile

import (
	"errors"
	"fmt"

	"chokepoint/capture"
)

// ErrTruncated is what errors.Is finds in the error of a stream that ends
// inside a record, a header or a compressed frame.
var ErrTruncated = errors.New("file is truncated")

// ErrEmpty is what errors.Is finds in the error of a stream without a byte.
var ErrEmpty = errors.New("file is empty")

// ErrNotCapture is what errors.Is finds in the error of a stream that is
// neither pcap nor pcapng.
var ErrNotCapture = errors.New("not a capture file")

// FileError says where and why a capture could not be read on. Everything
// before Offset was delivered.
type FileError struct {
	Name         string // as given to Open or New
	Offset       int64  // start of what could not be read, in bytes of the decompressed stream
	Packets      uint64 // records read before it, counted as Wireshark does
	Decompressed bool   // the stream was compressed, so Offset is not the file's
	Cause        error
}

// Error returns one line: name, offset, cause, packets read so far.
func (e *FileError) Error() string {
	where := ""
	if e.Decompressed {
		where = " (decompressed)"
	}
	return fmt.Sprintf("%s: byte %d%s: %v (%d packets read)", e.Name, e.Offset, where, e.Cause, e.Packets)
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Cause }

// cutShort is a stream that ended inside something.
type cutShort struct {
	what       string
	have, want int
}

func (e cutShort) Error() string {
	return fmt.Sprintf("%s cut short: file ends after %d of %d bytes", e.what, e.have, e.want)
}

func (cutShort) Unwrap() error { return ErrTruncated }

// LinkError says that no packet of a capture can be understood because of its
// link type, and what to do about it.
type LinkError struct {
	Link capture.LinkType
}

// Error names the link type and a way out.
func (e *LinkError) Error() string {
	return fmt.Sprintf("link type %s (%d) is not supported: %s", e.Link, uint16(e.Link), e.advice())
}

// Link types (tcpdump.org/linktypes.html) that need advice of their own.
const (
	linkWLAN      capture.LinkType = 105
	linkPrism     capture.LinkType = 119
	linkRadiotap  capture.LinkType = 127
	linkAVS       capture.LinkType = 163
	linkUpperPDU  capture.LinkType = 252
	linkUSB       capture.LinkType = 189
	linkUSBMapped capture.LinkType = 220
	linkUSBPcap   capture.LinkType = 249
)

func (e *LinkError) advice() string {
	switch e.Link {
	case linkWLAN, linkPrism, linkRadiotap, linkAVS:
		return "convert 802.11 frames to Ethernet with `airdecap-ng -e ESSID -p PASSPHRASE FILE`, " +
			"or capture without monitor mode: `tcpdump -i wlan0 -w FILE`"
	case linkUpperPDU:
		return "exported PDUs have no packets left in them, use the capture they were exported from"
	case linkUSB, linkUSBMapped, linkUSBPcap:
		return "this is USB traffic, capture the network interface: `tcpdump -i any -w FILE`"
	}
	return "capture again with `tcpdump -i any -w FILE`"
}
