// Package track keeps the running state of flows: packets become facts here.
//
// A [Flow] is a compact record without pointers, one per entry of the flow
// table. What only some flows need hangs off it on demand, from pools: [work]
// while a TCP conversation is alive (rings of recent packets, the hello, the
// streams still being parsed), names, trouble (resets, FINs, ICMP errors,
// contradictions), DNS exchanges, transmission logs of bulk directions, and of a
// flow of datagrams [speech] until it is known what is spoken, or for as long as
// it is a call. At a
// tick or at its end a flow is written out as a [fact.Flow].
//
// A [Tracker] belongs to one shard and one goroutine; it reads no clock but
// that of the packets.
package track
