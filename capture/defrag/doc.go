// Package defrag joins the fragments of IPv4 (RFC 791 section 3.2) and IPv6
// datagrams (RFC 8200 section 4.5), so that what follows sees whole transport
// headers and a message split to hide its name is read all the same.
//
// A [Table] is bounded in bytes and datagrams and runs on packet time. What it
// gives up is counted by cause in [Counts]. It is meant for one goroutine, before
// packets are given to shards: fragments but the first have no ports.
package defrag
