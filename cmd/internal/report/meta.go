package report

import "chokepoint/classify/finding"

// Schema is the version of the records. Fields are added without a new one.
const Schema = 1

// Meta says what was analysed, by what, and how far it can be trusted. It is
// told before the input is read on, so it knows what the start of the capture
// says; what was lost on the way is in the statistics.
type Meta struct {
	Type    string `json:"type"` // always "meta"; set by the report
	Tool    string `json:"tool"`
	Version string `json:"version"`
	Schema  int    `json:"schema"`
	Files   []File `json:"files"` // one, all of a joined directory by name, or the interfaces of a live capture
	Expr    string `json:"expr,omitempty"`
	Backend string `json:"backend,omitempty"` // of live capture: tcx, clsact, afpacket; "" of files
	Vantage string `json:"vantage"`           // as asked for: auto, host, gateway, span, server
	Plan    string `json:"plan,omitempty"`    // live: what live capture would not deliver was left out
	Rules   Rules  `json:"rules"`
	// Health is what is known from the start to limit the answer. Codes:
	// expression, capture_filter, snaplen, unsupported_link, plan, backend, redacted.
	Health []finding.Reason `json:"health"`
	// Redacted lists what was replaced and removed before it was told, each a
	// sentence; empty: nothing was.
	Redacted []string `json:"redacted,omitempty"`

	// Locate says which file a packet of a joined capture is from, and its
	// number there. It is nil unless files were joined: then numbers are the
	// file's own.
	Locate func(num uint64) (file string, n uint64) `json:"-"`

	// Iface says which interface a packet of a live capture passed, "" when that
	// was so long ago that it was forgotten. It is nil unless Backend is set, and
	// may be called from any goroutine.
	Iface func(num uint64) string `json:"-"`
}

// File is one capture file, or one interface. Name and Filter are foreign text.
type File struct {
	Name     string  `json:"name"`
	SHA256   string  `json:"sha256,omitempty"`
	LinkType string  `json:"link_type"` // DLT name; "" when the file was not opened yet, several joined by "+"
	Snaplen  uint32  `json:"snaplen"`   // bytes; 0 unlimited or unknown
	Filter   string  `json:"filter,omitempty"`
	Dropped  *uint64 `json:"dropped,omitempty"` // by the kernel, as far as known at the start
}

// Rules says how old the knowledge is that services are told by.
type Rules struct {
	Date string `json:"date"` // YYYY-MM-DD; "" unknown
}
