// Package talk is hosts that talk over TCP as messengers, browsers and their
// servers do: over sockets of the kernel, in turns. A [Client] opens a [Stream]
// ([TLS], [HTTP], [MTProto] or [Noise]) and plays turns on it; what the server is to
// do stands in the question itself, under the encryption. [Serve] tells by the
// first bytes which stream a client opened, so one listener is every server of a
// port.
package talk
