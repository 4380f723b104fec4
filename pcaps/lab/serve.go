package lab

import (
	"context"
	"net/netip"

	"chokepoint/pcaps/lab/peer/call"
	"chokepoint/pcaps/lab/peer/dnspeer"
	"chokepoint/pcaps/lab/peer/quicpeer"
	"chokepoint/pcaps/lab/peer/talk"
)

// Ports that every server of the internet has open. What else is asked for is
// refused by its kernel.
var (
	talkPorts = []uint16{80, 443, 5222}
	callPorts = []uint16{599, 1400, 3478, 19302, 50012}
)

const (
	quicPort = 443
	dnsPort  = 53
)

// anywhere is every address of a host, of both families.
func anywhere(port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.IPv6Unspecified(), port) }

// Serve makes a server of its own out of one address and port; all others behave
// as Sites says.
func (w *World) Serve(at netip.AddrPort, opt talk.ServerOptions) {
	if opt.Congestion == "" {
		opt.Congestion = w.Sites.Congestion
	}
	w.serves = append(w.serves, func(ctx context.Context) error {
		l, err := w.hosts.Server.Listen("tcp", at)
		if err != nil {
			return err
		}
		w.background(func() error { return talk.Serve(ctx, l, opt) })
		return nil
	})
}

// Run has a server of the scenario's own work until its context ends. open is
// called before anything moves, to open sockets, and returns what works on them.
func (w *World) Run(open func(context.Context) (work func() error, err error)) {
	w.serves = append(w.serves, func(ctx context.Context) error {
		work, err := open(ctx)
		if err != nil {
			return err
		}
		w.background(work)
		return nil
	})
}

// background lets a server work until the end; why it ended early is a note.
func (w *World) background(work func() error) {
	w.work.Go(func() { w.Note("server", work()) })
}

// serve opens all servers: before the first packet, so that none is refused.
func (w *World) serve() error {
	for _, port := range talkPorts {
		w.Serve(anywhere(port), w.Sites)
	}
	w.Run(func(ctx context.Context) (func() error, error) {
		pc, err := w.hosts.Server.ListenPacket("udp", anywhere(quicPort))
		return func() error { return quicpeer.Serve(ctx, pc, quicpeer.ServerOptions{}) }, err
	})
	for _, port := range callPorts {
		w.Run(func(ctx context.Context) (func() error, error) {
			pc, err := w.hosts.Server.ListenPacket("udp", anywhere(port))
			return func() error { return call.Server{}.Serve(ctx, pc) }, err
		})
	}
	w.DNS.Zone = w.Zone
	w.Run(func(ctx context.Context) (func() error, error) {
		pc, l, err := dnspeer.Listen(w.hosts.Server, anywhere(dnsPort))
		return func() error { return w.DNS.ServeOn(ctx, pc, l) }, err
	})
	for _, s := range w.serves {
		if err := s(w.ctx); err != nil {
			return err
		}
	}
	return nil
}
