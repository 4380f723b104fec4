//go:build linux

package replay

import (
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// Watched is the name of the end to watch.
const Watched = "eth0"

const (
	farEnd = "far0"
	// maxMTU lets frames pass that a recording host had merged (GRO).
	maxMTU = 65535
	// sendBuffer is what waits in a socket at most, bytes.
	sendBuffer = 4 << 20
)

// Frame is one to be sent.
type Frame struct {
	At    time.Duration // since the first
	Out   bool          // it leaves the watched end
	Bytes []byte        // with an Ethernet header
}

// Rig is the cable with its two ends. Neither has an address, and frames are for
// others: nobody answers.
type Rig struct {
	Near *netns.NS // where Watched is

	far       *netns.NS
	out, into int // sockets
}

// New makes a rig; name is for error messages.
func New(name string) (r *Rig, err error) {
	r = &Rig{out: -1, into: -1}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.Near, err = netns.New(name + " near"); err != nil {
		return r, err
	}
	if r.far, err = netns.New(name + " far"); err != nil {
		return r, err
	}
	if err = netns.Link(r.Near, Watched, r.far, farEnd); err != nil {
		return r, err
	}
	for _, end := range []struct {
		ns     *netns.NS
		name   string
		socket *int
	}{{r.Near, Watched, &r.out}, {r.far, farEnd, &r.into}} {
		if err = end.ns.SetMTU(end.name, maxMTU); err != nil {
			return r, err
		}
		if err = end.ns.Do(func() (err error) { *end.socket, err = sender(end.name); return err }); err != nil {
			return r, err
		}
	}
	return r, nil
}

// sender opens a socket that sends whole frames on an interface and hears nothing.
func sender(ifname string) (int, error) {
	i, err := net.InterfaceByName(ifname)
	if err != nil {
		return -1, err
	}
	s, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	err = errors.Join(unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer),
		unix.Bind(s, &unix.SockaddrLinklayer{Ifindex: i.Index}))
	if err != nil {
		unix.Close(s)
		return -1, err
	}
	return s, nil
}

// Close removes both ends.
func (r *Rig) Close() error {
	var errs []error
	for _, s := range []int{r.out, r.into} {
		if s >= 0 {
			errs = append(errs, unix.Close(s))
		}
	}
	for _, n := range []*netns.NS{r.Near, r.far} {
		if n != nil {
			errs = append(errs, n.Close())
		}
	}
	return errors.Join(errs...)
}

// Play sends frames, each when its time has come, in their order.
func (r *Rig) Play(frames []Frame) error {
	began := time.Now()
	for i := range frames {
		f := &frames[i]
		if wait := f.At - time.Since(began); wait > 0 {
			time.Sleep(wait)
		}
		s := r.into
		if f.Out {
			s = r.out
		}
		if _, err := unix.Write(s, f.Bytes); err != nil {
			return fmt.Errorf("send frame %d of %d bytes: %w", i+1, len(f.Bytes), err)
		}
	}
	return nil
}
