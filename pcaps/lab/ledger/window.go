package ledger

import (
	"time"

	"chokepoint/pcaps/lab/box"
)

// Names of the captures whose place is known. Others may be anywhere.
const (
	clientFile = "client.pcapng"
	serverFile = "server.pcapng"
)

const (
	// reach is how far apart in time a capture and the log may speak of one packet:
	// longer than any queue of the lab.
	reach = 10 * time.Second
	// slack is how much the clocks of the recorder and of the middlebox may differ
	// about what came first.
	slack = 2 * time.Millisecond
)

// window is when an event's packet can have been captured, ns. Of packets that look
// alike the one nearest to the event is meant.
type window struct{ from, to int64 }

// windowOf returns where to look in a file, or that the packet was never there.
func windowOf(e *box.Event, file string) (window, bool) {
	w := window{e.At - int64(reach), e.At + int64(reach)}
	if file != clientFile && file != serverFile {
		return w, true
	}
	before := (e.Dir == box.Up) == (file == clientFile) // the capture is on the side that it came from
	switch e.What {
	case box.Injected, box.Rewritten: // as it left
		if before {
			return w, false
		}
	case box.Dropped, box.Lost:
		if !before {
			return w, false
		}
	}
	if before {
		w.to = e.At + int64(slack)
	} else {
		w.from = e.At - int64(slack)
	}
	return w, true
}
