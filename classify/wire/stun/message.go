package stun

// Message is a STUN message.
type Message struct{}
