package fact

// Conflict is the same sequence range with different bytes from one sender.
type Conflict struct {
	Dir         Dir
	First, Next uint64 // packet numbers
	Seq         uint32
	Len         uint32 // bytes compared
	FirstTTL    uint8
	NextTTL     uint8

	// Where the bytes lie in the stream that is read as HTTP, both versions are
	// kept as they came; zero elsewhere.
	Versions [2]Version
	Differ   uint32 // bytes of the range that are not alike
}

// Version is one of the versions of bytes that came twice.
type Version struct {
	Time int64 // ns; 0 not known
	IPID Opt[uint16]
	Page PageHead
}

// PageHead is how an HTTP response begins, as far as one packet shows it. All
// text is foreign.
type PageHead struct {
	Status   int // 0: no response begins here
	Location string
	Title    string
	Text     []byte // from its start, at most 512 bytes
}

// Page is the first answer to a request in the clear. It is kept where something
// about it is odd: it came sooner than the server answers, from another
// distance, in its sender's last segment, or it is on a list of block pages.
type Page struct {
	PageHead
	Num, Request uint64 // packets: where it begins, and the request's first
	Time, Asked  int64  // ns
	TTL          uint8
	IPID         Opt[uint16]
	Flags        uint16 // of the packet it begins in
	Len          uint32 // payload of that packet, bytes
	Bare         bool   // a page without a status line
	Listed       []PageMatch
}

// PageMatch is an entry of a list of block pages that a response met.
type PageMatch struct {
	Name  string // of the entry; text of the list
	Where string // body, or the header field
	Exact bool   // all of it, or how it begins
	Scope string // nat, isp, prod, inst, vbw, fp (OONI's words)
	Sure  int    // confidence that it is no false positive, 0..10; -1 not said
}
