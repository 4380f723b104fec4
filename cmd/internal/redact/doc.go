// Package redact makes what is told about a capture fit to be shown to others.
//
// Ends, names, ports and times are replaced under a key that is never written;
// what cannot be replaced with sense is removed. A replacement is the same each
// time within a run, in records, in sentences, in display filters and in packets.
// What is replaced is decided by field ([fields]): a field that nobody decided
// about is emptied, and a test names it.
//
// What stays is what our own embedded rules know: names and addresses of
// services and of public resolvers. Rules and servers that the user added are
// his, and are replaced.
//
// Somebody with flow logs of the network can still match sizes, gaps and counts
// of packets to a subscriber.
package redact
