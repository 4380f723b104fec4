// Package stream puts the first bytes of one direction of a flow in order, as
// many as a parser's quota asks for. It tells new bytes from repeats, and keeps
// contradictions as evidence: the same bytes sent twice with different content
// are two speakers.
package stream
