//go:build linux

package afpacket

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
)

// state is how an interface is.
type state uint8

const (
	stateUp   state = iota
	stateDown       // bound: the kernel goes on when it is up
	stateGone       // not there, or not what we can capture on
)

// How often to look at an interface, ns: one that is up may have gone down, one
// that is not may be there again, and what passes before we look is not captured.
const (
	pauseUp  = int64(100 * time.Millisecond)
	pauseOff = int64(20 * time.Millisecond)
)

// look sees after interfaces that went down or away.
func (s *Source) look(at int64) error {
	for _, t := range s.taps {
		if at < t.again && t.again-at <= pauseUp { // or the clock was set back
			continue
		}
		hurt, err := t.hurt()
		if err != nil {
			return err
		}
		if hurt || t.state != stateUp {
			said := t.look()
			s.place(t)
			if said != t.said || hurt && t.state == stateUp {
				t.said = said
				s.notice(said)
			}
		}
		if t.again = at + pauseUp; t.state != stateUp {
			t.again = at + pauseOff
		}
	}
	return nil
}

// hurt reports whether the interface went down or away since the last time: the
// socket is told. Other troubles it has are errors.
func (t *tap) hurt() (bool, error) {
	code, err := unix.GetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 && code != int(unix.ENETDOWN) {
		err = unix.Errno(code)
	}
	if err != nil {
		return false, fmt.Errorf("interface %s: %w", t.name, err)
	}
	return code != 0, nil
}

// look finds out how the interface is, goes on with one that has come back, and
// returns what there is to say.
func (t *tap) look() string {
	was := t.state
	t.state = stateGone
	d, err := find(t.fd, t.name)
	if err != nil {
		return fmt.Sprintf("interface %s is gone: nothing is captured there until there is one of that name again", t.name)
	}
	anew := !t.boundTo(d.index)
	if anew {
		if said := t.rebind(d); said != "" {
			return said
		}
	}
	if t.state = stateDown; !d.up {
		return fmt.Sprintf("interface %s is down: nothing passes there until it is up again", t.name)
	}
	t.state = stateUp
	switch {
	case anew:
		return fmt.Sprintf("interface %s is there again, another one, and is captured from now on", t.name)
	case was == stateUp:
		return fmt.Sprintf("interface %s was down for a moment", t.name)
	}
	return fmt.Sprintf("interface %s is up again", t.name)
}

// boundTo reports whether the socket gets the frames of a device. When a device
// goes, its sockets forget its index (packet_notifier in net/packet/af_packet.c),
// which another may then have.
func (t *tap) boundTo(index int) bool {
	at, err := unix.Getsockname(t.fd)
	ll, ok := at.(*unix.SockaddrLinklayer)
	return err == nil && ok && ll.Ifindex == index
}

// rebind goes on with another device of the same name, or returns why not. The same
// socket can do that, in its own namespace and without the privilege to make one.
func (t *tap) rebind(d device) (why string) {
	link, err := linkType(t.name, d.kind)
	if err != nil {
		return fmt.Sprintf("there is another %v: it is not captured", err)
	}
	if link != t.link && t.waiting > 0 {
		return t.said // soon: frames of the old one wait, which begin in another way
	}
	if err := t.bind(d); err != nil {
		return fmt.Sprintf("interface %s is there again and cannot be captured: %v", t.name, err)
	}
	t.link = link
	return ""
}

// place gives a tap whose frames begin in another way now an interface of its own,
// or that of its kind that it had before.
func (s *Source) place(t *tap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ifs[t.index].Link == t.link {
		return
	}
	for i, f := range s.ifs {
		if f.Name == t.name && f.Link == t.link {
			t.index = uint16(i)
			return
		}
	}
	t.index = uint16(len(s.ifs))
	s.ifs = append(s.ifs, capture.Interface{Name: t.name, Link: t.link, Snaplen: uint32(t.snap)})
}
