// Package record keeps what a source delivers in pcapng files, while it is being
// delivered: what was seen live can be opened in Wireshark and analysed again.
package record
