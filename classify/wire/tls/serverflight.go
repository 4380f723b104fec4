package tls

// maxAlerts bounds the alerts kept of one flight; warnings may repeat.
const maxAlerts = 4

// ServerFlight is what a server says in the clear before encryption starts.
// The zero value is ready; a value may be reused for any number of streams and
// reuses its slices.
type ServerFlight struct {
	Hello     ServerHello // the last one, valid with HelloSeen
	HelloSeen bool
	Retried   bool        // a HelloRetryRequest came first
	Cert      Certificate // of TLS 1.2 and older, valid with CertSeen
	CertSeen  bool
	Alerts    []Alert // in plaintext, at most 4
	Records   int     // records begun

	buf  []byte // a message when several records hold it
	want int
}

// Want returns how many more stream bytes are known to be needed after a Parse
// that returned NeedMore; at least 1.
func (f *ServerFlight) Want() int { return f.want }

// Parse reads stream, the first bytes of the server's direction, until the
// certificate, a fatal alert or the start of encryption, and returns how many
// bytes it took. On NeedMore and Malformed the fields hold what was complete
// until then.
func (f *ServerFlight) Parse(stream []byte) (Status, int) {
	*f = ServerFlight{Hello: ServerHello{Extensions: f.Hello.Extensions[:0]}, Alerts: f.Alerts[:0], buf: f.buf}
	w := walker{b: stream}
	for {
		st, end := f.step(&w)
		f.want, f.Records = w.want, w.records
		if st != Done {
			return st, 0
		}
		if end {
			return Done, w.off
		}
	}
}

// step reads the next message or record and reports whether it was the last
// that is in the clear.
func (f *ServerFlight) step(w *walker) (st Status, end bool) {
	if w.left > 0 {
		return f.handshake(w)
	}
	at := *w
	typ, st := w.open()
	if st == Malformed {
		return f.misfit(), false
	}
	if st != Done {
		return st, false
	}
	switch typ {
	case typeHandshake:
		if w.left == 0 {
			return Done, false
		}
		return f.handshake(w)
	case typeAlert:
		return f.alert(w)
	case typeChangeCipher:
		// After a HelloRetryRequest it is for middleboxes only (RFC 8446
		// appendix D.4); otherwise what follows is encrypted.
		if f.HelloSeen && f.Hello.HelloRetryRequest {
			return w.skip(), false
		}
	}
	if !f.HelloSeen {
		return f.misfit(), false
	}
	*w = at
	return Done, true
}

// handshake reads one message out of the open record.
func (f *ServerFlight) handshake(w *walker) (Status, bool) {
	if !f.HelloSeen && w.off < len(w.b) && w.b[w.off] != msgServerHello {
		return f.misfit(), false
	}
	msg, st := w.message(&f.buf)
	if st != Done {
		return st, false
	}
	body := octets(msg[messageHeader:])
	switch msg[0] {
	case msgServerHello:
		f.Retried = f.Retried || f.HelloSeen && f.Hello.HelloRetryRequest
		if f.HelloSeen = f.Hello.parse(body); !f.HelloSeen {
			return Malformed, false
		}
		return Done, f.Hello.TLS13() && !f.Hello.HelloRetryRequest
	case msgCertificate:
		f.CertSeen = f.Cert.parse(body)
		return Done, true
	case msgServerHelloDone:
		return Done, true
	}
	return Done, false
}

// misfit is the status of bytes that do not belong here: at the start they show
// that this is no TLS server, later that it is a broken one.
func (f *ServerFlight) misfit() Status {
	if f.HelloSeen || len(f.Alerts) > 0 {
		return Malformed
	}
	return NotTLS
}

// alert reads the open alert record; a fatal one ends the connection.
func (f *ServerFlight) alert(w *walker) (Status, bool) {
	n := w.left
	if st := w.skip(); st != Done {
		return st, false
	}
	if n != 2 {
		return f.misfit(), false // encrypted in the middle of a stream, or broken
	}
	a := Alert{Level: w.b[w.off-2], Description: w.b[w.off-1]}
	if len(f.Alerts) < maxAlerts {
		f.Alerts = append(f.Alerts, a)
	}
	return Done, a.Fatal()
}
