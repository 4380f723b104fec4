//go:build linux

package live

import (
	"slices"
	"testing"
	"time"

	"chokepoint/bpf/owner"
	"chokepoint/bpf/testimony"
	"chokepoint/capture"
)

// hand reads until a note of an owner comes, for as long as a look at the list of
// sockets may take.
func hand(t *testing.T, s *Source) capture.Note {
	t.Helper()
	var b capture.Batch
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(b.Notes, func(n capture.Note) bool { return n.Kind == capture.NoteOwner }); i >= 0 {
			return b.Notes[i]
		}
	}
	t.Fatal("nobody said whose it is")
	return capture.Note{}
}

// nobody reads for a while, in which no owner may be told.
func nobody(t *testing.T, s *Source, looks func() bool) {
	t.Helper()
	var b capture.Batch
	for done := false; !done; {
		done = looks()
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
		for _, n := range b.Notes {
			if n.Kind == capture.NoteOwner {
				t.Fatalf("%+v", n)
			}
		}
	}
}

func (f *fake) looked(n int) func() bool {
	return func() bool {
		f.register.mu.Lock()
		defer f.register.mu.Unlock()
		return f.register.looks >= n
	}
}

func sockets(s ...owner.Socket) *fake {
	f := newFake()
	f.boot.Store(30 * second)
	f.register.sockets = s
	return f
}

// socket is one of 10.0.0.1:1000, connected to 10.0.0.2:443 unless changed.
func socket(pid uint32, change func(*owner.Socket)) owner.Socket {
	k := udpKey(1, 2, 1000, 443)
	s := owner.Socket{
		Local: k.Src, Remote: k.Dst, LocalPort: 1000, RemotePort: 443, Proto: capture.ProtoUDP,
		Netns: 77, PID: pid, Comm: "app", Cgroup: 9,
	}
	if change != nil {
		change(&s)
	}
	return s
}

// outgoing is a packet from 10.0.0.1:1000 to 10.0.0.2:443.
func outgoing(cookie uint64) record {
	r := rec(20*second, udp4(1, 2, 1000, 443, 20))
	r.Cookie, r.Out = cookie, true
	return r
}

func incoming() record { return rec(20*second, udp4(2, 1, 443, 1000, 20)) }

// TestOwnerListed: the list of sockets names the process, by cookie, by addresses
// or by the port of a socket that talks to many.
func TestOwnerListed(t *testing.T) {
	any4 := [16]byte{10: 0xff, 11: 0xff}
	for name, c := range map[string]struct {
		packet  record
		sockets []owner.Socket
	}{
		"cookie":                     {outgoing(5), []owner.Socket{socket(811, func(s *owner.Socket) { s.Cookie, s.Local, s.Remote, s.Netns = 5, any4, any4, 1 })}},
		"cookie beats addresses":     {outgoing(5), []owner.Socket{socket(1, nil), socket(811, func(s *owner.Socket) { s.Cookie = 5 }), socket(1, nil)}},
		"addresses, on the way out":  {outgoing(0), []owner.Socket{socket(811, nil)}},
		"addresses, on the way in":   {incoming(), []owner.Socket{socket(811, nil)}},
		"addresses beat the port":    {incoming(), []owner.Socket{socket(1, func(s *owner.Socket) { s.Remote, s.RemotePort = any4, 0 }), socket(811, nil)}},
		"port":                       {incoming(), []owner.Socket{socket(811, func(s *owner.Socket) { s.Local, s.Remote, s.RemotePort = any4, any4, 0 })}},
		"port, either family":        {incoming(), []owner.Socket{socket(811, func(s *owner.Socket) { s.Local, s.Remote, s.RemotePort = [16]byte{}, [16]byte{}, 0 })}},
		"one process, two of a kind": {incoming(), []owner.Socket{socket(811, nil), socket(811, nil)}},
	} {
		t.Run(name, func(t *testing.T) {
			f := sockets(c.sockets...)
			s := f.open(t, Options{})
			f.program.send(c.packet)
			n := hand(t, s)
			if n.Key != udpKey(1, 2, 1000, 443) || n.Process != (capture.Process{PID: 811, Comm: "app", Cgroup: "/user.slice"}) || n.Time != at(20*second) {
				t.Errorf("%+v", n)
			}
		})
	}
}

// TestOwnerAbsent: absent rather than wrong.
func TestOwnerAbsent(t *testing.T) {
	any4 := [16]byte{10: 0xff, 11: 0xff}
	for name, c := range map[string]struct {
		packet  record
		sockets []owner.Socket
	}{
		"another namespace":         {outgoing(0), []owner.Socket{socket(811, func(s *owner.Socket) { s.Netns = 78 })}},
		"several processes":         {outgoing(0), []owner.Socket{socket(0, nil)}},
		"two sockets":               {outgoing(0), []owner.Socket{socket(811, nil), socket(812, nil)}},
		"another socket's cookie":   {outgoing(5), []owner.Socket{socket(811, func(s *owner.Socket) { s.Cookie = 6 })}},
		"the inner one of a tunnel": {outgoing(5), []owner.Socket{socket(811, func(s *owner.Socket) { s.Cookie, s.LocalPort = 5, 1001 })}},
		"TCP":                       {outgoing(5), []owner.Socket{socket(811, func(s *owner.Socket) { s.Cookie, s.Proto = 5, capture.ProtoTCP })}},
		"another address":           {incoming(), []owner.Socket{socket(811, func(s *owner.Socket) { s.Local[15], s.Remote, s.RemotePort = 3, any4, 0 })}},
		"the other end":             {outgoing(0), []owner.Socket{socket(811, func(s *owner.Socket) { s.Local, s.Remote, s.LocalPort, s.RemotePort = s.Remote, s.Local, 443, 1000 })}},
	} {
		t.Run(name, func(t *testing.T) {
			f := sockets(c.sockets...)
			s := f.open(t, Options{})
			f.program.send(c.packet)
			nobody(t, s, f.looked(1))
		})
	}
}

