// Package pcapfile reads capture files as a [capture.Source] and writes
// pcapng for slices and recordings.
//
// Read are pcap (microseconds, nanoseconds and the "modified" variant with its
// longer record header, either byte order) and pcapng (several sections and
// interfaces), as they are or inside gzip or zstd, from a file, a pipe or
// standard input. What a stream is, its first bytes say, never its name.
//
// Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, gzip is RFC 1952,
// zstd is RFC 8878. Every byte is taken for hostile: lengths are checked before
// anything is allocated for them, and buffers grow only by data that arrived.
//
// Damage ends a file where it is met. Nobody guesses where the next record may
// begin, everything before the damage is delivered, and a [*FileError] says
// where and why reading stopped. A file that ends inside a record is damaged
// too ([ErrTruncated]): silence about it would hide loss.
package pcapfile
