package talk

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Turn is a question of the client and what the server answers. One that asks
// nothing, wants nothing and ends nothing is only a pause.
type Turn struct {
	Wait    time.Duration // of the client before it asks; it notices when the connection ends meanwhile
	Ask     int           // bytes; some 20 more when it is less than the instructions in it take
	AskPace Pace          // of the client
	Think   time.Duration // of the server before it answers
	Answer  int           // bytes
	Pace    Pace          // of the server
	End     End           // what the server does then
	// Enough is after how many bytes of the answer the client leaves; 0 never.
	Enough int
	// Congestion is how the server controls congestion from here on, as Linux
	// names it: "cubic", "bbr", "reno"; empty is what it did before.
	Congestion string
}

// Pace makes a host write piece by piece, as an application does that has no more
// to say yet. Pieces that the path held up are caught up with. The zero value
// writes as fast as the path takes it.
type Pace struct {
	Piece int // bytes
	Every time.Duration
}

// End is what a server does after a turn.
type End uint8

// The ends.
const (
	Stay  End = iota // it waits for the next question
	Close            // closes, in TLS with close_notify: FIN
	// Abort closes while the client's next message lies unread: the kernel answers
	// that with RST|ACK (RFC 2525 section 2.17). Over HTTP/2, where a server reads
	// whatever happens, it is Linger.
	Abort
	Linger // closes with SO_LINGER 0, when the answer is acknowledged: RST|ACK
	Hang   // neither reads nor answers again
)

// pause reports whether nothing is said in the turn.
func (t Turn) pause() bool { return t.Ask == 0 && t.Answer == 0 && t.End == Stay && t.Congestion == "" }

// head is the instructions that a question begins with.
func (t Turn) head() (b []byte) {
	for _, n := range [...]int{t.Ask, int(t.Think.Microseconds()), t.Answer, t.Pace.Piece, int(t.Pace.Every.Microseconds()), int(t.End), len(t.Congestion)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return append(b, t.Congestion...)
}

// counted counts the bytes read.
type counted struct {
	io.ByteReader
	n int
}

func (c *counted) ReadByte() (byte, error) {
	b, err := c.ByteReader.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// heard reads the instructions of a question, and how many bytes follow them.
func heard(r *bufio.Reader) (t Turn, rest int, err error) {
	c := &counted{ByteReader: r}
	var n [7]int
	for i := range n {
		v, err := binary.ReadUvarint(c)
		if err != nil || v > 1<<50 {
			return t, 0, fmt.Errorf("talk: not a question: %w", err)
		}
		n[i] = int(v)
	}
	name := make([]byte, min(n[6], 16)) // TCP_CA_NAME_MAX
	if _, err := io.ReadFull(r, name); err != nil {
		return t, 0, err
	}
	t = Turn{Ask: n[0], Think: micros(n[1]), Answer: n[2], Pace: Pace{n[3], micros(n[4])}, End: End(n[5]), Congestion: string(name)}
	return t, max(t.Ask-c.n-len(name), 0), nil
}

func micros(n int) time.Duration { return time.Duration(n) * time.Microsecond }