// TestOwnerConnect: a process that opens a connection is known by the first packet
// of it, whichever is heard of first, and before anybody answers.
func TestOwnerConnect(t *testing.T) {
	began := testimony.Event{Kind: testimony.Connect, Time: 19 * second, Cookie: 5, PID: 811, Cgroup: 9}
	copy(began.Comm[:], "WhatsApp")
	for name, before := range map[string]bool{"event first": true, "packet first": false} {
		t.Run(name, func(t *testing.T) {
			f := sockets()
			s := f.open(t, Options{})
			syn := outgoing(5)
			syn.frame = tcp4(1, 2, 1000, 443, capture.SYN)
			if before {
				f.witness.events = []testimony.Event{began}
				told(t, f, s, 30*second)
				f.program.send(syn)
			} else {
				f.program.send(syn)
				f.witness.events = []testimony.Event{began}
			}
			n := hand(t, s)
			key := udpKey(1, 2, 1000, 443)
			key.Proto = capture.ProtoTCP
			want := capture.Note{
				Kind: capture.NoteOwner, Time: at(20 * second), Key: key, Cookie: 5, Count: 1, Out: true,
				Process: capture.Process{PID: 811, Comm: "WhatsApp", Cgroup: "/user.slice"},
			}
			if n != want {
				t.Errorf("%+v", n)
			}
			ended := event(testimony.Connected, 21*second)
			f.witness.events = []testimony.Event{ended}
			if got := told(t, f, s, 31*second); len(got) != 0 {
				t.Errorf("told again: %+v", got)
			}
		})
	}
}

// TestOwnerConnected: without a packet the ports make the note.
func TestOwnerConnected(t *testing.T) {
	f := sockets()
	s := f.open(t, Options{})
	stranger := event(testimony.Connected, 19*second)
	stranger.Cookie = 6
	f.witness.events = []testimony.Event{
		stranger, {Kind: testimony.Connect, Cookie: 5, PID: 811}, {Kind: testimony.Connect, PID: 812}, event(testimony.Connected, 20*second),
	}
	got := told(t, f, s, 30*second)
	if len(got) != 1 || got[0].Process.PID != 811 || got[0].Key.SrcPort != 1000 || got[0].Time != at(20*second) {
		t.Errorf("%+v", got)
	}
}

// TestOwnerAskedOnce: a flow is looked up when it begins, and the list not more
// than three times for one that nobody has.
func TestOwnerAskedOnce(t *testing.T) {
	f := sockets(socket(811, nil))
	s := f.open(t, Options{})
	f.program.send(outgoing(0))
	hand(t, s)
	for range 100 {
		f.program.send(outgoing(0), incoming())
	}
	var b capture.Batch
	for range 3 {
		if err := s.Read(&b); err != nil || len(b.Notes) != 0 {
			t.Fatalf("%v, %+v", err, b.Notes)
		}
	}
	if f.register.looks != 1 {
		t.Errorf("%d looks", f.register.looks)
	}
}

// TestStrangers: the first packet of a flow is a stranger, and so is what cannot be told
// at a glance; who has been seen is none, for an epoch.
func TestStrangers(t *testing.T) {
	o := newOwners(func(capture.Note) {}, nil)
	packet := func(time int64, link capture.LinkType, frame []byte) capture.Packet {
		return capture.Packet{Time: time, Link: link, Frame: frame, WireLen: uint32(len(frame))}
	}
	known, other := udp4(1, 2, 1000, 443, 20), udp4(1, 2, 1001, 443, 20)
	ps := []capture.Packet{
		packet(epoch0, capture.LinkEthernet, known),
		packet(epoch0, capture.LinkRaw, known[14:]),
		packet(epoch0+1, capture.LinkEthernet, known),
		packet(epoch0, capture.LinkEthernet, other),
	}
	if got := o.strangers(ps); !slices.Equal(got, []int{0, 1, 2, 3}) {
		t.Errorf("%v are strangers before any was seen", got)
	}
	for i := range ps[:3] {
		o.see(&ps[i], 0, inward)
	}
	if len(o.waiting) != 1 || o.waiting[0].key != udpKey(2, 1, 443, 1000) {
		t.Errorf("%+v", o.waiting)
	}
	if got := o.strangers(ps); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("%v are strangers, want what has no link header and the other flow", got)
	}
	ps[0].Time += epoch
	if got := o.strangers(ps[:1]); len(got) != 1 {
		t.Error("nobody asks again after an epoch")
	}
}

func TestRecent(t *testing.T) {
	r := newRecent[int, int](100)
	for i := range 100_000 {
		r.put(i, -i)
		if v, ok := r.get(7); i >= 7 && (!ok || v != -7) {
			t.Fatal("what is used is forgotten, at ", i)
		}
		if v, ok := r.get(i - 40); i >= 40 && (!ok || v != 40-i) {
			t.Fatal("what is young is forgotten, at ", i)
		}
		if n := len(r.young) + len(r.old); n > 200 {
			t.Fatal(n, " are remembered")
		}
	}
	if _, ok := r.get(500); ok {
		t.Error("nothing is forgotten")
	}
}
