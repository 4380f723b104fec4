// Package noise recognises the stream of WhatsApp's own protocol where it is not
// hidden in TLS: the header before the Noise handshake, the routing information
// some clients send before it, and the server's first frame.
//
// Sources: whatsmeow (socket/constants.go, handshake.go) for the header, the
// frames and the handshake messages; nDPI whatsapp.c for the routing
// information; captures of 2015 for the predecessor without Noise, FunXMPP.
package noise
