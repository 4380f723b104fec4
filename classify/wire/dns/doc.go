// Package dns parses DNS messages out of UDP datagrams and TCP streams into a
// reusable [Message]: the question, the answers, and the marks by which a
// forged answer is told from a real one (flags, SOA owner, OPT, extended
// errors, bytes behind the end).
//
// Sources: RFC 1035 (format, names, TCP framing), RFC 6891 (EDNS), RFC 7873
// (cookies), RFC 7871 (client subnet), RFC 8914 (extended errors), RFC 9460
// (SVCB and HTTPS), RFC 9849 (the public name of Encrypted ClientHello). Numbers of types are those of golang.org/x/net's
// dnsmessage; its parser is the oracle of the tests, not the parser here: it
// refuses names with dots in labels and gives up where a message is cut short,
// and both are what one looks at when answers are forged.
package dns
