// Package capturetest is a [capture.Source] for tests. [Source] replays packets
// held in memory, in batches of a chosen size, and may end in an error as a torn
// file does. What changes captures is in pcaps/vary.
//
//	packets, ifs, err := capturetest.Load(file)
//	src := &capturetest.Source{Packets: packets, Ifs: ifs, Batch: 1, Err: io.ErrUnexpectedEOF}
//
// A Source keeps to the letter of the contract on memory: what a batch held is
// overwritten when the batch is handed in again, so that a consumer which keeps
// a frame for too long reads [Poison] and fails its test.
package capturetest
