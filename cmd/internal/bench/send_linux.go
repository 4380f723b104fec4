package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// atOnce is how many frames a system call sends.
const atOnce = 32

// sent is what a sender says at its end.
type sent struct {
	Sent uint64
	Took time.Duration
}

// send sends frames on an interface for some time, at a rate.
func send(ifname string, rate int, duration time.Duration) error {
	s, err := newSender(ifname)
	if err != nil {
		return err
	}
	defer unix.Close(s.fd)
	n := uint64(0)
	p := pace{rate, time.Now()}
	for time.Since(p.began) < duration {
		time.Sleep(p.wait(n, time.Now()))
		got, err := s.send()
		n += uint64(got)
		if err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(sent{n, time.Since(p.began)})
}

// message is struct mmsghdr (sendmmsg(2)).
type message struct {
	header unix.Msghdr
	_      uint32 // bytes sent
}

// sender writes frames to an interface as they are.
type sender struct {
	traffic
	fd       int
	frames   [atOnce][]byte
	vectors  [atOnce]unix.Iovec
	messages [atOnce]message
	from     int // the first that is not sent yet
}

func newSender(ifname string) (*sender, error) {
	i, err := net.InterfaceByName(ifname)
	if err != nil {
		return nil, err
	}
	s := &sender{from: atOnce}
	// Protocol 0: it is sent nothing.
	if s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	if err := unix.Bind(s.fd, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
		return nil, fmt.Errorf("packet socket on %s: %w", ifname, err)
	}
	for i := range s.frames {
		s.frames[i] = make([]byte, 0, longest)
		s.vectors[i].Base = unsafe.SliceData(s.frames[i])
		s.messages[i].header.Iov = &s.vectors[i]
		s.messages[i].header.SetIovlen(1)
	}
	return s, nil
}

// send sends some frames and returns how many.
func (s *sender) send() (int, error) {
	if s.from == atOnce {
		for i := range s.frames {
			s.frames[i] = s.next(s.frames[i][:0])
			s.vectors[i].SetLen(len(s.frames[i]))
		}
		s.from = 0
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.messages[s.from])),
			uintptr(atOnce-s.from), 0, 0, 0)
		switch errno {
		case 0:
			s.from += int(n)
			return int(n), nil
		case unix.EINTR: // the scheduler of Go
		default:
			return 0, fmt.Errorf("sendmmsg: %w", errno)
		}
	}
}
