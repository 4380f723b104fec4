//go:build linux

package local

import (
	"errors"
	"io"
	"net"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/live"
	"chokepoint/classify/finding"
)

// TestHealthy: of a GB that arrives, with everything left to the interfaces, there
// is nothing to say.
func TestHealthy(t *testing.T) {
	t.Parallel()
	const size = 1 << 30
	p := pair(t)
	if err := p.Offload(); err != nil {
		t.Fatal(err)
	}
	w := begin(t, p.Here, live.TCX, servers()...)
	w.lossy = true // on a busy machine the capture may not keep up; it says so
	c := connect(t, p.Here, p.There, shop.From, shop.To)
	done := make(chan error, 1)
	go func() { done <- swallow(c.server, size+6) }()
	if _, err := c.client.Write([]byte("may I?")); err != nil {
		t.Fatal(err)
	}
	send(t, c.server, c.client, "go ahead")
	chunk := make([]byte, 1<<20)
	for range size / len(chunk) {
		if _, err := c.client.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(c.client.CloseWrite(), <-done, c.server.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("not the end: %v", err)
	}
	w.end(0)
	w.innocent()
	for _, f := range w.all() {
		if f.Kind == finding.DropLocal || f.Kind == finding.ResetSeen {
			t.Errorf("%s %s: %s", f.Kind, f.Verdict, f.Summary)
		}
	}
	s := w.src.Stats()
	for _, n := range w.notes {
		switch {
		case n.Kind == capture.NoteOwner, n.Kind == capture.NoteRetransmit, n.Kind == capture.NoteUnseen && s.Unseen > 0:
		default:
			t.Errorf("the kernel says %+v", n)
		}
	}
	if got := w.bytes; got+int(s.Unseen)*1448 < size && s.Lost == 0 {
		t.Errorf("%d bytes of payload seen, %d segments not looked at", got, s.Unseen)
	}
	w.answers("ok", "none")
	t.Logf("lost %d, dropped %d, unseen %d of %d packets; %s", s.Lost, s.Dropped, s.Unseen, s.Packets, said(w.all()))
}

// swallow reads so many bytes and the end.
func swallow(c net.Conn, size int64) error {
	n, err := io.Copy(io.Discard, c)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return err
}
