// Package medialog keeps what the media of a call show on their way past the tap:
// by RTP's numbers and timestamps where they can be read, else by the spacing of
// datagrams alone (rate-and-calls, sections 2.9 and 2.10). It concludes nothing.
//
// A log has a fixed size but for the events it keeps once something was lost, which
// come from a buffer that its owner lends.
package medialog
