// Package record keeps what a source delivers in pcapng files, while it is being
// delivered: what was seen live can be opened in Wireshark and analysed again.
//
// By default it keeps headers only. Payload is what somebody said, so it is kept
// when it is asked for and not otherwise; of a packet that is not understood only
// the link header is kept. Files are for their owner alone, none is written over,
// and only files of the same run are removed. Each can be read without the others:
// it has all interfaces, and the losses since it was begun.
//
// The capture matters more than its recording: when that fails, a full disk, it
// ends where it was last whole, somebody is told once, and packets go on.
package record
