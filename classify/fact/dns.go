package fact

import (
	"net/netip"
	"time"
)

// DNS is one query and everything that came back for it. A query stays open
// for 5 s after its first answer, so that a second answer is seen (Duan et al.,
// "Hold-On", 2012, waits as long).
type DNS struct {
	Query    Mark // Num 0: the query itself was not captured
	Copies   int  // times the client sent it
	ID       uint16
	QName    string // lower case, presentation form; foreign text
	QNameRaw string // case kept
	QType    uint16
	Resolver netip.Addr
	Client   netip.Addr
	TCP      bool
	EDNS     bool
	Answers  []DNSAnswer // at most 4
	More     int         // answers beyond those kept
}

// DNSAnswer is one response.
type DNSAnswer struct {
	Num       uint64
	Time      int64
	RTT       Opt[time.Duration] // since the last copy of the query
	Rcode     uint8
	AA, RA    bool
	TC        bool
	Clipped   bool // the capture has not all of it: what is absent here may have been there
	HasSOA    bool
	SOAOwner  string
	EDNS      bool
	Addrs     []netip.Addr // A, AAAA and address hints
	MinTTL    uint32       // smallest TTL of the answer section, s
	Targets   []string     // CNAME targets
	ECHName   string       // of an HTTPS record: the name outside encrypted hellos
	IPTTL     uint8
	IPID      Opt[uint16]
	DF        bool
	Identical bool // byte-for-byte copy of an earlier answer but for nothing
}
