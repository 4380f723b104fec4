// Package bulklog keeps the transmission log of one direction of a bulk TCP
// flow: which wire segments went by, which of them were lost before or behind
// the tap, and the clean round trips on both legs (rate-and-calls, section
// 2.1). It concludes nothing; it is what a token-bucket replay works on.
//
// A log is fed packet by packet, holds at most [fact.MaxSegments] segments of
// [fact.MaxEvents] events, and keeps next to nothing while nothing is lost.
package bulklog
