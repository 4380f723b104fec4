package box

// Hello is what the client of a flow says first, as far as a box can read it.
type Hello struct {
	SNI  string // of TLS over TCP or QUIC
	Host string // of a plaintext HTTP/1.1 request
	Done bool   // the hello is whole, or there will be none
	Last bool   // this packet made it whole

	buf []byte
}

// feed reads on. TODO
func (h *Hello) feed(p *Packet) { h.Last = false }
