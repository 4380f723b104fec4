package fact

import (
	"net/netip"
	"time"
)

// DNSOpen is how long a query stays open after its first answer, ns, so that a
// second answer is seen (Duan et al., "Hold-On", 2012, waits as long).
const DNSOpen = int64(5 * time.Second)

// DNS is one query and everything that came back for it.
type DNS struct {
	Query    Mark // Num 0: the query itself was not captured
	Copies   int  // times the client sent it
	ID       uint16
	QName    string // lower case, presentation form; foreign text
	QNameRaw string // case kept
	QType    uint16
	QClass   uint16 // 3: of the server itself (RFC 4892)
	Resolver netip.Addr
	Client   netip.Addr
	TCP      bool
	EDNS     bool
	Cookie   bool        // the query carries a DNS cookie (RFC 7873)
	Answers  []DNSAnswer // at most 4
	More     int         // answers beyond those kept
}

// DNSAnswer is one response.
type DNSAnswer struct {
	Num       uint64
	Time      int64
	RTT       Opt[time.Duration] // since the last copy of the query
	Copies    int                // of the query, sent by then
	Rcode     uint8
	AA, RA    bool
	TC        bool
	Clipped   bool // the capture has not all of it: what is absent here may have been there
	HasSOA    bool
	SOAOwner  string
	EDNS      bool
	Cookie    bool
	Recased   bool         // the question came back in other letters than it was asked in
	Broken    bool         // a record breaks the format
	Text      string       // the first TXT record; foreign text
	Addrs     []netip.Addr // A, AAAA and address hints
	MinTTL    uint32       // smallest TTL of the answer section, s
	Targets   []string     // CNAME targets
	ECHName   string       // of an HTTPS record: the name outside encrypted hellos
	IPTTL     uint8
	IPID      Opt[uint16]
	DF        bool
	Identical bool // byte-for-byte copy of an earlier answer but for nothing
}

// Mixed reports a name asked for in letters of both cases, as clients do that want
// them back (draft-vixie-dnsext-dns0x20).
func (d *DNS) Mixed() bool {
	upper, lower := false, false
	for i := range len(d.QNameRaw) {
		c := d.QNameRaw[i]
		upper = upper || c >= 'A' && c <= 'Z'
		lower = lower || c >= 'a' && c <= 'z'
	}
	return upper && lower
}
