package stun

// Magic is the cookie in bytes 4 to 7 of every message (RFC 8489 section 5).
const Magic = 0x2112A442

// HeaderLen is the length of the fixed header, bytes (RFC 8489 section 5).
const HeaderLen = 20

// Class is what a message is in its exchange (RFC 8489 section 5, figure 3).
type Class uint8

// The classes, by their two bits, and one for types that have none.
const (
	Request Class = iota
	Indication
	Success
	Error
	Private // a vendor's type, whose bits do not follow the RFC
)

// String returns the class in lower case.
func (c Class) String() string {
	switch c {
	case Request:
		return "request"
	case Indication:
		return "indication"
	case Success:
		return "success"
	case Error:
		return "error"
	case Private:
		return "private"
	}
	return "invalid class"
}

// Method is what a message asks for (IANA STUN Methods).
type Method uint16

// The methods, with their sections in RFC 8489, 8656 and 6062.
const (
	Binding           Method = 0x001 // RFC 8489 section 2
	SharedSecret      Method = 0x002 // RFC 3489 section 8.2, reserved since
	Allocate          Method = 0x003 // RFC 8656 section 7
	Refresh           Method = 0x004 // RFC 8656 section 8
	Send              Method = 0x006 // RFC 8656 section 11
	Data              Method = 0x007 // RFC 8656 section 11
	CreatePermission  Method = 0x008 // RFC 8656 section 10
	ChannelBind       Method = 0x009 // RFC 8656 section 12
	Connect           Method = 0x00a // RFC 6062 section 4.3
	ConnectionBind    Method = 0x00b // RFC 6062 section 4.3
	ConnectionAttempt Method = 0x00c // RFC 6062 section 4.4
	// SetActiveDestination is Microsoft's ([MS-TURN] section 2.2.1), which has the
	// number of Send on the wire; this one is ours, beyond the 12 bits of methods.
	SetActiveDestination Method = 0x1006
	GooglePing           Method = 0x080 // libwebrtc's GOOG_PING, a keepalive of a checked path
)

// String returns the method's name in lower case, "" for one not listed here.
func (m Method) String() string {
	switch m {
	case Binding:
		return "binding"
	case SharedSecret:
		return "shared secret"
	case Allocate:
		return "allocate"
	case Refresh:
		return "refresh"
	case Send:
		return "send"
	case Data:
		return "data"
	case CreatePermission:
		return "create permission"
	case ChannelBind:
		return "channel bind"
	case Connect:
		return "connect"
	case ConnectionBind:
		return "connection bind"
	case ConnectionAttempt:
		return "connection attempt"
	case SetActiveDestination:
		return "set active destination"
	case GooglePing:
		return "google ping"
	}
	return ""
}

// Types of WhatsApp's own messages to its relays (nDPI stun.c): they carry the
// cookie and a right length, but their class bits say nothing.
const (
	WhatsAppFirst = 0x0800
	WhatsAppPing  = 0x0801
	WhatsAppPong  = 0x0802
)

// Attributes whose value is read (IANA STUN Attributes).
const (
	AttrMappedAddress   = 0x0001 // RFC 8489 section 14.1
	AttrResponseAddress = 0x0002 // RFC 3489 section 11.2.2
	AttrChangeRequest   = 0x0003 // RFC 5780 section 7.2
	AttrSourceAddress   = 0x0004 // RFC 3489 section 11.2.5
	AttrChangedAddress  = 0x0005 // RFC 3489 section 11.2.3
	AttrUsername        = 0x0006 // RFC 8489 section 14.3
	AttrIntegrity       = 0x0008 // RFC 8489 section 14.5
	AttrErrorCode       = 0x0009 // RFC 8489 section 14.8
	AttrReflectedFrom   = 0x000b // RFC 3489 section 11.2.11
	AttrChannelNumber   = 0x000c // RFC 8656 section 18.1
	AttrLifetime        = 0x000d // RFC 8656 section 18.2
	AttrMagicCookie     = 0x000f // [MS-TURN]: the first attribute of each of its messages
	AttrXorPeer         = 0x0012 // RFC 8656 section 18.3
	AttrData            = 0x0013 // RFC 8656 section 18.4
	AttrRealm           = 0x0014 // RFC 8489 section 14.9
	AttrNonce           = 0x0015 // RFC 8489 section 14.10
	AttrXorRelayed      = 0x0016 // RFC 8656 section 18.5
	AttrIntegritySHA256 = 0x001c // RFC 8489 section 14.6
	AttrXorMapped       = 0x0020 // RFC 8489 section 14.2
	AttrPriority        = 0x0024 // RFC 8445 section 7.1.1
	AttrUseCandidate    = 0x0025 // RFC 8445 section 7.1.2
	AttrXorMappedOld    = 0x8020 // the same before it had its number; still sent by Microsoft and old servers
	AttrSoftware        = 0x8022 // RFC 8489 section 14.14
	AttrAlternateServer = 0x8023 // RFC 8489 section 14.15
	AttrFingerprint     = 0x8028 // RFC 8489 section 14.7
	AttrControlled      = 0x8029 // RFC 8445 section 7.1.3
	AttrControlling     = 0x802a // RFC 8445 section 7.1.3
	AttrOtherAddress    = 0x802c // RFC 5780 section 7.4
)
