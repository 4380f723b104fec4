// Package ledger finds the packets that the middlebox's log speaks of in the
// captures of both sides: what truth.yaml says was done, and to which packets.
package ledger
