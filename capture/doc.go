// Package capture is the one currency of chokepoint: a decoded [Packet] with
// its flow [Key], the [Batch] that owns its memory, and the [Source] that
// yields batches. It imports the standard library only.
//
// Fields that were not seen on the wire are told apart from zero by
// [Packet.Has]. Times are nanoseconds since the epoch, taken from the capture;
// no package below this one reads the wall clock except the live sources.
package capture
