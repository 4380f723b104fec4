package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// Zeek's history letters, upper case for the client: S SYN, H SYN/ACK, A pure
// ACK, D payload, F FIN, R reset, T retransmitted payload, W zero window, G a
// gap of the capture (docs.zeek.org, conn.log). Each is noted the first time
// it is seen from a side, in order; five bits each, so twelve fit.
const historyLetters = "?SHADFRTWG"

const (
	hSYN = 1 + iota
	hSYNACK
	hACK
	hData
	hFIN
	hRST
	hRetrans
	hZeroWin
	hGap
)

// note adds a letter unless the side has it already.
func (f *Flow) note(d fact.Dir, letter uint64) {
	code := letter<<1 | uint64(d)
	if f.noted&(1<<code) != 0 {
		return
	}
	f.noted |= 1 << code
	if f.history>>55 == 0 { // the latest lies lowest
		f.history = f.history<<5 | code
	}
}

func (f *Flow) noteTCP(d fact.Dir, p *capture.Packet) {
	switch {
	case p.Flags&capture.SYN != 0 && p.Flags&capture.ACK != 0:
		f.note(d, hSYNACK)
	case p.Flags&capture.SYN != 0:
		f.note(d, hSYN)
	case p.PayloadLen > 0:
		f.note(d, hData)
	case p.Flags&(capture.FIN|capture.RST) == 0:
		f.note(d, hACK)
	}
	if p.Flags&capture.FIN != 0 {
		f.note(d, hFIN)
	}
	if p.Flags&capture.RST != 0 {
		f.note(d, hRST)
	}
}

// historyText writes the letters out.
func historyText(h uint64) string {
	var b [13]byte
	i := len(b)
	for ; h != 0; h >>= 5 {
		i--
		c := historyLetters[h>>1&15]
		if h&1 == uint64(fact.Down) {
			c += 'a' - 'A'
		}
		b[i] = c
	}
	return string(b[i:])
}
