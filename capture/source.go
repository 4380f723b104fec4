package capture

// Batch is a run of packets in capture order. All memory in it (Packets, their
// frames and payloads) belongs to the Batch until it is handed to Read again.
type Batch struct {
	Packets []Packet
	Notes   []Note // of this host's kernel, ordered by time; only live
	Now     int64  // packet time reached, ns; also moves when idle live
	Buf     []byte // backing store a Source may keep frames in
}

// Interface describes one capture interface of a source.
type Interface struct {
	Name    string // as the file or the kernel names it; foreign text
	Link    LinkType
	Snaplen uint32 // 0: unlimited or unknown
	Filter  string // capture filter recorded in the file; foreign text
	Dropped uint64 // by the kernel, as the file's statistics say
}

// Stats counts what a source read and what it knows to be missing.
type Stats struct {
	Packets uint64 // records delivered
	Bytes   uint64 // captured bytes delivered
	Dropped uint64 // lost by the kernel or the card, as far as the source says
	Lost    uint64 // lost by us (ring full)
	Unseen  uint64 // counted and not looked at (see NoteUnseen), wire segments
	Skipped uint64 // records of an unsupported link type, not delivered
}

// Source yields packets in capture order. Frames are raw: whoever consumes the
// batch decodes those whose Has lacks Decoded.
type Source interface {
	// Read fills b, reusing its memory, and returns as soon as it has at least
	// one packet and would have to wait for the next. It returns io.EOF at the
	// clean end and another error when the input breaks; b may hold packets in
	// either case, and they are valid.
	Read(b *Batch) error
	// Interfaces lists the interfaces seen so far; Packet.If indexes it.
	Interfaces() []Interface
	Stats() Stats
	Close() error
}
