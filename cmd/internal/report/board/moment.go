package board

import "time"

// Moment is how far a live capture has got.
type Moment struct {
	First, Now time.Time // packet time; zero before the first packet
	Packets    uint64    // read
	Lost       uint64    // packets lost by the kernel and by us
	Unseen     uint64    // wire segments counted and not looked at
}

// clock writes a time of day as the lines and the table do.
func clock(t time.Time) string {
	if t.IsZero() {
		return "--:--:--Z"
	}
	return t.UTC().Format("15:04:05Z")
}
