// Package dnspeer is a resolver and the stubs that ask it, over UDP and TCP on
// kernel sockets (RFC 1035, by miekg/dns). The resolver knows its zone by heart and
// says what a scenario wants it to; the stub keeps every answer that comes.
package dnspeer
