// Package im recognises messengers by the first payloads of protocols that are
// their own. Each function judges one payload, or one together with an earlier
// payload of its flow; b is what was captured of it, wireLen its length on the wire.
//
// Byte patterns come from nDPI and the other projects named at each function.
// Where a comment says strong, chance matches one payload of 2^32 or fewer, and no
// flow of another application in 2639 foreign captures was matched; where it says
// weak, an address, a port or a name must speak as well.
package im
