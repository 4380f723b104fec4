//go:build linux

package live

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"chokepoint/bpf/testimony"
	"chokepoint/capture"
)

// maxEvents bounds how many events are taken over at a time.
const maxEvents = 8192

// kinds says which note an event makes.
var kinds = [...]capture.NoteKind{
	testimony.Drop:          capture.NoteDrop,
	testimony.ResetRefused:  capture.NoteResetRefused,
	testimony.ResetSent:     capture.NoteResetSent,
	testimony.ResetReceived: capture.NoteResetReceived,
	testimony.Retransmit:    capture.NoteRetransmit,
}

// heard is what the kernel testifies.
type heard struct {
	witness witness
	clock   *clock
	table   *table
	owners  *owners
	tell    func(capture.Note)
	notice  func(string)
	lost    uint64
	ended   bool
	behind  bool            // packets are captured behind the queue of the interface
	event   testimony.Event // of poll: it would be allocated for each otherwise
}

// poll takes over the events that have come. It does not wait.
func (h *heard) poll() {
	if h.ended {
		return
	}
	if err := h.drain(); err != nil {
		h.end(err)
	}
}

// end says that there will be no more. Packets go on.
func (h *heard) end(err error) {
	h.ended = true
	h.notice(fmt.Sprintf("%s can no longer be told: %v", noTestimony, err))
}

func (h *heard) drain() error {
	now := time.Now().Add(-time.Hour)
	for range maxEvents {
		var err error
		h.event, err = h.witness.Next(now)
		switch {
		case errors.Is(err, testimony.ErrNothing):
			return nil
		case err != nil:
			return err
		}
		h.take(&h.event)
	}
	return nil
}

// repeated takes over what was only counted.
func (h *heard) repeated() {
	if h.ended {
		return
	}
	err := h.witness.Repeated(func(e testimony.Event) { h.take(&e) })
	c, e := h.witness.Counts()
	if e == nil && c.Lost > h.lost {
		h.notice(fmt.Sprintf("%d events of this host's kernel were lost: its drops and resets may be more than are told", c.Lost-h.lost))
		h.lost = c.Lost
	}
	if err = errors.Join(err, e); err != nil {
		h.end(err)
	}
}

func (h *heard) take(e *testimony.Event) {
	switch e.Kind {
	case testimony.Connect:
		h.owners.began(e.Cookie, capture.Process{PID: e.PID, Comm: comm(e.Comm)}, e.Cgroup)
	case testimony.Connected:
		h.owners.connected(e.Cookie, eventKey(e), h.clock.real(e.Time))
	default:
		if int(e.Kind) < len(kinds) && kinds[e.Kind] != 0 {
			h.tell(h.note(e))
		}
	}
}

// note makes a note of an event.
func (h *heard) note(e *testimony.Event) capture.Note {
	n := capture.Note{
		Kind: kinds[e.Kind], Time: h.clock.real(e.Time), Key: eventKey(e), Cookie: e.Cookie,
		Reason: h.witness.Reason(e), Count: max(e.Count, 1), Out: e.Out,
	}
	// The driver's own drops come last (dev_hard_start_xmit, net/core/dev.c).
	n.Untapped = h.behind && n.Out && n.Kind == capture.NoteDrop && n.Reason != "FULL_RING" && n.Reason != "DEV_READY"
	h.table.place(&n, e.Ifindex)
	if !e.HasPacket {
		return n
	}
	n.Has = capture.HasIP
	n.TTL = e.TTL
	if n.Key.SrcAddr().Is4() {
		n.Has |= capture.HasIPID
		n.IPID = e.IPID
	} else {
		n.Has |= capture.HasIPv6
	}
	switch e.Proto {
	case capture.ProtoTCP:
		n.Has |= capture.HasPorts | capture.HasTCP
		n.Flags, n.Seq = e.Flags, e.Seq
	case capture.ProtoUDP:
		n.Has |= capture.HasPorts | capture.HasUDP
	}
	return n
}

func eventKey(e *testimony.Event) capture.Key {
	return capture.Key{Src: e.Src, Dst: e.Dst, SrcPort: e.SrcPort, DstPort: e.DstPort, Proto: e.Proto}
}

// comm is the text of a TASK_COMM_LEN buffer.
func comm(b [16]byte) string {
	if i := bytes.IndexByte(b[:], 0); i >= 0 {
		return string(b[:i])
	}
	return string(b[:])
}

func (h *heard) close() error { return h.witness.Close() }
