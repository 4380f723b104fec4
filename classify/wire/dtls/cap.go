package dtls

import "unsafe"

// Cap returns the memory held for hellos, bytes.
func (c *Client) Cap() int {
	n := 0
	for i := range c.messages {
		m := &c.messages[i]
		n += cap(m.body) + cap(m.stored) + cap(m.pieces)*int(unsafe.Sizeof(piece{}))
	}
	return n
}
