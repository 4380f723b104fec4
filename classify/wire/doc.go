// Package wire holds what the protocol parsers below it share: the [Status] a
// parser of a growing stream returns, and the test for a host name. Its
// subpackages are pure functions from bytes to structs; they import the
// standard library and golang.org/x/net only, keep no state between calls and
// treat every byte as hostile.
//
// A parser is handed the first bytes of one direction of a flow, again and
// again with more of them, until it says anything but [NeedMore] or its quota
// is reached. Whatever it said other than NeedMore it says for every longer
// stream as well, with the same result.
package wire
